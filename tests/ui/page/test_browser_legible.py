"""Light and dark are legible: every text on the page has the contrast that WCAG 2 asks for (AA)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.ui.conftest import Window

pytestmark = pytest.mark.browser
Open = Callable[..., Window]

# Each text with less contrast to its ground than it needs: 4.5, or 3 when it is large.
FAINT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], ground) => [r, g, b].map((c, i) => c * a + ground[i] * (1 - a));
  const opaque = (e) => (e ? getComputedStyle(e).opacity * opaque(e.parentElement) : 1);
  const under = (e) => {
    if (!e) return [255, 255, 255];
    const colour = rgba(getComputedStyle(e).backgroundColor);
    return colour[3] === 1 ? colour.slice(0, 3) : over(colour, under(e.parentElement));
  };
  const light = (colour) => colour.map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const faint = [], unseen = ".sr, :disabled, [aria-hidden=true], script, style";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode());) {
    const e = text.parentElement, style = getComputedStyle(e);
    if (!text.data.trim() || e.closest(unseen)) continue;
    if (!e.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const size = parseFloat(style.fontSize);
    if (!size) continue;
    const ground = under(e), [r, g, blue, alpha] = rgba(style.color);
    const ink = over([r, g, blue, alpha * opaque(e)], ground);
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    const words = text.data.trim().slice(0, 40);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${words} (${ratio.toFixed(2)})`);
  }
  return [...new Set(faint)];
}"""


def faint(w: Window) -> list[Any]:
    return list(w.page.evaluate(FAINT))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_legible(window: Open, scheme: str) -> None:
    w = window(color_scheme=scheme)
    assert faint(w) == []
    w.ask("What did the bridge cost in 2025?")
    w.page.click("#transcript .more")
    w.page.locator("#transcript .answer .cite").first.click()
    w.page.wait_for_selector("#pane mark")
    assert faint(w) == []
    w.page.hover("#transcript .answer .cite")
    w.page.wait_for_selector("#hover")
    assert faint(w) == []
    w.ask("Who is the tallest person?")
    for question in ("Make a timeline", "Compare them", "List it", "Which articles do you have?"):
        w.ask(question)
    w.ask("Tell me about the brigde")
    assert faint(w) == []
    w.ask("Will this fail?")
    assert faint(w) == []
    w.start("Tell a slow story")
    w.page.wait_for_selector("#live .draft")
    assert faint(w) == []
    w.page.click("#stop")
    w.page.wait_for_selector("#transcript .turn.stopped")
    w.page.click("#transcript [data-vote='-1'] >> nth=0")
    w.page.wait_for_selector("dialog")
    assert faint(w) == []
    w.page.keyboard.press("Escape")
    w.tab("Library")
    w.page.wait_for_selector("#table tbody tr")
    w.page.fill("#addresses textarea", "file:///etc/passwd")
    w.page.click("#add")
    w.page.wait_for_selector("#outcome .refused")
    assert faint(w) == []
    w.tab("Settings")
    w.page.wait_for_selector("#costs p")
    assert faint(w) == []
