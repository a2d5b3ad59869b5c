"""`python -m eval.soak_page --minutes 10`: the page under eight browser tabs, and what it keeps.

The real `dateline chat` over a small library of made-up towns, with the tiny generator, while tabs
ask, are closed and opened again in the middle of answers, stop, add files, uploads are broken off,
and somebody guesses passwords. It prints memory, descriptors and threads before, during and after,
and for how many answers the tab, the conversation and the passages are those of the question.
"""

from __future__ import annotations

import argparse
import asyncio
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
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval import command
from index.errors import UsageError

TABS = 8
MODEL = "smollm2-135m-instruct"
CHROMIUM = Path("/usr/bin/chromium")
_USER, _PASSWORD = "soak", "right-one"
_IDLE_S = 75  # what the page gives up, it has given up by then
_EVERY_S = 15.0
_PATIENCE_MS = 240_000  # for the answers of all others
_TOWNS = ["Varnholm", "Skarrey", "Oldmere", "Brackwater", "Tyndale", "Quarrow"]
_ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


@dataclass(frozen=True, slots=True)
class Sample:
    """Of the program and the processes it started: resident MB, descriptors, threads."""

    minute: float
    memory: float
    descriptors: int
    threads: int
    processes: int

    def __str__(self) -> str:
        return (
            f"{self.minute:6.1f} {self.memory:8.1f} {self.descriptors:6d} {self.threads:8d} "
            f"{self.processes:10d}"
        )


@dataclass(slots=True)
class Tally:
    """What was done, and what went wrong, by name."""

    done: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def write_articles(folder: Path) -> None:
    """A town has one story, with a figure that no other has."""
    folder.mkdir(parents=True)
    for n, town in enumerate(_TOWNS):
        (folder / f"{town.lower()}.txt").write_text(
            f"{town} opens its new bridge\n\nThe new bridge of {town} was opened on Monday by the "
            f"mayor, after a delay of {n + 2} months.\n\nThe bridge of {town} cost {31 + 7 * n} "
            f"million crowns, the council of {town} said, and carries four lanes.\n"
        )


def question(town: str) -> str:
    return f"What did the bridge of {town} cost?"


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[str, int]]:
    """The page's address and its process, over a library in `folder`."""
    environment = os.environ | {
        "DATELINE_CACHE": str(folder / "cache"),
        "DATELINE_CONVERSATIONS": str(folder / "own"),
        "DATELINE_LIBRARY": str(folder / "library"),
    }
    program = [sys.executable, "-m", "ui.cli.app"]
    write_articles(folder / "articles")
    await asyncio.to_thread(
        subprocess.run,
        [*program, "add", str(folder / "articles")],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [*program, "chat", "--port", "0", "--auth", f"{_USER}:{_PASSWORD}", "--model", MODEL],
        env=environment,
        stderr=log,
    )
    try:
        while not (found := re.search(r"http://\S+", (folder / "log").read_text())):
            if process.poll() is not None:
                raise UsageError(f"the page ended at once: {(folder / 'log').read_text().strip()}")
            await asyncio.sleep(0.1)
        yield found[0], process.pid
    finally:
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, 30)
        print(f"ended {time.monotonic() - began:.1f} s after Ctrl-C with {process.poll()}")
        process.kill()
        log.close()


