"""Tries questions while nobody asks, so that only those are offered that the library answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict

from index.article import Head
from rag.answer import Answer
from rag.events import Done
from rag.turns import Closed, QueueFull
from rag.understanding.kinds import KINDS
from ui.page.conversations import Conversations
from ui.page.seam import Backend, Choices
from ui.page.suggesting.proposals import LOOKED_THROUGH, Proposal, candidates, holds, plain

_KEPT = "suggestions"

log = logging.getLogger(__name__)


class Suggestions:
    """What an empty conversation offers: one overview, one fact, one comparison, one day, as far as
    a trial found that they are answered. Kept with the conversations for a generation of the
    library. Thread-safe.

    Trials are asked aside: whoever asks something ends them, and they come again after `pause_s`
    without a question.
    """

    def __init__(
        self, backend: Backend, conversations: Conversations, *, pause_s: float = 8.0
    ) -> None:
        self._backend = backend
        self._conversations = conversations
        self._pause_s = pause_s
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def offered(self, heads: Sequence[Head]) -> list[Proposal]:
        """The tried ones; without any, those that need no trial. `heads`: see `proposals.plain`."""
        return self._known(self._backend.generation()) or plain(heads)

    def start(self) -> None:
        """From now on, tries what isn't tried yet; again when the library has changed."""
        self._thread = threading.Thread(target=self._run, name="dateline-suggests", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it; call it after what answers was closed or stopped."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(10)

    def _run(self) -> None:
        tried = -1
        seen = self._backend.generation()
        while not self._ended.wait(self._pause_s):
            try:
                generation = self._backend.generation()
                quiet, seen = generation == seen, generation
                if not quiet or generation == tried:
                    continue
                if not self._is_kept(generation):
                    found = self._tried(generation)
                    if found is None:
                        continue  # somebody asked, or the library has changed
                    self._keep(generation, found)
                tried = generation
            except Closed:
                return
            except Exception:
                log.exception("trying suggestions failed")
                return

    def _tried(self, generation: int) -> list[Proposal] | None:
        found: list[Proposal] = []
        heads = self._backend.heads()[:LOOKED_THROUGH]
        articles = [a for h in heads if (a := self._backend.article(h.id))]
        for some in candidates(articles):
            for proposal in some:
                answer = self._answer(proposal)
                if answer is None or self._backend.generation() != generation:
                    return None
                if holds(proposal, answer):
                    found.append(proposal)
                    break
        return found

    def _answer(self, proposal: Proposal) -> Answer | None:
        """None where somebody else asked something."""
        if self._ended.is_set():
            return None
        choices = Choices(kind=proposal.kind, article=proposal.article or None, aside=True)
        try:
            with self._backend.stream(proposal.question, (), None, choices) as events:
                for event in events:
                    if isinstance(event, Done):
                        return event.answer
        except QueueFull:
            pass
        return None

    def _is_kept(self, generation: int) -> bool:
        kept = self._conversations.kept(_KEPT)
        return isinstance(kept, dict) and kept.get("generation") == generation

    def _keep(self, generation: int, found: Sequence[Proposal]) -> None:
        these = [asdict(proposal) for proposal in found]
        self._conversations.keep(_KEPT, {"generation": generation, "these": these})

    def _known(self, generation: int) -> list[Proposal]:
        if not self._is_kept(generation):
            return []
        return [
            Proposal(str(p["question"]), p["kind"], str(p["article"]))
            for p in self._conversations.kept(_KEPT)["these"]
            if p["kind"] in KINDS
        ]
