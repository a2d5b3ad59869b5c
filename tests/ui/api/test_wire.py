"""What a stream says is what the answer says, and its places are right: by hand and by chance."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from index.article import Article
from index.search import Filter
from rag.answer import Answer, Citation, Claim, Conflict, Side
from rag.checking.verdict import Verdict
from rag.compose import BULLETS, answer_text, number_citations, number_sides
from rag.understanding.kinds import Kind
from ui.api.openai.wire import Delta, Transcript, harmless, whole

ARTICLES = [Article(f"a{n}", f"Title {n}", "Some words that are quoted.") for n in range(3)]


def cited(article: Article) -> Citation:
    return Citation(0, article, f"{article.id}:0-4", 0, 4, article.text[:4])


def claim(text: str, *articles: Article, shown: bool = True, label: str = "") -> Claim:
    verdict: Verdict = "stated" if shown else "withheld"
    return Claim(text, verdict, 0.9, tuple(map(cited, articles)), shown=shown, label=label)


def answered(
    claims: list[Claim],
    conflicts: list[Conflict] | None = None,
    unanswered: tuple[str, ...] = (),
    *,
    kind: Kind = "fact",
    said: str = "",
    note: str = "",
) -> Answer:
    """As the Assistant puts it together."""
    numbered = number_citations(claims)
    sides = number_sides(conflicts or [], numbered)
    abstained = not any(c.shown for c in claims)
    text = "It doesn't say."
    if not abstained:
        bullets = kind in BULLETS
        text = answer_text(numbered, sides, unanswered, said=said, note=note, bullets=bullets)
    return Answer("?", "?", text, "", abstained, numbered, sides, (), (), Filter(), kind=kind)


def streamed(claims: list[Claim], answer: Answer) -> tuple[Transcript, list[Delta]]:
    transcript = Transcript(bullets=answer.kind in BULLETS)
    deltas = [delta for each in claims if (delta := transcript.claim(each))]
    return transcript, [*deltas, transcript.done(answer)]


def test_sentences_come_as_they_stand_in_the_answer() -> None:
    claims = [
        claim("One 🌉 thing.", ARTICLES[1]),
        claim("Made up.", ARTICLES[2], shown=False),
        claim("Another.", ARTICLES[0], ARTICLES[1]),
    ]
    transcript, deltas = streamed(claims, answered(claims))
    assert [d.text for d in deltas] == ["One 🌉 thing. [1]", " Another. [2] [1]", ""]
    assert transcript.text == answered(claims).text
    assert [(c.start, c.end, c.citation.n) for c in deltas[1].cited] == [(17, 25, 2), (17, 25, 1)]
    assert deltas[1].claim is not None
    assert [c.n for c in deltas[1].claim.citations] == [2, 1]


def test_an_abstention_comes_in_one_piece() -> None:
    claims = [claim("Made up.", ARTICLES[0], shown=False)]
    transcript, deltas = streamed(claims, answered(claims))
    assert [d.text for d in deltas] == ["It doesn't say."]
    assert transcript.cited == []


def test_what_has_no_answer_comes_last() -> None:
    claims = [claim("One thing.", ARTICLES[0])]
    answer = answered(claims, unanswered=("And then?",))
    transcript, deltas = streamed(claims, answer)
    assert transcript.text == answer.text
    assert deltas[-1].text == " The library doesn't hold the answer to “And then?”"


def test_that_sources_disagree_follows_what_was_sent() -> None:
    claims = [claim("It cost 41 million.", ARTICLES[0])]
    sides = (Side("41 million", cited(ARTICLES[0])), Side("44 million", cited(ARTICLES[1])))
    answer = answered(claims, [Conflict("the cost", sides)])
    transcript, _ = streamed(claims, answer)
    assert answer.text.startswith("Sources disagree: 41 million [1] or 44 million [2].")
    assert transcript.text == (
        "It cost 41 million. [1] Sources disagree: 41 million [1] or 44 million [2]."
    )
    slices = [(transcript.text[c.start : c.end], c.citation.article.id) for c in transcript.cited]
    assert slices == [
        ("It cost 41 million.", "a0"),
        ("41 million", "a0"),
        ("44 million", "a1"),
    ]


def test_a_list_comes_item_by_item() -> None:
    claims = [
        claim("It opened.", ARTICLES[0], label="12 April"),
        claim("It closed.", ARTICLES[1], label="[a](b"),
    ]
    answer = answered(claims, kind="timeline", note="There may be more.")
    transcript, deltas = streamed(claims, answer)
    assert [d.text for d in deltas] == [
        "- 12 April: It opened. [1]",
        "\n- [a] (b: It closed. [2]",
        "\nThere may be more.",
    ]
    assert transcript.text == harmless(answer.text)
    slices = [transcript.text[c.start : c.end] for c in transcript.cited]
    assert slices == ["It opened.", "It closed."]


def test_what_opens_a_list_follows_what_was_sent() -> None:
    claims = [claim("It opened.", ARTICLES[0], label="April")]
    answer = answered(claims, kind="day", said="One article is of that day.", note="Maybe more.")
    transcript, _ = streamed(claims, answer)
    assert answer.text == "One article is of that day.\n- April: It opened. [1]\nMaybe more."
    assert transcript.text == "- April: It opened. [1]\nOne article is of that day.\nMaybe more."


def test_an_answer_that_says_otherwise_in_the_end_is_sent_whole() -> None:
    claims = [claim("One thing.", ARTICLES[0])]
    answer = replace(answered(claims), text="- Another layout: one thing [1]")
    transcript, _ = streamed(claims, answer)
    assert transcript.text == "One thing. [1]\n\n- Another layout: one thing [1]"


def test_nothing_of_an_article_is_markup() -> None:
    assert harmless("See ![x](http://evil.example/?q=1) now") == (
        "See ! [x] (http://evil.example/?q=1) now"
    )
    assert (
        harmless("[a][b] and [a]: http://evil.example") == "[a] [b] and [a] : http://evil.example"
    )
    assert harmless("<img src=x> but 1 < 2 [1]") == "< img src=x> but 1 < 2 [1]"


TEXTS = st.text(alphabet="ab .![]()<>:\n🌉é1", min_size=1, max_size=12).filter(str.strip)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[Claim], Answer]:
    some = st.lists(st.sampled_from(ARTICLES), min_size=1, max_size=3, unique_by=id)
    claims = [
        claim(text, *articles, shown=shown, label=label)
        for text, articles, shown, label in draw(
            st.lists(st.tuples(TEXTS, some, st.booleans(), st.just("") | TEXTS), max_size=5)
        )
    ]
    conflicts = []
    if any(c.shown for c in claims) and draw(st.booleans()):
        sides = tuple(Side(draw(TEXTS), cited(draw(st.sampled_from(ARTICLES)))) for _ in range(2))
        conflicts = [Conflict("what", sides)]
    unanswered = tuple(draw(st.lists(TEXTS, max_size=2)))
    kind: Kind = draw(st.sampled_from(["fact", "list"]))
    return claims, answered(claims, conflicts, unanswered, kind=kind)


@given(conversations())
def test_all_deltas_together_are_the_text_and_places_slice_back(
    given: tuple[list[Claim], Answer],
) -> None:
    claims, answer = given
    transcript, deltas = streamed(claims, answer)
    assert "".join(d.text for d in deltas) == transcript.text
    if not answer.conflicts:
        assert transcript.text == harmless(answer.text)
    shown = [c for c in claims if c.shown]
    sentences = [(harmless(c.text), x.article.id) for c in shown for x in c.citations]
    values = [(harmless(s.value), s.citation.article.id) for c in answer.conflicts for s in c.sides]
    found = [(transcript.text[c.start : c.end], c.citation.article.id) for c in transcript.cited]
    assert found[: len(sentences)] == sentences
    assert set(found[len(sentences) :]) <= {*values, *sentences}
    for c in transcript.cited:  # the number beside it is the source's
        assert f"[{c.citation.n}]" in transcript.text[c.end :]


@given(conversations())
def test_an_answer_in_one_piece_has_its_own_text(given: tuple[list[Claim], Answer]) -> None:
    _, answer = given
    sent = whole(answer)
    assert sent.text == harmless(answer.text)
    known = [harmless(c.text) for c in answer.claims if c.shown]
    known += [harmless(s.value) for c in answer.conflicts for s in c.sides]
    assert all(sent.text[c.start : c.end] in known for c in sent.cited)
    assert len(sent.cited) >= sum(len(c.citations) for c in answer.claims if c.shown)


@given(TEXTS, TEXTS)
def test_harmless_says_the_same_of_parts_and_wholes(one: str, other: str) -> None:
    assert harmless(f"{one} {other}") == f"{harmless(one)} {harmless(other)}"
    assert harmless(harmless(one)) == harmless(one)
