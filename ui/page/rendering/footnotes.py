"""Answers as text to take along: with footnotes for the clipboard, as Markdown for a file, and
as questions for `dateline eval answers`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rag.compose import BULLETS, unanswered_text
from ui import wording
from ui.page.conversations import Turn
from ui.page.rendering.markup import day

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~])")


def footnoted(answer: Mapping[str, Any]) -> str:
    """Plain text: what the sources disagree on, what is said, the sentences with [n] (items on
    lines of their own), what is to be checked, then each source with the words that were cited.
    What was withheld isn't taken along."""
    if answer["abstained"]:
        return str(answer["text"].strip())
    parts = (
        *map(_disagree, answer["conflicts"]),
        _listed(answer),
        _sentences(answer),
        str(answer.get("note") or ""),
        _doubts(answer),
    )
    return "\n\n".join(part for part in (*parts, _notes(answer)) if part)


def said(answer: Mapping[str, Any]) -> str:
    """What an answer says, for what is asked next: an abstention says nothing; articles are
    numbered, as the next question may call them."""
    if answer["abstained"]:
        return ""
    return "\n".join(filter(None, [_listed(answer), " ".join(c["text"] for c in _shown(answer))]))


def _listed(answer: Mapping[str, Any]) -> str:
    """What is said without a source, and the library's own articles."""
    lines = [
        f"{n}. {_titled(article)}" for n, article in enumerate(answer.get("articles") or (), 1)
    ]
    return "\n".join(filter(None, [str(answer.get("said") or ""), *lines]))


def _titled(article: Mapping[str, Any]) -> str:
    about = ", ".join(part for part in (article["source"], article["published"]) if part)
    title = " ".join(article["title"].split()) or "Untitled"
    return f"{title} ({about})" if about else title


