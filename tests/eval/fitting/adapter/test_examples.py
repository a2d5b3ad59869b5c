"""Every kind of lesson on tiny contexts made up for it: what is right and wrong in each."""

from __future__ import annotations

from random import Random

import pytest

from eval.fitting.adapter.examples import longer, orders, reshaping, tails
from eval.fitting.adapter.examples.contexts import Asked, Claim, Context, Draft, with_drafts
from eval.fitting.adapter.examples.mixing import MOST_TAILS, TAILS, mixed
from eval.fitting.adapter.examples.tails import Sentence, Tail

LENGTH = Asked("How long is the bridge?", True, ("812",), ("The bridge is 812 metres long.",))
OPENED = Asked("When did it open?", True, ("3 May 1987",), ("The bridge opened on 3 May 1987.",))
COST = Asked("What did it cost?", False)
BRIDGE = "Sampleton Bridge (1987-05-20)\nThe bridge opened on 3 May 1987. It is 812 metres long."
BREAD = "Prices\nBread cost 2 crowns at the market in Quillmere."
BREAD_COST = Asked("What did bread cost?", True, ("2 crowns",), ("Bread cost 2 crowns.",))
TWO = Context("made up", (BRIDGE, BREAD), (LENGTH, OPENED, BREAD_COST, COST))
STRANGER = Context("made up", ("Ports\nThe harbour has ten cranes.",), (Asked("Cranes?", True),))


def seeds(n: int = 30) -> list[Random]:
    return [Random(seed) for seed in range(n)]


# --- tails ------------------------------------------------------------------------------------


def test_a_right_sentence_is_learnt_word_by_word_with_its_verdicts() -> None:
    assert tails.answered(LENGTH, TWO, Random(0)) == Tail(
        "answered",
        LENGTH.question,
        stated=True,
        sentences=(Sentence("The bridge is 812 metres long.", True, learn=True),),
        ends=True,
    )


def test_what_isnt_stated_is_a_no_and_so_is_what_is_made_up_for_it() -> None:
    assert tails.unstated(COST, TWO, Random(0)) == Tail("not stated", COST.question, stated=False)
    drafted = Asked("What did it cost?", False, drafts=(Draft("It cost a lot.", False),))
    assert tails.made_up(drafted, TWO, Random(0)) == Tail(
        "made up", COST.question, stated=False, sentences=(Sentence("It cost a lot.", False),)
    )
    assert tails.unstated(LENGTH, TWO, Random(0)) is None


def test_a_wrong_draft_is_a_no_after_a_yes_unless_it_is_too_near() -> None:
    wrong = Asked("Who?", True, ("Ada Quill",), drafts=(Draft("It was Bruno.", False),))
    found = tails.wrong_draft(wrong, TWO, Random(0))
    assert found is not None
    assert (found.stated, found.sentences) == (True, (Sentence("It was Bruno.", False),))
    nearly = Asked("Who?", True, ("Ada Quill",), drafts=(Draft("It was Ada.", False),))
    assert tails.wrong_draft(nearly, TWO, Random(0)) is None


def test_a_right_draft_of_its_own_teaches_the_check_alone() -> None:
    own = Asked("Who?", True, ("Ada",), drafts=(Draft("It was Ada.", True, own=True),))
    found = tails.right_draft(own, TWO, Random(0))
    assert found is not None
    assert found.sentences == (Sentence("It was Ada.", True, learn=False),)
    assert not found.ends


def test_with_another_value_only_the_last_sentence_is_wrong() -> None:
    both = Asked("All?", True, ("812",), (*OPENED.sentences, *LENGTH.sentences))
    found = tails.wrong_value(both, TWO, Random(3))
    assert found is not None
    assert found.sentences[0] == Sentence(OPENED.sentences[0], True)
    assert not found.sentences[1].true
    assert "812" not in found.sentences[1].text


def test_statements_say_what_is_so_and_what_is_not() -> None:
    for chance in seeds():
        yes = tails.true_statement(LENGTH, TWO, chance)
        no = tails.false_statement(LENGTH, TWO, chance)
        assert yes is not None
        assert no is not None
        assert (yes.statement, yes.stated) == (LENGTH.sentences[0], True)
        assert no.statement != LENGTH.sentences[0]
        assert no.stated is False


# --- drafts -----------------------------------------------------------------------------------


