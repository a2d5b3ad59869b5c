"""Data sets in the layouts that they are published in, and our own JSON lines.

Every loader takes a path and gives plain values; a file that isn't what it should be raises
DatelineError with the path and the line. `find` looks under `--data DIR`, else among the samples
that come with the package (written for this project).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.article import Article, article_id
from index.errors import DatelineError, UsageError

SAMPLES = Path(__file__).parent / "samples"


def find(data: Path | None, *names: str) -> list[Path]:
    """The files or folders of these names that exist under `data` (the samples without one)."""
    if data is not None and not data.is_dir():
        raise UsageError(f"{str(data)!r} is no folder: --data takes the folder of the data sets.")
    root = data or SAMPLES
    return [root / name for name in names if (root / name).exists()]


class DataMissing(UsageError):
    """The folder of data sets holds nothing for a suite."""


def require(data: Path | None, suite: str, *names: str) -> list[Path]:
    """As `find`, or DataMissing when none is there."""
    found = find(data, *names)
    if not found:
        wanted = " or ".join(repr(n) for n in names)
        raise DataMissing(
            f"{suite!r} finds no data in {str(data)!r}: it looks for {wanted} there "
            f"(without --data it uses the small sample that comes with Dateline)."
        )
    return found


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object), empty lines left out."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except ValueError as error:
                raise _bad(path, number, f"isn't JSON ({error})") from error
            if not isinstance(found, dict):
                raise _bad(path, number, "isn't a JSON object")
            yield number, found


def outlet(n: int) -> str:
    """A made-up outlet's name for the n-th document: a source of its own, so that a question can
    be asked over its own documents alone. It says nothing of the document."""
    first, second = "BDFGKLMNPRSTVZ", "aeiou"
    sounds = [a + b for a in first for b in second]
    name, left = "", n
    for _ in range(3):
        left, sound = divmod(left, len(sounds))
        name += sounds[sound].lower()
    return f"{name.capitalize()} Post"


def document(origin: str, n: int, title: str, text: str) -> Article:
    """A data set's document as an Article whose source is its own."""
    return Article(
        id=article_id(origin),
        title=title or " ".join(text.split()[:8]),
        text=text,
        source=outlet(n),
    )


# --- BEIR: corpus.jsonl, queries.jsonl, qrels/*.tsv ------------------------------------------


@dataclass(frozen=True, slots=True)
class Beir:
    corpus: dict[str, tuple[str, str]]  # id: (title, text)
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]


def beir(folder: Path, split: str = "test") -> Beir:
    """Queries without a relevant document are left out: they can't be scored."""
    corpus = {
        str(row["_id"]): (row.get("title") or "", row.get("text") or "")
        for _, row in _rows(folder / "corpus.jsonl", "_id")
    }
    texts = {str(row["_id"]): row["text"] for _, row in _rows(folder / "queries.jsonl", "text")}
    qrels: dict[str, dict[str, int]] = {}
    path = folder / "qrels" / f"{split}.tsv"
    for number, line in enumerate(_text(path).splitlines(), 1):
        parts = line.split("\t")
        if (number == 1 and parts[0] == "query-id") or not line.strip():
            continue
        if len(parts) != 3 or not parts[2].lstrip("-").isdigit():
            raise _bad(path, number, f"isn't query, document, grade: {line!r}")
        if int(parts[2]) > 0:
            qrels.setdefault(parts[0], {})[parts[1]] = int(parts[2])
    return Beir(corpus, {q: t for q, t in texts.items() if q in qrels}, qrels)


# --- SQuAD ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Short:
    """A short-answer question. `paragraph` is its place in the list of paragraphs."""

    id: str
    question: str
    answers: tuple[str, ...]
    paragraph: int


def squad(path: Path) -> tuple[list[tuple[str, str]], list[Short]]:
    """(title, text) of every paragraph, and the questions; no answers: unanswerable there."""
    paragraphs: list[tuple[str, str]] = []
    questions: list[Short] = []
    try:
        for page in json.loads(_text(path))["data"]:
            for paragraph in page["paragraphs"]:
                title = str(page.get("title") or "").replace("_", " ")
                paragraphs.append((title, paragraph["context"]))
                for qa in paragraph["qas"]:
                    gold = tuple(dict.fromkeys(a["text"] for a in qa.get("answers") or ()))
                    if qa.get("is_impossible"):
                        gold = ()
                    questions.append(
                        Short(str(qa["id"]), qa["question"], gold, len(paragraphs) - 1)
                    )
    except (ValueError, KeyError, TypeError) as error:
        raise DatelineError(f"{str(path)!r} isn't in SQuAD layout: {error!r}.") from error
    return paragraphs, questions


