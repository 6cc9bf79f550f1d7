"""A call as a row: which consent it stood on, and what of an erased or a masked person is told."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agi_app.reports.call_rows import COLUMNS, CallCells, place_of_row
from agi_app.store.reporting.calls import CallOrRefusal, ConsentWords

AT = dt.datetime(2026, 11, 16, 2, 0, tzinfo=dt.UTC)


def fact(number: int, given: str, **more: Any) -> dict[str, Any]:
    there = {"consent_id": number, "purpose": "transactional", "given_at": f"{given}T00:00:00Z"}
    return {**there, "expires_at": None, "revoked_at": None, **more}


def call(*consents: dict[str, Any], **changes: Any) -> CallOrRefusal:
    base: dict[str, Any] = {
        "at": AT,
        "campaign": "checkup",
        "external_id": "A1",
        "person_id": 1,
        "e164": "+8613880012345",
        "region": "CN",
        "trunk": "carrier",
        "caller_id": "+862811112222",
        "outcome": "answered",
        "disposition": None,
        "answered_at": AT,
        "ended_at": AT + dt.timedelta(seconds=31.4),
        "attempt_id": "a",
        "decision_id": 7,
        "reasons": None,
        "ruleset_version": "r",
        "purpose": "transactional",
        "consents": json.dumps(consents),
        "number_place": 2,
        "number_kind": "home",
    }
    return CallOrRefusal(**{**base, **changes})


def told(row: CallOrRefusal, consent: ConsentWords | None = None, **how: Any) -> dict[str, str]:
    cells = CallCells(ZoneInfo("Asia/Shanghai"), **how).cells(row, consent, place_of_row(row))
    return dict(zip(COLUMNS, cells, strict=True))


@pytest.mark.parametrize(
    ("consents", "stood_on"),
    [
        ([fact(1, "2026-01-01"), fact(2, "2026-02-01")], 2),
        ([fact(1, "2026-01-01"), fact(2, "2026-12-01")], 1),  # given after the call
        ([fact(1, "2026-01-01", expires_at="2026-02-01T00:00:00Z")], None),
        ([fact(1, "2026-01-01", revoked_at="2026-03-01T00:00:00Z"), fact(2, "2026-02-01")], None),
        ([fact(1, "2026-01-01", revoked_at="2026-03-01T00:00:00Z"), fact(2, "2026-04-01")], 2),
        ([fact(1, "2026-01-01", purpose="marketing")], None),
        ([], None),
    ],
)
def test_a_call_stood_on_the_newest_consent_that_held(consents: list[dict[str, Any]], stood_on: int | None) -> None:
    assert call(*consents).consent() == stood_on


def test_a_refusal_stood_on_none() -> None:
    assert call(consents=None, attempt_id=None).consent() is None


def test_a_number_is_masked_unless_it_is_to_be_whole() -> None:
    assert told(call())["number"] == "+86138…45"
    assert told(call(), whole_numbers=True)["number"] == "+8613880012345"
    assert told(call())["place_zh"] == "四川省成都市"
    assert told(call())["seconds"] == "31"


def test_a_call_says_which_number_of_the_contact_it_was_to() -> None:
    assert (told(call())["number_place"], told(call())["number_kind"]) == ("2", "home")
    old = told(call(number_place=None, number_kind=None))
    assert (old["number_place"], old["number_kind"]) == ("", "")


def test_of_an_erased_person_and_consent_it_says_that_they_were_there() -> None:
    consent = ConsentWords(5, AT, "web form", "clinic", "words", erased=True)
    row = told(call(e164="erased:1"), consent, whole_numbers=True)
    assert (row["number"], row["place"], row["consent"], row["consent_words"]) == ("erased", "", "5", "erased")
    assert row["consent_method"] == ""


def test_a_refusal_names_its_rules_in_the_language_that_was_asked_for() -> None:
    refusal = call(attempt_id=None, outcome=None, reasons=json.dumps([{"rule": "consent_missing"}]))
    assert (told(refusal)["what"], told(refusal)["rules"]) == ("refused", "consent_missing")
    assert told(refusal)["reasons"] == "there is no recorded consent"
    assert told(refusal, language="zh")["reasons"] == "没有同意记录"
