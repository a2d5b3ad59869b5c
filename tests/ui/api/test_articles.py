"""The library's routes: listed by pages, shown, searched, added, corrected, removed; pages of
articles that are hostile."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from index.article import Article
from index.search import Filter
from tests.ui.api.conftest import ARTICLES, BRIDGE, COST, FERRY, Api
from ui.api.reading import shown


@pytest.fixture
def own(serve: Callable[..., Api]) -> Api:
    """A library that may be changed."""
    return serve()


def get(api: Api, path: str, status: int = 200, **query: Any) -> Any:
    made = httpx.get(api.url + path, params=query)
    assert made.status_code == status, made.text
    return made.json()


# ---- looking ----


def test_articles_come_by_pages_newest_first(api: Api) -> None:
    first = get(api, "v1/articles", limit=1)
    assert [a["id"] for a in first["data"]] == ["bridge"]
    assert (first["total"], first["has_more"]) == (2, True)
    second = get(api, "v1/articles", limit=1, offset=1)
    assert [a["id"] for a in second["data"]] == ["ferry"]
    assert second["has_more"] is False
    assert get(api, "v1/articles", offset=7)["data"] == []


def test_where_a_file_lies_is_not_told(api: Api) -> None:
    [bridge] = get(api, "v1/articles", limit=1)["data"]
    assert bridge["path"] == "bridge.txt"
    assert get(api, "v1/articles/bridge")["path"] == "bridge.txt"
    assert "/home/somebody" not in httpx.post(api.v1 + "/search", json={"query": "bridge"}).text


def test_an_article_is_shown_with_the_text_that_places_are_in(api: Api) -> None:
    shown = get(api, "v1/articles/bridge")
    assert shown["text"] == ARTICLES[0].text
    assert shown["authors"] == ["A. Writer"]
    assert shown["published"] == "2025-04-12"


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1001}, {"offset": -1}, {"limit": "x"}])
def test_pages_that_are_none(api: Api, query: dict[str, Any]) -> None:
    said = get(api, "v1/articles", 400, **query)
    assert said["error"]["param"] == next(iter(query))


def test_what_is_not_there(api: Api) -> None:
    assert get(api, "v1/articles/nothing", 404)["error"]["code"] == "article_not_found"
    assert get(api, "articles/nothing", 404)["error"]["code"] == "article_not_found"
    assert "'harbour'" in get(api, "v1/articles", 404, library="other")["error"]["message"]


def search(api: Api, **body: Any) -> Any:
    made = httpx.post(api.v1 + "/search", json=body)
    assert made.status_code == 200, made.text
    return made.json()


def test_passages_are_found_by_pages(api: Api) -> None:
    every = search(api, query="the harbour bridge", limit=100)["data"]
    hits = api.library.search("the harbour bridge", 10)
    assert [hit["passage_id"] for hit in every] == [hit.passage.id for hit in hits]
    text = ARTICLES[0].text
    assert text[every[0]["start"] : every[0]["end"]] == every[0]["text"]
    one = search(api, query="the harbour bridge", limit=1)
    rest = search(api, query="the harbour bridge", offset=1)
    assert one["data"] + rest["data"] == every
    assert (one["has_more"], rest["has_more"]) == (True, False)


def test_a_search_may_be_narrowed(api: Api) -> None:
    found = search(api, query="harbour bridge", until="2024", sources=["Island Post"])
    assert [hit["article_id"] for hit in found["data"]] == ["ferry"]
    own = api.library.search(
        "harbour bridge", 10, filter=Filter(sources=frozenset(["Island Post"]))
    )
    assert [hit["passage_id"] for hit in found["data"]] == [hit.passage.id for hit in own]
    for wrong in ({"query": " "}, {"query": "x", "limit": 0}, {"query": "x", "since": "soon"}, {}):
        assert httpx.post(api.v1 + "/search", json=wrong).status_code == 400


# ---- changing ----


def test_json_comes_in_once(own: Api) -> None:
    new = {"title": "The tram", "text": "The tram runs every nine minutes.", "outlet": "Post"}
    first = httpx.post(own.v1 + "/articles", json=new).json()
    [outcome] = first["data"]
    assert (outcome["status"], outcome["title"]) == ("added", "The tram")
    kept = own.library.article(outcome["article_id"])
    assert kept is not None
    assert kept.source == "Post"
    again = httpx.post(own.v1 + "/articles", json={"articles": [new]}).json()
    assert again["counts"] == {"unchanged": 1}
    assert str(own.library.path) not in str(first)


def test_files_come_in_and_zips_too(own: Api) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("tram.txt", "The tram runs every nine minutes.")
        archive.writestr("../../escape.txt", "This one wants to lie elsewhere.")
    files = [
        ("files", ("../market.txt", "The market opens at six on Mondays.", "text/plain")),
        ("files", ("more.zip", packed.getvalue(), "application/zip")),
    ]
    made = httpx.post(own.v1 + "/articles", files=files, data={"source": "Courier"}).json()
    said = {outcome["origin"]: outcome["status"] for outcome in made["data"]}
    assert said == {
        "more.zip/../../escape.txt": "refused",
        "market.txt": "added",
        "more.zip/tram.txt": "added",
    }
    assert sorted(own.library.sources()) == ["Courier", "Island Post", "Varnholm Courier"]
    assert not list((own.library.path / "uploads" / ".incoming").rglob("*.*"))


@pytest.mark.parametrize("url", ["/etc/passwd", "file:///etc/passwd", "ftp://x.example/", "../x"])
def test_only_web_addresses_are_fetched(own: Api, url: str) -> None:
    made = httpx.post(own.v1 + "/articles", json={"urls": [url]}).json()
    [outcome] = made["data"]
    assert outcome["status"] == "refused"
    assert "web address" in outcome["reason"]


def test_for_others_this_computers_network_is_closed(serve: Callable[..., Api]) -> None:
    api = serve(public=True)
    made = httpx.post(api.v1 + "/articles", json={"urls": [api.url + "v1/models"]}).json()
    assert made["counts"] == {"refused": 1}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b'"x"', b"{}", b'{"urls": "x"}', b'{"articles": [1]}']
)
def test_what_brings_nothing(own: Api, body: bytes) -> None:
    made = httpx.post(own.v1 + "/articles", content=body)
    assert made.status_code == 400
    assert made.json()["error"]["message"]


def test_an_article_is_corrected_and_found_by_its_new_title(own: Api) -> None:
    made = httpx.patch(
        own.v1 + "/articles/ferry", json={"title": "Lumen", "outlet": "Gazette", "date": None}
    )
    assert (made.json()["title"], made.json()["source"]) == ("Lumen", "Gazette")
    kept = own.library.article("ferry")
    assert kept is not None
    assert (kept.title, kept.source, kept.published) == ("Lumen", "Gazette", None)
    assert kept.text == FERRY
    for wrong in ({}, {"published": "soon"}, {"title": " "}, {"title": None}, {"text": "x"}):
        said = httpx.patch(own.v1 + "/articles/ferry", json=wrong)
        assert said.status_code == 400, said.text
    assert httpx.patch(own.v1 + "/articles/x", json={"title": "y"}).status_code == 404


def test_an_article_is_removed(own: Api) -> None:
    made = httpx.delete(own.v1 + "/articles/ferry")
    assert made.json() == {"object": "article.deleted", "id": "ferry", "deleted": True}
    assert own.library.article("ferry") is None
    assert httpx.delete(own.v1 + "/articles/ferry").status_code == 404


# ---- the page of an article ----


class Read(HTMLParser):
    """What a browser makes of a page, as far as it matters: its tags, and the text's node."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self._in = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self._in = ("id", "text") in attrs

    def handle_endtag(self, tag: str) -> None:
        self._in = False

    def handle_data(self, data: str) -> None:
        self.text += data if self._in else ""


