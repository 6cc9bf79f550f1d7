"""What an import tells of rows that lack what the flow says, or what it compares with keyed digits."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agi_app.contacts.contacts_file import ContactsReading
from agi_app.contacts.spoken_fields import SHOWN_LINES
from agi_app.contacts.time_columns import TimeColumns
from agi_app.errors import AuthorError
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import parse_flow
from agi_app.messages import speaking
from agi_app.model.campaign import Due
from agi_app.model.person import ContactRow
from tests.unit.contacts_helpers import table

TEMPLATES = Path(__file__).parents[3] / "agi_app/campaigns/templates"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def flow_of(template: str) -> Flow:
    path = TEMPLATES / template / "flows" / f"{template}.yaml"
    return parse_flow(path.read_bytes(), str(path)).flow


def read(template: str, text: str, region: str = "CN", due: Due | None = None) -> tuple[list[ContactRow], list[str]]:
    """The contacts and the notes of a list whose numbers are added here."""
    header, *rows = text.splitlines()
    numbered = [f"P{n},+99986138000{n:04},{row}" for n, row in enumerate(rows, 1)]
    file = table("\n".join([f"external_id,number,{header}", *numbered, ""]))
    reading = ContactsReading(
        file, "CN", ["zh-CN", "en"], times=TimeColumns(SHANGHAI, region, due), flow=flow_of(template)
    )
    contacts = [row for row in reading.rows() if isinstance(row, ContactRow)]
    return contacts, list(reading.notes())


def test_dates_as_an_office_writes_them_are_said_and_nothing_is_told() -> None:
    days = ["2026-03-07", "2026/3/7", "2026年3月7日", "２０２６-０３-０７", "2026.3.7", "7 March 2026", "46088"]
    contacts, notes = read("closing-notice", "closed_from,opens_on\n" + "\n".join(f"{day},2026-03-10" for day in days))
    assert (len(contacts), notes) == (len(days), [])


def test_a_day_that_nobody_can_say_is_told_with_its_lines() -> None:
    rows = "\n".join(["2026-03-07,4月3日", "2026-03-07,soon", "2026-03-07,2026-03-10", *["2026-03-07,soon"] * 2])
    contacts, (note,) = read("closing-notice", f"closed_from,opens_on\n{rows}")
    assert (len(contacts), SHOWN_LINES) == (5, 3)
    assert note == (
        "opens_on: 4 contacts are not called (column_missing) until a list brings what the flow says"
        " (lines 2, 3, 5, …): contact.opens_on: '4月3日': not a date; write it like 2026-03-05"
    )


def test_empty_cells_and_a_column_that_is_not_there_are_told() -> None:
    _, notes = read("closing-notice", "closed_from\n2026-03-07\n\n")
    assert notes == [
        "closed_from: 1 contact is not called (column_missing) until a list brings what the flow says (line 3):"
        " contact.closed_from is empty",
        "opens_on: 2 contacts are not called (column_missing) until a list brings what the flow says (the list has no"
        " such column): contact.opens_on is empty",
    ]


def test_it_is_told_in_chinese() -> None:
    with speaking("zh"):
        _, (note,) = read("closing-notice", "closed_from,opens_on\n2026-03-07,\n")
    assert note.startswith("opens_on：1 个联系人暂不呼叫（column_missing），等名单带来流程要念的内容（第 2 行）：")


def test_a_cancelled_contact_lacks_nothing() -> None:
    assert read("closing-notice", "closed_from,status\n2026-03-07,cancelled\n")[1] == [
        "1 contact is cancelled (P1 is the first): imported, and not called"
    ]


@pytest.mark.parametrize("text", ["14点", "下午2点", "14:00", "１４：００", "2:00 PM", "14时00分", "2026/3/3 14:00"])
def test_times_as_an_office_writes_them_are_said(text: str) -> None:
    assert read("delivery", f"parcel_end,window_from,window_to\n0417,{text},16:00\n")[1] == []


@pytest.mark.parametrize("text", ["14", "14-16点", "25:00", "2026-03-05T14:30Z", "afternoon"])
def test_what_is_no_time_of_day_here_is_told(text: str) -> None:
    (note,) = read("delivery", f"parcel_end,window_from,window_to\n0417,{text},16:00\n")[1]
    assert note.startswith("window_from: 1 contact is not called (column_missing)")
    assert f"'{text}': not a time of day; write it like 14:30" in note


def test_a_time_at_night_is_asked_about_but_not_that_of_the_appointment_twice() -> None:
    (note,) = read("school-notice", "day,ends_at\n2026-03-06,1:30\n2026-03-06,13:30\n")[1]
    assert note == (
        "ends_at: 1 contact has a time at night, before 06:00 (P1 is the first): is the time of day, or PM, missing?"
    )
    due = Due("appointment", ())
    (note,) = read("appointment", "appointment\n2026-03-06 01:30\n", due=due)[1]
    assert note.startswith("1 contact has a time at night")


def test_dates_in_the_order_of_the_region_are_kept_in_the_form_that_is_said() -> None:
    text = "closed_from,opens_on\n05/03/2026,13/03/2026\n"
    (contact,), notes = read("closing-notice", text, region="GB")
    assert (dict(contact.fields), notes) == ({"closed_from": "2026-03-05", "opens_on": "2026-03-13"}, [])
    (contact,), notes = read("closing-notice", text, region="US")
    assert contact.fields["closed_from"] == "2026-05-03"


def test_dates_of_one_column_in_two_orders_are_refused() -> None:
    with pytest.raises(AuthorError, match=r":3:21: contacts/date-order .* that on line 2 can be read in both"):
        read("closing-notice", "closed_from,opens_on\n05/03/2026,2026-03-10\n13/03/2026,2026-03-14\n", region="US")


def test_a_birthday_that_no_keys_can_match_is_told_without_showing_it() -> None:
    rows = "\n".join(f"{day},320.50,2026-02-20" for day in ("0305", "305", "11-24", "", "1124"))
    contacts, (note,) = read("payment-reminder", f"birthday,amount,due_on\n{rows}")
    assert len(contacts) == 5
    assert note == (
        "birthday: 3 contacts have no 4 digits, with which the flow compares what is keyed (lines 3, 4, 5): what these"
        " people key is never right"
    )


def test_amounts_as_an_office_writes_them_are_said() -> None:
    for amount in ("320.50", "３２０．５０", "￥320.50", "1,320元"):
        assert read("payment-reminder", f'birthday,amount,due_on\n0305,"{amount}",2026/2/20\n')[1] == [], amount
    (note,) = read("payment-reminder", "birthday,amount,due_on\n0305,about 300,2026-02-20\n")[1]
    assert note.startswith("amount: 1 contact is not called (column_missing)")
