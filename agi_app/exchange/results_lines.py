"""Results of calls as text: lines of a file, and the values of a statement. Pure.

No line has an end of line within it, so a line that was cut off by a crash is the last one and has no end.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import Any
from zoneinfo import ZoneInfo

from agi_app.config.results import FIELDS
from agi_app.printable import harmless_cell, in_json, one_line
from agi_app.store.exchange.results import SentResult

CSV, JSONL = "csv", "jsonl"
TITLES = ",".join(FIELDS)


def day_of(result: SentResult, now: dt.datetime) -> str:
    """The day on which it is written, in its campaign's zone; UTC where the campaign has none."""
    return f"{now.astimezone(_zone(result)):%Y-%m-%d}"


def values(result: SentResult) -> dict[str, Any]:
    """For a statement: texts, numbers and times; what is empty is None."""
    return {name: result.value(name) for name in FIELDS}


def csv_line(result: SentResult) -> str:
    """A line without its end. What a spreadsheet would run begins with an apostrophe."""
    out = io.StringIO()
    cells = ("" if (value := _written(result, name)) is None else str(value) for name in FIELDS)
    csv.writer(out, lineterminator="").writerow([harmless_cell(one_line(cell)) for cell in cells])
    return out.getvalue()


def json_line(result: SentResult) -> str:
    """A line without its end: one JSON object, its answers an object in it."""
    told = {name: _written(result, name) for name in FIELDS}
    return in_json(json.dumps(told | {"answers": json.loads(result.answers)}, ensure_ascii=False))


def key_of(line: bytes) -> str:
    """The key of a line of either kind; empty in a line of titles, or when it has none."""
    text = line[:60].decode("utf-8", "replace")
    found = text.partition('"key": "')[2].partition('"')[0] if text.startswith("{") else text.partition(",")[0]
    return found if len(found) == 36 else ""


def _written(result: SentResult, name: str) -> object:
    value = result.value(name)
    return value.astimezone(_zone(result)).isoformat(timespec="seconds") if isinstance(value, dt.datetime) else value


def _zone(result: SentResult) -> dt.tzinfo:
    return ZoneInfo(result.zone) if result.zone else dt.UTC
