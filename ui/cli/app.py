"""The command line. Says what to do and where it is shown; the work is done elsewhere.

Exit codes: 0 done, 1 anything else, 2 usage, 3 library empty or missing, 4 model missing or not
matching its hash, 5 library damaged, 130 stopped with Ctrl-C. Everything but typer is imported by
the commands themselves, so that `dateline --help` is quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.cli.command import (
    CandidatesOption,
    Commands,
    DebugOption,
    LibraryOption,
    SetOption,
    changed_settings,
)
from ui.cli.commands import archive, asking, follow, library, serve, upkeep
from ui.cli.commands.cache import cache_app
from ui.cli.commands.config import config_app
from ui.cli.commands.mcp import mcp
from ui.cli.commands.models import models_app

app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,  # rich costs a third of the time of --help
    pretty_exceptions_enable=False,
    add_completion=True,
    no_args_is_help=True,
    help="Questions over a library of news articles, answered on this computer, "
    "every sentence cited and checked.",
)
app.add_typer(models_app, name="models", help="The models that models.txt names.")
app.add_typer(cache_app, name="cache", help="Passages that the model has read, kept.")
app.add_typer(serve.tokens_app, name="tokens", help="Who may come in from elsewhere.")
app.add_typer(config_app, name="config", help="Values that hold where nothing else is said.")


def main() -> None:
    app(prog_name="dateline")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"dateline {version('dateline')}")
        except PackageNotFoundError:
            typer.echo("dateline, run from its folder without being installed")
        raise typer.Exit


@app.callback()
def _common(
    library: LibraryOption = None,
    candidates: CandidatesOption = None,
    debug: DebugOption = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Options that stand before the command; `ui.cli.command` reads them from the context."""


for command in (
    library.add,
    library.list_articles,
    library.show,
    library.open_article,
    library.edit,
    library.remove,
    library.search,
    upkeep.reindex,
    upkeep.status,
    upkeep.check,
):
    app.command(command.__name__.removesuffix("_articles").removesuffix("_article"))(command)
app.command("export")(archive.export)
app.command("import")(archive.import_library)
app.command()(archive.migrate)
app.command()(follow.follow)
app.command()(follow.unfollow)
app.command()(follow.refresh)
app.command()(mcp)


app.command("ask")(asking.ask)
app.command("chat")(asking.chat)
app.command("serve")(serve.serve)


@app.command("eval")
def evaluate(
    ctx: typer.Context,
    suites: Annotated[list[str], typer.Argument(metavar="SUITE…")],
    out: Annotated[Path | None, typer.Option(help="The run's folder; an old one goes on.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Questions a suite.")] = None,
    seed: int = 0,
    against: Annotated[Path | None, typer.Option(help="A run to compare with.")] = None,
    setting: SetOption = None,
    data: Annotated[Path | None, typer.Option(help="Data sets; else small samples.")] = None,
    questions: Annotated[Path | None, typer.Option(help="Your own, for 'answers'.")] = None,
    articles: Annotated[Path | None, typer.Option(help="What they are asked over.")] = None,
    writer_url: Annotated[
        str | None, typer.Option(help="Written by that server (--set writer_url=…).")
    ] = None,
    writer_model: Annotated[str | None, typer.Option(help="By that model of its.")] = None,
    debug: DebugOption = False,
) -> None:
    """Measure how well answers are grounded."""
    from eval.run import main as run

    writer = {"writer_url": writer_url, "writer_model": writer_model}
    settings = changed_settings(setting) | {n: value for n, value in writer.items() if value}

    chosen = (suites, out, limit, seed, against, settings, data)
    raise typer.Exit(run(*chosen, questions=questions, articles=articles))


if __name__ == "__main__":
    main()
