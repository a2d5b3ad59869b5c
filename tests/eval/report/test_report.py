"""The report says what was measured, and hostile text in it stays text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from eval.report.plots import Series, plot, thinned
from eval.report.report import embedded
from eval.run import main
from tests.eval.fake_bench import fake_bench
from tests.fakes import FakeGenerator

ATTACK = "</script><img src=http://x.example/a.png onerror=\"document.title='owned'\">|`<b>\u2028"


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose questions, gold, article, title and answer all try to be markup."""
    data = tmp_path_factory.mktemp("data")
    (data / "xquad").mkdir()
    context = f"The tram {ATTACK} opened on Monday."
    asked = {
        "id": f"q1{ATTACK}",
        "question": f"When did the tram open? {ATTACK}",
        "answers": [{"text": "Monday"}, {"text": ATTACK}],
    }
    page = {"title": f"Tram {ATTACK}", "paragraphs": [{"context": context, "qas": [asked]}]}
    (data / "xquad" / "h.json").write_text(json.dumps({"data": [page]}))
    out = tmp_path_factory.mktemp("run") / "run"
    bench = fake_bench(FakeGenerator({"tram": f"The tram opened on Monday. {ATTACK}"}))
    assert main(["answers", "citations"], out, None, 0, None, {}, data, bench=bench) == 0
    return out


def test_no_markup_of_the_data_is_in_the_page(reported: Path) -> None:
    page = (reported / "report.html").read_text("utf-8")
    assert "x.example" in page  # it is there, as text
    assert "<img" not in page
    assert page.count("<script") == page.count("</script>") == 2
    assert not re.search(r"<(link|iframe|object|base|form [^>]*action)", page)
    assert "default-src 'none'" in page


def test_the_page_names_no_address_outside_itself(reported: Path) -> None:
    page = (reported / "report.html").read_text("utf-8")
    without = (
        page[: page.index('id="data"')] + page[page.index("</script>", page.index('id="data"')) :]
    )
    assert not re.search(r"(src|href)=[\"'](?!#)", without)
    assert "url(" not in without
    assert "@import" not in without


def test_markdown_tables_keep_their_columns(reported: Path) -> None:
    text = (reported / "report.md").read_text("utf-8")
    assert "<img" not in text
    columns = 0
    for line in text.splitlines():
        if not line.startswith("|"):
            columns = 0
            continue
        bars = len(re.findall(r"(?<!\\)\|", line))
        assert bars == (columns or bars)
        columns = bars


@pytest.mark.parametrize("value", [ATTACK, {"</script>": ["<!--", "&lt;"]}, "]]>", None])
def test_embedded_data_can_not_end_its_element_and_reads_back(value: object) -> None:
    text = embedded(value)
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == value


def test_a_plot_escapes_names_and_puts_points_where_they_belong() -> None:
    found = plot("t<", [Series("<b>", [(0.0, 0.0), (1.0, 1.0)])], "x&", "y")
    assert "<b>" not in found
    assert "&lt;b&gt;" in found
    (line,) = re.findall(r'<polyline class="s0" points="([^"]+)"', found)
    (x0, y0), (x1, y1) = (map(float, p.split(",")) for p in line.split())
    assert x0 < x1
    assert y0 > y1  # up is less


def test_thinning_keeps_the_ends() -> None:
    points = [(float(n), 0.0) for n in range(1001)]
    found = thinned(points, 100)
    assert found[0] == points[0]
    assert found[-1] == points[-1]
    assert len(found) <= 102
    assert thinned([]) == []
