"""The command line of `python -m eval.soak_kill`."""

from __future__ import annotations

import argparse
import sys

import eval.soak_kill as described
from eval.soak_kill.nursery import WORK, nurse
from eval.soak_kill.reading import read
from eval.soak_kill.soak import soak


def main() -> int:
    parser = argparse.ArgumentParser(description=described.__doc__, prog="python -m eval.soak_kill")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20240517)
    parser.add_argument("--nursery", help=argparse.SUPPRESS)
    parser.add_argument("--reader", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.nursery:
        nurse(options.nursery)
        return 0
    if options.reader:
        read(options.reader)
        return 0
    found = soak(options.kills, options.seed, lambda line: print(line, file=sys.stderr, flush=True))
    for what in WORK:
        print(f"{what:19} killed in the middle {found.killed[what]:4}, done {found.ended[what]:4}")
    print(f"{found.reported} articles reported, {found.second} of them by the second writer")
    print(f"{found.looks} looks by the reader, {found.formed} checks with the large form in use")
    if found.left:
        print("moves left " + ", ".join(f"{what} {n} times" for what, n in found.left.items()))
    if found.lacking:
        print(f"nothing was moved to a server: {found.lacking}")
    print(f"{len(found.wrong)} things wrong")
    for sentence in found.wrong[:50]:
        print(f"  {sentence}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
