"""What has changed in the library since a reader looked, and under the answers that were kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index.storing.listing import News
from rag.stale import Stale, rested_on, stale
from ui.page.changes import shown
from ui.page.changes.shown import Aged
from ui.page.conversations import Turn
from ui.page.seam import Backend

_TURNS = 2000  # whose state is kept


@dataclass(frozen=True, slots=True)
class Notice:
    """`html` is empty where nothing is new. `mark` is what the reader's browser keeps: from which
    state of the library on things are new to them; `state` is the one that this was told of."""

    html: str
    mark: str
    state: str


class Changes:
    """Thread-safe. A mark is the id of a library and a generation of it: no clock has a say."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._mine: set[str] = set()
        self._news: tuple[int, int, News] | None = None
        self._aged: OrderedDict[int, tuple[int, list[Aged]]] = OrderedDict()

    # ---- what is new ----

    def mine(self, article_id: str) -> None:
        """An article that was added on this page is no news to who reads it."""
        with self._lock:
            self._mine.add(article_id)

    def notice(self, mark: str) -> Notice:
        """What is new since a mark. One that isn't of this library, or of a later state than it is
        in (it was put back), begins now; and where there is nothing new it moves along."""
        generation = self._backend.generation()
        now = f"{self._backend.library_id}:{generation}"
        since = self._generation(mark)
        if since is None or since > generation:
            return Notice("", now, now)
        news = self._since(since, generation)
        html = shown.notice(news)
        return Notice(html, mark if html else now, now)

    def listed(self, mark: str) -> str:
        since = self._generation(mark)
        generation = self._backend.generation()
        return shown.news(self._since(generation if since is None else since, generation))

    def _generation(self, mark: str) -> int | None:
        library, _, generation = mark.rpartition(":")
        known = library == self._backend.library_id
        digits = generation.isascii() and generation.isdigit() and len(generation) < 19
        return int(generation) if known and digits else None

    def _since(self, since: int, generation: int) -> News:
        with self._lock:
            kept = self._news
        if kept is None or kept[:2] != (since, generation):
            kept = (since, generation, self._backend.news(since))
            with self._lock:
                self._news = kept
        found = kept[2]
        with self._lock:
            added = [head for head in found.added if head.id not in self._mine]
        return News(added, found.changed, found.gone)

    # ---- what articles said before ----

    def difference(self, article_id: str, version: int | None = None) -> str:
        """What has changed in an article since a version of it (the last one, if it isn't said)."""
        article = self._backend.article(article_id)
        versions = self._backend.versions(article_id)
        if article is None or not versions:
            return shown.no_difference(article)
        at = len(versions) - 1 if version is None else version
        return shown.difference(article, versions, min(max(at, 0), len(versions) - 1))

    def under(self, turns: Sequence[Turn]) -> Mapping[int, Sequence[Aged]]:
        """What has changed under the answers of a conversation, by turn."""
        generation = self._backend.generation()
        return {turn.id: aged for turn in turns if (aged := self._under(turn, generation))}

    def _under(self, turn: Turn, generation: int) -> list[Aged]:
        if turn.answer is None:
            return []
        with self._lock:
            kept = self._aged.get(turn.id)
        if kept is None or kept[0] != generation:
            answer = turn.answer
            found = stale(answer, self._backend.article)
            kept = (generation, [self._dated(one, turn) for one in found])
            with self._lock:
                self._aged[turn.id] = kept
                self._aged.move_to_end(turn.id)
                if len(self._aged) > _TURNS:
                    self._aged.popitem(last=False)
        return kept[1]

    def _dated(self, one: Stale, turn: Turn) -> Aged:
        """With the version that it was, and when that was replaced."""
        if one.change in ("removed", "vanished"):
            return Aged(one)
        versions = self._backend.versions(one.article_id)
        at = rested_on(turn.answer or {}, one.article_id, versions)
        if at is None:  # it was edited in a way that kept no version
            return Aged(one, len(versions) - 1 if versions else None)
        return Aged(one, at, versions[at].replaced.date())
