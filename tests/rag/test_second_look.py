"""The order of a second look, against one worked by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.article import Article
from index.search import Hit
from index.splitting.passages import Passage
from rag.generating.generator import Stop, Stopped
from rag.second_look import READ, second_look
from tests.fakes import fake_reader


def hit(n: int, text: str) -> Hit:
    article = Article(f"article{n}", f"Report {n}", text)
    return Hit(Passage(article.id, 0, len(text), text), article, 1 / n, n, 0.5, None, n, None)


class ByNumber:
    """Says of each passage what its text says."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def each(
        self, question: str, hits: Sequence[Hit], stop: Stop | None = None
    ) -> tuple[float, ...]:
        self.asked += [hit.passage.text for hit in hits]
        return tuple(float(hit.passage.text) for hit in hits)


def test_what_states_an_answer_comes_first_and_the_rest_stays() -> None:
    judge = ByNumber()
    hits = [hit(n, text) for n, text in enumerate((".1", ".9", ".1", ".5", ".99"), start=1)]
    looked = second_look(judge, "how many?", hits, 4)  # type: ignore[arg-type]
    assert judge.asked == [".1", ".9", ".1", ".5"]
    assert [(one.hit.passage.text, one.stated) for one in looked] == [
        (".9", 0.9),
        (".5", 0.5),
        (".1", 0.1),
        (".1", 0.1),
        (".99", None),
    ]
    assert [one.hit.article.id for one in looked[2:4]] == ["article1", "article3"]  # as it was
    assert [one.hit.rank for one in looked] == [1, 2, 3, 4, 5]
    assert [one.hit.score for one in looked] == [1 / 2, 1 / 4, 1, 1 / 3, 1 / 5]


@pytest.mark.parametrize("read", [0, 1, READ])
def test_few_hits_or_none(read: int) -> None:
    judge = ByNumber()
    assert second_look(judge, "how many?", [], read) == []  # type: ignore[arg-type]
    assert judge.asked == []
    (one,) = second_look(judge, "how many?", [hit(1, ".4")], read)  # type: ignore[arg-type]
    assert one.stated == (0.4 if read else None)


def test_it_can_be_stopped() -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        second_look(fake_reader(), "how many?", [hit(1, "Seven.")], stop=stop)
