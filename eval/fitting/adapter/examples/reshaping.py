"""Contexts made into other contexts: passages taken away, added, corrected, contradicted, dated.

Each function gives a new context with the questions that it is made for, or None where this
context doesn't offer it. What is asked, right and wrong there follows from the change itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from urllib.parse import unquote

from eval.fitting.adapter.examples.contexts import Asked, Context, Draft
from eval.fitting.adapter.examples.values import (
    cut,
    exchanged,
    only,
    other_name,
    other_number,
    split_title,
    titled,
)
from eval.metrics.text import contains, contains_any, normalised

MOST_PASSAGES = 6
_DATED_TITLE = re.compile(r"^(?P<name>.+?) \((?P<date>\d{4}-\d\d-\d\d)\)$")
_WHEN = re.compile(r"^(when|what year|in what year|on what da|what date|on which da)", re.I)


def narrowed(context: Context, others: Sequence[Context], chance: Random) -> Context | None:
    """Without one of its passages: what only that one answered isn't stated any more, though all
    else is of the same article. The hardest question to leave unanswered."""
    if len(context.passages) < 2:
        return None
    gone = chance.randrange(len(context.passages))
    kept = context.passages[:gone] + context.passages[gone + 1 :]
    left = " ".join(kept)
    lost: list[Asked] = []
    asked: list[Asked] = []
    for one in context.asked:
        held = contains_any(context.passages[gone], one.answers)
        if one.stated is False:
            asked.append(one)
        elif one.yes_or_no or not one.answers:
            continue
        elif held and not contains_any(left, one.answers):
            drafts = tuple(Draft(text, False) for text in one.sentences)
            lost.append(Asked(one.question, False, drafts=drafts))
        elif not held:
            asked.append(one)
    return replace(context, passages=kept, asked=(*lost, *asked)) if lost else None


def widened(context: Context, others: Sequence[Context], chance: Random) -> Context | None:
    """With passages of other contexts among its own, up to six."""
    room = MOST_PASSAGES - len(context.passages)
    own = {split_title(passage)[0].partition(" (")[0] for passage in context.passages} - {""}
    if room < 1 or not others:
        return None
    answers = [answer for one in context.asked for answer in one.answers]
    strangers = [
        passage
        for other in (chance.choice(others) for _ in range(2 * room))
        for passage in [chance.choice(other.passages)]
        if passage not in context.passages
        and split_title(passage)[0].partition(" (")[0] not in own
        and not contains_any(passage, answers)
    ]
    if not strangers:
        return None
    mixed = [*context.passages, *dict.fromkeys(strangers[: chance.randint(1, room)])]
    chance.shuffle(mixed)
    return replace(context, passages=tuple(mixed))


def corrected(context: Context, others: Sequence[Context], chance: Random) -> Context | None:
    """A later passage, or the article's end, corrects a figure: the new one is the answer, the old
    one is wrong."""
    found = _with_sentence(context, chance, lambda value: other_number(value, chance))
    if found is None:
        return None
    asked, place, old, new, sentence = found
    right = exchanged(asked.sentences[0], old, new)
    mended = exchanged(sentence, old, new)
    if right is None or mended is None:
        return None
    title, _ = split_title(context.passages[place])
    told = chance.choice(_CORRECTIONS).format(old=old, new=new, mended=mended)
    passages = list(context.passages)
    if title and chance.random() < 0.6:
        name, day = _name_and_day(title, chance)
        later = day + timedelta(days=chance.randint(0, 30))
        passages.append(f"{name} ({later.isoformat()})\n{told}")
    else:
        passages[place] = f"{passages[place].rstrip()} {told}"
    wrong = (Draft(asked.sentences[0], False),)
    fresh = Asked(asked.question, True, (new,), (right,), wrong)
    rest = [one for one in context.asked if not contains_any(told, one.answers)]
    rest = [one for one in rest if one is not asked and old not in one.answers]
    return replace(context, passages=tuple(passages), asked=(fresh, *rest))


_CORRECTIONS = (
    "Correction: an earlier version of this article gave {old} where it should have been {new}. "
    "{mended}",
    "This article has been amended. {mended} An earlier version said {old}.",
    "{mended} We had first reported {old}, which was wrong.",
    "Editor's note: the figure of {old} was mistaken. {mended}",
    "CORRECTION: {mended} (not {old}, as first published).",
)


def conflicting(context: Context, others: Sequence[Context], chance: Random) -> Context | None:
    """Another passage says otherwise: each side is borne out, a third value isn't."""

    def another(value: str) -> str | None:
        text = " ".join(context.passages)
        return other_number(value, chance) or other_name(value, text, chance)

    found = _with_sentence(context, chance, another)
    if found is None:
        return None
    asked, place, one, two, sentence = found
    first, second = asked.sentences[0], exchanged(asked.sentences[0], one, two)
    contrary = exchanged(sentence, one, two)
    third_value = another(two)
    third = exchanged(first, one, third_value) if third_value not in (None, one, two) else None
    if second is None or contrary is None:
        return None
    title, _ = split_title(context.passages[place])
    if title:
        name, day = _name_and_day(title, chance)
        contrary = (
            f"{name} ({(day + timedelta(days=chance.randint(-9, 9))).isoformat()})\n{contrary}"
        )
    both = [first, second]
    chance.shuffle(both)
    said = tuple(both) if chance.random() < 0.5 else (both[0],)
    drafts = tuple(Draft(text, True, own=True) for text in both)
    drafts += (Draft(third, False),) if third else ()
    passages = [*context.passages, contrary]
    chance.shuffle(passages)
    fresh = Asked(asked.question, True, (one, two), said, drafts)
    rest = tuple(o for o in context.asked if o is not asked and one not in o.answers)
    return replace(context, passages=tuple(passages), asked=(fresh, *rest))


