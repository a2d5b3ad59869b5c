"""A library to one file and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from index.errors import UsageError
from ui.cli.command import (
    DebugOption,
    JsonOption,
    LibraryOption,
    library_of,
    say,
    show_json,
)


def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of a file that is there.")
    ] = False,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Write the whole library to one file; it may be in use meanwhile."""
    from ui.cli import libraries, progress

    file = file.expanduser()
    if file.is_dir():
        raise UsageError(f"'{file}' is a folder; name the file to write.")
    if file.exists() and not replace:
        raise UsageError(f"'{file}' is there already; name another file, or say --replace.")
    if not file.parent.is_dir():
        raise UsageError(
            f"There is no folder '{file.parent}' for '{file.name}'; make it, or name another."
        )
    with (
        libraries.readable(library_of(ctx, library)) as opened,
        progress.downloading(file.name) as bar,
    ):
        made = opened.export(file, lambda done, total: bar("writing", done, total))
    if as_json:
        show_json({"file": str(file), "articles": made.articles, "passages": made.passages})
        return
    typer.echo(f"exported {made.articles} articles, {made.passages} passages to {file}")


def import_library(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Make a library of a file that `export` wrote; --library says where."""
    from index.library import unpacked
    from ui.cli import libraries, progress

    place = libraries.library_path(library_of(ctx, library))
    with progress.downloading(file.name) as bar:
        made = unpacked(file.expanduser(), place, lambda done, total: bar("reading", done, total))
    with libraries.readable(place) as opened:
        held, name = len(opened), opened.name
    if as_json:
        show_json({"library": name, "articles": held, "passages": made.passages})
        return
    typer.echo(f"imported {held} articles, {made.passages} passages into {name}")


def migrate(
    ctx: typer.Context,
    origin: Annotated[str, typer.Argument(metavar="FROM")],
    to: Annotated[str, typer.Argument(metavar="TO")],
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Copy a library to another place, a folder or postgresql://user@host/database, and compare
    every row there; the one that it came from stays."""
    from dataclasses import asdict

    from index.library import moved
    from index.storing.places import called, named
    from ui.cli import progress

    with progress.counting("Moving") as bar:
        made = moved(named(origin), named(to), bar.count)
    if as_json:
        show_json(asdict(made))
        return
    typer.echo(
        f"{'already there' if made.already else 'moved'}: {made.articles} articles, "
        f"{made.passages} passages, {made.versions} earlier versions, {made.followed} followed; "
        f"every row is the same at {called(named(to))}"
    )
    say(
        "The library at the old place stays as it was: use one of the two from now on, and remove "
        "the other when you have seen that all is there."
    )
