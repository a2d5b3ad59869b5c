"""The library questions of eval/samples over seeds/articles, with the real encoder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from index.ingest import add
from index.library import Library
from rag import Assistant
from tests.fakes import fake_reader

ROOT = Path(__file__).resolve().parents[3]
QUESTIONS = [
    json.loads(line)
    for line in (ROOT / "eval/samples/library.dev.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    from rag.opening import open_encoder

    encoder, reader = open_encoder(), fake_reader()
    library = Library.open(tmp_path_factory.mktemp("seeds") / "library", encoder, create=True)
    list(add(library, [str(ROOT / "seeds" / "articles")]))
    with Assistant(library, reader, reader, encoder) as opened:
        yield opened


@pytest.mark.models
@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: asked["id"])
def test_library_questions_are_answered_from_the_rows(
    assistant: Assistant, asked: dict[str, Any]
) -> None:
    history = [(q, a) for q, a in asked.get("history", ())]
    answer = assistant.ask(asked["question"], history=history, kind="library")
    listed = [int(Path(head.path or "").name[:2]) for head in answer.articles]
    if asked.get("articles"):
        assert set(asked["articles"]) <= set(listed)
    if asked.get("said"):
        assert re.search(asked["said"], answer.text, re.DOTALL)
        if asked.get("articles"):
            assert set(listed) == set(asked["articles"])
    if asked.get("never"):
        assert not re.search(asked["never"], answer.text)
