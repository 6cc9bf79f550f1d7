"""Dates as people write them: what each form means, and what is refused because it might mean something else."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from agi_app.authoring.day_orders import DayOrder, order_of, writing_alike
from agi_app.authoring.written_clock import NotATime, find_clock, plain
from agi_app.authoring.written_times import FIRST_YEAR, LAST_YEAR, WrongOrder, read_time
from agi_app.messages import speaking

SHANGHAI, BERLIN, NEW_YORK = (ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York"))
WEEKDAYS_ZH = "一二三四五六日"
AT = dt.datetime(2026, 3, 5, 14, 30)  # noqa: DTZ001 - what the texts say, in the zone of each case


def read(text: str, zone: ZoneInfo | None = SHANGHAI, region: str | None = "CN") -> dt.datetime:
    """The instant, in that zone, as one without zone."""
    found = read_time(text, zone, region)
    assert found.at.tzinfo is dt.UTC
    assert not found.whole_day
    assert found.until == found.at
    return found.at.astimezone(zone or dt.UTC).replace(tzinfo=None)


def refused(text: str, zone: ZoneInfo | None = SHANGHAI, region: str | None = "CN") -> str:
    with pytest.raises(NotATime) as caught:
        read_time(text, zone, region)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-05 14:30",
        "2026-03-05T14:30",
        "2026-03-05t14:30:00",
        "2026-03-05 14:30:00.000",
        "2026-3-5 14:30",
        "2026/3/5 14:30",
        "2026/03/05 2:30 PM",
        "2026.3.5 14:30",
        "2026. 3. 5. 14:30",
        "20260305 14:30",
        "20260305T143000",
        "20260305143000",
        "202603051430",
        "2026年3月5日 14:30",
        "2026年3月5日14:30",
        "2026 年 3 月 5 日 14：30",
        "2026年3月5号下午2:30",
        "2026年3月5日 下午2点半",
        "2026年3月5日下午2点30分",
        "2026年3月5日14点30分",
        "2026年3月5日14时30分",
        "2026年3月5日14時30分",
        "2026年3月5日下午14:30",
        "二〇二六年三月五日下午两点半",
        "2026年3月5日（周四）14:30",
        "2026年3月5日 星期四 14:30",
        "周四 2026-03-05 14:30",
        "2026-03-05 14:30 礼拜四",
        "Thu 5 March 2026 14:30",
        "Thursday, 5 March 2026, 14:30",
        "5 March 2026 14:30",
        "5 mar 2026 2:30pm",
        "5th of March 2026 at 2:30 p.m.",
        "March 5, 2026 2:30 PM",
        "Mar. 5th, 2026 14:30",
        "05-MAR-2026 14:30:00",
        "2026-Mar-05 14:30",
        "２０２６－０３－０５　１４：３０",
        "'2026-03-05 14:30",
        "46086.604166666664",
        "46086.6041666667",
    ],
)
def test_a_date_with_a_time_of_day_is_read_in_every_form(text: str) -> None:
    for region in ("CN", "US", None):
        assert read(text, SHANGHAI, region) == AT
    assert read(text, BERLIN, "DE") == AT


@pytest.mark.parametrize(
    "text",
    ["2026-03-05", "2026/3/5", "20260305", "2026年3月5日", "周四 2026-03-05", "5 March 2026", "05.03.2026", "46086"],
)
def test_a_day_alone_is_the_whole_day_of_the_zone(text: str) -> None:
    found = read_time(text, BERLIN, "DE")
    assert found.whole_day
    assert found.at == dt.datetime(2026, 3, 4, 23, tzinfo=dt.UTC)
    assert found.until == dt.datetime(2026, 3, 5, 23, tzinfo=dt.UTC)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-05", 24)])
def test_a_day_on_which_clocks_change_has_its_own_length(day: str, hours: int) -> None:
    found = read_time(day, BERLIN, "DE")
    assert found.until - found.at == dt.timedelta(hours=hours)


def test_a_day_begins_where_its_midnight_is_passed_over() -> None:
    """In Beirut clocks go from 00:00 to 01:00."""
    found = read_time("2026-03-29", ZoneInfo("Asia/Beirut"), "LB")
    assert found.at == dt.datetime(2026, 3, 28, 22, tzinfo=dt.UTC)
    assert found.until - found.at == dt.timedelta(hours=23)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("上午9点", 9, 0),
        ("早上8点半", 8, 30),
        ("中午12点", 12, 0),
        ("中午", 12, 0),
        ("中午1点", 13, 0),
        ("下午2点一刻", 14, 15),
        ("傍晚6点", 18, 0),
        ("晚上8点", 20, 0),
        ("晚上8点零五分", 20, 5),
        ("凌晨2点", 2, 0),
        ("9点整", 9, 0),
        ("noon", 12, 0),
        ("9am", 9, 0),
        ("9 a.m.", 9, 0),
        ("12:05 AM", 0, 5),
        ("12:05 PM", 12, 5),
        ("00:00", 0, 0),
    ],
)
def test_words_of_the_time_of_day(text: str, hour: int, minute: int) -> None:
    assert read(f"2026年3月5日 {text}") == AT.replace(hour=hour, minute=minute)


@pytest.mark.parametrize(
    ("text", "utc_hour"),
    [
        ("2026-03-05T14:30:00Z", 14),
        ("2026-03-05 14:30 UTC", 14),
        ("2026-03-05 14:30+08:00", 6),
        ("2026-03-05 14:30 +0800", 6),
        ("2026-03-05T14:30+08", 6),
        ("2026-03-05 14:30 UTC+8", 6),
        ("2026-03-05 14:30 GMT+08:00", 6),
        ("2026-03-05 14:30 北京时间", 6),
        ("2026-03-05T09:30-05:00", 14),
        ("2026-03-05 09:30:00-05", 14),
        ("2026-03-05 09:30 UTC-5", 14),
        ("3/5/2026 9:30:00 AM -05:00", 14),
    ],
)
def test_an_offset_holds_whatever_the_zone(text: str, utc_hour: int) -> None:
    for zone in (None, SHANGHAI, NEW_YORK):
        assert read_time(text, zone, "US").at == dt.datetime(2026, 3, 5, utc_hour, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "region", "day"),
    [
        ("3/4/2026", "US", "2026-03-04"),
        ("3/4/2026", "PR", "2026-03-04"),
        ("3/4/2026", "GB", "2026-04-03"),
        ("3/4/2026", "DE", "2026-04-03"),
        ("03-04-2026", "GB", "2026-04-03"),
        ("03-04-2026", "US", "2026-03-04"),
        ("3/4/2026", "HK", "2026-04-03"),
        ("3.4.2026", "US", "2026-04-03"),
        ("3/14/2026", "CN", "2026-03-14"),
        ("14/3/2026", "CN", "2026-03-14"),
        ("14/3/2026", None, "2026-03-14"),
        ("3/3/2026", "CN", "2026-03-03"),
        ("3/14/2026", "CA", "2026-03-14"),
    ],
)
def test_the_region_tells_the_order_of_numbers(text: str, region: str | None, day: str) -> None:
    assert read(f"{text} 10:00", SHANGHAI, region).date().isoformat() == day


@pytest.mark.parametrize("region", ["CN", "JP", "KR", "TW", "CA", "PH", "SE", "ZA", None, "XX"])
@pytest.mark.parametrize("text", ["3/4/2026", "3/4/2026 14:30", "03-04-2026 2:30 PM", "３／４／２０２６ 10:00"])
def test_an_order_that_the_region_does_not_tell_is_never_guessed(region: str | None, text: str) -> None:
    assert refused(text, SHANGHAI, region) == "may be 2026-03-04 or 2026-04-03: write it in that form, year, month, day"


@pytest.mark.parametrize(("text", "region"), [("3/14/2026 9:00", "GB"), ("14/3/2026 9:00", "US"), ("3-14-2026", "DE")])
def test_a_date_against_the_order_of_its_region_is_refused(text: str, region: str) -> None:
    """Others of the same file, such as 3/4/2026, would be read in the wrong order."""
    with pytest.raises(WrongOrder, match="write 2026-03-14"):
        read_time(text, SHANGHAI, region)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("tomorrow", "not a date that can be read; write it as 2026-03-05"),
        ("明天下午", "not a date that can be read"),
        ("14:30", "not a date that can be read"),
        ("13800138000", "not a date that can be read"),
        ("0.604166", "not a date that can be read"),
        ("2026-W10-4", "not a date that can be read"),
        ("2026-03-05+08:00", "not a date that can be read"),
        ("x" * 5000, "not a date that can be read"),
        ("3/4/26 14:30", "year of two digits"),
        ("05.03.26", "year of two digits"),
        ("26年3月5日", "year of two digits"),
        ("5 Mar 26, 9am", "year of two digits"),
        ("3月5日 14:30", "has no year"),
        ("5 March 14:30", "has no year"),
        ("March 5 2:30 PM", "has no year"),
        ("1926-03-05 14:30", "is of the year 1926"),
        ("2569-03-05 14:30", "is of the year 2569"),
        ("2026-02-30", "there is no 2026-02-30"),
        ("2026-13-05", "there is no 2026-13-05"),
        ("31/2/2026", "there is no 2026-02-31"),
        ("周五 2026-03-05 14:30", "2026-03-05 is a Thursday"),
        ("Fri, 5 March 2026 14:30", "2026-03-05 is a Thursday"),
        ("2026-03-05 24:00", "write 2026-03-06 00:00"),
        ("2026年12月31日 24点", "write 2027-01-01 00:00"),
        ("2026-03-05 25:00", "no time of day that exists"),
        ("2026-03-05 14:60", "no time of day that exists"),
        ("2026-03-05 14", "write it as 14:00"),
        ("2026-03-05 14:30 AM", "do not go together"),
        ("2026-03-05 0:30 PM", "do not go together"),
        ("2026年3月5日上午14:30", "do not go together"),
        ("2026年3月5日晚上12点", "do not go together"),
        ("2026年3月5日凌晨12点", "do not go together"),
        ("2026-03-05 14:30 EST", 'has "est" behind its time'),
        ("2026-03-05 14:30 or later", "behind its time"),
        ("2026-03-05 14:30 +25:00", "an offset from UTC that no place has"),
    ],
)
def test_what_is_refused_says_why_and_what_to_write(text: str, words: str) -> None:
    assert words in refused(text, SHANGHAI, None)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-05 09:00-10:00",
        "2026-03-05 9:00 -10:00",
        "2026-03-05 9:00 AM-10:00",
        "20260305 0900-1000",
        "2026-03-05 09:00 - 10:00",
        "2026-03-05 09:00~10:00",
        "2026年3月5日 9:00至10:00",
        "2026年3月5日上午9点-10点",
    ],
)
def test_a_span_of_time_is_never_taken_for_an_offset(text: str) -> None:
    assert refused(text)


def test_a_local_time_without_a_zone_is_refused() -> None:
    for text in ("2026-03-05 14:30", "2026-03-05", "46086.5", "3/14/2026 9:00"):
        assert "add zone: to the campaign" in refused(text, None, None)


@pytest.mark.parametrize(
    ("text", "zone"),
    [("2026-03-29 02:30", BERLIN), ("2026-03-29 02:00", BERLIN), ("2026-03-08 2:59 AM", NEW_YORK)],
)
def test_a_time_that_clocks_pass_over_is_refused(text: str, zone: ZoneInfo) -> None:
    assert f"does not exist in {zone.key}: clocks go forward" in refused(text, zone, "US")
    assert read_time(f"{text} +01:00", zone, "US").at.tzinfo is dt.UTC


@pytest.mark.parametrize(
    ("text", "zone", "one", "other"),
    [
        ("2026-10-25 02:30", BERLIN, "2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"),
        ("2026-11-01 1:30 AM", NEW_YORK, "2026-11-01T01:30-04:00", "2026-11-01T01:30-05:00"),
    ],
)
def test_a_time_that_clocks_show_twice_is_refused_and_both_are_told(
    text: str, zone: ZoneInfo, one: str, other: str
) -> None:
    assert f"exists twice in {zone.key}, because clocks go back: write {one} or {other}" in refused(text, zone, "US")
    first, second = read_time(one, zone, "US").at, read_time(other, zone, "US").at
    assert second - first == dt.timedelta(hours=1)


@pytest.mark.parametrize(("text", "zone"), [("2026-03-29 03:00", BERLIN), ("2026-10-25 03:00", BERLIN)])
def test_beside_those_hours_nothing_is_refused(text: str, zone: ZoneInfo) -> None:
    assert read(text, zone, "DE").hour == 3


def test_reasons_speak_chinese() -> None:
    texts = [
        *("", "x", "3/4/26", "3月5日", "1926-03-05", "2026-02-30", "周五 2026-03-05", "2026-03-05 24:00", "3/4/2026"),
        *("2026-03-05 25:00", "2026-03-05 14", "2026-03-05 14:30 AM", "2026-03-05 14:30 EST", "2026-03-05 9:00-10:00"),
        *("2026-03-05 14:30 +25:00", "2026-03-29 02:30", "2026-10-25 02:30"),
    ]
    with speaking("zh"):
        told = [refused(text, BERLIN, None) for text in texts] + [refused("2026-03-05", None, None)]
        told += [refused("3/14/2026", BERLIN, "DE"), refused("14/3/2026", BERLIN, "US")]
    for reason in told:
        plain_words = re.sub(r"[A-Z][a-z]+/[A-Za-z_]+|zone:|\"[^\"]*\"|UTC|AM|\bam\b|T\d", "", reason)
        assert not re.search("[A-Za-z]{3}", plain_words), reason
        assert re.search("[\u4e00-\u9fff]", reason)


@pytest.mark.parametrize(
    ("regions", "alike"),
    [
        (("GB", "DE"), "GB"),
        (("US",), "US"),
        (("US", "GB"), None),
        (("CN", "JP"), "CN"),
        (("CN", "GB"), None),
        ((), None),
    ],
)
def test_regions_that_write_alike(regions: tuple[str, ...], alike: str | None) -> None:
    assert writing_alike(regions) == alike


def test_no_region_has_both_orders() -> None:
    assert (order_of("US"), order_of("GB"), order_of("CN")) == (DayOrder.MONTH_FIRST, DayOrder.DAY_FIRST, None)


def test_what_follows_a_time_of_day_is_left_for_who_asks() -> None:
    found = find_clock(plain("下午两点半到三点"))
    assert found is not None
    assert (found[0].hour, found[0].minute, found[0].word, found[1]) == (2, 30, "下午", "到3点")
    assert find_clock("later") is None


LOCAL = st.datetimes(
    dt.datetime(FIRST_YEAR, 1, 1),  # noqa: DTZ001
    dt.datetime(LAST_YEAR, 12, 31, 23, 59, 59),  # noqa: DTZ001
).map(lambda at: at.replace(microsecond=0))
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def _zh_half(at: dt.datetime) -> str:
    word = "凌晨" if at.hour < 5 else "上午" if at.hour < 12 else "下午" if at.hour < 18 else "晚上"
    return f"{word}{at.hour - 12 if at.hour > 12 else at.hour}点{at.minute:02}分"


FORMS: dict[str, Callable[[dt.datetime], str]] = {  # name -> a way to write hours and minutes of a local time
    "iso": lambda at: at.isoformat(timespec="minutes"),
    "space": lambda at: f"{at:%Y-%m-%d %H:%M}",
    "slashes": lambda at: f"{at.year}/{at.month}/{at.day} {at.hour}:{at.minute:02}",
    "compact": lambda at: f"{at:%Y%m%dT%H%M}",
    "digits": lambda at: f"{at:%Y%m%d%H%M}00",
    "dots": lambda at: f"{at:%d.%m.%Y %H:%M}",
    "english": lambda at: f"{at.day} {MONTHS[at.month - 1]} {at.year} {at:%H:%M}",
    "american": lambda at: (
        f"{MONTHS[at.month - 1][:3]} {at.day}, {at.year} {(at.hour % 12) or 12}:{at.minute:02}"
        f" {'AM' if at.hour < 12 else 'PM'}"
    ),
    "chinese": lambda at: f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}",
    "chinese words": lambda at: f"{at.year}年{at.month}月{at.day}日星期{WEEKDAYS_ZH[at.weekday()]}{_zh_half(at)}",
    "full width": lambda at: f"{at:%Y/%m/%d %H:%M}".translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)}),
    "weekday": lambda at: (
        f"{at:%Y-%m-%d} ({('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[at.weekday()]}) {at:%H:%M}"
    ),
}
ORDERED = {"US": "%m/%d/%Y %H:%M", "GB": "%d/%m/%Y %H:%M", "DE": "%d-%m-%Y %H:%M"}


@given(LOCAL, st.sampled_from(sorted(FORMS)), st.sampled_from([SHANGHAI, BERLIN, NEW_YORK]))
@example(dt.datetime(2026, 3, 5, 0, 0), "american", BERLIN)  # noqa: DTZ001
@example(dt.datetime(2026, 3, 5, 12, 0), "chinese words", BERLIN)  # noqa: DTZ001
def test_what_is_written_in_any_form_is_read_as_the_same_instant(local: dt.datetime, form: str, zone: ZoneInfo) -> None:
    at = local.replace(second=0)
    aware = at.replace(tzinfo=zone)
    text = FORMS[form](at)
    if aware.utcoffset() != aware.replace(fold=1).utcoffset():
        assert refused(text, zone, "GB")
    else:
        assert read_time(text, zone, "GB").at == aware.astimezone(dt.UTC)


@given(LOCAL, st.sampled_from(sorted(ORDERED)))
def test_numbers_in_the_order_of_the_region_are_read_as_written_and_never_elsewhere(
    local: dt.datetime, region: str
) -> None:
    at = local.replace(second=0)
    text = at.strftime(ORDERED[region])
    assert read(text, SHANGHAI, region) == at
    if at.day <= 12 and at.day != at.month:
        assert "may be " in refused(text, SHANGHAI, "CN")
    else:
        assert read(text, SHANGHAI, "CN") == at


@given(LOCAL, st.integers(-14 * 60, 14 * 60))
def test_an_iso_instant_with_an_offset_is_itself(local: dt.datetime, minutes: int) -> None:
    aware = local.replace(tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))
    assume(FIRST_YEAR < aware.year < LAST_YEAR)
    for zone in (None, BERLIN):
        assert read_time(aware.isoformat(), zone, None).at == aware


@given(LOCAL)
def test_a_spreadsheet_s_number_is_its_second(local: dt.datetime) -> None:
    at = local.replace(year=2010 + local.year % 50, day=min(local.day, 28))
    serial = (at - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)  # noqa: DTZ001
    assume(at.time() != dt.time())
    assert read(repr(serial)) == at


@given(
    st.text(max_size=40) | st.from_regex(r"[0-9]{1,4}[-/.年 ][0-9]{1,2}[-/.月 ][0-9]{1,4}[日 T]?[0-9:点APM+\-. ]{0,12}")
)
def test_any_text_is_read_or_explained(text: str) -> None:
    for region in ("US", "CN"):
        try:
            found = read_time(text, BERLIN, region)
        except NotATime:
            continue
        assert FIRST_YEAR - 1 <= found.at.year <= LAST_YEAR + 1
        assert found.until >= found.at


@pytest.mark.parametrize("text", ["05.03.2026 14:30", "5.3.2026 um 14.30 Uhr"])
def test_dots_have_the_day_first_but_where_the_year_comes_first_nobody_knows(text: str) -> None:
    for region in ("DE", "US", "GB"):
        assert read_time(text, ZoneInfo("Europe/Berlin"), region).at == dt.datetime(2026, 3, 5, 13, 30, tzinfo=dt.UTC)
    for unknown in ("CN", "SE", None):
        with pytest.raises(NotATime, match="2026-03-05 or 2026-05-03"):
            read_time(text, ZoneInfo("Europe/Berlin"), unknown)
    assert read_time("25.03.2026 14:30", ZoneInfo("Europe/Berlin"), "CN").at.day == 25
