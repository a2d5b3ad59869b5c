"""What is done with the library: add, list, show, remove, search, reindex, status.

Plain functions; `ui.cli.app` makes commands of them. What they need loads when they run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from index.errors import DatelineError
from ui.cli.command import (
    DebugOption,
    JsonOption,
    LibraryOption,
    SinceOption,
    SourcesOption,
    UntilOption,
    library_of,
    say,
    sentence,
    show_json,
    show_table,
    show_view,
)


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
    from ui.cli import parts, progress, terminal

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


def list_articles(
    ctx: typer.Context,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """List the articles."""
    from rag.answer import article_dict
    from ui.cli import parts, terminal

    with parts.readable(library_of(ctx, library)) as opened:
        articles = opened.articles()
    if as_json:
        show_json([article_dict(article) for article in articles])
    else:
        show_table(["Id", "Published", "Source", "Title", "Note"], terminal.article_rows(articles))


def show(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID")],
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Show an article as it was read in."""
    from ui.cli import parts, terminal

    with parts.readable(library_of(ctx, library)) as opened:
        article = opened.article(id)
        if article is None:
            raise DatelineError(_no_article([id]))
        show_view(terminal.article_view(article, opened.passages(id)))


def remove(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID…")],
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Remove articles."""
    from ui.cli import parts

    with parts.readable(library_of(ctx, library)) as opened:
        removed = opened.remove(ids)
    for id in removed:
        typer.echo(f"removed {id}")
    if unknown := [id for id in ids if id not in removed]:
        raise DatelineError(_no_article(unknown))


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
    from ui.cli import parts, terminal
    from ui.filters import make_filter

    wanted = make_filter(since, until, source)
    with parts.searchable(library_of(ctx, library)) as opened:
        hits = opened.search(query, k, filter=wanted)
    if as_json:
        show_json([hit_dict(hit) for hit in hits])
    else:
        show_view(terminal.hits_view(hits))


def reindex(ctx: typer.Context, library: LibraryOption = None, debug: DebugOption = False) -> None:
    """Encode every passage anew, after a change of encoder."""
    from rag.opening import open_encoder
    from ui.cli import parts, progress

    with parts.readable(library_of(ctx, library)) as opened, progress.counting("Encoding") as bar:
        opened.reindex(open_encoder(), bar.count)


def status(ctx: typer.Context, library: LibraryOption = None, debug: DebugOption = False) -> None:
    """Say how the library and the models are; the exit code tells the first problem."""
    from rag import opening
    from rag.models import files as models
    from ui import wording
    from ui.cli import parts, terminal

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
    meaning = wording.CALIBRATED if parts.calibrated() else wording.UNCALIBRATED
    show_view(terminal.facts([("Verdicts", meaning), ("Models", str(models.folder()))]))
    show_table(["Name", "Role", "Size", "Licence", "State"], terminal.model_rows(here))
    if problem:
        raise typer.Exit(problem.exit_code)
    for role in ("encoder", "generator"):
        model = models.default(role)
        if models.state(model) != "ready":
            models.path(model.name)  # says what is wrong


def _no_article(ids: Sequence[str]) -> str:
    return f"The library has no article {', '.join(map(repr, ids))}; `dateline list` shows the ids."
