"""What is done with the library: add, list, show, edit, remove, search.

Plain functions; `ui.cli.app` makes commands of them. What they need loads when they run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from index.errors import DatelineError, UsageError
from ui.cli.command import (
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
    show_table,
    show_view,
)


def add(
    ctx: typer.Context,
    targets: Annotated[list[str], typer.Argument(metavar="PATH|URL…")],
    source: Annotated[
        str | None, typer.Option(help="The outlet, for articles that don't say.")
    ] = None,
    engine: Annotated[
        Literal["plain", "ray"],
        typer.Option(help="Who reads and encodes: this process, or Ray, on many machines."),
    ] = "plain",
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Add files, folders, pages or feeds."""
    from collections import Counter
    from contextlib import closing
    from time import perf_counter

    from rag.answer import article_dict
    from ui.cli import libraries, progress, terminal

    ingest = libraries.ingesting(engine)
    with libraries.writable(library_of(ctx, library)) as opened:
        counts: Counter[str] = Counter()
        passages = 0
        began = perf_counter()
        became: list[dict[str, object]] = []
        outcomes = ingest(opened, targets, source=source)
        with closing(outcomes), progress.counting("Adding") as bar:  # type: ignore[type-var]
            for outcome in outcomes:
                counts[outcome.status] += 1
                passages += outcome.passages
                if as_json:
                    became.append(
                        {
                            "status": outcome.status,
                            "origin": outcome.origin,
                            "reason": outcome.reason,
                            "passages": outcome.passages,
                            "article": outcome.article and article_dict(outcome.article),
                        }
                    )
                else:
                    bar.print(terminal.outcome_view(outcome))
                bar.count(sum(counts.values()))
        took = perf_counter() - began
    if as_json:
        show_json(became)
    rate = f"; {passages} passages, {passages / took:.0f} a second" if passages else ""
    say(terminal.summary(counts) + rate)
    if counts["refused"] or not counts:
        raise typer.Exit(1)


