"""An Assistant whose answers are written on a server and judged here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.article import Article
from index.library import Library
from rag import Assistant, opening
from rag.checking.verdict import calibration
from rag.errors import ModelError, WriterUnavailable
from rag.generating.form import TrainedForm
from rag.generating.reader import LocalReader
from rag.generating.remote.server import Patience
from rag.generating.remote.writer import RemoteWriter
from rag.service import Service
from tests.fakes import FakeEncoder, FakeGenerator, fake_reader
from tests.rag.generating.remote.openai_server import fails, says, serving

BRIDGE = Article(
    "bridge",
    "A bridge for Sampleton",
    "The new bridge in Sampleton opened on 3 May. It is 812 metres long and carries trams.",
)
ASKED = "How long is the new bridge in Sampleton?"
TWO = ("The new bridge in Sampleton is **812 metres** long [1]. ", "Its ferry sank in 1911.")
JUDGED = {"812 metres": 0.99, "ferry": 0.001, "How long": 0.99}
USAGE = {"prompt_tokens": 210, "completion_tokens": 23, "prompt_tokens_details": None}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library.open(tmp_path / "library", FakeEncoder(), create=True)
    library.put(BRIDGE)
    yield library
    library.close()


def assistant(library: Library, url: str, reader: LocalReader | None = None) -> Assistant:
    writer = RemoteWriter.open(url, "big", patience=Patience(waits=()))
    return Assistant(library, writer, reader or fake_reader(judged=JUDGED), FakeEncoder())


def test_every_sentence_is_judged_here(library: Library) -> None:
    with serving(says(*TWO, usage=USAGE)) as server:
        made = assistant(library, server.url)
        answer = made.ask(ASKED)
        made.writer.close()
    assert [claim.verdict for claim in answer.claims] == ["stated", "withheld"]
    assert answer.text == "The new bridge in Sampleton is 812 metres long. [1]"
    assert "812 metres long" in answer.citations[0].quote
    assert answer.model["generator"] == "big"
    assert answer.model["host"] == server.host
    assert answer.model["judge"] == "0" * 64
    assert (answer.tokens.prompt, answer.tokens.generated) == (210, 23)


def test_the_verdicts_mean_what_they_mean_with_the_local_writer(library: Library) -> None:
    reader = fake_reader(judged=JUDGED)
    local = Assistant(library, reader, reader, FakeEncoder())
    with serving() as server:
        made = assistant(library, server.url, reader)
        assert made.produced_by()["calibrated"] == local.produced_by()["calibrated"]
        assert calibration(made.judge).fits == calibration(local.judge).fits
        made.writer.close()


def test_what_is_not_stated_is_never_sent_to_be_written(library: Library) -> None:
    """The Judge decides before the server is asked."""
    with serving() as server:
        made = assistant(library, server.url, fake_reader(judged={"Who sang": 0.001}))
        assert made.ask("Who sang at the opera?").abstained
        made.writer.close()
        assert server.chats == []


def test_the_agreed_word_abstains(library: Library) -> None:
    with serving(says("NOT STATED")) as server:
        made = assistant(library, server.url)
        answer = made.ask(ASKED)
        made.writer.close()
    assert answer.abstained
    assert answer.claims == ()


def test_a_server_that_is_down_is_an_error_and_no_abstention(library: Library) -> None:
    with serving(fails(500)) as server:
        made = assistant(library, server.url)
        with pytest.raises(WriterUnavailable, match="let the local model write"):
            made.ask(ASKED)
        made.writer.close()


def test_closing_closes_both(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "own", FakeEncoder(), create=True)
    reader = fake_reader()
    with serving() as server:
        assistant(library, server.url, reader).close()
    assert isinstance(reader.generator, FakeGenerator)
    assert reader.generator.closed


def opened(*names: str) -> Callable[[str], LocalReader]:
    def open_one(name: str) -> LocalReader:
        if name not in names:
            raise ModelError(f"The model '{name}' is damaged.")
        return LocalReader(FakeGenerator(name=name, judged=JUDGED), TrainedForm())

    return open_one


def test_another_model_judges_and_the_same_server_writes(library: Library) -> None:
    models = opened("usual", "other")
    with serving(says(*TWO)) as server:
        made = assistant(library, server.url, models("usual"))
        with Service(made, opener=models) as service:
            assert service.model == "usual"
            assert service.ask(ASKED).model["generator"] == "big"
            first = made.judge
            answer = service.ask(ASKED, model="other")
            assert (service.model, service.assistant.judge.name) == ("other", "other")
            assert answer.model["generator"] == "big"
            assert answer.claims[0].verdict == "stated"
            assert isinstance(first, LocalReader)
            assert isinstance(first.generator, FakeGenerator)
            assert first.generator.closed


def test_opening_without_an_address_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    assert opening.open_writer(None) is None
    with pytest.raises(Exception, match="--writer-url"):
        opening.open_writer(None, "big")


def test_opening_is_forbidden_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_NO_REMOTE", "1")
    with pytest.raises(Exception, match="DATELINE_NO_REMOTE is set"):
        Assistant.open("/nowhere", writer_url="https://api.example.org", writer_model="big")
