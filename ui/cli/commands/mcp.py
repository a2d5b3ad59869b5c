"""`dateline mcp`: the library for a program that speaks MCP and starts this one."""

from __future__ import annotations

from typing import Annotated

import typer

from ui.cli.command import DebugOption, LibraryOption, ModelOption, library_of


def mcp(
    ctx: typer.Context,
    allow_writes: Annotated[
        bool,
        typer.Option(
            "--allow-writes", help="Tools that add and remove articles, for the client's model."
        ),
    ] = False,
    model: ModelOption = None,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Serve the library to an MCP client, on standard input and output."""
    import logging

    from ui.api.mcp.serving import serve_stdio
    from ui.cli import asking, libraries

    # Before anybody else decides where it goes: standard output is the protocol's.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    place = libraries.library_path(library_of(ctx, library))
    libraries.readable(place).close()  # what is wrong with it is said before a client waits
    serve_stdio(lambda: asking.opened(place, model), allow_writes=allow_writes)