def measured(pid: int, began: float) -> Sample:
    import psutil

    program = psutil.Process(pid)
    memory, descriptors, threads, processes = 0, 0, 0, 0
    for each in [program, *program.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            memory += each.memory_info().rss
            descriptors += each.num_fds()
            threads += each.num_threads()
            processes += 1
    return Sample((time.monotonic() - began) / 60, memory / 1e6, descriptors, threads, processes)


# --- what the tabs do ---------------------------------------------------------------------------


class Tab:
    """One window, in a browser context of its own."""

    def __init__(self, browser: Any, url: str, tally: Tally, seed: int, folder: Path) -> None:
        self._browser, self._url, self._tally, self._folder = browser, url, tally, folder
        self._chance = random.Random(seed)  # noqa: S311
        self._seed = seed
        self._context: Any = None
        self._page: Any = None

    async def open(self) -> None:
        self._context = await self._browser.new_context(
            http_credentials={"username": _USER, "password": _PASSWORD}
        )
        self._page = await self._context.new_page()
        self._page.set_default_timeout(_PATIENCE_MS)
        await self._page.goto(self._url)
        await self._page.wait_for_selector(".welcome, #transcript .turn")
        self._tally.done["opened"] += 1

    async def close(self) -> None:
        if self._context is not None:
            await self._context.close()
        self._context = None

    async def act(self) -> None:
        acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (8, self.ask), (2, self.leave), (1, self.stop), (1, self.reload), (1, self.add),
        ]  # fmt: skip
        [(_, chosen)] = self._chance.choices(acts, [weight for weight, _ in acts])
        await chosen()

    async def _start(self, asked: str) -> None:
        await self._page.fill("#question textarea", asked)
        await self._page.press("#question textarea", "Enter")

    async def ask(self) -> None:
        page = self._page
        if self._chance.random() < 0.5:
            await page.click("#new")
            await page.wait_for_selector(".welcome")
        before = await page.locator("#transcript .turn").count()
        asked = question(self._chance.choice(_TOWNS))
        await self._start(asked)
        turn = page.locator("#transcript .turn").nth(before)
        await turn.wait_for()
        await page.wait_for_selector("#live article", state="detached")
        said = await turn.locator("h3.question").text_content()
        state = await turn.get_attribute("class")
        self._tally.done["asked and waited"] += 1
        if asked not in str(said) or "done" not in str(state).split():
            self._tally.wrong.append(f"asked {asked!r}, the tab shows {said!r} ({state})")

    async def leave(self) -> None:
        """In the middle of an answer, or of waiting for one."""
        await self._start(question(self._chance.choice(_TOWNS)))
        await asyncio.sleep(self._chance.uniform(0, 6))
        await self.close()
        self._tally.done["closed in the middle"] += 1
        await self.open()

    async def stop(self) -> None:
        await self._page.click("#new")
        await self._page.wait_for_selector(".welcome")
        await self._start(question(self._chance.choice(_TOWNS)))
        await self._page.wait_for_selector("#live article")
        await asyncio.sleep(self._chance.uniform(0, 2))
        with suppress(Exception):  # it may have ended by itself
            await self._page.click("#stop", timeout=2_000)
        await self._page.wait_for_selector("#transcript .turn")
        self._tally.done["stopped"] += 1

    async def reload(self) -> None:
        await self._page.reload()
        await self._page.wait_for_selector(".welcome, #transcript .turn")
        self._tally.done["reloaded"] += 1

    async def add(self) -> None:
        """One file a tab, with other words each time: the library doesn't grow without end."""
        story = self._folder / f"tab{self._seed}.txt"
        day = self._chance.randint(1, 28)
        story.write_text(f"Ferry {self._seed} is late\n\nFerry {self._seed} came {day} hours late.")
        page = self._page
        await page.click("#tabs button[role=tab]:has-text('Library')")
        await page.set_input_files("#drop input[type=file]", str(story))
        await page.wait_for_selector("#outcome b:text-matches('added|updated|unchanged')")
        await page.click("#tabs button[role=tab]:has-text('Chat')")
        self._tally.done["added a file"] += 1


async def tab_for(tab: Tab, tally: Tally, end: float) -> None:
    await tab.open()
    while (left := end - time.monotonic()) > 0:
        try:
            await asyncio.wait_for(tab.act(), left)
        except TimeoutError:  # the soak is over
            return
        except Exception as error:
            tally.wrong.append(f"{type(error).__name__}: {str(error).splitlines()[0][:200]}")
            await tab.close()
            await tab.open()


# --- what others do -----------------------------------------------------------------------------


async def break_off_uploads(port: int, tally: Tally, end: float) -> None:
    """A large file is announced, some of it sent, and the connection cut."""
    from base64 import b64encode

    basic = b64encode(f"{_USER}:{_PASSWORD}".encode()).decode()
    chance = random.Random(1)  # noqa: S311
    while time.monotonic() < end:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            start = (
                '--cut\r\nContent-Disposition: form-data; name="files"; filename="cut.txt"\r\n\r\n'
            )
            head = (
                f"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: "
                f"Basic {basic}\r\nContent-Type: multipart/form-data; boundary=cut\r\n"
                f"Content-Length: 9000000\r\n\r\n"
            )
            writer.write((head + start).encode() + b"x" * chance.randint(1, 3_000_000))
            await asyncio.wait_for(writer.drain(), 20)
            await asyncio.sleep(0.2)
            writer.transport.abort()
            tally.done["uploads broken off"] += 1
        await asyncio.sleep(3)


async def guess(port: int, tally: Tally, end: float) -> None:
    """From another address of this machine, as fast as it is answered."""
    import httpx

    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    number = 0
    async with httpx.AsyncClient(transport=transport, timeout=60) as client:
        while time.monotonic() < end:
            number += 1
            said = await client.get(f"http://127.0.0.1:{port}/", auth=(_USER, f"wrong {number}"))
            tally.done[f"wrong passwords: {said.status_code}"] += 1
            await asyncio.sleep(0.1)


