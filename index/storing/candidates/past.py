"""Which states of the rows something in memory has been through, as it follows them. Knows nothing
of what is kept in memory: vectors (`nearest`) or words (`words`)."""

from __future__ import annotations

from index.storing.database import Database, State, meta_of, token

NOTHING = State("", -1, "")  # what nothing was made from


class Past:
    """Begins with the state that a file was made from, and goes on with each snapshot followed."""

    def __init__(self, begun: State) -> None:
        self.generation = begun.generation
        self._library = begun.library
        self._tokens = {begun.generation: begun.token}

    @property
    def state(self) -> State:
        """The last one."""
        return State(self._library, self.generation, self._tokens[self.generation])

    def is_of(self, db: Database) -> bool:
        """Whether it is this snapshot's own past; or its future, where another thread has begun
        later."""
        meta = meta_of(db)
        at = min(self.generation, int(meta["generation"]))
        return bool(meta["library"] == self._library) and self._tokens.get(at) == token(db, at)

    def follow(self, db: Database) -> None:
        """To this snapshot, which is a later one."""
        meta = meta_of(db)
        self._library = str(meta["library"])
        self._tokens |= dict(
            db.execute(
                "SELECT generation, token FROM writes WHERE generation > ?", [self.generation]
            ).fetchall()
        )
        self.generation = int(meta["generation"])
