"""The web server around the page: the address it listens on, the browser it opens."""

from __future__ import annotations

import socket
import sys
import threading
import time
import webbrowser
from typing import Any

from index.errors import UsageError


def listen(host: str, port: int) -> socket.socket:
    """A socket on that address; port 0 takes any free one. Raises UsageError when it's taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
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
    app: Any, listening: socket.socket, host: str, *, token: str | None, open_browser: bool
) -> None:
    """Until interrupted. Open windows are let go after two seconds."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="warning",
        timeout_graceful_shutdown=2,
        server_header=False,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    where = address(listening, host, token)

    def announce() -> None:
        while not server.started and not server.should_exit:
            time.sleep(0.05)
        print(f"Dateline is at {where} (Ctrl-C ends it)", file=sys.stderr, flush=True)
        if open_browser:
            webbrowser.open(where)

    threading.Thread(target=announce, daemon=True).start()
    server.run(sockets=[listening])
