"""What the page does, without the framework that shows it: sessions, answers, articles.

ui.page.chat wires these methods to components; all they take and give are texts and numbers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from index.article import Head
from index.errors import DatelineError, UsageError
from index.search import Filter
from rag.answer import Answer
from rag.events import Done, Event
from rag.turns import Events, Waiting
from rag.understanding.kinds import Kind
from ui.filters import make_filter
from ui.page.changes.changes import Changes
from ui.page.conversations import Conversations, Turn
from ui.page.rendering import footnotes, live, pane, panels, render
from ui.page.rendering.chips import filter_chips, left_out, without
from ui.page.rendering.live import Live
from ui.page.rendering.markup import esc
from ui.page.seam import Backend, Choices, Loading
from ui.page.sessions import Sessions
from ui.page.standing import read, standing
from ui.page.suggesting.trying import Suggestions

QUESTION_LIMIT = 2000
HISTORY_TURNS = 6
_FRAME_S = 0.08
_DRAFT_S = 1.0
_AWAY_S = 15.0  # after which nobody is taken to wait for an answer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """What changes on the page; None leaves a part as it is."""

    transcript: str | None = None
    live: str | None = None
    chats: str | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """How a turn is asked again: with which `filter` (None: the one that is chosen now) and what
    else went along; `instead_of` is the turn that makes way, or None."""

    question: str
    filter: Filter | None = None
    instead_of: int | None = None
    kind: Kind | None = None
    article: str | None = None
    skip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Window:
    """What a window shows: a conversation, and the list of those that have the words `find`."""

    chat: str = ""
    find: str = ""


@dataclass(frozen=True, slots=True)
class _Work:
    """An answer under way, and for whom."""

    session: str
    chat: str
    events: Events[Event | Loading]


class Page:
    """One for the program; a session is one open window."""

    def __init__(
        self,
        backend: Backend,
        conversations: Conversations,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.backend = backend
        self.conversations = conversations
        self.away: Callable[[str], float] = lambda session: 0.0  # seconds without listening
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: dict[int, _Work] = {}  # by turn
        self._busy: set[str] = set()  # conversations in which something is under way
        self._windows: Sessions[_Window] = Sessions(_Window)
        self._heads: tuple[int, list[Head]] | None = None
        self.suggestions = Suggestions(backend, conversations)
        self.changes = Changes(backend)

    # ---- showing ----

    def show(self, session: str, chat: str, find: str = "") -> Frame:
        """A conversation, as it is now, in this window."""
        self._windows[session] = _Window(chat, find)
        return self._shown(session, chat)

    def _shown(self, session: str, chat: str) -> Frame:
        mine = {turn for turn, work in self._work_in(chat).items() if work.session == session}
        turns = [t for t in self.conversations.turns(chat) if t.id not in mine]
        if turns or mine:
            shown = render.transcript(self._settled(turns), self.changes.under(turns))
        else:
            heads = self.heads()
            shown = panels.welcome(len(heads), self.suggestions.offered(heads) if heads else ())
        return Frame(shown, None if mine else "", self.chats(chat, self._windows[session].find))

    def chats(self, current: str, find: str = "") -> str:
        return panels.chats(self.conversations.chats(find), current, find)

    def discard(self, chat: str) -> None:
        """The conversation is gone, and what is under way in it ends."""
        for work in self._work_in(chat).values():
            work.events.stop()
        self.conversations.delete(chat)

    def _settled(self, turns: Sequence[Turn]) -> list[Turn]:
        """Turns that say they are running, with nobody at work on them, were cut off."""
        with self._lock:
            running = set(self._under_way)
        return [
            replace(t, state="stopped") if t.state == "running" and t.id not in running else t
            for t in turns
        ]

    def _work_in(self, chat: str) -> dict[int, _Work]:
        with self._lock:
            return {turn: work for turn, work in self._under_way.items() if work.chat == chat}

    # ---- asking ----

    def ask(
        self,
        session: str,
        chat: str,
        question: str,
        chosen: Filter | None,
        choices: Choices,
        instead_of: int | None = None,
    ) -> Iterator[Frame]:
        """Frames until the answer is there. Closing it (the window is gone) stops the work."""
        question = question.strip()
        if not question:
            return
        if len(question) > QUESTION_LIMIT:
            raise UsageError(
                f"The question has {len(question)} characters; ask it in {QUESTION_LIMIT} or fewer."
            )
        if not self.heads():
            raise UsageError("The library is empty: add articles on the Library tab, then ask.")
        with self._lock:
            if chat in self._busy:
                raise UsageError("This conversation is being answered; wait for it, or stop it.")
            self._busy.add(chat)
        try:
            yield from self._answer(session, chat, question, chosen, choices, instead_of)
        finally:
            with self._lock:
                self._busy.discard(chat)

    def again(
        self, chat: str, turn: int, chip: tuple[str, str] = ("", ""), *, further: bool = False
    ) -> Again | None:
        """A turn to ask again, with a chip (its kind and value) less, or to read `further` for it,
        after the passages that were read.

        Only the last turn makes way: an earlier one's question comes at the end, and so does what
        goes on from an answer that stands.
        """
        turns = self.conversations.turns(chat)
        stored = next((t for t in turns if t.id == turn), None)
        if stored is None:
            return None
        answer = stored.answer
        if answer is None:
            return Again(stored.question, instead_of=turn)
        own = answer.get("page") or {}
        adds = further and not answer["abstained"]
        last = stored is turns[-1] and not adds
        return Again(
            stored.question if last else str(answer["query"] or stored.question),
            without(answer["filter"], *chip) if chip[0] else None,
            turn if last else None,
            answer["kind"] if own.get("given") or (further and answer.get("kind")) else None,
            own.get("article"),
            tuple(read(answer)) if further else (),
        )

    def _answer(
        self,
        session: str,
        chat: str,
        question: str,
        chosen: Filter | None,
        choices: Choices,
        instead_of: int | None,
    ) -> Iterator[Frame]:
        turn = self.conversations.ask(chat, question, instead_of=instead_of)
        history = self._history(chat, before=turn)
        self._windows[session] = replace(self._windows[session], chat=chat)
        answer: Answer | None = None
        note = ""
        progress = Live(question, chat)
        try:
            with self.backend.stream(question, history, chosen, choices) as events:
                with self._lock:
                    self._under_way[turn] = _Work(session, chat, events)
                yield replace(self._shown(session, chat), live=live.live(progress))
                asked = self._clock()
                for step in self._progress(events, progress, turn):
                    progress, answer = step
                    if answer is None and min(self.away(session), self._clock() - asked) > _AWAY_S:
                        break  # what is made is kept for a window that doesn't fetch it
                    looking = self._windows[session].chat == chat
                    yield Frame(live=live.live(progress)) if looking else Frame()
        except DatelineError as error:
            note = str(error)
        except Exception as error:
            log.exception("answering %r failed", question)
            note = f"No answer could be made ({type(error).__name__}): see the log, and ask again."
        finally:
            with self._lock:
                self._under_way.pop(turn, None)
            if answer is not None:
                self.conversations.finish(turn, "done", answer=self._kept(answer, choices))
            elif note:
                self.conversations.finish(turn, "failed", draft=progress.draft, note=note)
            else:
                stands = standing(progress)
                kept = self._kept(stands, choices) if stands else None
                self.conversations.finish(turn, "stopped", draft=progress.draft, answer=kept)
        window = self._windows[session]
        if window.chat == chat:
            yield self._shown(session, chat)
        else:
            yield Frame(chats=self.chats(window.chat, window.find))

    def _progress(
        self, events: Events[Event | Loading], p: Live, turn: int
    ) -> Iterator[tuple[Live, Answer | None]]:
        """The progress after each event that is worth showing, at most a dozen a second."""
        began: float | None = None
        shown = saved = self._clock()
        for event in events:
            now = self._clock()
            if isinstance(event, Done):
                yield p, event.answer
                continue
            before, (p, stage) = p, live.told(p, event)
            if p.loading != before.loading:
                began, shown = None, 0.0
            if began is None and not p.place:
                began = now
            if began is not None:
                if stage > p.stage:
                    times = p.times + (now - began,) + (0.0,) * (stage - p.stage - 1)
                    p, began = replace(p, stage=stage, times=times, place=0), now
                    shown = 0.0
                p = replace(p, elapsed=now - began)
            if now - saved > _DRAFT_S and p.draft:
                self.conversations.write_draft(turn, p.draft)
                saved = now
            if isinstance(event, Waiting) or now - shown > _FRAME_S:
                shown = now
                yield p, None

    def _kept(self, answer: Answer, choices: Choices) -> dict[str, Any]:
        """The JSON form, with how many articles its limit by date left out for having none, and,
        of the page's own, what it was asked with."""
        kept = answer.to_dict()
        if answer.filter.since or answer.filter.until:
            kept["filter"]["undated"] = self.backend.undated(answer.filter)
        kept["page"] = {
            "given": choices.kind is not None,
            "article": choices.article,
            "skip": list(choices.skip),
        }
        return kept

    def _history(self, chat: str, before: int) -> list[tuple[str, str]]:
        return [
            (t.question, footnotes.said(t.answer))
            for t in self.conversations.turns(chat)
            if t.id < before and t.answer is not None
        ][-HISTORY_TURNS:]

    def stop(self, session: str, chat: str) -> None:
        """Ends what this window asked in this conversation."""
        for work in self._work_in(chat).values():
            if work.session == session:
                work.events.stop()

    # ---- answers to keep ----

    def vote(self, turn: int, vote: int, remark: str, expected: str) -> None:
        self.conversations.feedback(turn, vote, remark, expected)

    def copied(self, turn: int) -> str:
        stored = self.conversations.turn(turn)
        return footnotes.footnoted(stored.answer) if stored and stored.answer else ""

    def exported(self, chat: str) -> str:
        return footnotes.markdown(
            self.conversations.title(chat), self._settled(self.conversations.turns(chat))
        )

    # ---- articles ----

    def heads(self) -> list[Head]:
        """The library's articles without their texts, newest first."""
        generation = self.backend.generation()
        if self._heads is None or self._heads[0] != generation:
            self._heads = (generation, list(self.backend.heads()))
        return self._heads[1]

    def chosen(self, since: str, until: str, outlets: Sequence[str]) -> str:
        """What is chosen to limit the next question to, as chips, and what is wrong with it."""
        value = {"since": since, "until": until, "sources": outlets}
        inside = filter_chips(value, "unchip")
        if not inside:
            return ""
        try:
            wanted = make_filter(since, until, outlets)
        except UsageError as error:
            inside += f'<span class="wrong">{esc(error)}</span>'
        else:
            if wanted and (since or until) and (undated := self.backend.undated(wanted)):
                inside += f"<span>{left_out(undated)}</span>"
        return f'<p class="chips"><span>Only articles</span> {inside}</p>'

    def outlets(self) -> list[str]:
        return sorted({a.source for a in self.heads() if a.source}, key=str.casefold)

    def article(self, article_id: str, spans: str, turn: int | None, n: int | None) -> str:
        """The article pane; `turn` is where the spans were cited. See `ui.page.rendering.pane`."""
        stored = self.conversations.turn(turn) if turn else None
        answer = stored.answer if stored else None
        found, earlier = self.backend.article(article_id), self.backend.versions(article_id)
        return pane.opened(found, article_id, spans, answer, n, earlier)
