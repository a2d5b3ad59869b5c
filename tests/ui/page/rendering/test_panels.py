"""The article pane marks exactly the words that were cited; suggestions come from the library."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from index.article import Article
from tests.ui.fake_assistant import find, invented
from ui.page.collection import Refusal
from ui.page.conversations import Chat
from ui.page.rendering import library as render_library
from ui.page.rendering import panels
from ui.page.rendering.library import View

ARTICLE = Article("a" * 12, "Title", "One two.\n\nThree four.\n\n\nFive.", "Outlet")


def marked(page: str) -> list[str]:
    return [html.unescape(m) for m in re.findall(r"<mark>(.*?)</mark>", page, re.DOTALL)]


def test_the_quote_is_marked_and_nothing_else() -> None:
    opens = invented()[0]
    span = find(opens, "The bridge cost 41 million crowns")
    assert marked(panels.article(opens, [span])) == ["The bridge cost 41 million crowns"]


def test_a_mark_across_paragraphs_is_marked_in_each() -> None:
    page = panels.article(ARTICLE, [(4, 15)])
    assert marked(page) == ["two.", "Three"]
    assert page.count("<p>") == 3


def test_marks_that_touch_or_overlap_are_one_and_those_outside_are_cut() -> None:
    assert marked(panels.article(ARTICLE, [(0, 3), (2, 5), (4, 7)])) == ["One two"]
    assert marked(panels.article(ARTICLE, [(24, 999), (5, 5), (9, 3)])) == ["Five."]


@given(
    st.text(alphabet="ab<&>\n \"'", max_size=60),
    st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)), max_size=4),
)
def test_marks_cover_exactly_the_spans_of_any_text(text: str, spans: list[tuple[int, int]]) -> None:
    page = panels.article(replace(ARTICLE, text=text), spans)
    body = page[page.index('<div class="text">') :]
    wanted = {i for start, end in spans for i in range(start, min(end, len(text)))}
    squeezed = "".join("".join(marked(body)).split())
    assert squeezed == "".join("".join(text[i] for i in sorted(wanted)).split())
    plain = html.unescape(re.sub(r"</?(?:p|mark|div)[^>]*>", "", body))
    assert "".join(plain.split()) == "".join(text.split())


def test_what_answers_cost_is_told_model_by_model_the_last_one_first() -> None:
    def answer(model: str, total: float, first: float | None = 0.5) -> dict[str, Any]:
        steps = {"search_s": 0.1, "first_token_s": first, "checks_s": 1.0, "total_s": total}
        return {"model": {"generator": model}, "timings": steps}

    said = panels.costs([answer("b", 3.0), answer("a<i>", 2.0), answer("b", 5.0, None)])
    assert re.findall(r"<p class='label'>(.*?)</p>", said) == [
        "The last 2 answers by b took <b>4.0 s</b> on average: "
        "searched 0.10 s, read 0.20 s, wrote 0.75 s, checked 1.0 s.",
        "The last answer by a&lt;i&gt; took <b>2.0 s</b>: "
        "searched 0.10 s, read 0.40 s, wrote 0.50 s, checked 1.0 s.",
    ]
    assert panels.costs([]) == ""


def test_a_removed_article_leaves_the_quoted_words() -> None:
    page = panels.gone({"title": "Old", "source": "X", "published": "2024-05-07"}, ["The words."])
    assert "no longer in the library" in page
    assert "<blockquote>The words.</blockquote>" in page
    assert "7 May 2024" in page


def test_conversations_stand_under_their_days() -> None:
    def chat(n: int, updated: str) -> Chat:
        return Chat(f"{n:016x}", f"No {n}", updated)

    noon = [datetime(2025, 5, day, 12).astimezone().isoformat() for day in (9, 9, 8, 1)]
    these = [*map(chat, range(4), noon), chat(5, "x")]
    page = panels.chats(these, "", today=date(2025, 5, 9))
    assert re.findall(r'class="day">(.*?)<|>(No \d)<', page) == [
        ("Today", ""), ("", "No 0"), ("", "No 1"), ("Yesterday", ""), ("", "No 2"),
        ("1 May 2025", ""), ("", "No 3"), ("Earlier", ""), ("", "No 5"),
    ]  # fmt: skip


def test_an_empty_library_says_what_to_do() -> None:
    page = panels.welcome(0, [])
    assert 'data-tab="Library"' in page
    assert "Drop files anywhere" in page


def test_the_table_finds_and_sorts() -> None:
    articles = invented()
    undated = replace(articles[0], id="u", title="Undated", published=None, source=None)
    rows = render_library.select([*articles, undated], View())
    assert [a.published and a.published.year for a in rows] == [2025, 2025, 2025, 2024, None]
    turned = render_library.select([*articles, undated], View().by("published"))
    assert [a.published and a.published.month for a in turned] == [11, 2, 4, 6, None]
    assert [a.title for a in render_library.select(articles, View(find="ISLAND 2024"))] == [
        "What will the old lighthouse become?"
    ]
    assert View().by("title") == View(column="title", down=False)


def test_a_long_table_has_pages() -> None:
    many = [replace(ARTICLE, id=str(i), title=f"No {i:03}") for i in range(120)]
    view = View(column="title", down=False, page=1)
    page = render_library.table(many, view)
    assert re.findall(r"No (\d+)</button>", page) == [f"{i:03}" for i in range(50, 100)]
    assert "Page 2 of 3" in page


def test_what_was_refused_comes_first_once_all_is_done() -> None:
    done = [
        Refusal(f"https://{status}.example", "why", status)
        for status in ("added", "refused", "unchanged", "duplicate", "updated", "added")
    ]

    def tags(running: bool) -> list[str]:
        page = render_library.outcomes(done, 6, running=running)
        return re.findall(r'class="tag">(\w+)<', page)

    assert tags(running=False) == ["refused", "copy", "unchanged", "updated", "added", "added"]
    assert tags(running=True) == ["added", "updated", "copy", "unchanged", "refused", "added"]


def test_a_path_of_this_machine_is_not_shown() -> None:
    page = render_library.outcomes([Refusal("/home/ann/x.txt", "empty")], 1, running=False)
    assert "x.txt" in page
    assert "/home/ann" not in page
