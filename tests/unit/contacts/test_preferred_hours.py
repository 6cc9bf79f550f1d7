"""The hours that a person likes: what texts mean, and what is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.contacts.preferred_hours import EVERY_DAY, NotHours, read_hours
from agi_app.messages import speaking
from agi_app.model.campaign import Window

WEEK, END = frozenset(range(5)), frozenset((5, 6))


def window(span: str, days: frozenset[int] = EVERY_DAY) -> Window:
    begin, end = (dt.time.fromisoformat(clock) for clock in span.split("-"))
    return Window(days, begin, end)


@pytest.mark.parametrize(
    "text",
    [
        "09:00-12:00, 14:00-17:30",
        "9:00–12:00; 14:00–17:30",
        "９：００～１２：００、１４：００～１７：３０",
        "9am to 12pm and 2pm-5:30pm",
        "上午9点到12点，下午2点到5点半",
        "9:00至12:00、14:00至17:30",
        "每天 9:00-12:00 14:00-17:30",
        "上午九点—十二点和下午两点—五点半",
    ],
)
def test_spans_of_every_day(text: str) -> None:
    assert read_hours(text) == (window("09:00-12:00"), window("14:00-17:30"))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        *(
            (text, WEEK)
            for text in ("mon-fri", "Mon – Fri:", "Monday to Friday", "weekdays", "工作日", "周一至周五", "周一到五")
        ),
        *((text, END) for text in ("sat-sun", "weekend", "周末", "周六、周日", "周六日", "星期六至星期天")),
        *((text, frozenset((0, 2, 4))) for text in ("mon, wed, fri", "周一、三、五", "周一、周三和周五")),
        *((text, frozenset((3,))) for text in ("Thu", "thursday", "周四", "礼拜四")),
        ("fri-mon", frozenset((4, 5, 6, 0))),
    ],
)
def test_days_before_a_span(text: str, days: frozenset[int]) -> None:
    assert read_hours(f"{text} 9:00-12:00") == (window("09:00-12:00", days),)


def test_a_span_without_days_has_those_before_it() -> None:
    assert read_hours("mon-fri 9:00-12:00, 14:00-17:00; sat 10:00-11:00") == (
        window("09:00-12:00", WEEK),
        window("14:00-17:00", WEEK),
        window("10:00-11:00", frozenset((5,))),
    )


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("下午2:00-5:00", "14:00-17:00"),
        ("晚上7点到9点", "19:00-21:00"),
        ("中午12点-2点", "12:00-14:00"),
        ("2-4pm", "14:00-16:00"),
        ("11-1pm", "11:00-13:00"),
        ("9-5pm", "09:00-17:00"),
        ("9点到下午5点", "09:00-17:00"),
    ],
)
def test_a_word_beside_one_end_is_of_both_where_it_can_be(text: str, span: str) -> None:
    assert read_hours(text) == (window(span),)


@pytest.mark.parametrize("text", ["any time", "Any", "随时", "不限", "全天"])
def test_any_time_narrows_nothing(text: str) -> None:
    assert read_hours(text) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no hours"),
        ("weekdays", "has no hours"),
        ("evenings", 'cannot be read from "evenings" on'),
        ("下午", 'cannot be read from "下午" on'),
        ("not 9:00-12:00", "cannot be read"),
        ("9:00-12:00除外", 'cannot be read from "除外" on'),
        ("9:00-12:00 x", 'cannot be read from "x" on'),
        ("09:00", "cannot be read"),
        ("9-12", "may be of the morning or the evening"),
        ("18:00-24:00", "has the time 24:00; write 23:59"),
        ("20:00-08:00", "ends before it begins"),
        ("9:00-9:00", "ends before it begins"),
        ("9am-5", "ends before it begins"),
        ("9:00-25:00", "no time of day that exists"),
        ("上午14:00-15:00", "do not go together"),
        ("weekend-mon 9:00-10:00", "names days that cannot be read"),
        ("9:00-12:00, " * 30, "more than 200 characters"),
    ],
)
def test_what_is_refused_says_why(text: str, words: str) -> None:
    with pytest.raises(NotHours) as refused:
        read_hours(text)
    assert words in str(refused.value)
    with speaking("zh"), pytest.raises(NotHours) as chinese:
        read_hours(text)
    assert str(chinese.value) != str(refused.value)


@given(
    st.lists(st.tuples(st.integers(0, 22 * 60), st.integers(1, 60), st.sets(st.integers(0, 6))), min_size=1, max_size=4)
)
def test_what_is_written_is_read_as_the_same_windows(spans: list[tuple[int, int, set[int]]]) -> None:
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    parts, expected, days = [], [], EVERY_DAY
    for begin, length, of in spans:
        first, last = (dt.time(minute // 60, minute % 60) for minute in (begin, begin + length))
        days = frozenset(of) or days
        parts.append(f"{', '.join(names[n] for n in sorted(of))} {first:%H:%M}-{last:%H:%M}".strip())
        expected.append(Window(days, first, last))
    assert read_hours("; ".join(parts)) == tuple(expected)


@given(st.text(max_size=30) | st.from_regex(r"[周一至五末monfri]{0,6} ?[0-9:点至到\-apm,]{0,24}", fullmatch=True))
def test_any_text_is_read_or_explained(text: str) -> None:
    try:
        found = read_hours(text)
    except NotHours:
        return
    assert all(one.days and one.start < one.end for one in found)
