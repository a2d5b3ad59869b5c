"""Following the news: follow, unfollow, refresh.

Plain functions; `ui.cli.app` makes commands of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import LibraryBusy, UsageError
from ui.cli.command import (
    DebugOption,
    JsonOption,
    LibraryOption,
    library_of,
    say,
    sentence,
    show_json,
    show_table,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from index.following.memory import Followed
    from index.library import Library

_SPAN = re.compile(r"([0-9]{1,4}) ?([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def follow(
    ctx: typer.Context,
    targets: Annotated[list[str] | None, typer.Argument(metavar="URL|FOLDER…")] = None,
    source: Annotated[
        str | None, typer.Option(help="The outlet, for articles that don't say.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show what is followed.")] = False,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Follow feeds, news sitemaps and folders; `refresh` reads what is new."""
    from index.following.following import follow as begin
    from index.following.following import followed, target_of
    from ui.cli import libraries

    named = library_of(ctx, library)
    if not targets and not listing:
        raise UsageError("Name a feed's address or a folder, or say --list.")
    if targets:
        for target in targets:
            target_of(target)  # all of them, or none
        with libraries.writable(named) as opened:
            for target in targets:
                found, new = begin(opened, target, source)
                say(f"{'follows' if new else 'already follows'} {found}")
            say("`dateline refresh` reads what is new, and `refresh --every 15m` goes on doing it.")
    if listing or as_json:
        with libraries.readable(named) as opened:
            _show(followed(opened), as_json)


def unfollow(
    ctx: typer.Context,
    targets: Annotated[list[str], typer.Argument(metavar="URL|FOLDER…")],
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Follow them no longer; their articles stay."""
    from index.following.following import unfollow as end
    from ui.cli import libraries

    with libraries.readable(library_of(ctx, library)) as opened:
        for target in targets:
            say(f"no longer follows {end(opened, target)}")


def refresh(
    ctx: typer.Context,
    targets: Annotated[list[str] | None, typer.Argument(metavar="URL|FOLDER…")] = None,
    every: Annotated[
        str | None, typer.Option(metavar="15m", help="Go on, that often (s, m, h, d).")
    ] = None,
    remove_gone: Annotated[
        bool, typer.Option("--remove-gone", help="Remove articles that vanished at their source.")
    ] = False,
    as_json: JsonOption = False,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Read what is new of what is followed."""
    from index.following.following import followed, target_of
    from index.following.rounds import rounds
    from ui.cli import libraries

    pause = None if every is None else seconds("--every", every)
    with libraries.repairable(library_of(ctx, library)) as opened:
        known = {one.target for one in followed(opened)}
        chosen = [t if t in known else target_of(t) for t in targets or ()]
        if pause is None:
            failed = _once(opened, chosen, remove_gone, as_json)
            raise typer.Exit(1 if failed else 0)
        for only in rounds(opened, chosen, pause):
            try:
                _once(opened, only, remove_gone, as_json)
            except LibraryBusy as busy:
                say(sentence(str(busy)))


def _once(opened: Library, targets: Sequence[str], remove_gone: bool, as_json: bool) -> bool:
    """Whether anything that is followed couldn't be looked at."""
    from collections import Counter
    from contextlib import closing

    from index.following.following import followed
    from index.following.refresh import refresh as look
    from ui.cli import progress, terminal

    counts: Counter[str] = Counter()
    postponed: set[str] = set()
    shown = []
    outcomes = look(opened, targets, remove_gone=remove_gone)
    with closing(outcomes), progress.counting("Refreshing") as bar:  # type: ignore[type-var]
        for outcome in outcomes:
            counts[outcome.status] += 1
            bar.count(counts.total())
            if as_json:
                shown.append(_outcome(outcome))
            elif outcome.status == "postponed":  # once for each reason, not for each page
                if outcome.reason not in postponed:
                    bar.print(terminal.outcome_view(outcome))
                postponed.add(outcome.reason or "")
            elif outcome.status != "unchanged":
                bar.print(terminal.outcome_view(outcome))
    after = followed(opened)
    if as_json:
        show_json({"counts": dict(counts), "outcomes": shown})
    say(_account(counts))
    return any(one.note for one in after if not targets or one.target in targets)


def _account(counts: Counter[str]) -> str:
    from ui.cli import terminal

    return terminal.summary(counts) if counts else "nothing new"


def _outcome(outcome: object) -> dict[str, object]:
    from index.ingest import Outcome
    from rag.answer import article_dict

    assert isinstance(outcome, Outcome)
    return {
        "origin": outcome.origin,
        "status": outcome.status,
        "reason": outcome.reason,
        "article": None if outcome.article is None else article_dict(outcome.article),
    }


def _show(followed: Sequence[Followed], as_json: bool) -> None:
    from ui.cli.plain import plain

    if as_json:
        show_json(
            [
                {
                    "target": one.target,
                    "source": one.source,
                    "since": one.since,
                    "refreshed": one.refreshed,
                    "items": one.items,
                    "waiting": one.waiting,
                    "gone": one.gone,
                    "note": one.note,
                }
                for one in followed
            ]
        )
        return
    if not followed:
        say("Nothing is followed yet; start with `dateline follow URL|FOLDER`.")
    rows = [
        [
            plain(one.target),
            one.refreshed or "never",
            str(one.items),
            str(one.waiting),
            str(one.gone),
            plain(one.note),
        ]
        for one in followed
    ]
    show_table(["Followed", "Refreshed", "Items", "Waiting", "Gone", "Note"], rows)


def seconds(option: str, said: str) -> float:
    """Of "15m". Raises UsageError, which names the option."""
    found = _SPAN.fullmatch(said.strip().lower())
    span = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not found or span < 60:
        raise UsageError(f"{option} takes a time of at least a minute, as 15m or 2h, not {said!r}.")
    return float(span)
