"""Sessions: answers don't mix, stopping stops the work, what was asked is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from index.article import Article
from index.errors import UsageError
from index.search import Filter
from rag.events import Event, Token
from rag.generating.generator import Stop
from rag.turns import Turns
from tests.ui.conftest import until
from tests.ui.fake_assistant import FakeBackend, find
from ui.page.collection import Collection
from ui.page.conversations import Conversations
from ui.page.page import Again, Frame, Page
from ui.page.rendering.chips import without
from ui.page.seam import Choices
from ui.page.serving.staging import Staging

A, B = "a" * 16, "b" * 16


@pytest.fixture
def page() -> Page:
    return Page(FakeBackend(pace=0), Conversations(":memory:"))


def ask(page: Page, question: str, chat: str = A, session: str = "s") -> list[Frame]:
    return list(page.ask(session, chat, question, None, Choices()))


def test_an_answer_ends_in_the_transcript_and_is_stored(page: Page) -> None:
    frames = ask(page, "  What did the bridge cost? ")
    assert frames[0].live is not None
    assert "Searching" in frames[0].live
    assert frames[-1].live == ""
    assert "41 million" in (frames[-1].transcript or "")
    [turn] = page.conversations.turns(A)
    assert (turn.question, turn.state) == ("What did the bridge cost?", "done")


def test_the_conversation_goes_along_without_what_failed(page: Page) -> None:
    ask(page, "What did the bridge cost?")
    ask(page, "Will it fail?")
    ask(page, "And the ferry?")
    backend = page.backend
    assert isinstance(backend, FakeBackend)
    assert [q for q, _ in backend.asked[-1][1]] == ["What did the bridge cost?"]
    states = [(t.state, t.note) for t in page.conversations.turns(A)]
    assert states[1][0] == "failed"
    assert states[1][1].startswith("The library at “varnholm”")


def test_another_conversation_is_no_context(page: Page) -> None:
    ask(page, "What did the bridge cost?")
    ask(page, "And the ferry?", chat=B)
    assert isinstance(page.backend, FakeBackend)
    assert page.backend.asked[-1][1] == ()


def test_an_unforeseen_error_is_one_sentence_and_no_detail(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterator[Event]:
        raise RuntimeError("/secret/path")
        yield

    monkeypatch.setattr(page.backend, "events", broken)
    shown = ask(page, "Anything?")[-1].transcript or ""
    assert "No answer could be made (RuntimeError)" in shown
    assert "secret" not in shown


def test_closing_the_frames_stops_the_work_and_keeps_the_draft(page: Page) -> None:
    assert isinstance(page.backend, FakeBackend)
    page.backend.pace = 0.001
    frames = page.ask("s", A, "A slow one", None, Choices())
    for frame in frames:
        if frame.live and "walked on" in frame.live:
            break
    frames.close()  # type: ignore[attr-defined]
    until(lambda: isinstance(page.backend, FakeBackend) and page.backend.closed == 1)
    [turn] = page.conversations.turns(A)
    assert turn.state == "stopped"
    assert "walked on" in turn.draft


def test_an_answer_for_a_window_that_never_fetches_it_ends(page: Page) -> None:
    """A regression: everything that was made for it was kept, 186 MB for 1,500 messages."""
    assert isinstance(page.backend, FakeBackend)
    page.backend.pace = 0.001
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1
        return now

    page._clock = clock
    page.away = lambda session: float("inf") if session == "gone" else 0.0
    frames = list(page.ask("gone", A, "A slow one", None, Choices()))
    assert len(frames) < 40
    assert [t.state for t in page.conversations.turns(A)] == ["stopped"]
    until(lambda: isinstance(page.backend, FakeBackend) and page.backend.closed == 1)
    page.backend.pace = 0
    assert "41 million" in (ask(page, "What did the bridge cost?", B)[-1].transcript or "")


def test_a_window_that_looks_at_another_conversation_is_not_drawn_over(page: Page) -> None:
    frames = page.ask("s", A, "What did the bridge cost?", None, Choices())
    next(frames)
    assert "Ask your articles" in (page.show("s", B).transcript or "")
    rest = list(frames)
    assert all(frame.transcript is None and frame.live is None for frame in rest)
    assert [t.state for t in page.conversations.turns(A)] == ["done"]


def test_a_conversation_takes_one_question_at_a_time_and_another_goes_on(page: Page) -> None:
    first = page.ask("s", A, "What did the bridge cost?", None, Choices())
    next(first)
    with pytest.raises(UsageError, match="is being answered"):
        ask(page, "Too early", session="other")
    assert "Skarrey" in (ask(page, "And the ferry?", chat=B, session="other")[-1].transcript or "")
    list(first)
    assert "Skarrey" in (ask(page, "And the ferry?")[-1].transcript or "")
    assert [t.question for t in page.conversations.turns(A)] == [
        "What did the bridge cost?",
        "And the ferry?",
    ]


def test_stopping_is_for_ones_own_question_in_that_conversation(page: Page) -> None:
    assert isinstance(page.backend, FakeBackend)
    page.backend.pace = 0.001
    frames = page.ask("s", A, "A slow one", None, Choices())
    next(frames)
    page.stop("another", A)
    page.stop("s", B)
    assert any("walked on" in (next(frames).live or "") for _ in range(200))
    page.stop("s", A)
    list(frames)
    assert [t.state for t in page.conversations.turns(A)] == ["stopped"]


def test_deleting_a_conversation_ends_what_is_under_way(page: Page) -> None:
    assert isinstance(page.backend, FakeBackend)
    page.backend.pace = 0.001
    frames = page.ask("s", A, "A slow one", None, Choices())
    next(frames)
    page.discard(A)
    list(frames)
    until(lambda: isinstance(page.backend, FakeBackend) and page.backend.alive == 0)
    assert page.conversations.chats() == []


def test_an_empty_library_is_no_question_yet() -> None:
    page = Page(FakeBackend(library={}), Conversations(":memory:"))
    with pytest.raises(UsageError, match="add articles on the Library tab"):
        ask(page, "What did the bridge cost?")
    assert page.conversations.chats() == []


def test_the_list_stays_searched_while_an_answer_is_made(page: Page) -> None:
    ask(page, "And the ferry?", chat=B)
    page.show("s", A, "ferry")
    lists = [frame.chats for frame in ask(page, "What did the bridge cost?") if frame.chats]
    assert lists
    assert all("ferry" in shown and "bridge" not in shown for shown in lists)


def test_a_model_that_loads_is_named_until_it_is_there(page: Page) -> None:
    frames = page.ask("s", A, "What did the bridge cost?", None, Choices(model="fake-4b"))
    seen = [frame.live or "" for frame in frames]
    at = [i for i, live in enumerate(seen) if "Loading fake-4b" in live]
    assert at
    assert any("Searching" in live for live in seen[at[-1] + 1 :])


def test_a_turn_that_nobody_works_on_is_shown_as_stopped(page: Page) -> None:
    page.conversations.ask(A, "Before the crash")
    assert "has not been checked" in (page.show("s", A).transcript or "")


@pytest.mark.parametrize("question", ["", "   ", "\n"])
def test_nothing_is_no_question(page: Page, question: str) -> None:
    assert ask(page, question) == []
    assert page.conversations.chats() == []


def test_a_question_without_end_is_refused(page: Page) -> None:
    with pytest.raises(UsageError, match="2001 characters"):
        ask(page, "x" * 2001)


def test_filters_are_shed_chip_by_chip() -> None:
    value = {"since": "2025-01-02", "until": None, "sources": ["A", "B"]}
    assert without(value, "since", "") == Filter(sources=frozenset({"A", "B"}))
    assert without(value, "source", "B") == Filter(date(2025, 1, 2), None, frozenset({"A"}))


def test_a_limit_by_date_says_what_it_leaves_out_and_what_is_wrong_with_it(page: Page) -> None:
    assert isinstance(page.backend, FakeBackend)
    assert "left out" not in page.chosen("2025-01-01", "", [])
    page.backend.library["x"] = Article("x", "Undated", "Nothing of note was said.")
    assert "1 article without a date left out" in page.chosen("2025-01-01", "", [])
    assert "left out" not in page.chosen("", "", ["Island Post"])
    assert "swap them" in page.chosen("2025-02-01", "2025-01-01", [])
    assert page.chosen("", "", []) == ""
    shown = ask(page, "What did the bridge cost in 2025?")[-1].transcript or ""
    assert "1 article without a date left out" in shown


def test_an_abstention_is_no_text_that_is_talked_about_afterwards(page: Page) -> None:
    """A regression: its own words went along as what the library says."""
    ask(page, "Who is the tallest person?")
    ask(page, "And the ferry?")
    assert isinstance(page.backend, FakeBackend)
    assert page.backend.asked[-1][1] == (("Who is the tallest person?", ""),)


def test_when_too_many_wait_a_question_says_so_and_can_be_asked_again(page: Page) -> None:
    assert isinstance(page.backend, FakeBackend)
    page.backend.turns, go = Turns(waiting=0), threading.Event()

    def held(stop: Stop) -> Iterator[Event]:
        go.wait(30)
        yield Token("x")

    holding = page.backend.turns.run(held)
    assert "0 questions wait already" in (ask(page, "And the ferry?")[-1].transcript or "")
    go.set()
    list(holding)
    assert [t.state for t in page.conversations.turns(A)] == ["failed"]


def test_a_chip_off_an_earlier_turn_leaves_what_followed(page: Page) -> None:
    ask(page, "What did the bridge cost in 2025?")
    ask(page, "And when did it open?")
    first, second = page.conversations.turns(A)
    less = page.again(A, first.id, ("since", "2025-01-01"))
    assert less == Again(first.question, Filter(), None)
    assert page.again(A, second.id) == Again(second.question, None, second.id)
    assert page.again(B, second.id) is None
    assert page.again(A, 99) is None
    assert page.again(A, first.id) == Again(first.question)
    third = ask(page, "And where is it?")[-1].transcript or ""
    assert "Understood as" in third
    query = page.conversations.turns(A)[1].answer or {}
    assert page.again(A, second.id) == Again(query["query"])


# ---- kinds ----


def chosen(page: Page, question: str, **rest: Any) -> dict[str, Any]:
    list(page.ask("s", A, question, None, Choices(**rest)))
    answer = page.conversations.turns(A)[-1].answer
    assert answer is not None
    return answer


def test_a_kind_that_was_chosen_and_the_article_beside_stay_with_the_turn(page: Page) -> None:
    chosen(page, "Its points?", kind="article", article="x")
    [turn] = page.conversations.turns(A)
    again = page.again(A, turn.id)
    assert again == Again("Its points?", None, turn.id, "article", "x")
    chosen(page, "Make a timeline")
    assert page.again(A, page.conversations.turns(A)[-1].id) == Again(
        "Make a timeline", None, turn.id + 1
    )  # read from the question again


def test_reading_on_skips_what_was_read_each_time(page: Page) -> None:
    first = chosen(page, "Who partly is the tallest person?")
    [turn] = page.conversations.turns(A)
    further = page.again(A, turn.id, further=True)
    assert further is not None
    assert further.instead_of == turn.id  # an abstention makes way
    assert list(further.skip) == [h["passage_id"] for h in first["hits"][:8]]
    overview = chosen(page, "Tell me about the bridge")
    one = page.again(A, page.conversations.turns(A)[-1].id, further=True)
    assert one is not None
    assert (one.instead_of, one.kind) == (None, "overview")  # it stands; what is new comes after
    assert set(one.skip) == {h["passage_id"] for h in overview["hits"]}
    more = chosen(page, "Tell me about the bridge", kind="overview", skip=one.skip)
    two = page.again(A, page.conversations.turns(A)[-1].id, further=True)
    assert two is not None
    assert set(two.skip) == set(one.skip) | {h["passage_id"] for h in more["hits"]}


def test_what_was_checked_when_it_was_stopped_stands(page: Page) -> None:
    assert isinstance(page.backend, FakeBackend)
    page.backend.pace = 0.001
    frames = page.ask("s", A, "Tell me about the slow bridge", None, Choices())
    for frame in frames:
        if frame.live and frame.live.count('class="claim') == 2:
            page.stop("s", A)
            break
    shown = [*frames][-1].transcript or ""
    [turn] = page.conversations.turns(A)
    assert turn.state == "stopped"
    assert turn.answer is not None
    assert turn.answer["kind"] == "overview"
    assert len(turn.answer["claims"]) >= 2
    assert "what was checked until then stands" in shown
    assert page.conversations.answered(5) == []  # it has no times


# ---- the article pane ----


def test_the_pane_marks_a_quote_where_it_is_now(page: Page) -> None:
    ask(page, "How long has the ferry run?")
    assert isinstance(page.backend, FakeBackend)
    [turn] = page.conversations.turns(A)
    assert turn.answer is not None
    cited = turn.answer["claims"][0]["citations"][0]
    span = f"{cited['start']}-{cited['end']}"
    old = page.backend.library[cited["article_id"]]
    assert f"<mark>{cited['quote']}</mark>" in page.article(old.id, span, turn.id, 1)
    longer = type(old)(old.id, old.title, "New first line.\n\n" + old.text, old.source)
    page.backend.library[old.id] = longer
    moved = find(longer, cited["quote"])
    assert moved[0] != cited["start"]
    assert f"<mark>{cited['quote']}</mark>" in page.article(old.id, span, turn.id, 1)
    page.backend.library[old.id] = type(old)(old.id, old.title, "All is changed.", old.source)
    assert f"<blockquote>{cited['quote']}" in page.article(old.id, span, turn.id, 1)
    del page.backend.library[old.id]
    gone = page.article(old.id, span, turn.id, 1)
    assert "no longer in the library" in gone
    assert old.title in gone


@pytest.mark.parametrize("spans", ["", "x", "-1-5", "5", "99999999999999-1", "3-1", "<1-2>"])
def test_strange_places_in_an_article_do_no_harm(page: Page, spans: str) -> None:
    [first, *_] = page.heads()
    assert first.title in page.article(first.id, spans, None, None)
    assert "no longer" in page.article("nowhere", spans, 99, None)


# ---- adding and removing ----


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    staging = Staging(tmp_path / "uploads")
    staging.prepare()
    return Collection(FakeBackend(pace=0), staging)


def test_only_web_addresses_are_fetched(collection: Collection) -> None:
    said = "file:///etc/passwd /etc/passwd https://inside.example"
    *_, last = collection.add([], said, "")
    assert "3 refused" in last
    assert last.count("not a web address") == 2
    assert len(collection.backend.articles()) == 4


@pytest.mark.parametrize("public", [True, False])
def test_what_others_ask_for_may_not_lie_in_this_network(tmp_path: Path, public: bool) -> None:
    """Decided where the connection is made (`index.reading.network`), not by a look-up before."""
    asked = []

    class Backend(FakeBackend):
        def add(  # type: ignore[override]
            self, targets: list[str], source: str | None, *, public: bool = False
        ) -> Iterator[object]:
            asked.append((targets, public))
            return iter(())

    collection = Collection(Backend(pace=0), Staging(tmp_path), public=public)
    list(collection.add([], "https://news.example/a", ""))
    assert asked == [(["https://news.example/a"], public)]


def test_progress_counts_what_is_done(collection: Collection) -> None:
    uploads = []
    for i in range(3):
        path = collection.staging.incoming / f"{i}.txt"
        path.write_text(f"Title {i}\n\nText")
        uploads.append(path)
    frames = list(collection.add(uploads, "", "Here"))
    assert [frame[frame.index("value=") : frame.index(" aria")] for frame in frames[:-1]] == [
        'value="0" max="3"',
        'value="1" max="3"',
        'value="2" max="3"',
        'value="3" max="3"',
    ]
    assert "3 added." in frames[-1]
    assert {a.source for a in collection.backend.articles()} >= {"Here"}


def test_an_article_is_called_something_else(collection: Collection) -> None:
    [first, *_] = collection.backend.articles()
    assert collection.amend(first.id, "  A new\n name ", "", "2025-01-02") == ""
    new = collection.backend.article(first.id)
    assert new is not None
    assert (new.title, new.source, str(new.published)) == ("A new name", None, "2025-01-02")
    assert new.text == first.text
    assert "can't be empty" in collection.amend(first.id, " ", "", "")
    assert "is no date" in collection.amend(first.id, "x", "", "yesterday")


def test_removing_can_be_undone_last_first_and_only_by_who_did_it(collection: Collection) -> None:
    one, two, *_ = collection.backend.articles()
    collection.remove("s", one.id)
    collection.remove("s", two.id)
    assert collection.backend.article(two.id) is None
    assert "nothing to undo" in collection.undo("another")
    said = collection.undo("s")
    assert f"Put back “{two.title}”." in said
    assert f"Put back “{one.title}” too" in said
    assert collection.backend.article(two.id) == two
    assert collection.backend.article(one.id) is None
    collection.undo("s")
    assert collection.backend.article(one.id) == one
    assert "nothing to undo" in collection.undo("s")
    assert collection.remove("s", "nowhere") == ""
