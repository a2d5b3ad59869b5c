"""What is followed, looked at while the page is served. Answers go on meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import closing

from index.errors import DatelineError
from index.following.following import followed
from index.following.refresh import refresh
from index.following.rounds import rounds
from rag.service import Service

log = logging.getLogger(__name__)


class Background:
    """Looks every so many seconds, at folders as they change, until it is closed. What goes wrong
    is logged, and told by `dateline follow --list`."""

    def __init__(self, service: Service, every: float) -> None:
        self._service = service
        self._library = service.assistant.library
        self._every = every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="refresh", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """What is being asked for is still waited for; what came of it is kept."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        for only in rounds(self._library, (), self._every, self._ended.is_set):
            try:
                self._look(only)
            except DatelineError as error:
                log.warning("%s", error)
            except Exception:
                log.exception("looking at what is followed failed")

    def _look(self, only: Sequence[str]) -> None:
        if not followed(self._library):
            return
        outcomes = refresh(self._library, only)
        with self._service.quiet(), closing(outcomes):  # type: ignore[type-var]
            for _ in outcomes:
                if self._ended.is_set():
                    return
