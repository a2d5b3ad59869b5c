"""Who reads all along: one process with one open library, whatever happens to those who write.

Between "go" and "rest" it searches without a pause, and whatever it finds must be whole; at "rest"
it says what was wrong, and what it finds by vector and by words.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
from collections import defaultdict

from eval.soak_kill.stand_ins import opened
from index.errors import EncoderMismatch
from index.library import Library
from index.search import Hit

EVERYTHING = "report"  # a word of every passage
MODES = ("dense", "lexical")


def by_article(hits: list[Hit]) -> dict[str, list[Hit]]:
    found: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        found[str(hit.article.path)].append(hit)
    return found


def not_whole(hits: list[Hit]) -> list[str]:
    """What is wrong with everything that a library holds, found in one search."""
    wrong = []
    for path, some in by_article(hits).items():
        text, last = some[0].article.text, 0
        for hit in sorted(some, key=lambda hit: hit.passage.start):
            passage = hit.passage
            if text[passage.start : passage.end] != passage.text:
                wrong.append(f"a passage isn't a part of {path}")
            if text[last : passage.start].strip():
                wrong.append(f"a part of {path} isn't found")
            if hit.dense_rank and abs(hit.score - hit.dense) > 2e-3:
                wrong.append(f"a vector of {path} isn't that of the rows")
            last = passage.end
        if text[last:].strip():
            wrong.append(f"the end of {path} isn't found")
    return wrong


class Looking:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._library: Library | None = None
        self.looks = 0
        self.wrong: list[str] = []

    def look(self) -> dict[str, dict[str, str]]:
        """The hash of every article that is found, by path: by vector, and by words."""
        try:
            found = {}
            for mode in MODES:
                if self._library is None:
                    self._library = opened(self._folder)
                hits = self._library.search(EVERYTHING, 100_000, mode=mode)
                self.wrong += [f"the reader, by {mode}: {what}" for what in not_whole(hits)]
                found[mode] = {
                    path: some[0].article.content_hash for path, some in by_article(hits).items()
                }
            self.looks += 1
            return found
        except EncoderMismatch:  # it was encoded anew
            if self._library is not None:
                self._library.close()
            self._library = None
            return {}
        except Exception as error:
            self.wrong.append(f"the reader failed: {type(error).__name__}: {error}")
            return {}


def read(folder: str) -> None:
    said: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            said.put(line.strip())
        said.put("end")

    threading.Thread(target=listen, daemon=True).start()
    looking, going = Looking(folder), False
    while True:
        try:
            word = said.get(block=not going)
        except queue.Empty:
            looking.look()
            continue
        if word == "end":
            return
        going = word == "go"
        if not going:
            found = looking.look() or looking.look()
            answer = {"found": found, "wrong": looking.wrong, "looks": looking.looks}
            print(json.dumps(answer), flush=True)
            looking.wrong, looking.looks = [], 0
