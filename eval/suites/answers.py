"""answers: short answers (SQuAD layout), and people's own questions (`questions.jsonl`).

A paragraph is an article. Every question is asked twice: over all paragraphs, and with its own
paragraph taken away (left out where the answer's words stand in another paragraph of the page:
it could be answered after all). Own questions are asked over the articles in `articles/`, and
shown by their kind where they say one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from eval.datasets import document, find, own_articles, own_questions, require, squad
from eval.metrics.calibration import auc, aurc
from eval.metrics.text import contains, contains_all, contains_any, exact_match, token_f1, unmarked
from eval.stats import share_given, share_of_sums
from eval.suite import Figure, Given, Item, Material, Record, Scored, Suite
from eval.suites.asking import (
    ABSTAINED,
    OVER_ABSTAINED,
    OVER_ABSTAINED_MISSED,
    RETRIEVAL_MISSED,
    SHOULD_ABSTAIN,
    WHOLE_ANSWER,
    WRONG_ANSWER,
    answer_text,
    asking,
    confidence,
    context_texts,
    times,
    uncited,
    verdicts,
)
from index.article import Article

TAKEN = "own paragraph taken away"


def load(given: Given) -> Material:
    items: list[Item] = []
    articles: list[Article] = []
    if given.questions is not None:
        _own(given.questions, given.articles, items, articles)
        return Material(items, articles)
    require(given.data, "answers", "xquad", "questions.jsonl")
    for folder in find(given.data, "xquad"):
        for path in sorted(folder.glob("*.json")):
            _squad(path, items, articles)
    for path in find(given.data, "questions.jsonl"):
        _own(path, given.articles, items, articles)
    return Material(items, articles)


def _squad(path: Path, items: list[Item], articles: list[Article]) -> None:
    paragraphs, questions = squad(path)
    made = [
        document(f"squad/{path.name}/{n}", len(articles) + n, title, text)
        for n, (title, text) in enumerate(paragraphs)
    ]
    articles += made
    every = frozenset(a.source for a in made if a.source)
    for q in questions:
        own = made[q.paragraph]
        gold = {"any": list(q.answers), "all": [], "answerable": bool(q.answers)}
        unit = f"{path.stem}/{q.id}"
        items.append(Item(unit, path.stem, unit, q.question, {**gold, "article": own.id}, every))
        page = [a for a in made if a.title == own.title and a is not own]
        if not q.answers or any(contains(a.text, g) for a in page for g in q.answers):
            continue
        assert own.source is not None
        items.append(
            Item(
                f"{unit}/taken",
                f"{path.stem}, {TAKEN}",
                unit,
                q.question,
                {**gold, "answerable": False, "article": None},
                every - {own.source},
            )
        )


def _own(path: Path, folder: Path | None, items: list[Item], articles: list[Article]) -> None:
    found = own_articles(path, folder)
    articles += found
    every = frozenset(a.source for a in found if a.source)
    items += [
        Item(
            f"own/{q.id}",
            f"own questions: {q.kind}" if q.kind else "own questions",
            f"own/{q.id}",
            q.question,
            {**q.gold, "article": None},
            every,
            q.history,
        )
        for q in own_questions(path)
    ]


def right(text: str, gold: dict[str, Any]) -> float:
    """Every pattern of `right` matches; without those: contains any of `any`, and all of `all`, of
    those that are given. No pattern of `never` does either way."""
    if any(_matches(pattern, text) for pattern in gold.get("never", ())):
        return 0.0
    if gold.get("right"):
        return float(all(_matches(pattern, text) for pattern in gold["right"]))
    some = contains_any(text, gold["any"]) if gold["any"] else 1.0
    every = contains_all(text, gold["all"]) if gold["all"] else 1.0
    return some * every


def _matches(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None


def score(record: Record) -> Scored:
    """An abstention has no exact match and no F1; an unanswerable question has no `right`."""
    gold, answer = record["gold"], record["answer"]
    abstained = bool(answer["abstained"])
    text = answer_text(record)
    wanted = [*gold["any"], *gold["all"]]
    scores: dict[str, float | None] = {
        "abstained": float(abstained),
        "confidence": confidence(record),
        **times(record),
    }
    if not gold["answerable"]:
        scores |= {
            "answered_unanswerable": float(not abstained),
            "served": float(abstained),
            "draft_good": 0.0,  # whatever was drafted, it shouldn't be shown
            **verdicts(record, correct=False),
        }
        return Scored(scores, "" if abstained else SHOULD_ABSTAIN)
    texts = context_texts(record)
    there = any(contains(t, w) for t in texts for w in wanted)
    if not wanted:
        there = any(_matches(pattern, t) for t in texts for pattern in gold["right"])
    correct = 0.0 if abstained else right(text, gold)
    drafted = right(unmarked(answer["raw_text"]), gold)
    scores |= {
        "right": correct,
        "right_if_answered": None if abstained else correct,
        "exact": None if abstained or not gold["any"] else exact_match(text, gold["any"]),
        "f1": None if abstained or not gold["any"] else token_f1(text, gold["any"]),
        "passage": float(there),
        "draft_right": drafted,
        "right_withheld": float(drafted and abstained),
        "draft_good": drafted,
        "served": correct,
        **verdicts(record, correct=bool(correct)),
    }
    wrong = ""
    if abstained:
        wrong = OVER_ABSTAINED if there else OVER_ABSTAINED_MISSED
    elif not correct:
        wrong = WRONG_ANSWER if there else RETRIEVAL_MISSED
    else:
        wrong = uncited(record, wanted)
    return Scored(scores, wrong)


SUITE = Suite(
    name="answers",
    about="Short answers: is the gold answer in what is shown, and is the rest left unanswered?",
    figures=(
        Figure("served rightly", ("served",), "the right answer, or none where there is none"),
        Figure("right", ("right",), "the gold answer is in the answer; an abstention is not right"),
        Figure("right if answered", ("right_if_answered",), "the same, over those answered"),
        Figure("draft right", ("draft_right",), "it is in what the model wrote, shown or not"),
        Figure(
            "right drafts withheld",
            ("right_withheld", "draft_right"),
            "of the right drafts, those that nothing is shown of",
            statistic=share_given,
            better="lower",
        ),
        Figure(
            "false stated",
            ("false_stated", "stated"),
            "of all sentences stated, those of an answer that is wrong or shouldn't be there",
            statistic=share_of_sums,
            better="lower",
        ),
        Figure(
            "false shown",
            ("false_shown", "sentences_shown"),
            "the same, of all sentences stated or to be checked",
            statistic=share_of_sums,
            better="lower",
        ),
        Figure(
            "shown to check",
            ("to_check", "sentences_shown"),
            "of all sentences shown, those that the reader is told to check",
            statistic=share_of_sums,
            better="",
        ),
        Figure("passage there", ("passage",), "it stands in a passage before the model"),
        Figure("exact match", ("exact",), "SQuAD's; a whole sentence can't reach it"),
        Figure("token F1", ("f1",), "SQuAD's; a whole sentence can't reach 1"),
        ABSTAINED,
        Figure(
            "answered though unanswerable",
            ("answered_unanswerable",),
            "over the unanswerable questions",
            better="lower",
        ),
        Figure(
            "abstention AUC",
            ("confidence", "draft_good"),
            "a right draft gets more confidence than a wrong one or one without a right answer",
            statistic=auc,
        ),
        Figure(
            "AURC",
            ("confidence", "draft_good"),
            "area under risk against coverage: bad drafts when the least sure are left out first",
            statistic=aurc,
            better="lower",
        ),
        WHOLE_ANSWER,
    ),
    pooled=True,
    headline="served rightly",
    load=load,
    start=asking,
    score=score,
    plots=("risk", "latency"),
)
