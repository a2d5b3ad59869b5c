"""`dateline serve`: the parts opened, the server around them, and how it ends.

The first Ctrl-C (or SIGTERM) takes no more connections and lets answers end, for `grace_s` at
most; a second one ends them at once.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from index.errors import UsageError
from index.storing.places import Place, there
from rag.assistant import Assistant
from rag.service import Service
from ui import wording
from ui.api.app import Within, create_app
from ui.api.doors import doors_for
from ui.api.shelves import named_libraries
from ui.api.tokens import Tokens
from ui.api.watching import Format, Watch
from ui.page.serving.guard import LOOPBACK
from ui.page.serving.server import address, listen

if TYPE_CHECKING:
    import socket

GRACE_S = 30
CONNECTIONS = 500  # open at once; a further one gets 503


@dataclass(frozen=True, slots=True)
class Serving:
    """What was asked for on the command line. `token` is one more, from the
    environment; where there is one, one is asked for."""

    library: Place
    also: tuple[str, ...] = ()  # NAME=DIR
    host: str = "127.0.0.1"
    port: int = 8000
    require_token: bool = False
    token: str | None = None
    base_url: str = ""
    model: str | None = None
    log_format: Format = "text"
    log_texts: bool = False
    grace_s: int = GRACE_S
    writer_url: str | None = None
    writer_model: str | None = None


def serve(asked: Serving, within: tuple[Within, ...] = ()) -> None:
    """Until it is interrupted. Raises UsageError, LibraryMissing, LibraryDamaged, ModelError."""
    require = asked.require_token or asked.token is not None
    tokens = doors_for(asked.host, Tokens.open(also=asked.token), require=require)
    _check_base(asked.base_url)
    also = named_libraries(asked.also)
    listening = listen(asked.host, asked.port)
    with ExitStack() as stack:
        stack.callback(listening.close)
        service = opened(asked.library, asked.model, asked.writer_url, asked.writer_model)
        stack.callback(service.close)
        if leaves := wording.leaving(service.assistant.writer.host):
            print(leaves, file=sys.stderr, flush=True)
        others = beside(service, also, stack)
        app = create_app(
            service,
            also=others,
            tokens=tokens,
            public=asked.host not in LOOPBACK,
            base_url=asked.base_url,
            watch=Watch(asked.log_format, texts=asked.log_texts),
            within=within,
        )
        run(app, listening, asked.host, grace_s=asked.grace_s)


def opened(
    library: Place,
    model: str | None,
    writer_url: str | None = None,
    writer_model: str | None = None,
) -> Service:
    """A Service over a library; an empty one is made where there is none. Reads ahead."""
    from index.library import Library
    from rag.opening import open_encoder

    if not there(library):
        Library.open(library, open_encoder(), create=True).close()
    service = Service(
        Assistant.open(library, model=model, writer_url=writer_url, writer_model=writer_model)
    )
    service.assistant.read_ahead()
    return service


def beside(service: Service, also: Mapping[str, Place], stack: ExitStack) -> dict[str, Service]:
    """Services over further libraries, with the same models: they answer in turns, for a model
    does one thing at a time. Raises UsageError (a name that is taken), LibraryMissing."""
    from index.library import Library
    from ui.api.shelves import name_of

    found: dict[str, Service] = {}
    first = service.assistant
    for name, path in also.items():
        if name == name_of(service):
            raise UsageError(f"Two libraries can't both be called '{name}'; name one with --also.")
        library = Library.open(path, first.encoder)
        other = Service(
            Assistant(library, first.writer, first.judge, first.encoder, first.settings)
        )
        other.assistant.warmer = first.warmer  # it gives way to whoever asks
        stack.callback(library.close)
        stack.callback(other.stop)  # the models are the first one's, and closed with it
        found[name] = other
    return found


def run(app: Any, listening: socket.socket, host: str, *, grace_s: int = GRACE_S) -> None:
    """Until interrupted; answers under way end first, for `grace_s` seconds at most."""
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            if not self.should_exit:
                print(
                    f"Answers may end, for {grace_s} s at most; once more ends it at once.",
                    file=sys.stderr,
                    flush=True,
                )
            elif sig == signal.SIGTERM:
                self.force_exit = True  # (uvicorn itself only does so for Ctrl-C)
            super().handle_exit(sig, frame)

    server = Server(
        uvicorn.Config(
            app,
            log_level="warning",
            timeout_graceful_shutdown=grace_s,
            timeout_keep_alive=30,
            limit_concurrency=CONNECTIONS,
            server_header=False,
            proxy_headers=False,
            ws="none",
        )
    )
    where = address(listening, host, None)

    def announce() -> None:
        while not server.started and not server.should_exit:
            threading.Event().wait(0.05)
        if server.started:
            print(f"Dateline serves at {where}v1 (Ctrl-C ends it)", file=sys.stderr, flush=True)

    threading.Thread(target=announce, daemon=True).start()
    server.run(sockets=[listening])


def _check_base(base_url: str) -> None:
    if base_url and not base_url.startswith(("http://", "https://")):
        raise UsageError(f"--base-url takes an address as https://host/, not {base_url!r}.")
