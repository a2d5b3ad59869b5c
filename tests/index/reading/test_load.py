"""Every kind of file, folder, address and feed becomes articles, or a refusal with its reason."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docx
import pytest

from index.article import Article, article_id
from index.errors import Refused
from index.reading import web
from index.reading.load import Refusal
from tests.index.reading.readers import load

FIRST = "The council voted on Tuesday to reopen the bridge after two years of repairs."
SECOND = "Engineers had found cracks in four of the nine piers, which took longer than planned."
THIRD = "The mayor, who had been criticised for the delay, said that she was glad that it is over."
TEXT = f"Bridge reopens after two years\n\n17 May 2024\n\nAdvertisement\n\n{FIRST}\n\n{SECOND}\n"

PAGE = f"""<!doctype html><html><head><title>Bridge reopens | Example Post</title>
<meta property="og:site_name" content="Example Post"><meta name="author" content="Jo Doe">
<meta property="og:title" content="Bridge reopens">
<meta property="article:published_time" content="2024-05-17T08:00:00Z">
<link rel="canonical" href="https://example.org/bridge"></head><body>
<nav><a href="/">Home</a><a href="/news">News</a></nav><article><h1>Bridge reopens</h1>
<p>{FIRST}</p><h2>The repairs</h2><p>{SECOND} {SECOND.replace("Engineers", "They")}</p>
<p>Advertisement</p><ul><li>The first pier was mended last year.</li><li>The last one in May.</li>
</ul><p>{THIRD}</p></article>
<footer>© 2024 Example Post. All rights reserved.</footer></body></html>"""


def one(target: Path | str, **more: str) -> Article:
    (item,) = load(str(target), **more)
    assert isinstance(item, Article), item
    return item


def test_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    article = one(path, source="Example Post")
    assert article.text == f"Bridge reopens after two years\n\n{FIRST}\n\n{SECOND}"
    assert article.title == "Bridge reopens after two years"
    assert article.published == date(2024, 5, 17)
    assert (article.source, article.path) == ("Example Post", str(path.resolve()))
    assert article.id == article_id(str(path.resolve()))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_a_text_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    text = f"{FIRST}\n\n“It’s the naïve café’s £5 – fee,” she said, and nobody laughed at that.\n\n"
    path = tmp_path / "a.txt"
    path.write_bytes((text * 2 + SECOND).encode(encoding))
    assert one(path).text.split("\n\n")[1].startswith("“It’s the naïve café’s £5 – fee,”")


def test_a_russian_text_in_its_old_encoding(tmp_path: Path) -> None:
    text = "Совет во вторник проголосовал за то, чтобы снова открыть мост после ремонта. " * 5
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode("cp1251"))
    assert one(path).text == text.strip()


def test_markdown_loses_its_marks_and_keeps_its_headings(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        "---\ntitle: 'Bridge: it reopens'\npublished: 2024-05-17\nsource: Example Post\n"
        f"authors: [Jo Doe, Al Roe]\n---\n{FIRST}\n\n## The *repairs*\n{SECOND}\n\n"
        "* **one** pier\n* [another](https://example.org) pier\n\n![A picture](x.png)\n"
    )
    article = one(path, source="Other")
    assert article.text == f"{FIRST}\n\nThe repairs\n\n{SECOND}\n\n- one pier\n- another pier"
    assert article.title == "Bridge: it reopens"
    assert (article.source, article.published) == ("Example Post", date(2024, 5, 17))
    assert article.authors == ("Jo Doe", "Al Roe")


def test_a_page(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGE)
    article = one(path, source="Other")
    assert article.text.startswith(f"{FIRST}\n\nThe repairs\n\n{SECOND}")
    assert "- The first pier was mended last year.\n- The last one in May." in article.text
    assert article.text.endswith(THIRD)
    for furniture in ("Home", "Advertisement", "rights", "Bridge reopens"):
        assert furniture not in article.text
    assert (article.title, article.source) == ("Bridge reopens", "Example Post")
    assert (article.published, article.authors) == (date(2024, 5, 17), ("Jo Doe",))
    assert article.url == "https://example.org/bridge"
    assert article.id == article_id(str(path.resolve()))  # a page can't claim another's place


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (f"On 2024-05-01 the harbour was closed to all ships. {FIRST}", None),
        (f"<em>On 2024-05-01</em> the harbour was closed. {FIRST}", None),
        (f"{FIRST} <time datetime='2024-05-01'>On Wednesday</time> it closed.", date(2024, 5, 1)),
        (f"{FIRST}</p><p>Published: 2024-05-01", date(2024, 5, 1)),
    ],
)
def test_a_day_that_a_sentence_speaks_of_is_not_the_pages(
    tmp_path: Path, said: str, expected: date | None
) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        f"<html><head><title>Harbour</title></head><body><article><p>{said}</p><p>{SECOND}</p>"
        f"<p>{THIRD}</p></article></body></html>",
        encoding="utf-8",
    )
    found = one(path)
    assert found.published == expected
    assert "harbour was closed" in found.text or FIRST in found.text


def test_a_page_whose_charset_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "page.htm"
    page = PAGE.replace("<head>", '<head><meta charset="koi8-r">').replace(
        THIRD, "Мост открыт. " * 9
    )
    path.write_bytes(page.encode("koi8-r", "ignore"))
    assert "Мост открыт." in one(path).text


def test_word(tmp_path: Path) -> None:
    word = docx.Document()
    word.core_properties.title = "Bridge reopens"
    word.add_paragraph(FIRST)
    word.add_heading("The repairs", 2)
    word.add_paragraph("first pier", style="List Bullet")
    word.add_paragraph("last pier", style="List Bullet")
    word.add_paragraph(SECOND)
    word.save(str(tmp_path / "a.docx"))
    article = one(tmp_path / "a.docx")
    assert article.text == f"{FIRST}\n\nThe repairs\n\n- first pier\n- last pier\n\n{SECOND}"
    assert article.title == "Bridge reopens"


def make_pdf(lines: list[str], password: str | None = None, owner: str | None = None) -> bytes:
    """A PDF of one page with these lines of text, written by hand."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    page = writer.add_blank_page(612, 792)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
    )
    stream = DecodedStreamObject()
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    stream.set_data(f"BT /F1 11 Tf 14 TL 60 740 Td {shown} ET".encode())
    page[NameObject("/Contents")] = stream
    if password or owner:
        writer.encrypt(password or "", owner, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_pdf_whatever_its_name(tmp_path: Path) -> None:
    for name in ("bridge-reopens.pdf", "bridge-reopens.html"):
        (tmp_path / name).write_bytes(make_pdf([FIRST, SECOND]))
        article = one(tmp_path / name)
        assert article.text == f"{FIRST}\n\n{SECOND}"
        assert article.title == "Bridge reopens"


def test_an_encrypted_pdf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(make_pdf([FIRST], password="secret"))
    (item,) = load(str(tmp_path / "a.pdf"))
    assert isinstance(item, Refusal)
    assert "encrypted" in item.reason


def test_a_pdf_that_only_restricts_its_readers_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(make_pdf([FIRST], owner="secret"))
    assert one(tmp_path / "a.pdf").text == FIRST


def test_json_lines_and_the_one_broken_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = {"title": "T", "text": FIRST, "published": "2024-05-17", "source": "S", "authors": ["A"]}
    beir = {"_id": "doc7", "title": "", "text": SECOND}
    path.write_text("\n".join([json.dumps(good), '{"text": "brok', "", json.dumps(beir), "[1]"]))
    first, broken, second, number = load(str(path), source="Other")
    origin = str(path.resolve())
    assert isinstance(first, Article)
    assert isinstance(second, Article)
    assert (first.title, first.text, first.source) == ("T", FIRST, "S")
    assert (first.published, first.authors, first.path) == (
        date(2024, 5, 17),
        ("A",),
        f"{origin}#1",
    )
    assert broken == Refusal(f"{origin}#2", "line 2 is not valid JSON")
    assert (second.path, second.source) == (f"{origin}#doc7", "Other")
    assert (
        second.title
        == "Engineers had found cracks in four of the nine piers, which took longer than…"
    )
    assert isinstance(number, Refusal)


def test_json_of_one_article_or_a_list(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"title": "T", "body": FIRST}))
    assert one(tmp_path / "a.json").title == "T"
    (tmp_path / "b.json").write_text(json.dumps({"articles": [{"text": FIRST}, {"text": SECOND}]}))
    assert [getattr(a, "text", None) for a in load(str(tmp_path / "b.json"))] == [FIRST, SECOND]
    (tmp_path / "c.json").write_text(
        json.dumps([{"text": FIRST, "id": 1}, {"id": 1, "text": SECOND}])
    )
    assert len({a.id for a in load(str(tmp_path / "c.json")) if isinstance(a, Article)}) == 2


