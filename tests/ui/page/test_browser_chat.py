"""Asking, in the real browser: what a reader sees, and what one click shows them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from index.search import Filter
from tests.ui.conftest import Served, Window, until

pytestmark = pytest.mark.browser
Open = Callable[..., Window]


def marked(window: Window) -> str:
    """The highlighted words, as one text."""
    window.page.wait_for_selector("#pane mark")
    return str(
        window.page.evaluate(
            "[...document.querySelectorAll('#pane mark')].map(m => m.textContent).join('')"
        )
    )


def in_view(window: Window, selector: str) -> bool:
    return bool(
        window.page.evaluate(
            """(selector) => { const r = document.querySelector(selector).getBoundingClientRect();
        return r.top >= 54 && r.bottom <= innerHeight; }""",
            selector,
        )
    )


def test_an_answer_is_shown_sentence_by_sentence_with_numbers_and_marks(w: Window) -> None:
    w.ask("What did the bridge cost?")
    claims = w.page.locator("#transcript .claim")
    assert claims.count() == 3
    assert [claims.nth(i).get_attribute("class") for i in range(3)] == [
        "claim stated",
        "claim stated",
        "claim check",
    ]
    assert w.page.locator("#transcript .answer .cite").all_inner_texts() == ["1", "2", "1", "2"]
    assert w.text(".trust") == "✓ 2 stated in the source ? 1 to check ✕ 1 withheld 2 sources"
    assert w.text(".conflict").startswith("Sources disagree: 41 million crowns or 44 million")
    assert w.page.locator(".conflict .side").count() == 2


def test_a_click_on_a_citation_shows_exactly_its_quote_in_view(w: Window, served: Served) -> None:
    w.ask("What did the bridge cost?")
    stored = served.conversations.voted() or served.conversations.turns(
        w.page.evaluate("new URL(location).searchParams.get('chat')")
    )
    answer = stored[-1].answer
    assert answer is not None
    expected = [c["quote"] for claim in answer["claims"] for c in claim["citations"]]
    buttons = w.page.locator("#transcript .answer .cite")
    assert buttons.count() == len(expected) == 4
    for i, quote in enumerate(expected):
        buttons.nth(i).click()
        w.page.wait_for_function(
            "(quote) => document.querySelector('#pane mark')?.textContent === quote", arg=quote
        )
        assert marked(w) == quote
        assert in_view(w, "#pane mark")
    assert "Coast Herald" in w.text("#pane header")
    link = w.page.locator("#pane header a")
    assert link.get_attribute("href") == "https://coast-herald.example/bridge-audit"
    assert link.get_attribute("rel") == "noopener noreferrer nofollow"


def test_back_and_forth_in_the_pane_keep_the_place(w: Window) -> None:
    w.ask("What did the bridge cost?")
    w.page.locator("#transcript .answer .cite").nth(0).click()
    first = marked(w)
    w.page.evaluate("document.querySelector('#pane').scrollTop = 40")
    w.page.locator("#transcript .answer .cite").nth(1).click()
    w.page.wait_for_function(
        "(was) => document.querySelector('#pane mark').textContent !== was", arg=first
    )
    w.page.click("#pane .back")
    assert marked(w) == first
    assert w.page.evaluate("document.querySelector('#pane').scrollTop") == 40
    w.page.click("#pane .forward")
    assert marked(w) == "The harbour bridge cost 44 million crowns"
    w.page.keyboard.press("Escape")
    assert w.page.locator("#pane").is_hidden()
    assert w.page.evaluate("document.activeElement.className").startswith("cite")


def test_hovering_a_citation_shows_its_words(w: Window) -> None:
    w.ask("How long has the ferry run?")
    w.page.hover("#transcript .answer .cite")
    assert w.text("#hover") == (
        "“It has run between Varnholm and Skarrey since May 2023” Solar ferry carries a million "
        "passengers · Island Post, 21 February 2025"
    )
    w.page.mouse.move(5, 400)
    w.page.wait_for_selector("#hover", state="detached")


def test_a_press_on_a_mark_says_what_it_means(w: Window) -> None:
    w.ask("What did the bridge cost?")
    w.page.click("#transcript .claim.stated .mark >> nth=0")
    assert w.text("#hover") == "Stated in the source"
    w.page.keyboard.press("Escape")
    assert w.page.locator("#hover").count() == 0
    w.page.mouse.move(5, 400)


def test_what_sources_disagree_on_comes_first(w: Window) -> None:
    w.ask("What did the bridge cost?")
    top = "(s) => document.querySelector(s).getBoundingClientRect().top"
    places = [
        w.page.evaluate(top, f"#transcript {part}")
        for part in (".conflict", ".answer", ".trust", ".sources", ".actions", ".next")
    ]
    assert places == sorted(places)
    w.page.click("#transcript .conflict .cite >> nth=1")
    assert marked(w) == "The harbour bridge cost 44 million crowns"


def test_an_abstention_looks_like_one_and_offers_the_nearest(w: Window) -> None:
    w.ask("Who is the tallest person?")
    assert "Not in the library" in w.text(".abstention")
    assert w.page.locator(".cards .card").count() == 3
    assert w.page.locator("#transcript .answer").count() == 0
    w.page.locator(".cards .card").first.click()
    assert marked(w)


def test_while_it_is_written_the_stages_show_and_stop_stops_the_work(
    w: Window, served: Served
) -> None:
    closed = served.backend.closed
    w.start("Tell a slow story")
    w.page.wait_for_selector(".stages .now:has-text('Writing')")
    assert w.page.locator(".stages .past").all_inner_texts()[0].startswith("Searching")
    w.page.wait_for_function("document.querySelector('#live .draft')?.textContent.length > 80")
    [work] = served.page._under_way.values()
    assert served.page.away(work.session) == 0  # its stream of messages is known to be open
    w.page.click("#stop")
    w.page.wait_for_selector("#transcript .turn.stopped")
    until(lambda: served.backend.closed == closed + 1 and served.backend.alive == 0)
    assert "And then they walked on." in w.text("#transcript .answer.draft")
    assert "has not been checked" in w.text("#transcript .note")
    assert w.page.locator("#ask").is_visible()


def test_a_closed_window_stops_its_work(window: Open, served: Served) -> None:
    w = window()
    w.start("Another slow story")
    w.page.wait_for_selector("#live .draft")
    assert served.backend.alive == 1
    w.page.close()
    until(lambda: served.backend.alive == 0)


def test_a_follow_up_shows_how_it_was_understood(w: Window) -> None:
    w.ask("How long has the ferry run?")
    w.ask("And where does it go?")
    assert w.text(".understood") == (
        "Understood as And where does it go? (How long has the ferry run?)"
    )


def test_a_filter_found_in_the_question_can_be_taken_off(w: Window, served: Served) -> None:
    w.ask("What did the bridge cost in 2025?")
    assert w.text("#transcript .chip").startswith("from 1 January 2025")
    assert w.text("#transcript .chips").endswith("read from “in 2025”")
    w.page.click("#transcript .chip button")
    w.page.wait_for_selector("#transcript .chip", state="detached")
    w.page.wait_for_selector("#transcript .turn.done")
    _, _, filter, choices = served.backend.asked[-1]
    assert (filter, choices.read_filters) == (Filter(), False)
    assert w.page.locator("#transcript .turn").count() == 1


def test_a_chosen_filter_is_a_chip_and_goes_with_the_question(w: Window, served: Served) -> None:
    w.page.click("#narrow > button")
    w.page.fill("#narrow input >> nth=0", "2025-03-01")
    w.page.press("#narrow input >> nth=0", "Enter")
    w.page.wait_for_selector("#chosen .chip")
    w.ask("How long has the ferry run?")
    assert str(served.backend.asked[-1][2].since) == "2025-03-01"
    w.page.click("#chosen .chip button")
    w.page.wait_for_selector("#chosen .chip", state="detached")
    w.ask("And the ferry again?")
    assert served.backend.asked[-1][2] is None


def test_a_reload_loses_nothing(w: Window) -> None:
    w.ask("What did the bridge cost?")
    w.ask("How long has the ferry run?")
    shown = w.text("#transcript")
    w.reload()
    assert w.text("#transcript") == shown
    assert w.page.locator(".chats .current").inner_text() == "What did the bridge cost?"


def test_ask_again_and_edit_replace_the_turn(w: Window, served: Served) -> None:
    w.ask("How long has the ferry run?")
    asked = len(served.backend.asked)
    first = w.page.get_attribute("#transcript .turn", "data-turn")
    w.page.click("[data-act=retry]")
    until(lambda: len(served.backend.asked) == asked + 1)
    w.page.wait_for_selector(f"#transcript .turn.done:not([data-turn='{first}'])")
    assert w.page.locator(".turn").count() == 1
    w.page.click("[data-act=edit]")
    assert w.page.input_value("#question textarea") == "How long has the ferry run?"
    assert w.text("#editing") == "Editing the question: its answer will be replaced. Cancel"
    assert w.page.locator("#transcript .turn.replaced").count() == 1
    w.page.fill("#question textarea", "What did the bridge cost?")
    w.page.press("#question textarea", "Enter")
    w.page.wait_for_selector("#transcript .conflict")
    assert w.page.locator(".turn").count() == 1
    w.ask("How long has the ferry run?")
    w.page.click("[data-act=edit] >> nth=0")
    assert w.text("#editing").startswith("Editing an earlier question: it and what followed")
    assert w.page.locator("#transcript .turn.replaced").count() == 2
    w.page.click("#editing button")
    assert w.page.locator("#transcript .turn.replaced").count() == 0
    assert w.page.input_value("#question textarea") == ""


def test_an_error_is_one_sentence(w: Window) -> None:
    w.ask("Will this fail?")
    assert w.text("#transcript .note.failed") == (
        "The library at “varnholm” can’t be read; run dateline status."
    )


def test_the_words_that_a_quote_lacks_are_underlined_and_named(w: Window) -> None:
    w.ask("What of the toll?")
    assert w.page.locator("#transcript .claim u").all_inner_texts() == ["without the ", "tolls"]
    assert w.text(".claim .verdict") == "? Check this: “without the tolls” isn’t in the quote"
    assert w.page.locator(".trust").count() == 0


def test_what_was_withheld_is_shown_by_a_switch_that_is_kept(w: Window, served: Served) -> None:
    w.ask("What did the bridge cost?")
    assert "longest bridge" not in w.text("#transcript")
    w.tab("Settings")
    w.page.get_by_label("Show what was withheld").check()
    w.tab("Chat")
    w.ask("And what did the bridge cost?")
    struck = w.page.locator("#transcript .claim.withheld s").all_inner_texts()
    assert "".join(struck) == "It is the longest bridge in the country."
    w.reload()
    w.tab("Settings")
    w.page.wait_for_function("document.querySelector('#withheld input').checked")
    w.page.get_by_label("Show what was withheld").uncheck()
    w.tab("Chat")
    w.ask("How long has the ferry run?")
    assert served.backend.asked[-1][3].show_withheld is False


def test_days_the_wrong_way_round_are_said_and_not_searched(w: Window, served: Served) -> None:
    """A regression: it was answered that the library doesn't hold the answer."""
    asked = len(served.backend.asked)
    w.page.click("#narrow > button")
    for n, day in enumerate(("2025-03-01", "2025-02-01")):
        w.page.fill(f"#narrow input >> nth={n}", day)
        w.page.press(f"#narrow input >> nth={n}", "Enter")
    w.page.wait_for_selector("#chosen .wrong:has-text('swap them')")
    w.start("How long has the ferry run?")
    w.page.wait_for_selector(".toast-body:has-text('swap them')")
    assert len(served.backend.asked) == asked
    assert w.page.input_value("#question textarea") == "How long has the ferry run?"
    for _ in range(2):
        before = w.page.locator("#chosen .chip").count()
        w.page.click("#chosen .chip button >> nth=0")
        w.page.wait_for_function(
            "(n) => document.querySelectorAll('#chosen .chip').length < n", arg=before
        )
    w.page.click("#narrow > button")


