"""Whether an engine of candidates holds as many passages as the rows do. What each of them is isn't
compared: a number stands for one passage for good."""

from __future__ import annotations

from index.storing.candidates.protocol import Candidates
from index.storing.database import Database, state_of


def reconcile(db: Database, candidates: Candidates) -> tuple[str, str | None]:
    """What was compared, and what is wrong. An engine of another state catches up with the next
    search: that isn't wrong."""
    counts = candidates.counts(db)
    if counts.state != state_of(db):
        return "no candidates: their engine is of another state, and catches up when searched", None
    (passages,) = db.execute("SELECT count(*) FROM passages").fetchone()
    compared = f"the counts of the engine of candidates with the {passages} passages"
    if (counts.dense, counts.lexical) == (passages, passages):
        return compared, None
    return compared, (
        f"the engine of candidates holds {counts.dense} vectors and the words of {counts.lexical} "
        f"passages, where there are {passages}"
    )
