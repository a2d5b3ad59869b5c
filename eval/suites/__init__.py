"""The suites, one a file; each defines `SUITE`."""

from __future__ import annotations

from importlib import import_module

from eval.suite import Suite
from index.errors import UsageError

NAMES = (
    "retrieval",
    "answers",
    "longform",
    "conflicts",
    "citations",  # after those whose answers it judges
    "verifier",
    "robustness",
    "injection",
    "kinds",
    "speed",
)


def suite(name: str) -> Suite:
    if name not in NAMES:
        raise UsageError(f"No suite {name!r}: there are {', '.join(NAMES)}, and 'all'.")
    found: Suite = import_module(f"eval.suites.{name}").SUITE
    return found
