"""The page says beside its name whether all stays on this computer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ui.fake_assistant import FakeBackend
from ui import wording
from ui.page.chat import build
from ui.page.collection import Collection
from ui.page.conversations import Conversations
from ui.page.page import Page
from ui.page.serving.staging import Staging


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("", "Your articles, on this computer"),
        ("localhost:8080", "Your articles, on this computer"),
        ("api.example.org", "Written at api.example.org: questions and passages leave"),
        ("<b>.example", "Written at &lt;b&gt;.example: questions"),
    ],
)
def test_what_stands_beside_its_name(tmp_path: Path, host: str, said: str) -> None:
    backend, conversations = FakeBackend(), Conversations(tmp_path / "c.sqlite")
    collection = Collection(backend, Staging(tmp_path / "uploads"))
    blocks = build(Page(backend, conversations), collection, wording.leaving(host))
    shown = json.dumps(blocks.get_config_file(), default=str)
    assert said in shown
    conversations.close()
