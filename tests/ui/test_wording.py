"""What people are told of where their answers are written."""

from __future__ import annotations

from ui import wording


def test_who_writes_and_what_leaves() -> None:
    there = {"generator": "big", "host": "api.example.org"}
    said = wording.written_by(there)
    assert said == "written by big, at api.example.org, which got the question and passages"
    assert wording.written_by({"generator": "big", "host": "[::1]:80"}) == "big, at [::1]:80"
    assert wording.written_by({"generator": "small"}) == "small"
    assert "leave this computer" in wording.leaving("api.example.org")
    assert wording.leaving("localhost:80") == wording.leaving("") == ""
    assert "nothing that is asked leaves this computer" in wording.who_writes("", False)
    assert wording.who_writes("api.example.org", True).startswith("none: DATELINE_NO_REMOTE")
