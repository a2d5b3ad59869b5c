"""`dateline config`: show, set and unset the values of the configuration file."""

from __future__ import annotations

from typing import Annotated

import typer

from ui.cli.command import DebugOption, JsonOption, show_json, show_table, show_view

config_app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


def _names() -> list[str]:
    from ui.cli.config import VALUES

    return list(VALUES)


Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=_names)]


@config_app.callback()
def _config(ctx: typer.Context, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    if ctx.invoked_subcommand is None:
        show(as_json)


@config_app.command()
def show(as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show the values and what they are."""
    from ui.cli import config, terminal
    from ui.cli.plain import plain

    found = config.values()
    if as_json:
        show_json({name: found.get(name) for name in config.VALUES})
        return
    rows = [
        [name, plain(str(found.get(name, ""))), what] for name, (_, what) in config.VALUES.items()
    ]
    show_table(["Name", "Value", "What it is"], rows)
    show_view(terminal.facts([("File", plain(str(config.place())))]))


@config_app.command("set")
def set_value(
    name: Name,
    value: Annotated[str, typer.Argument(metavar="VALUE")],
    debug: DebugOption = False,
) -> None:
    """Set a value; what is given on the command line or in the environment goes before it."""
    from ui.cli import config

    config.change(name, value)


@config_app.command()
def unset(name: Name, debug: DebugOption = False) -> None:
    """Take a value out, so that the default is used."""
    from ui.cli import config

    config.change(name, None)
