"""The columns that say when to call, in which order, and whether at all: what is stored, and what is refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import unicodedata
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack

from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.contacts_file import ContactsReading, contact_columns, parse_contacts
from agi_app.contacts.time_columns import ACTIVE, CANCELLED, TimeColumns
from agi_app.errors import AuthorError
from agi_app.flow.saying.numbers_and_dates import spoken
from agi_app.messages import speaking
from agi_app.model.campaign import Campaign, Due, Purpose, Window
from agi_app.model.contact_times import Times
from agi_app.model.person import ContactRow
from tests.unit.contacts_helpers import FILE, table

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
GOOD = "+999861380000001"
SHANGHAI = ZoneInfo("Asia/Shanghai")
REMIND = Due("appointment", (dt.timedelta(hours=48), dt.timedelta(hours=3)))
CALL_AT = Due("call_at")
CLINIC = TimeColumns(SHANGHAI, "CN", REMIND, NOW)
LIST = TimeColumns(SHANGHAI, "CN", None, NOW)


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type,misc]


def reading(header: str, *rows: str, by: TimeColumns = CLINIC) -> ContactsReading:
    lines = [f"external_id,number,{header}", *(f"P{n},+99986138000000{n},{row}" for n, row in enumerate(rows, start=1))]
    return ContactsReading(table("\n".join(lines) + "\n"), "CN", ["en"], None, by)


def one(header: str, row: str, by: TimeColumns = CLINIC) -> ContactRow | RejectedRow:
    (found,) = reading(header, row, by=by).rows()
    return found


def contact(header: str, row: str, by: TimeColumns = CLINIC) -> ContactRow:
    found = one(header, row, by)
    assert isinstance(found, ContactRow), found
    return found


def rejected(header: str, row: str, by: TimeColumns = CLINIC) -> RejectedRow:
    found = one(header, row, by)
    assert isinstance(found, RejectedRow), found
    return found


def test_a_row_with_all_columns() -> None:
    header = "appointment,not_before,not_after,preferred_hours,priority,status"
    row = "2026-03-05 14:30,2026-03-02,2026-03-04,mon-fri 09:00-12:00,high,booked"
    found = contact(header, row)
    hours = (Window(frozenset(range(5)), dt.time(9), dt.time(12)),)
    assert found.times == Times(utc(2026, 3, 5, 6, 30), utc(2026, 3, 1, 16), utc(2026, 3, 4, 16), hours)
    assert (found.priority, found.cancelled) == (8, False)
    assert found.fields == dict(zip(header.split(","), row.split(","), strict=True)), "flows read what they read"


def test_the_same_in_chinese() -> None:
    by = dataclasses.replace(CLINIC, due=Due("预约时间", REMIND.before))
    header = "预约时间,最早时间,截止时间,方便接听时间,优先级,状态"
    found = contact(header, "2026年3月5日下午2点半,2026年3月2日,2026年3月4日 18:00,工作日9点到12点,高,预约", by)
    hours = (Window(frozenset(range(5)), dt.time(9), dt.time(12)),)
    assert found.times == Times(utc(2026, 3, 5, 6, 30), utc(2026, 3, 1, 16), utc(2026, 3, 4, 10), hours)
    assert (found.priority, found.cancelled) == (8, False)
    assert found.fields["状态"] == "预约"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-03-05 14:30", "2026-03-05 14:30"),
        ("2026-03-05T9:30:00", "2026-03-05T9:30:00"),
        ("2026/3/5 9:30", "2026-03-05 09:30"),
        ("2026年3月5日下午2点半", "2026-03-05 14:30"),
        ("2026-03-05T06:30Z", "2026-03-05 14:30"),
        ("46086.604166666664", "2026-03-05 14:30"),
    ],
)
def test_the_time_that_due_names_is_a_field_that_say_can_read(text: str, said: str) -> None:
    found = contact("appointment", text)
    assert found.fields == {"appointment": said}
    for kind in ("date", "time"):
        assert spoken(kind, found.fields["appointment"], "zh-CN")


def test_a_file_without_these_columns_says_nothing_of_time() -> None:
    found = contact("name", "Ann", LIST)
    assert (found.times, found.priority, found.cancelled) == (Times(), 0, None)


def test_empty_cells_say_nothing() -> None:
    found = contact("appointment,not_before,not_after,preferred_hours,priority,status", "2026-03-05 14:30,,-,无,,")
    assert (found.times, found.priority, found.cancelled) == (Times(utc(2026, 3, 5, 6, 30)), 0, None)


@pytest.mark.parametrize("title", ["Appointment", "APPOINTMENT", " appointment "])
def test_the_column_that_due_names_is_found_as_others_are(title: str) -> None:
    assert contact(title, "2026-03-05 14:30").times.event == utc(2026, 3, 5, 6, 30)


def test_the_column_that_due_names_may_have_spaces_for_underscores() -> None:
    assert contact("Call At", "2026-03-05 14:30", dataclasses.replace(CLINIC, due=CALL_AT)).times.event


def test_due_may_name_a_column_that_has_its_own_meaning() -> None:
    by = dataclasses.replace(CLINIC, due=Due("not_before"))
    found = contact("最早时间", "2026-03-05 14:30", by)
    assert found.times == Times(utc(2026, 3, 5, 6, 30), utc(2026, 3, 5, 6, 30))


def test_without_the_column_that_due_names_the_file_is_refused() -> None:
    with pytest.raises(AuthorError) as refused:
        reading("apointment", "2026-03-05 14:30")
    (problem,) = refused.value.problems
    assert (problem.rule, problem.line) == ("contacts/missing-column", 1)
    assert "the column appointment (the campaign's due names it) is missing" in problem.message
    assert 'is it "apointment"?' in problem.message
    assert contact_columns(table("external_id,number\n1,2\n")).others == {}


@pytest.mark.parametrize(
    ("header", "row", "column", "words"),
    [
        ("appointment", "", 21, "appointment is empty; write the date and the time"),
        ("appointment", "2026-03-05", 21, 'appointment "2026-03-05" has no time of day'),
        ("appointment", "tomorrow", 21, '"tomorrow" is not a date that can be read'),
        ("appointment", "3/4/2026 14:30", 21, '"3/4/2026 14:30" may be 2026-03-04 or 2026-04-03'),
        ("appointment", "2029-03-05 14:30", 21, '"2029-03-05 14:30" is more than two years away'),
        ("name,appointment", "Ann,2026-03-05 24:00", 25, "write 2026-03-06 00:00"),
        ("appointment,not_before", "2026-03-05 14:30,soon", 38, 'not_before "soon" is not a date'),
        (
            "appointment,not_before",
            "2026-03-05 14:30,2026-03-06",
            21,
            "is not after not_before: nobody could be called",
        ),
        ("appointment,not_before", "2026-03-05 14:30,2026-03-05 14:30", 21, "is not after not_before"),
        ("appointment,not_after", "2026-03-05 14:30,eventually", 38, 'not_after "eventually" is not a date'),
        ("appointment,not_before,not_after", "2026-03-05 14:30,2026-03-04,2026-03-03", 49, "is not after not_before"),
        ("appointment,preferred_hours", "2026-03-05 14:30,evenings", 38, 'preferred_hours "evenings" cannot be read'),
        ("appointment,status", "2026-03-05 14:30,paid", 38, 'status "paid" is no status that is known'),
        ("appointment,status", "2026-03-05 14:30,退订", 38, "record a stop of the person (agi-app stop)"),
    ],
)
def test_a_row_that_nobody_can_read_is_rejected_with_its_place(header: str, row: str, column: int, words: str) -> None:
    found = rejected(header, row)
    assert (found.line, found.column) == (2, column)
    assert found.rule in ("contacts/time", "contacts/hours", "contacts/status")
    assert words in found.reason
    assert str(found.problem(FILE)).startswith(f"list.csv:2:{column}: {found.rule} ")
    with speaking("zh"):
        assert rejected(header, row).reason != found.reason


def test_a_number_in_a_column_of_times_is_masked() -> None:
    assert "1380013" not in rejected("appointment", "13800138000").reason


def test_full_width_signs_are_read_and_not_complained_of() -> None:
    assert contact("appointment", "２０２６－０３－０５　１４：３０").times.event == utc(2026, 3, 5, 6, 30)
    assert "full-width" not in rejected("appointment", "２０２６－０３－０５").reason


def test_without_a_zone_only_times_with_an_offset_are_read() -> None:
    nowhere = dataclasses.replace(CLINIC, zone=None)
    assert contact("appointment", "2026-03-05T14:30+08:00", nowhere).times.event == utc(2026, 3, 5, 6, 30)
    assert "add zone: to the campaign" in rejected("appointment", "2026-03-05 14:30", nowhere).reason


def test_a_call_at_its_earliest_time_is_no_contradiction() -> None:
    by = dataclasses.replace(CLINIC, due=CALL_AT)
    assert contact("call_at,not_before", "2026-03-05 14:30,2026-03-05 14:30", by).times.event
    assert (
        "is not after the time to call" in rejected("call_at,not_after", "2026-03-05 14:30,2026-03-05 9:00", by).reason
    )


def test_not_after_may_be_before_and_behind_the_appointment() -> None:
    for day in ("2026-03-03", "2026-03-09", "2099-12-31"):
        assert contact("appointment,not_after", f"2026-03-05 14:30,{day}").times.not_after


@pytest.mark.parametrize("word", [*CANCELLED, "CANCELLED", " Canceled ", "called-off"])
def test_a_cancelled_contact_is_cancelled_whatever_its_times(word: str) -> None:
    for row in ("2026-03-05 14:30", "tomorrow", "3/4/2026", ""):
        found = contact("appointment,not_before,preferred_hours,status", f"{row},soon,never,{word}")
        assert found.cancelled
    found = contact("appointment,not_after,status", f"2026-03-05 14:30,2026-03-04,{word}")
    assert found.times == Times(utc(2026, 3, 5, 6, 30), not_after=utc(2026, 3, 4, 16))


@pytest.mark.parametrize("word", [*ACTIVE, "OK", " Booked "])
def test_an_active_contact_is_not(word: str) -> None:
    assert contact("appointment,status", f"2026-03-05 14:30,{word}").cancelled is False


def test_an_empty_status_says_nothing() -> None:
    """Who was cancelled by a command stays so."""
    assert contact("appointment,status", "2026-03-05 14:30,").cancelled is None


def _letters(word: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", word).casefold() if sign.isalnum())


@given(
    st.text(st.characters(categories=["L", "N", "Zs"]), max_size=12) | st.sampled_from(["no", "paid", "done", "已付款"])
)
def test_nobody_is_called_or_cancelled_by_a_word_that_is_not_known(word: str) -> None:
    """Who reads the list would have to guess."""
    if isinstance(one("appointment,status", f"2026-03-05 14:30,{word}"), ContactRow):
        assert _letters(word) in {"", *map(_letters, (*ACTIVE, *CANCELLED))}


@pytest.mark.parametrize(
    ("text", "priority"),
    [
        ("0", 0),
        ("9", 9),
        (" 7 ", 7),
        ("５", 5),
        ("high", 8),
        ("Normal", 5),
        ("LOW", 2),
        ("高", 8),
        ("中", 5),
        ("低", 2),
    ],
)
def test_priorities(text: str, priority: int) -> None:
    assert contact("appointment,priority", f"2026-03-05 14:30,{text}").priority == priority


def test_a_priority_that_nobody_can_read_is_told_and_costs_no_call() -> None:
    """A project may have had a column of this name for its flow to say."""
    asked = reading("priority,appointment", "gold,2026-03-05 14:30", "10,2026-03-05 15:30", "3,2026-03-05 16:30")
    rows = list(asked.rows())
    assert [(row.priority, row.fields["priority"]) for row in rows if isinstance(row, ContactRow)] == [
        (0, "gold"),
        (0, "10"),
        (3, "3"),
    ]
    assert asked.notes() == (
        '2 priorities are not read ("gold" is the first): taken as 0, after all others;'
        " write 0 to 9, or high, normal, low",
    )


def test_what_is_over_is_imported_and_counted() -> None:
    rows = (
        "2026-03-01 19:59,",
        "2026-03-01 20:01,",
        "2026-02-01 10:00,",
        "2026-03-05 10:00,2026-02-27",
        "2026-02-01 9:00,2026-03-09",
    )
    asked = reading("appointment,not_after", *rows)
    assert all(isinstance(row, ContactRow) for row in asked.rows())
    assert asked.notes() == ("3 contacts have times that are over (P1 is the first): imported, and never called",)
    later = reading("call_at", "2026-02-01 10:00", by=dataclasses.replace(CLINIC, due=CALL_AT))
    assert all(isinstance(row, ContactRow) for row in later.rows())
    assert later.notes() == (), "one that was to be called then is called late"


def test_cancelled_contacts_and_times_at_night_are_counted() -> None:
    asked = reading(
        "appointment,status", "2026-03-05 00:00,", "2026-03-05 2:30,", "2026-03-05 06:00,", "2026-02-05 2:30,取消"
    )
    assert len(list(asked.rows())) == 4
    assert asked.notes() == (
        "1 contact is cancelled (P4 is the first): imported, and not called",
        "2 contacts have times at night, before 06:00 (P1 is the first): is the time of day, or PM, missing?",
    )


def test_a_rejected_row_is_not_counted() -> None:
    asked = reading("appointment,priority", "2026-02-30 14:30,gold")
    assert [type(row) for row in asked.rows()] == [RejectedRow]
    assert asked.notes() == ()


GB = TimeColumns(ZoneInfo("Europe/London"), "GB", REMIND, NOW)


def test_dates_against_the_region_s_order_refuse_the_file_when_others_can_be_read_in_both() -> None:
    """A list in the American order of a British campaign: 3/4/2026 must not become 3 April."""
    asked = reading("appointment", "3/4/2026 10:00", "3/14/2026 10:00", by=GB)
    with pytest.raises(AuthorError) as refused:
        list(asked.rows())
    (problem,) = refused.value.problems
    assert (problem.rule, problem.line, problem.column) == ("contacts/date-order", 3, 21)
    assert "that on line 2 can be read in both" in problem.message
    assert "nothing was imported" in problem.message


def test_dates_against_the_region_s_order_are_rejected_alone_when_no_other_is_in_doubt() -> None:
    good, bad = reading("appointment", "14/3/2026 10:00", "3/14/2026 10:00", by=GB).rows()
    assert isinstance(good, ContactRow)
    assert isinstance(bad, RejectedRow)
    assert "in GB the day comes first" in bad.reason


def campaign(**more: object) -> Campaign:
    return Campaign("a", Purpose.TRANSACTIONAL, "a", "t", "+1", **({"jurisdictions": ("CN",)} | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "zone", "region"),
    [
        ({}, "Asia/Shanghai", "CN"),
        ({"jurisdictions": ("DE",)}, "Europe/Berlin", "DE"),
        ({"jurisdictions": ("US",)}, None, "US"),
        ({"jurisdictions": ("CN", "GB")}, None, None),
        ({"jurisdictions": ("GB", "DE")}, None, "GB"),
        ({"jurisdictions": ("US", "GB")}, None, None),
        ({"jurisdictions": ("US", "GB"), "region": "GB"}, None, "GB"),
        ({"jurisdictions": ("US",), "zone": "America/Chicago"}, "America/Chicago", "US"),
        ({"zone": "Europe/Paris"}, "Europe/Paris", "CN"),
    ],
)
def test_what_a_campaign_says_of_its_times(more: dict[str, object], zone: str | None, region: str | None) -> None:
    found = TimeColumns.of(campaign(**more, due=REMIND), NOW)
    assert (found.zone and found.zone.key, found.region, found.due, found.now) == (zone, region, REMIND, NOW)


def test_files_read_in_another_zone_are_not_the_same_import() -> None:
    one_way, other = (TimeColumns.of(campaign(zone=zone), NOW) for zone in ("Asia/Shanghai", "Europe/Paris"))
    assert one_way.read_with() != other.read_with()
    assert one_way.read_with() == TimeColumns.of(campaign(zone="Asia/Shanghai"), NOW + dt.timedelta(days=1)).read_with()


def test_a_contact_passes_through_the_spool_unchanged() -> None:
    found = contact("appointment,preferred_hours,priority", "2026-03-05 14:30,周末 10:00-11:30,9")
    assert msgpack.decode(msgpack.encode(found), type=ContactRow) == found


def test_columns_that_were_plain_fields_are_read_without_a_campaign() -> None:
    (found,) = parse_contacts(table(f"external_id,number,status,priority\nP1,{GOOD},ok,gold\n"), "CN", ["en"])
    assert isinstance(found, ContactRow)
    assert found.fields == {"status": "ok", "priority": "gold"}
