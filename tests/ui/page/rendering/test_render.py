"""What an Answer looks like, as HTML; and that nothing in it can become HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.answer import Answer, Claim
from rag.events import Done
from rag.understanding.kinds import KINDS
from tests.ui.fake_assistant import FakeBackend
from tests.ui.payloads import PAYLOADS
from ui.page.conversations import Chat, Turn
from ui.page.rendering import chips, live, panels, render, sentences, understood
from ui.page.rendering import library as render_library
from ui.page.rendering.live import Live
from ui.page.rendering.markup import day, esc, link
from ui.page.seam import Choices
from ui.page.suggesting.proposals import Proposal


def answered(question: str, *, show_withheld: bool = False) -> Answer:
    stream = FakeBackend(pace=0).events(question, (), None, Choices(show_withheld=show_withheld))
    return next(event.answer for event in stream if isinstance(event, Done))


def turn(answer: Answer | None, **rest: Any) -> Turn:
    base = Turn(7, "0" * 16, "How much?", "done", "", None, "", "2025-01-01", 0, "", "")
    return replace(base, answer=answer.to_dict() if answer else None, **rest)


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


class Tags(HTMLParser):
    """Every tag and attribute that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words += data


OURS = {
    "article",
    "h2",
    "h3",
    "span",
    "p",
    "div",
    "button",
    "ul",
    "li",
    "details",
    "summary",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "s",
    "u",
    "q",
    "b",
    "i",
    "a",
    "svg",
    "path",
    "mark",
    "blockquote",
    "section",
    "header",
    "progress",
    "select",
    "option",
    "ins",
    "del",
}
SAFE = {
    "class",
    "id",
    "title",
    "role",
    "type",
    "href",
    "target",
    "rel",
    "d",
    "viewbox",
    "value",
    "max",
    "tabindex",
    "scope",
    "selected",
    "hidden",
}


def safe(html: str) -> Tags:
    seen = Tags(html)
    assert seen.tags <= OURS, seen.tags - OURS
    extra = {a for a in seen.attributes if a not in SAFE and not a.startswith(("data-", "aria-"))}
    assert not extra
    assert all(url.startswith(("http://", "https://")) for url in seen.links)
    return seen


def test_each_sentence_has_its_mark_and_numbers_in_order_of_appearance() -> None:
    html = render.turn(turn(answered("bridge")))
    marks = re.findall(r'class="claim (\w+)"', html)
    assert marks == ["stated", "stated", "check"]
    answer = html[html.index('<div class="answer"') : html.index('<p class="trust"')]
    assert re.findall(r'data-n="(\d+)"', answer) == ["1", "2", "1", "2"]
    assert "? Check this: “want” and “money” aren’t in the quote" in text(answer)
    assert re.findall(r"<u>(.*?)</u>", answer) == ["want", "money"]
    assert not re.search(r"of 100|%", answer)


def test_several_sentences_have_a_line_of_trust_and_one_says_its_own_verdict() -> None:
    def shown(*verdicts: str) -> str:
        answer = answered("ferry").to_dict()
        answer["claims"] = [{**answer["claims"][0], "verdict": v} for v in verdicts]
        html = render.answer(answer, turn(None))
        return text("".join(re.findall(r'<p class="trust">.*?</p>', html)))

    yes, check, no = "stated", "check this", "withheld"
    assert shown(yes, yes, check) == "✓ 2 stated in the source ? 1 to check 1 source"
    assert shown(check, no) == "? 1 to check ✕ 1 withheld 1 source"
    assert shown(yes) == shown(check) == ""
    [claim] = answered("ferry").to_dict()["claims"]
    assert text(sentences.claim(claim, {}, 7, alone=True)).endswith("✓ Stated in the source")
    assert "Stated" not in text(sentences.claim(claim, {}, 7))


