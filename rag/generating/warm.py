"""Passages read ahead while nobody is asking, so that a first question finds them read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from index.article import Article
from index.splitting.passages import Passage
from rag.generating.generator import Stop, Stopped
from rag.generating.reader import LocalReader

if TYPE_CHECKING:
    from index.library import Library


class Warmer:
    """A thread that reads passages of new articles first, one at a time, and gives way at once.

    `pause()` while a question is being answered: what is being read is dropped in the middle of a
    token and taken up again after `resume()`. A round ends after `budget` passages: reading more
    than the cache holds would push out what was read before. `again()` starts another round.
    """

    def __init__(self, library: Library, reader: LocalReader | None, budget: int = 500) -> None:
        self._library = library
        self._reader = reader
        self._budget = budget
        self._asking = 0
        self._change = threading.Condition()
        self._stop = Stop()
        self._closed = False
        self._wanted = True
        self.read = 0
        self._thread = threading.Thread(target=self._run, name="dateline-warmer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def pause(self) -> None:
        with self._change:
            self._asking += 1
            self._stop.set()

    def resume(self) -> None:
        with self._change:
            self._asking -= 1
            self._change.notify_all()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """`pause()` and `resume()` around other work that the processor is for."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def again(self) -> None:
        """There are other articles now: begin anew, with the newest."""
        with self._change:
            self._wanted = True
            self._change.notify_all()

    def close(self) -> None:
        with self._change:
            self._closed = True
            self._stop.set()
            self._change.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._closed or self._wanted)
                if self._closed:
                    return
                self._wanted = False
            self._round()

    def _round(self) -> None:
        before = self.read
        articles = sorted(
            (article for article in self._library.articles() if article.copy_of is None),
            key=lambda article: (article.published is not None, article.published, article.id),
            reverse=True,
        )
        for article in articles:
            for passage in self._library.passages(article.id):
                while not self._read(article, passage):
                    if self._closed:
                        return
                if self._wanted or self.read - before >= self._budget:
                    return

    def _read(self, article: Article, passage: Passage) -> bool:
        """True when the passage is read, False when a question (or the end) came between."""
        with self._change:
            self._change.wait_for(lambda: self._closed or not self._asking)
            if self._closed:
                return False
            self._stop = Stop()
            stop = self._stop
        try:
            self.read += self._reader.remember(article, passage, stop) if self._reader else 0
        except Stopped:
            return False
        return True