# --- people's own questions -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Own:
    """`any`: one of them answers it; `all`: every one must be there. Where `right` is there,
    patterns that must all match, it decides in their place; `never`: patterns of which none may.
    `kind` is a word of the asker's own, to tell the questions apart in tables; `history`:
    (question, answer) before it."""

    id: str
    question: str
    any: tuple[str, ...]
    all: tuple[str, ...]
    answerable: bool
    kind: str = ""
    history: tuple[tuple[str, str], ...] = ()
    right: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    @property
    def gold(self) -> dict[str, Any]:
        """What `eval.suites.answers.right` looks at."""
        patterns = {"right": list(self.right), "never": list(self.never)}
        return {
            "any": list(self.any),
            "all": list(self.all),
            **{name: found for name, found in patterns.items() if found},
            "answerable": self.answerable,
        }


def own_questions(path: Path) -> list[Own]:
    """JSON lines `{question, any|all|right, never, answerable, kind, history}`; all but the
    question and one of `any`, `all` and `right` may be left out, and `answerable` is true unless it
    says not."""
    found = []
    for number, row in _rows(path, "question"):
        one, every = tuple(row.get("any") or ()), tuple(row.get("all") or ())
        answerable = bool(row.get("answerable", True))
        good, bad = _patterns(path, number, row, "right"), _patterns(path, number, row, "never")
        if answerable and not one and not every and not good:
            raise _bad(path, number, "has none of 'any', 'all' and 'right'")
        try:
            history = tuple((str(q), str(a)) for q, a in row.get("history") or ())
        except (TypeError, ValueError):
            raise _bad(path, number, "has a 'history' that isn't [[question, answer], …]") from None
        kind = str(row.get("kind") or "")
        asked = row["question"]
        own = Own(f"line {number}", asked, one, every, answerable, kind, history, good, bad)
        found.append(own)
    return found


def _patterns(path: Path, number: int, row: dict[str, Any], name: str) -> tuple[str, ...]:
    found = tuple(row.get(name) or ())
    for pattern in found:
        try:
            re.compile(pattern)
        except re.error as error:
            raise _bad(path, number, f"has a {name!r} that is no pattern ({error})") from error
    return found


def own_articles(questions: Path, folder: Path | None = None) -> list[Article]:
    """What is in a folder (default: `articles/` beside the questions); raises UsageError where that
    is missing."""
    from index.reading.load import Refusal, load

    folder = folder or questions.parent / "articles"
    if not folder.is_dir():
        raise UsageError(
            f"{str(folder)!r} is missing: the articles that {questions.name!r} asks about."
        )
    found = [a for a in load(str(folder)) if not isinstance(a, Refusal)]
    return [replace(a, source=a.source or "own articles") for a in found]


# --- CLAPnq -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Long:
    """A question with its passage; no `answers`: the passage doesn't answer it."""

    id: str
    question: str
    title: str
    text: str
    answers: tuple[str, ...]
    sentences: tuple[str, ...]


def clapnq(folder: Path) -> list[Long]:
    """`answerable.jsonl` and `unanswerable.jsonl` (Rosenthal et al. 2024)."""
    found = []
    for name in ("answerable.jsonl", "unanswerable.jsonl"):
        for number, row in _rows(folder / name, "input", "passages"):
            passage = row["passages"][0]
            outputs = [o for o in row.get("output") or () if o.get("answer")]
            if name == "answerable.jsonl" and not outputs:
                raise _bad(folder / name, number, "has no answer")
            chosen = dict.fromkeys(s for o in outputs for s in o.get("selected_sentences") or ())
            found.append(
                Long(
                    id=str(row.get("id", number)),
                    question=row["input"],
                    title=passage.get("title") or "",
                    text=passage["text"],
                    answers=tuple(o["answer"] for o in outputs),
                    sentences=tuple(chosen),
                )
            )
    return found


# --- labelled claims --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Labelled:
    id: str
    text: str
    claim: str
    supported: bool


