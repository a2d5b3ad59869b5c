"""What is known of an article beside its text: title, source, date, authors, url.

From the page's own fields where it has them, else from the text by rules that would rather find
nothing than something wrong: an answer cites these, and people weigh sources and dates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from index.cleaning import dates, furniture
from index.cleaning.clean import is_body, is_running, normalise, paragraphs

TITLE_CHARS = 300
_HEAD = 15  # paragraphs at the top in which a title, by-line or date may stand

# Mastheads that are recognised when a line, or the end of a title, is nothing but this name.
OUTLETS = (
    "BBC News",
    "BBC",
    "The Guardian",
    "The New York Times",
    "Financial Times",
    "Reuters",
    "Associated Press",
    "AP News",
    "The Washington Post",
    "The Wall Street Journal",
    "Bloomberg",
    "CNN",
    "NPR",
    "Al Jazeera",
    "The Independent",
    "The Times",
    "The Telegraph",
    "The Daily Telegraph",
    "Sky News",
    "CNBC",
    "CBS News",
    "NBC News",
    "ABC News",
    "Fox News",
    "Politico",
    "Axios",
    "The Economist",
    "The Atlantic",
    "USA Today",
    "Los Angeles Times",
    "Forbes",
    "Time",
    "Newsweek",
    "Deutsche Welle",
    "DW",
    "France 24",
    "Euronews",
    "AFP",
    "Agence France-Presse",
    "Xinhua",
    "TASS",
    "RT",
    "South China Morning Post",
    "The Straits Times",
    "The Japan Times",
    "Nikkei Asia",
    "The Hindu",
    "The Times of India",
    "Hindustan Times",
    "The Sydney Morning Herald",
    "The Globe and Mail",
    "CBC News",
    "The Irish Times",
    "RTÉ",
    "Le Monde",
    "Der Spiegel",
    "El País",
    "The Verge",
    "Wired",
    "TechCrunch",
    "Ars Technica",
    "The Conversation",
    "ProPublica",
    "Vox",
    "Business Insider",
    "HuffPost",
    "The Hill",
    "MarketWatch",
)
_OUTLETS = {re.sub(r"^the ", "", name.lower()): name for name in OUTLETS}

_TITLE_END = re.compile(r"\s+[|–—-]\s+([^|–—]{2,40})$")
_WELCOME = re.compile(
    r"welcome (?:back )?to (?:the )?([A-Z][\w.&-]{0,30}(?:\s[A-Z][\w.&-]{0,30}){0,3})['’]s "
    r"(?:rolling |live |politics |business )*(?:coverage|blog|updates)"
)
_WIRE = re.compile(
    r"^[A-Z][\w .,'’/-]{2,60}"
    r"\((Reuters|AP|AFP|Xinhua|UPI|Bloomberg|TASS|dpa|ANSA|PTI|Kyodo)\)\s?[-–—]"
)
_WIRES = {"AP": "Associated Press", "AFP": "Agence France-Presse"}
_RIGHTS = re.compile(
    r"(?:©|\(c\)|copyright)[\s©]*(?:\(c\)\s*)?(?:19|20)\d\d,?\s+(?:by\s+)?(.{2,60}?)(?:\s+(?:company|limited|ltd|inc|llc))?"
    r"(?:\.|,|$|\s+all rights)",
    re.IGNORECASE,
)
_BY = re.compile(r"^(?:by|(?:written|words|story|report(?:ed|ing)?) by):?\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Metadata:
    """All of it optional; `a | b` takes from `b` what `a` doesn't know."""

    title: str | None = None
    source: str | None = None
    published: date | None = None
    authors: tuple[str, ...] = ()
    url: str | None = None

    def __or__(self, other: Metadata) -> Metadata:
        return Metadata(
            self.title or other.title,
            self.source or other.source,
            self.published or other.published,
            self.authors or other.authors,
            self.url or other.url,
        )


def from_fields(fields: Mapping[str, Any]) -> Metadata:
    """Metadata of a record or a front matter, under the names people give these fields."""
    lower = {str(key).lower(): value for key, value in fields.items()}

    def first(*names: str) -> Any:
        return next((lower[name] for name in names if lower.get(name)), None)

    return Metadata(
        title=one_line(first("title", "headline")),
        source=one_line(first("source", "outlet", "publisher", "site", "sitename", "publication")),
        published=dates.parse(
            first("published", "date", "published_at", "datepublished", "pubdate")
        ),
        authors=people(first("authors", "author", "byline", "by")),
        url=web_address(first("url", "link", "source_url", "canonical")),
    )


def from_text(raw: str) -> Metadata:
    """Metadata that a plain text says about itself, in its first lines and its small print."""
    lines = paragraphs(raw)
    start = next(
        (i for i, line in enumerate(lines) if is_running(line) and not furniture.rule(line)), 0
    )
    head = lines[: min(start, _HEAD)]
    place = _title_place(head)
    title = head[place] if place is not None else None
    source = None
    if title and (end := _TITLE_END.search(title)) and (name := outlet(end[1])):
        title, source = title[: end.start()], name
    return Metadata(
        title=one_line(re.sub(r"\s*(?:\.\.\.|…)$", "", title)) if title else None,
        source=source or _source(lines, head),
        published=_published(lines, head, place),
        authors=_authors(head),
    )


