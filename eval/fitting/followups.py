"""How follow-ups are understood: `python -m eval.fitting.followups FILE… [--writer]`.

Each line of a file (`samples/followups.*.jsonl`) is a question after others, the kind of what it
asks, and patterns that the question as it stands alone must match (`alone`: it must stay as it is).
Without the Writer, what would be rewritten carries the question before it in brackets. Prints
figures only unless `--show`: a held file must stay unread.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.command import run
from eval.datasets import json_lines
from index.encoding.encoder import Encoder
from index.search import Hit
from rag.generating.generator import Piece, Prompt, Read, Stop
from rag.understanding.conversation.follow_ups import understood
from rag.understanding.conversation.listed import Turn
from rag.understanding.guessing import guess
from rag.understanding.kinds import Kind


@dataclass(frozen=True, slots=True)
class FollowUp:
    question: str
    history: tuple[Turn, ...]
    kinds: tuple[Kind, ...]  # the first is the label
    subject: tuple[str, ...]
    alone: bool

    def about(self, query: str) -> bool:
        if self.alone:
            return query == self.question
        return all(re.search(pattern, query, re.IGNORECASE) for pattern in self.subject)


def read(path: Path) -> list[FollowUp]:
    return [
        FollowUp(
            row["question"],
            tuple((question, answer) for question, answer in row["history"]),
            (row["kind"], *row.get("accept", ())),
            tuple(row["subject"]),
            row.get("alone", False),
        )
        for _, row in json_lines(path)
    ]


class Silent:
    """A Writer that rewrites nothing."""

    name, sha256 = "none", "0" * 64

    def write(
        self, question: str, hits: Sequence[Hit], stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        yield from ()

    def fits(self, question: str, hits: Sequence[Hit]) -> int:
        return 0

    def reply(self, prompt: Prompt, most: int, stop: Stop | None = None) -> str:
        return ""

    def close(self) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.followups", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--writer", action="store_true", help="let the local model rewrite")
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    args = parser.parse_args()
    from rag.opening import open_encoder, open_reader

    encoder: Encoder = open_encoder()
    writer: Any = open_reader() if args.writer else Silent()
    print("| file | kind, strict | with accept | subject | all right | of |")
    print("| --- | --- | --- | --- | --- | --- |")
    for path in args.files:
        strict = fine = about = right = 0
        rows = read(path)
        for one in rows:
            before = [question for question, _ in one.history]
            kind = guess(one.question, before, encoder).kind
            small = kind == "smalltalk"
            query = one.question if small else understood(one.question, one.history, writer)
            strict += kind == one.kinds[0]
            fine += kind in one.kinds
            about += one.about(query)
            right += kind in one.kinds and one.about(query)
            if args.show and not (kind in one.kinds and one.about(query)):
                print(f"{one.question!r} as {kind}, {query!r}")
        print(f"| {path.name} | {strict} | {fine} | {about} | {right} | {len(rows)} |")
    writer.close()


if __name__ == "__main__":
    run(main)
