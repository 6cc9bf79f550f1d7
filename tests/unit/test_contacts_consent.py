"""Consent files: no row without proof of what was agreed, when and how."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.consent_file import NotATime, parse_consents, parse_instant
from agi_app.errors import AuthorError
from agi_app.model.campaign import Purpose
from agi_app.model.person import Consent
from tests.unit.contacts_helpers import table

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
HEADER = "number,purpose,wording,method,time,source,language,evidence,expires"
GOOD = {
    "number": "+999861380000001",
    "purpose": "survey",
    "wording": "I agree.",
    "method": "web form",
    "time": "2026-01-05T12:00:00+08:00",
    "source": "booking site",
    "language": "",
    "evidence": "",
    "expires": "",
}


def parsed(text: str, region: str | None = None) -> list[Consent | RejectedRow]:
    return list(parse_consents(table(text), region, "wang", NOW))


def one(**cells: str) -> Consent | RejectedRow:
    (found,) = parsed(f"{HEADER}\n" + ",".join((GOOD | cells).values()) + "\n")
    return found


def test_a_row_becomes_a_consent_word_for_word() -> None:
    found = one(wording='" I agree, \n always. "', language="en", evidence="form-7", expires="2027-01-05")
    assert found == Consent(
        number="+999861380000001",
        purpose=Purpose.SURVEY,
        wording=" I agree, \n always. ",
        method="web form",
        given_at=dt.datetime(2026, 1, 5, 4, 0, tzinfo=dt.UTC),
        source="booking site",
        language="en",
        evidence="form-7",
        expires_at=dt.datetime(2027, 1, 5, tzinfo=dt.UTC),
        entered_by="wang",
    )


def test_optional_columns_may_be_absent_and_titles_chinese() -> None:
    (found,) = parsed("号码,用途,同意内容,方式,时间,来源\n+999861380000001,Marketing,我同意,web form,2026-01-05,site\n")
    assert isinstance(found, Consent)
    assert (found.purpose, found.given_at) == (Purpose.MARKETING, dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    assert (found.language, found.evidence, found.expires_at) == (None, None, None)


@pytest.mark.parametrize(
    ("cells", "rule", "words"),
    [
        ({"number": ""}, "consent/number", "number is empty"),
        ({"number": "07700 900123"}, "consent/number", "country code"),
        ({"purpose": ""}, "consent/purpose", "write one of transactional, survey, marketing"),
        ({"purpose": "marketting"}, "consent/purpose", 'did you mean "marketing"?'),
        ({"purpose": "rehearsal"}, "consent/purpose", "own staff"),
        ({"wording": " "}, "consent/wording", "wording is empty"),
        ({"method": ""}, "consent/method", "method is empty"),
        ({"source": ""}, "consent/source", "source is empty"),
        ({"time": ""}, "consent/time", "time is empty"),
        ({"time": "2026-01-05 12:00"}, "consent/time", "no UTC offset"),
        ({"time": "2026/1/5"}, "consent/time", "not written as ISO 8601"),
        ({"time": "2026-02-30"}, "consent/time", "exists"),
        ({"time": "2026-03-02T09:00:01Z"}, "consent/time", "in the future (now it is 2026-03-02T09:00:00Z)"),
        ({"expires": "soon"}, "consent/expires", "not written as ISO 8601"),
        ({"expires": "2026-01-05T04:00:00Z"}, "consent/expires", "not after the time of the consent"),
        ({"language": "English!"}, "consent/language", "no language tag"),
    ],
)
def test_each_fault_rejects_its_row_and_names_the_column(cells: dict[str, str], rule: str, words: str) -> None:
    found = one(**cells)
    assert isinstance(found, RejectedRow)
    (name,) = cells
    assert (found.rule, found.field, found.value, found.line) == (rule, name, cells[name], 2)
    assert words in found.reason
    assert found.column == 1 + sum(
        len(GOOD[before]) + 1 for before in HEADER.split(",")[: HEADER.split(",").index(name)]
    )


def test_the_present_instant_is_not_the_future_and_an_old_expiry_is_recorded() -> None:
    assert isinstance(one(time="2026-03-02T09:00:00Z"), Consent)
    assert isinstance(one(expires="2026-01-06"), Consent)


def test_a_row_without_any_proof_hears_everything_at_once() -> None:
    found = one(wording="", method="", source="", time="", purpose="")
    assert isinstance(found, RejectedRow)
    assert [name for name in GOOD if f"{name} is empty" in found.reason] == [
        "purpose",
        "wording",
        "method",
        "time",
        "source",
    ]


@pytest.mark.parametrize("missing", ["number", "purpose", "wording", "method", "time", "source"])
def test_a_required_column_that_is_missing_refuses_the_file(missing: str) -> None:
    titles = [title for title in GOOD if title != missing]
    with pytest.raises(AuthorError, match=f"consent/missing-column the column {missing} "):
        parsed(",".join(titles) + "\n" + ",".join("x" for _ in titles) + "\n")


def test_a_misspelt_expiry_column_is_refused_rather_than_ignored() -> None:
    with pytest.raises(AuthorError, match=r'1:43: consent/unknown-column "expiry".*did you mean "expires"'):
        parsed("number,purpose,wording,method,time,source,expiry\n1,2,3,4,5,6,7\n")


@given(
    st.datetimes(timezones=st.just(dt.UTC)).filter(lambda moment: 1 < moment.year < 9999),
    st.integers(-14 * 60, 14 * 60),
)
def test_every_offset_gives_the_same_instant(utc: dt.datetime, minutes: int) -> None:
    local = utc.astimezone(dt.timezone(dt.timedelta(minutes=minutes)))
    assert parse_instant(local.isoformat()) == utc
    assert parse_instant(utc.isoformat().replace("+00:00", "Z")) == utc


@given(st.text("0123456789-+:.TZW ", max_size=26))
def test_any_text_as_time_is_taken_or_explained(text: str) -> None:
    try:
        found = parse_instant(text)
    except NotATime:
        return
    assert found.utcoffset() == dt.timedelta(0)
