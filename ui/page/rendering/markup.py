"""Text into HTML, the only way it gets there.

Everything a page shows that a person, an article, a file name or a model wrote goes through
`esc`; everything that becomes an address goes through `link`.
"""

from __future__ import annotations

import html
import re
from datetime import date
from typing import Any
from urllib.parse import urlsplit

# Control characters say nothing to a reader, and bidirectional overrides can make a title read
# as another; both are dropped from what is shown (never from what is stored).
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def esc(text: object) -> str:
    """Safe between tags and inside a double-quoted attribute."""
    return html.escape(_INVISIBLE.sub("", str(text)), quote=True)


def link(url: str | None, label: str) -> str:
    """An outside link, or nothing: only http and https addresses with a host become one."""
    if not url:
        return ""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return (
        f'<a class="out" href="{esc(url.strip())}" target="_blank"'
        f' rel="noopener noreferrer nofollow">{esc(label)}</a>'
    )


def day(value: date | str | None) -> str:
    """`17 May 2024`; what isn't a date is left out."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return ""
    return f"{value.day} {value:%B %Y}" if value else ""


def button(
    act: str,
    label: str,
    *,
    cls: str = "",
    title: str = "",
    pressed: bool | None = None,
    **data: Any,
) -> str:
    """A button that page.js understands: `data-act` and its data. `label` is already HTML.

    `pressed` is for one that stays down.
    """
    attributes = "".join(f' data-{key}="{esc(value)}"' for key, value in data.items())
    name = f' title="{esc(title)}" aria-label="{esc(title)}"' if title else ""
    if pressed is not None:
        name += f' aria-pressed="{str(pressed).lower()}"'
    return (
        f'<button type="button" class="{esc(cls)}" data-act="{esc(act)}"{attributes}{name}>'
        f"{label}</button>"
    )


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"


def plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
