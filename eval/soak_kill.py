"""`python -m eval.soak_kill --times 200`: whoever writes to a library is killed at random moments.

After each kill the library must open, hold every article that was reported, each in one of the two
texts that it can have, find it by its words and by its vectors, and hold nothing that nobody wrote
and nothing twice; every byte is compared (`Library.inspect`). Writers are forked from a process
that has imported everything, so that a kill costs milliseconds; three in ten come at a random time,
the others at a random statement that SQLite is given: most of the time nothing is being written.
No model is needed: a hash of words stands in for the encoder. POSIX only.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.following.following import follow
from index.following.refresh import refresh
from index.ingest import add
from index.library import Library

WORK = ("add", "update", "remove", "rebuild", "refresh")
_LEAST = 12
_MOST = 60  # articles, above which the library is emptied: a search over all is part of each check
_TOPICS = ("harbour bridge", "grain by rail", "copper prices", "winter festival", "old institute")


class WordHash:
    """Stands in for an Encoder: a hashed bag of words."""

    dimension = 64

    def __init__(self, name: str = "word-hash") -> None:
        self.name = name

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        made = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.casefold()):
                digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
                made[row, digest[0] % self.dimension] += 1.0 if digest[1] % 2 else -1.0
        unit: NDArray[np.float32] = made / np.linalg.norm(made, axis=1, keepdims=True)
        return unit

    def fits(self, text: str) -> bool:
        return len(text.split()) <= 200

    def count(self, text: str) -> int:
        return len(text.split())


@dataclass
class Found:
    """`killed` and `ended`: how often each work was cut off, and was done before the kill came.
    `wrong`: what wasn't as it should be, a sentence each."""

    killed: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    reported: int = 0
    wrong: list[str] = field(default_factory=list)


