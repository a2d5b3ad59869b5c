"""Retrieval metrics, through ir-measures (which checks itself against trec_eval).

With rel_i the judgement of the i-th result:

    nDCG@10    Σ rel_i / log2(i + 1), over that of the best order (Järvelin, Kekäläinen 2002)
    Recall@k   relevant among the first k, over all relevant
    MRR@10     1 / rank of the first relevant result, 0 after rank 10
    Hits@k     1 if any of the first k is relevant
    MAP@10     mean over all relevant of the precision at each one's rank, 0 after rank 10
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

NAMES = ("nDCG@10", "Recall@4", "Recall@10", "MRR@10", "Hits@1", "Hits@4", "Hits@10", "MAP@10")


def rank_scores(ranked: list[str], relevant: Mapping[str, int]) -> dict[str, float]:
    """Every metric for one query; `ranked` best first, without doubles, `relevant` with grades."""
    import ir_measures

    qrels = {"q": {doc: int(grade) for doc, grade in relevant.items()}}
    run = {"q": {doc: float(len(ranked) - place) for place, doc in enumerate(ranked)}}
    if not ranked:  # ir-measures leaves out a query without results
        return dict.fromkeys(NAMES, 0.0)
    measures = _measures()
    found = {str(m.measure): m.value for m in ir_measures.iter_calc(list(measures), qrels, run)}
    return {name: float(found[str(measure)]) for measure, name in measures.items()}


@lru_cache(maxsize=1)
def _measures() -> dict[Any, str]:
    from ir_measures import AP, RR, R, Success, nDCG

    first = (Success @ 1, Success @ 4, Success @ 10)
    found = (nDCG @ 10, R @ 4, R @ 10, RR @ 10, *first, AP @ 10)
    return dict(zip(found, NAMES, strict=True))
