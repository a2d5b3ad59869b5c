"""The sample library asked through the API with the real models: the Assistant's own answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag import Assistant
from rag.service import Service
from tests.ui.api.conftest import running
from ui.api.app import create_app

pytestmark = pytest.mark.models
SEEDS = Path(__file__).resolve().parents[3] / "seeds" / "articles"
QUESTIONS = (
    "How large was trade between Russia and China in 2023?",
    "How much gas is Power of Siberia 2 designed to carry in a year?",
    "Who won the Nobel Prize in Literature in 1987?",
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    from index.ingest import add
    from index.library import Library
    from rag.errors import ModelError
    from rag.opening import open_encoder

    path = tmp_path_factory.mktemp("real") / "samples"
    try:
        with Library.open(path, open_encoder(), create=True) as library:
            assert [o for o in add(library, [str(SEEDS)]) if o.status == "refused"] == []
        with Service(Assistant.open(path)) as service:
            yield service
    except ModelError as error:
        pytest.skip(f"needs a model: {error}")


@pytest.fixture(scope="module")
def url(service: Service) -> Iterator[str]:
    with running(create_app(service)) as url:
        yield url


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_the_assistants_own(service: Service, url: str, question: str) -> None:
    openai = pytest.importorskip("openai")
    own = service.assistant.ask(question)
    client = openai.OpenAI(base_url=url + "v1", api_key="whatever", timeout=300)
    asked: dict[str, Any] = {
        "model": "samples",
        "messages": [{"role": "user", "content": question}],
    }
    made = client.chat.completions.create(**asked)
    assert made.choices[0].message.content == own.text
    assert made.dateline["abstained"] == own.abstained
    assert [c["text"] for c in made.dateline["claims"]] == [c.text for c in own.claims]
    # a passage that was kept and moved is read a little differently from one that is read anew
    assert [c["score"] for c in made.dateline["claims"]] == pytest.approx(
        [c.score for c in own.claims], abs=0.03
    )
    for citation in (c for claim in made.dateline["claims"] for c in claim["citations"]):
        article = httpx.get(f"{url}v1/articles/{citation['article_id']}").json()
        assert article["text"][citation["start"] : citation["end"]] == citation["quote"]
    for note in made.choices[0].message.annotations:
        cited = note.url_citation
        said = own.text[cited.start_index : cited.end_index]
        assert said in [c.text for c in own.claims] or own.conflicts
    chunks = client.chat.completions.create(**asked, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert sorted(text.split()) == sorted(own.text.split())  # that sources disagree comes last
    if not own.conflicts:
        assert text == own.text
