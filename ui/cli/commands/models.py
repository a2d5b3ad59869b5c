"""`dateline models`: list, pull and verify what models.txt names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from index.errors import DatelineError
from ui.cli.command import DebugOption, JsonOption, say, sentence, show_json, show_table

models_app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME…")]


@models_app.callback()
def _models(ctx: typer.Context, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    if ctx.invoked_subcommand is None:
        list_models(as_json)


@models_app.command("list")
def list_models(as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the models, and which are on this machine."""
    from rag.models import files as models
    from ui.cli import terminal

    here = [(model, models.state(model)) for model in models.catalogue()]
    if as_json:
        show_json({"folder": str(models.folder()), "here": terminal.model_dicts(here)})
        return
    show_table(["Name", "Role", "Size", "Licence", "State"], terminal.model_rows(here))
    if sys.stdout.isatty():
        say(f"They lie in {models.folder()}.")


@models_app.command()
def pull(
    names: Names = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="A file or folder that holds it already.")
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Get models; without a name, the default encoder and generator."""
    from rag.models import files as models
    from ui.cli import progress

    wanted = names or [models.default(role).name for role in ("encoder", "generator")]
    for model in [models.get(name) for name in wanted]:
        with progress.downloading(model.name) as report:
            place = models.pull(model.name, report, source=source)
        typer.echo(f"{model.name}: {place}")


@models_app.command()
def verify(names: Names = None, debug: DebugOption = False) -> None:
    """Read every byte of models again; without a name, of all that are on this machine."""
    from rag.errors import ModelMismatch, ModelMissing
    from rag.models import files as models
    from ui.cli import progress

    wanted = names or [m.name for m in models.catalogue() if models.state(m) != "missing"]
    if not wanted:
        raise ModelMissing(
            f"There is no model in {models.folder()}; get the default ones with "
            "`dateline models pull`."
        )
    wrong: list[DatelineError] = []
    for model in [models.get(name) for name in wanted]:
        try:
            with progress.downloading(model.name) as report:
                models.verify(model.name, report)
            typer.echo(f"{model.name}: as models.txt says")
        except (ModelMismatch, ModelMissing) as error:
            wrong.append(error)
            say(sentence(str(error)))
    if wrong:
        raise typer.Exit(wrong[0].exit_code)