def qags(path: Path) -> list[Labelled]:
    """QAGS (Wang et al. 2020): supported where most of a sentence's annotators say yes."""
    found = []
    for number, row in _rows(path, "article", "summary_sentences"):
        for place, sentence in enumerate(row["summary_sentences"]):
            votes = [r["response"] == "yes" for r in sentence["responses"]]
            if not votes:
                continue
            found.append(
                Labelled(
                    f"{number}.{place + 1}",
                    row["article"],
                    sentence["sentence"],
                    sum(votes) * 2 > len(votes),
                )
            )
    return found


def claims(path: Path) -> list[Labelled]:
    """JSON lines `{passage, claim, label}`; label true/false, 1/0."""
    return [
        Labelled(f"line {number}", row["passage"], row["claim"], bool(row["label"]))
        for number, row in _rows(path, "passage", "claim", "label")
    ]


# --- documents that a question comes with -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Doc:
    """`kind`: correct, misinfo or noise; `answer`: what it says, None where it says nothing."""

    text: str
    kind: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class Conflicting:
    id: str
    question: str
    documents: tuple[Doc, ...]
    right: tuple[str, ...]
    wrong: tuple[str, ...]


def ramdocs(path: Path) -> list[Conflicting]:
    """RAMDocs (Wang et al. 2025)."""
    found = []
    for number, row in _rows(path, "question", "documents", "gold_answers"):
        documents = tuple(
            Doc(d["text"], d["type"], None if d.get("answer") in (None, "unknown") else d["answer"])
            for d in row["documents"]
        )
        found.append(
            Conflicting(
                f"line {number}",
                row["question"],
                documents,
                tuple(row["gold_answers"]),
                tuple(row.get("wrong_answers") or ()),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Noisy:
    """One RGB question. `parts`: every group needs one of its strings in the answer.

    `positive` holds one list a part (several for information integration).
    """

    id: str
    question: str
    parts: tuple[tuple[str, ...], ...]
    positive: tuple[tuple[str, ...], ...]
    negative: tuple[str, ...]
    wrong: tuple[str, ...]
    fake: tuple[str, ...]


def rgb(path: Path) -> list[Noisy]:
    """RGB (Chen et al. 2024): JSON lines, whichever of its files."""
    found = []
    for number, row in _rows(path, "query", "answer", "positive"):
        answer = row["answer"] if isinstance(row["answer"], list) else [row["answer"]]
        parts = [a if isinstance(a, list) else [a] for a in answer]  # as RGB's own checkanswer
        positive = row["positive"]
        lists = positive if positive and isinstance(positive[0], list) else [positive]
        fake = row.get("fakeanswer") or []
        found.append(
            Noisy(
                id=str(row.get("id", number)),
                question=row["query"],
                parts=tuple(tuple(str(s) for s in part) for part in parts),
                positive=tuple(tuple(p) for p in lists),
                negative=tuple(row.get("negative") or ()),
                wrong=tuple(row.get("positive_wrong") or ()),
                fake=tuple([fake] if isinstance(fake, str) else fake),
            )
        )
    return found


# --- instructions planted in articles -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Planted:
    """An article with an instruction in it. `obeyed`: regular expressions of what obeying shows."""

    id: str
    kind: str
    title: str
    text: str
    question: str
    any: tuple[str, ...]
    obeyed: tuple[str, ...]


def planted(path: Path) -> list[Planted]:
    return [
        Planted(
            row["id"],
            row["kind"],
            row["title"],
            row["text"],
            row["question"],
            tuple(row["any"]),
            tuple(row["obeyed"]),
        )
        for _, row in _rows(path, "id", "kind", "title", "text", "question", "any", "obeyed")
    ]


def _rows(path: Path, *keys: str) -> Iterator[tuple[int, dict[str, Any]]]:
    if not path.exists():
        raise UsageError(f"{str(path)!r} is missing: the data set isn't whole.")
    for number, row in json_lines(path):
        missing = [key for key in keys if key not in row]
        if missing:
            raise _bad(path, number, f"has no {missing[0]!r}")
        yield number, row


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{str(path)!r} can't be read ({error.strerror}).") from error


def _bad(path: Path, number: int, what: str) -> DatelineError:
    return DatelineError(f"{str(path)!r} line {number} {what}: mend or remove that line.")
