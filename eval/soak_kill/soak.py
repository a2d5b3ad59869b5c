"""A library, the files that it is of, what may be in it, and what is there after each kill."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from eval.soak_kill import moves
from eval.soak_kill.account import Account
from eval.soak_kill.nursery import WORK
from eval.soak_kill.points import Long, Moment, moment
from eval.soak_kill.reading import EVERYTHING, MODES, by_article, not_whole
from eval.soak_kill.stand_ins import Here, opened
from index.following.following import follow
from index.following.refresh import refresh
from index.library import Library

_LEAST = 12
_MOST = 40  # articles, above which the library is emptied: a search over all is part of each check
_TOPICS = ("harbour bridge", "grain by rail", "copper prices", "winter festival", "old institute")


@dataclass
class Found:
    """`killed` and `ended`: how often each work was cut off, and was done before the kill came.
    `second`: articles that the second writer reported; `looks`: of the reader while others wrote;
    `formed`: checks with the large form in use; `left`: what was there after a move, how often.
    `lacking`: why nothing was moved to a server. `wrong`: what wasn't as it should be, a sentence
    each."""

    killed: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    reported: int = 0
    second: int = 0
    looks: int = 0
    formed: int = 0
    left: Counter[moves.Left] = field(default_factory=Counter)
    lacking: str = ""
    wrong: list[str] = field(default_factory=list)


class Soak:
    def __init__(self, folder: Path, seed: int, say: Callable[[str], None]) -> None:
        self._library = folder.resolve() / "library"
        names = {"add": "papers", "refresh": "followed", "second": "second"}
        self._papers = {what: folder.resolve() / name for what, name in names.items()}
        for papers in self._papers.values():
            papers.mkdir()
        self._chance = random.Random(seed)  # noqa: S311
        self._tell = say
        self._account = Account()
        self._targets = moves.Targets(folder.resolve())
        self._works = [w for w in WORK if w != moves.SERVER or not self._targets.lacking]
        self._long: dict[str, Long] = {}  # of each work
        self._number = 0
        self._encoder = 0
        self.found = Found(lacking=self._targets.lacking)
        with opened(self._library, "0", create=True) as library:
            follow(library, str(self._papers["refresh"]))
        self._nursery = _started("--nursery", self._library)
        self._reader = _started("--reader", self._library)

    def close(self) -> None:
        for process in (self._nursery, self._reader):
            process.kill()
            process.wait()
        self._targets.close()

    def run(self, kills: int) -> Found:
        """Until so many were killed in the middle of their work."""
        for number in range(5 * kills):
            if self.found.killed.total() >= kills:
                break
            if len(self._account.sure) < _LEAST:  # there must be something to lose
                for what in ("add", "refresh"):
                    self._turn(what, kill=False)
            what = self._works[number % len(self._works)]
            self._turn(what, kill=what in self._long)
            if len(self._account.sure) > _MOST:
                self._empty()
        self._make_up()
        return self.found

    def _turn(self, what: str, *, kill: bool) -> None:
        _write(self._reader, "go")
        job = self._work(what, kill=kill)
        _write(self._reader, "rest")
        assert self._reader.stdout is not None
        seen = json.loads(self._reader.stdout.readline())
        self.found.looks += seen["looks"]
        self._wrong(what, *seen["wrong"])
        self._check(what)
        if "target" in job:
            self._look_there(what, job)
        if kill:
            killed, wrong = self.found.killed.total(), len(self.found.wrong)
            self._tell(f"{killed} killed, the last at {what}: {wrong} things wrong")
        for mode, held in seen["found"].items():
            if held != self._account.hashes():
                self._wrong(what, f"the reader's library finds other articles by {mode}")

    def _make_up(self) -> None:
        """What was cut off comes with the next run, once."""
        request: dict[str, Any] = {"do": "add", "targets": []}
        for what in ("add", "second"):
            for path in sorted(self._papers[what].iterdir()):
                request["targets"].append(str(path))
                self._account.maybe[str(path)] = {path.read_text()}
        self._ask([request], None)
        self._check("going on")

    # --- working ----------------------------------------------------------------------------

    def _work(self, what: str, *, kill: bool) -> dict[str, Any]:
        job: dict[str, Any] = {"do": what}
        if what == "rebuild":
            job["to"] = str(self._encoder + 1)
        elif what == "remove":
            with Library.open(self._library) as library:
                heads = library.heads()
            gone = self._chance.sample(heads, min(3, len(heads)))
            job["ids"] = [head.id for head in gone]
            for head in gone:
                self._account.may_become(str(head.path), None)
        elif what == "refresh":
            job["seed"] = self._chance.random()
        elif what in (moves.FOLDER, moves.SERVER):
            job["target"] = self._targets.new(what)
        if what in ("add", "update", "refresh"):
            job["targets"] = self._written(what, 6)
        # (what comes after a move makes the source another, and then it can't be begun again)
        count = self._chance.choice((0, 2)) if "target" in job else 2
        second = {"do": "add", "targets": self._written("second", count)}
        at = moment(self._chance, self._long[what]) if kill else Moment()
        done = self._ask([job | {"point": at.point, "file": at.file}, second], at.after)
        (self.found.ended if 0 in done else self.found.killed)[what] += 1
        if 1 not in done:
            self._wrong(what, "the second writer failed")
        if not kill and 0 not in done:
            self._wrong(what, f"{what} failed by itself")
        return job | {"late": set(second["targets"]), "done": 0 in done}

    def _look_there(self, what: str, job: dict[str, Any]) -> None:
        """At the place that was moved to; then the move is begun again."""
        target = job["target"]
        left, wrong = moves.after(self._library, target, job["late"])
        self.found.left[left] += 1
        if job["done"] and left == "nothing":
            wrong.append("what was moved isn't there")
        if left == "earlier":  # what came since makes it something else: it isn't moved over
            self._targets.forget(target)
            target = self._targets.new(what)
        self._wrong(what, *wrong, *moves.again(self._library, target, already=left == "all"))
        self._targets.forget(target)

    def _ask(self, jobs: list[dict[str, Any]], after: float | None) -> set[int]:
        """Has the jobs done; the numbers of those that came to an end."""
        request: dict[str, Any] = {
            "jobs": [{**job, "encoder": str(self._encoder)} for job in jobs],
            **({} if after is None else {"after": after}),
        }
        _write(self._nursery, json.dumps(request))
        assert self._nursery.stdout is not None
        done = set()
        for line in iter(self._nursery.stdout.readline, "over\n"):
            number, what, *rest = line.rstrip("\n").split("\t")
            job = jobs[int(number)]
            if what == "done":
                done.add(int(number))
                if int(number) == 0:
                    self._long[job["do"]] = Long(float(rest[0]), int(rest[1]), int(rest[2]))
                if job["do"] == "remove":
                    self._account.removed()
            elif what == "mismatch":
                if not any("to" in one for one in jobs):
                    self._wrong(job["do"], "another encoder than it was encoded with")
                done.add(int(number))  # another writer encoded the library anew
            elif what == "failed":
                self._wrong(job["do"], rest[0])
            else:
                self._reported(what, rest[0], second=number == "1")
        return done

    def _reported(self, path: str, digest: str, *, second: bool) -> None:
        self.found.reported += 1
        self.found.second += second
        self._account.reported(path, digest)

    def _written(self, what: str, count: int) -> list[str]:
        """Files anew, or changed; of the folder that is followed, both."""
        papers = self._papers.get(what, self._papers["add"])
        known = sorted(path for path in self._account.sure if Path(path).parent == papers)
        paths = []
        if what != "update":
            for _ in range(count):
                self._number += 1
                paths.append(str(papers / f"{self._number}.txt"))
        if what in ("update", "refresh"):
            paths += self._chance.sample(known, min(count, len(known)))
        for path in paths:
            self._number += 1
            text = self._text()
            self._account.may_become(path, text)
            Path(path).write_text(text)
        if what == "refresh":  # and those whose article is there no more
            for file in papers.iterdir():
                self._account.may_become(str(file), file.read_text())
        return paths

    def _text(self) -> str:
        about = _TOPICS[self._number % len(_TOPICS)]
        words = [f"zq{self._number}x{n}" for n in range(40)]
        parts = [
            f"Part {n} of report zq{self._number} is about the {about}. " + " ".join(words[n::6])
            for n in range(self._chance.randint(2, 12))
        ]
        return "\n\n".join(f"{part} It was written down on that day." for part in parts)

    def _empty(self) -> None:
        with opened(self._library) as library:
            for _ in refresh(library, reader=Here()):  # what was never read would come later
                pass
            library.remove([head.id for head in library.heads()])
        for papers in self._papers.values():
            for path in papers.iterdir():
                path.unlink()
        self._account = Account()

    # --- checking ---------------------------------------------------------------------------

    def _wrong(self, what: str, *sentences: str) -> None:
        for sentence in sentences:
            self.found.wrong.append(f"after {what}: {sentence}")
            self._tell(self.found.wrong[-1])

    def _check(self, what: str) -> None:
        with opened(self._library) as library:
            self._encoder = int(library.status().encoder)
            self.found.formed += library.status().form is not None
            self._wrong(what, *library.inspect().problems)
            articles = library.articles()
            there = {str(article.path): article.text for article in articles}
            if len(there) != len(articles):
                self._wrong(what, "an article is there twice")
            kept = {str(a.path): [v.text for v in library.versions(a.id)] for a in articles}
            self._wrong(what, *self._account.settle(there, kept))
            for mode in MODES:
                hits = library.search(EVERYTHING, 100_000, mode=mode)
                self._wrong(what, *not_whole(hits))
                if set(by_article(hits)) != set(there):
                    self._wrong(what, f"{mode} search doesn't find just what is there")
            for article in self._chance.sample(articles, min(5, len(articles))):
                word = article.text.split()[4]
                best = library.search(word, 1, mode="lexical")
                if not best or best[0].article.id != article.id:
                    self._wrong(what, f"{article.path} isn't found by its own word {word!r}")


def _started(what: str, library: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "eval.soak_kill", what, str(library)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


def _write(process: subprocess.Popen[str], line: str) -> None:
    pipe: IO[str] | None = process.stdin
    assert pipe is not None
    pipe.write(line + "\n")
    pipe.flush()


def soak(kills: int, seed: int, say: Callable[[str], None] = lambda _: None) -> Found:
    """`say` is told of every kill."""
    with (
        tempfile.TemporaryDirectory(prefix="dateline-kill-") as folder,
        moves.cache(Path(folder) / "cache"),
    ):
        soaked = Soak(Path(folder), seed, say)
        try:
            return soaked.run(kills)
        finally:
            soaked.close()
