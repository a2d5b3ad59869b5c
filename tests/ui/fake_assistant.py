"""A Backend for the page's tests: invented articles, answers made by rule, no models.

Words in the question choose what happens: "bridge" answers with every kind of claim and a
conflict, "ferry" answers plainly, "partly" abstains with passages left, "slow" writes
for as long as it is let, "fail" raises, anything else abstains; what isn't a fact is made by
`tests.ui.fake_kinds`. Every Answer is a real one, with true offsets.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from index.article import Article, Head, article_id
from index.errors import DatelineError, UsageError
from index.search import Filter, Hit
from index.splitting.passages import Passage
from index.storing.listing import News
from index.storing.versions import Version
from rag.answer import Answer, Citation, Claim, Conflict, Coverage, Side, Timings, Tokens
from rag.checking.verdict import Verdict
from rag.events import ClaimChecked, Done, Event, Passages, Searching, Token
from rag.service import Loading
from rag.turns import Events, Turns
from rag.understanding.filters.asked_filter import Phrase, Reading
from tests.ui import fake_kinds
from ui.page.seam import Choices, History

_FILLER = (
    "People who live by the water have followed the matter for years. "
    "The council meets on the first Tuesday of each month, in a hall that was a fish market. "
    "Nobody in the room asked for the minutes to be read aloud, and the mayor thanked them for it."
)


def _text(*paragraphs: str, filler: int = 5) -> str:
    out: list[str] = []
    for i, paragraph in enumerate(paragraphs):
        out.append(paragraph)
        out += [
            _FILLER.replace("first", ("first", "second", "third", "last")[(i + j) % 4])
            for j in range(filler)
        ]
    return "\n\n".join(out)


def invented() -> list[Article]:
    def make(slug: str, title: str, text: str, source: str, day: date) -> Article:
        url = f"https://{source.lower().replace(' ', '-')}.example/{slug}"
        return Article(article_id(url), title, text, source, day, ("A. Writer",), url)

    return [
        make(
            "bridge-opens",
            "Varnholm opens its new harbour bridge",
            _text(
                "VARNHOLM — The new harbour bridge was opened on Saturday by the mayor, "
                "Ilse Brandt, eleven months later than planned.",
                "The bridge cost 41 million crowns, the council said, and carries four lanes, "
                "a cycle path and the tram.",
                "Engineers expect 18,000 vehicles a day to cross it by the summer.",
            ),
            "Varnholm Courier",
            date(2025, 4, 12),
        ),
        make(
            "bridge-audit",
            "Auditors put the bridge at 44 million",
            _text(
                "The harbour bridge cost 44 million crowns once the ramps are counted, "
                "the auditors' report says.",
                "The delay of eleven months was put down to a shortage of steel.",
            ),
            "Coast Herald",
            date(2025, 6, 3),
        ),
        make(
            "solar-ferry",
            "Solar ferry carries a million passengers",
            _text(
                "The solar ferry Lumen carried its millionth passenger on Friday.",
                "It has run between Varnholm and Skarrey since May 2023 and uses no fuel at all.",
            ),
            "Island Post",
            date(2025, 2, 21),
        ),
        make(
            "museum",
            "What will the old lighthouse become?",
            _text("The lighthouse at Skarrey may become a museum of navigation."),
            "Island Post",
            date(2024, 11, 9),
        ),
    ]


def find(article: Article, words: str) -> tuple[int, int]:
    return find_in(article.text, words)


def find_in(text: str, words: str) -> tuple[int, int]:
    at = text.index(words)
    return at, at + len(words)


@dataclass
class FakeOutcome:
    origin: str
    status: str
    article: Article | None = None
    reason: str | None = None


@dataclass
class FakeBackend:
    """`pace` seconds pass between pieces. `closed` counts streams that were ended early."""

    pace: float = 0.01
    calibrated: str = "yes"
    library: dict[str, Article] = field(default_factory=lambda: {a.id: a for a in invented()})
    asked: list[tuple[str, History, Filter | None, Choices]] = field(default_factory=list)
    closed: int = 0
    alive: int = 0
    writes: int = 0
    answered: threading.Event = field(default_factory=threading.Event)
    turns: Turns[Event | Loading] = field(default_factory=Turns)
    library_id: str = "fake"
    earlier: dict[str, list[Version]] = field(default_factory=dict)
    news_of: dict[str, tuple[int, str]] = field(default_factory=dict)  # generation, what happened

    # ---- what following does to it ----

    def arrive(self, article: Article) -> None:
        self._note(article, "added")

    def correct(self, article_id: str, old: str, new: str, title: str = "") -> None:
        """Puts `new` words in the place of `old` ones, as a correction at the source does."""
        was = self.library[article_id]
        now = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
        version = Version(was.title, was.text, was.published, was.content_hash, now)
        self.earlier.setdefault(article_id, []).append(version)
        assert old in was.text
        text = was.text.replace(old, new)
        self._note(replace(was, title=title or was.title, text=text), "changed")

    def vanish(self, article_id: str) -> None:
        self._note(replace(self.library[article_id], gone=date(2025, 7, 2)), "gone")

    def _note(self, article: Article, what: str) -> None:
        self.writes += 1
        self.library[article.id] = article
        self.news_of[article.id] = self.writes, what

    def news(self, generation: int) -> News:
        def those(what: str) -> list[Head]:
            return [
                head
                for head in self.heads()
                if self.news_of.get(head.id, (0, ""))[1] == what
                and self.news_of[head.id][0] > generation
            ]

        return News(those("added"), those("changed"), those("gone"))

    def versions(self, article_id: str) -> Sequence[Version]:
        return self.earlier.get(article_id, [])

    # ---- the library ----

    def article(self, article_id: str) -> Article | None:
        return self.library.get(article_id)

    def articles(self) -> Sequence[Article]:
        return list(self.library.values())

    def heads(self) -> Sequence[Head]:
        newest = sorted(self.library.values(), key=lambda a: a.published or date.min, reverse=True)
        return [
            Head(a.id, a.title, a.source, a.published, a.authors, a.url, a.path, a.copy_of, a.gone)
            for a in newest
        ]

    def edit(self, article_id: str, title: str, source: str, published: date | None) -> None:
        if not title:
            raise UsageError("an article's title can't be empty; say what it is called")
        old = self.library[article_id]
        new = replace(old, title=title, source=source or None, published=published)
        self.library[article_id] = new
        self.writes += 1

    def undated(self, filter: Filter) -> int:
        return sum(a.published is None for a in self.library.values())

    def generation(self) -> int:
        return self.writes

    def add(
        self, targets: Sequence[str], source: str | None, *, public: bool = False
    ) -> Iterator[FakeOutcome]:
        for target in targets:
            time.sleep(self.pace)
            path = Path(target)
            if not path.is_file():
                yield FakeOutcome(target, "refused", None, "nothing could be read there")
                continue
            text = path.read_text(errors="replace")
            title = text.split("\n", 1)[0][:200] or path.stem
            new = Article(article_id(target), title, text, source, None, (), None, target)
            old = self.library.get(new.id)
            status = "added" if old is None else "unchanged" if old == new else "updated"
            self.library[new.id] = new
            self.writes += 1
            self.news_of[new.id] = self.writes, "added"
            yield FakeOutcome(target, status, new)

    def remove(self, article_ids: Sequence[str]) -> Callable[[], None]:
        gone = {each: self.library.pop(each) for each in article_ids if each in self.library}
        self.writes += 1

        def back() -> None:
            self.library.update(gone)
            self.writes += 1

        return back

    def models(self) -> Sequence[str]:
        return ["fake-1b", "fake-4b"]

    # ---- answering ----

    def stream(
        self, question: str, history: History, filter: Filter | None, choices: Choices
    ) -> Events[Event | Loading]:
        self.asked.append((question, tuple(history), filter, choices))
        return self.turns.run(
            lambda _: self.events(question, history, filter, choices),
            pulse=0.25,
            aside=choices.aside,
        )

    def events(
        self, question: str, history: History, filter: Filter | None, choices: Choices
    ) -> Iterator[Event | Loading]:
        self.alive += 1
        done = False
        try:
            if choices.model == "fake-4b":
                yield Loading(choices.model)
                time.sleep(self.pace * 5)
            yield from self._stream(question, history, filter, choices)
            done = True
        finally:
            self.alive -= 1
            self.closed += not done

    def _stream(
        self, question: str, history: History, filter: Filter | None, choices: Choices
    ) -> Iterator[Event]:
        if "fail" in question:
            raise DatelineError("The library at “varnholm” can’t be read; run dateline status.")
        kind = choices.kind or fake_kinds.kind_of(question)
        if kind != "fact":
            yield from fake_kinds.answered(
                question,
                kind,
                list(self.library.values()),
                given=choices.kind is not None,
                pace=self.pace,
                model={"generator": "fake-1b", "encoder": "fake", "calibrated": self.calibrated},
                skip=choices.skip,
                correct=choices.correct,
            )
            return
        query = question
        if history and re.search(r"\b(it|that|they)\b", question):
            query = f"{question} ({history[-1][0]})"
        found, reading = filter or Filter(), Reading()
        if choices.read_filters and "2025" in question:
            found, reading = Filter(since=date(2025, 1, 1)), Reading(("in 2025",))
        if choices.read_filters and "latest" in question:
            reading = replace(reading, preferred=Phrase("latest", 0, 6, Filter()))
        yield Searching(question, query, found, reading)
        time.sleep(self.pace)
        claims, conflicts = self._claims(query)
        claims = [replace(c, shown=c.shown or choices.show_withheld) for c in claims]
        hits = self._hits(query, claims)
        context = tuple(h.passage.id for h in hits[:3])
        yield Passages(hits, context)
        time.sleep(self.pace * 5)
        raw = " ".join(c.text for c in claims) or "The library says nothing of it."
        if "slow" in question:
            raw = "And then they walked on. " * 400
        for piece in re.findall(r"\S+\s*", raw):
            yield Token(piece)
            time.sleep(self.pace)
        for claim in claims:
            yield ClaimChecked(claim)
            time.sleep(self.pace)
        shown = [c for c in claims if c.shown and c.verdict != "withheld"]
        text = (
            " ".join(c.text + "".join(f" [{x.n}]" for x in c.citations) for c in shown)
            or "The articles in the library don’t say."
        )
        yield Done(
            Answer(
                question,
                query,
                text,
                raw,
                not shown,
                tuple(claims),
                tuple(conflicts),
                hits,
                context,
                found,
                {"generator": "fake-1b", "encoder": "fake", "calibrated": self.calibrated},
                Timings(0.012, 0.24, 0.31, 1.37),
                Tokens(712, 690, 48),
                {},
                reading,
                coverage=Coverage(8 if "partly" in question else 20, 20),
            )
        )
        self.answered.set()

    def _cite(self, n: int, article: Article, words: str) -> Citation:
        start, end = find(article, words)
        return Citation(n, article, f"{article.id}:{start}-{end}", start, end, words)

    def _claims(self, query: str) -> tuple[list[Claim], list[Conflict]]:
        by = {a.url.rsplit("/", 1)[-1]: a for a in self.library.values() if a.url}
        withheld = Claim("It is the longest bridge in the country.", "withheld", 0.07, shown=False)

        def claim(text: str, verdict: Verdict, score: float, *c: Citation) -> Claim:
            return Claim(text, verdict, score, c)

        if "bridge" in query and {"bridge-opens", "bridge-audit"} <= set(by):
            opens, audit = by["bridge-opens"], by["bridge-audit"]
            one = self._cite(1, opens, "The bridge cost 41 million crowns")
            two = self._cite(2, audit, "The harbour bridge cost 44 million crowns")
            late = "It opened eleven months late, for want of steel and money."
            why = "The delay of eleven months was put down to a shortage of steel."
            claims = [
                claim("The bridge cost 41 million crowns.", "stated", 0.97, one),
                claim("Counting the ramps, it cost 44 million crowns.", "stated", 0.91, two),
                replace(
                    claim(
                        late,
                        "check this",
                        0.58,
                        self._cite(1, opens, "eleven months later than planned"),
                        self._cite(2, audit, why),
                    ),
                    lacking=(find_in(late, "want"), find_in(late, "money")),
                ),
                withheld,
            ]
            sides = (
                Side("41 million crowns", one),
                Side("44 million crowns", two, newest=True),
            )
            return claims, [Conflict("what the bridge cost", sides)]
        if "toll" in query and "bridge-opens" in by:
            text = "The council said that the bridge cost 41 million crowns without the tolls."
            cited = self._cite(1, by["bridge-opens"], "The bridge cost 41 million crowns")
            one_claim = claim(text, "check this", 0.6, cited)
            return [replace(one_claim, lacking=(find_in(text, "without the tolls"),))], []
        if "ferry" in query and "solar-ferry" in by:
            words = "It has run between Varnholm and Skarrey since May 2023"
            cited = self._cite(1, by["solar-ferry"], words)
            return [
                claim(
                    "It has run between Varnholm and Skarrey since May 2023.",
                    "stated",
                    0.95,
                    cited,
                )
            ], []
        for article in reversed(self.library.values()):
            asked = set(re.findall(r"\w{5,}", query.casefold()))
            sentence = article.text.split("\n")[0]
            if article.path and asked & set(re.findall(r"\w{5,}", sentence.casefold())):
                return [claim(sentence, "stated", 0.9, self._cite(1, article, sentence))], []
        return [withheld] if "tallest" in query else [], []

    def _hits(self, query: str, claims: Sequence[Claim]) -> tuple[Hit, ...]:
        cited = [c for claim in claims for c in claim.citations]
        spans = {c.passage_id: (c.article, c.start, c.end) for c in cited}
        for article in self.library.values():
            for m in list(re.finditer(r"[^\n]+", article.text))[:2]:
                spans.setdefault(
                    f"{article.id}:{m.start()}-{m.end()}", (article, m.start(), m.end())
                )
        return tuple(
            Hit(
                Passage(a.id, start, end, a.text[start:end]),
                a,
                0.033 / rank,
                rank,
                max(0.05, 0.82 - 0.06 * rank),
                None if rank % 4 == 0 else 9.3 / rank,
                rank,
                rank,
            )
            for rank, (a, start, end) in enumerate(list(spans.values())[:8], 1)
        )