def test_a_sentence_to_check_says_which_words_its_quote_lacks() -> None:
    html = render.turn(turn(answered("toll")))
    assert "<u>without the </u>" in html
    assert "<u>tolls</u>." in html
    assert "“without the tolls” isn’t in the quote" in text(html)
    plain = {**answered("toll").to_dict()["claims"][0], "lacking": []}
    assert text(sentences.claim(plain, {}, 7)).endswith("? Check this against its quote")


def test_what_sources_disagree_on_leads_and_has_no_tick_above_it() -> None:
    html = render.turn(turn(answered("bridge")))
    at = html.index("Sources disagree: 41 million crowns or 44 million crowns")
    assert "✓" not in html[:at]
    assert at < html.index('<div class="answer"')


def test_what_was_withheld_is_struck_out_only_where_that_is_wanted() -> None:
    longest = "It is the longest bridge in the country."
    assert longest not in render.turn(turn(answered("bridge")))
    html = render.turn(turn(answered("bridge", show_withheld=True)))
    assert "<s>It is the longest bridge in the </s>" in html
    assert "✕ Withheld: the articles don’t bear it out" in text(html)
    nothing = render.turn(turn(answered("who is tallest", show_withheld=True)))
    assert f"<s>{longest}</s>" in nothing
    assert "Not in the library" in nothing


def test_that_scores_are_not_calibrated_is_said_once() -> None:
    doubtful = answered("ferry").to_dict()
    doubtful["model"]["calibrated"] = "no"
    turns = [turn(answered("ferry")), *(replace(turn(None), answer=doubtful) for _ in range(2))]
    html = render.transcript(turns)
    assert html.count("was measured with another model") == 1
    assert "was measured" not in render.transcript(turns[:1])


def test_numbers_stay_on_the_line_of_the_last_word() -> None:
    claim = answered("ferry").to_dict()["claims"][0]
    html = sentences.claim(claim, {}, 7)
    refs = html[html.index('class="refs"') :]
    assert text(refs[refs.index("<") :]) == "2023. 1 ✓"
    long = {**claim, "text": "See https://example.org/a/very/long/address/without/end"}
    html = sentences.claim(long, {}, 7)
    assert text(html[html.index('class="refs"') :].partition(">")[2]) == "1 ✓"


def test_an_article_that_only_disagrees_opens_at_its_words() -> None:
    answer = answered("bridge").to_dict()
    answer["claims"] = answer["claims"][:1]  # cites the first article only
    side = answer["conflicts"][0]["sides"][1]
    html = render.answer(answer, turn(None))
    listed = html[html.index('class="sources"') :]
    assert f'data-spans="{side["start"]}-{side["end"]}" data-turn="7" data-n="2"' in listed


def test_a_citation_carries_the_place_of_its_quote() -> None:
    answer = answered("ferry")
    [citation] = answer.citations
    html = render.turn(turn(answer))
    assert f'data-article="{citation.article.id}"' in html
    assert f'data-spans="{citation.start}-{citation.end}"' in html
    assert citation.article.text[citation.start : citation.end] == citation.quote


def test_two_quotes_of_one_article_for_a_sentence_are_one_button_with_two_places() -> None:
    answer = answered("bridge").to_dict()
    one, two = answer["claims"][0]["citations"][0], answer["claims"][2]["citations"][0]
    html = sentences.claim({**answer["claims"][0], "citations": [one, two]}, {}, 7)
    assert html.count('class="cite"') == 1
    assert f'data-spans="{one["start"]}-{one["end"]} {two["start"]}-{two["end"]}"' in html


def test_a_part_of_the_question_without_an_answer_is_said_after_the_sentences() -> None:
    answer = replace(answered("bridge"), unanswered=("Who built it?",))
    said = text(render.turn(turn(answer)))
    assert "hold the answer to “Who built it?”" in said
    old = {k: v for k, v in answer.to_dict().items() if k != "unanswered"}  # kept before it was
    assert "Who built it?" not in render.turn(replace(turn(None), answer=old))


def test_an_abstention_has_no_sentences_and_offers_three_passages() -> None:
    html = render.turn(turn(answered("who is tallest")))
    assert "Not in the library" in html
    assert 'class="claim' not in html
    assert html.count('class="card"') == 3


