"""Hostile text in every place where text is shown: no script runs, nothing leaves, all is text."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from index.article import Article
from index.errors import DatelineError
from index.search import Filter, Hit
from index.splitting.passages import Passage
from rag.answer import Answer, Citation, Claim, Conflict, Side, Timings
from rag.events import ClaimChecked, Done, Event, Passages, Searching, Token
from rag.generating.generator import Stop
from rag.service import Loading
from rag.turns import Events
from tests.ui.conftest import Served, Window, serve
from tests.ui.fake_assistant import FakeBackend, FakeOutcome
from tests.ui.payloads import PAYLOADS
from ui.page.rendering.markup import esc
from ui.page.seam import Choices, History

pytestmark = pytest.mark.browser


def article(i: int, payload: str) -> Article:
    text = f"First paragraph.\n\n{payload}\n\nLast paragraph {payload}."
    return Article(
        f"{i:012x}",
        payload,
        text,
        payload,
        date(2025, 1, 1),
        (payload,),
        payload if i % 2 else f"https://x.example/{payload}",
        f"/tmp/{payload}",
    )


class HostileBackend(FakeBackend):
    """Every field of every answer holds a payload; so does every article."""

    def __init__(self) -> None:
        super().__init__(pace=0)
        self.loaded = threading.Event()  # set by the test that looks at what loads
        self.library = {a.id: a for a in map(article, range(len(PAYLOADS)), PAYLOADS)}

    def models(self) -> Sequence[str]:
        return [PAYLOADS[0], PAYLOADS[11]]

    def add(
        self, targets: Sequence[str], source: str | None, *, public: bool = False
    ) -> Iterator[FakeOutcome]:
        for a in list(self.library.values()):
            yield FakeOutcome(f"/x/{a.title}", "added", a)
            yield FakeOutcome(f"https://{a.title}", "refused", None, a.title)

    def stream(
        self, question: str, history: History, filter: Filter | None, choices: Choices
    ) -> Events[Event | Loading]:
        return self.turns.run(lambda stop: self._made(question, stop), pulse=0.25)

    def _made(self, question: str, stop: Stop) -> Iterator[Event | Loading]:
        if "fail" in question:
            raise DatelineError(" ".join(PAYLOADS))
        articles = list(self.library.values())
        hits = tuple(
            Hit(Passage(a.id, 0, len(a.text), a.text), a, 1.0, i, 0.5, None, i, i)
            for i, a in enumerate(articles, 1)
        )
        cites = []
        for n, a in enumerate(articles, 1):
            at = a.text.index(a.title)
            cites.append(Citation(n, a, hits[n - 1].passage.id, at, at + len(a.title), a.title))
        claims = [
            Claim(a.title, ("stated", "check this")[n % 2], 0.9, (c,), ((0, 9),))
            for n, (a, c) in enumerate(zip(articles, cites, strict=True))
        ] + [Claim(a.title, "withheld", 0.1, shown=True) for a in articles]
        everything = " ".join(PAYLOADS)
        if question.startswith("load"):
            yield Loading(everything)
            self.loaded.wait(60)
        yield Searching(question, everything, Filter(sources=frozenset(PAYLOADS)))
        yield Passages(hits, ())
        for payload in PAYLOADS:
            yield Token(payload + " ")
        while "hold" in question and not stop.is_set():
            time.sleep(0.01)
        if "abstain" in question:
            claims = claims[len(articles) :]
        for claim in claims:
            yield ClaimChecked(claim)
        yield Done(
            Answer(
                question,
                everything,
                everything,
                everything,
                "abstain" in question,
                tuple(claims),
                tuple(
                    Conflict(a.title, (Side(a.title, c), Side(a.title, c)))
                    for a, c in zip(articles, cites, strict=True)
                ),
                hits,
                (),
                Filter(sources=frozenset(PAYLOADS)),
                {"generator": everything},
                Timings(),
            )
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(HostileBackend(), tmp_path_factory.mktemp("hostile")) as page:
        yield page


def seen(w: Window, selector: str) -> str:
    return str(w.page.evaluate("(s) => document.querySelector(s).textContent", selector))


def as_shown(payload: str) -> str:
    """A payload as text: only characters that can't be seen are gone."""
    import html

    return html.unescape(esc(payload))


def no_harm(w: Window) -> None:
    assert w.page.evaluate("window.pwned") is None
    ours = "script, iframe, object, embed, link, base, meta, form, style, video, audio, svg image"
    places = (".turn", ".chats", "#pane .content", "#table table", ".adding", ".undo", "#costs p")
    for place in places:
        assert w.page.locator(f":is({place}) :is({ours})").count() == 0, place
        inline = f"""[...document.querySelectorAll({place + " *"!r})].flatMap(e =>
            [...e.attributes].filter(a => /^on|^style$|^src/i.test(a.name)).map(a => a.name))"""
        assert w.page.evaluate(inline) == [], place


def test_there_are_enough_of_them() -> None:
    assert len(set(PAYLOADS)) >= 60


