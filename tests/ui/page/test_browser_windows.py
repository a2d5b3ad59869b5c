"""Several windows and conversations at once, what a window asks for, and what is never lost."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.ui.conftest import Served, Window, serve, until
from tests.ui.fake_assistant import FakeBackend
from ui.page.page import Frame

pytestmark = pytest.mark.browser
Open = Callable[..., Window]

# The end of a stream of messages comes late, as over a slow line, while `hold` is set.
LATE_END = """
const real = window.fetch;
window.joined = 0;
window.fetch = async (...args) => {
  const response = await real(...args);
  const address = String(args[0]?.url ?? args[0]);
  if (address.includes("/queue/join"))  // known to the page two frames later
    requestAnimationFrame(() => requestAnimationFrame(() => { window.joined += 1; }));
  if (!address.includes("/queue/data")) return response;
  const decoder = new TextDecoder();
  return new Response(response.body.pipeThrough(new TransformStream({
    async transform(chunk, out) {
      if (window.hold && decoder.decode(chunk).includes("close_stream"))
        await new Promise((go) => { window.letGo = go; });
      out.enqueue(chunk);
    },
  })), response);
};
"""


def test_an_event_that_leaves_while_the_stream_is_closing_is_heard(
    chromium: Any, served: Served
) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script(LATE_END)
    page.goto(served.url)
    page.wait_for_selector(".welcome")
    page.evaluate("window.hold = true")
    page.click("#tabs button[role=tab]:has-text('Library')")
    page.wait_for_function("!!window.letGo")
    page.evaluate("window.hold = false")
    joined = page.evaluate("window.joined")
    page.fill("#find :is(input, textarea)", "island post")
    page.wait_for_function("(joined) => window.joined > joined", arg=joined)
    page.evaluate("window.letGo()")
    page.wait_for_function("document.querySelectorAll('#table tbody tr').length === 2")
    context.close()


def test_eight_windows_of_one_browser_are_open_at_once(chromium: Any, served: Served) -> None:
    """A browser has six connections to a host; a window that waits for nothing holds none."""
    context = chromium.new_context()
    waiting: set[Any] = set()
    context.on("request", lambda r: "/queue/data" in r.url and waiting.add(r))
    context.on("requestfinished", lambda r: waiting.discard(r))
    context.on("requestfailed", lambda r: waiting.discard(r))
    pages = [context.new_page() for _ in range(8)]
    for page in pages:
        page.bring_to_front()  # the browser lets others wait
        page.goto(served.url)
        page.wait_for_selector(".welcome")
        for name in ("Library", "Chat", "Settings", "Chat"):  # each sends some events at once
            page.click(f"#tabs button[role=tab]:has-text('{name}')")
    until(lambda: not waiting or pages[0].wait_for_timeout(50))
    for page in pages[:3]:
        page.fill("#question textarea", "How long has the ferry run?")
        page.press("#question textarea", "Enter")
    for page in pages[:3]:
        page.wait_for_selector("#transcript .turn.done")
    context.close()


def test_a_session_asks_its_own_host_only_and_for_nothing_but_this(window: Open) -> None:
    w = window()
    w.ask("What did the bridge cost?")
    w.page.locator("#transcript .answer .cite").first.click()
    w.page.wait_for_selector("#pane mark")
    w.tab("Library")
    w.page.wait_for_selector("#table tbody tr")
    w.tab("Settings")
    w.reload()
    assert {urlsplit(r).netloc for r in w.requests if r.startswith("http")} == {
        urlsplit(w.page.url).netloc
    }
    paths = {urlsplit(r).path.rstrip("/") or "/" for r in w.requests}
    asked = {re.sub(r"^/(assets|static)/.*", r"/\1/…", path) for path in paths}
    assert asked <= {
        "/",
        "/assets/…",
        "/static/…",
        "/theme.css",
        "/favicon.ico",
        "/manifest.json",
        "/gradio_api/startup-events",
        "/gradio_api/app_id",
        "/gradio_api/queue/join",
        "/gradio_api/queue/data",
        "/gradio_api/component_server",
    }


def test_one_window_asks_in_two_conversations_and_keeps_them_apart(
    w: Window, served: Served
) -> None:
    w.start("A slow tale")
    w.page.wait_for_selector("#live .draft")
    first = w.page.url
    w.page.click("#new")
    w.page.wait_for_selector(".welcome")
    w.start("How long has the ferry run?")
    w.page.wait_for_selector("#live :text('One question is before yours')")
    w.page.go_back()
    w.page.wait_for_selector("#live .draft")
    assert w.page.url == first
    w.page.click("#stop")
    w.page.wait_for_selector("#transcript .turn.stopped")
    w.page.go_forward()
    w.page.wait_for_selector("#transcript .turn.done")
    assert "Skarrey since May 2023" in w.text("#transcript .answer")
    assert "walked on" not in w.text("#transcript")
    until(lambda: served.backend.alive == 0)


def test_what_comes_late_for_a_conversation_that_was_left_is_not_seen(
    w: Window, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame of the one that was left may overtake what the window has gone to."""
    w.ask("How long has the ferry run?")
    left = w.page.url[-16:]
    show, shown = served.page.show, []

    def late(session: str, chat: str, find: str = "") -> Frame:
        frame = show(session, chat, find)
        shown.append(chat)
        if len(shown) == 1:
            return replace(frame, transcript=served.page._shown("nobody", left).transcript)
        return frame

    monkeypatch.setattr(served.page, "show", late)
    w.page.click("#new")
    w.page.wait_for_selector(".welcome")
    assert w.page.locator("#talk .turn:visible").count() == 0
    assert len(shown) == 2
    assert left not in shown


