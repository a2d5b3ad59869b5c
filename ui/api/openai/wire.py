"""An answer as it goes over a wire: sentence by sentence, each when its verdict stands. Pure.

What was sent isn't taken back. What an answer says before its sentences (that sources disagree),
and is known last, follows them in a stream; what is sent whole has `Answer.text`'s own order.
Places are in characters (code points).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.answer import Answer, Citation, Claim, Side
from rag.compose import sentence_text

# What a reader of Markdown would take for a link, a picture, a footnote or HTML. An answer is
# plain text; the words of an article mustn't make a client fetch anything.
_MARKUP = re.compile(r"\](?=[(\[:])|!(?=\[)|<(?=[A-Za-z/!?])")


@dataclass(frozen=True, slots=True)
class Cited:
    """`text[start:end]` of the answer is the sentence (of a conflict: the value) that
    `citation` is for."""

    start: int
    end: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of text, with what it cites, placed in the whole text; `claim` is the one
    sentence that it is, its sources numbered."""

    text: str
    cited: tuple[Cited, ...] = ()
    claim: Claim | None = None


class Transcript:
    """What was sent of one answer. `text` is all deltas, one after another.

    `bullets`: each sentence is an item, on a line of its own.
    """

    def __init__(self, *, bullets: bool = False) -> None:
        self._gap, self._mark = ("\n", "- ") if bullets else (" ", "")
        self.text = ""
        self.cited: list[Cited] = []
        self._pieces: list[str] = []
        self._claims: list[Claim] = []
        self._numbers: dict[str, int] = {}

    def claim(self, claim: Claim) -> Delta | None:
        """A sentence whose verdict stands; None where it isn't to be shown."""
        if not _to_show(claim):
            return None
        claim = self._numbered(claim)
        self._claims.append(claim)
        piece = self._mark + harmless(sentence_text(claim))
        self._pieces.append(piece)
        gap = self._gap if self.text else ""
        label = harmless(f"{claim.label}: ") if claim.label else ""
        start = len(self.text) + len(gap) + len(self._mark) + len(label)
        end = start + len(harmless(claim.text))
        cited = tuple(Cited(start, end, c) for c in claim.citations)
        return self._sent(Delta(gap + piece, cited, claim))

    def done(self, answer: Answer) -> Delta:
        """What of the answer hasn't been sent yet; its text may be empty."""
        full = harmless(answer.text)
        if full.startswith(self.text):
            at = len(self.text)
            rest = full[at:]
        else:
            left = _without(full, self._pieces, self._gap)
            at = len(self.text)
            if left is None:  # it says otherwise now, in one piece
                rest = ("\n\n" if self.text else "") + full
                self._claims = []
            else:
                rest = (self._gap if self.text and left else "") + left
        unsent = _minus([c for c in answer.claims if _to_show(c)], self._claims)
        cited = tuple(
            replace(c, start=c.start + at, end=c.end + at)
            for c in _located(rest, unsent, _sides(answer))
        )
        return self._sent(Delta(rest, cited))

    def _sent(self, delta: Delta) -> Delta:
        self.text += delta.text
        self.cited += delta.cited
        return delta

    def _numbered(self, claim: Claim) -> Claim:
        """Articles get their numbers in order of appearance, as `rag.compose` gives them."""
        return replace(
            claim,
            citations=tuple(
                replace(c, n=self._numbers.setdefault(c.article.id, c.n or len(self._numbers) + 1))
                for c in claim.citations
            ),
        )


def whole(answer: Answer) -> Delta:
    """The answer in one piece: its own text, with what it cites."""
    text = harmless(answer.text)
    shown = [c for c in answer.claims if _to_show(c)]
    return Delta(text, tuple(_located(text, shown, _sides(answer))))


def harmless(text: str) -> str:
    """The same words, that no reader of Markdown takes for a link, a picture or HTML."""
    return _MARKUP.sub(lambda found: found[0] + " ", text)


def _to_show(claim: Claim) -> bool:
    return claim.shown and claim.verdict != "withheld"


def _sides(answer: Answer) -> list[Side]:
    return [side for conflict in answer.conflicts for side in conflict.sides]


def _located(text: str, claims: Sequence[Claim], sides: Sequence[Side]) -> list[Cited]:
    """Where sentences, and the values of sources that disagree, stand in a text."""
    found: list[Cited] = []
    at = 0
    for claim in claims:
        sentence = harmless(claim.text)
        start = text.find(sentence, at)
        if start < 0:
            start = text.find(sentence)
        if start < 0 or not sentence:
            continue
        at = start + len(sentence)
        found += [Cited(start, at, citation) for citation in claim.citations]
    for side in sides:
        value = harmless(side.value)
        start = text.find(f"{value} [{side.citation.n}]")
        if start >= 0 and value:
            found.append(Cited(start, start + len(value), side.citation))
    return sorted(found, key=lambda each: (each.start, each.end))


def _without(text: str, pieces: Sequence[str], gap: str) -> str | None:
    """What is left of a text without the pieces, in order; None where one isn't in it."""
    left: list[str] = []
    at = 0
    for piece in pieces:
        start = text.find(piece, at)
        if start < 0:
            return None
        left.append(text[at:start])
        at = start + len(piece)
    left.append(text[at:])
    kept = [part.strip() for part in left if re.search(r"\w", part)]
    return gap.join(kept)


def _minus(claims: Sequence[Claim], sent: Sequence[Claim]) -> list[Claim]:
    """Those that weren't sent; the same sentence twice is two."""
    texts = [claim.text for claim in sent]
    rest = []
    for claim in claims:
        if claim.text in texts:
            texts.remove(claim.text)
        else:
            rest.append(claim)
    return rest
