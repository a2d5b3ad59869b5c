"""The suite `speed`: libraries made to order (`made`), measured (`suite`, `standing`) beside what
they stand on. Says nothing of whether an answer is right."""

from eval.suites.speed.suite import SUITE

__all__ = ["SUITE"]
