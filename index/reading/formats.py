"""Formats in: bytes of one file to the text and the fields it holds.

Every reader takes bytes that come from anyone and raises Refused, with the reason, for what it
can't read. HTML has its own module, for its library is heavy.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from index.cleaning.metadata import Metadata, from_fields, from_text, one_line, people
from index.errors import Refused
from index.reading.charset import decode

_UNPACKED = 200_000_000  # bytes that a .docx may unpack to
_NO_MEMORY = 2  # libxml2's XML_ERR_NO_MEMORY
_PAGES = 2_000  # pages of a PDF
_LOCKED = "the PDF is encrypted; save a copy without the password"
_FRONT_LINES = 200
_FRONT_ENDS = ("---", "...")
_NO_TITLE = re.compile(r"\.\w{2,5}$|^untitled|^microsoft word", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Document:
    """What a reader found: text that is still to be cleaned, and metadata."""

    text: str
    metadata: Metadata


def text(data: bytes, declared: str | None = None) -> Document:
    found = decode(data, declared)
    return Document(found, from_text(found))


def markdown(data: bytes, declared: str | None = None) -> Document:
    """Markdown without its marks, and the fields of its front matter (`key: value` lines)."""
    from index.reading import marked  # here: lxml, and only for Markdown

    found = decode(data, declared).replace("\r\n", "\n").removeprefix("\ufeff")
    fields, found = _front(found)
    plain = marked.text(found)
    known = from_fields(fields)
    if known.title is None:
        known = known | Metadata(title=one_line(plain.title))
    return Document(plain.text, known if fields else known | from_text(plain.text))


def _front(source: str) -> tuple[dict[str, str], str]:
    """The fields between two lines of three dashes at the start, and what follows them."""
    lines = source.split("\n", _FRONT_LINES)
    if lines[0].rstrip() != "---":
        return {}, source
    marks = (i for i, line in enumerate(lines[1:_FRONT_LINES], 1) if line.rstrip() in _FRONT_ENDS)
    end = next(marks, 0)
    fields = {}
    for line in lines[1:end]:
        key, colon, value = line.partition(":")
        if colon:
            fields[key.strip()] = value.strip().strip("[]").strip("\"'")
    return fields, "\n".join(lines[end + 1 :]) if end else source


def pdf(data: bytes) -> Document:
    from pypdf import PdfReader  # here: slow to import, seldom needed
    from pypdf.errors import FileNotDecryptedError

    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        # With an empty password it only restricts what its readers may do with it.
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused(_LOCKED)
        if len(reader.pages) > _PAGES:
            raise Refused(f"the PDF has {len(reader.pages)} pages, more than {_PAGES}")
        pages = [page.extract_text() for page in reader.pages]
        info = reader.metadata
    except (Refused, MemoryError):
        raise
    except FileNotDecryptedError:
        raise Refused(_LOCKED) from None
    except Exception as error:  # a damaged PDF fails in as many ways as there are parts in it
        raise Refused(f"the PDF is damaged ({type(error).__name__})") from None
    found = "\n\n".join(page.strip("\n") for page in pages)
    if not found.strip():
        raise Refused(
            "the PDF holds no text, only pictures; run text recognition (OCR) on it first"
        )
    known = Metadata()
    if info is not None:
        title = one_line(info.title)
        named = title is not None and not _NO_TITLE.search(title)
        known = Metadata(title=title if named else None)
    # The file's author and date are those of who made the PDF, seldom of who wrote the article.
    return Document(found, known | from_text(found))


def docx(data: bytes) -> Document:
    from docx import Document as Word  # here: slow to import, seldom needed

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if sum(part.file_size for part in parts.infolist()) > _UNPACKED:
                raise Refused("the Word file unpacks to more than 200 MB")
        word = Word(io.BytesIO(data))
        lines = [_word_line(block) for block in word.iter_inner_content()]
        fields = word.core_properties
        title = one_line(fields.title)
        known = Metadata(title=None if title in (None, "Word Document") else title)
    except (Refused, MemoryError):
        raise
    except Exception as error:  # zip, XML and python-docx each raise their own
        if getattr(error, "code", None) == _NO_MEMORY:
            raise MemoryError from None
        raise Refused(f"the Word file is damaged or encrypted ({type(error).__name__})") from None
    found = "\n\n".join(line for line in lines if line.strip())
    if not found.strip():
        raise Refused("it is empty")
    # Its author and date are those of the file; a by-line or date in the text is the article's.
    author = people(fields.author if fields.author not in ("python-docx", "") else None)
    return Document(found, known | from_text(found) | Metadata(authors=author))


def _word_line(block: Any) -> str:
    if hasattr(block, "rows"):
        return "\n".join("- " + " | ".join(cell.text for cell in row.cells) for row in block.rows)
    style = (block.style.name if block.style is not None else "") or ""
    return ("- " if style.startswith("List") else "") + str(block.text)


def records(data: bytes, declared: str | None = None) -> Iterator[tuple[str, Document | Refused]]:
    """The records of a .json (an object, or a list of them) or .jsonl file, each under a key.

    The key is the record's `_id` or `id`, else its number from 1, and is unique in the file.
    Fields: text (or body, content), and those of `metadata.from_fields`.
    """
    seen: set[str] = set()
    for number, record in _objects(decode(data, declared)):
        key, found = str(number), record  # a Refused, or anything that JSON can hold
        if isinstance(record, dict):
            name = one_line(record.get("_id", record.get("id")))
            key = name if name is not None and name not in seen else str(number)
            try:
                found = _record(record)
            except RecursionError:  # a name in a list in a list …
                found = Refused("it is nested too deep")
            except (TypeError, ValueError, AttributeError) as error:
                found = Refused(f"the record can't be read ({type(error).__name__})")
        while key in seen:
            key += "+"
        seen.add(key)
        yield key, found if isinstance(found, Document | Refused) else Refused("it is no record")


def _objects(source: str) -> Iterator[tuple[int, Any]]:
    """Objects of a JSON text or of JSON lines, numbered; a Refused where a line is none."""
    try:
        whole = json.loads(source)
    except (ValueError, RecursionError):
        lines = [(i, line) for i, line in enumerate(source.split("\n"), 1) if line.strip()]
        if len(lines) < 2:
            yield 1, Refused("it is not valid JSON")
            return
        for i, line in lines:
            try:
                yield i, json.loads(line)
            except (ValueError, RecursionError):
                yield i, Refused(f"line {i} is not valid JSON")
        return
    if isinstance(whole, dict) and not _body(whole):
        whole = next(
            (
                v
                for k in ("articles", "items", "documents", "data")
                if isinstance(v := whole.get(k), list)
            ),
            whole,
        )
    yield from enumerate(whole if isinstance(whole, list) else [whole], 1)


def _record(record: dict[str, Any]) -> Document | Refused:
    body = _body(record)
    if body is None:
        return Refused('the record has no text (field "text", "body" or "content")')
    known = from_fields(record)
    nested = record.get("metadata")
    return Document(body, known | from_fields(nested) if isinstance(nested, dict) else known)


def _body(record: dict[str, Any]) -> str | None:
    for name in ("text", "body", "content", "articleBody"):
        if isinstance(value := record.get(name), str) and value.strip():
            return value
    return None
