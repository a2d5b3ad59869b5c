"""`dateline mcp` as a client starts it, with the real models, over the sample articles."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from mcp import StdioServerParameters

from index.ingest import add
from index.library import Library
from tests.ui.api.mcp_clients import ROOT, connected
from tests.ui.api.test_mcp import said

pytestmark = pytest.mark.models


def test_a_client_asks_the_samples(tmp_path: Path, model_path: Callable[[str], Path]) -> None:
    from rag.opening import open_encoder

    for name in ("all-MiniLM-L6-v2", "qwen2.5-coder-1.5b-instruct"):
        model_path(name)
    with Library.open(tmp_path / "library", open_encoder(), create=True) as library:
        added = [outcome.status for outcome in add(library, [str(ROOT / "seeds" / "articles")])]
        assert "refused" not in added
    to = StdioServerParameters(
        command=sys.executable,
        args=["-m", "ui.cli.app", "--library", str(tmp_path / "library"), "mcp"],
        cwd=ROOT,
        env={**os.environ},
    )

    async def work() -> None:
        async with connected(to) as client:
            asked = {"question": "How many deputy prime ministers travelled with Putin?"}
            answer, text = said(await client.call_tool("ask", asked))
            assert "five" in text.splitlines()[0].lower()
            [first, *_] = answer["claims"]
            cited = first["citations"][0]
            got, _ = said(await client.call_tool("fetch", {"id": cited["article_id"]}))
            assert got["text"][cited["start"] : cited["end"]] == cited["quote"]
            found, _ = said(await client.call_tool("search", {"query": "deputy prime ministers"}))
            assert cited["article_id"] in [each["id"] for each in found["results"]]
            none = {"question": "Who coached Brazil's volleyball team in 2016?"}
            answer, _ = said(await client.call_tool("ask", none))
            assert answer["abstained"]
            print(text)  # for the note: pytest shows it with -s

    anyio.run(work)
