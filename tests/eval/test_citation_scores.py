"""ALCE's recall and precision, worked through on small examples."""

from __future__ import annotations

from collections.abc import Sequence

from eval.metrics.citation import CitationScores, citation_scores


def supports(statement: str, texts: Sequence[str]) -> bool:
    """A statement is a set of letters; texts support it when they hold all of them together."""
    return set(statement) <= set("".join(texts))


def test_one_statement_with_one_supporting_citation() -> None:
    assert citation_scores([("ab", ["abc"])], supports) == CitationScores(1.0, 1.0, 0.0)


def test_a_citation_that_supports_nothing_costs_both() -> None:
    assert citation_scores([("ab", ["xyz"])], supports) == CitationScores(0.0, 0.0, 0.0)


def test_two_citations_that_only_support_together_are_both_precise() -> None:
    assert citation_scores([("ab", ["a", "b"])], supports) == CitationScores(1.0, 1.0, 0.0)


def test_an_irrelevant_citation_beside_a_sufficient_one_costs_precision_alone() -> None:
    assert citation_scores([("ab", ["ab", "x"])], supports) == CitationScores(1.0, 0.5, 0.0)


def test_a_second_citation_that_supports_by_itself_is_not_irrelevant() -> None:
    assert citation_scores([("ab", ["ab", "abc"])], supports) == CitationScores(1.0, 1.0, 0.0)


def test_a_partial_citation_beside_a_full_one_is_irrelevant() -> None:
    # "a" doesn't support alone, and without it "ab" still does
    assert citation_scores([("ab", ["ab", "a"])], supports) == CitationScores(1.0, 0.5, 0.0)


def test_without_recall_no_citation_is_precise() -> None:
    assert citation_scores([("abc", ["a", "b"])], supports) == CitationScores(0.0, 0.0, 0.0)


def test_recall_is_a_mean_over_statements_and_precision_over_citations() -> None:
    found = citation_scores([("ab", ["ab", "x"]), ("c", ["c"]), ("d", []), ("e", ["x"])], supports)
    assert found == CitationScores(recall=2 / 4, precision=2 / 4, without=1 / 4)
