"""Questions in another language than the articles': recognised, and asked in the articles' own.

Search and Encoder know the articles' words only, so such a question is translated by the Writer
and goes on as if it had been asked so; what was taken for it is shown. What that is worth, by
language: eval/DECISIONS.md. py3langid (Lui and Baldwin, "langid.py", ACL 2012) recognises the
language; it isn't sure of a few words, and then they are left as they are.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from index.words import FUNCTION_WORDS
from rag.generating.generator import Prompt, Stop
from rag.generating.writer import Writer

if TYPE_CHECKING:
    from index.library import Library  # imports faiss

LANGUAGES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian",
    "pt": "Portuguese", "nl": "Dutch", "sv": "Swedish", "pl": "Polish", "tr": "Turkish",
    "ru": "Russian", "uk": "Ukrainian", "ar": "Arabic", "zh": "Chinese", "ja": "Japanese",
    "ko": "Korean",
}  # fmt: skip
SURE = 0.9
SAMPLE, BEGINNING = 12, 500  # articles, and characters of each, that tell a library's language
_LONGEST = 80  # tokens of a translation


def language(text: str) -> str | None:
    """The two letters of a text's language; None where that isn't sure."""
    found, probability = _identifier().classify(text)
    return str(found) if probability >= SURE else None


def is_english(question: str) -> bool:
    """Whether its small words say so already, which saves loading what recognises languages."""
    words = re.findall(r"[^\W\d_]+", question.casefold())
    return 3 * sum(word in FUNCTION_WORDS for word in words) >= len(words)


class Tongue:
    """The language of one library's articles, and questions put into it."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: tuple[int, str] | None = None

    def of_articles(self) -> str:
        """What most of the newest articles are in; English where nothing tells."""
        generation = self._library.generation
        if self._known is None or self._known[0] != generation:
            heads = self._library.heads(SAMPLE)
            texts = [found.text for head in heads if (found := self._library.article(head.id))]
            counted = Counter(filter(None, (language(text[:BEGINNING]) for text in texts)))
            self._known = generation, counted.most_common(1)[0][0] if counted else "en"
        return self._known[1]

    def translated(self, question: str, writer: Writer, stop: Stop | None = None) -> str:
        """The question in the articles' language; itself where it is in that, or not surely in
        another. Raises Stopped."""
        if is_english(question) and self.of_articles() == "en":
            return question
        asked, own = language(question), self.of_articles()
        if asked is None or asked == own:
            return question
        written = writer.reply(translation(question, own), _LONGEST, stop)
        line = " ".join(written.strip().split("\n")[0].strip(' "“”').split())
        return line or question


def translation(question: str, into: str) -> Prompt:
    name = LANGUAGES[into]
    return Prompt(
        f"You translate questions about the news into {name}.",
        (),
        f"Translate into {name}, and write nothing else: {question}",
    )


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    found.set_languages(list(LANGUAGES))
    return found
