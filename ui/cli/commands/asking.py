"""What is asked: `dateline ask`, and `dateline chat` in a browser or in the terminal.

Plain functions; `ui.cli.app` makes commands of them. What they need loads when they run.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, cast

import typer

from index.errors import UsageError
from ui.cli.command import (
    DebugOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    SetOption,
    SinceOption,
    SourcesOption,
    UntilOption,
    WriterModelOption,
    WriterUrlOption,
    changed_settings,
    library_of,
    say,
    say_undated,
    show_json,
    show_view,
)

if TYPE_CHECKING:
    from rag.answer import Answer
    from rag.understanding.kinds import Kind


def _kinds() -> list[str]:
    from rag.understanding.kinds import KINDS

    return list(KINDS)


ContinueOption = Annotated[
    bool, typer.Option("--continue", help="Go on with this terminal's last conversation.")
]
PassagesOption = Annotated[
    bool, typer.Option("--passages", help="Show the passages that were read as well.")
]


def ask(
    ctx: typer.Context,
    question: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    as_json: JsonOption = False,
    kind: Annotated[
        str | None,
        typer.Option(
            help="What is asked for: fact, overview, list, …; else it is read from the question.",
            autocompletion=_kinds,
        ),
    ] = None,
    go_on: ContinueOption = False,
    passages: PassagesOption = False,
    article: Annotated[
        str | None, typer.Option(metavar="ID", help="The article that is meant by “this article”.")
    ] = None,
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
    setting: SetOption = None,
    model: ModelOption = None,
    writer_url: WriterUrlOption = None,
    writer_model: WriterModelOption = None,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Answer a question from the articles, with citations."""
    from rag.stale import basis
    from ui.cli import asking, libraries, progress, remembered
    from ui.filters import make_filter

    if question == "-":
        question = sys.stdin.read()
    wanted = make_filter(since, until, source)
    changed = changed_settings(setting)
    place = libraries.library_path(library_of(ctx, library))
    turns, bases = (remembered.recall(place), remembered.bases(place)) if go_on else ([], [])
    if go_on and not turns:
        say("There is no conversation of this terminal to go on with; this begins one.")
    with progress.waiting("Opening the models"):
        service = asking.opened(
            place, model, changed, writer_url=writer_url, writer_model=writer_model
        )
    with service:
        held = service.assistant.library
        bases = asking.say_stale(bases, held)
        if wanted is not None:
            wanted = held.named(wanted)
            say_undated(held.undated(wanted))
        if article is not None and held.article(article) is None:
            raise UsageError(
                f"The library has no article {article!r}; `dateline list` shows the ids."
            )
        answer = asking.ask(
            service,
            question,
            history=turns,
            filter=wanted,
            read_filters=read_filters,
            kind=cast("Kind | None", kind),  # an unknown one is refused there
            article=article,
        )
    bases.append(basis(answer.to_dict()))
    remembered.remember(place, [*turns, (answer.question, answer.text)], bases)
    if as_json:
        show_json(answer.to_dict())
    else:
        _show(answer, passages=passages)


def chat(
    ctx: typer.Context,
    in_terminal: Annotated[
        bool, typer.Option("--terminal", help="Here, at a prompt, instead of in a browser.")
    ] = False,
    go_on: ContinueOption = False,
    passages: PassagesOption = False,
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
    writer_url: WriterUrlOption = None,
    writer_model: WriterModelOption = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open it here.")] = False,
    refresh: Annotated[
        str | None,
        typer.Option(metavar="15m", help="Look at what is followed that often (m, h, d)."),
    ] = None,
    library: LibraryOption = None,
    debug: DebugOption = False,
) -> None:
    """Open the chat page in a browser, or chat in the terminal."""
    from ui.cli import libraries
    from ui.cli.commands.follow import seconds

    every = None if refresh is None else seconds("--refresh", refresh)
    if every is not None and in_terminal:
        raise UsageError("--refresh goes with the page; `dateline refresh --every` goes on alone.")
    if (go_on or passages) and not in_terminal:
        raise UsageError("--continue and --passages go with --terminal; the page has its own.")
    place = libraries.library_path(library_of(ctx, library))
    if in_terminal:
        from rag.stale import basis
        from ui.cli import asking, progress, remembered, talk

        turns, bases = (remembered.recall(place), remembered.bases(place)) if go_on else ([], [])
        with progress.waiting("Opening the models"):
            service = asking.opened(place, model, writer_url=writer_url, writer_model=writer_model)

        def answered(question: str, before: list[remembered.Turn]) -> str:
            answer = asking.ask(service, question, history=before)
            _show(answer, passages=passages, warn=not before)
            typer.echo()
            bases.append(basis(answer.to_dict()))
            return answer.text

        with service:
            bases = asking.say_stale(bases, service.assistant.library)
            talk.talk(answered, place, turns, bases)
        return
    from ui.cli import config
    from ui.page.chat import serve

    serve(
        place,
        host=host,
        port=port,
        auth=auth,
        token=token,
        model=model or config.read().model,
        writer_url=writer_url,
        writer_model=writer_model,
        open_browser=open_browser,
        refresh_every=every,
    )


def _show(answer: Answer, *, passages: bool, warn: bool = True) -> None:
    from ui import wording
    from ui.cli import answers

    show_view(answers.answer_view(answer))
    if passages:
        typer.echo()
        show_view(answers.passages_view(answer))
    if sys.stdout.isatty():
        show_view(answers.made_by(answer))
        if warn and answer.claims and answer.model.get("calibrated") == "no":
            say(wording.UNCALIBRATED)
