"""Whether the files of candidates are those of the rows. Files change while they are read: what
another process has put in the place of what was looked at is looked at anew, and is no damage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from index.storing import vectors
from index.storing.candidates import word_files
from index.storing.database import Database, State, has_been, meta_of

Named = TypeVar("Named")


@dataclass(slots=True)
class Seen:
    """What was compared, and what of it isn't as it was written."""

    compared: str = ""
    problems: list[str] = field(default_factory=list)


def neighbours(db: Database, folder: Path) -> Seen:
    """The files of nearest neighbours with the vectors, number by number and every byte."""

    def named() -> tuple[vectors.Manifest | None, vectors.Form | None]:
        return vectors.manifest(folder), vectors.form(folder)

    return _settled(named, lambda there: _neighbours(db, folder, *there))


def words(db: Database, folder: Path) -> Seen:
    """The files of words with their checksums, and their numbers with those of the passages."""

    def look(there: object) -> Seen:
        if there is None:
            return Seen()
        from index.storing.candidates.words import problem  # tantivy loads here

        wrong = problem(db, folder)
        problems = [] if wrong is None else [wrong]
        return Seen("the files of words with their checksums and the passages", problems)

    def named() -> object:
        return (word_files.mark(folder), 0) if (folder / word_files.WORDS).exists() else None

    return _settled(named, look)


def _settled(named: Callable[[], Named], look: Callable[[Named], Seen]) -> Seen:
    there = named()
    while True:
        seen = look(there)
        before, there = there, named()
        if not seen.problems or there == before:
            return seen


def _neighbours(
    db: Database, folder: Path, manifest: vectors.Manifest | None, form: vectors.Form | None
) -> Seen:
    meta = meta_of(db)
    library, dimension = str(meta["library"]), int(meta["dimension"])

    def ours(made: vectors.Manifest | vectors.Form | None) -> bool:
        return made is not None and has_been(db, State(made.library, made.generation, made.token))

    there = [made for made in (manifest, form) if made is not None]
    problems = []
    form = form if ours(form) else None
    if ours(manifest) and manifest is not None and manifest.built and form is None:
        problems.append("the file of nearest neighbours lacks its larger part")
    if not ours(manifest) or (manifest and manifest.built != (form.name if form else "")):
        manifest = None
    if manifest is None and form is None:
        which = (
            "no file of nearest neighbours (it is made when it pays)"
            if not any(made.library == library for made in there)
            else "no file of nearest neighbours: the one that is there is of another state, and "
            "isn't used"
        )
        return Seen(which, problems)
    held = vectors.read(folder, manifest, form)
    same = held is not None and held.dimension == dimension
    same = same and (form is None or vectors.is_whole(folder, form))
    if held is not None and same:
        since = min(made.generation for made in (manifest, form) if made is not None)
        removed = {n for (n,) in db.execute("SELECT n FROM removed WHERE generation > ?", [since])}
        wanted = set(held.ids().tolist()) - removed
        last = 0
        while same and (
            some := db.execute(
                "SELECT n, vector FROM passages WHERE n > ? ORDER BY n LIMIT 4096", [last]
            ).fetchall()
        ):
            last = some[-1][0]
            shared = [(n, v) for n, v in some if n in wanted and len(v) == 2 * dimension]
            wanted -= {n for n, _ in some}
            if shared:
                same = np.allclose(
                    held.vectors([n for n, _ in shared]),
                    vectors.unpack([v for _, v in shared], dimension),
                    atol=1e-6 if form is None else 1e-3,  # (built: two bytes a number)
                )
        same = same and not wanted
    if not same:
        problems.append("the file of nearest neighbours isn't that of the vectors")
    return Seen("the file of nearest neighbours with the vectors, number by number", problems)