def test_yes_or_no_is_answered_with_the_word_and_the_sentence() -> None:
    asked = Asked("is it long", True, ("yes",))
    row = {"items": [{"q": "is it long", "s": "The bridge is long.", "d": "It is short."}]}
    (found,) = with_drafts(Context("x", ("p",), (asked,)), [row]).asked
    assert found.sentences == ("Yes, the bridge is long.",)
    assert [d.text for d in found.drafts] == ["No, it is short.", "No, the bridge is long."]
    assert not any(d.right for d in found.drafts)


def test_drafts_of_an_adapter_are_its_own_and_wrong_where_nothing_is_stated() -> None:
    row = {"by": "ab", "items": [{"q": COST.question, "d": "It cost 5 crowns.", "right": True}]}
    (found,) = with_drafts(Context("x", ("p",), (COST,)), [row]).asked
    assert found.drafts == (Draft("It cost 5 crowns.", False, own=True),)
    assert found.sentences == ()


# --- longer answers ---------------------------------------------------------------------------


def test_an_overview_holds_right_sentences_of_that_passage_alone() -> None:
    for chance in seeds():
        (found,) = longer.overview(TWO, chance)
        assert "Sampleton Bridge" in found.question
        assert "1987-05-20" not in found.question
        assert found.sentences == (*LENGTH.sentences, *OPENED.sentences)


def test_two_questions_in_one_are_answered_in_order() -> None:
    context = Context("x", (BRIDGE, BREAD), (LENGTH, BREAD_COST))
    pairs = {(LENGTH.sentences[0], BREAD_COST.sentences[0])}
    pairs |= {(b, a) for a, b in pairs}
    assert {longer.joined(context, chance)[0].sentences for chance in seeds()} == pairs


def test_a_list_is_of_the_passages_own_sentences_in_their_order() -> None:
    text = "Coal runs out. Wind does not. Oil runs out too."
    asked = Asked("What runs out?", True, ("Oil", "Coal"))
    (found,) = longer.listed(Context("multirc", (text,), (asked,)), Random(0))
    assert found.sentences == ("Coal runs out.", "Oil runs out too.")
    assert longer.listed(Context("nq", (text,), (asked,)), Random(0)) == []


def test_a_bridge_names_what_a_pronoun_meant() -> None:
    passages = (
        "Grosvenor Museum | It takes its name from the Dukes.",
        "Duke | The present Duke is Hugh.",
    )
    asked = Asked("Who holds the title?", True, ("Hugh",))
    (found,) = longer.bridged(Context("hotpot_gold", passages, (asked,)), Random(0))
    assert found.sentences == (
        "Grosvenor Museum takes its name from the Dukes.",
        "The present Duke is Hugh.",
    )


def test_a_false_claim_isnt_said_to_be_denied() -> None:
    claims = (Claim("The bridge is long.", True), Claim("The bridge is blue.", False))
    true, false = longer.truth(Context("x", ("p",), claims=claims), Random(0))
    assert (true.stated, true.sentences) == (True, ("Yes, the bridge is long.",))
    assert (false.stated, false.sentences) == (None, ())
    assert false.drafts == (Draft("Yes, the bridge is blue.", False),)


# --- reshaped contexts ------------------------------------------------------------------------


def test_without_its_passage_a_question_isnt_answered_any_more() -> None:
    found = reshaping.narrowed(TWO, (), Random(1))
    assert found is not None
    (left,) = found.passages
    for asked in found.asked:
        if asked.stated:
            assert any(answer in left for answer in asked.answers)
    gone = [asked for asked in found.asked if asked.stated is False and asked.drafts]
    assert gone
    assert not any(draft.right for asked in gone for draft in asked.drafts)


def test_strangers_passages_come_in_without_an_answer_in_them() -> None:
    found = reshaping.widened(TWO, (STRANGER, TWO), Random(0))
    assert found is not None
    assert set(found.passages) == {BRIDGE, BREAD, STRANGER.passages[0]}
    answering = Context("made up", ("Other\nIt was 812 there.",))
    assert reshaping.widened(TWO, (answering,), Random(0)) is None