async def join_and_never_listen(url: str, tally: Tally, end: float) -> None:
    """Events whose messages nobody fetches."""
    import httpx

    async with httpx.AsyncClient(auth=(_USER, _PASSWORD), timeout=60) as client:
        events = (await client.get(f"{url}config")).json()["dependencies"]
        [look] = [e["id"] for e in events if e.get("api_name") == "look"]
        number = 0
        while time.monotonic() < end:
            number += 1
            event = {"data": [""], "fn_index": look, "session_hash": f"silent{number}"}
            with suppress(httpx.HTTPError):
                await client.post(f"{url}gradio_api/queue/join", json=event)
                tally.done["events nobody listened to"] += 1
            await asyncio.sleep(1)


async def watch(pid: int, began: float, end: float, samples: list[Sample]) -> None:
    while time.monotonic() < end:
        await asyncio.sleep(_EVERY_S)
        samples.append(measured(pid, began))
        print(samples[-1], flush=True)


# --- the run ------------------------------------------------------------------------------------


def answers_of(folder: Path) -> tuple[int, int, int, int]:
    """Of the stored answers: how many, whose answer is the question's own, whose nearest
    passage is of the town that was asked for, and whose text has its figure."""
    [file] = (folder / "own").rglob("*.sqlite")
    db = sqlite3.connect(file)
    rows = db.execute("SELECT question, answer FROM turns WHERE answer IS NOT NULL").fetchall()
    db.close()
    count = own = found = right = 0
    for asked, stored in rows:
        answer = json.loads(stored)
        if not (town := next((t for t in _TOWNS if question(t) == asked), None)):
            continue
        count += 1
        own += answer["question"] == asked
        nearest = min(answer["hits"], key=lambda hit: hit["rank"], default={"text": ""})
        found += town in nearest["text"]
        right += str(31 + 7 * _TOWNS.index(town)) in answer["text"]
    return count, own, found, right


async def soak(minutes: float, folder: Path) -> None:
    from playwright.async_api import async_playwright

    tally = Tally()
    samples: list[Sample] = []
    async with served(folder) as (url, pid), async_playwright() as playwright:
        port = int(re.findall(r":(\d+)/", url)[0])
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGUMENTS)
        tabs = [Tab(browser, url, tally, seed, folder) for seed in range(TABS)]
        began = time.monotonic()
        print("minute   memory    fds  threads  processes")
        print(measured(pid, began), " as it starts", flush=True)
        await tabs[0].open()  # what is loaded once is
        for _ in range(2):
            await tabs[0].ask()
        await tabs[0].add()
        await tabs[0].close()
        await asyncio.sleep(10)
        before = measured(pid, began)
        print(before, " before: one window has asked twice, added a file and gone", flush=True)
        end = time.monotonic() + minutes * 60
        await asyncio.gather(
            *(tab_for(tab, tally, end) for tab in tabs),
            break_off_uploads(port, tally, end),
            guess(port, tally, end),
            join_and_never_listen(url, tally, end),
            watch(pid, began, end, samples),
        )
        await asyncio.gather(*(tab.close() for tab in tabs))
        await browser.close()
        await asyncio.sleep(_IDLE_S)
        print(measured(pid, began), f" after: all windows gone for {_IDLE_S} s")
        highest = max(samples, key=lambda sample: sample.memory, default=before)
        print(highest, " the highest")
        incoming = folder / "library" / "uploads" / ".incoming"
        left = sum(file.stat().st_size for file in incoming.rglob("*") if file.is_file())
        print(f"left of uploads that were broken off: {left / 1e6:.1f} MB")
    for name, count in sorted(tally.done.items()):
        print(f"{count:6d} {name}")
    count, own, found, right = answers_of(folder)
    print(
        f"{count} answers stored: {own} under their own question, {found} with the town's own "
        f"passage nearest, {right} with the figure (the tiny generator makes things up)"
    )
    for line in [f"{len(tally.wrong)} went wrong", *tally.wrong]:
        print(line)
    said = (folder / "log").read_text()
    for line in [x for x in said.splitlines() if "Traceback" in x or "Error" in x][:20]:
        print("log:", line)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.soak_page", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--keep", type=Path, help="a new folder for the library and the log")
    given = parser.parse_args(arguments)
    if not CHROMIUM.exists():
        raise UsageError(f"there is no Chromium at {CHROMIUM}; install it (Debian: chromium)")
    if given.keep and given.keep.exists():
        raise UsageError(f"'{given.keep}' is there already; name a folder that isn't")
    with tempfile.TemporaryDirectory() as place:
        folder = given.keep or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(soak(given.minutes, folder))
    return 0


if __name__ == "__main__":
    command.run(main)
