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
# Code pages that people's texts are in; of the others a guess is more often wrong than right.
_USUAL = [
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("iso8859_2", "iso8859_7", "iso8859_9", "iso8859_15", "koi8_r", "koi8_u", "mac_roman"),
    *("cp437", "cp850", "cp852", "cp866", "shift_jis", "cp932", "euc_jp", "iso2022_jp"),
    *("gb18030", "gb2312", "gbk", "big5", "euc_kr", "cp949", "tis_620", "cp874"),
]
# The letters beyond ASCII of the languages that are written in Windows-1252.
_ALPHABETS = [
    frozenset(letters)
    for letters in (
        *("àâæçéèêëîïôœùûüÿ", "äöüßé", "áéíóúüñ", "àèéíïòóúüç", "áâãàçéêíóôõúü", "àèéìíîòóùú"),
        *("åäöéüà", "æøåéèêóòôü", "éëïóöüèêáà", "áéíóúýðþæö", "äöåšžõü", "áéíóú", "âêîôûŵŷï"),
    )
]
_LETTERS = frozenset().union(*_ALPHABETS)
_MARKS = frozenset("‘’‚“”„–—…•€£¥©®™°·«»‹›¿¡´`§½¼¾²³×±ºªµ†‡‰¢\xa0\xad")
# A mark or a capital in the middle of a word: what another code page's letters turn into.
_BROKEN = re.compile(
    r"[a-z][„‚…†‡‰‹›¿¡§°¢£¥¾½¼²³¹º¸¨»«ŠŽŒÀ-Þ][a-z]|[a-z]{3}[³¹²]|[\uff61-\uff9f]{3}"
)
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
    if is_western(sample):
        return _strict(data, "cp1252")
    best = from_bytes(sample, cp_isolation=_USUAL).best()
    if best is None or _BROKEN.search(str(best)):
        raise Refused("its text encoding can't be told; save it as UTF-8")
    return _strict(data, best.encoding)


def is_western(sample: bytes) -> bool:
    """Whether the bytes are Windows-1252, which nearly all Western text is that isn't UTF-8.

    As it, other code pages give letters as well, but never those of one language alone: Czech
    would need "ì", "ø" and "ý". So all but a few must be of one, or be so rare that they are names.
    """
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    high = [c.lower() for c in text if c > "\x7f" and c not in _MARKS]
    letters = sum(map(str.isalpha, text))
    if len(high) > 0.25 * letters or _BROKEN.search(text):
        return False
    if not high:
        return True
    foreign = min(sum(c not in alphabet for c in high) for alphabet in _ALPHABETS)
    known = all(c in _LETTERS for c in high)
    return foreign <= 0.03 * len(high) or (known and len(high) <= 0.01 * letters)


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
