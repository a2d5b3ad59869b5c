"""What the page does, without the framework that shows it: sessions, answers, articles.

ui.chat wires these methods to components; all they take and give are texts and numbers.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from index.article import Article
from index.errors import DatelineError, UsageError
from index.search import Filter
from rag.answer import Answer, filter_dict
from rag.events import ClaimChecked, Done, Passages, Searching, Token
from ui import footnotes, live, panels, render
from ui.conversations import Conversations, Turn
from ui.live import Progress
from ui.running import Line, Run, Waiting
from ui.seam import Backend, Choices

QUESTION_LIMIT = 2000
HISTORY_TURNS = 6
_FRAME_S = 0.08
_DRAFT_S = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """What changes on the page; None leaves a part as it is."""

    transcript: str | None = None
    live: str | None = None
    chats: str | None = None


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
        self._clock = clock
        self._line = Line()
        self._lock = threading.Lock()
        self._runs: dict[str, tuple[int, Run]] = {}
        self._showing: dict[str, str] = {}
        self._articles: tuple[int, list[Article]] | None = None

    # ---- showing ----

    def show(self, session: str, chat: str, find: str = "") -> Frame:
        """A conversation, as it is now, in this window."""
        self._showing[session] = chat
        running = self._running(session)
        turns = [t for t in self.conversations.turns(chat) if t.id != running]
        here = running is not None and self._chat_of(running) == chat
        if turns or here:
            shown = render.transcript(self._settled(turns))
        else:
            articles = self.articles()
            shown = panels.welcome(len(articles), panels.suggestions(articles))
        return Frame(shown, None if here else "", self.chats(chat, find))

    def chats(self, current: str, find: str = "") -> str:
        return panels.chats(self.conversations.chats(find), current, find)

    def forget(self, session: str) -> None:
        """A window was closed."""
        self.stop(session)
        self._showing.pop(session, None)

    def _settled(self, turns: Sequence[Turn]) -> list[Turn]:
        """Turns that say they are running, with nobody at work on them, were cut off."""
        with self._lock:
            running = {turn for turn, _ in self._runs.values()}
        return [
            replace(t, state="stopped") if t.state == "running" and t.id not in running else t
            for t in turns
        ]

    def _running(self, session: str) -> int | None:
        with self._lock:
            run = self._runs.get(session)
        return run[0] if run else None

    def _chat_of(self, turn: int) -> str | None:
        found = self.conversations.turn(turn)
        return found.chat if found else None

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
        turn = self.conversations.ask(chat, question, instead_of=instead_of)
        history = self._history(chat, before=turn)
        self._showing[session] = chat
        answer: Answer | None = None
        note = ""
        progress = Progress(question)
        run = Run(
            self._line, lambda stop: self.backend.stream(question, history, chosen, choices, stop)
        )
        with self._lock:
            self._runs[session] = (turn, run)
        try:
            with run:
                yield replace(self.show(session, chat), live=live.live(progress))
                for step in self._progress(run, progress, turn):
                    progress, answer = step
                    if self._showing.get(session) == chat:
                        yield Frame(live=live.live(progress))
                    else:
                        yield Frame()
        except DatelineError as error:
            note = str(error)
        except Exception as error:
            log.exception("answering %r failed", question)
            note = f"No answer could be made ({type(error).__name__}): see the log, and ask again."
        finally:
            with self._lock:
                self._runs.pop(session, None)
            if answer is not None:
                self.conversations.finish(turn, "done", answer=answer.to_dict())
            elif note:
                self.conversations.finish(turn, "failed", draft=progress.draft, note=note)
            else:
                self.conversations.finish(turn, "stopped", draft=progress.draft)
        if self._showing.get(session) == chat:
            yield self.show(session, chat)
        else:
            yield Frame(chats=self.chats(self._showing.get(session, "")))

    def _progress(
        self, run: Run, p: Progress, turn: int
    ) -> Iterator[tuple[Progress, Answer | None]]:
        """The progress after each event that is worth showing, at most a dozen a second."""
        began: float | None = None
        shown = saved = self._clock()
        for event in run:
            now = self._clock()
            stage = p.stage
            match event:
                case Waiting(place=place) if place:
                    p = replace(p, place=place)
                case Waiting():
                    p = replace(p, place=0)
                case Searching(query=query, filter=applied, reading=reading):
                    p = replace(p, query=query, filter=filter_dict(applied, reading))
                case Passages(context_ids=ids):
                    p, stage = replace(p, passages=len(ids)), 1
                case Token(text=text):
                    p, stage = replace(p, draft=p.draft + text), 2
                case ClaimChecked(claim=claim):
                    p, stage = replace(p, claims=(*p.claims, claim)), 3
                case Done(answer=answer):
                    yield p, answer
                    continue
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

    def _history(self, chat: str, before: int) -> list[tuple[str, str]]:
        return [
            (t.question, str(t.answer["text"]))
            for t in self.conversations.turns(chat)
            if t.id < before and t.answer is not None
        ][-HISTORY_TURNS:]

    def stop(self, session: str) -> None:
        with self._lock:
            run = self._runs.get(session)
        if run:
            run[1].stop()

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

    def articles(self) -> list[Article]:
        generation = self.backend.generation()
        if self._articles is None or self._articles[0] != generation:
            self._articles = (generation, list(self.backend.articles()))
        return self._articles[1]

    def outlets(self) -> list[str]:
        return sorted({a.source for a in self.articles() if a.source}, key=str.casefold)

    def article(self, article_id: str, spans: str, turn: int | None, n: int | None) -> str:
        """The article pane. `spans` is `start-end start-end…`; `turn` is where it was cited."""
        found = self.backend.article(article_id)
        wanted = [(int(a), int(b)) for a, b in re.findall(r"(\d{1,9})-(\d{1,9})", spans)]
        stored = self.conversations.turn(turn) if turn else None
        kept = kept_quotes(stored.answer, article_id) if stored and stored.answer else {}
        quotes = [kept[span] for span in wanted if span in kept]
        if found is None:
            return panels.gone(_kept_source(stored, article_id), quotes)
        sound = [s for s in wanted if s not in kept or found.text[slice(*s)] == kept[s]]
        if len(sound) < len(wanted):
            moved = [(found.text.find(q), q) for q in quotes]
            if any(at < 0 for at, _ in moved):
                return panels.gone(_kept_source(stored, article_id), quotes)
            sound = [(at, at + len(q)) for at, q in moved]
        return panels.article(found, sound, n)


def kept_quotes(answer: Mapping[str, Any], article_id: str) -> dict[tuple[int, int], str]:
    """The words of an article that are kept with an answer, by their place."""
    cited = [c for claim in answer["claims"] for c in claim["citations"]]
    sides = [s for conflict in answer["conflicts"] for s in conflict["sides"]]
    kept = {
        (h["start"], h["end"]): h["text"]
        for h in answer.get("hits", ())
        if h["article_id"] == article_id
    }
    kept |= {
        (c["start"], c["end"]): c["quote"] for c in cited + sides if c["article_id"] == article_id
    }
    return kept


def _kept_source(turn: Turn | None, article_id: str) -> Mapping[str, Any] | None:
    if turn is None or turn.answer is None:
        return None
    known = list(turn.answer["sources"]) + list(turn.answer.get("hits", ()))
    return next((s for s in known if s["article_id"] == article_id), None)


def make_filter(since: str, until: str, sources: Sequence[str]) -> Filter | None:
    """None when nothing is chosen."""
    if not (since or until or sources):
        return None
    return Filter(_date("from", since), _date("until", until), frozenset(sources))


def without(value: Mapping[str, Any], kind: str, which: str) -> Filter:
    """A filter's JSON form less one of its chips, to ask again with exactly what is left."""

    def day(which: str) -> date | None:
        return date.fromisoformat(value[which]) if value.get(which) and which != kind else None

    return Filter(
        since=day("since"),
        until=day("until"),
        sources=frozenset(
            s for s in value.get("sources") or () if not (kind == "source" and s == which)
        ),
    )


def _date(word: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise UsageError(f"The date {text!r} ({word}) isn’t a date like 2024-05-17.") from None
