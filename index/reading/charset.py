"""Bytes to text, or a refusal: a wrong guess here would be quoted to people as nonsense."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from index.errors import Refused

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that one's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 200_000  # bytes looked at to tell an encoding
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def decode(data: bytes, declared: str | None = None) -> str:
    """The text that the bytes hold: by their mark, as UTF-8, as declared, or by detection.

    Raises Refused for empty or binary data and where no encoding fits.
    """
    if not data.strip():
        raise Refused("it is empty")
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _visible(_strict(data[len(mark) :], name))
    try:
        return _visible(data.decode())
    except UnicodeDecodeError as error:
        broken = error
    if declared and _known(declared):
        try:
            return _visible(data.decode(declared))
        except UnicodeDecodeError:
            pass
    return _visible(_detect(data, broken))


def _detect(data: bytes, broken: UnicodeDecodeError) -> str:
    if b"\x00" in data[:_SAMPLE]:  # UTF-16 without its mark has every other byte zero
        even, odd = data[0:_SAMPLE:2].count(0), data[1:_SAMPLE:2].count(0)
        if max(even, odd) > 0.3 * min(len(data), _SAMPLE) / 2 and min(even, odd) <= 0.02 * max(
            even, odd
        ):
            return _strict(data, "utf-16-be" if even > odd else "utf-16-le")
        raise Refused("it holds binary data, not text")
    if _mostly_utf8(data):
        raise Refused(
            f"its UTF-8 is damaged (byte {broken.start} can't be decoded); save it as UTF-8 again"
        )
    sample = data[:_SAMPLE]
    matches = from_bytes(sample)
    best = matches.best()
    if best is None:
        raise Refused("its text encoding can't be told; save it as UTF-8")
    # Windows-1252 is what Western pages that aren't UTF-8 are in; take it where it fits as well.
    names = {match.encoding for match in matches if match.chaos <= best.chaos + 0.02}
    latin = {
        "latin_1",
        "cp1250",
        "cp1254",
        "cp1257",
        "iso8859_15",
        "cp858",
        "cp850",
        "mac_roman",
        "cp437",
    }
    name = (
        "cp1252"
        if "cp1252" in names or (best.encoding in latin and _western(sample))
        else best.encoding
    )
    return _strict(data, name)


def _western(sample: bytes) -> bool:
    """Whether the bytes above ASCII, read as Windows-1252, are letters and marks people use."""
    try:
        high = [c for c in sample.decode("cp1252") if c > "\x7f"]
    except UnicodeDecodeError:
        return False
    usual = sum(c in "‘’“”–—…•€£©®°·«»¿¡´§½" or c.isalpha() or c.isspace() for c in high)
    return usual >= 0.98 * len(high)


def _mostly_utf8(data: bytes) -> bool:
    """Whether bytes that aren't valid UTF-8 are damaged UTF-8, not another encoding."""
    text = data[:_SAMPLE].decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    right = sum(c > "\x7f" for c in text) - wrong
    return right >= 3 * wrong


def _known(name: str) -> bool:
    try:
        return codecs.lookup(name.strip())._is_text_encoding
    except (LookupError, ValueError):
        return False


def _strict(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        raise Refused(
            f"it isn't in the encoding it seems to be in ({name}); save it as UTF-8"
        ) from None


def _visible(text: str) -> str:
    sample = text[:_SAMPLE]
    if len(_CONTROLS.findall(sample)) > 0.005 * len(sample) + 2:
        raise Refused("it holds binary data, not text")
    if not text.strip("\ufeff\u200b \t\r\n\f\x00"):
        raise Refused("it is empty")
    return text