def test_the_page_has_the_articles_characters_at_their_places(api: Api) -> None:
    made = httpx.get(api.url + "articles/bridge")
    assert made.headers["content-type"] == "text/html; charset=utf-8"
    page = Read(made.text)
    assert page.text == ARTICLES[0].text
    start = page.text.index(COST)
    assert page.text[start : start + len(COST)] == COST
    assert "<b>" not in made.text
    policy = made.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'")
    for name in re.findall(r'(?:src|href)="(assets/[^"]+)"', made.text):
        asset = httpx.get(api.url + "articles/" + name)
        assert asset.status_code == 200
        assert asset.headers["content-type"].split(";")[0] in ("text/javascript", "text/css")
    assert httpx.get(api.url + "articles/assets/..%2f__init__.py").status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "</div><script>alert(1)</script>",
        "a\r\nb\rc",
        "&lt;b&gt; &amp; \"'",
        "<!-- ]]> <![CDATA[",
        "🌉\u202e\u2028",
        "\n\nleading",
    ],
)
def test_whatever_the_article_says_is_text(text: str) -> None:
    page = shown(Article("x", text, text, text, None, (text,), "javascript:alert(1)"))
    read = Read(page)
    assert read.tags == [
        "html", "head", "meta", "meta", "meta", "title", "link", "script", "body", "main", "h1",
        "p", "div",
    ]  # fmt: skip
    assert read.text == text
    assert "javascript:" not in page


@pytest.mark.browser
def test_a_browser_marks_the_quoted_words(api: Api, chromium: Any) -> None:
    """The place is given in characters; the bridge before it counts twice in a browser."""
    page = chromium.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    start = ARTICLES[0].text.index(BRIDGE)
    page.goto(f"{api.url}articles/bridge#{start}-{start + len(BRIDGE)}")
    assert page.inner_text("mark") == BRIDGE
    start = ARTICLES[0].text.index(COST)
    page.evaluate(f"location.hash = '#{start}-{start + len(COST)}'")
    page.wait_for_function("document.querySelector('mark')?.textContent.includes('41')")
    assert page.inner_text("mark") == COST
    assert page.evaluate("document.getElementById('text').textContent") == ARTICLES[0].text
    page.evaluate("location.hash = '#9-3'")
    page.wait_for_selector("mark", state="detached")
    assert problems == []
    page.close()