def dated(context: Context, others: Sequence[Context], chance: Random) -> Context | None:
    """A date becomes 'on Tuesday' in an article of a known day. The words that are there are borne
    out; the date that can be worked out isn't stated, nor is the article's own."""
    able = [
        one
        for one in context.asked
        if one.stated and len(one.sentences) == 1 and one.answers and _WHEN.match(one.question)
    ]
    chance.shuffle(able)
    for asked in able:
        for place, passage in enumerate(context.passages):
            title, text = split_title(passage)
            for answer in asked.answers:
                told = _retold(text, asked.sentences[0], answer, chance)
                if not title or told is None:
                    continue
                relative_text, relative_sentence, days, words = told
                name, day = _name_and_day(title, chance)
                new = f"{name} ({day.isoformat()})\n{relative_text}"
                wrong = [asked.sentences[0]]
                for guess in (day - timedelta(days=days), day):
                    spelt = f"on {guess.day} {guess:%B %Y}"
                    wrong.append(relative_sentence.replace(words, spelt))
                passages = list(context.passages)
                passages[place] = new
                drafts = tuple(Draft(text, False) for text in wrong)
                fresh = Asked(asked.question, True, (words,), (relative_sentence,), drafts)
                rest = tuple(
                    o
                    for o in context.asked
                    if o is not asked and not contains_any(answer, o.answers)
                )
                return replace(context, passages=tuple(passages), asked=(fresh, *rest))
    return None


_RELATIVE = (
    ("on Monday", 3), ("on Tuesday", 2), ("on Wednesday", 1), ("on Thursday", 5),
    ("on Friday", 4), ("last Saturday", 6), ("last Sunday", 7), ("yesterday", 1),
    ("earlier this week", 2), ("last week", 7), ("last month", 30), ("two days ago", 2),
)  # fmt: skip
"""Words, and how many days before the article somebody who works it out might say that lies."""


def _retold(
    text: str, sentence: str, answer: str, chance: Random
) -> tuple[str, str, int, str] | None:
    """(text, sentence) with relative words for `in|on ANSWER`, the days that lie between them and
    the article's day at least, and the words."""
    spot = re.compile(rf"\b(?:in|on)\s+{re.escape(answer)}(?!\w)")
    if (
        len(spot.findall(text)) != 1
        or len(spot.findall(sentence)) != 1
        or only(text, answer) is None
    ):
        return None
    words, days = chance.choice(_RELATIVE)
    return spot.sub(words, text), spot.sub(words, sentence), days, words


def _with_sentence(
    context: Context, chance: Random, other: Callable[[str], str | None]
) -> tuple[Asked, int, str, str, str] | None:
    """A question with its passage, its value, another value, and the sentence that holds it."""
    able = [one for one in context.asked if one.stated and len(one.sentences) == 1]
    chance.shuffle(able)
    for asked in able:
        if asked.yes_or_no:
            continue
        for value in asked.answers:
            if only(asked.sentences[0], value) is None:
                continue
            holding = [
                (place, sentence)
                for place, passage in enumerate(context.passages)
                for sentence in cut(split_title(passage)[1])
                if contains(sentence, value)
            ]
            if len(holding) != 1 or only(holding[0][1], value) is None:
                continue
            new = other(value)
            if new and normalised(new) != normalised(value):
                return asked, holding[0][0], value, new, holding[0][1]
    return None


def _name_and_day(title: str, chance: Random) -> tuple[str, date]:
    """A title's name and date; a date is drawn where it has none."""
    found = _DATED_TITLE.match(title)
    if found:
        try:
            return found["name"], date.fromisoformat(found["date"])
        except ValueError:
            pass
    return title, date(2004, 1, 1) + timedelta(days=chance.randrange(8000))


def with_title_date(context: Context, chance: Random) -> Context:
    """Titles without a date get one half of the time, as an article has; other marks between a
    title and its text become the product's line break."""
    passages = []
    for passage in context.passages:
        title, text = split_title(passage)
        title = unquote(title)
        if title and not _DATED_TITLE.match(title) and chance.random() < 0.5:
            name, day = _name_and_day(title, chance)
            title = f"{name} ({day.isoformat()})"
        passages.append(titled(title, text))
    return replace(context, passages=tuple(passages))
