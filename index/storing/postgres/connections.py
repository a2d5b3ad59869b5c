"""Connections to one PostgreSQL server. (psycopg is imported in this folder only.)"""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

import psycopg
from psycopg import sql

from index.errors import DatelineError
from index.storing.postgres import faults
from index.storing.postgres.address import Address
from index.storing.postgres.dialect import SCHEMA, spoken

Raw = psycopg.Connection[tuple[Any, ...]]

_IDLE = 8  # connections kept for the next reader
_DEFAULTS: dict[str, Any] = {
    "connect_timeout": "10",
    "keepalives_idle": "30",  # a machine that is gone lets go of its lock in about a minute
    "keepalives_interval": "10",
    "keepalives_count": "3",
}


class Connection:
    """A Database. Results come in binary: a vector isn't spelled out in digits."""

    holds_words = False

    def __init__(self, raw: Raw) -> None:
        self.raw = raw

    def execute(self, statement: str, values: Any = (), /) -> Any:
        return self.raw.cursor(binary=True).execute(_query(statement), values)

    def executemany(self, statement: str, values: Any, /) -> Any:
        cursor = self.raw.cursor()
        cursor.executemany(_query(statement), values)
        return cursor


class Connections:
    """Those that are free. Thread-safe."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: list[Raw] = []
        self._pool = threading.Lock()
        self._closed = False

    def begun(self, how: str) -> Raw:
        """A connection in a transaction of its own. One that the server has closed meanwhile is
        not used: that is found out here, before anything was asked."""
        while (raw := self._free()) is not None:
            try:
                raw.execute(_query(how))
                return raw
            except psycopg.OperationalError:
                raw.close()
        raw = self.opened()
        raw.execute(_query(how))
        return raw

    def give_back(self, raw: Raw) -> None:
        """Rolls back what isn't committed."""
        try:
            if not raw.closed:
                raw.rollback()
        except psycopg.Error:
            raw.close()
        with self._pool:
            if self._closed or raw.closed or len(self._idle) >= _IDLE:
                raw.close()
            else:
                self._idle.append(raw)

    def opened(self) -> Raw:
        """Raises DatelineError."""
        with self._pool:
            self._refuse_closed()
        defaults: dict[str, Any] = {
            k: v for k, v in _DEFAULTS.items() if k not in self._address.url
        }
        try:
            raw: Raw = psycopg.connect(
                self._address.url,
                autocommit=True,
                client_encoding="UTF8",
                application_name=f"dateline, process {os.getpid()} on {socket.gethostname()}",
                **defaults,
            )
        except psycopg.Error as error:
            raise faults.from_connecting(error, self._address) from None  # (it may say a password)
        try:
            raw.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(SCHEMA)))
        except psycopg.Error as error:
            raw.close()
            raise faults.from_psycopg(error, self._address) from error
        return raw

    def close(self) -> None:
        with self._pool:
            self._closed = True
            while self._idle:
                self._idle.pop().close()

    def _free(self) -> Raw | None:
        with self._pool:
            self._refuse_closed()
            return self._idle.pop() if self._idle else None

    def _refuse_closed(self) -> None:
        if self._closed:
            raise DatelineError(f"the library '{self._address.name}' is closed; open it again")


def _query(statement: str) -> Any:
    """(psycopg wants to be told that a text is a statement; ours are literals, with `?` for every
    value.)"""
    return spoken(statement)
