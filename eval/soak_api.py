"""A soak of the API: clients that ask, hang up and are killed, for some minutes, on loopback.

    python -m eval.soak_api --minutes 2 --model smollm2-135m-instruct

Starts `dateline serve` over a library made of the sample articles. Every answer must be the one
to its own question, word for word as the first time; memory, open files and threads of the server
are printed before and after. Exit code 1 where an answer was another's, or something leaks.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = 8
HANG_UP, KILL, GIVE_UP, LOOK = 0.2, 0.1, 0.1, 0.1  # shares of what clients do; the rest listen
MEMORY_MB, FILES, THREADS = 64, 8, 8  # more than these is a leak


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the server: resident memory, of which its own (not the mapped model), files, threads."""

    memory_mb: float
    own_mb: float
    files: int
    threads: int


@dataclass
class Soak:
    url: str
    questions: Sequence[str]
    expected: dict[str, str] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def first(self) -> None:
        """Every question once, by itself: what its answer is from now on."""
        with httpx.Client(timeout=300) as client:
            for question in self.questions:
                said = client.post(self._chat, json=_body(question, stream=False)).json()
                self.expected[question] = said["choices"][0]["message"]["content"]
                if said["dateline"]["question"] != question:
                    self.wrong.append(f"{question!r} got {said['dateline']['question']!r}")

    def together(self) -> None:
        """All clients at once, so that what the server keeps for so many is there."""
        asking = [
            threading.Thread(target=self._alone, args=[self.questions[n % len(self.questions)]])
            for n in range(CLIENTS)
        ]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()

    def _alone(self, question: str) -> None:
        with httpx.Client(timeout=300) as client:
            self._listened(client, question)

    def client(self, number: int, until: float) -> None:
        chance = random.Random(number)  # noqa: S311
        with httpx.Client(timeout=300) as client:
            while time.monotonic() < until:
                question = chance.choice(self.questions)
                what = chance.random()
                try:
                    self.done[self._one(client, question, what, chance)] += 1
                except httpx.HTTPError as error:
                    self.wrong.append(f"{type(error).__name__}: {error}")

    @property
    def _chat(self) -> str:
        return self.url + "v1/chat/completions"

    def _one(self, client: httpx.Client, question: str, what: float, chance: random.Random) -> str:
        if what < HANG_UP:
            with client.stream("POST", self._chat, json=_body(question)) as reply:
                for _ in zip(range(chance.randrange(1, 4)), reply.iter_lines(), strict=False):
                    pass
            return "hung up"
        what -= HANG_UP
        if what < KILL:
            self._killed(question, chance)
            return "killed"
        what -= KILL
        if what < GIVE_UP:
            try:
                timeout = httpx.Timeout(300, read=chance.uniform(0.01, 0.5))
                httpx.post(self._chat, json=_body(question, stream=False), timeout=timeout)
            except httpx.ReadTimeout:
                return "gave up"
            return "answered"
        what -= GIVE_UP
        if what < LOOK:
            client.post(self.url + "v1/search", json={"query": question}).raise_for_status()
            client.get(self.url + "v1/articles", params={"limit": 5}).raise_for_status()
            return "looked"
        return self._listened(client, question)

    def _killed(self, question: str, chance: random.Random) -> None:
        """As when the client's process is killed: the connection is reset, mid-way."""
        address = httpx.URL(self.url)
        body = json.dumps(_body(question)).encode()
        with socket.create_connection((address.host, address.port or 80)) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raw.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                b"Content-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body) + body[: chance.choice([None, 20])]
            )
            time.sleep(chance.uniform(0, 0.5))

    def _listened(self, client: httpx.Client, question: str) -> str:
        text, asked = "", question
        with client.stream("POST", self._chat, json=_body(question)) as reply:
            if reply.status_code == 429:
                reply.read()
                time.sleep(1)
                return "sent away"
            for line in reply.iter_lines():
                if not line.startswith("data: {"):
                    continue
                chunk: dict[str, Any] = json.loads(line[6:])
                if "error" in chunk:
                    self.wrong.append(f"{question!r}: {chunk['error']['message']}")
                    return "failed"
                text += chunk["choices"][0]["delta"].get("content") or ""
                asked = chunk.get("dateline", {}).get("question", asked)
        if asked != question or text != self.expected[question]:
            self.wrong.append(f"{question!r} got {text!r}, not {self.expected[question]!r}")
        return "answered"


def _body(question: str, *, stream: bool = True) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}]
    return {"model": "library", "messages": messages, "stream": stream}


@contextmanager
def serving(library: Path, model: str | None) -> Iterator[tuple[str, int]]:
    """The address, and the process, of a server."""
    command = [sys.executable, "-m", "ui.cli.app", "serve", "--port", "0", "--log-format", "none"]
    command += ["--library", str(library), *(["--model", model] if model else [])]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert server.stderr
    said = ""
    for line in server.stderr:
        said = line
        if "serves at" in line:
            break
    else:
        raise SystemExit(f"The server didn't start: {said}")
    threading.Thread(target=server.stderr.read, daemon=True).start()
    try:
        yield said.split()[3].removesuffix("v1"), server.pid
    finally:
        server.terminate()
        server.wait(60)


def figures(pid: int) -> Figures:
    import psutil

    server = psutil.Process(pid)
    memory = server.memory_full_info()
    return Figures(memory.rss / 1e6, memory.uss / 1e6, server.num_fds(), server.num_threads())


def quiet(pid: int, seconds: float = 60) -> Figures:
    """When what was under way has ended: the least open files within some seconds."""
    end, least = time.monotonic() + seconds, figures(pid)
    while time.monotonic() < end:
        time.sleep(1)
        now = figures(pid)
        if now.files >= least.files and now.threads >= least.threads:
            return now
        least = now
    return least


def questions(limit: int) -> list[str]:
    lines = (ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines][:limit]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--model")
    parser.add_argument("--questions", type=int, default=10)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        add = [sys.executable, "-m", "ui.cli.app", "add", "seeds/articles"]
        subprocess.run([*add, "--library", str(library)], cwd=ROOT, check=True, capture_output=True)
        os.environ.setdefault("DATELINE_CACHE", str(Path(folder) / "cache"))
        with serving(library, asked.model) as (url, pid):
            soak = Soak(url, questions(asked.questions))
            soak.first()
            soak.together()
            before = quiet(pid)
            print("before:", before, flush=True)
            until = time.monotonic() + asked.minutes * 60
            threads = [
                threading.Thread(target=soak.client, args=(number, until))
                for number in range(CLIENTS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            after = quiet(pid)
            print("after: ", after)
            print("clients:", dict(soak.done))
    for line in soak.wrong:
        print("WRONG", line)
    leaks = (
        after.own_mb - before.own_mb > MEMORY_MB
        or after.files - before.files > FILES
        or after.threads - before.threads > THREADS
    )
    print("leaks" if leaks else "no leak", "and", len(soak.wrong), "wrong")
    return 1 if leaks or soak.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
