"""Questions made from articles and answers by their names, days and titles. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

from index.article import Article, Head
from rag.answer import Answer
from rag.understanding.kinds import Kind

EACH = 3  # candidates of a kind
NEXT = 3  # questions after an answer
LOOKED_THROUGH = 60  # articles, the newest
_SO_FAR = 20_000  # characters of each
_NAMES = 50  # of an article
_LONGEST = 90  # characters of a title

_NAME = re.compile(
    r"(?<![\w’'-])[A-ZÀ-ÖØ-ÞΑ-ΩА-ЯЁ][\w’'-]+(?:(?: of| de| von| van| bin)?"
    r" (?:[A-ZÀ-ÖØ-ÞΑ-ΩА-ЯЁ][\w’'-]+|\d{1,2}(?![\w.,]?\d)))+"
)
_NO_NAME = re.compile(
    r"^(?:(?:An?|And|As|At|But|By|For|From|In|Of|On|Or|Over|That|The|When|While"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day) )+"
)
_ROLE = (
    "minister|president|mayor|head|chief|official|director|leader|spokes(?:man|woman|person)|envoy|"
    "chair(?:man|woman)?|analyst|expert|professor|researcher|governor|secretary|founder|adviser|"
    "economist|historian|engineer|manager|judge|lawyer|general|ambassador|candidate"
)
_PERSON = re.compile(
    r"(?<![\w-])(?P<name>(?:[A-Z][\w’'-]+ ){1,2}[A-Z][\w’'-]+), (?:[^\s,.]+ ){0,6}?(?:"
    + _ROLE
    + r")\b"
    r"[^,.]*[,.]"
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question, what it asks for, and the id of the article that it is about."""

    question: str
    kind: Kind
    article: str = ""


def plain(heads: Sequence[Head]) -> list[Proposal]:
    """What any library can be asked, before anything was tried: its newest article's main points,
    and what the library itself knows. `heads` are the newest first."""
    first = next((h for h in heads if h.copy_of is None and _title(h.title)), None)
    found = [summary(first.id, first.title)] if first else []
    outlets = Counter(h.source for h in heads if h.source)
    if outlets:
        most = max(outlets, key=lambda name: (outlets[name], name))
        found.append(Proposal(f"What do you have from {' '.join(most.split())}?", "library"))
    elif heads:
        found.append(Proposal("Which articles do you have?", "library"))
    return found


def summary(article: str, title: str) -> Proposal:
    return Proposal(f"Summarise “{_title(title)}”", "article", article)


def candidates(articles: Sequence[Article]) -> list[list[Proposal]]:
    """An overview, a fact, a comparison, a day: some of each, the likeliest first. `articles` are
    the newest first."""
    originals = [a for a in articles if a.copy_of is None][:LOOKED_THROUGH]
    texts = {a.id: a.text[:_SO_FAR] for a in originals}
    known = dict.fromkeys(name for text in texts.values() for name in names(text)[:_NAMES])
    among = {name: [a for a in originals if name in texts[a.id]] for name in known}
    outlets = {a.source for a in originals}
    by_count = sorted((n for n in among if n not in outlets), key=lambda n: -len(among[n]))
    overviews = [Proposal(f"Tell me about {name}", "overview") for name in by_count]
    facts = [Proposal(question, "fact") for a in originals if (question := _told(a))]
    comparisons = [
        Proposal(f"Compare {one} and {other} on {name}", "comparison")
        for name in by_count
        for one, other in combinations(
            sorted({" ".join(a.source.split()) for a in among[name] if a.source}), 2
        )
    ]
    days = Counter(a.published for a in originals if a.published)
    dates = [
        _of_day(day) for day, _ in sorted(days.items(), key=lambda d: (-d[1], -d[0].toordinal()))
    ]
    return [
        list(dict.fromkeys(some))[:EACH] for some in (overviews, facts, comparisons, dates)
    ]  # fmt: skip


def holds(proposal: Proposal, answer: Answer) -> bool:
    """Whether an answer is one that the question can be offered for."""
    if answer.abstained:
        return False
    shown = [c for c in answer.claims if c.shown]
    stated = [c for c in shown if c.verdict == "stated"]
    if len(stated) < len(shown):
        return False
    if proposal.kind == "comparison":
        return len({c.label for c in stated if c.label}) > 1
    return len(stated) >= (2 if proposal.kind in ("overview", "day") else 1)


def after(answer: Mapping[str, Any]) -> list[Proposal]:
    """What to ask next, from the JSON of an answer: only what passages that it considered, or an
    article that it cites, can answer."""
    if answer["abstained"]:
        return []
    asked = f"{answer['question']} {answer['query']}".casefold()
    found: list[Proposal] = []
    cited = {s["article_id"]: s for s in answer["sources"]}
    listed = {a["article_id"]: a for a in answer.get("articles") or ()}
    if answer.get("kind") != "article":
        first = next((s for s in [*cited.values(), *listed.values()] if _title(s["title"])), None)
        found += [summary(first["article_id"], first["title"])] if first else []
    hits = list(answer.get("hits") or ())
    shown = " ".join(c["text"] for c in answer["claims"] if c["shown"])
    for name in names(shown):
        holding = {h["article_id"] for h in hits if name in h["text"]}
        if name.casefold() not in asked and len(holding) > 1:
            found.append(Proposal(f"Tell me about {name}", "overview"))
            break
    days = Counter({h["article_id"]: h["published"] for h in hits if h["published"]}.values())
    for source in cited.values():
        if answer.get("kind") != "day" and days.get(source["published"], 0) > 1:
            try:
                found.append(_of_day(date.fromisoformat(source["published"])))
            except ValueError:
                continue
            break
    return found[:NEXT]


def names(text: str) -> list[str]:
    """Names of two words or more, each once, as they come."""
    found: dict[str, None] = {}
    for match in _NAME.finditer(text):
        name = _NO_NAME.sub("", match[0])
        if " " in name and len(name) <= 40:
            found[name.removesuffix("’s").removesuffix("'s")] = None
    return list(found)


def _of_day(day: date) -> Proposal:
    return Proposal(f"What happened on {day.day} {day:%B %Y}?", "day")


def _told(article: Article) -> str:
    """What an article says in so many words: a title that is a question, a person whose role is
    told beside the name."""
    title = " ".join(article.title.split())
    if title.endswith("?") and len(title) <= 120:
        return title
    for match in _PERSON.finditer(article.text[:_SO_FAR]):
        name = _NO_NAME.sub("", match["name"])
        if " " in name:
            return f"Who is {name}?"
    return ""


def _title(title: str) -> str:
    title = " ".join(title.split())
    return title if len(title) <= _LONGEST else title[:_LONGEST].rsplit(" ", 1)[0] + "…"
