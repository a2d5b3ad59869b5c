from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from index.article import Article
from rag import Progress
from rag.answer import Claim
from rag.composing.kinds import COMPOSERS
from rag.composing.listing import adds, listing
from tests.rag.composing.opened import opened


@pytest.fixture(autouse=True)
def the_items_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the sentence that may lead them."""
    monkeypatch.setitem(COMPOSERS, "list", listing)  # type: ignore[arg-type]


WIRE = Article(
    id="wire",
    title="Who came to the congress",
    text="The congress guests included Ann Lee of Alpha, Bo Tan and Carl Roth.",
    source="Specimen Wire",
)
ASKED = "Who were the congress guests?"


def items(claims: tuple[Claim, ...]) -> list[str]:
    return [claim.text for claim in claims if claim.shown and claim.verdict != "withheld"]


def test_every_name_of_a_sentence_is_an_item_with_its_quote(tmp_path: Path) -> None:
    with opened(tmp_path, WIRE, judged={"congress guests": 0.999}) as assistant:
        answer = assistant.ask(ASKED, kind="list")
    assert items(answer.claims) == ["Ann Lee of Alpha", "Bo Tan", "Carl Roth"]
    for claim in answer.claims:
        [citation] = claim.citations
        assert WIRE.text[citation.start : citation.end] == citation.quote
        assert claim.text in citation.quote
    assert answer.text == "- Ann Lee of Alpha [1]\n- Bo Tan [1]\n- Carl Roth [1]"


def test_an_item_that_is_not_borne_out_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    judged = {"included Bo Tan.": 0.01, "congress guests": 0.999}
    with opened(tmp_path, WIRE, judged=judged) as assistant:
        answer = assistant.ask(ASKED, kind="list")
    assert items(answer.claims) == ["Ann Lee of Alpha", "Carl Roth"]
    assert answer.note in answer.text
    assert answer.note


def test_an_item_that_two_articles_name_is_there_once(tmp_path: Path) -> None:
    other = Article(
        id="post",
        title="The congress opens",
        text="Congress guests were Minister Bo Tan and Dora Quist, according to the programme.",
        source="Example Post",
    )
    with opened(tmp_path, WIRE, other, judged={"ongress guests": 0.999}) as assistant:
        answer = assistant.ask(ASKED, kind="list")
    found = items(answer.claims)
    assert sum("Bo Tan" in item for item in found) == 1
    assert {"Carl Roth", "Dora Quist"} <= set(found)


def test_a_copy_is_read_once(tmp_path: Path) -> None:
    copy = replace(WIRE, id="copy", source="Sample Ledger", copy_of="wire")
    with opened(tmp_path, WIRE, copy, judged={"congress guests": 0.999}) as assistant:
        events = list(assistant.stream(ASKED, kind="list"))
    assert [(e.read, e.of) for e in events if isinstance(e, Progress)] == [(1, 1)]


def test_a_sentence_without_names_is_an_item_itself(tmp_path: Path) -> None:
    paid = Article(
        id="paid",
        title="Money",
        text="The trade is settled in roubles and renminbi.",
        source="Wire",
    )
    with opened(tmp_path, paid, judged={"trade": 0.999}) as assistant:
        answer = assistant.ask("In which currencies is the trade settled?", kind="list")
    assert items(answer.claims) == ["The trade is settled in roubles and renminbi."]


def test_a_list_that_was_not_read_to_its_end_says_so(tmp_path: Path) -> None:
    more = [
        Article(
            id=f"more-{n}",
            title=f"Guests, part {n}",
            text=f"The congress guests of day {n} included Guest{n} Example and Friend{n} Sample.",
            source=f"Wire {n}",
        )
        for n in range(4)
    ]
    with opened(tmp_path, WIRE, *more, judged={"congress guests": 0.999}, budget=2) as assistant:
        answer = assistant.ask(ASKED, kind="list")
    assert answer.coverage.read == 2
    assert f"2 of {answer.coverage.of}" in answer.note
    assert answer.text.endswith(answer.note)


def test_what_stands_beside_a_list_is_read_too(tmp_path: Path) -> None:
    far = "\n\n".join(
        [
            WIRE.text + " " + "They were greeted at the gate by the town band. " * 12,
            "BANKS: Dora Quist and Emil Stone. " + "A dinner followed in the old hall. " * 12,
        ]
    )
    with opened(
        tmp_path, replace(WIRE, text=far), judged={"congress guests": 0.999}, budget=1
    ) as assistant:
        assert len(assistant.library.passages("wire")) == 2
        events = list(assistant.stream(ASKED, kind="list"))
    assert events[-1].answer.coverage.read == 2  # type: ignore[union-attr]


def test_nothing_found_is_an_abstention(tmp_path: Path) -> None:
    with opened(tmp_path, WIRE, judged={"Ruritania": 0.001}) as assistant:
        answer = assistant.ask("Which rivers cross Ruritania?", kind="list")
    assert answer.abstained
    assert answer.note == ""


def test_an_item_that_says_nothing_new_is_left_out() -> None:
    known = [Claim("Ann Lee", "stated", 1.0), Claim("five deputy premiers", "stated", 1.0)]
    query = "Who was in the delegation?"
    again = Claim("The delegation had five deputy premiers.", "stated", 1.0)
    assert not adds(again, query, known)
    assert not adds(Claim("Minister Ann Lee", "stated", 1.0), query, known)
    assert adds(Claim("Bo Tan", "stated", 1.0), query, known)


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    more = replace(
        WIRE, id="more", text="The congress guests of Friday included Dora Quist and Li Ma."
    )
    with opened(tmp_path, WIRE, more, judged={"congress guests": 0.999}, budget=1) as assistant:
        first = assistant.ask(ASKED, kind="list")
        then = assistant.ask(ASKED, kind="list", skip=first.context_ids)
    assert (first.coverage.read, first.coverage.of) == (1, 2)
    assert (then.coverage.read, then.coverage.of) == (2, 2)
    assert first.note
    assert not then.note
    assert not set(items(first.claims)) & set(items(then.claims))


def test_a_heading_that_only_names_an_item_is_not_its_quote(tmp_path: Path) -> None:
    headed = replace(WIRE, text=f"Carl Roth\n\n{WIRE.text}")
    with opened(tmp_path, headed, judged={"congress guests": 0.999}) as assistant:
        answer = assistant.ask(ASKED, kind="list")
    assert "Carl Roth" in items(answer.claims)
    assert {c.quote for claim in answer.claims for c in claim.citations} == {WIRE.text}


def test_what_cannot_be_set_out_is_told_in_the_articles_own_sentences() -> None:
    from dataclasses import dataclass

    from rag.compose import Outcome
    from rag.composing import kinds

    @dataclass(frozen=True)
    class Nothing:
        abstained: bool

        def __call__(self, parts, asked, query):  # type: ignore[no-untyped-def]
            yield from ()
            return Outcome(query, abstained=self.abstained, said="own")

    def run(first: bool, told: bool) -> Outcome:
        composed = kinds.told_else(Nothing(first), Nothing(told))
        steps = composed(None, None, "q")  # type: ignore[arg-type]
        with pytest.raises(StopIteration) as ended:
            next(steps)
        return ended.value.value

    assert run(False, False).note == ""
    assert run(True, False).note == kinds.TOLD
    assert run(True, True).note == ""


def test_a_sentence_that_says_it_all_leads_and_items_must_be_as_sure() -> None:
    from rag.compose import Outcome
    from rag.composing import kinds

    def claim(text: str, score: float) -> Claim:
        return Claim(text, "check this", score)

    def giving(outcome: Outcome):  # type: ignore[no-untyped-def]
        def compose(parts, asked, query):  # type: ignore[no-untyped-def]
            yield from ()
            return outcome

        return compose

    def run(said: Outcome, found: Outcome) -> list[str]:
        steps = kinds.with_items(giving(said), giving(found))(None, None, "Who came?")  # type: ignore[arg-type]
        with pytest.raises(StopIteration) as ended:
            next(steps)
        return [one.text for one in ended.value.value.claims]

    items = Outcome("q", claims=(claim("Ada Sample", 0.9), claim("Bo Specimen", 0.7)))
    said = Outcome("q", raw_text="Cy Model came.", claims=(claim("Cy Model came.", 0.8),))
    assert run(said, items) == ["Cy Model came.", "Ada Sample"]
    assert run(Outcome("q", abstained=True), items) == ["Ada Sample", "Bo Specimen"]
    all_of = Outcome("q", claims=(claim("Ada Sample and Bo Specimen came.", 0.8),))
    assert run(all_of, items) == ["Ada Sample and Bo Specimen came."]
