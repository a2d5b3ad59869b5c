"""What is measured with a writer on a server: its answers, the local Judge's verdicts."""

from __future__ import annotations

from eval.bench import Bench
from index.article import Article
from tests.fakes import FakeEncoder, fake_reader
from tests.rag.generating.remote.openai_server import says, serving

BRIDGE = Article("bridge", "A bridge", "The new bridge in Sampleton opened on 3 May.")


def test_the_server_writes_and_the_local_model_judges() -> None:
    with serving(says("The new bridge in Sampleton opened on **3 May**.")) as server:
        settings = {"writer_url": server.url, "writer_model": "big", "passages": "2"}
        bench = Bench(settings, encoder=FakeEncoder(), reader=fake_reader())
        with bench.library([BRIDGE]) as library:
            answer = bench.over(library).ask("When did the bridge in Sampleton open?")
        named = bench.models()
        bench.writer().close()
    assert answer.raw_text == BRIDGE.text
    assert answer.claims[0].verdict == "stated"
    assert (named["generator"], named["generator_sha256"]) == ("big", "")
    assert named["judge"] == "fake-generator"
    assert bench.settings.passages == 2
    assert len(server.chats) == 1
