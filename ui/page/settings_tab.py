"""The settings tab. What is chosen is kept in the browser and goes along with every question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rag.settings import Settings
from ui.page.kit import QUIET, gr, html, said
from ui.page.page import Page
from ui.page.rendering import panels

_KEYS = (
    "<h2>Keys</h2><dl class='keys'>"
    "<dt><kbd>/</kbd></dt><dd>to the question</dd>"
    "<dt><kbd>Enter</kbd></dt><dd>asks; <kbd>Shift</kbd> <kbd>Enter</kbd> starts a new line</dd>"
    "<dt><kbd>Tab</kbd></dt><dd>from citation to citation; <kbd>Enter</kbd> opens one</dd>"
    "<dt><kbd>Alt</kbd> <kbd>←</kbd> <kbd>→</kbd></dt><dd>in an open article: back, forth</dd>"
    "<dt><kbd>Esc</kbd></dt><dd>closes the article, else stops the answer</dd></dl>"
)
_VERDICTS = (
    "<h2>What the signs mean</h2><dl class='keys'>"
    "<dt><span class='sign stated'>✓</span></dt><dd>Stated in the source: a press on the number "
    "opens it</dd>"
    "<dt><span class='sign check'>?</span></dt><dd>Check this: the quote lacks the words that are "
    "underlined, or may not say it</dd>"
    "<dt><span class='sign withheld'>✕</span></dt><dd>Withheld: the articles don’t bear it out"
    "</dd></dl>"
)
_MARKED = (
    "<h2>Marked answers</h2><p class='label'>The questions that were answered well, and those that "
    "you said the answer of, with the articles of the library. Unpacked into a folder, it measures "
    "any model or setting: <code>dateline eval answers --data FOLDER</code>.</p>"
    '<p><button type="button" class="plain" data-act="questions">Save them (zip)</button> '
    '<span id="said" role="status"></span></p>'
)
FEWEST, MOST = 1, 8  # passages at once
MOST_IN_ALL = 30


@dataclass(frozen=True, slots=True)
class SettingsTab:
    model: gr.Dropdown
    passages: gr.Slider
    budget: gr.Slider
    show_withheld: gr.Checkbox
    look: gr.Radio
    costs: gr.HTML

    @property
    def choosing(self) -> list[Any]:
        return [self.model, self.passages, self.budget, self.show_withheld]


def build(page: Page) -> SettingsTab:
    models, usual = list(page.backend.models()), Settings()
    with gr.Column(elem_id="settings"):
        html("<h2>Answers</h2>")
        model = gr.Dropdown(
            models,
            value=models[0] if models else None,
            label="Model",
            info="One is in memory at a time: the first answer by another waits some seconds for "
            "it to load. A larger one reads and writes more slowly.",
        )
        passages = gr.Slider(
            FEWEST,
            MOST,
            value=usual.passages,
            step=1,
            label="Passages read at once",
            info="Each one more is read in about a second the first time, at once afterwards.",
        )
        budget = gr.Slider(
            FEWEST,
            MOST_IN_ALL,
            value=usual.budget,
            step=1,
            label="Passages read at most",
            info="Where the best ones don’t state the answer the next ones are read, up to this "
            "many. More find more, and take longer to say that the library doesn’t hold it.",
        )
        show_withheld = gr.Checkbox(
            value=usual.show_withheld,
            label="Show what was withheld",
            info="Sentences that the articles don’t bear out, struck out. They are often wrong.",
            elem_id="withheld",
        )
        costs = html(elem_id="costs")
        html("<h2>This page</h2>")
        look = gr.Radio(
            [("As the system", "system"), ("Light", "light"), ("Dark", "dark")],
            value="system",
            label="Colours",
            elem_id="theme",
        )
        html(_VERDICTS)
        html(_MARKED)
        html(_KEYS)
    look.input(None, look, None, js="(value) => { window.dateline.theme(value); }")
    return SettingsTab(model, passages, budget, show_withheld, look, costs)


def wire(page: Page, tab: SettingsTab, bus: gr.HTML, opened: Any) -> None:
    """`opened` is the event that shows the tab."""
    keep = "(...values) => { window.dateline.keep(...values); }"
    for each in tab.choosing:
        each.input(None, tab.choosing, None, js=keep)

    def restore(event: gr.EventData) -> tuple[Any, ...]:
        return restored(list(page.backend.models()), said(event))

    bus.restore(restore, None, [*tab.choosing, tab.look], **QUIET)
    opened(lambda: panels.costs(page.conversations.answered(20)), None, tab.costs, **QUIET)


def restored(models: list[str], kept: dict[str, Any]) -> tuple[Any, ...]:
    """What the browser kept, where it still makes sense, and the models that are here by now."""
    usual = Settings()

    def number(name: str, least: float, most: float, otherwise: float) -> float:
        value = kept.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return otherwise
        return min(max(value, least), most)

    model, look = kept.get("model"), kept.get("look")
    return (
        gr.update(
            choices=models, value=model if model in models else models[0] if models else None
        ),
        int(number("passages", FEWEST, MOST, usual.passages)),
        int(number("budget", FEWEST, MOST_IN_ALL, usual.budget)),
        kept.get("withheld") is True,
        look if look in ("system", "light", "dark") else "system",
    )
