"""What a passage is found by: its own text, and where it stands.

A passage says "the talks" and "he"; its article's title, its heading and the sentence before it say
which and who. The encoder reads them with it (what each is worth: eval/DECISIONS.md). The lexical
index holds title and heading as columns of their own (`index.storing.store`), and never the
sentence before: a word is found in the passage that holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from index.article import Article
from index.splitting.passages import Passage
from index.splitting.sentences import sentences

_LOOKED_AT = 400  # characters before a passage in which its last sentence is looked for


def search_text(
    article: Article,
    passage: Passage,
    before: str = "",
    fits: Callable[[str], bool] = lambda text: True,
) -> str:
    """Title, heading, `before` and the passage's text, a line each; what the encoder reads.

    What the text begins with isn't said twice. Where `fits` says that the encoder wouldn't read
    all of it, the context gives way, the last first: the passage itself is always whole.
    """
    lines: list[str] = []
    for line in (article.title, passage.heading, before):
        line = " ".join(line.split())
        if line and line not in lines and not _begins(passage.text, line):
            lines.append(line)
    while lines and not fits("\n".join([*lines, passage.text])):
        lines.pop()
    return "\n".join([*lines, passage.text])


def search_texts(
    article: Article, passages: Sequence[Passage], fits: Callable[[str], bool]
) -> list[str]:
    """`search_text` of an article's passages, in order; context never crosses a heading."""
    found: list[str] = []
    last: Passage | None = None
    for passage in passages:
        same = last is not None and last.heading == passage.heading
        before = sentence_before(article.text, passage.start) if same else ""
        found.append(search_text(article, passage, before, fits))
        last = passage
    return found


def bare_texts(passages: Sequence[Passage]) -> list[str]:
    """As libraries of layout 1 have them encoded: a passage's heading, and its text."""
    return [f"{p.heading}\n{p.text}" if p.heading else p.text for p in passages]


def sentence_before(text: str, start: int) -> str:
    """The last sentence that ends before `start` (its end, where it is very long); "" if none."""
    near = text[max(0, start - _LOOKED_AT) : start].rstrip()
    line = near[near.rfind("\n") + 1 :]
    spans = sentences(line)
    return line[slice(*spans[-1])] if spans else ""


def _begins(text: str, line: str) -> bool:
    return " ".join(text[: 2 * len(line) + 8].split()).startswith(line)