def from_name(path: str | PurePath) -> str | None:
    """A title out of a file's name, where people can read it: "putin-in-harbin.txt", not a hash."""
    stem = normalise(PurePath(path).stem)
    words = [word for word in re.split(r"[\s_.+-]+", stem) if word]
    while words and words[0].isdigit():
        words.pop(0)
    readable = [
        w
        for w in words
        if w.isalpha() and (len(w) <= 24) and re.search(r"[aeiouyаеиоу]|[^\x00-\x7f]", w.lower())
    ]
    if sum(map(len, readable)) < 4 or len(readable) < 0.6 * len(words):
        return None
    title = one_line(" ".join(words))
    return title[0].upper() + title[1:] if title else None


def opening(text: str, limit: int = 80) -> str:
    """The first words of a text, for an article that has no title."""
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else line[:limit].rsplit(" ", 1)[0].rstrip(",;:–—- ") + "…"


def outlet(name: str) -> str | None:
    """The known outlet of this name, as it writes itself."""
    return _OUTLETS.get(re.sub(r"^the ", "", name.strip().lower()))


def one_line(value: object) -> str | None:
    """A field as one line of visible text of bounded length, or None where nothing is left."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    text = " ".join(normalise(str(value)[: 4 * TITLE_CHARS]).split())[:TITLE_CHARS].strip()
    return text or None


def people(value: object) -> tuple[str, ...]:
    """Names out of a list, or out of a text that separates them by commas, semicolons or "and"."""
    if isinstance(value, Mapping):
        value = value.get("name")
    if isinstance(value, list | tuple):
        names = [name for item in value[:50] for name in people(item)]
    elif (line := one_line(value)) is not None:
        parts = re.split(r"\s*[;|]\s*|\s*,\s*(?:and\s+)?|\s+(?:and|&)\s+", _BY.sub("", line))
        names = [
            part
            for part in parts
            if part and len(part) <= 80 and "http" not in part and "@" not in part
        ]
    else:
        names = []
    return tuple(dict.fromkeys(names))


def web_address(value: object) -> str | None:
    """The value if it is an http(s) address in visible characters; it will be shown as a link."""
    if isinstance(value, str) and re.fullmatch(
        r"https?://[^\s<>\"'\x00-\x20]{3,2000}", value.strip()
    ):
        return value.strip()
    return None


def _title_place(head: list[str]) -> int | None:
    """Where the title stands: the first line at the top that is long enough and nothing else."""
    for i, line in enumerate(head):
        label = (
            furniture.is_label(line) or furniture.is_soft_label(line) or furniture.is_related(line)
        )
        if furniture.rule(line) or label or dates.date_line(line) or line.startswith("- "):
            continue
        if furniture.is_byline(line) or furniture.is_role(line) or outlet(line):
            continue
        if (
            len(line.split()) >= 3
            and len(line) <= 200
            and (line[-1] not in ".:;,-" or line.endswith("..."))
        ):
            return i
    return None


def _source(lines: list[str], head: list[str]) -> str | None:
    """The outlet, where the text names only one: masthead, greeting, wire's mark, rights."""
    for line in head:
        if name := outlet(line):
            return name
    found: Counter[str] = Counter()
    for line in lines:
        if (welcome := _WELCOME.search(line)) and (name := outlet(welcome[1])):
            found[name] += 1
    if not found:
        for line in lines[: len(head) + 3]:
            if wire := _WIRE.match(line):
                found[_WIRES.get(wire[1], wire[1])] += 1
    if not found:
        for line in lines:
            if (
                len(line) <= 300
                and (rights := _RIGHTS.search(line))
                and (name := outlet(rights[1]))
            ):
                found[name] += 1
    if not found:  # an aggregator's "X - Figure 3" with "Photo" and the outlet under it
        credits = Counter(
            name
            for over, line in pairwise(lines)
            if furniture.is_figure(over)
            and furniture.is_photo_of(line)
            and (name := outlet(line.partition(" ")[2]))
        )
        found.update({name: n for name, n in credits.items() if n >= 2})
    return next(iter(found)) if len(found) == 1 else None


def _published(lines: list[str], head: list[str], title: int | None) -> date | None:
    """The one date that the top of the text gives, unless something speaks against it.

    A site's masthead shows the day the page was opened, which is the day it was saved and not the
    day it was published. So a date above the title counts only where the text is no saved page
    (no furniture in it), and a date that labels itself as published counts before all others.
    """
    top = lines[: len(head) + 3]
    found = [(i, *parsed) for i, line in enumerate(top) if (parsed := dates.date_line(line))]
    if not found:
        i_label = next(
            (
                i
                for i, line in enumerate(top)
                if line.lower().strip(" :") in ("published", "posted")
            ),
            None,
        )
        return (
            None
            if i_label is None or i_label + 1 >= len(lines)
            else dates.parse(lines[i_label + 1])
        )
    latest = date.today() + timedelta(days=1)
    labelled = {day for _, day, label, _ in found if "publi" in label or "posted" in label}
    if len(labelled) == 1 and min(labelled) <= latest:
        return min(labelled)
    if labelled:
        return None
    saved = any(furniture.rule(line) or furniture.is_label(line) for line in lines)
    days = {
        day
        for i, day, label, _ in found
        if label not in ("updated", "last updated", "modified", "last modified")
        and not (saved and (title is None or i < title))
    }
    return min(days) if len(days) == 1 and min(days) <= latest else None


def _authors(head: list[str]) -> tuple[str, ...]:
    for i, line in enumerate(head):
        if furniture.is_byline(line):
            return tuple(name for name in people(line) if furniture.is_name(name))
        if (
            i
            and furniture.is_role(line)
            and furniture.is_name(head[i - 1])
            and not is_body(head[i - 1])
        ):
            return people(head[i - 1])
    return ()
