"""Citation recall and precision as ALCE defines them (Gao et al. 2023, section 4).

For each statement with its cited passages C, and `supports` (ALCE: an NLI model, TRUE):

    recall(statement)    1 if C is not empty and the passages of C together support it
    precision(citation)  1 if the statement's recall is 1 and the citation is not irrelevant;
                         irrelevant: it alone doesn't support the statement, and without it the
                         others still do

An answer's recall is the mean over its statements, its precision the mean over its citations.
ALCE counts precision 0 where nothing is cited; here it is not scored (None), and the share of
sentences without a citation stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Supports = Callable[[str, Sequence[str]], bool]
"""Do these texts, together, support the statement?"""


@dataclass(frozen=True, slots=True)
class CitationScores:
    """None: nothing to score. `without` is the share of statements that cite nothing."""

    recall: float | None
    precision: float | None
    without: float | None


def citation_scores(
    statements: Sequence[tuple[str, Sequence[str]]], supports: Supports
) -> CitationScores:
    """`statements`: each with the texts that it cites, one a citation."""
    recalls: list[bool] = []
    precise: list[bool] = []
    for statement, cited in statements:
        entailed = bool(cited) and supports(statement, cited)
        recalls.append(entailed)
        for place, one in enumerate(cited):
            others = [*cited[:place], *cited[place + 1 :]]
            precise.append(
                entailed
                and (supports(statement, [one]) or not others or not supports(statement, others))
            )
    return CitationScores(
        recall=_mean(recalls),
        precision=_mean(precise),
        without=_mean([not cited for _, cited in statements]),
    )


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