class Soak:
    """A library, the files it is of, and what is known of both."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._library = folder / "library"
        self._papers = {"add": folder / "papers", "refresh": folder / "followed"}
        for papers in self._papers.values():
            papers.mkdir(parents=True)
        self._chance = random.Random(seed)  # noqa: S311
        self._sure: dict[str, str] = {}  # the text of every article, by path
        self._maybe: dict[str, set[str | None]] = {}  # what it may be now; None: not there
        self._history: dict[str, list[str]] = {}
        self._long: dict[str, tuple[float, int]] = {}  # seconds and statements of each work
        self._number = 0
        self._encoder = 0
        self.found = Found()
        with Library.open(self._library, WordHash("0"), create=True) as library:
            follow(library, str(self._papers["refresh"]))
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "eval.soak_kill", "--nursery", str(self._library)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def close(self) -> None:
        self._nursery.kill()
        self._nursery.wait()

    def run(self, times: int) -> Found:
        """Until so many were killed in the middle of their work."""
        for number in range(5 * times):
            if self.found.killed.total() >= times:
                break
            if len(self._sure) < _LEAST:  # there must be something to lose
                for what in ("add", "refresh"):
                    self._work(what, kill=False)
                    self._check(what)
            what = WORK[number % len(WORK)]
            self._work(what, kill=what in self._long)
            self._check(what)
            if len(self._sure) > _MOST:
                self._empty()
        self._make_up()
        return self.found

    def _make_up(self) -> None:
        """What was cut off comes with the next run, once."""
        whole = {str(p.resolve()): p.read_text() for p in self._papers["add"].iterdir()}
        with Library.open(self._library, WordHash(str(self._encoder))) as library:
            for _ in add(library, [str(self._papers["add"])]):
                pass
        self._maybe = {path: {text} for path, text in whole.items()}
        self._check("going on")

    # --- working ----------------------------------------------------------------------------

    def _work(self, what: str, *, kill: bool) -> None:
        request: dict[str, Any] = {"do": what, "encoder": str(self._encoder)}
        if what == "rebuild":
            self._encoder += 1
            request["to"] = str(self._encoder)
        elif what == "remove":
            with Library.open(self._library) as library:
                heads = library.heads()
            gone = self._chance.sample(heads, min(3, len(heads)))
            request["ids"] = [head.id for head in gone]
            for head in gone:
                self._maybe[str(head.path)] = {self._sure[str(head.path)], None}
        else:
            request["targets"] = self._written(what)
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        if kill:
            seconds, statements = self._long[what]
            if self._chance.random() < 0.3:
                request["kill"] = self._chance.uniform(0, seconds)
            else:
                request["statement"] = self._chance.randint(1, max(1, statements))
        self._nursery.stdin.write(json.dumps(request) + "\n")
        done = False
        for line in iter(self._nursery.stdout.readline, "over\n"):
            if line.startswith("done"):
                done = True
                _, took, many = line.split()
                self._long[what] = float(took), int(many)
                continue
            self.found.reported += 1
            path, digest = line.rstrip("\n").split("\t")
            text = next(
                (t for t in self._maybe.get(path, set()) if t is not None and _hash(t) == digest),
                None,
            )
            self._maybe[path] = {text}  # reported: that, and nothing else
        if done and what == "remove":
            self._maybe = {path: {None} for path in self._maybe}
        (self.found.ended if done else self.found.killed)[what] += 1
        if not kill and not done:
            self.found.wrong.append(f"{what} failed by itself")

    def _written(self, what: str) -> list[str]:
        """Files anew, or changed; of the folder that is followed, both."""
        papers = self._papers["refresh" if what == "refresh" else "add"]
        known = sorted(path for path in self._sure if Path(path).parent == papers.resolve())
        paths = []
        if what != "update":
            for _ in range(8):
                self._number += 1
                paths.append(str(papers.resolve() / f"{self._number}.txt"))
        if what != "add":
            paths += self._chance.sample(known, min(6, len(known)))
        for path in paths:
            self._number += 1
            text = self._text()
            self._maybe[path] = {self._sure.get(path), text}
            Path(path).write_text(text)
        if what == "refresh":  # and those whose article is there no more
            self._maybe |= {
                str(p.resolve()): {self._sure.get(str(p.resolve())), p.read_text()}
                for p in papers.iterdir()
            }
        return paths

    def _text(self) -> str:
        about = _TOPICS[self._number % len(_TOPICS)]
        words = [f"zq{self._number}x{n}" for n in range(40)]
        parts = [
            f"Part {n} of report zq{self._number} is about the {about}. " + " ".join(words[n::6])
            for n in range(self._chance.randint(2, 25))
        ]
        return "\n\n".join(f"{part} It was written down on that day." for part in parts)

    def _empty(self) -> None:
        with Library.open(self._library, WordHash(str(self._encoder))) as library:
            library.remove([head.id for head in library.heads()])
            for _ in refresh(library, remove_gone=True):
                pass
        for papers in self._papers.values():
            for path in papers.iterdir():
                path.unlink()
        self._sure, self._maybe, self._history = {}, {}, {}

    # --- checking ---------------------------------------------------------------------------

    def _check(self, what: str) -> None:
        say = self.found.wrong.append
        library = self._opened()
        with library:
            found = library.inspect()
            self.found.wrong += [f"after {what}: {problem}" for problem in found.problems]
            articles = library.articles()
            there = {str(article.path): article for article in articles}
            if len(there) != len(articles):
                say(f"after {what}: an article is there twice")
            for path in {*there, *self._sure, *self._maybe}:
                text = there[path].text if path in there else None
                if text not in self._maybe.get(path, {self._sure.get(path)}):
                    say(f"after {what}: {path} is {'not what was written' if text else 'lost'}")
                before = self._sure.get(path)
                if text is None:
                    self._history.pop(path, None)
                elif before is not None and before != text:
                    self._history.setdefault(path, []).append(before)
                kept = [v.text for v in library.versions(there[path].id)] if text else []
                if kept != self._history.get(path, []):
                    say(f"after {what}: the history of {path} isn't what was written")
            self._findable(library, what, say)
        self._sure = {path: article.text for path, article in there.items()}
        self._maybe = {}

    def _opened(self) -> Library:
        """With the encoder that it has now: a rebuild is done, or it isn't."""
        with Library.open(self._library) as library:
            self._encoder = int(library.status().encoder)
        return Library.open(self._library, WordHash(str(self._encoder)))

    def _findable(self, library: Library, what: str, say: Any) -> None:
        articles = library.articles()
        passages = {p.id: p for a in articles for p in library.passages(a.id)}
        for article in articles:
            for passage in library.passages(article.id):
                if article.text[passage.start : passage.end] != passage.text:
                    say(f"after {what}: a passage isn't a part of {article.path}")
        for mode in ("dense", "lexical"):
            hits = {h.passage.id for h in library.search("report", 100_000, mode=mode)}
            if hits != set(passages):
                say(f"after {what}: {mode} search finds {len(hits)} of {len(passages)} passages")
        for article in articles:
            word = article.text.split()[4]
            best = library.search(word, 1, mode="lexical")
            if not best or best[0].article.id != article.id:
                say(f"after {what}: {article.path} isn't found by its own word {word!r}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _nursery(folder: str) -> None:
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            began = time.perf_counter()
            counted = _count(request.get("statement"))
            _do(folder, request)
            _say(f"done {time.perf_counter() - began} {next(counted)}\n")
            os._exit(0)
        if "kill" in request:
            time.sleep(request["kill"])
            os.kill(child, signal.SIGKILL)  # ours until it is waited for
        os.waitpid(child, 0)
        _say("over\n")


def _count(last: int | None) -> Iterator[int]:
    """Counts the statements that SQLite is given from now on; this process dies at the last."""
    count = itertools.count()
    plain = sqlite3.connect

    def counted(statement: str) -> None:
        if next(count) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = plain(*arguments, **named)
        db.set_trace_callback(counted)
        return db

    sqlite3.connect = connect  # type: ignore[assignment]
    return count


def _say(line: str) -> None:
    os.write(1, line.encode())


def _do(folder: str, request: dict[str, Any]) -> None:
    with Library.open(folder, WordHash(request["encoder"])) as library:
        match request["do"]:
            case "rebuild":
                library.reindex(WordHash(request["to"]))
            case "remove":
                library.remove(request["ids"])
            case "refresh":
                for outcome in refresh(library):
                    if outcome.article is not None and outcome.status != "gone":
                        _say(f"{outcome.article.path}\t{outcome.article.content_hash}\n")
            case _:
                for outcome in add(library, request["targets"]):
                    if outcome.article is not None:
                        _say(f"{outcome.article.path}\t{outcome.article.content_hash}\n")


def soak(times: int, seed: int) -> Found:
    with tempfile.TemporaryDirectory(prefix="dateline-kill-") as folder:
        soaked = Soak(Path(folder), seed)
        try:
            return soaked.run(times)
        finally:
            soaked.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m eval.soak_kill")
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20240517)
    parser.add_argument("--nursery", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.nursery:
        _nursery(options.nursery)
        return 0
    found = soak(options.times, options.seed)
    for what in WORK:
        print(f"{what:8} killed in the middle {found.killed[what]:4}, done {found.ended[what]:4}")
    print(f"{found.reported} articles reported; {len(found.wrong)} things wrong")
    for sentence in found.wrong[:50]:
        print(f"  {sentence}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