def test_a_folder_in_order_without_hidden_and_other_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "sub/c.TXT", ".hidden.txt", ".git/d.txt", "e.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(FIRST)
    (tmp_path / "empty.txt").touch()
    items = list(load(str(tmp_path)))
    names = [Path(str(getattr(item, "path", None) or item.origin)).name for item in items]  # type: ignore[union-attr]
    assert names == ["a.txt", "b.txt", "empty.txt", "c.TXT"]
    assert [isinstance(item, Refusal) for item in items] == [False, False, True, False]


def test_the_same_file_has_the_same_id_by_any_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text(FIRST)
    monkeypatch.chdir(tmp_path)
    assert one("a.txt").id == one(tmp_path / "a.txt").id == one("./a.txt").id


class Site(BaseHTTPRequestHandler):
    """A small site: pages by path, so that fetching is tested over real HTTP."""

    def do_GET(self) -> None:
        base = f"http://127.0.0.1:{self.server.server_address[1]}"
        entry = "<item><title>{t}</title><link>{u}</link><pubDate>{d}</pubDate></item>"
        day = "Fri, 17 May 2024 10:00:00 GMT"
        body = f"<article><p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p></article>"
        bare = f"<html><body>{body}</body></html>"
        pages: dict[str, tuple[str, str | bytes]] = {
            "/page": ("text/html; charset=utf-8", PAGE),
            "/bare": ("text/html", bare),
            "/bridge-reopens.txt": ("text/plain", f"{FIRST}\n{SECOND}"),
            "/data": ("application/json", json.dumps([{"text": FIRST}, {"text": SECOND}])),
            "/paper": ("application/octet-stream", make_pdf([FIRST, SECOND])),
            "/picture": ("image/png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50),
            "/empty": ("text/html", ""),
            "/nothing": ("text/html", "<html><body><nav>Home</nav></body></html>"),
            "/big": ("text/plain", FIRST * 1000),
            "/feed": (
                "text/xml",
                '<rss version="2.0"><channel><title>Example Feed</title>'
                + entry.format(t="Entry title", u=f"{base}/bare", d=day)
                + entry.format(t="Gone", u=f"{base}/gone", d=day)
                + entry.format(t="Local", u="file:///etc/passwd", d=day)
                + entry.format(t="Page", u="/page", d=day)
                + "</channel></rss>",
            ),
        }
        path = self.path
        if path.startswith("/loop") or path in ("/moved", "/tofile"):
            self.send_response(302)
            to = {"/moved": "/page", "/tofile": "file:///etc/passwd"}
            self.send_header("location", to.get(path, "/loop"))
            self.end_headers()
            return
        kind, body = pages.get(path, ("text/html", "<p>no</p>"))
        data = body.encode() if isinstance(body, str) else body
        self.send_response(200 if path in pages else 404)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_an_address(site: str) -> None:
    article = one(f"{site}/page")
    assert article.text.startswith(FIRST)
    assert (article.url, article.path, article.source) == (f"{site}/page", None, "Example Post")
    assert article.id == article_id(f"{site}/page")
    assert one(f"{site}/moved").text == article.text
    assert one(f"{site}/moved").url == f"{site}/moved"


def test_the_content_type_and_the_content_decide(site: str) -> None:
    assert one(f"{site}/bridge-reopens.txt").title == "Bridge reopens"
    assert one(f"{site}/paper").text == f"{FIRST}\n\n{SECOND}"
    assert [getattr(a, "text", None) for a in load(f"{site}/data")] == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/gone", "there is no such page (HTTP 404)"),
        ("/loop", "redirects more than"),
        ("/tofile", "only http and https"),
        ("/picture", "image/png"),
        ("/empty", "empty"),
        ("/nothing", "no article"),
    ],
)
def test_an_address_without_an_article_is_refused(site: str, path: str, reason: str) -> None:
    (item,) = load(site + path)
    assert isinstance(item, Refusal)
    assert item.origin == site + path
    assert reason in item.reason


