"""Contexts: passages with what is asked about them, read from files of public data sets.

A line of the file is `{set, p: [passages], items: [{q, a: [answers], un, s}]}` or
`{set, p, claims: [{c, y}]}`: `un` says that the passages don't hold the answer, `s` is a sentence
that answers. Drafts come as lines (or one list) of the same form, where an item may also hold `d`,
what a model wrote, and `right`; a line's `by` names the model where it was an adapter.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval.fitting.adapter.examples.values import lowered, whole
from index.errors import DatelineError


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence that a model wrote in answer; `own` if it was the adapter that is trained on."""

    text: str
    right: bool
    own: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question over a context's passages.

    `stated`: whether they hold the answer (None: nobody knows). `answers` are short strings, any
    of which will do; `sentences` answer it together, each borne out by itself.
    """

    question: str
    stated: bool | None
    answers: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    drafts: tuple[Draft, ...] = ()

    @property
    def yes_or_no(self) -> str | None:
        """'yes' or 'no' where that is the answer."""
        given = self.answers[0].strip().lower() if self.answers else ""
        return given if given in ("yes", "no") else None


@dataclass(frozen=True, slots=True)
class Claim:
    text: str
    true: bool


@dataclass(frozen=True, slots=True)
class Context:
    """`origin` is the data set's name; a passage may begin with a line that titles it."""

    origin: str
    passages: tuple[str, ...]
    asked: tuple[Asked, ...] = ()
    claims: tuple[Claim, ...] = ()

    @property
    def key(self) -> str:
        return key(self.origin, self.passages)


def key(origin: str, passages: Sequence[str]) -> str:
    """What a context is known by: the same in every file that holds it."""
    text = json.dumps([origin, *passages], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


PARTS = ("all", "main", "own")
_OWN = 10  # one in so many contexts is kept for an adapter's own drafts


def part_of(contexts: Iterable[Context], part: str) -> list[Context]:
    """'own': contexts that a first training leaves to the second, so that the adapter's drafts are
    of questions that it hasn't been told the answers to; 'main': all others. By hash."""
    if part == "all":
        return list(contexts)
    return [c for c in contexts if (int(c.key, 16) % _OWN == 0) == (part == "own")]


def some_of(contexts: Sequence[Context], limit: int | None, seed: int) -> list[Context]:
    """At most so many, drawn with the seed, in their order; those with drafts are taken first."""
    if limit is None or limit >= len(contexts):
        return list(contexts)

    def rank(context: Context) -> tuple[bool, str]:
        drawn = hashlib.sha256(f"{seed}/{context.key}".encode()).hexdigest()
        return not any(asked.drafts for asked in context.asked), drawn

    chosen = {context.key for context in sorted(contexts, key=rank)[:limit]}
    return [context for context in contexts if context.key in chosen]


def read_contexts(path: Path) -> list[Context]:
    """Raises DatelineError where a line isn't of the form."""
    found = []
    for number, row in enumerate(_rows(path), 1):
        try:
            found.append(context_of(row))
        except (KeyError, TypeError, AttributeError) as error:
            raise DatelineError(
                f"'{path}' line {number} is no context ({error!r}): mend or remove that line."
            ) from error
    return found


def context_of(row: dict[str, Any]) -> Context:
    asked = tuple(
        Asked(
            item["q"],
            not item["un"],
            tuple(item["a"]),
            (item["s"],) if item.get("s") else (),
        )
        for item in row.get("items") or ()
    )
    claims = tuple(Claim(claim["c"], bool(claim["y"])) for claim in row.get("claims") or ())
    return Context(row["set"], tuple(row["p"]), asked, claims)


def read_drafts(paths: Iterable[Path]) -> dict[str, list[dict[str, Any]]]:
    """Rows with drafts by their context's key, in the order of the files."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in paths:
        for row in _rows(path):
            found.setdefault(key(row["set"], row["p"]), []).append(row)
    return found


def with_drafts(context: Context, rows: Sequence[dict[str, Any]]) -> Context:
    """The context with what was written in answer to its questions. Items are in its order."""
    asked = list(context.asked)
    for row in rows:
        for place, item in enumerate(row["items"][: len(asked)]):
            if item["q"] == asked[place].question:
                asked[place] = _drafted(asked[place], item, own=bool(row.get("by")))
    return replace(context, asked=tuple(asked))


def _drafted(asked: Asked, item: dict[str, Any], *, own: bool) -> Asked:
    sentence, draft = item.get("s"), item.get("d")
    if sentence and not whole(sentence):
        sentence = None
    if asked.yes_or_no:
        other = "No" if asked.yes_or_no == "yes" else "Yes"
        given = asked.yes_or_no.capitalize()
        right = asked.sentences
        if sentence:
            right = (f"{given}, {lowered(sentence)}",)
        wrong: tuple[str, ...] = (f"{other}, {lowered(draft)}",) if draft else ()
        # What is said is right but not what the Yes or No says of it.
        wrong += (f"{other}, {lowered(sentence)}",) if sentence else ()
        drafts = asked.drafts + tuple(Draft(text, False) for text in wrong)
        return replace(asked, sentences=right, drafts=drafts)
    drafts = asked.drafts
    if draft:
        drafts += (Draft(draft, bool(item.get("right")) and bool(asked.stated), own),)
    sentences = asked.sentences
    if sentence and asked.stated and not sentences:
        sentences = (sentence,)
    return replace(asked, sentences=sentences, drafts=drafts)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a JSON Lines file or of one JSON list, gzipped or not; a torn last line, which a
    killed process leaves, is passed over."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (OSError, EOFError, UnicodeError) as error:
        raise DatelineError(f"'{path}' can't be read ({error}); name another file.") from error
    if text.startswith("["):
        yield from json.loads(text)
        return
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except ValueError as error:
            if number == len(lines):
                return
            raise DatelineError(f"'{path}' line {number} isn't JSON ({error}).") from error