def test_a_server_that_only_shows_another_conversation_is_not_asked_without_end(
    w: Window, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    w.ask("How long has the ferry run?")
    stray = served.page.show("nobody", w.page.url[-16:])
    asked: list[float] = []

    def always(session: str, chat: str, find: str = "") -> Frame:
        asked.append(time.monotonic())
        # another text each time, so that each is drawn
        return replace(stray, transcript=f"{stray.transcript}<!-- {len(asked)} -->")

    monkeypatch.setattr(served.page, "show", always)
    w.page.click("#new")
    until(lambda: len(asked) == 4 or w.page.wait_for_timeout(20))
    assert w.page.locator("#talk .turn").count() == 1
    assert w.page.locator("#talk .turn:visible").count() == 0
    assert w.page.locator("#ask").is_visible()
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    assert [pause >= least for pause, least in zip(pauses, (0.25, 0.5, 1.0), strict=True)] == [
        True
    ] * 3
    monkeypatch.undo()
    w.page.wait_for_selector(".welcome")


def test_a_second_question_waits_in_the_box_while_the_first_is_answered(w: Window) -> None:
    w.start("A slow tale")
    w.page.wait_for_selector("#live .draft")
    w.start("Too early")
    w.page.wait_for_selector(".toast-wrap :text('This conversation is being answered')")
    assert w.page.input_value("#question textarea") == "Too early"
    assert w.page.locator("#live .turn").count() == 1
    w.page.click("#stop")
    w.page.wait_for_selector("#transcript .turn.stopped")
    w.page.click("[data-testid=toast-close]")
    w.problems.clear()


def test_a_reload_in_the_middle_keeps_what_was_written_and_what_is_being_typed(
    window: Open, served: Served
) -> None:
    w = window()
    w.start("A slow tale")
    w.page.wait_for_function("document.querySelector('#live .draft')?.textContent.length > 40")
    w.page.fill("#question textarea", "And then?")
    turn = served.conversations.turns(w.page.url[-16:])[0]
    until(lambda: "walked on" in (served.conversations.turn(turn.id) or turn).draft)
    w.reload()
    w.page.wait_for_selector("#transcript .turn.stopped")
    assert "And then they walked on." in w.text("#transcript .answer.draft")
    assert w.page.input_value("#question textarea") == "And then?"
    until(lambda: served.backend.alive == 0)


def test_a_press_while_nobody_serves_says_so_and_works_later(window: Open) -> None:
    w = window()
    w.ask("How long has the ferry run?")
    w.page.context.set_offline(True)
    w.page.click("#transcript .answer .cite")
    w.page.wait_for_selector("dialog h2:has-text('doesn’t answer')")
    w.page.keyboard.press("Enter")
    w.page.wait_for_selector("dialog", state="detached")
    w.page.context.set_offline(False)
    w.page.click("#transcript .answer .cite")
    w.page.wait_for_selector("#pane mark")
    w.problems[:] = [p for p in w.problems if "ERR_INTERNET_DISCONNECTED" not in p]


def test_after_a_restart_everything_is_there(chromium: Any, tmp_path: Path) -> None:
    page = chromium.new_page()
    with serve(FakeBackend(), tmp_path) as first:
        page.goto(first.url)
        page.wait_for_selector(".welcome")
        page.fill("#question textarea", "How long has the ferry run?")
        page.press("#question textarea", "Enter")
        page.wait_for_selector("#transcript .turn.done")
        shown, chat = page.inner_text("#transcript"), page.url[-16:]
        first.conversations.write_draft(first.conversations.ask(chat, "Cut off?"), "It was")
    page.goto("about:blank")
    with serve(FakeBackend(), tmp_path) as second:
        page.goto(f"{second.url}?chat={chat}")
        page.wait_for_selector("#transcript .turn.stopped :text('It was')")
        assert page.inner_text(".chats .current") == "How long has the ferry run?"
        assert page.locator("#transcript .turn").count() == 2
        assert page.inner_text("#transcript .turn.done .answer") in shown
        page.close()


def test_deleting_a_conversation_ends_what_is_under_way_in_it(w: Window, served: Served) -> None:
    w.start("A slow tale to delete")
    w.page.wait_for_selector("#live .draft")
    w.page.hover(".chats .current")
    w.page.click(".chats .current [data-act=delete]")
    w.page.click("dialog .primary")
    w.page.wait_for_selector(".welcome")
    until(lambda: served.backend.alive == 0)
    w.page.wait_for_selector(".chats :text('to delete')", state="detached")


def test_an_empty_library_says_what_to_do_and_then_is_no_longer_empty(
    chromium: Any, tmp_path: Path
) -> None:
    with serve(FakeBackend(library={}), tmp_path) as served:
        page = chromium.new_page()
        page.goto(served.url)
        page.wait_for_selector(".welcome.vacant :text('Drop files anywhere')")
        page.wait_for_selector("#composer[inert]", state="attached")  # it waits
        page.click(".welcome [data-act=tab]")
        story = tmp_path / "tramway.txt"
        story.write_text("The quarry tramway reopened on Monday.\n\nIt had been closed for years.")
        page.wait_for_selector("#table .empty")
        page.set_input_files("#drop input[type=file]", str(story))
        page.wait_for_selector("#outcome b:text-is('1 added.')")
        page.click("#tabs button[role=tab]:has-text('Chat')")
        page.wait_for_selector(".welcome :text('the 1 article in your library')")
        page.wait_for_selector("#composer:not([inert])")
        page.close()


def test_the_place_in_the_queue_counts_down(window: Open) -> None:
    one, two, three = window(), window(), window()
    one.start("A slow tale")
    one.page.wait_for_selector("#live .draft")
    two.start("Another slow tale")
    two.page.wait_for_selector("#live :text('One question is before yours')")
    three.start("How long has the ferry run?")
    three.page.wait_for_selector("#live :text('2 questions are before yours')")
    two.page.close()
    three.page.wait_for_selector("#live :text('One question is before yours')")
    one.page.close()
    three.page.wait_for_selector("#transcript .turn.done")