def test_every_passage_can_be_reached(w: Window) -> None:
    w.ask("What did the bridge cost?")
    assert w.page.locator(".considered").is_hidden()
    w.page.click("#transcript .more")
    assert w.page.get_attribute("#transcript .more", "aria-expanded") == "true"
    assert "fake-1b" in w.text("#transcript .times")
    assert w.page.locator(".considered tbody tr").count() == 8
    assert w.page.locator(".considered tr.read").count() == 3


def test_two_windows_at_once_do_not_mix_and_know_their_place(window: Open, served: Served) -> None:
    one, two = window(), window()
    one.start("A slow tale")
    one.page.wait_for_selector("#live .draft")
    two.start("How long has the ferry run?")
    two.page.wait_for_selector("#live :text('One question is before yours')")
    one.page.click("#stop")
    two.page.wait_for_selector("#transcript .turn.done")
    assert "Skarrey since May 2023" in two.text("#transcript .answer")
    assert "walked on" not in two.text("#transcript")
    one.page.wait_for_selector("#transcript .turn.stopped")
    assert "ferry" not in one.text("#transcript")
    chats = [w.page.evaluate("new URL(location).searchParams.get('chat')") for w in (one, two)]
    assert [[t.question for t in served.conversations.turns(c)] for c in chats] == [
        ["A slow tale"],
        ["How long has the ferry run?"],
    ]