def list_articles(
    ctx: typer.Context,
    count: Annotated[
        int, typer.Option("-n", min=0, help="How many at most; 0 lists all of them.")
    ] = 100,
    skip: Annotated[int, typer.Option(min=0, help="How many to leave out before.")] = 0,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """List the articles, newest first."""
    from rag.answer import article_dict
    from ui.cli import libraries, terminal

    with libraries.readable(library_of(ctx, library)) as opened:
        heads = opened.heads(count or None, skip)
        every = len(opened)
    if as_json:
        show_json([article_dict(head) for head in heads])
    else:
        show_table(["Id", "Published", "Source", "Title", "Note"], terminal.article_rows(heads))
    if skip + len(heads) < every and heads:
        say(
            f"{skip + 1} to {skip + len(heads)} of {every} articles; "
            f"more with --skip {skip + len(heads)}, all with -n 0"
        )


def show(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID")],
    as_json: JsonOption = False,
    versions: Annotated[
        bool, typer.Option("--versions", help="List what it said before it was corrected.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what each correction changed.")
    ] = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Show an article as it was read in."""
    from index.storing.versions import version_dict
    from rag.answer import article_dict
    from ui.cli import libraries, terminal

    with libraries.readable(library_of(ctx, library)) as opened:
        article = opened.article(id)
        if article is None:
            raise DatelineError(_no_article([id]))
        passages = opened.passages(id)
        kept = opened.versions(id)
    if as_json:
        show_json(
            {
                **article_dict(article),
                "authors": list(article.authors),
                "text": article.text,
                "passages": [[p.start, p.end] for p in passages],
                "versions": [version_dict(version) for version in kept],
            }
        )
        return
    if versions:
        rows = terminal.versions_rows(kept, article)
        show_table(["Version", "Until", "Published", "Title", "Length"], rows)
    if diff:
        for number, old in enumerate(kept, start=1):
            new = kept[number] if number < len(kept) else article
            show_view(terminal.difference_view(old, new))
        if not kept:
            say("It was never corrected since it was added.")
    if not versions and not diff:
        show_view(terminal.article_view(article, passages))


def open_article(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID")],
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Open an article where it is from, in the browser; say where that is."""
    from ui.cli import libraries, whereabouts
    from ui.cli.plain import plain

    with libraries.readable(library_of(ctx, library)) as opened:
        article = opened.article(id)
    if article is None:
        raise DatelineError(_no_article([id]))
    address = whereabouts.address(article)
    if as_json:
        show_json({"id": id, "url": article.url, "path": article.path, "address": address})
    else:
        typer.echo(plain(article.url or article.path or address))
    if sys.stdout.isatty() and not whereabouts.shown(address):
        say("No browser could be started; that is where it is.")


def edit(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID")],
    title: Annotated[str | None, typer.Option(help="What the article is called.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Its outlet; '' if it is nobody's.", show_default=False)
    ] = None,
    published: Annotated[
        str | None, typer.Option(help="Its day: 2024-05-17; '' if it isn't known.")
    ] = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Correct an article's title, outlet or date; it stays so when it is added again."""
    from datetime import date

    from rag.answer import article_dict
    from ui.cli import libraries, terminal

    changes: dict[str, str | date | None] = {}
    if title is not None:
        changes["title"] = title
    if source is not None:
        changes["source"] = source.strip() or None
    if published is not None:
        try:
            day = published.strip()
            changes["published"] = date.fromisoformat(day) if day else None
        except ValueError:
            raise UsageError(f"--published takes a day as 2024-05-17, not {published!r}.") from None
    if not changes:
        raise UsageError("Say what to edit: --title, --source or --published.")
    named = library_of(ctx, library)
    with (libraries.repairable if title is not None else libraries.readable)(named) as opened:
        if opened.article(id) is None:
            raise DatelineError(_no_article([id]))
        head = opened.edit(id, **changes)
    if as_json:
        show_json(article_dict(head))
        return
    show_table(["Id", "Published", "Source", "Title", "Note"], terminal.article_rows([head]))


def remove(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID…")],
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Remove articles."""
    from ui.cli import libraries

    with libraries.readable(library_of(ctx, library)) as opened:
        removed = opened.remove(ids)
    unknown = [id for id in ids if id not in removed]
    if as_json:
        show_json({"removed": list(removed), "unknown": unknown})
    for id in [] if as_json else removed:
        typer.echo(f"removed {id}")
    if unknown:
        raise DatelineError(_no_article(unknown))


def search(
    ctx: typer.Context,
    query: str,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many passages.")] = 10,
    judged: Annotated[
        bool,
        typer.Option(
            "--judged",
            help="Have the model read the first passages, and put those first that state an "
            "answer; takes seconds a passage, the first time.",
        ),
    ] = False,
    as_json: JsonOption = False,
    since: SinceOption = None,
    until: UntilOption = None,
    source: SourcesOption = None,
    model: ModelOption = None,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Find passages, without a language model (but for --judged)."""
    from rag.answer import hit_dict
    from rag.second_look import READ, Judged
    from ui.cli import libraries, terminal
    from ui.filters import make_filter

    wanted = make_filter(since, until, source)
    with libraries.searchable(library_of(ctx, library)) as opened:
        if wanted is not None:
            wanted = opened.named(wanted)
            say_undated(opened.undated(wanted))
        hits = opened.search(query, max(k, READ) if judged else k, filter=wanted)
    looked = libraries.judged(query, hits, model) if judged else [Judged(hit, None) for hit in hits]
    if as_json:
        told = [{"stated": one.stated} if judged else {} for one in looked[:k]]
        show_json([hit_dict(one.hit) | more for one, more in zip(looked[:k], told, strict=True)])
    else:
        likely = {one.hit.passage.id: one.stated for one in looked if one.stated is not None}
        show_view(terminal.hits_view([one.hit for one in looked[:k]], likely))


def _no_article(ids: Sequence[str]) -> str:
    return f"The library has no article {', '.join(map(repr, ids))}; `dateline list` shows the ids."
