"""Cleaning: from the text of a saved page to the article's text.

The result is what offsets of passages and citations count in, so `clean` is idempotent and only
ever takes away: no line is written that wasn't there. Its layout is what the splitter relies on:

- paragraphs are separated by one blank line, and each is one line;
- items of a list are lines that start with "- ", under one another in one paragraph;
- a heading is a paragraph of at most 120 characters without a full stop, before body text.

What is taken away: furniture by its own wording (`index.cleaning.furniture`), and by its place:
blocks that come twice, menus, headlines of other stories under "Related", all from a comment form
on, the masthead's date, by-lines (they are metadata). A line that reads like a sentence goes only
by a rule about its wording, or because the same sentence was there before.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

from index.cleaning import furniture, invisible
from index.cleaning.dates import is_date_line

HEADING_CHARS = 120  # the longest paragraph that may be a heading
_PASSES = 50  # each pass only removes; real pages settle after two or three

_NEWLINES = re.compile(r"\r\n?|[\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_BULLET = re.compile(r"[•‣▪●◦∙·*–—-]\s+(?=\S)")
_TERMINAL = re.compile(r"[.!?…。！？:;][\"'”’»)\]]*$|[.!?…。！？]\W{0,3}$")
_WORD = re.compile(r"\w+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A line that was taken away, and the rule that took it."""

    rule: str
    line: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`text` as `clean` returns it, and what was dropped on the way, in order of the passes."""

    text: str
    dropped: tuple[Dropped, ...]


def clean(raw: str) -> str:
    """The article's text out of a saved page's text; empty where nothing of an article is left."""
    return sift(raw).text


def sift(raw: str) -> Cleaned:
    """`clean`, with an account of what was dropped."""
    lines = paragraphs(raw)
    dropped: list[Dropped] = []
    for _ in range(_PASSES):
        marks = _mark(lines)
        if not any(marks):
            break
        dropped += [Dropped(mark, line) for mark, line in zip(marks, lines, strict=True) if mark]
        lines = [line for mark, line in zip(marks, lines, strict=True) if not mark]
    return Cleaned(_join(lines), tuple(dropped))


def normalise(raw: str) -> str:
    """NFC, one kind of newline and space, and no invisible characters."""
    text = unicodedata.normalize("NFC", invisible.strip(_NEWLINES.sub("\n", raw)))
    return "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n"))


def paragraphs(raw: str) -> list[str]:
    """The paragraphs of a text, one line each; items of lists start with "- ".

    A block of lines that was wrapped at a fixed width is joined into its paragraph; otherwise
    each line stands for itself, as it does in text that was saved from a browser.
    """
    blocks = [block.split("\n") for block in re.split(r"\n\n+", normalise(raw).strip("\n"))]
    width = _wrap_width(blocks)
    lines: list[str] = []
    words = (
        {word for block in blocks for line in block for word in line.split()} if width else set()
    )
    for block in blocks:
        lines += _unwrap(block, width, words) if width else block
    marked = (_BULLET.sub("- ", line, count=1) if _BULLET.match(line) else line for line in lines)
    return [line for line in marked if line.strip("-–—•*·_=~ ")]


def is_body(line: str) -> bool:
    """Whether a line reads like text rather than like a label, headline or caption.

    Such a line is never taken away because of where it stands.
    """
    if len(line) > HEADING_CHARS:
        return True
    return _words(line) >= 6 and _TERMINAL.search(line) is not None and line[-4:] != " ..."


def is_running(line: str) -> bool:
    """Whether a line is a paragraph of running text beyond doubt (a headline may ask, exclaim)."""
    if len(line) > HEADING_CHARS:
        return True
    end = line.rstrip("\"'”’»)]")
    return _words(line) >= 8 and end[-1:] in (".", "。") and not end.endswith("..")


def _is_sentence(line: str) -> bool:
    return is_running(line) and _TERMINAL.search(line) is not None


def _words(line: str) -> int:
    return len(_WORD.findall(line)) + len(_CJK.findall(line)) // 2


def _wrap_width(blocks: Sequence[Sequence[str]]) -> int:
    """The width at which the text was wrapped, or 0 where it wasn't (or one can't tell)."""
    inner = [line for block in blocks for line in block[:-1]]
    if len(inner) < 3:
        return 0
    width = sorted(len(line) for line in inner)[int(0.95 * (len(inner) - 1))]
    full = sum(0.7 * width <= len(line) <= 1.1 * width for line in inner)
    broken = sum(_TERMINAL.search(line) is None for line in inner)
    return width if 40 <= width <= 110 and full >= 0.6 * len(inner) <= 2 * broken else 0


def _unwrap(block: Sequence[str], width: int, words: Set[str]) -> list[str]:
    """Join the lines of a wrapped block; a short line or a list item's mark starts a new one.

    A word that was broken at a hyphen is put together again, with the hyphen where the text has
    that word with it elsewhere.
    """
    lines: list[list[str]] = []
    last = ""
    for line in block:
        if not lines or len(last) < 0.6 * width or _BULLET.match(line):
            lines.append([line])
        elif last.endswith("-") and last[-2:-1].isalpha() and line[0].islower():
            if last.rsplit(" ", 1)[-1] + line.split(" ", 1)[0] not in words:
                lines[-1][-1] = lines[-1][-1][:-1]
            lines[-1].append(line)
        else:
            lines[-1] += [" ", line]
        last = line
    return ["".join(parts) for parts in lines]


def _join(lines: Sequence[str]) -> str:
    parts: list[str] = []
    for i, line in enumerate(lines):
        item = line.startswith("- ") and i > 0 and lines[i - 1].startswith("- ")
        parts.append(("\n" if item else "\n\n" if i else "") + line)
    return "".join(parts)


def _mark(lines: Sequence[str]) -> list[str | None]:
    """For each line the rule that takes it away, or None: one pass over the whole text."""
    body = [is_body(line) for line in lines]
    marks = [furniture.rule(_bare(line)) for line in lines]
    running = [i for i, line in enumerate(lines) if not marks[i] and is_running(line)]
    first, last = (running[0], running[-1]) if running else (0, len(lines) - 1)
    _mark_repeats(lines, body, marks, first)
    _mark_photos(lines, marks)
    if not running:  # notes, a table, a list: nothing to tell furniture's place by
        return marks
    _mark_labels(lines, body, marks)
    _mark_bylines(lines, body, marks)
    _mark_menus(lines, marks, range(first))
    _mark_menus(lines, marks, range(last + 1, len(lines)))
    for i in range(first):
        if is_date_line(lines[i]):
            marks[i] = marks[i] or "masthead date"
    _mark_comments(lines, body, marks)
    _mark_tail(lines, marks, last)
    return marks


def _bare(line: str) -> str:
    return line.removeprefix("- ")


def _mark_repeats(
    lines: Sequence[str], body: Sequence[bool], marks: list[str | None], first: int
) -> None:
    """Sentences and headlines that were there before; labels that come three times or more."""
    keys = [" ".join(_WORD.findall(_bare(line).lower())) for line in lines]
    labels = [
        key
        for key, line, mark, text in zip(keys, lines, marks, body, strict=True)
        if not mark and not text and not _TERMINAL.search(line) and not any(map(str.isdigit, key))
    ]
    often = {key for key, n in Counter(labels).items() if n >= 3 and len(key) > 2}
    follows = [i + 1 < len(lines) and is_running(lines[i + 1]) for i in range(len(lines))]
    speakers = len(often) > 1 and all(follows[i] for i, key in enumerate(keys) if key in often)
    if speakers or len(often) > 3:  # a transcript; a text that is built of the same parts
        often = set()
    seen: set[str] = set()
    for i, key in enumerate(keys):
        if marks[i]:
            continue
        if key in often:
            # the first of a longer one may be the headline
            marks[i] = "repeated label" if key in seen or len(key.split()) < 5 else None
        elif key in seen and (_is_sentence(lines[i]) or (i < first and len(key) >= 20)):
            listed = lines[i].startswith("- ") or sum(map(str.isdigit, key)) > 0.05 * len(key)
            marks[i] = None if listed else "repeated block"  # tables and recipes repeat themselves
        seen.add(key)


def _mark_photos(lines: Sequence[str], marks: list[str | None]) -> None:
    """ "Photo" and a name: a credit under a figure's line, or when the page has it again."""
    often = Counter(line for line in lines if furniture.is_photo_of(line))
    for i, line in enumerate(lines):
        if often[line] and (often[line] > 1 or (i and furniture.is_figure(lines[i - 1]))):
            marks[i] = marks[i] or "caption"