def _shown(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [c for c in answer["claims"] if c["shown"] and c["verdict"] != "withheld"]


def _sentences(answer: Mapping[str, Any]) -> str:
    """With underscores around what isn't in the quote."""
    lines = [
        _led(c) + " ".join([_underlined(c, "_{}_".format), *(f"[{n}]" for n in _numbers(c))])
        for c in _shown(answer)
    ]
    rest = map(unanswered_text, answer.get("unanswered", ()))
    if answer.get("kind") in BULLETS:
        return "\n".join([*(f"- {line}" for line in lines), *rest])
    return " ".join([*lines, *rest])


def _led(claim: Mapping[str, Any], plain: Callable[[str], str] = str) -> str:
    label = claim.get("label")
    return f"{plain(label)}: " if label else ""


def _underlined(
    claim: Mapping[str, Any], mark: Callable[[str], str], plain: Callable[[str], str] = str
) -> str:
    spans = claim.get("lacking", ()) if claim["verdict"] == "check this" else ()
    return "".join(
        mark(plain(piece)) if missing else plain(piece)
        for piece, missing in wording.pieces(claim["text"].strip(), spans)
    )


def _numbers(claim: Mapping[str, Any]) -> list[int]:
    return list(dict.fromkeys(c["n"] for c in claim["citations"]))


def _disagree(conflict: Mapping[str, Any]) -> str:
    return wording.disagree([f"{s['value']} [{s['n']}]" for s in conflict["sides"]]) + "."


def _doubts(answer: Mapping[str, Any]) -> str:
    """A sentence that leaves the page leaves its mark behind, so this goes along."""
    return "\n".join(_verdict(c) for c in _shown(answer) if c["verdict"] == "check this")


def _verdict(claim: Mapping[str, Any]) -> str:
    return wording.verdict(claim["verdict"], claim["text"], claim.get("lacking", ()))


def _notes(answer: Mapping[str, Any]) -> str:
    if answer["abstained"]:
        return ""
    quotes: dict[int, list[str]] = {}
    cited = [c for claim in _shown(answer) for c in claim["citations"]]
    for c in cited + [side for conflict in answer["conflicts"] for side in conflict["sides"]]:
        if c["quote"] not in quotes.setdefault(c["n"], []):
            quotes[c["n"]].append(c["quote"])
    return "\n".join(
        f"[{s['n']}] {_source(s)}"
        + "".join(f"\n    “{' '.join(q.split())}”" for q in quotes.get(s["n"], []))
        for s in answer["sources"]
        if s["n"] in quotes
    )


def _source(s: Mapping[str, Any]) -> str:
    about = ", ".join(part for part in (s["source"], day(s["published"])) if part)
    return ". ".join(part for part in (" ".join(s["title"].split()), about, s["url"]) if part)


def markdown(title: str, turns: Sequence[Turn]) -> str:
    """A conversation as a Markdown document. What people and articles wrote stays plain text."""
    parts = [f"# {_plain(title or 'Conversation')}"]
    for turn in turns:
        parts.append(f"## {_plain(turn.question)}")
        if turn.answer is None:
            if turn.state == "failed":
                parts.append(f"*{_plain(turn.note)}*")
            else:
                parts += ["*Stopped. What was written until then has not been checked.*"]
                parts += [f"> {_plain(turn.draft)}"] if turn.draft.strip() else []
            continue
        if turn.answer["query"].strip() != turn.question.strip():
            parts.append(f"*Understood as: {_plain(turn.answer['query'])}*")
        if turn.answer["abstained"]:
            parts.append(f"*Not in the library.* {_plain(turn.answer['text'])}")
            parts.append(_made(turn))
            continue
        parts += [f"**{_plain(_disagree(c))}**" for c in turn.answer["conflicts"]]
        parts.append("  \n".join(map(_plain, _listed(turn.answer).split("\n"))))
        shown = [_led(c, _plain) + _claim(c) for c in turn.answer["claims"] if c["shown"]]
        if turn.answer.get("kind") in BULLETS:
            parts.append("\n".join(f"- {item}" for item in shown))
        else:
            parts.append(" ".join(shown))
        parts.append(_plain(str(turn.answer.get("note") or "")))
        parts += [
            f"*{_plain(unanswered_text(part))}*" for part in turn.answer.get("unanswered", ())
        ]
        parts.append(_markdown_notes(turn.answer))
        parts.append(_made(turn))
    return "\n\n".join(part for part in parts if part) + "\n"


def _made(turn: Turn) -> str:
    """When and by what: an answer is worth what its library and model were that day."""
    model = str((turn.answer or {}).get("model", {}).get("generator", ""))
    made = " · ".join(part for part in (day(turn.asked[:10]), _plain(model)) if part)
    return f"*{made}*" if made else ""


def _claim(claim: Mapping[str, Any]) -> str:
    words = _underlined(claim, "<u>{}</u>".format, _escaped)
    if claim["verdict"] == "withheld":
        return f"~~{words}~~ *({wording.WITHHELD.partition(':')[0]})*"
    numbers = "".join(f"\\[{n}\\]" for n in _numbers(claim))
    mark = "" if claim["verdict"] == "stated" else f" *({_plain(_verdict(claim))})*"
    return f"{words} {numbers}{mark}".strip()


def _markdown_notes(answer: Mapping[str, Any]) -> str:
    notes = _notes(answer)
    return "\n".join(
        f"> {_plain(line.strip())}  " if line.startswith(" ") else f"\n{_plain(line)}  "
        for line in notes.split("\n")
    ).strip()


def _plain(text: str) -> str:
    """Markdown that reads as the text itself."""
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", re.sub(r"\s+", " ", text))


def questions(turns: Sequence[Turn]) -> tuple[str, int]:
    """Voted turns as a question file (JSON lines), and how many couldn't become a question.

    What a person said it should say is the expected answer; without that, a good answer's
    figures are (all of them), and a good abstention means that it can't be answered. A bad answer
    without a correction says nothing that could be checked.
    """
    rows: list[dict[str, Any]] = []
    for turn in turns:
        answer = turn.answer or {}
        if turn.expected.strip():
            rows.append(_row(turn, any=[turn.expected.strip()]))
        elif turn.vote > 0 and answer.get("abstained"):
            rows.append({"question": _asked(turn), "answerable": False})
        elif turn.vote > 0:
            text = said(answer)
            figures = list(dict.fromkeys(re.findall(r"\d[\d.,]*\d|\d", text)))
            rows.append(_row(turn, all=figures) if figures else _row(turn, any=[text]))
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return lines, len(turns) - len(rows)


def _row(turn: Turn, **expected: list[str]) -> dict[str, Any]:
    return {"question": _asked(turn), **expected, "answerable": True}


def _asked(turn: Turn) -> str:
    """The question as it stands alone: a follow-up means nothing without what came before."""
    return str((turn.answer or {}).get("query") or turn.question)