def test_an_answer_made_of_payloads_is_text(w: Window) -> None:
    w.ask(" ".join(PAYLOADS)[:1900])
    w.page.click("#transcript .more")
    shown = seen(w, "#transcript")
    for payload in PAYLOADS:
        assert shown.count(as_shown(payload)) >= 5, payload
    assert w.page.locator("#transcript .claim").count() == 2 * len(PAYLOADS)
    assert w.page.locator("#transcript .claim.withheld").count() == len(PAYLOADS)
    assert w.page.locator("#transcript .side").count() == 2 * len(PAYLOADS)
    no_harm(w)
    titles = seen(w, "#chats")
    assert as_shown(PAYLOADS[0]) in titles


def test_what_is_being_written_and_what_was_stopped_is_text(w: Window, served: Served) -> None:
    w.start("load and hold")
    w.page.wait_for_selector("#live .now:has-text('Loading')")
    assert as_shown(PAYLOADS[5]) in seen(w, "#live .now")
    served.backend.loaded.set()
    w.page.wait_for_function("document.querySelector('#live .draft')?.textContent.length > 2000")
    for place in ("#live .draft", "#live .understood", "#live .chips"):
        shown = " ".join(seen(w, place).split())
        for payload in PAYLOADS:
            assert " ".join(as_shown(payload).split()) in shown, (place, payload)
    no_harm(w)
    w.page.click("#stop")
    w.page.wait_for_selector("#transcript .turn.stopped")
    shown = seen(w, "#transcript .draft")
    for payload in PAYLOADS:
        assert as_shown(payload) in shown, payload
    served.conversations.rename(w.page.url[-16:], PAYLOADS[6])
    w.page.click(".chats .current .chat")
    w.page.wait_for_function(
        "(t) => document.title === t + ' · Dateline'", arg=as_shown(PAYLOADS[6])
    )
    no_harm(w)


def test_suggestions_outlets_and_chosen_chips_are_text(w: Window, served: Served) -> None:
    asks = seen(w, ".welcome .suggestions")
    assert as_shown(served.backend.heads()[0].title) in asks
    w.page.click("#narrow > button")
    w.page.get_by_label("Outlets").click()
    w.page.wait_for_selector("[role=option]")
    options = w.page.locator("[role=option]").all_text_contents()
    squeezed = ["".join(option.split()) for option in options]
    for payload in PAYLOADS:
        wanted = "".join(payload.split())
        assert any(wanted in option for option in squeezed), payload
    w.page.keyboard.press("Escape")
    for payload in (PAYLOADS[0], PAYLOADS[11], PAYLOADS[45]):
        w.page.get_by_label("Outlets").fill(payload)
        w.page.keyboard.press("Enter")
        w.page.wait_for_function(
            "(t) => document.querySelector('#chosen')?.textContent.includes(t)",
            arg=as_shown(payload),
        )
    no_harm(w)
    while w.page.locator("#chosen .chip").count():
        before = w.page.locator("#chosen .chip").count()
        w.page.locator("#chosen .chip button").first.click()
        w.page.wait_for_function(
            "(n) => document.querySelectorAll('#chosen .chip').length < n", arg=before
        )
    w.page.click("#narrow > button")


def test_names_of_dropped_files_are_text(w: Window) -> None:
    w.tab("Library")
    drop = "#drop input[type=file]"
    names = [p for p in PAYLOADS if "\x00" not in p and "\n" not in p]
    assert len(names) >= 60
    for start in range(0, len(names), 18):
        some = names[start : start + 18]
        large = b"x" * 30_000 if start else b"x" * 300_000  # the first are refused, by their names
        given: list[dict[str, Any]] = [
            {"name": f"{name}.txt", "mimeType": "text/plain", "buffer": large if i < 3 else b"x"}
            for i, name in enumerate(some)
        ]
        before = seen(w, "#outcome")
        w.page.set_input_files(drop, given)  # type: ignore[arg-type]
        w.page.wait_for_function(
            "(was) => document.querySelector('#outcome').textContent !== was"
            " && !document.querySelector('#outcome progress, #drop tr.file')",
            arg=before,
        )
        if not start:
            shown = "".join(seen(w, "#outcome").split())
            for name in some[:3]:
                assert "".join(as_shown(name).split()).split("/")[-1] in shown, name
        no_harm(w)
    no_harm(w)
    added = "script, iframe, object, embed, link, base, meta, form, style, video, audio, svg image"
    assert w.page.locator(f"#drop :is({added})").count() == 0


