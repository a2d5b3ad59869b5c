"""What takes too much time or memory, or breaks what reads it, costs one refusal."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.article import Article
from index.cleaning.metadata import Metadata
from index.reading.feeds import Entry
from index.reading.items import Feed, Item, Refusal
from index.reading.load import load
from index.reading.reader import Reader, packed, unpacked
from tests.index.reading.readers import READER
from tests.index.reading.test_load import PAGE, make_pdf

EXAMPLES = int(os.environ.get("DATELINE_FUZZ", "300"))  # broken files, and a third as many names
posix = pytest.mark.skipif(os.name == "nt", reason="limits of memory as POSIX has them")


def word(paragraphs: int) -> bytes:
    """A Word file of that many paragraphs: it packs to next to nothing."""
    made = io.BytesIO()
    body = "<w:p><w:r><w:t>word</w:t></w:r></w:p>" * paragraphs
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    import docx

    docx.Document().save(made)
    out = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == "word/document.xml":
                data = f"<w:document {space}><w:body>{body}</w:body></w:document>".encode()
            new.writestr(info, data)
    return out.getvalue()


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the limit")
def test_a_file_that_wants_too_much_memory_is_refused_alone(tmp_path: Path) -> None:
    bomb = word(2_000_000)
    assert len(bomb) < 600_000
    (tmp_path / "a.docx").write_bytes(bomb)
    (tmp_path / "b.html").write_text(PAGE)
    with Reader(memory=600_000_000) as reader:
        first, second = load(str(tmp_path), reader=reader)
    assert isinstance(first, Refusal)
    assert "memory" in first.reason
    assert isinstance(second, Article)


def test_a_file_that_takes_too_long_is_refused_alone(tmp_path: Path) -> None:
    links = "".join(f'<p><a href="/{n}">link {n}</a> and words</p>' for n in range(300_000))
    (tmp_path / "a.html").write_text(f"<html><body>{links}</body></html>")
    (tmp_path / "b.html").write_text(PAGE)
    with Reader(seconds=1) as reader:
        (first,) = reader.file(tmp_path / "a.html", None)
    assert isinstance(first, Refusal)
    assert first.reason == "reading it took more than 1 seconds"
    (second,) = READER.file(tmp_path / "b.html", None)
    assert isinstance(second, Article)


@posix
def test_a_process_that_was_killed_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE)
    with Reader() as reader:
        (first,) = reader.file(tmp_path / "a.html", None)
        assert reader._process is not None
        os.kill(reader._process.pid, signal.SIGKILL)
        reader._process.wait()
        (second,) = reader.file(tmp_path / "a.html", None)
    assert first == second
    assert isinstance(second, Article)


def test_an_answer_that_nobody_waited_for_is_not_the_next_ones(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"The harbour opened on day {n} of the year."}) for n in range(50)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "b.html").write_text(PAGE)
    with Reader() as reader:
        asked: Iterator[Item] = reader.file(tmp_path / "a.jsonl", None)
        next(asked)
        asked.close()  # type: ignore[attr-defined]
        (item,) = reader.file(tmp_path / "b.html", None)
    assert isinstance(item, Article)
    assert item.title == "Bridge reopens"


@pytest.mark.parametrize(
    "item",
    [
        Article("a" * 12, "T", "text \ud800", "S", date(2024, 5, 17), ("A", "B"), "http://x", "/y"),
        Refusal("/caf\udce9.html", "a reason", unreachable=True),
        Feed(
            "u", (Entry("http://x", Metadata("T", None, date(2024, 1, 2), ("A",), None)),), 3, True
        ),
    ],
)
def test_items_come_through_whole(item: Item) -> None:
    said = unpacked(json.loads(json.dumps(packed(item))))
    assert said == item
    if isinstance(item, Refusal):
        assert isinstance(said, Refusal)
        assert said.unreachable == item.unreachable


# --- whatever a file holds ----------------------------------------------------------------------

WHOLE = {
    ".html": PAGE.encode(),
    ".md": b"---\ntitle: T\n---\n# Head\n\n* one\n* **two** [a](b)\n\n|a|b|\n|--|--|\n|c|d|\n",
    ".pdf": make_pdf(["The council voted on Tuesday to reopen the bridge."]),
    ".docx": word(3),
    ".json": json.dumps([{"text": "The bridge opened.", "authors": [{"name": "A"}]}]).encode(),
    ".txt": "By Jo Doe\n\n17 May 2024\n\n“The bridge is open,” she said.".encode("cp1252"),
}


@st.composite
def broken(draw: st.DrawFn) -> tuple[str, bytes]:
    """A good file with pieces of it cut out, doubled, turned or overwritten, by any suffix."""
    data = bytearray(WHOLE[draw(st.sampled_from(sorted(WHOLE)))])
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        size = draw(st.integers(0, 60))
        piece = bytes(data[at : at + size])
        new = draw(
            st.sampled_from([b"", piece * 3, piece[::-1]])
            | st.binary(max_size=20)
            | st.sampled_from(
                [b"<!--", b"-->", b"\x00", b"\xff\xfe", b"[" * 50, b"<div>" * 50, b"&#0;", b"%PDF-"]
            )
        )
        data[at : at + size] = new
    return draw(st.sampled_from(sorted(WHOLE))), bytes(data)


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    max_examples=EXAMPLES,
)
@given(broken())
def test_every_file_is_articles_or_refusals(
    tmp_path_factory: pytest.TempPathFactory, file: tuple[str, bytes]
) -> None:
    suffix, data = file
    path = tmp_path_factory.getbasetemp() / f"fuzzed{suffix}"
    path.write_bytes(data)
    items = list(load(str(path), reader=READER))
    assert items
    for item in items:
        if isinstance(item, Refusal):
            assert item.reason
            assert "took more" not in item.reason
            assert "broke" not in item.reason
        else:
            assert item.text


@settings(max_examples=EXAMPLES // 3)
@given(st.text(max_size=60))
def test_every_name_is_articles_or_refusals(name: str) -> None:
    for target in (f"http://[{name}", f"http://127.0.0.1:1/{name}", f"~{name}\x00", f"\x00{name}"):
        items = list(load(target, reader=READER))
        assert all(isinstance(item, Refusal) and item.reason for item in items)
