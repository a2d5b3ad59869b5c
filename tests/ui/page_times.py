"""How long a reader waits: `python -m tests.ui.page_times [--questions 5] [--fake]`.

Prints when the page can be typed into, and for some questions of seeds/ the first token and the
whole answer, from Python and in the page. Each question is asked once before, so that its passages
are read either way; which of the two goes first alternates. `--fake` takes the tests' own backend,
which costs no model: what is left is the page itself.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from rag.events import Done, Token
from tests.ui.conftest import _ARGUMENTS, CHROMIUM, serve
from tests.ui.fake_assistant import FakeBackend
from ui.page.seam import Choices

SEEDS = Path(__file__).parents[2] / "seeds"

# When the key was pressed, when the first words stood there, when the answer did.
WATCH = """() => {
  const seen = (name) => { times[name] ??= performance.now(); };
  window.times = {};
  addEventListener("keydown", (event) => event.key === "Enter" && seen("asked"), true);
  new MutationObserver(() => {
    if (document.querySelector("#live .draft")?.textContent.trim()) seen("first");
    const over = !document.querySelector("#live article");
    if (times.first && over && document.querySelector("#transcript .turn.done")) seen("done");
  }).observe(document.querySelector("#talk"), { childList: true, subtree: true });
}"""


def from_python(backend: Any, question: str) -> tuple[float, float]:
    """Seconds to the first token and to the answer."""
    began, first = time.perf_counter(), 0.0
    with closing(backend.stream(question, (), None, Choices())) as events:
        for event in events:
            if isinstance(event, Token):
                first = first or time.perf_counter() - began
            if isinstance(event, Done):
                break
    return first, time.perf_counter() - began


def in_page(page: Any, question: str) -> tuple[float, float]:
    page.evaluate("window.dateline.fresh()")
    page.wait_for_selector(".welcome")
    page.evaluate("window.times = {}")
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    page.wait_for_function("window.times.done", timeout=300_000)
    times = page.evaluate("window.times")
    return tuple((times[k] - times["asked"]) / 1000 for k in ("first", "done"))  # type: ignore[return-value]


def page_ready(browser: Any, url: str) -> float:
    """A new browser profile, nothing kept; until a question can be typed and the page has drawn."""
    with closing(browser.new_context()) as context:
        page = context.new_page()
        began = time.perf_counter()
        page.goto(url)
        page.wait_for_selector(".welcome")
        page.wait_for_selector("#question textarea:not([disabled])")
        return time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=5)
    parser.add_argument("--fake", action="store_true")
    said = parser.parse_args(arguments)
    lines = (SEEDS / "questions.jsonl").read_text().splitlines()
    questions = [json.loads(line)["question"] for line in lines[: said.questions]]
    if said.fake:
        questions = ["How long has the ferry run?"] * said.questions
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        if said.fake:
            backend: Any = FakeBackend()
        else:
            from ui.page.local import LocalBackend

            backend = LocalBackend.open(folder / "library", None)
            print(f"{len(list(backend.add([str(SEEDS / 'articles')], None)))} articles added")
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGUMENTS)
        with serve(backend, folder) as served:
            ready = [page_ready(browser, served.url) for _ in range(5)]
            print("page ready, s: " + " ".join(f"{s:.2f}" for s in ready))
            page = browser.new_page()
            page.goto(served.url)
            page.wait_for_selector(".welcome")
            page.evaluate(WATCH)
            print("first token, whole answer, s:   python         page")
            more: list[float] = []
            for i, question in enumerate(questions):
                from_python(backend, question)
                if i % 2:
                    seen, made = in_page(page, question), from_python(backend, question)
                else:
                    made, seen = from_python(backend, question), in_page(page, question)
                more.append(seen[0] - made[0])
                print(
                    f"{question[:30]:32}{made[0]:5.2f} {made[1]:5.2f}    {seen[0]:5.2f} "
                    f"{seen[1]:5.2f}"
                )
            median = statistics.median(more)
            print(f"first token in the page after Python's own, median: {median:.2f} s")
        browser.close()
        if not said.fake:
            backend.close()


if __name__ == "__main__":
    main()
