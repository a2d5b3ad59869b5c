"""The library tab's work: what is in the library, adding to it, removing with undo."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.article import Article
from index.errors import DatelineError
from ui.filters import first_day
from ui.page.rendering import library as render_library
from ui.page.rendering.library import View
from ui.page.seam import Backend
from ui.page.serving.staging import Staging
from ui.page.sessions import Sessions

URLS_AT_ONCE = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Like an Outcome, for what didn't get as far as the library."""

    origin: str
    reason: str
    status: str = "refused"
    article: Article | None = None


class Collection:
    """`public`: others use the page too, and may not reach this computer's network through it."""

    def __init__(self, backend: Backend, staging: Staging, *, public: bool = False) -> None:
        self.backend = backend
        self.staging = staging
        self._public = public
        self.views: Sessions[View] = Sessions(View)
        self.mine: Callable[[str], None] = lambda article_id: None  # is told what was added here
        # Titles, and what puts the article back.
        self._removed: Sessions[list[tuple[str, Callable[[], None]]]] = Sessions(list)

    def add(self, uploads: Sequence[Path], addresses: str, source: str) -> Iterator[str]:
        """HTML of how it goes, after each item and at the end."""
        done: list[render_library.Result] = []
        targets: list[str] = []
        for staged in self.staging.take(uploads):
            if staged.path:
                targets.append(str(staged.path))
            else:
                done.append(Refusal(staged.name, staged.reason))
        urls = list(dict.fromkeys(addresses.split()))
        for url in urls[:URLS_AT_ONCE]:
            reason = self._why_not(url)
            if reason:
                done.append(Refusal(url, reason))
            else:
                targets.append(url)
        done += [Refusal(url, f"more than {URLS_AT_ONCE} at once") for url in urls[URLS_AT_ONCE:]]
        # A feed is one address and many articles, so only files have a known number.
        total = None if len(targets) > sum("://" not in t for t in targets) else len(targets)
        note = ""
        yield render_library.outcomes(done, total, running=True)
        try:
            adding = self.backend.add(targets, source.strip() or None, public=self._public)
            for outcome in adding if targets else ():
                done.append(outcome)
                if outcome.article is not None:
                    self.mine(outcome.article.id)
                yield render_library.outcomes(done, total, running=True)
        except DatelineError as error:
            note = str(error)
        except Exception as error:
            log.exception("adding to the library failed")
            note = f"Adding stopped ({type(error).__name__}): see the log, and add the rest again."
        yield render_library.outcomes(done, total, running=False, note=note)

    def _why_not(self, url: str) -> str:
        """The page takes web addresses; a path would read this computer's files for anyone."""
        if not url.lower().startswith(("http://", "https://")):
            return "not a web address that starts with http:// or https://"
        return ""

    def amend(self, article_id: str, title: str, source: str, published: str) -> str:
        """Says an article's title, outlet and day; what is wrong with them, where something is."""
        try:
            day = first_day(published) if published.strip() else None
            self.backend.edit(article_id, " ".join(title.split()), " ".join(source.split()), day)
        except DatelineError as error:
            return str(error)
        return ""

    def remove(self, session: str, article_id: str) -> str:
        """HTML that says so and offers to undo it."""
        article = self.backend.article(article_id)
        if article is None:
            return ""
        self.mine(article_id)
        self._removed[session].append((article.title, self.backend.remove([article_id])))
        return render_library.removed(article.title)

    def undo(self, session: str) -> str:
        """Puts back what this window removed last, and offers the one before it."""
        removed = self._removed[session]
        if not removed:
            return '<p class="note">There is nothing to undo.</p>'
        title, back = removed[-1]
        back()
        removed.pop()
        return render_library.put_back(title, removed[-1][0] if removed else "")
