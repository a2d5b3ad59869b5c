"""How many threads a computation should use on this machine. The only importer of joblib."""

from __future__ import annotations

import joblib


def usable_cores() -> int:
    """Physical cores that this process may use: affinity and container limits are respected.

    Matrix work gains nothing from a core's second hardware thread, and loses when more threads
    run than there are cores.
    """
    return max(1, int(joblib.cpu_count(only_physical_cores=True)))