def test_every_passage_is_listed_with_its_scores_and_use() -> None:
    answer = answered("ferry")
    html = render.turn(turn(answer))
    rows = re.findall(r"<tr class=.*?</tr>", html)
    assert len(rows) == len(answer.hits) == 8
    assert text(rows[0]).endswith("0.76 9.3 0.0330 cited")
    assert text(rows[1]).endswith(" read")
    assert text(rows[3]).endswith("– 0.0083 not read")


def test_times_are_those_of_each_stage() -> None:
    said = text(render.turn(turn(answered("ferry"))))
    assert "1.4 s searched 0.01 s · read 0.23 s · wrote 0.82 s · checked 0.31 s · fake-1b" in said


def test_a_stopped_turn_keeps_its_draft_and_says_that_it_is_unchecked() -> None:
    said = text(render.turn(turn(None, state="stopped", draft="The bridge")))
    assert "The bridge Stopped. What was written until then has not been checked." in said
    assert "Copy" not in said


def test_a_question_that_was_rewritten_shows_how() -> None:
    assert understood.understood("And in 2021?", "What was trade in 2021?")
    assert understood.understood("What  was it?", "what was it?") == ""


def test_what_the_question_narrowed_is_chips_that_say_where_they_come_from() -> None:
    html = render.turn(turn(answered("What did the bridge cost in 2025?")))
    assert text(re.sub(r"<select.*?</select>", "", html)).startswith(
        "You asked: How much? Only articles from 1 January 2025 × read from “in 2025”"
    )
    assert 'data-act="unfilter"' in html
    chosen = {"since": None, "until": "2025-02-01", "sources": ["A"]}  # as kept before, too
    assert text(chips.found_filters(chosen, 7)) == "Only articles until 1 February 2025 × A ×"
    assert chips.found_filters({"since": None, "until": None, "sources": []}, 7) == ""


def test_what_was_dropped_or_only_preferred_is_said() -> None:
    said = text(render.turn(turn(answered("What is the latest on the bridge?"))))
    assert "Preferring newer articles × read from “latest”" in said
    latest = {"phrase": "latest", "since": None, "until": None}
    value = {"found": [], "dropped": ["last <week>"], "preferred": latest}
    html = chips.found_filters(value, 7)
    assert 'data-kind="preferred"' in html
    assert text(html) == (
        "Preferring newer articles × read from “latest” "
        "No article fits “last &lt;week&gt;”: searched without"
    )


def test_while_it_is_made_the_stages_show_how_far_it_is() -> None:
    html = live.live(Live("Q", stage=2, times=(0.02, 0.31), elapsed=3.4, draft="So far"))
    assert re.findall(r'class="(past|now|later)"', html) == ["past", "past", "now", "later"]
    assert "Searching 0.02 s" in text(html)
    assert "Writing 3 s" in text(html)
    waiting = live.live(Live("Q", place=2))
    assert "2 questions are before yours" in text(waiting)


def test_checked_sentences_take_the_place_of_the_draft() -> None:
    checked = Claim("One is so.", "stated", 0.9)
    html = live.live(Live("Q", stage=3, draft="One is so. Two is not.", claims=(checked,)))
    assert text(html).count("One is so.") == 1
    assert '<span class="draft"> Two is not.</span>' in html
    dropped = replace(checked, shown=False)
    assert "One is so." not in live.live(
        Live("Q", stage=3, draft="One is so. Two.", claims=(dropped,))
    )


def test_only_web_addresses_become_links() -> None:
    assert 'href="https://a.example/x?a=1&amp;b=2"' in link("https://a.example/x?a=1&b=2", "x")
    for bad in (*PAYLOADS, "file:///etc/passwd", "https://", "//a.example", "", None, "http://[x"):
        assert "javascript:" not in link(bad, "x")
        assert link(bad, "x") == "" or (bad or "").startswith(("http://", "https://"))


