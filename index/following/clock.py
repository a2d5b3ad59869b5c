"""Times and chance, as the tests need them otherwise."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """Times and chance, as the tests need them otherwise. `now`: seconds of the day's clock, which
    may jump; `running`: of one that doesn't."""

    now: Callable[[], float] = time.time
    running: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def stamp(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="seconds")

    def day(self) -> date:
        return datetime.fromtimestamp(self.now(), UTC).date()
