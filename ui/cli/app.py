"""The command line. Says what to do and where it is shown; the work is done elsewhere.

Exit codes: 0 done, 1 anything else, 2 usage, 3 library empty or missing, 4 model missing or not
matching its hash, 5 library damaged, 130 stopped with Ctrl-C. Everything but typer is imported by
the commands themselves, so that `dateline --help` is quick.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from index.errors import UsageError
from ui.cli import library_commands, serve_commands
from ui.cli.cache_command import cache_app
from ui.cli.command import (
    Commands,
    DebugOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    SinceOption,
    SourcesOption,
    UntilOption,
    library_of,
    say,
    say_undated,
    show_json,
    show_view,
)
from ui.cli.mcp_command import mcp
from ui.cli.models_command import models_app

app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,  # rich costs a third of the time of --help
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    help="Questions over a library of news articles, answered on this computer, "
    "every sentence cited and checked.",
)
app.add_typer(models_app, name="models", help="The models that models.txt names.")
app.add_typer(cache_app, name="cache", help="Passages that the model has read, kept.")
app.add_typer(serve_commands.tokens_app, name="tokens", help="Who may come in from elsewhere.")


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
    debug: DebugOption = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Options that stand before the command; `ui.cli.command` reads them from the context."""


for command in (
    library_commands.add,
    library_commands.list_articles,
    library_commands.show,
    library_commands.edit,
    library_commands.remove,
    library_commands.search,
    library_commands.reindex,
    library_commands.status,
    library_commands.check,
):
    app.command(command.__name__.removesuffix("_articles"))(command)
app.command()(mcp)


@app.command()
def ask(
    ctx: typer.Context,
    question: str,
    as_json: JsonOption = False,
    since: SinceOption = None,
    until: UntilOption = None,
    source: SourcesOption = None,
    read_filters: Annotated[
        bool,
        typer.Option(
            "--filters-from-question/--no-filters-from-question",
            help="Narrow to the times and outlets that the question names.",
        ),
    ] = True,
    model: ModelOption = None,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Answer a question from the articles, with citations."""
    from ui import wording
    from ui.cli import answers, asking, libraries, progress
    from ui.filters import make_filter

    wanted = make_filter(since, until, source)
    place = libraries.library_path(library_of(ctx, library))
    with progress.waiting("Opening the models"):
        service = asking.opened(place, model)
    with service:
        if wanted is not None:
            held = service.assistant.library
            wanted = held.named(wanted)
            say_undated(held.undated(wanted))
        answer = asking.ask(service, question, wanted, read_filters=read_filters)
    if as_json:
        show_json(answer.to_dict())
    else:
        show_view(answers.answer_view(answer))
        if sys.stdout.isatty():
            show_view(answers.made_by(answer))
            if answer.model.get("calibrated") == "no":
                say(wording.UNCALIBRATED)


@app.command()
def chat(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Where to listen; this computer only by default.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535)] = 7860,
    auth: Annotated[str | None, typer.Option(help="NAME:PASSWORD that the page asks for.")] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="DATELINE_TOKEN", help="A secret that the address must carry: ?token=TOKEN."
        ),
    ] = None,
    model: ModelOption = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open it here.")] = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Open the chat page in a browser."""
    from ui.cli import libraries
    from ui.page.chat import serve

    serve(
        libraries.library_path(library_of(ctx, library)),
        host=host,
        port=port,
        auth=auth,
        token=token,
        model=model,
        open_browser=open_browser,
    )


app.command()(serve_commands.serve)


@app.command("eval")
def evaluate(
    ctx: typer.Context,
    suites: Annotated[list[str], typer.Argument(metavar="SUITE…")],
    out: Annotated[Path | None, typer.Option(help="The run's folder; an old one goes on.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Questions a suite.")] = None,
    seed: int = 0,
    against: Annotated[Path | None, typer.Option(help="A run to compare with.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a setting.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Data sets; else small samples.")] = None,
    questions: Annotated[Path | None, typer.Option(help="Your own, for 'answers'.")] = None,
    articles: Annotated[Path | None, typer.Option(help="What they are asked over.")] = None,
    debug: DebugOption = False,
) -> None:
    """Measure how well answers are grounded."""
    settings = {}
    for text in setting or []:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"--set takes NAME=VALUE, not {text!r}.")
        settings[name] = value
    from eval.run import main as run

    chosen = (suites, out, limit, seed, against, settings, data)
    raise typer.Exit(run(*chosen, questions=questions, articles=articles))


if __name__ == "__main__":
    main()
