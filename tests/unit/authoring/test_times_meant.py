"""What a message advises is taken: days, hours, lengths of time and numbers as people write them."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.authoring import times_meant
from agi_app.authoring.schema import parse_duration
from agi_app.authoring.written_clock import NotATime
from agi_app.contacts.consent_file import parse_instant


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("03/04/2026", ["2026-04-03", "2026-03-04"]),
        ("13/04/2026", ["2026-04-13"]),
        ("04/13/26", ["2026-04-13"]),
        ("04/04/2026", ["2026-04-04"]),
        ("3.4.2026", ["2026-04-03"]),
        ("2026/3/4", ["2026-03-04"]),
        ("2026.03.04", ["2026-03-04"]),
        ("2026年3月4日", ["2026-03-04"]),
        ("２０２６－０３－０４", ["2026-03-04"]),
        ("20260304", ["2026-03-04"]),
        ("4 March 2026", ["2026-03-04"]),
        ("4th of March", []),
        ("Mar 4, 2026", ["2026-03-04"]),
        ("Sept. 4 2026", ["2026-09-04"]),
        ("46085", ["2026-03-04"]),  # as a spreadsheet counts days
        ("2026-02-30", []),
        ("tomorrow", []),
        ("8pm", []),
        ("", []),
    ],
)
def test_a_day_is_rewritten(text: str, days: list[str]) -> None:
    assert times_meant.days(text) == days
    for day in days:
        assert day in times_meant.write_day(text)
        parse_instant(day)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("03/04/2026", "can mean two days; write 2026-04-03 or 2026-03-04"),
        ("2026-02-30", "that month ends with 2026-02-28"),
        ("soon", "write year, month and day as in 2026-03-31"),
        ("2026-13-01", "write year, month and day as in 2026-03-31"),
    ],
)
def test_the_words_for_a_day(text: str, said: str) -> None:
    assert said in times_meant.write_day(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-01-05 12:00", "write 2026-01-05T12:00:00+08:00 if that was China's time, 2026-01-05T12:00:00Z if UTC"),
        ("2026-01-05T12:00:00", "2026-01-05T12:00:00+08:00 if"),
        ("2026年1月5日 下午3点半", "2026-01-05T15:30:00+08:00 if"),
        ("1/5/2026 12:00", "write 2026-05-01T12:00:00+08:00 or 2026-01-05T12:00:00+08:00"),
        ("5 Jan 2026 3pm", "2026-01-05T15:00:00+08:00 if"),
        ("2026/1/5 12:00 UTC+8", "write 2026-01-05T12:00:00+08:00"),
        ("2026-01-05 12:00 北京时间", "write 2026-01-05T12:00:00+08:00"),
        ("2026-01-05T10：00Z", "write 2026-01-05T10:00:00Z"),
        ("2026/1/5", "write 2026-01-05"),
        ("2026-01-10 09:00 EST", "write 2026-01-10T09:00:00-05:00"),
        ("2026-07-10 9:00 pm PDT", "write 2026-07-10T21:00:00-07:00"),
        ("2026-01-10 09:00 CST", "write 2026-01-10T09:00:00, and behind it that zone's offset from UTC"),
        ("2026-01-10 09:00 America/Chicago", "write 2026-01-10T09:00:00, and behind it that zone's offset from UTC"),
        ("last week", "write the moment itself in the form 2026-01-05T12:00:00+08:00, or …Z for UTC"),
    ],
)
def test_a_moment_is_rewritten_and_taken(text: str, said: str) -> None:
    with pytest.raises(NotATime) as caught:
        parse_instant(text)
    assert said in str(caught.value)
    for advised in re.findall(r"20\d\d-\d\d-\d\d(?:T[0-9:]+(?:Z|[+-]\d\d:00))?", str(caught.value)):
        parse_instant(advised)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        *(("8pm", "20:00"), ("8 PM", "20:00"), ("9:30", "09:30"), ("9.30", "09:30"), ("0930", "09:30"), (930, "09:30")),
        *(("9点半", "09:30"), ("下午8点", "20:00"), ("晚上8点15分", "20:15"), ("９：３０", "09:30"), ("20h", "20:00")),
        *(("12am", "00:00"), ("12:30 p.m.", "12:30"), ("noon", "12:00"), ("09:30:00", "09:30"), ("9", "09:00")),
        *(("24:00", None), ("25:00", None), ("09:60", None), ("later", None), ("", None)),
    ],
)
def test_a_time_of_day_is_rewritten(text: object, clock: str | None) -> None:
    assert times_meant.clock(text) == clock


@pytest.mark.parametrize(
    ("value", "lengths"),
    [
        *((30, ["30s", "30m", "30h", "30d"]), ("20 s", ["20s"]), ("20sec", ["20s"]), ("20秒", ["20s"])),
        *(("2 hours", ["2h"]), ("2小时", ["2h"]), ("1.5h", ["90m"]), ("1h30m", ["90m"]), ("1:30", ["90s", "90m"])),
        *(("PT30S", ["30s"]), ("1 week", ["7d"]), ("500 ms", ["500ms"]), ("3 天", ["3d"]), ("5 Min.", ["5m"])),
        *(("soon", []), (True, []), (None, []), ("ten s", []), ("5x", [])),
    ],
)
def test_a_length_of_time_is_rewritten_and_taken(value: object, lengths: list[str]) -> None:
    assert times_meant.lengths(value) == lengths
    for advised in lengths:
        assert parse_duration(advised)


def test_only_lengths_that_make_sense_are_advised() -> None:
    shortest, longest = dt.timedelta(seconds=15), dt.timedelta(seconds=45)
    assert times_meant.write_length(20, shortest, longest) == "write 20s"
    assert times_meant.write_length(20, None, dt.timedelta(hours=1)) == "write 20s (seconds) or 20m (minutes)"
    assert times_meant.write_length(5, shortest, longest).startswith("write a number and a unit")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        *(("周一", ["mon"]), ("星期天", ["sun"]), ("Monday", ["mon"]), ("Thurs", ["thu"]), ("weekend", ["sat", "sun"])),
        *(("mon-wed", ["mon", "tue", "wed"]), ("周六至周一", ["sat", "sun", "mon"]), ("never", []), (1, [])),
    ],
)
def test_days_of_the_week_are_rewritten(text: object, days: list[str]) -> None:
    assert times_meant.weekdays(text) == days


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("09:30-12:00, 14:00-17:30", '[{from: "09:30", to: "12:00"}, {from: "14:00", to: "17:30"}]'),
        ("上午9:30至12:00，下午2点到5点半", '[{from: "09:30", to: "12:00"}, {from: "14:00", to: "17:30"}]'),
        ("9am to 5pm", '[{from: "09:00", to: "17:00"}]'),
        ("9-5", '[{from: "09:00", to: "17:00"}]'),
        ("mon-tue 09:00-18:00", '[{days: [mon, tue], from: "09:00", to: "18:00"}]'),
        *(("22:00-06:00", None), ("9:00-9:00", None), ("09:30", None), ("working hours", None), ("", None), (5, None)),
    ],
)
def test_hours_of_a_day_are_rewritten(text: object, windows: str | None) -> None:
    assert times_meant.windows(text) == windows


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (862155500001, "+862155500001"),
        ("0086 21 5550 0001", "+862155500001"),
        ("+86 (21) 5550-0001", "+862155500001"),
        ("＋８６２１５５５００００１", "+862155500001"),
        ("13800138000", "+8613800138000"),
        ("021-55500001", None),  # of which country, nobody knows
        ("tel:+862155500001", "+862155500001"),
        ("front desk", None),
    ],
)
def test_a_number_of_ours_is_rewritten(value: object, number: str | None) -> None:
    assert times_meant.number(value) == number


@given(st.text(max_size=80))
def test_whatever_is_written_it_is_answered(text: str) -> None:
    for answer in (
        times_meant.write_day,
        times_meant.write_moment,
        times_meant.write_clock,
        times_meant.write_length,
        times_meant.write_number,
    ):
        assert answer(text)
    times_meant.weekdays(text)