def test_a_second_window_on_the_same_conversation_follows_it(window: Open) -> None:
    one = window()
    one.start("A slow tale")
    one.page.wait_for_selector("#live .draft")
    two = window(one.page.url)
    two.page.wait_for_selector("#transcript .turn.running :text('in another window')")
    one.page.click("#stop")
    two.page.wait_for_selector("#transcript .turn.stopped")
    assert two.text("#transcript .note") == one.text("#transcript .note")


def test_suggestions_ask_with_one_click_as_what_they_mean(w: Window, served: Served) -> None:
    w.page.click(".suggestions button:has-text('Summarise')")
    w.page.wait_for_selector("#transcript .turn.done")
    choices = served.backend.asked[-1][3]
    assert choices.kind == "article"
    assert choices.article == served.backend.heads()[0].id


# ---- kinds ----


def test_each_kind_looks_like_what_it_is(w: Window) -> None:
    w.ask("Make a timeline of the bridge")
    assert w.page.locator("#transcript .items.dated li").count() == 3
    assert w.page.locator("#transcript .items li .cite").all_inner_texts() == ["1", "2", "3"]
    w.ask("Compare the Courier and the Herald")
    assert w.page.locator(".compared th").all_inner_texts() == ["Varnholm Courier", "Coast Herald"]
    w.ask("Which articles do you have?")
    w.page.click(".listed .link >> nth=2")
    w.page.wait_for_selector("#pane h2:has-text('Solar ferry')")
    w.page.keyboard.press("Escape")


