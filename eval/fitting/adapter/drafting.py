"""The stage `draft`: what a model writes in answer to the contexts' questions, one line a context.

Without an adapter the base is asked in its own words, and told the answer where it missed it: its
right drafts are the sentences that are learnt, its wrong ones the likeliest mistakes. With an
adapter its own drafts are made, so that it learns to check itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from eval.fitting.adapter import runs
from eval.fitting.adapter.building import DRAFTS
from eval.fitting.adapter.examples.contexts import Asked, Context
from eval.fitting.adapter.net.layout import Block
from eval.fitting.adapter.net.low_rank import LowRank
from eval.fitting.adapter.net.model import Model
from eval.fitting.adapter.net.writing import write
from eval.fitting.adapter.runs import Run
from eval.fitting.adapter.words import Words
from eval.metrics.text import contains_any

LONGEST = 56  # tokens of a draft; one that isn't done by then is thrown away
_TOGETHER = 400  # contexts that are sorted by size, so that like ones are written together
_REFUSAL = re.compile(
    r"\b(passages?|text|article)s? (does|do|did)(n[’']t| not)\b|\bno (information|mention)\b"
    r"|\bnot (mentioned|specified|stated|provided|given|clear)\b|cannot be determined",
    re.IGNORECASE,
)


def draft(
    run: Run,
    model: Model,
    adapter: LowRank | None,
    words: Words,
    contexts: Sequence[Context],
    *,
    by: str | None,
    seed: int,
    state_tokens: int,
    seconds: float | None,
    say: Callable[[str], None] = print,
) -> None:
    """Append to RUN/drafts.jsonl the contexts that aren't in it, in an order drawn from the seed,
    until all are done or time is up. `state_tokens`: what all rows written together may hold;
    `by`: the adapter's hash."""
    path = run.file(DRAFTS)
    done = {row["key"] for row in runs.kept_lines(path, lambda row: "key" in row)}
    left = [context for context in contexts if context.key not in done]
    Random(f"{seed}/draft").shuffle(left)  # noqa: S311
    begun, count, right, able = time.monotonic(), 0, 0, 0
    pen = _Pen(model, adapter, words)
    for some in _groups(left, words, state_tokens):
        if seconds is not None and time.monotonic() - begun > seconds:
            break
        for row in pen.rows(some):
            count += 1
            able += sum("right" in item and not item["un"] for item in row["items"])
            right += sum(bool(item.get("right")) for item in row["items"])
            runs.append(path, row | ({"by": by} if by else {}))
        say(f"{count} of {len(left)} contexts, {right} of {able} drafts right")


def _groups(
    contexts: Sequence[Context], words: Words, state_tokens: int
) -> Iterator[list[Context]]:
    for start in range(0, len(contexts), _TOGETHER):
        some = sorted(contexts[start : start + _TOGETHER], key=lambda c: len(c.asked))
        group: list[Context] = []
        size = 0
        for context in some:
            own = sum(len(text) // 4 for text in context.passages) + len(words.head) + LONGEST + 40
            rows = own * sum(2 if asked.yes_or_no else 1 for asked in context.asked)
            if group and size + rows > state_tokens:
                yield group
                group, size = [], 0
            group.append(context)
            size += rows
        if group:
            yield group


class _Pen:
    def __init__(self, model: Model, adapter: LowRank | None, words: Words) -> None:
        self._model, self._adapter, self._words = model, adapter, words

    def rows(self, contexts: Sequence[Context]) -> list[dict[str, Any]]:
        drafts = iter(self._first(contexts))
        rows, missed = [], []
        for context in contexts:
            items = []
            for asked in context.asked:
                item = _item(asked)
                if not asked.yes_or_no:
                    text = next(drafts)
                    item["d"] = text
                    item["right"] = bool(text and asked.stated) and bool(
                        contains_any(text or "", asked.answers)
                    )
                    if item["right"]:
                        item["s"] = text
                items.append(item)
            rows.append({"key": context.key, "set": context.origin, "p": context.passages,
                         "items": items})  # fmt: skip
            missed.append(
                [n for n, asked in enumerate(context.asked) if _wants_help(asked, items[n])]
            )
        self._second(contexts, rows, missed)
        return rows

    def _first(self, contexts: Sequence[Context]) -> list[str | None]:
        """A draft of every question but those of yes and no, in order."""
        plain = [[a for a in context.asked if not a.yes_or_no] for context in contexts]
        if self._adapter is None:
            asks = [[_base_ask(asked.question) for asked in some] for some in plain]
            return self._base(contexts, asks)
        tails = [[self._words.answering(asked.question) for asked in some] for some in plain]
        return self._write(
            [
                Block([self._words.passage(text) for text in context.passages], some)
                for context, some in zip(contexts, tails, strict=True)
                if some
            ],
            self._adapter,
        )

    def _second(
        self,
        contexts: Sequence[Context],
        rows: Sequence[dict[str, Any]],
        missed: Sequence[Sequence[int]],
    ) -> None:
        """Sentences with the answer told to the base: for what was missed, and for both a Yes and
        a No where that is asked."""
        asks, places = [], []
        for context, row, some in zip(contexts, rows, missed, strict=True):
            told = []
            for n in some:
                asked = context.asked[n]
                for answer in ("Yes", "No") if asked.yes_or_no else asked.answers[:1]:
                    told.append(_base_told(asked.question, answer))
                    places.append((asked, row["items"][n], answer))
            asks.append(told)
        for (asked, item, answer), text in zip(places, self._base(contexts, asks), strict=True):
            if text is None:
                continue
            if asked.yes_or_no:
                item["s" if answer.lower() == asked.yes_or_no else "d"] = text
            elif contains_any(text, asked.answers):
                item["s"] = text

    def _base(self, contexts: Sequence[Context], asks: Sequence[Sequence[str]]) -> list[str | None]:
        """By the base, that sees a context's passages together, as it reads best."""
        words = self._words
        blocks = [
            Block(
                [[token for text in context.passages for token in words.passage(text)]],
                [words.asked(ask) for ask in some],
            )
            for context, some in zip(contexts, asks, strict=True)
            if some
        ]
        return self._write(blocks, None)

    def _write(self, blocks: Sequence[Block], adapter: LowRank | None) -> list[str | None]:
        if not blocks:
            return []
        words = self._words
        found = write(self._model, words.head, blocks, LONGEST, words.ends, adapter)
        return [_clean(words.text(row)) if row[-1] in words.ends else None for row in found]


def _item(asked: Asked) -> dict[str, Any]:
    return {"q": asked.question, "a": asked.answers, "un": asked.stated is False}


def _wants_help(asked: Asked, item: dict[str, Any]) -> bool:
    if asked.yes_or_no:
        return True
    return bool(asked.stated and asked.answers) and not item.get("right") and not asked.sentences


def _base_ask(question: str) -> str:
    return f"Question: {question}\nAnswer in one complete sentence."


def _base_told(question: str, answer: str) -> str:
    return f"Question: {question}\nAnswer: {answer}\nSay this answer in one complete sentence."


def _clean(text: str) -> str | None:
    line = text.strip()
    return line if line and not _REFUSAL.search(line) else None
