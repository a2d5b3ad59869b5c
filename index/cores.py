"""How many threads a computation should use on this machine. The only importer of joblib."""

from __future__ import annotations

import ctypes
import sys


def usable_cores() -> int:
    """Physical cores that this process may use: affinity and container limits are respected.

    Matrix work gains nothing from a core's second hardware thread, and loses when more threads
    run than there are cores.
    """
    import joblib  # a fifth of a second, which a search doesn't need

    return max(1, int(joblib.cpu_count(only_physical_cores=True)))


def one_blas_thread() -> None:
    """Has numpy, already imported, multiply on the calling thread alone.

    Its OpenBLAS begins with a thread for every processor in this process's affinity, and they wait
    for each other in a loop: where another program (or the generator) has one of the cores, a
    product of a millisecond takes a quarter of a second. Where numpy stands on another library
    (macOS), or names can't be looked up so (Windows), it is left alone.
    """
    extension = sys.modules["numpy._core._multiarray_umath"].__file__
    try:
        linked = ctypes.CDLL(extension)  # a name is also looked for in what it is linked with
    except OSError:
        return
    for name in ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads"):
        if hasattr(linked, name):
            getattr(linked, name)(1)
            return
