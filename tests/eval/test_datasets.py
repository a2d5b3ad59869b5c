"""The loaders, on files in each layout."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from eval import datasets
from eval.datasets import SAMPLES
from eval.suite import Given, Material
from eval.suites import suite
from eval.suites.asking import asking
from eval.suites.robustness import settings
from index.errors import DatelineError, UsageError


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    return path


def test_beir_leaves_out_queries_without_a_relevant_document() -> None:
    found = datasets.beir(SAMPLES / "retrieval")
    assert found.qrels["q2"] == {"c02": 2}  # a judgement of 0 is not relevant
    assert set(found.queries) == set(found.qrels)


def test_squad_gives_paragraphs_and_their_questions(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    context = "It is red."
    asked = {"id": 7, "question": "What?", "answers": [{"text": "red"}, {"text": "red"}]}
    not_there = {"id": 8, "question": "Who?", "is_impossible": True, "answers": []}
    page = {"title": "A_page", "paragraphs": [{"context": context, "qas": [asked, not_there]}]}
    path.write_text(json.dumps({"data": [page]}))
    paragraphs, questions = datasets.squad(path)
    assert paragraphs == [("A page", context)]
    assert [(q.id, q.answers) for q in questions] == [("7", ("red",)), ("8", ())]


def test_qags_takes_the_majority(tmp_path: Path) -> None:
    def sentence(*votes: str) -> dict[str, object]:
        return {"sentence": "s", "responses": [{"response": v} for v in votes]}

    path = lines(
        tmp_path / "q.jsonl",
        {
            "article": "a",
            "summary_sentences": [sentence("yes", "no", "yes"), sentence("no", "no", "yes")],
        },
    )
    assert [c.supported for c in datasets.qags(path)] == [True, False]


def test_clapnq_joins_gold_sentences_and_knows_the_unanswerable() -> None:
    found = datasets.clapnq(SAMPLES / "clapnq")
    assert [bool(q.answers) for q in found] == [True] * 3 + [False] * 3
    assert all(s in q.text for q in found for s in q.sentences)


def test_ramdocs_says_what_each_document_says() -> None:
    found = datasets.ramdocs(SAMPLES / "ramdocs" / "sample.jsonl")
    assert [d.answer for d in found[0].documents] == ["2,310", "2,310", "5,900", None]
    assert found[0].wrong == ("5,900",)


def test_rgb_a_flat_list_of_answers_needs_all_a_nested_one_any(tmp_path: Path) -> None:
    flat = {"id": 1, "query": "q", "answer": ["a", "b"], "positive": ["p"], "negative": []}
    nested = {"id": 2, "query": "q", "answer": [["a", "b"]], "positive": ["p"], "negative": []}
    one, two = datasets.rgb(lines(tmp_path / "r.jsonl", flat, nested))
    assert one.parts == (("a",), ("b",))
    assert two.parts == (("a", "b"),)


def test_rgb_noise_takes_its_share_of_five_documents() -> None:
    question = datasets.rgb(SAMPLES / "rgb" / "en.jsonl")[0]
    found = dict(settings(question))
    for rate, noisy in ((0.0, 0), (0.2, 1), (0.4, 2), (0.6, 3), (0.8, 4)):
        documents = found[f"noise {rate}"]
        assert len(documents) == 5
        assert sum(d in question.negative for d in documents) == noisy
    assert set(found["rejection"]) <= set(question.negative)


def test_rgb_integration_keeps_a_document_of_every_part() -> None:
    question = datasets.rgb(SAMPLES / "rgb" / "en_int.jsonl")[0]
    for name, documents in settings(question):
        assert name.startswith("integration")
        assert all(any(d in part for d in documents) for part in question.positive)


def test_own_questions_are_asked_over_the_articles_beside_them(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "tram.txt").write_text(
        "Tram opens\n\nThe tram opened on Monday after a long delay, and it cost 212 million."
    )
    lines(
        tmp_path / "questions.jsonl",
        {"question": "What did it cost?", "any": ["212 million"]},
        {"question": "When, at what cost?", "all": ["Monday", "212 million"]},
        {"question": "Who drove it?", "answerable": False},
    )
    found = suite("answers").load(Given(tmp_path, 0, {}))
    assert len(found.articles) == 1
    assert [i.gold["answerable"] for i in found.items] == [True, True, False]
    assert found.items[1].gold["all"] == ["Monday", "212 million"]
    assert {i.group for i in found.items} == {"own questions"}


def test_own_questions_keep_their_kind_and_the_turns_before_them(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "tram.txt").write_text("Tram opens\n\nThe tram opened on Monday.")
    before = [["What opened?", "The tram opened."]]
    lines(
        tmp_path / "questions.jsonl",
        {"question": "When?", "any": ["Monday"], "kind": "follow-up", "history": before},
    )
    (item,) = suite("answers").load(Given(tmp_path, 0, {})).items
    assert item.group == "own questions: follow-up"
    assert item.history == (("What opened?", "The tram opened."),)

    class Library:
        def library(self, articles):  # type: ignore[no-untyped-def]
            return nullcontext()

        def over(self, library):  # type: ignore[no-untyped-def]
            return self

        def ask(self, question, *, history, filter):  # type: ignore[no-untyped-def]
            return SimpleNamespace(to_dict=lambda: {"asked": (question, history)})

    with asking(Library(), Material([item])) as ask:  # type: ignore[arg-type]
        assert ask(item) == {"answer": {"asked": ("When?", item.history)}}


def test_speed_asks_own_questions_where_there_are_any(tmp_path: Path) -> None:
    options = {"speed.sizes": "20"}
    sample = suite("speed").load(Given(None, 0, options))
    assert suite("speed").load(Given(tmp_path, 0, options)) == sample
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "tram.txt").write_text("Tram opens\n\nThe tram opened on Monday.")
    lines(
        tmp_path / "questions.jsonl",
        {"question": "When did it open?", "any": ["Monday"]},
        {"question": "And then?", "any": ["Monday"], "history": [["a", "b"]]},
        {"question": "Who drove it?", "answerable": False},
    )
    own = suite("speed").load(Given(tmp_path, 0, options))
    assert {i.question for i in own.items} == {"When did it open?"}
    assert [a.text.endswith("The tram opened on Monday.") for a in own.articles] == [True]
    assert len(own.items) == len(sample.items)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{broken", "line 1 isn't JSON"),
        ('{"question": "q"}', "has none of 'any', 'all' and 'right'"),
        ('{"question": "q", "right": ["(8"]}', "has a 'right' that is no pattern"),
        ('\n{"any": ["x"]}', "line 2 has no 'question'"),
        ("[1]", "isn't a JSON object"),
        ('{"question": "q", "any": ["x"], "history": ["a", "b", "c"]}', "has a 'history' that"),
    ],
)
def test_a_bad_line_is_named(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(text)
    with pytest.raises(DatelineError, match=told):
        datasets.own_questions(path)


def test_missing_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="looks for 'clapnq'"):
        suite("longform").load(Given(tmp_path, 0, {}))
    with pytest.raises(UsageError, match="is no folder"):
        suite("longform").load(Given(tmp_path / "none", 0, {}))


def test_every_document_has_an_outlet_of_its_own() -> None:
    names = [datasets.outlet(n) for n in range(5000)]
    assert len(set(names)) == 5000


def test_an_answer_held_elsewhere_on_the_page_is_not_asked_without_its_paragraph(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "xquad"
    folder.mkdir()

    def paragraph(n: int, text: str, answer: str) -> dict[str, object]:
        return {
            "context": text,
            "qas": [{"id": str(n), "question": f"Q{n}?", "answers": [{"text": answer}]}],
        }

    page = {
        "title": "P",
        "paragraphs": [paragraph(1, "Red house.", "Red"), paragraph(2, "Red sky, 1902.", "1902")],
    }
    (folder / "x.json").write_text(json.dumps({"data": [page]}))
    found = suite("answers").load(Given(tmp_path, 0, {}))
    assert [i.id for i in found.items] == ["x/1", "x/2", "x/2/taken"]
    taken = found.items[-1]
    own = next(a for a in found.articles if a.text == "Red sky, 1902.")
    assert own.source not in taken.sources
    assert found.items[0].sources == taken.sources | {own.source}