def test_a_date_is_written_out_and_nonsense_left_out() -> None:
    assert day("2024-05-07") == "7 May 2024"
    assert day("<b>") == day(None) == ""


def test_controls_and_direction_marks_are_not_shown() -> None:
    assert esc("a\u202eb\x00c\ufeffd") == "abcd"


OTHER_KINDS = {
    "Was it for want of steel?": "yesno",
    "Tell me about the brigde": "overview",
    "Summarise the article": "article",
    "What happened on 12 April?": "day",
    "Make a timeline": "timeline",
    "List what it carries": "list",
    "Compare the two": "comparison",
    "Which articles do you have?": "library",
    "Hello": "smalltalk",
    "Should one build bridges?": "other",
}


@pytest.mark.parametrize(("question", "kind"), OTHER_KINDS.items())
def test_every_kind_has_its_menu_its_own_said_first(question: str, kind: str) -> None:
    html = render.turn(turn(answered(question)))
    assert f'<option value="{kind}" selected>' in html
    assert ('value="smalltalk"' in html) == (kind == "smalltalk")  # nobody asks for it
    assert text(html).count("Ask again") == 0  # icons, named in their titles
    assert 'title="Ask again"' in html


def test_items_are_items_with_their_days_and_numbers() -> None:
    html = render.turn(turn(answered("Make a timeline")))
    rows = re.findall(r"<li><b class=\"label\">(.*?)</b>(.*?)</li>", html)
    assert [label for label, _ in rows] == [
        "21 February 2025",
        "12 April 2025, 14:20",
        "reported 3 June 2025",
    ]
    assert [re.findall(r'data-n="(\d)"', said) for _, said in rows] == [["1"], ["2"], ["3"]]
    listed = render.turn(turn(answered("List what it carries")))
    items = listed[listed.index('<ul class="items">') : listed.index("</ul>")]
    assert items.count("<li>") == 3
    assert "“late from abroad” isn’t" not in items  # only the words that lack
    assert "isn’t in the quote" in items


def test_a_comparison_is_a_table_of_sides_and_what_differs_below() -> None:
    html = render.turn(turn(answered("Compare the two")))
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td></tr>', html)
    assert [side for side, _ in rows] == ["Varnholm Courier", "Coast Herald"]
    assert all('class="cite"' in said for _, said in rows)
    assert html.index("</table>") < html.index("44 million is 7% more than 41 million.")


def test_what_the_library_is_asked_is_a_numbered_table_that_opens_articles() -> None:
    html = render.turn(turn(answered("Which articles do you have?")))
    rows = re.findall(r'<tr><td class="num">(\d)</td><td><button[^>]*data-article="(\w+)"', html)
    assert rows == [(str(n), a) for n, a in enumerate(FakeBackend().library, 1)]
    assert html.index("The library holds 4 articles.") < html.index("<table")
    assert "These are all." in html


def test_yes_or_no_comes_first() -> None:
    html = render.turn(turn(answered("Was it for want of steel?")))
    assert '<b class="label">Yes</b> <span class="claim' in html


def test_what_was_put_right_is_said_and_can_be_undone() -> None:
    html = render.turn(turn(answered("Tell me about the brigde")))
    assert "Searched “bridge” for “brigde”" in text(html)
    assert 'data-act="retyped" data-turn="7"' in html


def test_how_much_was_read_and_reading_on_are_offered_where_there_is_more() -> None:
    overview = render.turn(turn(answered("Tell me about the bridge")))
    assert "I read 6 of 14 passages. Read more" in text(overview)
    listed = text(render.turn(turn(answered("List what it carries"))))
    assert listed.count("I read 6 of 14 passages") == 1  # the answer says it itself
    assert "Read more" in listed
    partly = render.turn(turn(answered("who is partly tallest")))
    assert "I found no answer in the 8 of 20 passages that I read." in partly
    assert "Not in the library" not in partly
    assert "Read more" in partly
    for whole in ("who is tallest", "How long has the ferry run?"):
        assert "Read more" not in render.turn(turn(answered(whole)))


