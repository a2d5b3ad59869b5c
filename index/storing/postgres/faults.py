"""What an error of PostgreSQL means to a person: one sentence, and never a password."""

from __future__ import annotations

import psycopg

from index.errors import DatelineError, LibraryBusy, LibraryDamaged, LibraryMissing, UsageError
from index.storing.postgres.address import Address

_KEPT = "what was reported as stored is kept"

# by SQLSTATE, or its class of two letters
_AWAY = ("08", "57P")
_FULL = ("53100", "53200")
_FORBIDDEN = ("42501",)
_READ_ONLY = ("25006",)
_BUSY = ("55P03", "40001", "40P01")
_MANY = ("53300",)
_CORRUPT = ("XX001", "XX002")
_NO_TABLE = ("42P01", "3F000")


def from_psycopg(error: psycopg.Error | MemoryError, address: Address) -> DatelineError:
    """One sentence: what happened, to which library, and what to do."""
    library = f"the library '{address.name}'"
    if isinstance(error, MemoryError):
        return DatelineError(f"there isn't enough memory to use {library}; close other programs")
    said = address.scrubbed(str(error))
    code = error.sqlstate or ""
    if code.startswith(_FULL):
        return DatelineError(
            f"no space is left on the server of {library}: {_KEPT}, the rest isn't; give it more "
            "and try again"
        )
    if code.startswith(_BUSY):
        return LibraryBusy(f"{library} is being written by another process; try again when it is "
                           "done")  # fmt: skip
    if code.startswith(_FORBIDDEN):
        return DatelineError(
            f"{library} may not be used so by this user of the server ({said}); let its owner "
            "grant it"
        )
    if code.startswith(_READ_ONLY):
        return DatelineError(
            f"{library} can only be read there: its server takes no writes; list, search and ask "
            "work, and the server that it follows can be added to"
        )
    if code.startswith(_MANY):
        return DatelineError(f"the server of {library} has no connection left; try again later")
    if code.startswith(_CORRUPT):
        return LibraryDamaged(damaged(address, said))
    if code.startswith(_NO_TABLE):
        return LibraryMissing(missing(address))
    if code.startswith(_AWAY) or (isinstance(error, psycopg.OperationalError) and not code):
        return away(said, address)
    if isinstance(error, psycopg.DataError) and "NUL" in str(error):
        return DatelineError(
            "an article has the character NUL in it, which PostgreSQL doesn't hold; it wasn't "
            f"stored in {library}: take it out of the article's file"
        )
    return DatelineError(
        f"a mistake in Dateline ({said}) ended what it did with {library}, which is as it was "
        "before; --debug shows where, for a report"
    )


def from_connecting(error: psycopg.Error, address: Address) -> DatelineError:
    """What kept a connection from being made: libpq gives no code for it, only words."""
    said = address.scrubbed(str(error)).removeprefix("connection failed: ")
    connection = error.pgconn
    if isinstance(error, psycopg.ProgrammingError):
        return UsageError(
            f"'{address.name}' is no address of a server ({said}); it looks like "
            "postgresql://user@host/database"
        )
    if connection is not None and connection.needs_password:
        return DatelineError(
            f"the server of the library '{address.name}' wants a password; put it into ~/.pgpass "
            "or PGPASSWORD"
        )
    if connection is not None and connection.used_password and "FATAL" in said:
        return DatelineError(
            f"the server of the library '{address.name}' doesn't take this user with this "
            "password; see ~/.pgpass, PGPASSWORD or the address"
        )
    if f'database "{address.database}" does not exist' in said:
        return LibraryMissing(
            f"the server has no database '{address.database}' for the library '{address.name}'; "
            "make it with createdb, then: "
            f"dateline --library '{address.name}' add …"
        )
    if 'role "' in said and "does not exist" in said:
        return DatelineError(
            f"the server of the library '{address.name}' doesn't know this user; make it with "
            "createuser, or name another in the address"
        )
    return away(said, address)


def away(said: str, address: Address) -> DatelineError:
    return DatelineError(
        f"the server of the library '{address.name}' can't be reached ({said}); see that "
        f"PostgreSQL runs there and try again: {_KEPT}"
    )


def missing(address: Address) -> str:
    return (
        f"there is no library at '{address.name}'; make one with: "
        f"dateline --library '{address.name}' add …"
    )


def damaged(address: Address, what: str) -> str:
    return (
        f"the library '{address.name}' is damaged ({what}); `dateline check` says what is whole, "
        "`dateline check --repair` builds anew what can be, and a backup of the server's database "
        "brings back the rest"
    )
