"""What all commands share: errors as sentences, common options, where output goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from index.errors import DatelineError, UsageError
from ui.cli.plain import plain

if TYPE_CHECKING:
    from rich.console import RenderableType

_DEBUG = "dateline.debug"


class Commands(TyperGroup):
    """Turns every error into one sentence on standard error and its exit code. Every command that
    has a `--library` has `--candidates` too."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # typed by another module in each typer
        found = super().get_command(ctx, cmd_name)
        names = {parameter.name for parameter in found.params} if found is not None else set()
        if found is not None and "library" in names and "candidates" not in names:
            own = next(p for p in self.params if p.name == "candidates")
            also = copy(own)
            also.expose_value = False  # its callback is all that it does
            at = [parameter.name for parameter in found.params].index("library")
            found.params.insert(at + 1, also)
        return found

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except DatelineError as error:
            if debugging(ctx):
                raise
            say(sentence(str(error)))
            raise typer.Exit(error.exit_code) from error
        except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
            raise
        except Exception as error:
            if debugging(ctx):
                raise
            name = type(error).__name__
            say(f"Dateline itself failed ({name}: {error}); run it again with --debug for more.")
            raise typer.Exit(1) from error


def _keep_debug(ctx: typer.Context, on: bool) -> bool:
    ctx.meta[_DEBUG] = on or debugging(ctx)  # shared by the contexts of the whole command line
    return on


LibraryOption = Annotated[
    str | None,
    typer.Option(
        "--library",
        help="The library's folder, or postgresql://user@host/database; else DATELINE_LIBRARY, "
        "else your own.",
    ),
]


def _keep_candidates(address: str | None) -> str | None:
    if address:  # for every library that this process opens, and its own processes
        os.environ["DATELINE_CANDIDATES"] = address
    return address


CandidatesOption = Annotated[
    str | None,
    typer.Option(
        "--candidates",
        callback=_keep_candidates,
        help="A Milvus server that holds what is searched; else DATELINE_CANDIDATES, else here.",
    ),
]
DebugOption = Annotated[
    bool, typer.Option("--debug", callback=_keep_debug, help="Show where an error came from.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", envvar="DATELINE_MODEL", help="A generator that models.txt names."),
]
WriterUrlOption = Annotated[
    str | None,
    typer.Option(
        "--writer-url",
        envvar="DATELINE_WRITER_URL",
        help="An OpenAI-compatible server that writes the answers, and gets the question and the "
        "passages; this computer's model still checks them. Its key: DATELINE_WRITER_KEY.",
    ),
]
WriterModelOption = Annotated[
    str | None,
    typer.Option(
        "--writer-model",
        envvar="DATELINE_WRITER_MODEL",
        help="Its model, where it has more than one.",
    ),
]
SinceOption = Annotated[
    str | None, typer.Option(help="Only articles from this day on: 2024-05-17, 2024-05 or 2024.")
]
UntilOption = Annotated[str | None, typer.Option(help="Only articles up to this day.")]
SourcesOption = Annotated[
    list[str] | None, typer.Option("--source", help="Only articles of this outlet; repeatable.")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a setting.")
]


def changed_settings(given: Sequence[str] | None) -> dict[str, str]:
    """What `--set` says, by name. Raises UsageError."""
    settings = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"--set takes NAME=VALUE, not {text!r}.")
        settings[name] = value
    return settings


def library_of(ctx: typer.Context, named: str | None) -> str | None:
    """--library may stand before the command or after it."""
    above: str | None = ctx.find_root().params.get("library")
    return above if named is None else named


def debugging(ctx: typer.Context) -> bool:
    return bool(ctx.meta.get(_DEBUG))


def sentence(text: str) -> str:
    """Begins large and ends with a full stop, on one line."""
    text = " ".join(text.split())
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."


def say(text: str) -> None:
    typer.echo(plain(text), err=True)


def say_undated(count: int) -> None:
    """That a date limit has left out articles only because they have no date."""
    if count:
        articles = "1 article" if count == 1 else f"{count} articles"
        say(
            f"Left out: {articles} without a date; `dateline edit ID --published DAY` gives one "
            "its date."
        )


def show_view(what: RenderableType) -> None:
    from ui.cli.progress import standard_output

    standard_output().print(what)


def show_json(value: object) -> None:
    import json

    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table for people; for programs, a line a row with tabs and no headings."""
    from ui.cli.terminal import table

    if sys.stdout.isatty():
        show_view(table(headings, rows))
    else:
        for row in rows:
            typer.echo("\t".join(row))
