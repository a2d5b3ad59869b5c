"""What every Writer keeps to: the local model and a server, both with stand-ins behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.generating.generator import Piece, Prompt, Read, Stop, Stopped
from rag.generating.remote.server import Patience
from rag.generating.remote.writer import RemoteWriter
from rag.generating.writer import Writer
from tests.fakes import FakeGenerator, fake_reader
from tests.rag.generating.remote.openai_server import Talk, says, serving

PATIENCE = Patience(waits=())


def answering(talk: Talk) -> None:
    """As the stand-in of the local model does: the sentence that shares most words."""
    asked = talk.request.body["messages"][1]["content"]
    question = asked.partition("<question>\n")[2].partition("\n")[0]
    parts = tuple(re.findall(r"<passage>\n(.*?)\n</passage>", asked, re.DOTALL))
    prompt = Prompt("", parts or (asked,), f"Question: {question}")
    pieces = [e.text for e in FakeGenerator().write(prompt, 100) if isinstance(e, Piece)]
    usage = {"prompt_tokens": 50, "completion_tokens": len(pieces)}
    says(*pieces, usage=usage)(talk)


@pytest.fixture(params=["local", "remote"])
def writer(request: pytest.FixtureRequest) -> Iterator[Writer]:
    if request.param == "local":
        yield fake_reader()
        return
    with serving(answering) as server:
        remote = RemoteWriter.open(server.url, "big", patience=PATIENCE)
        yield remote
        remote.close()


def hit(text: str, rank: int = 1) -> Hit:
    article = Article(f"a{rank}", "Harbour news", text)
    return Hit(Passage(article.id, 0, len(text), text), article, 1.0, rank, 1.0, None, rank, None)


HITS = [
    hit("The new bridge in Sampleton opened on 3 May."),
    hit("Bread cost two crowns at the Specimen market.", 2),
]
ASKED = "When was the bridge in Sampleton opened?"


def test_an_answer_comes_in_pieces_and_is_counted(writer: Writer) -> None:
    events = list(writer.write(ASKED, HITS))
    pieces = [event.text for event in events if isinstance(event, Piece)]
    assert len(pieces) > 1
    assert "".join(pieces).strip() == "The new bridge in Sampleton opened on 3 May."
    [read] = [event for event in events if isinstance(event, Read)]
    assert read.tokens > 0
    assert 0 <= read.reused <= read.tokens


def test_the_same_again(writer: Writer) -> None:
    def text() -> str:
        events = writer.write(ASKED, HITS)
        return "".join(event.text for event in events if isinstance(event, Piece))

    assert text() == text()


def test_it_has_a_name_and_says_where_it_is(writer: Writer) -> None:
    assert writer.name
    assert (writer.host == "") == (writer.sha256 != "")


def test_it_says_how_much_fits(writer: Writer) -> None:
    assert writer.fits(ASKED, HITS) == len(HITS)
    assert writer.fits(ASKED, []) == 0


def test_it_replies_to_other_things(writer: Writer) -> None:
    said = writer.reply(Prompt("You rewrite.", ("It opened on 3 May.\n",), "Rewrite: it?"), 60)
    assert "It opened on 3 May." in said


STOPPED: list[Callable[[Writer, Stop], object]] = [
    lambda writer, stop: list(writer.write(ASKED, HITS, stop)),
    lambda writer, stop: writer.reply(Prompt("s", ("p.",), "a"), 60, stop),
]


@pytest.mark.parametrize("work", STOPPED, ids=["write", "reply"])
def test_a_stop_that_is_set_ends_it(writer: Writer, work: Callable[[Writer, Stop], object]) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        work(writer, stop)


def test_a_stop_that_is_set_while_it_writes_ends_it(writer: Writer) -> None:
    stop = Stop()
    events = writer.write(ASKED, HITS, stop)
    while not isinstance(next(events), Piece):
        pass
    stop.set()
    with pytest.raises(Stopped):
        list(events)
