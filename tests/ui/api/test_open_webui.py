"""Open WebUI: what its server makes of the stream, by the rules of its own reader (release 0.11,
utils/middleware.py and Citations.svelte), of which this is a model."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.ui.api.conftest import ARTICLES, ASKED, BRIDGE, Api


def lines(api: Api, headers: dict[str, str]) -> list[str]:
    body = {
        "model": "harbour",
        "messages": [{"role": "user", "content": ASKED}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    made = httpx.post(api.v1 + "/chat/completions", json=body, headers=headers)
    return made.text.splitlines()


def read(all_lines: list[str]) -> tuple[str, list[dict[str, Any]]]:
    """The message's text, and the sources that it is shown with. Its reader takes line by line:
    what doesn't begin with `data:` is passed over, an `event` is emitted as it is, an annotation
    becomes a source whose document is only its title."""
    text, emitted = "", []
    for line in all_lines:
        if not line.startswith("data:"):
            continue
        said = line[5:].strip()
        if said == "[DONE]":
            break
        chunk = json.loads(said)
        if "event" in chunk:
            emitted.append(chunk["event"])
        choices = chunk.get("choices", [])
        if not choices:
            continue
        delta = choices[0].get("delta", {})
        for note in delta.get("annotations") or ():
            cited = note["url_citation"]
            emitted.append(
                {
                    "type": "source",
                    "data": {
                        "source": {"name": cited["title"], "url": cited["url"]},
                        "document": [cited["title"]],
                        "metadata": [{"source": cited["url"], "name": cited["title"]}],
                    },
                }
            )
        text += delta.get("content") or ""
    return text, [event["data"] for event in emitted if event["type"] == "source"]


def cards(sources: list[dict[str, Any]]) -> dict[str, tuple[str, list[str]]]:
    """Its page makes one card of the sources with the same `metadata.source`, in order; an
    address in that place becomes the card's name."""
    made: dict[str, tuple[str, list[str]]] = {}
    for source in sources:
        for document, about in zip(source["document"], source["metadata"], strict=True):
            id = about.get("source") or source["source"].get("id") or "N/A"
            name = id if id.startswith("http") else about.get("name")
            made.setdefault(id, (name, []))[1].append(document)
    return made


def test_its_citations_show_the_quoted_words_where_it_asks_for_them(api: Api) -> None:
    text, sources = read(lines(api, {"X-Dateline-Events": "open-webui"}))
    assert text == f"{BRIDGE} [1]"
    [(name, documents)] = cards(sources).values()
    assert documents == [BRIDGE]
    assert name == f"{ARTICLES[0].title} (Varnholm Courier, 2025-04-12)"
    [source] = sources
    assert source["source"]["url"].startswith(f"{api.url}articles/bridge#")


def test_else_its_citations_are_the_annotations(api: Api) -> None:
    text, sources = read(lines(api, {}))
    assert text == f"{BRIDGE} [1]"
    assert [source["source"]["url"].split("#")[0] for source in sources] == [
        f"{api.url}articles/bridge"
    ]
