"""Consent files: no row without proof of what was agreed, when and how."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.authoring.written_clock import NotATime
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.consent_file import parse_consents, parse_instant
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
        expires_at=dt.datetime(2027, 1, 4, 16, tzinfo=dt.UTC),  # the day begins there
        entered_by="wang",
    )


def test_optional_columns_may_be_absent_and_titles_chinese() -> None:
    (found,) = parsed("号码,用途,同意内容,方式,时间,来源\n+999861380000001,Marketing,我同意,web form,2026-01-05,site\n")
    assert isinstance(found, Consent)
    assert (found.purpose, found.given_at) == (Purpose.MARKETING, dt.datetime(2026, 1, 4, 16, tzinfo=dt.UTC))
    assert (found.language, found.evidence, found.expires_at) == (None, None, None)


@pytest.mark.parametrize(
    "day", ["2026/1/10", "2026年1月10日", "2026.1.10", "２０２６－０１－１０", "2026-1-10", "2026/01/10"]
)
def test_a_day_that_begins_with_its_year_is_read_in_every_form(day: str) -> None:
    found, same = one(time=day, expires=day.replace("6", "7", 1).replace("６", "７", 1)), one(time="2026-01-10")
    assert isinstance(found, Consent)
    assert isinstance(same, Consent)
    assert found.given_at == same.given_at == dt.datetime(2026, 1, 9, 16, tzinfo=dt.UTC)
    assert found.expires_at == dt.datetime(2027, 1, 9, 16, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("written", "purpose"),
    [
        *((word, Purpose.TRANSACTIONAL) for word in ("事务类", "事务", "事务性")),
        *((word, Purpose.SURVEY) for word in ("调查", "调查类")),
        *((word, Purpose.MARKETING) for word in ("营销", "营销类")),
    ],
)
def test_a_purpose_may_be_in_chinese(written: str, purpose: Purpose) -> None:
    found = one(purpose=written)
    assert isinstance(found, Consent)
    assert found.purpose is purpose


@pytest.mark.attack("a consent of a day overtakes a refusal of the same day")
@pytest.mark.parametrize(
    ("number", "first"),
    [
        ("+999861380000001", dt.datetime(2026, 1, 4, 16, tzinfo=dt.UTC)),
        ("+4930123456", dt.datetime(2026, 1, 4, 23, tzinfo=dt.UTC)),
        ("+12025550123", dt.datetime(2026, 1, 5, tzinfo=dt.UTC)),  # in UTC it is that day earlier
    ],
)
def test_a_day_alone_is_its_first_moment(number: str, first: dt.datetime) -> None:
    title = "number,purpose,wording,method,time,source,expires"
    (found,) = parsed(f"{title}\n{number},survey,I agree.,web form,2026-01-05,site,2027-01-05\n")
    assert isinstance(found, Consent)
    assert found.given_at == first
    assert found.expires_at == first.replace(year=2027)


def test_a_day_alone_of_a_number_that_nobody_can_read_is_a_fault_of_the_number_alone() -> None:
    (found,) = parsed("number,purpose,wording,method,time,source\nabc,survey,I agree.,web form,2026-01-05,site\n")
    assert isinstance(found, RejectedRow)
    assert found.rule == "consent/number"
    assert "time" not in found.reason


@pytest.mark.parametrize(
    ("cells", "rule", "words"),
    [
        ({"number": ""}, "consent/number", "number is empty"),
        ({"number": "07700 900123"}, "consent/number", "country code"),
        ({"purpose": ""}, "consent/purpose", "write one of transactional, survey, marketing"),
        ({"purpose": "marketting"}, "consent/purpose", 'did you mean "marketing"?'),
        ({"purpose": "全部"}, "consent/purpose", "write one row for each purpose that was agreed to: transactional,"),
        ({"purpose": "rehearsal"}, "consent/purpose", "own staff"),
        ({"wording": " "}, "consent/wording", "wording is empty"),
        ({"method": ""}, "consent/method", "method is empty"),
        ({"source": ""}, "consent/source", "source is empty"),
        ({"time": ""}, "consent/time", "time is empty"),
        ({"time": "2026-01-05 12:00"}, "consent/time", "no UTC offset"),
        ({"time": "1/5/2026"}, "consent/time", "not in the form of ISO 8601"),
        ({"time": "5 January 2026"}, "consent/time", "not in the form of ISO 8601"),
        ({"time": "2026/1/5 9:30"}, "consent/time", "write 2026-01-05T09:30:00+08:00 if that was China's time"),
        ({"time": "2026年2月30日"}, "consent/time", "not in the form of ISO 8601"),
        ({"time": "2026/3/4"}, "consent/time", "in the future"),
        ({"purpose": "提醒"}, "consent/purpose", "is not a purpose"),
        ({"time": "2026-02-30"}, "consent/time", "exists"),
        ({"time": "2026-03-02T09:00:01Z"}, "consent/time", "in the future (now it is 2026-03-02T09:00:00Z)"),
        ({"expires": "soon"}, "consent/expires", "not in the form of ISO 8601"),
        ({"expires": "2026-01-05T04:00:00Z"}, "consent/expires", "not after the time of the consent"),
        ({"language": "English!"}, "consent/language", "not a language tag"),
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


ELSEWHERE = "is not a wording: repeat the exact words in each row, or register them and write their wording_id"
A_FILE = "is a file's name: write the exact words that were shown or said; the file belongs in evidence_file"
NO_WORDS = "says nothing: write the exact words that were shown or said"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        *((text, ELSEWHERE) for text in ("同上", "（同上）。", "同上一行", "内容同第2行", "如上", "见附件")),
        *((text, ELSEWHERE) for text in ("與上面相同", "〃")),
        *((text, ELSEWHERE) for text in ("ditto", "Same as above", "see row above.", "as before", "see attached form")),
        *((text, NO_WORDS) for text in ("-", "——", "…", "？", "n/a", "N.A.", "None", "tbd")),
        *((text, A_FILE) for text in ("consent-form-v2.pdf", "同意书 第2版.docx", "C:\\scans\\form1.JPG")),
        *((text, NO_WORDS) for text in ("无", "（無）", "暂无", "待补")),
    ],
)
def test_a_wording_that_says_nothing_is_no_consent(words: str, why: str) -> None:
    """Whoever agreed saw a text; a list must have it in each row."""
    found = one(wording=words)
    assert isinstance(found, RejectedRow)
    told = str(found.problem("list.csv"))
    assert told == f'list.csv:2:25: consent/wording wording "{words}" {why}'


@pytest.mark.parametrize("words", ["-", "n/a", "无", "同上", "same as above", "unknown"])
def test_neither_does_such_a_method_or_source(words: str) -> None:
    write = {
        "method": "write how it was given, such as web form or signed form",
        "source": "write where it comes from, such as website or reception desk",
    }
    for name, told in write.items():
        found = one(**{name: words})
        assert isinstance(found, RejectedRow)
        assert found.reason == f'{name} "{words}" says nothing: {told}'


@pytest.mark.parametrize("time", ["2026-01-10T09:00:00+08:00", "2026/1/10 9:00", "2026-01-10"])
def test_a_time_is_no_method(time: str) -> None:
    """Two columns under each other's titles: no time that nobody said may be recorded for them."""
    found = one(method=time, time="signed form")
    assert isinstance(found, RejectedRow)
    assert f'method "{time}" is a time: are method and time exchanged?' in found.reason
    assert isinstance(one(method=time), RejectedRow)


@pytest.mark.parametrize("words", ["见面", "見面", "当面", "口头", "书面", "微信", "web form", "signed form"])
def test_how_people_give_consent_is_taken(words: str) -> None:
    found = one(method=words)
    assert isinstance(found, Consent)
    assert found.method == words


@pytest.mark.parametrize(
    "words", ["同意", "我同意同上述公司一样的来电", "Yes, same time as before.", "不反对", "The same clinic"]
)
def test_short_words_that_say_something_are_taken(words: str) -> None:
    assert isinstance(one(wording=f'"{words}"'), Consent)


@pytest.mark.parametrize(
    ("expires", "why"),
    [
        *(
            (text, "leave the cell empty if the consent has no end")
            for text in ("长期", "永久有效", "无", "Never", "-")
        ),
        *((text, "is a length of time: write the day itself, such as") for text in ("一年", "6个月", "1 year")),
    ],
)
def test_an_end_that_is_no_day_says_what_to_write(expires: str, why: str) -> None:
    found = one(expires=expires)
    assert isinstance(found, RejectedRow)
    assert why in found.reason


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
