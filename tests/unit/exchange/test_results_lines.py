"""A result as a line and as values: the campaign's time, empty as empty, nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import datetime as dt
import json
from dataclasses import replace

from agi_app.config.results import FIELDS
from agi_app.exchange.results_lines import csv_line, day_of, json_line, key_of, values
from agi_app.store.exchange.results import SentResult

AT = dt.datetime(2026, 12, 1, 15, 30, 5, 250_000, dt.UTC)
KEY = "11111111-2222-3333-4444-555555555555"
RESULT = SentResult(
    7, KEY, "call-1", 1, "checkup", "row-1", "human", None, 2, "home", AT, None, AT, "{}", "Asia/Shanghai", AT, 0
)  # fmt: skip


def cells(result: SentResult) -> dict[str, str]:
    (row,) = csv.reader([csv_line(result)])
    return dict(zip(FIELDS, row, strict=True))


def test_times_are_those_of_the_campaign_s_zone() -> None:
    assert cells(RESULT)["started"] == "2026-12-01T23:30:05+08:00"
    assert json.loads(json_line(RESULT))["ended"] == "2026-12-01T23:30:05+08:00"
    assert cells(replace(RESULT, zone=None))["started"] == "2026-12-01T15:30:05+00:00"
    assert values(RESULT)["started"] == AT


def test_the_day_is_that_of_the_zone_when_it_is_written() -> None:
    late = AT + dt.timedelta(hours=1)
    assert day_of(RESULT, AT) == "2026-12-01"
    assert day_of(RESULT, late) == "2026-12-02"
    assert day_of(replace(RESULT, zone=None), late) == "2026-12-01"
    assert day_of(replace(RESULT, zone="America/New_York"), late) == "2026-12-01"


def test_what_is_not_known_is_empty() -> None:
    assert (cells(RESULT)["disposition"], cells(RESULT)["answered"]) == ("", "")
    assert json.loads(json_line(RESULT))["disposition"] is None
    assert values(RESULT)["disposition"] is None


def test_every_value_of_the_page_is_there_and_no_other() -> None:
    assert list(cells(RESULT)) == list(json.loads(json_line(RESULT))) == list(values(RESULT)) == list(FIELDS)


def test_the_key_is_found_in_either_kind_of_line_and_in_no_title() -> None:
    assert key_of(csv_line(RESULT).encode()) == key_of(json_line(RESULT).encode()) == KEY
    assert key_of(",".join(FIELDS).encode()) == key_of(b"") == key_of(b'{"id": "x"}') == ""


def test_no_line_has_an_end_within_it_and_no_cell_is_a_formula() -> None:
    """Whatever the office's own list calls its contacts."""
    for nasty in ("a\nb", "a\r\nb", "a\u2028b", "\tx", "=1+1", "+1", "-1", "@x", "＝1", 'a","b', "\x1b[31m", "\x85"):
        told = replace(RESULT, id=nasty, disposition=nasty)
        for line in (csv_line(told), json_line(told)):
            assert len(line.splitlines()) == 1, nasty
        assert not cells(told)["id"].startswith(("=", "+", "-", "@", "\t", "＝"))
        assert json.loads(json_line(told))["id"] == nasty
