"""`dateline serve`, and `dateline tokens`: who may come in from elsewhere."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from ui.cli.command import (
    DebugOption,
    LibraryOption,
    ModelOption,
    WriterModelOption,
    WriterUrlOption,
    library_of,
    say,
    show_table,
)

tokens_app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


class LogFormat(StrEnum):
    """What a question leaves on standard error."""

    text = "text"
    json = "json"
    none = "none"


def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Where to listen; this computer only by default.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=DIR", help="Another library, as a model of that name."),
    ] = None,
    require_token: Annotated[
        bool, typer.Option("--require-token", help="Ask for a token on this computer too.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="DATELINE_API_TOKEN",
            help="One more token, 24 characters or longer; better through the environment.",
        ),
    ] = None,
    base_url: Annotated[
        str, typer.Option(help="Where links to articles point, behind a proxy.")
    ] = "",
    log_format: Annotated[
        LogFormat, typer.Option(help="A line a question, without its words.")
    ] = LogFormat.text,
    log_texts: Annotated[
        bool, typer.Option("--log-texts", help="Questions and answers stand in the log.")
    ] = False,
    grace: Annotated[int, typer.Option(min=0, help="Seconds that answers have to end.")] = 30,
    allow_writes: Annotated[
        bool,
        typer.Option("--allow-writes", help="At /mcp, tools that add and remove articles."),
    ] = False,
    model: ModelOption = None,
    writer_url: WriterUrlOption = None,
    writer_model: WriterModelOption = None,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Serve OpenAI's routes and the library's, for other programs."""
    from ui.api import serving
    from ui.api.mcp.serving import mounted
    from ui.cli import libraries

    serving.serve(
        serving.Serving(
            libraries.library_path(library_of(ctx, library)),
            tuple(also or ()),
            host,
            port,
            require_token,
            token,
            base_url,
            model,
            log_format.value,
            log_texts,
            grace,
            writer_url,
            writer_model,
        ),
        within=(mounted(allow_writes=allow_writes),),
    )


@tokens_app.callback()
def _tokens(ctx: typer.Context, debug: DebugOption = False) -> None:
    if ctx.invoked_subcommand is None:
        list_tokens()


@tokens_app.command("list")
def list_tokens(debug: DebugOption = False) -> None:
    """List the tokens by name; what they are is kept nowhere."""
    from ui.api.tokens import Tokens

    tokens = Tokens.open()
    show_table(["Name", "Made"], [(token.name, token.made) for token in tokens.all()])
    if sys.stdout.isatty():
        say(f"Their hashes lie in {tokens.file}.")


@tokens_app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who or what it is for.")], debug: DebugOption = False
) -> None:
    """Make a token; it is printed once."""
    from ui.api.tokens import Tokens

    made = Tokens.open().add(name)
    typer.echo(made)
    if sys.stdout.isatty():
        say("Keep it now: it isn't shown again. Send it as Authorization: Bearer TOKEN.")


@tokens_app.command()
def remove(
    name: Annotated[str, typer.Argument(help="As it was added.")], debug: DebugOption = False
) -> None:
    """Revoke a token, at once."""
    from ui.api.tokens import Tokens

    Tokens.open().remove(name)
    typer.echo(f"removed {name}")
