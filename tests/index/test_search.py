"""Search against brute force: order, scores, ranks, filters, repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.encoding.encoder import Encoder
from index.encoding.light import open_encoder
from index.errors import UsageError
from index.library import Library
from index.search import (
    Filter,
    asked_exactly,
    dense_weight,
    exactly,
    fuse,
    in_order,
    match_expression,
    same_text,
    shingles,
)
from index.splitting.passages import Passage
from index.splitting.search_text import search_texts
from index.storing.vectors import VectorIndex, pack, unpack
from tests.fakes import FakeEncoder
from tests.index.samples import article

# --- fusion -------------------------------------------------------------------------------------


def test_fused_scores_worked_by_hand() -> None:
    # two passages have words of the query: these decide
    assert fuse({7: 0.8, 8: 0.5, 9: 0.3}, {9: 12.0, 5: 3.0}) == {
        7: pytest.approx(0.3),
        8: pytest.approx(0.3 * 0.4),
        9: pytest.approx(0.7),
        5: pytest.approx(0.7 * 0.25),
    }
    # six have them alike: meaning decides
    alike = dict.fromkeys(range(10, 16), 2.0)
    assert fuse({7: 0.8, 8: 0.5, 9: 0.3}, alike) == {
        7: pytest.approx(0.8),
        8: pytest.approx(0.8 * 0.4),
        9: 0.0,
        **dict.fromkeys(range(10, 16), pytest.approx(0.2)),
    }
    assert fuse({}, {}) == {}
    assert fuse({1: 0.4}, {}) == {1: pytest.approx(0.8)}
    assert fuse({}, {1: 0.0}) == {1: 0.0}


def test_words_count_more_the_fewer_passages_have_them() -> None:
    assert dense_weight({}) == 0.8
    assert dense_weight({1: 0.0}) == 0.8
    assert dense_weight({1: 9.0}) == 0.3
    six = {n: 4.0 for n in range(6)}
    assert dense_weight(six) == pytest.approx(0.8)
    assert dense_weight({**six, 9: 8.0}) == pytest.approx(0.3 + 0.5 * 0.5)
    assert dense_weight({**six, 9: 40.0}) == pytest.approx(0.3 + 0.5 * 0.1)


SCORES = st.dictionaries(st.integers(0, 20), st.floats(0.01, 100), max_size=12)


@given(SCORES, SCORES)
def test_fused_scores_lie_in_0_to_1_and_what_both_put_first_is_first(
    dense: dict[int, float], lexical: dict[int, float]
) -> None:
    scores = fuse(dense, lexical)
    assert set(scores) == set(dense) | set(lexical)
    assert all(0 <= score <= 1 + 1e-9 for score in scores.values())
    for n in set(dense) & set(lexical):
        if dense[n] == max(dense.values()) and lexical[n] == max(lexical.values()):
            assert scores[n] == pytest.approx(max(scores.values()))


@given(SCORES, st.floats(-5, 5), st.floats(0.1, 10))
def test_fusion_does_not_depend_on_where_cosines_lie(
    dense: dict[int, float], shift: float, scale: float
) -> None:
    moved = {n: shift + scale * value for n, value in dense.items()}
    if len(set(dense.values())) == len(set(moved.values())):
        assert fuse(moved, {}) == pytest.approx(fuse(dense, {}), abs=1e-6)


@given(SCORES)
def test_one_search_keeps_its_order(scores: dict[int, float]) -> None:
    for fused in (fuse(scores, {}), fuse({}, scores)):
        order = sorted(scores, key=lambda n: -scores[n])
        assert all(fused[a] >= fused[b] - 1e-12 for a, b in pairwise(order))


# --- what is to be found exactly ----------------------------------------------------------------


def test_what_is_asked_exactly_is_what_is_quoted_or_else_a_short_query() -> None:
    assert asked_exactly('Who said “No bread before noon.”, and "4.5 million"?') == [
        " no bread before noon ",
        " 4.5 million ",
    ]
    assert asked_exactly("17 May 2024") == [" 17 may 2024 "]
    assert asked_exactly("Anneliese Vogt-Brandner") == [" anneliese vogt brandner "]
    assert asked_exactly("Who was it that said no bread before noon?") == []
    assert asked_exactly('"" "?!"') == []
    assert asked_exactly("?!") == []


def test_words_in_order() -> None:
    assert in_order("It cost $4.5 million (in 2024-05-17's money)") == (
        " it cost 4.5 million in 2024-05-17 s money "
    )
    assert in_order("4.5") not in in_order("It cost 14.5 million, or 4.55")
    assert in_order("Vogt-Brandner") in in_order("It was VOGT-\nBRANDNER’s chair")


def test_scores_of_what_holds_it_worked_by_hand() -> None:
    texts = {1: "No bread before noon.", 2: "Noon, before bread: 4.5 million", 3: "No bread"}
    parts = [" no bread before noon ", " 4.5 million "]
    assert exactly({1: 0.1, 2: 0.4, 3: 1.0, 4: 0.7}, parts, texts) == {
        1: pytest.approx(1.1 / 3),
        2: pytest.approx(1.4 / 3),
        3: pytest.approx(1 / 3),
        4: pytest.approx(0.7 / 3),
    }
    assert exactly({3: 1.0, 4: 0.5}, parts, {3: "No bread"}) == {3: 1.0, 4: 0.5}


@given(SCORES, st.lists(st.sampled_from([" a ", " a b ", " c "]), min_size=1, unique=True))
def test_what_holds_more_of_it_always_comes_first(
    scores: dict[int, float], parts: list[str]
) -> None:
    fused = fuse(scores, {})
    texts = {n: ["A b", "c", "nothing", "b, a. C"][n % 4] for n in fused}
    found = exactly(fused, parts, texts)
    assert all(0 <= score <= 1 + 1e-9 for score in found.values())
    held = {n: sum(part in in_order(text) for part in parts) for n, text in texts.items()}
    for n in found:
        for m in found:
            if (held[n], fused[n]) > (held[m], fused[m]):
                assert found[n] >= found[m]


# --- words --------------------------------------------------------------------------------------


def test_a_query_becomes_quoted_words_without_stop_words() -> None:
    assert match_expression("What was the TRADE in 2023?") == '"trade" OR "2023"'
    assert match_expression("Who is it?") == '"who" OR "is" OR "it"'
    assert match_expression("?! …") is None


def test_a_figure_a_date_and_what_stands_in_quotes_are_looked_for_as_they_stand() -> None:
    assert match_expression("4.5 million") == '"4.5 million" OR "4.5" OR "million"'
    assert match_expression("since 2024-05-17") == '"2024-05-17" OR "2024"'
    assert match_expression("17 May 2024") == '"17 may" OR "may 2024" OR "17" OR "may" OR "2024"'
    assert match_expression("Jean-Pierre's") == '"jean-pierre\'s" OR "jean" OR "pierre" OR "s"'
    assert match_expression('who said "the price of Bread"?') == (
        '"the price of bread" OR "said" OR "price" OR "bread"'
    )
    assert match_expression('"') is None
    assert match_expression('a "b') == '"b"'


def test_near_repeats() -> None:
    text = "Trade between the two reached a record last year, the ministry said on Friday."
    longer = f"{text} Nobody had thought that it would grow at all after the winter of that year."
    one, again, more = shingles(text), shingles(text.upper()), shingles(longer)
    assert same_text(one, again, copies=False)
    assert not same_text(one, more, copies=False)
    assert same_text(one, more, copies=True)
    assert not same_text(one, shingles("The ice festival opened."), copies=True)


# --- vectors ------------------------------------------------------------------------------------


def test_stored_vectors_are_unit_and_near_what_they_were() -> None:
    given_vectors = FakeEncoder(dimension=384).encode([f"text {n} of many" for n in range(20)])
    back = unpack([pack(vector) for vector in given_vectors], 384)
    assert np.linalg.norm(back, axis=1) == pytest.approx(1, abs=1e-6)
    assert (back * given_vectors).sum(axis=1) == pytest.approx(1, abs=1e-6)


def test_nearest_against_brute_force_with_ties_by_number() -> None:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(200, 8)).astype(np.float32)
    vectors[50:60] = vectors[40]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = random.permutation(1000)[:200]
    index = VectorIndex(8)
    index.add(ids, vectors)
    index.remove(ids[:20])
    query = vectors[40]
    among = ids[20:100]
    for allowed, rows in ((None, range(20, 200)), (among, range(20, 100))):
        expected = sorted(
            ((int(ids[r]), float(vectors[r] @ query)) for r in rows),
            key=lambda pair: (-round(pair[1], 5), pair[0]),
        )
        found = index.search(query, 30, allowed)
        assert [n for n, _ in found] == [n for n, _ in expected[:30]]
    assert index.search(query, 5, np.array([], dtype=np.int64)) == []
    assert VectorIndex(8).search(query, 5) == []


# --- the library --------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["a folder", "a server"])
def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    folder: Path = tmp_path_factory.mktemp("search")
    place: Path | str = folder / "library"
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "a server":
            patch.setenv("DATELINE_CACHE", str(folder / "cache"))
            place = request.getfixturevalue("postgres").database()
        opened = Library.open(place, FakeEncoder(), create=True)
    with opened:
        for n in range(24):
            opened.put(article(n, paragraphs=8))
        yield opened


QUERY = "report 7 on grain exports to the coast"


def everything(library: Library) -> dict[str, float]:
    """The cosine of every passage to QUERY."""
    encoder = FakeEncoder()
    (query,) = encoder.encode([QUERY])
    found: dict[str, float] = {}
    for one in library.articles():
        passages = library.passages(one.id)
        vectors = encoder.encode(search_texts(one, passages, encoder.fits))
        found |= {p.id: float(v @ query) for p, v in zip(passages, vectors, strict=True)}
    return found


def test_dense_search_against_brute_force(library: Library) -> None:
    cosines = everything(library)
    hits = library.search(QUERY, 10, mode="dense")
    assert [h.rank for h in hits] == list(range(1, 11))
    assert [h.score for h in hits] == pytest.approx(
        sorted(cosines.values(), reverse=True)[:10], abs=1e-3
    )
    for hit in hits:
        assert hit.score == pytest.approx(hit.dense, abs=1e-6)
        assert hit.dense == pytest.approx(cosines[hit.passage.id], abs=1e-3)
        assert hit.dense_rank == hit.rank
        assert hit.lexical_rank is None


def test_every_hit_is_a_slice_of_its_article(library: Library) -> None:
    for hit in library.search(QUERY, 10):
        assert hit.article == library.article(hit.passage.article_id)
        assert hit.article.text[hit.passage.start : hit.passage.end] == hit.passage.text


def test_lexical_search_finds_the_rarest_word_first(library: Library) -> None:
    hits = library.search("13 grain", 30, mode="lexical")
    assert hits[0].article.id == "id0013"
    assert {h.article.id for h in hits} == {"id0001", "id0007", "id0013", "id0019"}
    scores = [h.score for h in hits]
    assert scores == sorted(scores, reverse=True)
    assert scores == [h.lexical for h in hits]
    assert all(score > 0 for score in scores)
    cosines = everything(library)
    assert all(-1 <= cosines[h.passage.id] <= 1 and h.dense != 0 for h in hits)


def test_fused_search_against_the_two_lists(library: Library) -> None:
    dense = {h.passage.id: h for h in library.search(QUERY, 100, mode="dense")}
    lexical = {h.passage.id: h for h in library.search(QUERY, 100, mode="lexical")}
    hits = library.search(QUERY, 10)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    cosines = sorted((h.dense for h in dense.values()), reverse=True)
    most = max(h.lexical or 0 for h in lexical.values())
    weight = dense_weight({n: h.lexical or 0 for n, h in enumerate(lexical.values())})
    expected = {
        n: weight * max(0.0, (h.dense - cosines[-1]) / (cosines[0] - cosines[-1]))
        + (1 - weight) * (lexical[n].lexical or 0 if n in lexical else 0) / most
        for n, h in {**lexical, **dense}.items()
    }
    for hit in hits:
        assert hit.score == pytest.approx(expected[hit.passage.id], abs=1e-6)
        if hit.passage.id in dense:
            assert hit.dense_rank == dense[hit.passage.id].rank
            assert hit.dense == dense[hit.passage.id].dense
        if hit.passage.id in lexical:
            assert hit.lexical == lexical[hit.passage.id].lexical


def test_a_hit_without_a_word_of_the_query_has_no_lexical_score(library: Library) -> None:
    hits = library.search("copper", 100)
    without = [h for h in hits if "copper" not in h.passage.text]
    assert without
    assert all(h.lexical is None and h.lexical_rank is None for h in without)
    assert all(h.lexical for h in hits if "copper" in h.passage.text)


def test_the_same_search_gives_the_same_hits(library: Library) -> None:
    assert library.search(QUERY, 20) == library.search(QUERY, 20)
    assert library.search(QUERY, 5) == library.search(QUERY, 20)[:5]


@pytest.mark.parametrize(
    "query",
    [
        '"', "'", "*", "a AND", "NEAR(grain, 2)", "title:grain", "grain OR", "(grain", "^grain",
        "grain -exports", "{text}: grain", "gra*", "\x00grain", "%_", "天然气", "a_b", "🎉",
        "x" * 10_000, "grain " * 3000, "'; DROP TABLE articles; --",
    ],
)  # fmt: skip
def test_what_a_person_types_is_never_syntax(library: Library, query: str) -> None:
    hits = library.search(query, 5)
    assert len(hits) == 5
    assert len(library) == 24


# --- filters ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["fused", "dense", "lexical"])
@pytest.mark.parametrize(
    "filter",
    [
        Filter(since=date(2024, 5, 10)),
        Filter(until=date(2024, 5, 10)),
        Filter(since=date(2024, 5, 5), until=date(2024, 5, 5)),
        Filter(sources=frozenset({"Outlet 1"})),
        Filter(since=date(2024, 5, 8), sources=frozenset({"Outlet 0", "Outlet 2"})),
        Filter(sources=frozenset({"nobody"})),
        Filter(),
    ],
)
def test_filters_return_all_that_passes_and_nothing_else(
    library: Library, mode: str, filter: Filter
) -> None:
    def passes(n: int) -> bool:
        day = date(2024, 5, 1 + n)
        return (
            (filter.since is None or day >= filter.since)
            and (filter.until is None or day <= filter.until)
            and (not filter.sources or f"Outlet {n % 3}" in filter.sources)
        )

    hits = library.search("report", 1000, mode=mode, filter=filter)
    assert {h.article.id for h in hits} == {f"id{n:04d}" for n in range(24) if passes(n)}
    assert len(hits) == sum(len(library.passages(h)) for h in {h.article.id for h in hits})


def test_an_article_without_a_date_or_source_passes_only_without_that_filter(
    tmp_path: Path,
) -> None:
    with Library.open(tmp_path, FakeEncoder(), create=True) as small:
        small.put(article(1, published=None, source=None))
        assert len(small.search("report")) == 1
        for filter in (
            Filter(since=date(1, 1, 1)),
            Filter(until=date(9999, 1, 1)),
            Filter(sources=frozenset({"Outlet 1"})),
        ):
            assert small.search("report", filter=filter) == []


# --- copies and repeats -------------------------------------------------------------------------


def test_of_a_copy_and_its_original_the_original_is_returned(tmp_path: Path) -> None:
    first = article(1, paragraphs=1)
    with Library.open(tmp_path, FakeEncoder(), create=True) as small:
        # the copy has the title that is asked for: it would come first
        copy = replace(first, id="a-copy", copy_of=first.id, title="Grain", source="Other")
        small.put(copy)
        small.put(first)
        small.put(article(2, paragraphs=1))
        hits = small.search("grain exports", 10)
        assert [h.article.id for h in hits] == ["id0001", "id0002"]
        only = small.search("grain exports", 10, filter=Filter(sources=frozenset({"Other"})))
        assert [h.article.id for h in only] == ["a-copy"]


def test_what_only_the_copy_says_is_found(tmp_path: Path) -> None:
    first = article(1, paragraphs=1)
    addition = "Zebras were seen as well, and they were not counted by the two ministries."
    copy = replace(first, id="copy", copy_of=first.id, text=f"{first.text}\n\n{addition}")
    passages = [
        Passage("copy", 0, len(first.text), first.text),
        Passage("copy", len(first.text) + 2, len(copy.text), addition),
    ]
    with Library.open(tmp_path, FakeEncoder(), create=True) as small:
        small.put(first)
        small.put(copy, passages)
        hits = small.search("grain zebras", 10)
        assert {(h.article.id, h.passage.text) for h in hits} == {
            ("id0001", first.text),
            ("copy", addition),
        }


def test_the_same_words_of_two_outlets_are_returned_once(tmp_path: Path) -> None:
    with Library.open(tmp_path, FakeEncoder(), create=True) as small:
        small.put(article(1, paragraphs=1))
        small.put(article(1, paragraphs=1, id="again", title="Another title", source="Other"))
        assert [h.article.id for h in small.search("grain", 10, mode="dense")] == ["id0001"]


# --- degenerate ---------------------------------------------------------------------------------


def test_an_empty_library_finds_nothing(tmp_path: Path) -> None:
    with Library.open(tmp_path, FakeEncoder(), create=True) as empty:
        for mode in ("fused", "dense", "lexical"):
            assert empty.search("report", mode=mode) == []


def test_calls_that_make_no_sense(library: Library) -> None:
    with pytest.raises(UsageError, match="the query is empty"):
        library.search("  \n")
    with pytest.raises(UsageError, match="0 passages"):
        library.search("report", 0)
    with pytest.raises(UsageError, match=r"'fuzzy'.*fused, dense, lexical"):
        library.search("report", mode="fuzzy")


# --- words that are looked for as they stand ----------------------------------------------------

EXACT = [
    ("Anneliese Vogt-Brandner", "Anneliese Vogt-Brandner took the chair."),
    ("4.5 million", "The harbour cost 4.5 million in all."),
    ("17 May 2024", "It was signed on 17 May 2024 in the hall."),
    ("2024-05-17", "The entry of 2024-05-17 names nobody."),
    ("1,250 workers", "The plant has 1,250 workers in winter."),
    ('"no bread before noon"', "He said: “No bread before noon.”"),
]
BESIDE = [
    "Anneliese Brandner met a Vogt of the same town.",
    "Of 4 harbours 5 cost a million, some less than 4 million, and 5 more.",
    "Of May 2024 17 ships are known.",
    "By 2024 there were 05 and 17 of them.",
    "The 1 plant of 250 has workers; 250 workers have 1 plant.",
    "Before noon there was no bread; he said bread, and noon.",
]


@pytest.mark.parametrize("mode", ["lexical", "fused"])
def test_names_figures_dates_and_quotations_are_found_exactly(tmp_path: Path, mode: str) -> None:
    found = _found(tmp_path, FakeEncoder(), mode)
    assert {query: texts[0] for query, texts in found.items()} == dict(EXACT)


def test_a_quotation_in_a_question_is_found_first_however_near_others_are(tmp_path: Path) -> None:
    """Of the vectors' making: the question's other words are all in other passages."""
    with Library.open(tmp_path, FakeEncoder(), create=True) as library:
        for n, text in enumerate(
            [
                "Who of the ministers said in the spring that the price of bread would rise?",
                "The ministers of the spring said who would rise: bread, and its price.",
                "“Bread will rise,” was what one heard.",
                "Rise! Bread will: there.",
            ]
        ):
            library.put(article(n, text=text, title=f"Sample {n}"))
        question = 'Who of the ministers said in the spring that "bread will rise"?'
        first, second, *_ = library.search(question, 4)
        assert first.article.id == "id0002"
        assert first.score > 0.5 > second.score
        assert library.search("bread will rise", 4)[0].article.id == "id0002"


@pytest.mark.models
@pytest.mark.parametrize("mode", ["lexical", "fused"])
def test_they_are_first_with_the_encoder_that_ships(
    tmp_path: Path, model_path: Callable[[str], Path], mode: str
) -> None:
    path = model_path("all-MiniLM-L6-v2")
    encoder = open_encoder(path if path.is_dir() else path.parent)
    found = _found(tmp_path, encoder, mode)
    assert [q for q, text in EXACT if found[q][0] != text] == []


def _found(folder: Path, encoder: Encoder, mode: str) -> dict[str, list[str]]:
    """What is found for each of EXACT's queries, best first."""
    with Library.open(folder / "exact", encoder, create=True) as library:
        for n, text in enumerate([*BESIDE, *(text for _, text in EXACT)]):
            one = article(n, text=text, title=f"Sample {n}")
            library.put(one, [Passage(one.id, 0, len(text), text)])
        return {
            query: [hit.passage.text for hit in library.search(query, 3, mode=mode)]
            for query, _ in EXACT
        }
