"""Talking with a peer's script: a job in a file, then a question a line, an answer a line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from eval.peers.judging import Given
from index.article import Article
from index.errors import DatelineError

SCRIPT = Path(__file__).with_name("llamaindex.py")
_LAST_LINES = 5


class PeerStopped(RuntimeError):
    """The peer's process ended. Not a DatelineError, which would count against one question."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the script needs to know before the first question (see `llamaindex`)."""

    articles: tuple[dict[str, str], ...]
    generator: str
    encoder: str
    threads: int
    context: int
    max_tokens: int
    chunk_size: int | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def written(articles: Sequence[Article], folder: Path) -> tuple[dict[str, str], ...]:
    """The articles' cleaned texts as files, each under its title, source and date: the peer reads
    what Dateline reads, and how well either extracts text from a page isn't measured."""
    folder.mkdir(parents=True)
    found = []
    for n, article in enumerate(articles):
        path = folder / f"{n:06}.txt"
        published = article.published.isoformat() if article.published else ""
        line = ", ".join(part for part in (article.source, published) if part)
        head = "\n".join(part for part in (article.title, line) if part)
        path.write_text(f"{head}\n\n{article.text}\n", "utf-8")
        found.append(
            {
                "path": str(path),
                "title": article.title,
                "source": article.source or "",
                "published": published,
            }
        )
    return tuple(found)


class Peer:
    """A started script that is ready for questions."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log
        self.facts = self._read()

    def ask(self, question: str) -> Given:
        """Raises DatelineError when it can't answer this question, PeerStopped when it is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"question": question}) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise self._stopped() from None
        return given(self._read())

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._stopped()
        found: dict[str, Any] = json.loads(line)
        return found

    def _stopped(self) -> PeerStopped:
        code = self._process.wait()
        said = " / ".join(_tail(self._log)) or "nothing"
        return PeerStopped(f"LlamaIndex's process ended with {code}; the last that it said: {said}")


def given(line: dict[str, Any]) -> Given:
    """What the script said about one question, as both sides' answers are kept."""
    if "error" in line:
        raise DatelineError(f"LlamaIndex couldn't answer: {line['error']}")
    first = line["first_token_s"]
    return Given(
        text=line["text"].strip(),
        declined=None,
        cited=None,
        sources=tuple(line["sources"]),
        first_token_s=line["total_s"] if first is None else first,
        total_s=line["total_s"],
        prompt_tokens=line["prompt_tokens"],
        written_tokens=line["written_tokens"],
    )


@contextmanager
def peer(python: Path, job: Job, folder: Path, script: Path = SCRIPT) -> Iterator[Peer]:
    """The script, started over this job; it ends with the block. `folder`: for its own files."""
    folder.mkdir(parents=True, exist_ok=True)
    file, log = folder / "job.json", folder / "peer.log"
    file.write_text(job.to_json(), "utf-8")
    # Isolated (-I): neither this folder nor PYTHONPATH can bring a module of ours into it.
    command = [str(python), "-I", str(script), str(file)]
    settings = {
        **os.environ,
        "OMP_NUM_THREADS": str(job.threads),
        "LLAMA_INDEX_CACHE_DIR": str(folder),
    }
    with (
        log.open("w", encoding="utf-8") as errors,
        _started(command, settings, errors) as process,
    ):
        yield Peer(process, log)


@contextmanager
def _started(
    command: list[str], settings: dict[str, str], errors: IO[str]
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        encoding="utf-8",
        env=settings,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _tail(log: Path) -> list[str]:
    lines = log.read_text("utf-8", "replace").splitlines()
    return [line.strip() for line in lines if line.strip()][-_LAST_LINES:]
