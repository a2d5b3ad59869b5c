"""The libraries that are served, by name: to a client each is a model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import LibraryMissing, UsageError
from index.storing.places import Place, named
from index.storing.postgres.address import Address, is_address
from rag.service import Service

if TYPE_CHECKING:
    from index.library import Library


@dataclass(frozen=True, slots=True)
class Shelf:
    """One library, and who answers from it."""

    name: str
    service: Service

    @property
    def library(self) -> Library:
        return self.service.assistant.library


class Shelves:
    """The first is the usual one: it is taken where no name is given."""

    def __init__(self, service: Service, also: Mapping[str, Service] | None = None) -> None:
        usual = name_of(service)
        self._shelves = {usual: Shelf(usual, service)}
        for name, other in (also or {}).items():
            self._shelves[name] = Shelf(name, other)

    @property
    def usual(self) -> Shelf:
        return next(iter(self._shelves.values()))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._shelves)

    def __iter__(self) -> Iterator[Shelf]:
        return iter(self._shelves.values())

    def named(self, name: str | None) -> Shelf:
        """Raises LibraryMissing, with the names there are."""
        if not name:
            return self.usual
        found = self._shelves.get(name)
        if found is None:
            there = ", ".join(f"'{each}'" for each in self._shelves)
            raise LibraryMissing(f"No library is served as '{name}'; there is {there}.")
        return found


def name_of(service: Service) -> str:
    """The name of the library's folder, or of its database."""
    library = service.assistant.library
    if is_address(library.name):
        return Address.of(library.name).database
    return library.path.resolve().name or "library"


def named_libraries(also: Sequence[str]) -> dict[str, Place]:
    """From NAME=DIR, or NAME=postgresql://…. Raises UsageError."""
    found: dict[str, Place] = {}
    for text in also:
        name, equals, folder = text.partition("=")
        if not equals or not folder or not re.fullmatch(r"[\w][\w.-]{0,63}", name):
            raise UsageError(f"--also takes NAME=DIR, not {text!r}.")
        if name in found:
            raise UsageError(f"--also names '{name}' twice; give each library its own name.")
        found[name] = named(folder)
    return found
