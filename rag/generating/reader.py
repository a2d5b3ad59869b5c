"""The local model as Writer and Judge: the same reading serves both.

Nothing here is about the reading itself: the generator keeps what it has read, so asking for the
next thing about the same question costs the tokens that it adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.generating.form import Form, version
from rag.generating.generator import Generator, Piece, Prompt, Read, Stop

MAX_TOKENS = 120  # of an answer's sentence


class LocalReader:
    """Implements `rag.generating.writer.Writer` and `rag.generating.judge.Judge`."""

    def __init__(self, generator: Generator, form: Form, max_tokens: int = MAX_TOKENS) -> None:
        self.generator = generator
        self._form = form
        self._max_tokens = max_tokens

    @property
    def name(self) -> str:
        return self.generator.name

    @property
    def sha256(self) -> str:
        return self.generator.sha256

    @property
    def host(self) -> str:
        return ""

    @property
    def identity(self) -> dict[str, str]:
        """What its probabilities depend on, and its calibration with them."""
        return {
            "generator": self.generator.sha256,
            "adapter": self.generator.adapter,
            "form": version(self._form),
        }

    def fits(self, question: str, hits: Sequence[Hit]) -> int:
        """How many of the hits, best first, leave room for a question and its answer."""
        room = self.generator.context_tokens - 2 * self._max_tokens
        n = len(hits)
        while n and self.generator.prompt_tokens(self._form.stated(question, hits[:n])) > room:
            n -= 1
        return n

    def write(
        self, question: str, hits: Sequence[Hit], stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        prompt = self._form.answer(question, hits)
        for event in self.generator.write(prompt, self._max_tokens, stop):
            if isinstance(event, Piece) and self._form.one_line and "\n" in event.text:
                before = event.text.partition("\n")[0]
                if before:
                    yield Piece(before)
                return
            yield event

    def reply(self, prompt: Prompt, max_tokens: int, stop: Stop | None = None) -> str:
        events = self.generator.write(prompt, max_tokens, stop)
        return "".join(event.text for event in events if isinstance(event, Piece))

    def remember(self, article: Article, passage: Passage, stop: Stop | None = None) -> bool:
        """Read a passage now, as every question will; True if that took any work."""
        return self.generator.remember(self._form.reading(article, passage), stop)

    def close(self) -> None:
        self.generator.close()

    def stated(self, question: str, hits: Sequence[Hit], stop: Stop | None = None) -> float:
        return self.generator.yes(self._form.stated(question, hits), stop)

    def each(
        self, question: str, hits: Sequence[Hit], stop: Stop | None = None
    ) -> tuple[float, ...]:
        return self.generator.yes_each([self._form.stated(question, [hit]) for hit in hits], stop)

    def supported(
        self, sentence: str, hits: Sequence[Hit], question: str, stop: Stop | None = None
    ) -> float:
        line = " ".join(sentence.split())
        return self.generator.yes(self._form.supported(line, hits, question), stop)

    def each_supported(
        self, said: Sequence[tuple[str, Hit]], question: str, stop: Stop | None = None
    ) -> tuple[float, ...]:
        prompts = [
            self._form.supported(" ".join(sentence.split()), [hit], question)
            for sentence, hit in said
        ]
        return self.generator.yes_each(prompts, stop)

    def alone(
        self, sentence: str, hits: Sequence[Hit], stop: Stop | None = None
    ) -> tuple[float, ...]:
        return self.alone_each([(sentence, hit) for hit in hits], stop)

    def alone_each(
        self, said: Sequence[tuple[str, Hit]], stop: Stop | None = None
    ) -> tuple[float, ...]:
        prompts = [self._form.alone(" ".join(sentence.split()), hit) for sentence, hit in said]
        return self.generator.yes_each(prompts, stop)
