"""Queries made from documents: each is in one of them alone, word for word."""

from __future__ import annotations

from eval.exact import EACH, sought
from index.search import in_order

TEXTS = [
    "On 17 May 2024 the port of Halden paid Greta Olsson 4.5 million for the crane. It was late.",
    "By then Greta Olsson and Per Vik had left; 4,500 people stayed, and 17 May was a holiday.",
    "THE PORT WAS CLOSED, SAID NOBODY IN PARTICULAR, AND 38 SHIPS LAY OUTSIDE.",
]


def test_what_is_sought_is_in_one_document_alone() -> None:
    joined = [in_order(text) for text in TEXTS]
    found = list(sought(TEXTS))
    for one in found:
        assert [n for n, text in enumerate(joined) if one.words in text] == [one.document]
        assert one.words.strip() in in_order(one.query)
    by_kind = {kind: {o.query for o in found if o.kind == kind} for kind in {o.kind for o in found}}
    assert by_kind["a name"] == {"Per Vik"}
    assert by_kind["a name, asked about"] == {"What is said about Per Vik?"}
    assert by_kind["a figure"] < {"2024", "4.5", "4,500", "38"}
    assert len(by_kind["a figure"]) == 3
    assert all(query.startswith('Who said "') for query in by_kind["a phrase, quoted"])


def test_no_more_than_so_many_of_a_kind_and_the_same_each_time() -> None:
    many = [f"In town {n}{n} there were {n}.5 people, said Mr Number{n}." for n in range(100, 160)]
    found = list(sought(many, 3))
    assert found == list(sought(many, 3))
    assert found != list(sought(many, 4))
    assert sum(one.kind == "a figure" for one in found) == EACH
    assert list(sought([])) == list(sought(["", "the"])) == []
