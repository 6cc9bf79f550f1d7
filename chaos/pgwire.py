"""Watches a PostgreSQL connection for the commits of claims, marks and results. Changes no byte.

psycopg names a statement after its fifth use, so names are remembered; a commit is *passed* when its answer comes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from chaos.proxy import Link
from chaos.steps import Steps

_SIGNS = (
    (b"INSERT INTO attempt ", "claimed"),
    (b"FROM mark_attempts(", "noted"),
    (b"SET state = 'ended', outcome = r.outcome", "stored"),
)
_COMMIT = b"COMMIT"


class PgLink(Link):
    """One connection of the worker to the database; the client must not ask for TLS."""

    def __init__(self, to_client: Callable[[bytes], None], steps: Steps) -> None:
        super().__init__(to_client)
        self._steps = steps
        self._buffer = bytearray()
        self._started = False
        self._kind_of: dict[bytes, str | None] = {}
        self._in_transaction = False
        self._doing: str | None = None
        self._committing: str | None = None

    def from_client(self, data: bytes) -> bytes:
        self._buffer += data
        while (message := self._take()) is not None:
            self._look(*message)
        return data

    def from_server(self, data: bytes) -> bytes:
        step, self._committing = self._committing, None
        if step is not None:
            self._steps.passed(step)
        return data

    def _take(self) -> tuple[bytes, bytes] | None:
        head = 1 if self._started else 0  # the first message has no type
        if len(self._buffer) < head + 4:
            return None
        size = head + struct.unpack_from(">I", self._buffer, head)[0]
        if len(self._buffer) < size:
            return None
        message = bytes(self._buffer[:head]), bytes(self._buffer[head + 4 : size])
        del self._buffer[:size]
        self._started = True
        return message

    def _look(self, kind: bytes, body: bytes) -> None:
        if kind == b"P":
            name, query, *_ = body.split(b"\0", 2)
            self._kind_of[name] = self._kind(query)
        elif kind == b"B":
            _, name, *_ = body.split(b"\0", 2)
            self._note(self._kind_of.get(name))
        elif kind == b"Q":
            self._note(self._kind(body))

    def _kind(self, query: bytes) -> str | None:
        if query.startswith(b"BEGIN"):
            return "begin"
        if query.startswith(_COMMIT):
            return "commit"
        if query.startswith(b"ROLLBACK"):
            return "rollback"
        return next((step for sign, step in _SIGNS if sign in query), None)

    def _note(self, kind: str | None) -> None:
        if kind == "begin":
            self._in_transaction = True
        elif kind == "commit":
            self._committing, self._doing, self._in_transaction = self._doing, None, False
        elif kind == "rollback":
            self._doing, self._in_transaction = None, False
        elif kind is not None and self._in_transaction:
            self._doing = kind
        elif kind is not None:  # a statement that commits by itself
            self._committing = kind
