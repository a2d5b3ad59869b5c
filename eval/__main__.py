"""`python -m eval`: the same as `dateline eval`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from eval.suites import NAMES
from index.errors import DatelineError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval", description="Measure how well answers are grounded."
    )
    parser.add_argument("suites", nargs="+", metavar="SUITE", help=f"{', '.join(NAMES)}, or all")
    parser.add_argument("--out", type=Path, help="the run's folder; an unfinished run goes on")
    parser.add_argument("--limit", type=int, help="questions a suite, chosen with the seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--against", type=Path, help="an earlier run's folder to compare with")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings")
    parser.add_argument("--data", type=Path, help="folder of data sets; else the small samples")
    parser.add_argument("--questions", type=Path, help="your own, for answers: JSON lines")
    parser.add_argument("--articles", type=Path, help="what they are asked over (articles/ beside)")
    return parser


def run(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    settings = {}
    for text in given.settings:
        name, found, value = text.partition("=")
        if not found or not name:
            print(f"--set {text!r}: write it as name=value.", file=sys.stderr)
            return 2
        settings[name] = value
    from eval.run import main

    try:
        return main(
            given.suites,
            given.out,
            given.limit,
            given.seed,
            given.against,
            settings,
            given.data,
            questions=given.questions,
            articles=given.articles,
        )
    except DatelineError as error:
        print(error, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(run())