def test_the_kind_is_shown_and_another_one_asks_again(w: Window, served: Served) -> None:
    w.ask("Tell me about the bridge")
    menu = w.page.get_by_label("Answered as")
    assert menu.input_value() == "overview"
    menu.select_option("timeline")
    w.page.wait_for_selector("#transcript .items.dated")
    assert w.page.locator("#transcript .turn").count() == 1
    assert served.backend.asked[-1][3].kind == "timeline"
    w.page.click("[data-act=retry]")  # it stays what was chosen
    w.page.wait_for_selector("#live article", state="detached")
    until(lambda: served.backend.asked[-1][3].kind == "timeline")


def test_mistyped_words_that_were_put_right_are_said_and_put_back(
    w: Window, served: Served
) -> None:
    w.ask("Tell me about the brigde")
    assert w.text(".corrected") == "Searched “bridge” for “brigde” Search as typed"
    w.page.click("[data-act=retyped]")
    w.page.wait_for_selector("#transcript .corrected", state="detached")
    w.page.wait_for_selector("#transcript .turn.done")
    assert served.backend.asked[-1][3].correct is False


def test_reading_on_goes_on_after_what_was_read(w: Window, served: Served) -> None:
    w.ask("Tell me about the bridge")
    w.page.click("[data-act=further]")
    w.page.wait_for_selector("#transcript .turn >> nth=1")
    skipped = served.backend.asked[-1][3].skip
    assert len(skipped) == 5
    assert w.page.locator("#transcript .turn").count() == 2  # what was found stays above


def test_the_article_that_is_open_goes_along_and_can_be_summarised(
    w: Window, served: Served
) -> None:
    w.ask("How long has the ferry run?")
    w.page.click("#transcript .answer .cite")
    w.page.wait_for_selector("#pane mark")
    opened = w.page.get_attribute("#transcript .answer .cite", "data-article")
    w.ask("What of this one?")
    assert served.backend.asked[-1][3].article == opened
    w.page.click("#pane .summarise")
    w.page.wait_for_selector("#transcript .turn >> nth=2")
    question, _, _, choices = served.backend.asked[-1]
    assert question == "Summarise “Solar ferry carries a million passengers”"
    assert (choices.kind, choices.article) == ("article", opened)
    w.page.click("#pane .close")
    w.ask("And now?")
    assert served.backend.asked[-1][3].article is None


def test_an_article_near_what_was_not_found_is_summarised_by_a_press(
    w: Window, served: Served
) -> None:
    w.ask("Who is the tallest person?")
    w.page.click(".near .plain >> nth=1")
    w.page.wait_for_selector("#transcript .turn >> nth=1")
    assert served.backend.asked[-1][3].kind == "article"


def test_stopping_keeps_what_was_checked(w: Window) -> None:
    w.start("Tell me about the slow bridge")
    w.page.wait_for_selector("#live .stages .now:has-text('Reading 4 of 14 passages')")
    w.page.wait_for_selector("#live .claim >> nth=1")
    w.page.click("#stop")
    w.page.wait_for_selector("#transcript .turn.stopped")
    assert w.page.locator("#transcript .claim.stated").count() >= 2
    assert "what was checked until then stands" in w.text("#transcript .note")
    w.page.locator("#transcript .answer .cite").first.click()
    assert marked(w)
    w.page.keyboard.press("Escape")
