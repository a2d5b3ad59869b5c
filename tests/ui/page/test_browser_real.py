"""The page with the real models over the sample articles: added, asked, cited, highlighted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import DatelineError
from tests.ui.conftest import Served, Window, serve

pytestmark = [pytest.mark.browser, pytest.mark.models]

SEEDS = Path(__file__).parents[3] / "seeds"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    from ui.page.local import LocalBackend

    folder = tmp_path_factory.mktemp("real")
    try:
        backend = LocalBackend.open(folder / "library", None)
    except DatelineError as error:
        pytest.skip(f"no models: {error}")
    try:
        with serve(backend, folder) as page:
            yield page
    finally:
        backend.close()


def test_the_samples_are_added_through_the_page_asked_and_cited(
    w: Window, served: Served, tmp_path: Path
) -> None:
    archive = shutil.make_archive(str(tmp_path / "seeds"), "zip", SEEDS / "articles")
    w.page.set_default_timeout(180_000)
    w.tab("Library")
    w.page.set_input_files("#drop input[type=file]", archive)
    w.page.wait_for_function(
        "/added/.test(document.querySelector('#outcome b')?.textContent)"
        " && !document.querySelector('#outcome progress')"
    )
    assert len(served.backend.articles()) >= 10

    question = json.loads((SEEDS / "questions.jsonl").read_text().splitlines()[0])
    w.tab("Chat")
    w.ask(question["question"])
    answer = w.text("#transcript .answer")
    assert any(wanted in answer for wanted in question["any"])
    stored = served.conversations.turns(
        w.page.evaluate("new URL(location).searchParams.get('chat')")
    )[0].answer
    assert stored is not None
    quote = stored["claims"][0]["citations"][0]["quote"]
    w.page.locator("#transcript .answer .cite").first.click()
    w.page.wait_for_selector("#pane mark")
    marked = w.page.evaluate(
        "[...document.querySelectorAll('#pane mark')].map(m => m.textContent).join(' ')"
    )
    assert "".join(quote.split()) in "".join(marked.split())


def test_another_model_answers_and_then_the_first_one_again(w: Window, served: Served) -> None:
    tiny = "smollm2-135m-instruct"
    usual, *others = served.backend.models()
    if tiny not in others:
        pytest.skip(f"needs the model {tiny}: dateline models pull {tiny}")
    if not served.backend.articles():
        list(served.backend.add([str(SEEDS / "articles")], None))
    question = json.loads((SEEDS / "questions.jsonl").read_text().splitlines()[0])
    w.page.set_default_timeout(180_000)
    for model in (tiny, usual):
        w.tab("Settings")
        w.page.get_by_label("Model").click()
        w.page.click(f"[role=option]:has-text('{model}')")
        w.tab("Chat")
        w.page.click("#new")
        w.page.wait_for_selector(".welcome")
        w.ask(question["question"])
        assert model in w.text("#transcript .times")
    assert any(wanted in w.text("#transcript .answer") for wanted in question["any"])
