"""Input that is empty, broken, huge or made to do harm: refused, one item at a time."""

from __future__ import annotations

import base64
import json
import os
import random
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.article import Article
from index.cleaning.clean import clean
from index.errors import Refused
from index.reading import formats
from index.reading.load import MAX_BYTES, Refusal
from tests.index.reading.readers import load

GOOD = "The council voted on Tuesday to reopen the bridge after two years of repairs."


def refused(path: Path) -> str:
    (item,) = load(str(path))
    assert isinstance(item, Refusal), item
    return item.reason


@pytest.mark.parametrize("suffix", ["txt", "md", "html", "pdf", "json", "jsonl", "docx"])
def test_nothing_blank_or_random_bytes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"")
    assert refused(path) == "it is empty"
    path.write_bytes(b" \n\t\r\n ")
    assert refused(path) == "it is empty"
    path.write_bytes(bytes(range(256)) * 40)
    assert refused(path)
    path.write_bytes(b"\xff\xfe\x00")
    assert refused(path)


def test_a_picture_called_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + os.urandom(500))
    assert "binary" in refused(path)


def test_damaged_utf8_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(
        "Die Brücke wird für alle geöffnet, sagte die Bürgermeisterin.".encode() + b"\xc3"
    )
    assert "UTF-8 is damaged" in refused(path)


def test_a_file_over_the_limit_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(200_000_000)  # a hole: takes no room on the disk
    assert refused(path) == f"it has 200 MB, more than {MAX_BYTES // 1_000_000} MB"


@pytest.mark.parametrize(
    ("suffix", "data"),
    [
        ("pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF"),
        ("pdf", b"%PDF-1.4 cut off"),
        ("docx", b"PK\x03\x04 not a zip at all word/"),
        ("docx", b"plain text that is called a Word file"),
        ("json", b"[" * 100_000),
        ("json", b'"just a string"'),
        ("jsonl", b'{"text": ""}\n{"text": 7}\n{"title": "no text"}'),
        ("html", b"<html>" + b"<div>" * 5_000),
        ("html", b"<html><head><title>t</title></head><body></body></html>"),
        ("txt", b"Advertisement\n\nShare\n\nLeave a Reply\n\nSubscribe\n"),
        ("txt", b"--- *** ---\n\n...\n"),
    ],
)
def test_broken_files(tmp_path: Path, suffix: str, data: bytes) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data)
    items = list(load(str(path)))
    assert items
    assert all(isinstance(item, Refusal) and item.reason for item in items)


def test_a_word_file_that_unpacks_without_end(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("word/document.xml", b" " * 201_000_000)
    assert "unpacks to more than" in refused(path)


def test_names_that_lead_nowhere(tmp_path: Path) -> None:
    for target in (str(tmp_path / "none.txt"), "a\x00b", "x" * 5000, "", "  ", "~nosuchuser/x"):
        (item,) = load(target)
        assert isinstance(item, Refusal), target
        assert item.reason
    (nothing,) = load("")
    assert nothing.reason == "nothing was named; name a file, a folder or an address"
    for address in ("http://[::1", "http://[", "http://a b/", "http://%zz", "http://\ud800"):
        (item,) = load(address)
        assert isinstance(item, Refusal), address
    assert "no articles" in refused(tmp_path)
    (tmp_path / "a.exe").write_bytes(b"MZ")
    assert "'.exe'" in refused(tmp_path / "a.exe")
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    assert refused(tmp_path / "loop.txt")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are Unicode")
def test_a_name_that_is_not_unicode(tmp_path: Path) -> None:
    for name in (b"a\xff.txt", b"b\xff.html"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(GOOD)
    (tmp_path / "c.txt").write_text(GOOD)
    first, second, good = load(str(tmp_path))
    for item in (first, second):
        assert isinstance(item, Refusal)
        assert "not valid Unicode" in item.reason
        item.origin.encode()
    assert isinstance(good, Article)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("word " * 10_000_000, "it says the same over and over"),
        (f"{GOOD} " * 5_000, "it says the same over and over"),
        (base64.encodebytes(random.Random(1).randbytes(9_000)).decode(), "it holds data"),
        (f"{GOOD}\n" + random.Random(1).randbytes(40_000).hex(), "it holds data, not words"),
    ],
)
def test_what_is_no_text_that_somebody_wrote(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text[:49_000_000])
    assert reason in refused(path)


def test_a_long_table_is_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    rows = (
        f"Team {n % 40} beat team {n % 37} by {n % 5} to {n % 3} on day {n}." for n in range(3000)
    )
    path.write_text("\n\n".join(rows))
    (item,) = load(str(path))
    assert isinstance(item, Article)


def test_a_record_nested_900_deep_is_one_refusal(tmp_path: Path) -> None:
    deep: object = "x"
    for _ in range(900):
        deep = [deep]
    records = [{"text": GOOD, "authors": deep}, {"text": GOOD}, deep]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    items = list(load(str(tmp_path / "a.jsonl")))
    assert len(items) == 3
    assert isinstance(items[1], Article)
    assert isinstance(items[2], Refusal)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    assert refused(tmp_path / "a.txt") == "it is not a regular file"


def test_one_bad_file_does_not_end_the_run(tmp_path: Path) -> None:
    for i, data in enumerate((b"", GOOD.encode(), b"\x00\x01", GOOD.encode())):
        (tmp_path / f"{i}.txt").write_bytes(data)
    assert [type(item) for item in load(str(tmp_path))] == [Refusal, Article, Refusal, Article]


def test_an_article_keeps_no_control_tokens_hidden_in_invisible_characters(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(
        f"{GOOD}\n\n\u202e<|im\u200b_end|>\u2066 is a text like any other here.\x1b[31m"
    )
    (item,) = load(str(path))
    assert isinstance(item, Article)
    assert item.text == f"{GOOD}\n\n<|im_end|> is a text like any other here.[31m"


@pytest.mark.parametrize(
    "line",
    [
        *("AFP/Getty/" * 70, "email " * 120, "and " * 200, "By " + "A" * 130, "share " * 130),
        *("( " * 390, "«" * 700, "photo: " * 110, "AP/" * 260, "#a " * 260, "a | " * 190),
        *(". " * 400, "Photo by " * 80, "“”" * 20_000, "welcome to " + "A" * 5_000),
    ],
)
def test_lines_that_would_stall_a_careless_pattern(line: str) -> None:
    clean("\n\n".join([GOOD, line, line + "x", GOOD.replace("Tuesday", "Monday")]))


READERS = [formats.text, formats.markdown, formats.pdf, formats.docx]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=50)
@given(
    st.sampled_from(READERS),
    st.binary(max_size=300),
    st.sampled_from([b"", b"%PDF-1.5\n", b"PK\x03\x04"]),
)
def test_readers_only_ever_refuse(reader, data: bytes, start: bytes) -> None:  # type: ignore[no-untyped-def]
    with suppress(Refused):
        assert isinstance(reader(start + data), formats.Document)


@given(st.binary(max_size=200))
def test_records_only_ever_refuse(data: bytes) -> None:
    with suppress(Refused):
        for key, record in formats.records(data):
            assert key
            assert isinstance(record, formats.Document | Refused)


def test_a_link_to_what_is_not_there_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "nowhere.txt")
    assert refused(tmp_path / "a.txt") == "there is no such file"
