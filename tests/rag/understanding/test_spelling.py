"""Words that nobody knows are put as the library spells them, and nothing else is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.article import Article
from index.library import Library
from rag.understanding.spelling import Speller, allowed, another_form, folded, form_like, near
from tests.fakes import FakeEncoder

TEXT = (
    "The pipeline Power of Siberia carries gas. The Siberian pipeline was built by engineers. "
    "Graustark and Ruritania signed the agreement. Café Müller is closed. The castle burned."
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library", FakeEncoder(), create=True) as opened:
        with opened.writing():
            opened.put(Article("a", "Gas for Ruritania", TEXT))
        yield opened


def nobody(word: str) -> bool:
    return False


KNOWN = {"what", "where", "does", "built", "about", "tell", "when", "they"}


def known(word: str) -> bool:
    return word.casefold() in KNOWN


@pytest.mark.parametrize(
    ("typed", "becomes", "corrected"),
    [
        ("Where is Power of Sibera?", "Where is Power of Siberia?", (("Sibera", "Siberia"),)),
        ("where is power of sibera", "where is power of Siberia", (("sibera", "Siberia"),)),
        ("who built the pipelien", "who built the pipeline", (("pipelien", "pipeline"),)),
        ("tell about Ruritnia's gas", "tell about Ruritania's gas", (("Ruritnia", "Ruritania"),)),
        ("the agreeemnt", "the agreement", (("agreeemnt", "agreement"),)),
    ],
)
def test_a_mistyped_word_is_put_right(
    library: Library, typed: str, becomes: str, corrected: tuple[tuple[str, str], ...]
) -> None:
    assert Speller(library, known).correct(typed) == (becomes, corrected)


@pytest.mark.parametrize(
    "question",
    [
        "Where is Siberia?",
        "Who are the Siberians?",  # another form of a word that it has
        "who signed agreements",
        "Where is Serbia about?",  # a swap and a letter: two are wrong in a short word
        "What does Zenda know?",
        "What about 2024, R2D2 and x86?",
        "the café",
        "gas gsa ags",  # too short
        "Wer baute die Leitung nach Graustark und was kostete sie?",
        "Кто построил трубопровод?",
        "谁建造了管道",
        "",
    ],
)
def test_any_other_word_stays(library: Library, question: str) -> None:
    assert Speller(library, known).correct(question) == (question, ())


def test_a_word_that_is_known_or_was_said_stays(library: Library) -> None:
    question = "Where is Sibera?"
    assert Speller(library, lambda word: word == "Sibera").correct(question) == (question, ())
    assert Speller(library, known).correct(question, "Sibera is a town.") == (question, ())


def test_the_vocabulary_follows_the_library(library: Library) -> None:
    speller = Speller(library, known)
    assert speller.correct("where is Strelsuu?")[1] == ()
    with library.writing():
        library.put(Article("b", "Strelsau", "Strelsau is a town."))
    assert speller.correct("where is Strelsuu?")[1] == (("Strelsuu", "Strelsau"),)


def test_the_library_tells_its_words(library: Library) -> None:
    assert library.holds("pipelines")
    assert library.holds("cafe")
    assert not library.holds('sibera" OR "gas')
    words = library.vocabulary()
    assert words["siberia"] == 1
    assert "siberian" in words
    assert TEXT in library.passages_with("siberia")[0]
    assert library.passages_with("sibera") == []


def test_two_words_that_are_as_near_and_as_common_are_a_reason_to_leave_it() -> None:
    assert near("castla", {"castle": 3, "castly": 3}) == []
    assert near("castla", {"castle": 9, "castly": 3})[0] == "castle"
    assert near("castla", {"battle": 9, "xastla": 9}) == []


def test_longer_words_may_be_wrong_in_more_letters() -> None:
    assert [allowed(word) for word in ("gas", "seven", "ruritani", "ruritania")] == [0, 1, 1, 2]


def test_a_name_is_put_right_by_a_name() -> None:
    assert form_like("Markat", {"market"}) is None
    assert form_like("Markat", {"market", "Market"}) == "Market"
    assert form_like("markat", {"market", "Market"}) == "market"


def test_endings_are_no_mistakes() -> None:
    assert another_form("launchers", "launched")
    assert another_form("californian", "california")
    assert not another_form("sibera", "siberia")
    assert not another_form("pipelien", "pipeline")


def test_words_are_folded_as_the_index_does() -> None:
    assert folded("Pipelines") == ("pipelines", "pipelin")
    assert folded("Müller") == ("muller",)