def test_each_nearest_article_is_there_once_and_can_be_summarised() -> None:
    html = render.turn(turn(answered("who is tallest")))
    cards = html[html.index('class="cards"') : html.index('class="actions"')]
    ids = re.findall(r'class="card"[^>]*data-article="(\w+)"', cards)
    assert len(ids) == len(set(ids)) == 3
    assert cards.count("Summarise this article") == 3
    assert "The nearest that it holds is" not in html


def test_a_source_shows_the_quote_that_it_is_cited_for() -> None:
    html = render.turn(turn(answered("ferry")))
    quote = "It has run between Varnholm and Skarrey since May 2023"
    assert f'<span class="excerpt quote">{quote}</span>' in html


def test_what_stands_of_a_stopped_answer_says_that_it_was_stopped() -> None:
    html = render.turn(turn(answered("Tell me about the bridge"), state="stopped"))
    assert "what was checked until then stands" in html
    assert 'class="claim stated"' in html


def test_while_passages_are_read_the_items_so_far_are_shown() -> None:
    one = Claim("One is so.", "stated", 1.0, label="3 May")
    progress = Live("Q", kind="timeline", stage=1, passages=6, of=14, claims=(one,))
    html = live.live(progress)
    assert "Reading 6 of 14 passages" in text(html)
    assert '<li><b class="label">3 May</b> <span class="claim stated">' in html
    assert "A timeline" in html


hostile = st.one_of(st.sampled_from(PAYLOADS), st.text(max_size=60))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_text_anywhere_becomes_markup(data: st.DataObject) -> None:
    """Every string of an answer's JSON is swapped for another; only our own tags are left."""

    def swapped(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: swapped(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [swapped(v, key) for v in value]
        if isinstance(value, str) and key not in (
            "verdict",
            "published",
            "since",
            "until",
            "kind",
        ):
            return data.draw(hostile)
        return value

    asked = ["the latest on the bridge in 2025", *OTHER_KINDS]
    answer = swapped(answered(data.draw(st.sampled_from(asked))).to_dict())
    answer["corrected"] = [[data.draw(hostile), data.draw(hostile)]]
    answer["filter"]["dropped"] = [data.draw(hostile)]
    answer["unanswered"] = [data.draw(hostile)]
    draw = data.draw
    t = replace(turn(None), answer=answer, question=draw(hostile), remark=draw(hostile), vote=1)
    safe(render.turn(t))
    safe(render.turn(replace(t, answer={**answer, "abstained": True})))
    safe(render.turn(replace(t, answer=None, state="failed", note=draw(hostile))))
    safe(render.turn(replace(t, answer=None, state="stopped", draft=draw(hostile))))
    progress = Live(
        draw(hostile),
        chat=draw(hostile),
        query=draw(hostile),
        stage=2,
        draft=draw(hostile),
        claims=(Claim(draw(hostile), "check this", 1.0, lacking=((0, 3),), label=draw(hostile)),),
        kind=draw(st.sampled_from(KINDS)),
        corrected=((draw(hostile), draw(hostile)),),
    )
    safe(live.live(progress))
    safe(panels.chats([Chat("0" * 16, draw(hostile), "")], "", draw(hostile)))
    safe(panels.welcome(3, [Proposal(draw(hostile), "fact", draw(hostile))]))
    article = next(iter(FakeBackend().library.values()))
    article = replace(
        article,
        title=draw(hostile),
        text=draw(hostile),
        source=draw(hostile),
        authors=(draw(hostile),),
        url=draw(hostile),
        path=draw(hostile),
    )
    seen = safe(panels.article(article, [(0, 5), (3, 9)]))
    assert "".join(esc(article.text).split()) in "".join(esc(seen.words).split())
    safe(panels.gone((answer["sources"] or [None])[0], [draw(hostile)]))
    safe(render_library.table([article], render_library.View(find="")))
    safe(render_library.removed(draw(hostile)))
