"""Pictures of the page: `python -m tests.ui.page_shots --out DIR [--url URL] [QUESTION …]`.

Each question is asked in a conversation of its own and taken in light, dark and on a phone, once
its answer is there. Without --url the tests' own invented articles are served; with it, the page
that runs there (`dateline chat`), by whatever model it has. A question may begin with a name for
its file: `timeline=Make a timeline of the bridge`. `--only light` takes one look.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.ui.conftest import _ARGUMENTS, CHROMIUM, serve
from tests.ui.fake_assistant import FakeBackend

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
OF_EACH_KIND = (
    "fact=What of the toll?",
    "conflict=What did the bridge cost?",
    "yesno=Was it for want of steel?",
    "overview=Tell me about the bridge",
    "article=Summarise the article on the brigde",
    "day=What happened on 12 April?",
    "timeline=Make a timeline of the bridge",
    "list=List what the bridge carries",
    "comparison=Compare the Courier and the Herald on the bridge",
    "library=Which articles do you have?",
    "smalltalk=Hello",
    "other=Should one build bridges?",
    "abstained=Who is the tallest person?",
    "partly=Who partly is the tallest person?",
)


def take(page: Any, url: str, question: str, file: Path, look: str) -> None:
    page.goto(url)
    page.wait_for_selector(".welcome")
    if question:
        page.fill("#question textarea", question)
        page.press("#question textarea", "Enter")
        page.wait_for_selector("#transcript .turn:not(.running)", timeout=300_000)
        page.wait_for_selector("#live article", state="detached")
        page.evaluate("document.activeElement.blur()")
    tall = page.evaluate("document.documentElement.scrollHeight")
    width = LOOKS[look]["viewport"]["width"]
    page.set_viewport_size({"width": width, "height": min(max(tall, 600), 2400)})
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=str(file))
    page.set_viewport_size(LOOKS[look]["viewport"])


@contextmanager
def _served(url: str) -> Iterator[str]:
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, serve(FakeBackend(), Path(folder)) as page:
        yield page.url


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", nargs="*", default=list(OF_EACH_KIND))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--url", default="")
    parser.add_argument("--only", choices=LOOKS, action="append")
    said = parser.parse_args(given)
    said.out.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    with _served(said.url) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGUMENTS)
        for look in said.only or LOOKS:
            context = browser.new_context(**LOOKS[look])
            page = context.new_page()
            for each in ["welcome=", *said.questions]:
                name, split, question = each.partition("=")
                if not split:
                    name, question = re.sub(r"\W+", "-", each.casefold())[:40].strip("-"), each
                take(page, url, question, said.out / f"{name}-{look}.png", look)
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
