"""The job on its way to the peer's script, and the talk with it, with small stand-in scripts."""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path

import pytest

from eval.peers.process import SCRIPT, Job, PeerStopped, peer, written
from index.article import Article
from index.errors import DatelineError

JOB = Job((), "model.gguf", "encoder", threads=2, context=4096, max_tokens=200)

ECHO = """
import json, sys
job = json.loads(open(sys.argv[1]).read())
print(json.dumps({"ready": True, "chunks": len(job["articles"])}), flush=True)
for line in sys.stdin:
    question = json.loads(line)["question"]
    if question == "too long":
        found = {"error": "Requested tokens exceed context window"}
    elif question == "end":
        print("a last word", file=sys.stderr)
        sys.exit(3)
    else:
        found = {"text": " " + question + "? [1] ", "first_token_s": 0.25, "total_s": 1.5,
                 "sources": ["A"], "prompt_tokens": 90, "written_tokens": 7}
    print(json.dumps(found), flush=True)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(ECHO)
    return path


def test_the_job_as_json() -> None:
    found = json.loads(Job(({"path": "a.txt"},), "m", "e", 2, 4096, 200, 256).to_json())
    assert found == {
        "articles": [{"path": "a.txt"}], "generator": "m", "encoder": "e", "threads": 2,
        "context": 4096, "max_tokens": 200, "chunk_size": 256,
    }  # fmt: skip


def test_articles_are_written_under_title_source_and_date(tmp_path: Path) -> None:
    articles = [
        Article("a", "Trade grows", "By a half.", "The Post", datetime.date(2024, 5, 17)),
        Article("b", "No more is known", "Nothing – at all."),
    ]
    first, second = written(articles, tmp_path / "articles")
    assert Path(first["path"]).read_text("utf-8") == (
        "Trade grows\nThe Post, 2024-05-17\n\nBy a half.\n"
    )
    assert Path(second["path"]).read_text("utf-8") == "No more is known\n\nNothing – at all.\n"
    assert {k: first[k] for k in ("title", "source", "published")} == {
        "title": "Trade grows", "source": "The Post", "published": "2024-05-17",
    }  # fmt: skip
    assert (second["source"], second["published"]) == ("", "")


def test_questions_and_answers_take_turns(script: Path, tmp_path: Path) -> None:
    with peer(Path(sys.executable), JOB, tmp_path / "peer", script) as started:
        assert started.facts == {"ready": True, "chunks": 0}
        one, two = started.ask("Who came"), started.ask("Wer fährt")
    assert (one.text, two.text) == ("Who came? [1]", "Wer fährt? [1]")
    assert (one.first_token_s, one.total_s, one.sources) == (0.25, 1.5, ("A",))
    assert (one.declined, one.cited) == (None, None)


def test_a_question_that_it_cannot_answer_leaves_it_ready_for_the_next(
    script: Path, tmp_path: Path
) -> None:
    with peer(Path(sys.executable), JOB, tmp_path / "peer", script) as started:
        with pytest.raises(DatelineError, match="exceed context window"):
            started.ask("too long")
        assert started.ask("And now").text == "And now? [1]"


def test_a_peer_that_ends_says_why(script: Path, tmp_path: Path) -> None:
    with (
        peer(Path(sys.executable), JOB, tmp_path / "peer", script) as started,
        pytest.raises(PeerStopped, match=r"ended with 3; .* a last word"),
    ):
        started.ask("end")


def test_the_real_script_without_its_libraries_stops_at_once(tmp_path: Path) -> None:
    with (
        pytest.raises(PeerStopped, match="No module named 'llama_index'"),
        peer(Path(sys.executable), JOB, tmp_path / "peer", SCRIPT),
    ):
        pass