def test_a_server_that_is_not_there_is_refused() -> None:
    (item,) = load("http://127.0.0.1:9/x")
    assert item == Refusal("http://127.0.0.1:9/x", "the server can't be reached")


def test_only_http_is_fetched() -> None:
    for target in ("ftp://example.org/a", "file:///etc/passwd", "http://"):
        (item,) = load(target)
        assert isinstance(item, Refusal)


def test_a_page_that_is_too_long_is_refused(site: str) -> None:
    with pytest.raises(Refused, match="more than 0 MB"):
        web.fetch(f"{site}/big", limit=1000)


def test_the_open_web_may_not_point_into_this_network(site: str) -> None:
    with pytest.raises(Refused, match="points to an address of this network"):
        web.fetch(f"{site}/page", limit=1000_000, public=True)


def test_a_feeds_entries_are_fetched_and_its_fields_fill_the_gaps(site: str) -> None:
    first, gone, page = load(f"{site}/feed")
    assert isinstance(first, Article)
    assert first.text == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
    assert (first.title, first.source) == ("Entry title", "Example Feed")
    assert (first.published, first.url) == (date(2024, 5, 17), f"{site}/bare")
    assert gone == Refusal(f"{site}/gone", "there is no such page (HTTP 404)")
    assert isinstance(page, Article)
    assert (page.title, page.source) == ("Bridge reopens", "Example Post")