def _mark_labels(lines: Sequence[str], body: Sequence[bool], marks: list[str | None]) -> None:
    """Labels of the page, and the headlines that follow a label of other stories."""
    for i, line in enumerate(lines):
        bare = _bare(line)
        over_text = i + 1 < len(lines) and (body[i + 1] or lines[i + 1].startswith("- "))
        if furniture.is_label(bare) or (
            furniture.is_soft_label(bare) and (i == 0 or not over_text)
        ):
            marks[i] = marks[i] or "label"
        if not furniture.is_related(bare):
            continue
        marks[i] = marks[i] or "related stories"
        for j in range(i + 1, min(i + 9, len(lines))):
            if body[j] or (not lines[j].startswith("- ") and _TERMINAL.search(lines[j])):
                break
            marks[j] = marks[j] or "related stories"


def _mark_bylines(lines: Sequence[str], body: Sequence[bool], marks: list[str | None]) -> None:
    for i, line in enumerate(lines):
        if furniture.is_byline(line):
            marks[i] = marks[i] or "by-line"
        elif i and furniture.is_role(line) and furniture.is_name(lines[i - 1]) and not body[i - 1]:
            marks[i] = marks[i] or "by-line"
            marks[i - 1] = marks[i - 1] or "by-line"


def _mark_menus(lines: Sequence[str], marks: list[str | None], zone: range) -> None:
    """Runs of four or more labels of at most three words, before or after all running text.

    Furniture may stand among them, and doesn't make a menu of the odd label that it surrounds.
    """
    run: list[int] = []
    for i in zone:
        if marks[i] or _is_short_label(lines[i]):
            run.append(i)
        if run and (i == zone[-1] or run[-1] != i):
            labels = [j for j in run if not marks[j]]
            if len(run) >= 4 and len(labels) >= 3:
                for j in labels:
                    marks[j] = "menu"
            run = []


def _is_short_label(line: str) -> bool:
    dated = is_date_line(line) or line.startswith("- ")
    return len(line) <= 28 and len(line.split()) <= 3 and line[-1] not in ".!?:" and not dated


def _mark_comments(lines: Sequence[str], body: Sequence[bool], marks: list[str | None]) -> None:
    """From the comment form to the end, when the running text before it outweighs what follows."""
    before = 0
    after = sum(len(line) for line, is_text in zip(lines, body, strict=True) if is_text)
    for i, line in enumerate(lines):
        if body[i]:
            before += len(line)
            after -= len(line)
        if furniture.opens_comments(_bare(line)) and before >= 400 and before >= 2 * after:
            for j in range(i, len(lines)):
                marks[j] = marks[j] or "comments"
            return


def _mark_tail(lines: Sequence[str], marks: list[str | None], last: int) -> None:
    """After the last running text, every label from the first furniture on."""
    tail = False
    for i in range(last + 1, len(marks)):
        tail = tail or marks[i] is not None
        if tail and not _TERMINAL.search(lines[i]):
            marks[i] = marks[i] or "tail"
