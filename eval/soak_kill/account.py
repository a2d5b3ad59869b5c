"""What a library has to hold, and may: decided from what was written and reported alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Account:
    """By path. `sure`: the text of every article; `maybe`: the texts that one may have now, None if
    it may be gone; `history`: the earlier texts, oldest first."""

    sure: dict[str, str] = field(default_factory=dict)
    maybe: dict[str, set[str | None]] = field(default_factory=dict)
    history: dict[str, list[str]] = field(default_factory=dict)

    def may_become(self, path: str, text: str | None) -> None:
        self.maybe[path] = {self.sure.get(path), text}

    def reported(self, path: str, digest: str) -> None:
        """From now on it is that text, and no other."""
        may = self.maybe.get(path, {self.sure.get(path)})
        self.maybe[path] = {next((t for t in may if t is not None and hash_of(t) == digest), None)}

    def removed(self) -> None:
        """All that may be gone is."""
        for path, may in self.maybe.items():
            if None in may and path in self.sure:
                self.maybe[path] = {None}

    def hashes(self) -> dict[str, str]:
        return {path: hash_of(text) for path, text in self.sure.items()}

    def settle(self, there: Mapping[str, str], kept: Mapping[str, Sequence[str]]) -> list[str]:
        """What is wrong with a library's texts and earlier texts; they are sure from now on."""
        wrong = []
        for path in {*there, *self.sure, *self.maybe}:
            text, before = there.get(path), self.sure.get(path)
            if text not in self.maybe.get(path, {before}):
                wrong.append(f"{path} is {'not what was written' if text else 'lost'}")
            if text is None:
                self.history.pop(path, None)
            elif before is not None and before != text:
                self.history.setdefault(path, []).append(before)
            if list(kept.get(path, [])) != self.history.get(path, []):
                wrong.append(f"the history of {path} isn't what was written")
        self.sure, self.maybe = dict(there), {}
        return wrong


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
