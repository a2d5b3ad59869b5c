"""report.html in headless Chromium: it works from disk and asks nothing of anyone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.eval.report.test_report import ATTACK, reported

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

__all__ = ["reported"]


@pytest.fixture
def opened(reported: Path) -> Iterator[tuple[Any, list[str], list[str]]]:
    """(page, addresses asked for, errors and messages of the console)"""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto((reported / "report.html").as_uri())
        page.wait_for_selector("#list button")
        yield page, asked, said
        browser.close()


def test_nothing_is_fetched_and_nothing_is_run(opened: tuple[Any, list[str], list[str]]) -> None:
    page, asked, said = opened
    for button in page.locator("#list button").all():
        button.click()
        for summary in page.locator("#detail summary").all():
            summary.click()
    assert len(asked) == 1
    assert asked[0].startswith("file:")
    assert said == []
    assert page.title() == "Dateline eval"
    assert page.locator("img").count() == 0


def test_a_question_shows_answer_claims_quotes_and_gold(
    opened: tuple[Any, list[str], list[str]],
) -> None:
    page, _, _ = opened
    detail = page.locator("#detail")
    assert ATTACK.split("|")[0] in detail.inner_text()
    assert page.locator("#detail .claim").count() >= 1
    assert "opened on Monday" in page.locator("#detail blockquote").first.inner_text()
    assert "Monday" in page.locator("#detail pre").first.inner_text()


def test_the_filters_narrow_the_list(opened: tuple[Any, list[str], list[str]]) -> None:
    page, _, _ = opened
    every = page.locator("#list button").count()
    page.select_option("#f-suite", "citations")
    only = page.locator("#list button").count()
    assert 0 < only < every
    page.select_option("#f-suite", "")
    page.fill("#f-text", "no such words anywhere")
    assert page.locator("#list button").count() == 0
    assert "No question matches" in page.locator("#detail").inner_text()


def test_a_bar_of_what_went_wrong_opens_its_questions(
    opened: tuple[Any, list[str], list[str]],
) -> None:
    page, _, _ = opened
    bar = page.locator(".wrong button").first
    kind = bar.get_attribute("data-wrong")
    bar.click()
    assert page.locator("#f-wrong").input_value() == kind
    for row in page.locator("#list button .tag.no").all():
        assert row.inner_text() == kind
