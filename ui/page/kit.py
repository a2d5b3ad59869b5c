"""The framework, and what every tab needs of it. The only importer of gradio."""

from __future__ import annotations

import os
from importlib.resources import files
from typing import Any

# Before gradio is imported: it reads these once. Nothing of its own leaves this machine.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_RUN_HISTORY"] = "False"
os.environ["GRADIO_SHARE"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"  # nor does it count what nobody looks at
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"

import gradio as gr

from index.errors import DatelineError
from ui.page.rendering.markup import esc

__all__ = ["HERE", "QUIET", "asset", "gr", "html", "said", "session", "shown"]

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

# Puts the conversation that the window shows in the place of the first input, at the moment when
# the event leaves. What the event itself carries is the first one's, where several were waiting.
HERE = "(...inputs) => window.dateline.here(...inputs)"


def asset(name: str) -> str:
    return files("ui.page").joinpath("static", name).read_text(encoding="utf-8")


def html(value: str = "", **rest: Any) -> gr.HTML:
    """Our own HTML, in our own style."""
    return gr.HTML(value, apply_default_css=False, **rest)


def shown(error: DatelineError) -> gr.Error:
    """A user's error becomes the page's own message, as text."""
    return gr.Error(esc(error), duration=10, print_exception=False)


def said(event: gr.EventData) -> dict[str, Any]:
    """What page.js sent along."""
    return dict(event._data or {})


def session(request: gr.Request) -> str:
    """One open window."""
    return str(request.session_hash)
