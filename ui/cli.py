"""The command line. Says what to do and where it is shown; the work is done elsewhere.

Exit codes: 0 done, 1 anything else, 2 usage, 3 library empty or missing, 4 model missing or not
matching its hash, 5 library damaged, 130 stopped with Ctrl-C. Everything but typer is imported by
the commands themselves, so that `dateline --help` is quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from index.errors import DatelineError, UsageError
from ui.cache_command import cache_app
from ui.command import (
    Commands,
    DebugOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    SinceOption,
    SourcesOption,
    UntilOption,
    library_of,
    make_filter,
    say,
    sentence,
    show_json,
    show_table,
    show_view,
)
from ui.models_command import models_app

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
    """Options that stand before the command; `ui.command` reads them from the context."""


# --- the library ------------------------------------------------------------------------------


@app.command()
def add(
    ctx: typer.Context,
    targets: Annotated[list[str], typer.Argument(metavar="PATH|URL…")],
    source: Annotated[
        str | None, typer.Option(help="The outlet, for articles that don't say.")
    ] = None,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Add files, folders, pages or feeds."""
    from collections import Counter
    from contextlib import closing
    from time import perf_counter

    from index.ingest import add as ingest
    from ui import parts, progress, terminal

    with parts.writable(library_of(ctx, library)) as opened:
        counts: Counter[str] = Counter()
        passages = 0
        counter = parts.counter()
        began = perf_counter()
        outcomes = ingest(opened, targets, source=source, counter=counter)
        with closing(outcomes), progress.counting("Adding") as bar:  # type: ignore[type-var]
            for outcome in outcomes:
                counts[outcome.status] += 1
                passages += outcome.passages
                bar.print(terminal.outcome_view(outcome))
                bar.count(sum(counts.values()))
        took = perf_counter() - began
    rate = f"; {passages} passages, {passages / took:.0f} a second" if passages else ""
    say(terminal.summary(counts) + rate)
    if counts["refused"] or not counts:
        raise typer.Exit(1)


@app.command("list")
def list_articles(
    ctx: typer.Context,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """List the articles."""
    from rag.answer import article_dict
    from ui import parts, terminal

    with parts.readable(library_of(ctx, library)) as opened:
        articles = opened.articles()
    if as_json:
        show_json([article_dict(article) for article in articles])
    else:
        show_table(["Id", "Published", "Source", "Title", "Note"], terminal.article_rows(articles))


@app.command()
def show(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID")],
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Show an article as it was read in."""
    from ui import parts, terminal

    with parts.readable(library_of(ctx, library)) as opened:
        article = opened.article(id)
        if article is None:
            raise DatelineError(_no_article([id]))
        show_view(terminal.article_view(article, opened.passages(id)))


@app.command()
def remove(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID…")],
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Remove articles."""
    from ui import parts

    with parts.readable(library_of(ctx, library)) as opened:
        removed = opened.remove(ids)
    for id in removed:
        typer.echo(f"removed {id}")
    if unknown := [id for id in ids if id not in removed]:
        raise DatelineError(_no_article(unknown))


@app.command()
def search(
    ctx: typer.Context,
    query: str,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many passages.")] = 10,
    as_json: JsonOption = False,
    since: SinceOption = None,
    until: UntilOption = None,
    source: SourcesOption = None,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Find passages, without a language model."""
    from rag.answer import hit_dict
    from ui import parts, terminal

    wanted = make_filter(since, until, source)
    with parts.searchable(library_of(ctx, library)) as opened:
        hits = opened.search(query, k, filter=wanted)
    if as_json:
        show_json([hit_dict(hit) for hit in hits])
    else:
        show_view(terminal.hits_view(hits))


@app.command()
def reindex(ctx: typer.Context, library: LibraryOption = None, debug: DebugOption = False) -> None:
    """Encode every passage anew, after a change of encoder."""
    from rag.opening import open_encoder
    from ui import parts, progress

    with parts.readable(library_of(ctx, library)) as opened, progress.counting("Encoding") as bar:
        opened.reindex(open_encoder(), bar.count)


@app.command()
def status(ctx: typer.Context, library: LibraryOption = None, debug: DebugOption = False) -> None:
    """Say how the library and the models are; the exit code tells the first problem."""
    from rag import models, opening
    from ui import parts, terminal

    problem: DatelineError | None = None
    try:
        with parts.readable(library_of(ctx, library)) as opened:
            show_view(terminal.facts(terminal.status_rows(opened.status())))
            opened.check()
            show_view(terminal.facts([("Health", "everything reads as it was written")]))
    except DatelineError as error:
        problem = error
        say(sentence(str(error)))
    here = [(model, models.state(model)) for model in models.catalogue()]
    kept = opening.open_states().status()
    show_view(terminal.facts(terminal.cache_rows(kept, opening.state_folder())))
    show_view(terminal.facts([("Models", str(models.folder()))]))
    show_table(["Name", "Role", "Size", "Licence", "State"], terminal.model_rows(here))
    if problem:
        raise typer.Exit(problem.exit_code)
    for role in ("encoder", "generator"):
        model = models.default(role)
        if models.state(model) != "ready":
            models.path(model.name)  # says what is wrong


# --- questions --------------------------------------------------------------------------------


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
    from ui import asking, parts, progress, terminal

    wanted = make_filter(since, until, source) if since or until or source else None
    place = parts.library_path(library_of(ctx, library))
    with progress.waiting("Opening the models"):
        assistant = asking.opened(place, model)
    with assistant:
        answer = asking.ask(assistant, question, wanted, read_filters=read_filters)
    if as_json:
        show_json(answer.to_dict())
    else:
        show_view(terminal.answer_view(answer))
        if sys.stdout.isatty():
            show_view(terminal.made_by(answer))


@app.command()
def chat(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Where to listen; this computer only by default.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535)] = 7860,
    auth: Annotated[str | None, typer.Option(help="NAME:PASSWORD that the page asks for.")] = None,
    token: Annotated[
        str | None, typer.Option(envvar="DATELINE_TOKEN", help="What API callers must send.")
    ] = None,
    model: ModelOption = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open it here.")] = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Open the chat page in a browser."""
    from ui import parts
    from ui.chat import serve

    serve(
        parts.library_path(library_of(ctx, library)),
        host=host,
        port=port,
        auth=auth,
        token=token,
        model=model,
        open_browser=open_browser,
    )


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

    raise typer.Exit(run(suites, out, limit, seed, against, settings, data))


def _no_article(ids: Sequence[str]) -> str:
    return f"The library has no article {', '.join(map(repr, ids))}; `dateline list` shows the ids."


if __name__ == "__main__":
    main()
