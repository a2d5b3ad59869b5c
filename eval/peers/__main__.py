"""`python -m eval.peers`: Dateline beside LlamaIndex's CitationQueryEngine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from index.errors import DatelineError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval.peers",
        description="Ask Dateline and LlamaIndex's CitationQueryEngine the same questions.",
    )
    parser.add_argument("--articles", type=Path, help="folder of articles (seeds/articles)")
    parser.add_argument("--questions", type=Path, help="JSON lines (questions.jsonl beside it)")
    parser.add_argument("--out", type=Path, help="the run's folder; an unfinished run goes on")
    parser.add_argument("--limit", type=int, help="questions, chosen with the seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", help="the generator of both, by its name in models.txt")
    parser.add_argument(
        "--chunk-size",
        type=int,
        action="append",
        default=[],
        metavar="TOKENS",
        help="also ask LlamaIndex with chunks of this size instead of its defaults",
    )
    return parser


def run(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    from eval.peers.run import main  # the heavy libraries load here, not for --help

    try:
        return main(
            given.articles,
            given.questions,
            given.out,
            given.limit,
            given.seed,
            given.model,
            (None, *given.chunk_size),
        )
    except DatelineError as error:
        print(error, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(run())
