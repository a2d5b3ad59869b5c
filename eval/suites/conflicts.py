"""conflicts: RAMDocs layout; documents that disagree. All right answers given, wrong ones not,
the conflict shown?

A question with several right answers is about several things of one name; wrong answers are
planted misinformation, which nothing in the documents tells from the truth but its minority. An
answer that shows both sides as a conflict is what can be asked for, so both are counted.
"""

from __future__ import annotations

from eval.datasets import document, ramdocs, require
from eval.metrics.text import contains_any, share_contained
from eval.suite import Figure, Given, Item, Material, Record, Scored, Suite
from eval.suites.asking import ABSTAINED, WHOLE_ANSWER, answer_text, asking, times
from index.article import Article


def load(given: Given) -> Material:
    (folder,) = require(given.data, "conflicts", "ramdocs")
    items: list[Item] = []
    articles: list[Article] = []
    for path in sorted(folder.glob("*.jsonl")):
        for q in ramdocs(path):
            made = [
                document(f"ramdocs/{path.stem}/{q.id}/{n}", len(articles) + n, "", d.text)
                for n, d in enumerate(q.documents)
            ]
            articles += made
            said = {a for d in q.documents if (a := d.answer)}
            items.append(
                Item(
                    f"{path.stem}/{q.id}",
                    "they disagree" if len(said) > 1 else "they agree",
                    f"{path.stem}/{q.id}",
                    q.question,
                    {
                        "right": list(q.right),
                        "wrong": list(q.wrong),
                        "disagree": len(said) > 1,
                        "kinds": {a.id: d.kind for a, d in zip(made, q.documents, strict=True)},
                    },
                    frozenset(a.source for a in made if a.source),
                )
            )
    return Material(items, articles)


def score(record: Record) -> Scored:
    gold, answer = record["gold"], record["answer"]
    abstained, text = bool(answer["abstained"]), answer_text(record)
    conflict = bool(answer["conflicts"])
    sides = " ; ".join(s["quote"] for c in answer["conflicts"] for s in c["sides"])
    scores: dict[str, float | None] = {
        "abstained": float(abstained),
        "shown": float(conflict) if gold["disagree"] else None,
        "false_alarm": None if gold["disagree"] else float(conflict),
        **times(record),
    }
    given = share_contained(text, gold["right"])
    refused = 1 - contains_any(text, gold["wrong"]) if gold["wrong"] else None
    scores |= {
        "right_share": given,
        "any_right": float(given > 0),
        "all_right": float(given == 1),
        "right_with_sides": share_contained(f"{text} ; {sides}", gold["right"]),
        "wrong_given": None if refused is None else 1 - refused,
        "strict": float(given == 1 and refused != 0),
    }
    wrong = ""
    if abstained:
        wrong = "abstained"
    elif refused == 0 and not conflict:
        wrong = "a wrong document's answer, as if undisputed"
    elif not given:
        wrong = "no right answer"
    elif given < 1 and not conflict:
        wrong = "only some of the right answers, no conflict shown"
    elif conflict and not gold["disagree"]:
        wrong = "a conflict shown where there is none"
    return Scored(scores, wrong)


SUITE = Suite(
    name="conflicts",
    about="Documents that disagree: right answers given, wrong ones not, the conflict shown.",
    figures=(
        Figure("all right, none wrong", ("strict",), "RAMDocs' exact match"),
        Figure("any right", ("any_right",), "at least one right answer in the text"),
        Figure("share of right answers", ("right_share",), "in the text"),
        Figure(
            "… with the conflict's sides",
            ("right_with_sides",),
            "in the text or a shown conflict's quotes",
        ),
        Figure(
            "wrong given",
            ("wrong_given",),
            "a wrong answer in the text, over the questions that have one",
            better="lower",
        ),
        Figure("conflict shown", ("shown",), "where documents state different answers"),
        Figure("false alarm", ("false_alarm",), "shown where they don't", better="lower"),
        ABSTAINED,
        WHOLE_ANSWER,
    ),
    headline="any right",
    load=load,
    start=asking,
    score=score,
    plots=("latency",),
)
