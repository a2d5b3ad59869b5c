"""How the `python -m eval.…` commands end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from index.errors import DatelineError


def run(main: Callable[[], int | None]) -> NoReturn:
    """Exit with what `main` gives; what a user can cause is one sentence and its own code."""
    try:
        sys.exit(main() or 0)
    except DatelineError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
