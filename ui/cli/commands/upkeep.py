"""How the library is kept well: reindex, status, check.

Plain functions; `ui.cli.app` makes commands of them. What they need loads when they run.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

import typer

from index.errors import DatelineError
from ui.cli.command import (
    DebugOption,
    JsonOption,
    LibraryOption,
    library_of,
    say,
    sentence,
    show_json,
    show_table,
    show_view,
)


def reindex(
    ctx: typer.Context,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", metavar="NAME", help="One of models.txt; else its first."),
    ] = None,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Encode every passage anew, with another encoder if one is named.

    The library is searched as before until all are encoded; what is cut off goes on when it is
    started again.
    """
    from rag import opening
    from ui.cli import libraries, progress

    with (
        libraries.readable(library_of(ctx, library)) as opened,
        progress.counting("Encoding") as bar,
    ):
        chosen = opening.open_encoder(encoder) if encoder else opening.open_encoder()
        opened.reindex(chosen, bar.count)


def status(
    ctx: typer.Context,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Say how the library and the models are; the exit code tells the first problem."""
    from rag import opening
    from rag.models import files as models
    from ui import wording
    from ui.cli import libraries, terminal

    problem: DatelineError | None = None
    held = served = None
    try:
        with libraries.readable(library_of(ctx, library)) as opened:
            held = opened.status()
            if not as_json:
                show_view(terminal.facts(terminal.status_rows(held)))
            served = opened.served()
            if served is not None and not as_json:
                show_view(terminal.facts(terminal.served_rows(served, held)))
            drawn = opened.sample()
            if not as_json:
                show_view(terminal.facts([("Health", _drawn(drawn))]))
    except DatelineError as error:
        problem = error
        say(sentence(str(error)))
    here = [(model, models.state(model)) for model in models.catalogue()]
    kept = opening.open_states().status()
    if as_json:
        show_json(
            {
                "library": held and {**asdict(held), "path": str(held.path)},
                "candidates": served and asdict(served),
                "problem": problem and str(problem),
                "cache": {**asdict(kept), "folder": str(opening.state_folder())},
                "writer": wording.who_writes(*_writer()),
                "calibrated": opening.calibrated(),
                "models": {"folder": str(models.folder()), "here": terminal.model_dicts(here)},
            }
        )
    else:
        show_view(terminal.facts(terminal.cache_rows(kept, opening.state_folder())))
        show_view(terminal.facts([("Writer", wording.who_writes(*_writer()))]))
        meaning = wording.CALIBRATED if opening.calibrated() else wording.UNCALIBRATED
        show_view(terminal.facts([("Verdicts", meaning), ("Models", str(models.folder()))]))
        show_table(["Name", "Role", "Size", "Licence", "State"], terminal.model_rows(here))
    if problem:
        raise typer.Exit(problem.exit_code)
    encoders = [model for model, _ in here if model.role == "encoder"]
    own = next((m for m in encoders if held and m.name == held.encoder), models.default("encoder"))
    for model in (own, models.default("generator")):
        if models.state(model) != "ready":
            models.path(model.name)  # says what is wrong


def _drawn(count: int) -> str:
    if not count:
        return "nothing to compare yet"
    return (
        f"{count} articles, drawn by chance, read as they were written; `dateline check` compares "
        "everything"
    )


def _writer() -> tuple[str, bool]:
    """The host that DATELINE_WRITER_URL names, and whether other machines' are forbidden."""
    from rag.generating.remote.address import Address, forbidden

    url = os.environ.get("DATELINE_WRITER_URL")
    return Address.of(url).host if url else "", forbidden()


def check(
    ctx: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make anew what can be; no article is removed.")
    ] = False,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Compare everything in the library with what it should be."""
    from index.errors import LibraryDamaged
    from ui.cli import libraries, progress

    named = library_of(ctx, library)
    encoding = repair or os.environ.get("DATELINE_CANDIDATES")  # whose engine needs an encoder
    if repair:
        libraries.fill(named)
    try:
        opening = (libraries.repairable if encoding else libraries.readable)(named)
    except LibraryDamaged as error:
        if not repair:
            raise
        raise LibraryDamaged(libraries.beyond_repair(named)) from error
    with opening as opened:
        with progress.counting("Comparing") as bar:
            found = opened.inspect(bar.count)
        first, mended, lost = found, list[str](), found.lost
        if found.problems and repair:
            mended = opened.repair(found)
            with progress.counting("Comparing again") as bar:
                found = opened.inspect(bar.count)
    if as_json:
        show_json(
            {
                "compared": first.compared,
                "problems": found.problems,
                "repaired": mended,
                "lost": lost,
            }
        )
    else:
        for line in first.compared:
            typer.echo(f"compared {line}")
        for problem in first.problems if repair else ():
            say(sentence(problem))
        for line in mended:
            typer.echo(f"made anew: {line}")
        for problem in [*lost, *found.problems]:
            say(sentence(problem))
    if found.problems or lost:
        count = len(found.problems) + len(lost)
        what = "1 thing in the library isn't as it was" if count == 1 else (
            f"{count} things in the library aren't as they were"
        )  # fmt: skip
        raise LibraryDamaged(
            f"{what} written; "
            + ("what is left needs the articles added again, or a backup" if repair else
               "`dateline check --repair` makes anew what can be")
        )  # fmt: skip
    if not as_json:
        typer.echo("everything is as it was written")
