"""`dateline chat --terminal`: a prompt with history. Ctrl-C stops the answer, Ctrl-D ends.

The prompt is Python's own `input` with readline, where the system has it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

from index.errors import DatelineError
from index.storing.places import Place
from rag.generating.generator import Stopped
from ui.cli import remembered
from ui.cli.command import say, sentence

_LINES = 500  # questions that the prompt remembers


def talk(
    answer: Callable[[str, list[remembered.Turn]], str],
    library: Place,
    turns: list[remembered.Turn],
    bases: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Asks and answers until the input ends. `answer` shows the answer and returns its text;
    `bases`, which it may add to, are kept along."""
    terminal = sys.stdin.isatty()
    if terminal:
        say("Ask about the articles; Ctrl-C stops an answer, Ctrl-D ends.")
    with _history(terminal):
        while True:
            try:
                question = input("> " if terminal else "").strip()
                if question:
                    turns.append((question, answer(question, turns)))
                    remembered.remember(library, turns, bases)
            except EOFError:
                if terminal:
                    say("")
                return
            except (KeyboardInterrupt, Stopped):
                say("Stopped." if terminal else "")
            except DatelineError as error:
                say(sentence(str(error)))


@contextmanager
def _history(terminal: bool) -> Iterator[None]:
    """Lines that were typed before come back with the arrow keys, also tomorrow."""
    readline = _readline() if terminal else None
    if readline is None:
        yield
        return
    file = remembered.folder() / "questions.txt"
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
        readline.read_history_file(file)
    readline.set_history_length(_LINES)
    try:
        yield
    finally:
        with suppress(OSError):
            readline.write_history_file(file)


def _readline() -> ModuleType | None:
    try:
        import readline
    except ImportError:  # Windows: the console has a history of its own
        return None
    return readline
