"""A real server process over a library with stand-in models, for a client to talk to.

    python -m tests.ui.api.mcp_process LOG stdio [ARGUMENTS of `dateline`…]
    python -m tests.ui.api.mcp_process LOG http LIBRARY [TOKEN]

The stand-in prints to standard output while it writes, as a library might; a question with
"endless" in it is written until it is stopped. LOG gets a line for what happens: "writing",
"stopped", and the port that is listened on.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from index.encoding.encoder import Encoder
from index.library import Library
from rag import Assistant, opening
from rag.generating.form import TrainedForm
from rag.generating.generator import Piece, Prompt, Read, Stop
from rag.generating.reader import LocalReader
from rag.service import Service
from tests.fakes import FakeEncoder, FakeGenerator


class Noisy(FakeGenerator):
    def __init__(self, log: Path) -> None:
        super().__init__()
        self.log = log

    def write(
        self, prompt: Prompt, max_tokens: int, stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        print("this is not the protocol")
        if "endless" not in prompt.ask:
            yield from super().write(prompt, max_tokens, stop)
            return
        try:
            yield Read(10, 0)
            say(self.log, "writing")
            while True:
                threading.Event().wait(0.01)
                yield Piece(" word")
        finally:
            say(self.log, "stopped")


def say(log: Path, what: object) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{what}\n")


def serve_http(library: Path, log: Path, token: str | None) -> None:
    """As `dateline serve` does it, but for the models and where tokens are kept."""
    from ui.api import serving
    from ui.api.app import create_app
    from ui.api.doors import doors_for
    from ui.api.mcp.serving import mounted
    from ui.api.tokens import Tokens
    from ui.page.serving.server import listen

    reader = LocalReader(Noisy(log), TrainedForm())
    encoder = FakeEncoder()
    tokens = Tokens(log.with_name("tokens.json"), also=token) if token else None
    listening = listen("127.0.0.1", 0)
    with Service(Assistant(Library.open(library, encoder), reader, reader, encoder)) as service:
        app = create_app(
            service,
            tokens=tokens and doors_for("127.0.0.1", tokens, require=True),
            within=[mounted()],
        )
        listening.listen()  # who comes before the server is there waits for it
        say(log, listening.getsockname()[1])
        say(log, "listening")
        serving.run(app, listening, "127.0.0.1", grace_s=1)


def main(log: Path, transport: str, *rest: str) -> None:
    def parts(place: Path, model: str | None) -> tuple[Library, LocalReader, Encoder]:
        encoder = FakeEncoder()
        return Library.open(place, encoder), LocalReader(Noisy(log), TrainedForm()), encoder

    if transport == "http":
        serve_http(Path(rest[0]), log, rest[1] if len(rest) > 1 else None)
        return
    opening.open_parts = parts  # type: ignore[assignment]
    sys.argv = ["dateline", *rest]
    from ui.cli.app import main as dateline

    dateline()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
