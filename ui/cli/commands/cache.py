"""`dateline cache`: how much of what was read is kept, and clearing it."""

from __future__ import annotations

from dataclasses import asdict

import typer

from ui.cli.command import DebugOption, JsonOption, show_json, show_view

cache_app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


@cache_app.callback()
def _cache(ctx: typer.Context, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    if ctx.invoked_subcommand is None:
        from rag import opening
        from ui.cli import terminal

        kept = opening.open_states()
        if as_json:
            show_json({**asdict(kept.status()), "folder": str(opening.state_folder())})
            return
        show_view(terminal.facts(terminal.cache_rows(kept.status(), opening.state_folder())))


@cache_app.command()
def clear(debug: DebugOption = False) -> None:
    """Delete the kept states of passages; they are read again when a question needs them."""
    from rag import opening
    from ui.cli import terminal

    kept = opening.open_states()
    before = kept.status()
    kept.clear()
    typer.echo(f"{terminal.size(before.disk_bytes - kept.status().disk_bytes)} freed.")
