"""A server that speaks OpenAI's chat protocol, as far as a Writer needs it.

What it says is told while it comes. Whoever stops has the connection closed at once, which is how
such servers know that nobody listens any more; that needs cancelling in the middle of a wait, so
the talking is done by an event loop in a thread of its own.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from rag.errors import ModelClosed, WriterModelMissing, WriterUnavailable
from rag.generating.generator import Stop, Stopped
from rag.generating.remote import protocol
from rag.generating.remote.address import Address, leaves
from rag.generating.remote.protocol import Usage

T = TypeVar("T")
Message = dict[str, str]
_POLL = 0.02  # seconds between looks at a Stop


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, without a sign of life (reading a long prompt has none), for a whole
    answer; before each new try, and the longest wait that a server may ask for."""

    connect: float = 10.0
    silence: float = 120.0
    answer: float = 300.0
    waits: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    asked_for: float = 30.0


class _Again(Exception):
    """It may work later; `after` seconds, where the server says so."""

    def __init__(self, error: WriterUnavailable, after: float | None = None) -> None:
        self.error = error
        self.after = after


class _Otherwise(Exception):
    """The request holds what this server doesn't take, and can do without."""


class Server:
    """Thread-safe. Its key goes into one header and nowhere else, to this address only: no
    redirect is followed, and nothing for this machine takes a proxy."""

    def __init__(
        self, address: Address, key: str | None = None, patience: Patience | None = None
    ) -> None:
        self.address = address
        self._key = key
        self._patience = patience or Patience()
        self._without: set[str] = set()  # what this server doesn't take in a request
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: httpx.AsyncClient | None = None
        self._closed = False
        self._process = os.getpid()

    def chat(
        self, model: str, messages: Sequence[Message], max_tokens: int, stop: Stop | None = None
    ) -> Iterator[str | Usage]:
        """What is written, as it comes, and what it cost, where the server says so. Closing the
        iterator closes the connection. Raises Stopped, WriterUnavailable."""
        if stop is not None and stop.is_set():
            raise Stopped
        said: queue.SimpleQueue[str | Usage | None] = queue.SimpleQueue()
        talk = self._start(self._chat(model, messages, max_tokens, said.put))
        talk.add_done_callback(lambda _: said.put(None))
        try:
            while True:
                if stop is not None and stop.is_set():
                    raise Stopped
                with suppress(queue.Empty):
                    one = said.get(timeout=_POLL)
                    if one is None:
                        break
                    yield one
            self._result(talk)
        finally:
            talk.cancel()

    def models(self) -> list[str]:
        """The names that it gives its models. Raises WriterUnavailable."""
        return self._result(self._start(self._patiently(self._models)))

    def close(self) -> None:
        """Whoever is being answered gets ModelClosed."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None or self._process != os.getpid():
            return
        asyncio.run_coroutine_threadsafe(self._end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    # ---- the thread ----

    def _start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        with self._lock:
            if self._closed or self._process != os.getpid():
                work.close()
                raise self._gone()
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="dateline-writer", daemon=True
                )
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _result(self, work: Future[T]) -> T:
        try:
            return work.result()
        except CancelledError:
            raise self._gone() from None

    def _gone(self) -> ModelClosed:
        return ModelClosed(
            f"The writer at {self.address.host} has been closed, or was opened by another process; "
            "open an Assistant anew."
        )

    async def _end(self) -> None:
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def _talker(self) -> httpx.AsyncClient:
        """Belongs to the loop."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                headers={"Authorization": f"Bearer {self._key}"} if self._key else None,
                timeout=httpx.Timeout(self._patience.silence, connect=self._patience.connect),
                trust_env=leaves(self.address.host),
            )
        return self._client

    # ---- talking ----

    async def _chat(
        self,
        model: str,
        messages: Sequence[Message],
        max_tokens: int,
        put: Callable[[str | Usage], None],
    ) -> None:
        begun = False

        def told(one: str | Usage) -> None:
            nonlocal begun
            begun = True
            put(one)

        async def once() -> None:
            try:
                async with asyncio.timeout(self._patience.answer):
                    while True:
                        with suppress(_Otherwise):
                            body = protocol.body(model, messages, max_tokens, self._without)
                            return await self._once(body, told)
            except _Again as again:
                if begun:
                    raise again.error from again
                raise
            except TimeoutError:
                raise self._unavailable(
                    f"hasn't ended its answer in {self._patience.answer:.0f} s"
                ) from None

        await self._patiently(once)

    async def _patiently(self, once: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Tries again while it may work later, and the waits last."""
        for wait in (*self._patience.waits, None):
            try:
                return await once()
            except _Again as again:
                if wait is None or (again.after or 0) > self._patience.asked_for:
                    raise again.error from again.__cause__
                await asyncio.sleep(max(wait, again.after or 0))
        raise AssertionError("the last try returns or raises")

    async def _once(self, body: dict[str, Any], told: Callable[[str | Usage], None]) -> None:
        url = f"{self.address.url}/chat/completions"
        heard = False
        try:
            async with self._talker().stream("POST", url, json=body) as response:
                if response.status_code != 200:
                    raise await self._refused(response, body)
                heard = True
                parts = protocol.Parts(streamed=protocol.is_stream(response.headers))
                async for data in response.aiter_bytes():
                    for one in parts.take(data):
                        told(one)
                    if parts.over:
                        break
                for one in parts.end():
                    told(one)
        except protocol.Malformed as problem:
            raise self._unavailable(self._cleaned(str(problem))) from None
        except httpx.HTTPError as error:
            raise self._failed(error, heard) from error

    async def _models(self) -> list[str]:
        try:
            async with self._talker().stream("GET", f"{self.address.url}/models") as response:
                if response.status_code != 200:
                    raise await self._refused(response, {})
                return protocol.names(await _some(response))
        except protocol.Malformed as problem:
            raise self._unavailable(self._cleaned(str(problem))) from None
        except httpx.HTTPError as error:
            raise self._failed(error, False) from error

    def _failed(self, error: httpx.HTTPError, heard: bool) -> Exception:
        patience = self._patience
        match error:
            case httpx.ConnectTimeout():
                return self._unavailable(f"can't be reached in {patience.connect:.0f} s")
            case httpx.ConnectError():
                return self._unavailable("can't be reached")
            case httpx.ReadTimeout():
                return self._unavailable(f"has said nothing for {patience.silence:.0f} s")
            case _ if heard:
                return self._unavailable("broke off in the middle of its answer")
            case _:
                return _Again(self._unavailable("broke off before it answered"))

    async def _refused(self, response: httpx.Response, body: dict[str, Any]) -> Exception:
        """What is to be raised for a status that isn't 200."""
        status = response.status_code
        said = protocol.said(await _some(response))
        unknown = protocol.unknown_field(status, said, body)
        if unknown is not None and unknown not in self._without:
            self._without.add(unknown)
            return _Otherwise()
        if status == 404 and body:
            return await self._not_found(str(body["model"]))
        problem = protocol.problem(status, self._cleaned(said), self.address)
        if status in protocol.LATER:
            return _Again(problem, protocol.retry_after(response.headers.get("retry-after")))
        return problem

    async def _not_found(self, model: str) -> WriterUnavailable:
        """It has no such model, or isn't such a server at all."""
        try:
            there = await self._models()
        except (WriterUnavailable, _Again):
            there = []
        if not there or model in there:
            return self._unavailable(
                f"answers 404: {self.address.url} isn't where such a server takes questions "
                "(it mostly ends with /v1)"
            )
        return missing(self.address, f"has no model '{model}'", there)

    def _unavailable(self, what: str) -> WriterUnavailable:
        return protocol.unavailable(self.address, what)

    def _cleaned(self, text: str) -> str:
        """A server's own words: a line of it, never with the key that it was sent."""
        if self._key:
            text = text.replace(self._key, "…")
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text if len(text) <= 200 else text[:200] + "…"


def missing(address: Address, what: str, there: Sequence[str]) -> WriterModelMissing:
    named = ", ".join(there[:12]) + (", …" if len(there) > 12 else "")
    return WriterModelMissing(
        f"The writer at {address.host} {what}; name one of its own with --writer-model: {named}."
    )


async def _some(response: httpx.Response, most: int = 1 << 18) -> bytes:
    """The beginning of a body, whatever its length."""
    data = b""
    async for some in response.aiter_bytes():
        data += some
        if len(data) >= most:
            break
    return data[:most]