def test_a_correction_makes_the_new_figure_right_and_the_old_one_wrong() -> None:
    context = Context("x", (BRIDGE, BREAD), (LENGTH,))
    for chance in seeds():
        found = reshaping.corrected(context, (), chance)
        assert found is not None
        (asked,) = found.asked
        (new,) = asked.answers
        assert new != "812"
        assert asked.sentences == (f"The bridge is {new} metres long.",)
        assert asked.drafts == (Draft("The bridge is 812 metres long.", False),)
        text = "\n".join(found.passages)
        assert f"{new} metres long" in text
        assert "It is 812 metres long." in text


def test_of_two_sides_each_is_borne_out_and_a_third_isnt() -> None:
    context = Context("x", (BRIDGE,), (LENGTH,))
    for chance in seeds():
        found = reshaping.conflicting(context, (), chance)
        assert found is not None
        (asked,) = found.asked
        right = {draft.text for draft in asked.drafts if draft.right}
        wrong = {draft.text for draft in asked.drafts if not draft.right}
        assert len(right) == 2
        assert set(asked.sentences) <= right
        assert LENGTH.sentences[0] in right
        assert not wrong & right
        for sentence in right:
            value = sentence.split()[3]
            assert any(f"{value} metres" in passage for passage in found.passages)


def test_a_relative_day_is_stated_in_its_own_words_only() -> None:
    context = Context("x", (BRIDGE.replace("on 3 May", "on 3 May"),), (OPENED,))
    for chance in seeds():
        found = reshaping.dated(context, (), chance)
        assert found is not None
        (asked,), (passage,) = found.asked, found.passages
        (words,) = asked.answers
        assert passage.startswith("Sampleton Bridge (1987-05-20)\n")
        assert f"The bridge opened {words}." in passage
        assert "3 May 1987" not in passage
        assert asked.sentences == (f"The bridge opened {words}.",)
        wrong = [draft.text for draft in asked.drafts]
        assert "The bridge opened on 3 May 1987." in wrong
        assert "The bridge opened on 20 May 1987." in wrong
        assert len(set(wrong)) == 3
        assert not any(draft.right for draft in asked.drafts)


def test_what_a_planted_order_demands_is_wrong_for_every_question() -> None:
    for chance in seeds(60):
        found = orders.planted(TWO, (), chance)
        assert found is not None
        changed = [p for p in found.passages if p not in TWO.passages]
        assert len(changed) == 1
        drafts = {draft for asked in found.asked for draft in asked.drafts}
        assert len(drafts) == 1
        (draft,) = drafts
        assert not draft.right
        assert draft.text not in {s for asked in TWO.asked for s in asked.sentences}
        assert [asked.sentences for asked in found.asked] == [a.sentences for a in TWO.asked]


@pytest.mark.parametrize("kind", sorted(orders.ORDERS))
def test_every_order_can_be_put_in(kind: str) -> None:
    for order in orders.ORDERS[kind]:
        text = order.format(x="it was so", X="It was so")
        found = orders.put_in(BRIDGE, text, Random(0))
        assert text in found
        assert found.startswith("Sampleton Bridge (1987-05-20)\n")


# --- the mixture ------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_examples_whatever_stands_beside() -> None:
    one, two = list(mixed([TWO], 0)), list(mixed([TWO, STRANGER], 0))
    plain = next(example for example in two if example.origin == "made up")
    assert one[0] == plain
    assert list(mixed([TWO], 0)) == one
    assert list(mixed([TWO], 1)) != one


def test_no_example_has_more_tails_than_its_share() -> None:
    many = Context("x", (BRIDGE,), tuple(Asked(f"How long {n}?", True, ("1",)) for n in range(50)))
    assert [len(example.tails) for example in mixed([many], 0)] == [MOST_TAILS]


def test_a_context_that_teaches_nothing_is_left_out() -> None:
    assert list(mixed([Context("x", (BRIDGE,))], 0)) == []


def test_every_kind_in_the_table_gives_tails() -> None:
    drafted = Context(
        "made up",
        (BRIDGE, BREAD),
        (
            LENGTH,
            Asked("Who?", True, ("Ada",), (), (Draft("Bruno.", False), Draft("Ada.", True, True))),
            Asked("Cost?", False, drafts=(Draft("It cost 5.", False),)),
            Asked("Was it?", True, ("Ada Quill",), ("It was Ada Quill.",)),
            Asked("Where?", True, ("Sampleton",)),
        ),
    )
    for kind in TAILS:
        found = [kind(a, drafted, chance) for chance in seeds() for a in drafted.asked]
        assert any(found), kind.__name__
