"""Progress on standard error, shown only where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


def standard_output() -> Console:
    """Plain text, wrapped to the width of a terminal and not at all in a file."""
    wide = None if sys.stdout.isatty() else 1_000_000
    return Console(
        highlight=False, markup=False, emoji=False, soft_wrap=wide is not None, width=wide
    )


def standard_error() -> Console:
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


class Counting:
    """Counts things done, and prints lines to standard output without disturbing the bar."""

    def __init__(self, progress: Progress, task: TaskID, out: Console) -> None:
        self._progress = progress
        self._task = task
        self._out = out

    def count(self, done: int, total: int | None = None) -> None:
        self._progress.update(self._task, completed=done, total=total)

    def print(self, what: RenderableType) -> None:
        # Where both streams are the same terminal the bar has to make room for the line.
        same = sys.stdout.isatty() and not self._progress.disable
        (self._progress.console if same else self._out).print(what)


@contextmanager
def counting(what: str) -> Iterator[Counting]:
    console = standard_error()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:.0f}"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield Counting(bar, bar.add_task(what, total=None), standard_output())


@contextmanager
def waiting(what: str) -> Iterator[None]:
    console = standard_error()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        bar.add_task(what, total=None)
        yield


@contextmanager
def downloading(name: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar over bytes. What is being done is shown, and where there is no bar, said once."""
    console = standard_error()
    columns = (
        TextColumn("{task.fields[name]}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", style="dim"),
    )
    said = ""
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", name=name, total=None)

        def report(what: str, done: int, total: int) -> None:
            nonlocal said
            bar.update(task, description=what, completed=done, total=total)
            if bar.disable and what != said:
                said = what
                console.print(f"{name}: {what}")

        yield report