def test_an_error_in_a_toast_is_text(
    w: Window, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(article_ids: Sequence[str]) -> Callable[[], None]:
        raise DatelineError(" ".join(PAYLOADS))

    monkeypatch.setattr(served.backend, "remove", broken)
    w.tab("Library")
    w.page.locator("#table [data-act=remove]").first.click()
    w.page.wait_for_selector(".toast-wrap")
    shown = "".join(seen(w, ".toast-wrap").split())
    for payload in PAYLOADS:
        assert "".join(as_shown(payload).split()) in shown, payload
    no_harm(w)
    w.page.click("[data-testid=toast-close]")
    w.problems.clear()


def test_the_hover_card_and_the_pane_show_text(w: Window) -> None:
    w.ask("Show them")
    buttons = w.page.locator("#transcript .answer .cite")
    assert buttons.count() == len(PAYLOADS)
    for i, payload in enumerate(PAYLOADS):
        buttons.nth(i).evaluate("b => { b.focus(); b.click(); }")
        wanted = as_shown(payload)
        w.page.wait_for_function(
            "(w) => document.querySelector('#pane h2')?.textContent === w", arg=wanted
        )
        squeezed = "".join(wanted.split())
        assert "".join(seen(w, "#pane mark").split()) == squeezed
        assert "".join(wanted.split()) in "".join(seen(w, "#pane .text").split())
        for href in w.page.locator("#pane a").all():
            assert (href.get_attribute("href") or "").startswith(("https://", "http://"))
    no_harm(w)


def test_an_abstention_and_an_error_made_of_payloads_are_text(w: Window) -> None:
    w.ask("abstain")
    assert as_shown(PAYLOADS[0]) in seen(w, ".cards")
    w.ask("fail")
    for payload in PAYLOADS:
        assert as_shown(payload) in seen(w, ".note.failed"), payload
    no_harm(w)


def test_the_conversations_list_remarks_and_dialogs_show_text(w: Window, served: Served) -> None:
    w.ask("abstain")
    chat = w.page.evaluate("new URL(location).searchParams.get('chat')")
    turn = served.conversations.turns(chat)[0]
    for payload in PAYLOADS[:12] + PAYLOADS[44:50]:
        served.conversations.rename(chat, payload)
        served.conversations.feedback(turn.id, -1, payload, payload)
        w.page.click(".chats .current .chat")  # draws the conversation anew
        w.page.wait_for_function(
            "(t) => document.querySelector('#transcript .remark')?.textContent === t",
            arg=as_shown(payload),
        )
        assert seen(w, ".chats .current .chat") == " ".join(as_shown(payload).split())
    w.page.hover(".chats .current")
    w.page.click(".chats .current [data-act=delete]")
    assert as_shown(PAYLOADS[49]) in seen(w, "dialog h2")
    w.page.keyboard.press("Escape")
    no_harm(w)


def test_the_library_tab_shows_text(w: Window) -> None:
    w.tab("Library")
    w.page.wait_for_selector("#table tbody tr")
    shown = seen(w, "#table")
    w.page.click("#table [data-act=page]")
    w.page.wait_for_selector("#table :text('Page 2 of 2')")
    shown += seen(w, "#table")
    for payload in PAYLOADS:
        assert shown.count(as_shown(payload)) >= 2, payload
    w.page.fill("#find :is(input, textarea)", PAYLOADS[1])
    w.page.wait_for_selector(f"#table :text('of {len(PAYLOADS)}')")
    w.page.fill("#find :is(input, textarea)", "nothing has <script>window.pwned=1</script> this")
    w.page.wait_for_selector("#table .empty")
    w.page.fill("#addresses textarea", "https://a.example/ <img/src=x/onerror=window.pwned=1>")
    w.page.click("#add")
    w.page.wait_for_selector("#outcome .outcomes :text('not a web address')")
    w.page.wait_for_function("!document.querySelector('#outcome progress')")
    outcomes = seen(w, "#outcome")
    for payload in PAYLOADS[-60:]:
        assert as_shown(payload).split("/")[-1] in outcomes, payload
    w.page.fill("#find :is(input, textarea)", "")
    w.page.locator("#table [data-act=remove]").first.click()
    w.page.wait_for_selector("#removed .undo")
    removed = seen(w, "#removed .undo")
    w.page.click("#removed [data-act=undo]")
    w.page.wait_for_selector("#removed :text('Put back')")
    title = removed.partition("“")[2].rpartition("”")[0]
    assert f"Put back “{title}”." in seen(w, "#removed")
    no_harm(w)


def test_the_settings_tab_shows_text(w: Window) -> None:
    w.ask("abstain")
    w.tab("Settings")
    w.page.wait_for_selector("#costs p")
    assert as_shown(PAYLOADS[0]) in seen(w, "#costs")
    w.page.get_by_label("Model").click()
    w.page.wait_for_selector("[role=option]")
    shown = " ".join(w.page.locator("[role=option]").all_inner_texts())
    assert as_shown(PAYLOADS[11]) in shown
    w.page.keyboard.press("Escape")
    no_harm(w)


def test_a_question_that_is_refused_says_so_as_text(w: Window) -> None:
    w.start("<img src=x onerror=window.pwned=1>" * 80)
    w.page.wait_for_selector(".toast-wrap")
    assert "ask it in 2000 or fewer" in seen(w, ".toast-wrap")
    no_harm(w)
    w.reload()
