"""The real backend with stand-in models: what is read ahead, removed, put back, swapped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from index.article import Article
from index.library import Library
from rag import Assistant
from rag.errors import ModelError, ModelMissing
from rag.events import Done
from rag.generating.form import TrainedForm
from rag.generating.generator import Piece, Prompt, Read, Stop, Stopped
from rag.generating.reader import LocalReader
from rag.service import Closed, Loading, Service, Waiting
from tests.fakes import FakeEncoder, FakeGenerator
from tests.ui.conftest import until
from ui.page.collection import Collection
from ui.page.local import LocalBackend
from ui.page.seam import Choices
from ui.page.serving.staging import Staging

NEWS = "The harbour bridge was opened on Saturday by the mayor. It cost 41 million crowns."
ARTICLES = [
    Article("one", "The bridge opens", NEWS, "Courier", date(2025, 4, 12)),
    Article("two", "Bridge opens", NEWS, "Herald", date(2025, 4, 13), copy_of="one"),
    Article("three", "A bridge", NEWS, "Post", date(2025, 4, 14), copy_of="one"),
    Article("ferry", "The ferry", "The solar ferry has run since May.", "Post", date(2025, 2, 1)),
]


class Generator(FakeGenerator):
    """Keeps what it read ahead; `hold` keeps it in the middle of an answer or a passage."""

    def __init__(self, name: str = "usual") -> None:
        super().__init__(name=name)
        self.ahead: list[str] = []
        self.hold = threading.Event()
        self.writing = threading.Event()
        self.hold.set()

    def remember(self, prompt: Prompt, stop: Stop | None = None) -> bool:
        self._wait(stop)
        self.ahead += prompt.parts
        return super().remember(prompt, stop)

    def write(
        self, prompt: Prompt, max_tokens: int, stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        self.writing.set()
        self._wait(stop)
        yield from super().write(prompt, max_tokens, stop)

    def _wait(self, stop: Stop | None) -> None:
        while not self.hold.wait(0.01):
            if stop is not None and stop.is_set():
                raise Stopped


@pytest.fixture
def generator() -> Generator:
    return Generator()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library.open(tmp_path / "library", FakeEncoder(), create=True)
    for article in ARTICLES:
        library.put(article)
    return library


def opened(library: Library, generator: Generator, *others: Generator) -> LocalBackend:
    """The backend by a generator; the others are those that it can be exchanged for."""

    def reader(name: str) -> LocalReader:
        for each in (generator, *others):
            if each.name == name:
                return reading(each)
        raise ModelMissing(f"The model '{name}' isn't here.")

    first = reading(generator)
    assistant = Assistant(library, first, first, FakeEncoder())
    return LocalBackend(Service(assistant, opener=reader))


def reading(generator: Generator) -> LocalReader:
    return LocalReader(generator, TrainedForm())


@pytest.fixture
def other() -> Generator:
    return Generator("other")


@pytest.fixture
def backend(library: Library, generator: Generator, other: Generator) -> Iterator[LocalBackend]:
    backend = opened(library, generator, other)
    yield backend
    generator.hold.set()
    backend.close()


def ask(backend: LocalBackend, question: str, **chosen: Any) -> list[object]:
    with backend.stream(question, (), None, Choices(**chosen)) as events:
        return [event for event in events if not isinstance(event, Waiting)]


def family(library: Library) -> dict[str, str | None]:
    return {a.id: a.copy_of for a in library.articles()}


# ---- reading ahead ----


def test_what_is_there_is_read_ahead_and_copies_are_not(
    backend: LocalBackend, generator: Generator
) -> None:
    until(lambda: len(generator.ahead) == 2)
    assert [NEWS in part for part in generator.ahead] == [True, False]


def test_a_question_goes_before_what_is_read_ahead(library: Library, generator: Generator) -> None:
    generator.hold.clear()
    backend = opened(library, generator)
    try:
        thread = threading.Thread(target=ask, args=(backend, "What did the bridge cost?"))
        thread.start()
        assert generator.writing.wait(20)  # though nothing ever comes of the reading
        assert generator.ahead == []
        generator.hold.set()
        thread.join(20)
        until(lambda: len(generator.ahead) == 2)
    finally:
        generator.hold.set()
        backend.close()


def test_articles_that_come_later_are_read_ahead_too(
    backend: LocalBackend, generator: Generator, tmp_path: Path
) -> None:
    until(lambda: len(generator.ahead) == 2)
    story = tmp_path / "tram.txt"
    story.write_text("The quarry tramway\n\nThe quarry tramway reopened on Monday, after years.")
    assert [o.status for o in backend.add([str(story)], "Post")] == ["added"]
    until(lambda: any("reopened on Monday" in part for part in generator.ahead))


def test_nothing_is_read_ahead_while_articles_are_added(
    library: Library, generator: Generator, tmp_path: Path
) -> None:
    generator.hold.clear()
    backend = opened(library, generator)
    stories = {"tram.txt": "The quarry tramway reopened.", "pier.txt": "The old pier burned down."}
    for name, story in stories.items():
        (tmp_path / name).write_text(f"{story[:-1]}\n\n{story} Nobody had expected it so soon.")
    try:
        adding = backend.add([str(tmp_path / name) for name in stories], None)
        next(adding)
        generator.hold.set()
        assert generator.ahead == []
        assert len(list(adding)) == 1
        until(lambda: all(any(s in part for part in generator.ahead) for s in stories.values()))
    finally:
        generator.hold.set()
        backend.close()


def test_a_question_is_answered_while_articles_are_added(
    backend: LocalBackend, generator: Generator, tmp_path: Path
) -> None:
    for name, story in {"tram": "The quarry tramway reopened.", "pier": "The pier burned."}.items():
        (tmp_path / f"{name}.txt").write_text(f"{story[:-1]}\n\n{story} Nobody had expected it.")
    adding = backend.add([str(tmp_path / f"{name}.txt") for name in ("tram", "pier")], None)
    next(adding)
    assert produced(ask(backend, "What did the bridge cost?")) == "usual"
    assert len(list(adding)) == 1


def test_what_was_added_before_the_window_closed_is_read_ahead(
    backend: LocalBackend, generator: Generator, tmp_path: Path
) -> None:
    until(lambda: len(generator.ahead) == 2)
    for name, story in {"tram": "The quarry tramway reopened.", "pier": "The pier burned."}.items():
        (tmp_path / f"{name}.txt").write_text(f"{story[:-1]}\n\n{story} Nobody had expected it.")
    adding = backend.add([str(tmp_path / f"{name}.txt") for name in ("tram", "pier")], None)
    next(adding)
    adding.close()  # type: ignore[attr-defined]
    there = [a.text for a in backend.articles() if "expected" in a.text]
    assert there
    until(lambda: all(any(text in part for part in generator.ahead) for text in there))


def test_the_end_ends_the_reading_and_the_answer(library: Library, generator: Generator) -> None:
    generator.hold.clear()
    backend = opened(library, generator)
    ended: list[BaseException] = []

    def asking() -> None:
        try:
            ask(backend, "What did the bridge cost?")
        except Closed as closed:
            ended.append(closed)

    thread = threading.Thread(target=asking)
    thread.start()
    assert generator.writing.wait(20)
    backend.close()
    thread.join(20)
    assert len(ended) == 1
    assert generator.closed
    assert not [t for t in threading.enumerate() if t.name == "dateline-warmer"]
    with pytest.raises(Closed):
        ask(backend, "And now?")


# ---- removing and putting back ----


def test_putting_back_an_original_makes_its_copies_copies_again(
    backend: LocalBackend, library: Library
) -> None:
    before = family(library)
    assert before == {"one": None, "two": "one", "three": "one", "ferry": None}
    back = backend.remove(["one"])
    assert family(library) == {"two": None, "three": "two", "ferry": None}
    back()
    assert family(library) == before
    assert library.article("one") == ARTICLES[0]
    assert [p.article_id for p in library.passages("two")] == ["two"]


def test_putting_back_a_copy_keeps_it_one(backend: LocalBackend, library: Library) -> None:
    back = backend.remove(["two"])
    back()
    assert library.article("two") == ARTICLES[1]


def test_a_copy_whose_original_has_gone_meanwhile_stands_for_itself(
    backend: LocalBackend, library: Library
) -> None:
    back = backend.remove(["two"])
    backend.remove(["one", "three"])
    back()
    assert family(library) == {"two": None, "ferry": None}


def test_a_copy_that_has_gone_meanwhile_stays_away(backend: LocalBackend, library: Library) -> None:
    back = backend.remove(["one"])
    backend.remove(["three"])
    back()
    assert family(library) == {"one": None, "two": "one", "ferry": None}


def test_a_family_that_went_together_comes_back_together(
    backend: LocalBackend, library: Library
) -> None:
    before = family(library)
    backend.remove(["three", "two", "one"])()
    assert family(library) == before


# ---- models ----


def produced(events: Sequence[object]) -> str:
    [done] = [e for e in events if isinstance(e, Done)]
    return done.answer.model["generator"]


def test_another_model_takes_the_place_of_the_one_there(
    backend: LocalBackend, generator: Generator, other: Generator
) -> None:
    assert produced(ask(backend, "What did the bridge cost?")) == "usual"
    events = ask(backend, "What did the bridge cost?", model="other")
    assert events[0] == Loading("other")
    assert produced(events) == "other"
    assert (generator.closed, other.closed) == (True, False)
    until(lambda: len(other.ahead) == 2)
    assert not isinstance(ask(backend, "And the ferry?", model="other")[0], Loading)
    assert backend.models()[0] == "usual"


def test_a_model_that_cannot_be_loaded_changes_nothing(
    backend: LocalBackend, generator: Generator, other: Generator
) -> None:
    with pytest.raises(ModelError, match=r"'third' isn't here.*'usual' answers as before"):
        ask(backend, "What did the bridge cost?", model="third")
    assert produced(ask(backend, "What did the bridge cost?")) == "usual"


def test_what_is_chosen_is_for_that_answer_only(backend: LocalBackend) -> None:
    def context(events: Sequence[object]) -> int:
        [done] = [e for e in events if isinstance(e, Done)]
        return len(done.answer.context_ids)

    question = "Is the harbour bridge or the solar ferry used?"
    assert context(ask(backend, question, passages=1)) == 1
    assert context(ask(backend, question)) == 2


# ---- addresses and feeds, through the page's own door ----

PAGE = "<html><head><title>{0}</title></head><body><article><h1>{0}</h1>{1}</article></body></html>"
BODY = "".join(
    f"<p>The quarry tramway, paragraph {i}, reopened on Monday after eleven years, and the "
    "mayor rode in the first car with the people who had asked for it.</p>"
    for i in range(4)
)
FEED = """<rss version="2.0"><channel><title>Post</title><item><title>Tram</title>
<link>{0}/tram</link></item><item><title>Gone</title><link>{0}/gone</link></item></channel></rss>"""


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        here = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
        pages: dict[str, tuple[str, Callable[[], str]]] = {
            "/feed.xml": ("application/rss+xml", lambda: FEED.format(here)),
            "/tram": ("text/html", lambda: PAGE.format("The tramway reopens", BODY)),
        }
        kind, made = pages.get(self.path, ("text/html", lambda: ""))
        body = made().encode()
        self.send_response(200 if self.path in pages else 404)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_a_feed_is_fetched_and_what_is_missing_says_why(
    backend: LocalBackend, tmp_path: Path
) -> None:
    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    try:
        collection = Collection(backend, Staging(tmp_path / "uploads"))
        frames = list(collection.add([], f"http://127.0.0.1:{site.server_port}/feed.xml", ""))
    finally:
        site.shutdown()
        site.server_close()
    assert "1 added, 1 refused." in frames[-1]
    assert "The tramway reopens" in frames[-1]
    assert "404" in frames[-1]
    [added] = [a for a in backend.articles() if "tramway" in a.title]
    assert added.url == f"http://127.0.0.1:{site.server_port}/tram"
