"""The clinic's own system: another PostgreSQL, where appointments are kept and results of calls come back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from agi_app.store.database import embedded

READER, WRITER, PASSWORD = "reminders_reader", "reminders_writer", "of-the-clinic-4711"
COLUMNS = {  # ours -> theirs
    "external_id": "appt_no",
    "number": "mobile",
    "number_2": "home",
    "appointment": "starts_at",
    "not_before": "earliest",
    "not_after": "latest",
    "preferred_hours": "hours",
    "status": "state",
}
QUERY = f"SELECT {', '.join(COLUMNS.values())} FROM to_remind\n"
STATEMENT = """INSERT INTO reminder (key, appt_no, number_place, outcome, disposition, started, ended)
VALUES (%(key)s, %(id)s, %(number)s, %(outcome)s, %(disposition)s, %(started)s, %(ended)s)
ON CONFLICT (key) DO UPDATE SET outcome = excluded.outcome, disposition = excluded.disposition, ended = excluded.ended
"""
_TABLES = f"""
CREATE TABLE appointment (
    appt_no text PRIMARY KEY, mobile text NOT NULL, home text, starts_at timestamptz NOT NULL, earliest text,
    latest text, hours text, state text NOT NULL);
CREATE TABLE closed_for_repair (since timestamptz);
CREATE VIEW to_remind AS SELECT * FROM appointment WHERE NOT EXISTS (SELECT FROM closed_for_repair);
CREATE TABLE reminder (
    key text PRIMARY KEY, appt_no text NOT NULL, number_place integer, outcome text, disposition text,
    started timestamptz, ended timestamptz);
CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}';
CREATE ROLE {WRITER} LOGIN PASSWORD '{PASSWORD}';
GRANT SELECT ON to_remind TO {READER};
GRANT SELECT, INSERT, UPDATE ON reminder TO {WRITER};
"""


class Clinic:
    """Its database while it runs; times are what the clinic writes, not when."""

    def __init__(self, server: embedded.EmbeddedServer) -> None:
        self._server = server
        with self._connection() as connection:
            connection.execute(_TABLES)

    def address(self, role: str) -> str:
        """How agi-app reaches it as one of its two roles."""
        host = psycopg.conninfo.conninfo_to_dict(self._server.url)["host"]
        return psycopg.conninfo.make_conninfo(host=host, dbname="clinic", user=role, password=PASSWORD)

    def write(self, appointment: str, numbers: list[str], row: Mapping[str, str] | None) -> None:
        """Enter or change an appointment; None: delete it."""
        with self._connection() as connection:
            if row is None:
                connection.execute("DELETE FROM appointment WHERE appt_no = %s", (appointment,))
                return
            values = {
                "id": appointment, "mobile": numbers[0], "home": numbers[1] if len(numbers) > 1 else None,
                "at": row["appointment"], "earliest": row.get("not_before"), "latest": row.get("not_after"),
                "hours": row.get("preferred_hours"), "state": row["status"],
            }  # fmt: skip
            connection.execute(
                "INSERT INTO appointment VALUES (%(id)s, %(mobile)s, %(home)s, %(at)s, %(earliest)s, %(latest)s,"
                " %(hours)s, %(state)s) ON CONFLICT (appt_no) DO UPDATE SET starts_at = excluded.starts_at,"
                " earliest = excluded.earliest, latest = excluded.latest, hours = excluded.hours,"
                " state = excluded.state",
                values,
            )

    @contextmanager
    def broken(self, kind: str) -> Iterator[None]:
        """Meanwhile whoever reads gets nothing at all (``empty``) or an error (``fail``)."""
        begin, end = {
            "empty": ("INSERT INTO closed_for_repair VALUES (now())", "DELETE FROM closed_for_repair"),
            "fail": (f"REVOKE SELECT ON to_remind FROM {READER}", f"GRANT SELECT ON to_remind TO {READER}"),
        }[kind]
        with self._connection() as connection:
            connection.execute(begin)
        try:
            yield
        finally:
            with self._connection() as connection:
                connection.execute(end)

    def results(self) -> list[dict[str, Any]]:
        """What came back of calls."""
        with self._connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute("SELECT * FROM reminder ORDER BY started").fetchall()
        return [{name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row.items()}
                for row in found]  # fmt: skip

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self._server.url, dbname="clinic", autocommit=True) as connection:
            yield connection


@contextmanager
def clinic(folder: Path) -> Iterator[Clinic]:
    """A clinic whose database runs until the block ends."""
    server = embedded.acquire(folder)
    try:
        (server.folder / "data" / "pg_hba.conf").write_text("local all agi_app trust\nlocal all all scram-sha-256\n")
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE clinic")
        yield Clinic(server)
    finally:
        server.release()
