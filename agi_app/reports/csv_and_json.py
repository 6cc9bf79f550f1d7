"""A report as CSV, a line for each contact, and as JSON with everything. Pure."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from agi_app.printable import harmless_cell, plain
from agi_app.reports.totals import Totals

CONTACT_COLUMNS = (
    "external_id", "language", "state", "attempts", "outcome", "disposition", "due_at", "refused_by", "reason",
    "reached_number", "reached_kind",
)  # fmt: skip


def contact_record(row: Any, language: str = "en", zone: str | None = None) -> dict[str, str]:
    """One contact for CSV and JSON; ``row`` is the store's ContactStatus.

    ``language`` and ``zone`` (IANA name; None: UTC) are those of the reason.
    """
    return {
        "external_id": row.external_id,
        "language": row.language or "",
        "state": row.state,
        "attempts": str(row.attempts_made),
        "outcome": row.last_outcome or "",
        "disposition": row.disposition or "",
        "due_at": row.due_at.isoformat() if row.due_at else "",
        "refused_by": " ".join(r.rule for r in row.reasons),
        "reason": "; ".join(r.told(language, zone) for r in row.reasons),
        "reached_number": "" if row.reached_place is None else str(row.reached_place),
        "reached_kind": row.reached_kind or "",
    }


def answer_record(row: Any) -> dict[str, str]:
    """The answers of one contact, by the titles of their columns; ``row`` is the store's ContactStatus."""
    return {answer_column(name): value for name, value in row.answers.items()}


def answer_column(name: str) -> str:
    """The title of the column of an answer: no column of ours is called so."""
    return f"answer.{name}"


def to_csv(records: Sequence[Mapping[str, str]], *, answers: Sequence[str] = (), titles: bool = True) -> str:
    """CSV, one line a contact; ``answers``: the columns behind ours; ``titles``: with a header line."""
    columns = (*CONTACT_COLUMNS, *answers)
    return table(columns, columns if titles else (), records, "\n")


def table(columns: Sequence[str], titles: Sequence[str], rows: Sequence[Mapping[str, Any]], end: str) -> str:
    """CSV with the titles, if any, in its first line; cells that a spreadsheet would run begin with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end)
    if titles:
        writer.writerow(titles)
    writer.writerows([cell(row.get(column)) for column in columns] for row in rows)
    return out.getvalue()


def cell(value: Any) -> str:
    """A value for CSV: what a spreadsheet would run begins with an apostrophe."""
    return harmless_cell(value if isinstance(value, str) else "" if value is None else str(plain(value)))


def json_figures(totals: Totals) -> str:
    """The beginning of one JSON object with everything; lists follow, and a closing brace."""
    value = {
        **dataclasses.asdict(totals),
        "answer_rate": round(totals.answer_rate, 4),
        "machine_rate": round(totals.machine_rate, 4),
    }
    return _json(value)[:-1]


def json_items(values: Sequence[Any]) -> str:
    """Items of a list, a line each; times are ISO 8601."""
    return ",\n".join(_json(one if isinstance(one, Mapping) else dataclasses.asdict(one)) for one in values)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=plain)
