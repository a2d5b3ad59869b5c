"""The library tab, conversations, settings and other machines, in the real browser."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.settings import Settings
from tests.ui.conftest import Served, Window, serve, until
from tests.ui.fake_assistant import FakeBackend
from ui.page.serving.guard import Access

pytestmark = pytest.mark.browser
Open = Callable[..., Window]


def add(w: Window, *files: Path, expect: str, addresses: str = "") -> None:
    w.tab("Library")
    if files:
        w.page.set_input_files("#drop input[type=file]", [str(f) for f in files])
    if addresses:
        w.page.fill("#addresses textarea", addresses)
        w.page.click("#add")
    w.page.wait_for_selector(f"#outcome b:text-is('{expect}')")


def test_a_file_is_added_asked_about_removed_and_put_back(
    w: Window, served: Served, tmp_path: Path
) -> None:
    story = tmp_path / "tramway.txt"
    story.write_text("The quarry tramway reopened on Monday.\n\nIt had been closed for years.")
    add(w, story, expect="1 added.")
    (kept,) = (served.folder / "uploads").glob("*/tramway.txt")
    assert kept.read_text() == story.read_text()
    w.tab("Chat")
    w.ask("When did the quarry tramway reopen?")
    assert "The quarry tramway reopened on Monday." in w.text("#transcript .answer")
    w.page.click("#transcript .answer .cite")
    assert w.text("#pane mark") == "The quarry tramway reopened on Monday."
    assert "tramway.txt" in w.text("#pane header")
    w.tab("Library")
    w.page.click("#table tr:has-text('quarry tramway') [data-act=remove]")
    w.page.wait_for_selector("#table tr:has-text('quarry tramway')", state="detached")
    assert len(served.backend.articles()) == 4
    w.page.click(".undo button")
    w.page.wait_for_selector("#table tr:has-text('quarry tramway')")
    assert len(served.backend.articles()) == 5
    w.page.click("#table tr:has-text('quarry tramway') [data-act=remove]")
    w.page.wait_for_selector("#table tr:has-text('quarry tramway')", state="detached")
    w.tab("Chat")
    w.page.click("#transcript .answer .cite")
    w.page.wait_for_selector("#pane :text('no longer in the library')")
    assert w.text("#pane blockquote") == "The quarry tramway reopened on Monday."


def test_a_zip_comes_as_a_folder_and_what_is_refused_says_why(
    w: Window, served: Served, tmp_path: Path
) -> None:
    path = tmp_path / "week.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("mon/one.txt", "Monday's news\n\nText.")
        made.writestr("tue/one.txt", "Tuesday's news\n\nText.")
        made.writestr("../../../evil.txt", "evil")
    add(w, path, expect="2 added, 1 refused.")
    assert "evil.txt its path leaves the archive" in w.text("#outcome .adding")
    add(w, addresses="file:///etc/passwd", expect="1 refused.")
    said = w.text("#outcome .adding")
    assert "file:///etc/passwd not a web address" in said
    assert {"Monday's news", "Tuesday's news"} <= {a.title for a in served.backend.articles()}


def test_a_file_that_is_too_large_is_refused_by_its_name_and_the_others_go_in(
    w: Window, tmp_path: Path
) -> None:
    large, small = tmp_path / "large.txt", tmp_path / "small.txt"
    large.write_text("x" * 300_000)
    small.write_text("A small story\n\nIt is short.")
    add(w, large, small, expect="1 added, 1 refused.")
    assert "large.txt it is larger than 0.2 MB" in w.text("#outcome")
    assert "A small story" in w.text("#table")


def test_a_file_that_is_dropped_on_the_page_goes_in(w: Window) -> None:
    w.tab("Library")
    w.page.wait_for_selector("#drop button")
    dropped = w.page.evaluate_handle(
        """() => { const data = new DataTransfer();
        data.items.add(new File(["A dropped story\\n\\nIt fell."], "dropped.txt"));
        return data; }"""
    )
    w.page.dispatch_event("#drop button", "drop", {"dataTransfer": dropped})
    w.page.wait_for_selector("#outcome b:text-is('1 added.')")
    w.page.wait_for_selector("#table tr:has-text('A dropped story')")


def test_a_file_may_be_dropped_anywhere(w: Window) -> None:
    dropped = w.page.evaluate_handle(
        """() => { const data = new DataTransfer();
        data.items.add(new File(["A story from above\\n\\nIt fell too."], "above.txt"));
        return data; }"""
    )
    w.page.dispatch_event("#transcript", "dragover", {"dataTransfer": dropped})
    assert w.page.evaluate("document.body.className.includes('dropping')")
    w.page.dispatch_event("#transcript", "drop", {"dataTransfer": dropped})
    w.page.wait_for_selector("#table tr:has-text('A story from above')")
    assert not w.page.evaluate("document.body.className.includes('dropping')")


def test_an_article_is_edited_in_a_form(w: Window, served: Served) -> None:
    w.tab("Library")
    w.page.click("#table tr:has-text('lighthouse') [data-act=amend]")
    fields = w.page.locator("dialog input")
    assert fields.nth(1).input_value() == "Island Post"
    assert fields.nth(2).input_value() == "2024-11-09"
    fields.nth(0).fill("")
    w.page.click("dialog .primary")
    w.page.wait_for_selector("dialog h2:has-text('can\\'t be empty')")
    w.page.locator("dialog input").nth(0).fill("What becomes of the lighthouse?")
    w.page.locator("dialog input").nth(2).fill("2024-11-10")
    w.page.press("dialog input >> nth=0", "Enter")
    w.page.wait_for_selector("#table tr:has-text('What becomes of') .date:text('10 November')")
    [edited] = [a for a in served.backend.articles() if "becomes of" in a.title]
    assert edited.source == "Island Post"
    served.backend.edit(
        edited.id, "What will the old lighthouse become?", "Island Post", date(2024, 11, 9)
    )


def test_what_was_removed_last_is_put_back_first_wherever_one_looks(
    w: Window, served: Served, tmp_path: Path
) -> None:
    files = [tmp_path / f"stack{i}.txt" for i in range(9)]
    for i, file in enumerate(files):
        file.write_text(f"Stack number {i}\n\nText {i}.")
    add(w, *files, expect="9 added.")
    w.page.locator("#table tr:has-text('Stack number 7') [data-act=remove]").click()
    w.page.wait_for_selector("#removed :text('Removed “Stack number 7”')")
    w.page.locator("#table tr:has-text('Stack number 8') [data-act=remove]").click()
    w.page.wait_for_selector("#removed :text('Removed “Stack number 8”')")
    w.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    box = w.page.locator("#removed button").bounding_box()
    assert box is not None
    assert 54 <= box["y"] <= 820
    w.page.click("#removed button")
    w.page.wait_for_selector("#removed :text('Put back “Stack number 8”')")
    w.page.click("#removed button:has-text('Put back “Stack number 7” too')")
    w.page.wait_for_selector("#table tr:has-text('Stack number 7')")
    assert {f"Stack number {i}" for i in (7, 8)} <= {a.title for a in served.backend.articles()}
    w.page.wait_for_selector("#removed :text('Put back “Stack number 7”.')")
    assert "Stack" not in " ".join(w.page.locator("#removed button").all_inner_texts())


def test_adding_goes_on_while_someone_asks(window: Open, served: Served, tmp_path: Path) -> None:
    files = [tmp_path / f"batch{i}.txt" for i in range(12)]
    for i, file in enumerate(files):
        file.write_text(f"Batch {i}\n\nText.")
    adding, asking = window(), window()
    served.backend.pace = 0.15
    adding.tab("Library")
    adding.page.set_input_files("#drop input[type=file]", [str(f) for f in files])
    adding.page.wait_for_selector("#outcome progress")
    asking.start("How long has the ferry run?")
    asking.page.wait_for_selector("#live .stages .now")
    assert adding.page.locator("#outcome progress").count() == 1
    first = int(adding.page.get_attribute("#outcome progress", "value") or 0)
    adding.page.wait_for_function(
        "(first) => (document.querySelector('#outcome progress')?.value ?? 99) > first", arg=first
    )
    served.backend.pace = 0.01
    asking.page.wait_for_selector("#transcript .turn.done")
    adding.page.wait_for_selector("#outcome :text('12 added')")


def test_the_table_is_searched_sorted_and_opens_articles(w: Window) -> None:
    w.tab("Library")
    w.page.wait_for_selector("#table tbody tr")
    w.page.fill("#find :is(input, textarea)", "island post")
    w.page.wait_for_function("document.querySelectorAll('#table tbody tr').length === 2")
    w.page.click("#table th button:has-text('Title')")
    w.page.wait_for_selector("#table th[aria-sort=ascending] :text('Title')")
    titles = w.page.locator("#table tbody .link").all_inner_texts()
    assert titles == [
        "Solar ferry carries a million passengers",
        "What will the old lighthouse become?",
    ]
    w.page.click("#table tbody .link >> nth=1")
    w.page.wait_for_selector("#pane h2:has-text('lighthouse')")
    w.tab("Library")
    assert w.page.input_value("#find :is(input, textarea)") == "island post"
    w.page.click("#find :is(input, textarea)")
    w.page.keyboard.press("Control+A")
    w.page.keyboard.press("Backspace")
    w.page.wait_for_function("document.querySelectorAll('#table tbody tr').length >= 4")


def test_conversations_are_listed_renamed_searched_and_deleted(w: Window) -> None:
    w.ask("How long has the ferry run?")
    w.page.click("text=New conversation")
    w.page.wait_for_selector(".welcome")
    w.ask("What did the bridge cost?")
    w.page.click(".chats .chat:has-text('ferry')")
    w.page.wait_for_selector("#transcript .question:has-text('ferry')")
    w.page.hover(".chats .current")
    w.page.click(".chats .current [data-act=rename]")
    w.page.fill("dialog textarea", "Boats")
    w.page.press("dialog textarea", "Enter")
    w.page.wait_for_selector(".chats .current :text('Boats')")
    w.page.fill("#shelf :is(input, textarea)", "boats")
    w.page.wait_for_function("document.querySelectorAll('.chats li').length === 1")
    assert w.text(".chats") == "Boats"
    w.page.fill("#shelf :is(input, textarea)", "no such words")
    w.page.wait_for_selector("#chats .empty")
    w.page.fill("#shelf :is(input, textarea)", "boats")
    w.page.wait_for_selector(".chats .current")
    w.page.hover(".chats .current")
    w.page.click(".chats .current [data-act=delete]")
    w.page.click("dialog .primary")
    w.page.wait_for_selector("#chats .empty")
    w.page.fill("#shelf :is(input, textarea)", "")
    w.page.wait_for_selector(".chats .chat:has-text('bridge')")
    assert "Boats" not in w.text(".chats")


def test_of_many_conversations_the_list_scrolls_and_nothing_else(
    window: Open, served: Served
) -> None:
    for i in range(40):
        served.conversations.ask(
            f"{i + 1:016x}", f"What is number {i} of a long list of questions?"
        )
    w = window(f"{served.url}?chat={1:016x}")
    w.page.wait_for_selector("#transcript .turn")
    for part, least in (
        ("#new", 30),
        ("#shelf input, #shelf textarea", 30),
        ("#export button", 20),
    ):
        box = w.page.locator(part).first.bounding_box()
        assert box is not None
        assert box["height"] >= least, part
        assert 54 <= box["y"] <= 820 - box["height"], part
    w.page.locator(f".chats [data-chat='{1:016x}']").first.scroll_into_view_if_needed()
    assert w.page.evaluate("document.documentElement.scrollTop") == 0
    for i in range(40):
        served.conversations.delete(f"{i + 1:016x}")


def test_a_thumb_and_a_remark_are_kept_and_exported(w: Window, served: Served) -> None:
    w.ask("What did the bridge cost?")
    w.page.click("#transcript [data-vote='-1']")
    w.page.fill("dialog textarea >> nth=0", "The ramps count")
    w.page.fill("dialog textarea >> nth=1", "44 million")
    w.page.click("dialog .primary")
    w.page.wait_for_selector("#transcript .remark:has-text('The ramps count')")
    w.page.click("#transcript [data-vote='1']")  # a second thought keeps the remark
    assert w.page.input_value("dialog textarea >> nth=0") == "The ramps count"
    w.page.click("dialog button:has-text('No remark')")
    w.page.click("#transcript [data-vote='-1']")
    assert w.page.input_value("dialog textarea >> nth=1") == "44 million"
    w.page.click("dialog .primary")
    w.page.wait_for_selector("#transcript .thumb.down[aria-pressed=true]")
    voted = served.conversations.voted()[-1]
    assert (voted.vote, voted.remark, voted.expected) == (-1, "The ramps count", "44 million")
    assert voted.answer is not None
    assert len(voted.answer["claims"]) == 4
    w.tab("Settings")
    with w.page.expect_download() as download:
        w.page.click("[data-act=questions]")
    assert download.value.suggested_filename == "marked-answers.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        rows = [json.loads(line) for line in archive.read("questions.jsonl").splitlines()]
    assert {
        "question": "What did the bridge cost?",
        "any": ["44 million"],
        "answerable": True,
    } in rows


def test_copy_and_export_take_the_footnotes_along(w: Window) -> None:
    w.ask("How long has the ferry run?")
    w.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    w.page.click("#transcript [data-act=copy]")
    w.page.wait_for_selector("#transcript [data-act=copy].did")
    copied = w.page.evaluate("navigator.clipboard.readText()")
    assert "[1] Solar ferry carries a million passengers. Island Post, 21 February 2025" in copied
    with w.page.expect_download() as download:
        w.page.click("[data-act=export]")
    assert download.value.suggested_filename == "How-long-has-the-ferry-run.md"
    said = Path(download.value.path()).read_text()
    assert said.startswith("# How long has the ferry run?")
    assert "\\[1\\]" in said


def test_settings_go_along_and_are_kept(w: Window, served: Served) -> None:
    w.tab("Settings")
    w.page.fill("#settings input[type=number] >> nth=0", "5")
    w.page.press("#settings input[type=number] >> nth=0", "Enter")
    w.tab("Chat")
    w.ask("How long has the ferry run?")
    assert served.backend.asked[-1][3].passages == 5
    w.reload()
    w.ask("And the ferry again?")
    assert served.backend.asked[-1][3].passages == 5


def test_another_model_is_waited_for_kept_and_said(w: Window, served: Served) -> None:
    w.tab("Settings")
    w.page.get_by_label("Model").click()
    w.page.click("[role=option]:has-text('fake-4b')")
    w.tab("Chat")
    served.backend.pace = 0.1
    w.start("How long has the ferry run?")
    w.page.wait_for_selector("#live .now:has-text('Loading fake-4b')")
    served.backend.pace = 0.01
    w.page.wait_for_selector("#transcript .turn.done")
    w.reload()
    w.ask("And the ferry again?")
    assert served.backend.asked[-1][3].model == "fake-4b"
    w.tab("Settings")
    w.page.wait_for_selector("#costs :text('answers by fake-1b took')")
    assert "searched 0.01 s, read 0.23 s, wrote 0.82 s, checked 0.31 s." in w.text("#costs")


def test_what_the_browser_kept_is_taken_where_it_makes_sense(window: Open, served: Served) -> None:
    w = window()
    w.page.evaluate(
        """localStorage.setItem("dateline-settings",
        JSON.stringify({model: "gone", passages: 99, budget: "<b>", withheld: 1}))"""
    )
    w.reload()
    w.ask("How long has the ferry run?")
    chosen = served.backend.asked[-1][3]
    assert (chosen.model, chosen.passages) == ("fake-1b", 8)
    assert (chosen.budget, chosen.show_withheld) == (Settings().budget, False)


def test_dark_is_chosen_and_kept(w: Window) -> None:
    def background() -> str:
        return str(w.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = background()
    w.tab("Settings")
    w.page.click("#theme label:has-text('Dark')")
    w.page.wait_for_function("document.body.classList.contains('dark')")
    dark = background()
    assert dark != light
    w.tab("Chat")
    w.reload()
    w.page.wait_for_function("document.body.classList.contains('dark')")
    assert background() == dark
    w.tab("Settings")
    w.page.click("#theme label:has-text('As the system')")
    w.page.wait_for_function("!document.body.classList.contains('dark')")


def test_a_phone_reads_without_scrolling_sideways(window: Open) -> None:
    w = window(viewport={"width": 360, "height": 740})
    w.ask("What did the bridge cost?")
    wide = "document.documentElement.scrollWidth <= innerWidth"
    assert w.page.evaluate(wide)
    w.page.click("#transcript .more")
    for cell in w.page.locator(".considered tbody tr:first-child td").all():
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 360
    w.page.locator("#transcript .answer .cite").first.click()
    w.page.wait_for_selector("#pane mark")
    box = w.page.locator("#pane").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 360)
    w.page.click("#pane .close")
    assert w.page.locator("#pane").is_hidden()
    assert w.page.evaluate(wide)
    w.page.click("#shelf-toggle")
    assert w.page.locator(".chats .current .tool").first.is_visible() is False  # no touch here
    w.page.mouse.click(350, 400)
    assert w.page.locator("#shelf").is_hidden()
    w.page.click("#shelf-toggle")
    w.page.click(".chats .chat >> nth=0")
    assert w.page.locator("#shelf").is_hidden()
    w.tab("Library")
    w.page.wait_for_selector("#table tbody tr")
    assert w.page.evaluate(wide)
    for part in (".link", ".outlet", ".date", "[data-act=remove]"):
        box = w.page.locator(f"#table tbody tr:has-text('Courier') {part}").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
    w.tab("Settings")
    assert w.page.evaluate(wide)


def test_the_keyboard_alone_asks_and_opens_a_citation(w: Window) -> None:
    w.page.evaluate("document.activeElement.blur()")
    w.page.keyboard.press("/")
    w.page.keyboard.type("How long has the ferry run?")
    w.page.keyboard.press("Enter")
    w.page.wait_for_selector("#transcript .turn.done")
    for _ in range(60):
        w.page.keyboard.press("Shift+Tab")
        if w.page.evaluate("document.activeElement.matches('.answer .cite')"):
            break
    w.page.keyboard.press("Enter")
    w.page.wait_for_selector("#pane mark")
    assert w.page.evaluate("document.activeElement.id") == "pane"
    w.page.evaluate("document.querySelector('.sources button').click()")
    w.page.wait_for_selector("#pane .back:not(:disabled)")
    w.page.keyboard.press("Alt+ArrowLeft")
    w.page.wait_for_selector("#pane .back:disabled")
    w.page.keyboard.press("Alt+ArrowRight")
    w.page.wait_for_selector("#pane .forward:disabled")
    w.page.evaluate("document.querySelector('.answer .cite').click()")
    w.page.wait_for_selector(".cite.active")
    w.page.keyboard.press("Escape")
    assert w.page.evaluate("document.activeElement.matches('.answer .cite')")


def test_the_keyboard_keeps_its_place_when_a_part_is_drawn_anew(w: Window) -> None:
    def focused() -> list[str]:
        return list(
            w.page.evaluate(
                "(({act, chat, vote}) => [act, chat || vote])(document.activeElement.dataset)"
            )
        )

    w.ask("How long has the ferry run?")
    chat = w.page.url[-16:]
    w.page.focus(".chats .current .chat")
    w.page.keyboard.press("Tab")
    assert focused() == ["rename", chat]
    w.page.keyboard.press("Enter")
    w.page.wait_for_selector("dialog textarea:focus")
    w.page.keyboard.press("Control+A")
    w.page.keyboard.type("The boats")
    w.page.keyboard.press("Enter")
    w.page.wait_for_selector(".chats .current :text('The boats')")
    w.page.wait_for_function("document.activeElement.dataset.act === 'rename'")
    assert focused() == ["rename", chat]
    w.page.focus("#transcript [data-vote='1']")
    w.page.keyboard.press("Enter")
    w.page.wait_for_selector("dialog textarea:focus")
    w.page.keyboard.type("Well put")
    w.page.keyboard.press("Control+Enter")
    w.page.wait_for_selector("#transcript .remark:has-text('Well put')")
    w.page.wait_for_function("document.activeElement.dataset.vote === '1'")
    w.tab("Library")
    w.page.wait_for_selector("#table tbody tr")
    for removed in ("Solar ferry", "lighthouse"):  # one of the middle, and one that may be the last
        w.page.focus(f"#table tr:has-text('{removed}') [data-act=remove]")
        w.page.keyboard.press("Enter")
        w.page.wait_for_function("document.activeElement.dataset.act === 'undo'")
        w.page.keyboard.press("Enter")
        w.page.wait_for_selector(f"#table tr:has-text('{removed}')")
    w.page.focus("#table th button:has-text('Outlet')")
    w.page.keyboard.press("Enter")
    w.page.wait_for_selector("#table th[aria-sort=ascending] :text('Outlet')")
    w.page.wait_for_function("document.activeElement.dataset.column === 'source'")
    w.page.keyboard.press("Enter")
    w.page.wait_for_selector("#table th[aria-sort=descending] :text('Outlet')")


def test_everything_that_can_be_pressed_has_a_name(w: Window) -> None:
    w.ask("What did the bridge cost?")
    w.page.locator("#transcript .answer .cite").first.click()
    w.page.wait_for_selector("#pane mark")
    nameless = w.page.evaluate(
        """[...document.querySelectorAll('button, textarea, input, a')].filter(e =>
        e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || e.title
        || e.labels?.length || e.placeholder)).map(e => e.outerHTML.slice(0, 160))"""
    )
    assert nameless == []
    label = w.page.get_attribute("#transcript .answer .cite >> nth=0", "aria-label")
    assert (
        label == "Source 1: Varnholm opens its new harbour bridge · Varnholm Courier, 12 April 2025"
    )


def test_a_screen_reader_is_told_what_is_done_and_what_came_of_it(w: Window) -> None:
    w.page.evaluate(
        """() => { window.told = []; const place = document.querySelector('#told');
        new MutationObserver(() => told.push(place.textContent)).observe(place, {childList: true});
        }"""
    )
    w.ask("What did the bridge cost?")
    w.page.wait_for_function("window.told.at(-1)?.includes('disagree')")
    told = " ".join(w.page.evaluate("window.told"))
    assert "Writing" in told
    assert told.endswith(
        "Sources disagree: 41 million crowns or 44 million crowns. "
        "✓ 2 stated in the source, ? 1 to check, ✕ 1 withheld"
    )
    assert w.page.get_attribute("#told", "role") == "status"
    w.ask("Who is the tallest person?")
    w.page.wait_for_function("window.told.at(-1) === 'Not in the library'")


def test_with_a_password_the_page_works_and_without_it_does_not(
    chromium: Any, tmp_path: Path
) -> None:
    with serve(FakeBackend(), tmp_path, Access("ann", "secret")) as served:
        assert httpx.get(served.url).status_code == 401
        friend = chromium.new_context(http_credentials={"username": "ann", "password": "secret"})
        page = friend.new_page()
        page.goto(served.url)
        page.wait_for_selector(".welcome")
        page.fill("#question textarea", "How long has the ferry run?")
        page.press("#question textarea", "Enter")
        page.wait_for_selector("#transcript .turn.done")
        friend.close()
        until(lambda: served.backend.alive == 0)
