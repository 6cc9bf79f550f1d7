"""Reports: figures, the reasons nobody is dialled in their right order, and files that harm nobody's spreadsheet."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from agi_app.gate.case import Reason
from agi_app.messages import speaking
from agi_app.model.reason_text import KEPT
from agi_app.reports.csv_and_json import contact_record, json_figures, json_items, to_csv
from agi_app.reports.totals import NumberFigures, Totals, by_number
from agi_app.reports.why_waiting import Standstill, why_nobody

WELL = Standstill(
    state="running",
    workers=[("here", True, None)],
    due_now=5,
    later=0,
    parked=0,
    next_due=None,
    by_rule={},
    rule_until={},
    open_attempts=0,
    campaign_slots_used=0,
    slots=10,
    trunk="carrier",
    trunk_slots_used=0,
    trunk_slots=30,
    rows_rejected=0,
    unapproved=0,
    calls_per_second=0.5,
)
TOTALS = Totals("c", "running", "survey", "+999862155500001", "unverified letter", 4, 2, 1, 1, 0, 4, {"answered": 3})
LATER = dt.datetime(2026, 3, 4, 2, 0, tzinfo=dt.UTC)


def first(**changes: object) -> str:
    """The first cause."""
    return why_nobody(replace(WELL, **changes))[0]  # type: ignore[arg-type]


def test_nothing_is_explained_while_calls_are_made() -> None:
    assert why_nobody(replace(WELL, open_attempts=3, campaign_slots_used=3)) == []


def test_each_cause_is_named_with_its_way_out() -> None:
    assert first(state="paused") == "the campaign is paused; `agi-app campaign resume` makes it run"
    assert first(state="stopped") == "the campaign is stopped; `agi-app campaign start` makes it run"
    assert first(workers=[("here", False, None)]) == "no worker is running; `agi-app run` starts one"
    assert first(workers=[]) == "no worker is running; `agi-app run` starts one"
    assert first(workers=[("here", True, "trunk carrier: 5 calls in a row failed")]) == (
        "worker here dials nobody: trunk carrier: 5 calls in a row failed"
    )
    assert first(open_attempts=10, campaign_slots_used=10) == "all 10 places of the campaign are taken by calls"
    assert first(due_now=0, later=3) == "3 contacts are refused until somebody fixes the reason"
    assert first(due_now=0, later=3, next_due=LATER) == "3 contacts are due later, the next at 2026-03-04 02:00 UTC"
    assert first(due_now=0, parked=2) == "2 contacts are refused until somebody fixes the reason"


def test_times_are_told_in_the_zone_of_the_campaign() -> None:
    due = replace(
        WELL,
        due_now=0,
        later=3,
        next_due=LATER,
        zone="Asia/Shanghai",
        by_rule={"window_campaign": 3},
        rule_until={"window_campaign": LATER},
    )
    assert why_nobody(due) == [
        "3 contacts are due later, the next at 2026-03-04 10:00 (Asia/Shanghai)",
        "  window_campaign: 3 contacts, the first until 2026-03-04 10:00 (Asia/Shanghai)",
    ]
    assert (
        why_nobody(replace(due, by_time=True))[0] == "nobody is due until 2026-03-04 10:00 (Asia/Shanghai): 3 contacts"
    )
    with speaking("zh"):
        assert why_nobody(due)[0] == "3 个联系人稍后再呼叫，下一个在 2026-03-04 10:00（Asia/Shanghai）"


def test_the_reason_of_a_contact_is_told_in_that_zone_too() -> None:
    late = Reason("contact_too_late", {"at": "2026-03-03 10:00"})
    assert late.told("en", "Asia/Shanghai") == (
        "this contact was not to be called any later than 2026-03-03 18:00 (Asia/Shanghai)"
    )
    assert late.told("zh-CN", "Asia/Shanghai") == "2026-03-03 18:00（Asia/Shanghai）之后不再呼叫此联系人"
    assert late.told("en") == "this contact was not to be called any later than 2026-03-03 10:00 UTC"
    withdrawn = Reason("consent_revoked", {"at": "2026-02-05"})
    assert withdrawn.told("en", "Asia/Shanghai") == "the consent was withdrawn on 2026-02-05"


def test_a_trunk_that_other_campaigns_fill_is_a_reason() -> None:
    """Nobody of this campaign is in a call, somebody is due, all is well: yet nobody is dialled."""
    assert first(trunk_slots_used=30) == "all 30 places of trunk carrier are taken by calls"


def test_before_the_first_claim_the_trunk_is_not_called_full() -> None:
    assert "carrier" not in first(trunk_slots=0)


def test_there_is_always_a_reason() -> None:
    """A slow campaign waits between two calls."""
    assert first() == "5 contacts may be called now; calls start at the campaign's pace (0.5 a second)"


def test_a_finished_campaign_needs_no_worker_and_no_start() -> None:
    done = replace(WELL, due_now=0, workers=[], state="stopped")
    assert why_nobody(done) == ["every contact is done"]
    assert why_nobody(replace(done, expired=2, cancelled=1)) == [
        "nobody is left to call: 2 contacts expired before they were reached, 1 cancelled, all others done"
    ]


def test_several_causes_are_all_told_the_rules_last() -> None:
    view = replace(WELL, state="paused", workers=[], due_now=0, parked=2, by_rule={"consent_missing": 2})
    assert why_nobody(view) == [
        "the campaign is paused; `agi-app campaign resume` makes it run",
        "no worker is running; `agi-app run` starts one",
        "2 contacts are refused until somebody fixes the reason",
        "  consent_missing: 2 contacts",
    ]


def record(external_id: str = "A1", reason: str = "no consent") -> dict[str, str]:
    """One contact as the store gives it, made a record."""
    return contact_record(
        SimpleNamespace(
            external_id=external_id,
            language="zh-CN",
            state="pending",
            attempts_made=1,
            last_outcome="busy",
            disposition=None,
            due_at=LATER,
            reasons=[Reason("consent_missing", {"en": reason}, case=KEPT)],
            reached_place=2,
            reached_kind="=home",
        )
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_no_cell_is_run_by_a_spreadsheet(start: str) -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv([record(f"{start}HYPERLINK(1)")]), newline=""))
    assert row["external_id"] == f"'{start}HYPERLINK(1)".replace("\r", "\n")


def test_csv_survives_commas_quotes_and_line_breaks() -> None:
    text = 'Wang, "Xiao"\nsecond line'
    (row,) = csv.DictReader(io.StringIO(to_csv([record(reason=text)]), newline=""))
    assert row["reason"] == text
    assert row["due_at"] == "2026-03-04T02:00:00+00:00"


def test_json_is_one_object_with_iso_times() -> None:
    value = json.loads(f'{json_figures(TOTALS)}, "contact_list": [{json_items([record()])}]}}')
    assert value["answer_rate"] == 0.75
    assert value["machine_rate"] == 0.0
    assert value["contact_list"][0]["external_id"] == "A1"


def test_the_share_of_machines_is_of_answered_calls() -> None:
    outcomes = {"human": 5, "machine": 3, "answered": 2, "busy": 10}
    assert replace(TOTALS, attempts=20, outcomes=outcomes).machine_rate == 0.3
    assert replace(TOTALS, attempts=10, outcomes={"busy": 10}).machine_rate == 0.0


def test_without_calls_the_answer_rate_is_zero() -> None:
    assert replace(TOTALS, attempts=0, outcomes={}).answer_rate == 0.0


def test_a_kind_that_looks_like_a_formula_is_none() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv([record()]), newline=""))
    assert (row["reached_number"], row["reached_kind"]) == ("2", "'=home")


def test_the_first_number_has_the_calls_that_the_others_have_not() -> None:
    found = by_number(
        {"human": 5, "machine": 2, "busy": 4}, {"2/human": 2, "2/busy": 1, "3/machine": 1}, {"1": 6, "2": 2}
    )
    assert found == [NumberFigures(1, 7, 6, 4, 3), NumberFigures(2, 3, 2, 2, 2), NumberFigures(3, 1, 0, 1, 0)]


def test_without_calls_the_first_number_has_none() -> None:
    assert by_number({}, {}, {}) == [NumberFigures(1, 0, 0, 0, 0)]
