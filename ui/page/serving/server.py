"""The web server around the page: the address it listens on, the browser it opens."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from types import FrameType
from typing import Any

from index.errors import UsageError

PATIENCE_S = 1.6  # from Ctrl-C until the process ends, whatever is under way


def listen(host: str, port: int) -> socket.socket:
    """A socket on that address; port 0 takes any free one. Raises UsageError when it's taken.

    What is sent leaves at once: otherwise a reply in two pieces waits 40 ms for the browser to
    acknowledge the first. asyncio sees to it only where the protocol is named.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise UsageError(
            f"The page can't listen on {host}:{port} ({getattr(error, 'strerror', None) or error})"
            "; choose another with --port, or 0 for any free one."
        ) from None
    return listening


def address(listening: socket.socket, host: str, token: str | None) -> str:
    port = listening.getsockname()[1]
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
    name = everywhere.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")


def run(
    app: Any,
    listening: socket.socket,
    host: str,
    *,
    token: str | None,
    open_browser: bool,
    stop: Callable[[], None] = lambda: None,
) -> None:
    """Until interrupted; then `stop()` is called at once (it may not wait), open windows are let go
    after a second, and what still doesn't end (a page that is being fetched) is left behind with
    the process: what is written to a library is whole or not there at all."""
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            threading.Thread(target=_leave, args=[sig, stop], daemon=True).start()

    config = uvicorn.Config(
        app,
        log_level="warning",
        timeout_graceful_shutdown=1,
        server_header=False,
        proxy_headers=False,
    )
    server = Server(config)
    where = address(listening, host, token)

    def announce() -> None:
        while not server.started and not server.should_exit:
            time.sleep(0.05)
        print(f"Dateline is at {where} (Ctrl-C ends it)", file=sys.stderr, flush=True)
        if open_browser:
            webbrowser.open(where)

    threading.Thread(target=announce, daemon=True).start()
    server.run(sockets=[listening])


def _leave(sig: int, stop: Callable[[], None]) -> None:
    """A thread that is waiting for the network can't be ended: the process can."""
    stop()
    time.sleep(PATIENCE_S)
    sys.stderr.flush()
    os._exit(128 + sig)
