"""Values as they are said, checked by hand in both languages, and every number read back by another program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.errors import InputError
from agi_app.flow.saying.numbers_and_dates import KINDS, as_recorded, pieces, spoken, words
from agi_app.flow.saying.spoken_parts import PAUSE, Piece, Text
from tests.unit.number_words import english_number, mandarin_number

LANGUAGES = ("zh-CN", "en", "en-US", "en-GB")

MANDARIN = [
    ("number", "0", "", "零"),
    ("number", "2", "", "二"),
    ("number", "10", "", "十"),
    ("number", "12", "", "十二"),
    ("number", "20", "", "二十"),
    ("number", "22", "", "二十二"),
    ("number", "100", "", "一百"),
    ("number", "102", "", "一百零二"),
    ("number", "110", "", "一百一十"),
    ("number", "200", "", "两百"),
    ("number", "222", "", "两百二十二"),
    ("number", "1005", "", "一千零五"),
    ("number", "1050", "", "一千零五十"),
    ("number", "1500", "", "一千五百"),
    ("number", "2,000", "", "两千"),
    ("number", "2020", "", "两千零二十"),
    ("number", "10000", "", "一万"),
    ("number", "10010", "", "一万零一十"),
    ("number", "20000", "", "两万"),
    ("number", "22222", "", "两万二千二百二十二"),
    ("number", "100000", "", "十万"),
    ("number", "101000", "", "十万一千"),
    ("number", "120000", "", "十二万"),
    ("number", "200500", "", "二十万零五百"),
    ("number", "1000000", "", "一百万"),
    ("number", "10050000", "", "一千零五万"),
    ("number", "100000000", "", "一亿"),
    ("number", "200000000", "", "两亿"),
    ("number", "100001000", "", "一亿零一千"),
    ("number", "302000000", "", "三亿零二百万"),
    ("number", "1000000005", "", "十亿零五"),
    ("number", "-7", "", "负七"),
    ("number", "3.14", "", "三点一四"),
    ("number", "0.05", "", "零点零五"),
    ("number", "2.5", "公斤", "二点五公斤"),
    ("count", "2", "个", "两个"),
    ("count", "12", "个", "十二个"),
    ("count", "22", "天", "二十二天"),
    ("count", "200", "位", "两百位"),
    ("count", "2", "层", "两层"),
    ("count", "0", "次", "零次"),
    ("count", "2", "小时", "两小时"),
    ("count", "2", "个月", "两个月"),
    ("count", "2", "盏灯", "两盏灯"),
    ("ordinal", "2", "", "第二"),
    ("ordinal", "2", "个", "第二个"),
    ("ordinal", "2", "楼", "二楼"),
    ("ordinal", "12", "号", "十二号"),
    ("ordinal", "200", "", "第二百"),
    ("ordinal", "2000", "名", "第二千名"),
    ("money", "0", "CNY", "零元"),
    ("money", "2", "CNY", "两元"),
    ("money", "200 CNY", "", "两百元"),
    ("money", "12.50", "CNY", "十二元五角"),
    ("money", "12.05", "CNY", "十二元零五分"),
    ("money", "12.55", "CNY", "十二元五角五分"),
    ("money", "0.2", "CNY", "两角"),
    ("money", "0.05", "CNY", "五分"),
    ("money", "1005", "CNY", "一千零五元"),
    ("money", "¥1,234.50", "", "一千二百三十四元五角"),
    ("money", "-3 CNY", "", "负三元"),
    ("money", "99元", "", "九十九元"),
    ("money", "12.50 USD", "", "十二美元五十美分"),
    ("money", "$2.02", "", "两美元两美分"),
    ("money", "GBP 1.01", "", "一英镑一便士"),
    ("date", "2026-03-05", "", "二零二六年三月五日"),
    ("date", "2000-12-22", "", "二零零零年十二月二十二日"),
    ("day", "2026-02-02", "", "二月二日"),
    ("day", "2026-10-10T08:00:00", "", "十月十日"),
    ("time", "00:00", "", "凌晨零点"),
    ("time", "02:00", "", "凌晨两点"),
    ("time", "08:05", "", "上午八点零五分"),
    ("time", "12:30", "", "中午十二点三十分"),
    ("time", "14:30", "", "下午两点三十分"),
    ("time", "18:02", "", "晚上六点零二分"),
    ("time", "22:22", "", "晚上十点二十二分"),
    ("time24", "14:05", "", "十四点零五分"),
    ("time24", "02:00", "", "两点"),
    ("time24", "22:40", "", "二十二点四十分"),
    ("telephone", "+8613800138000", "", "幺三八，零零幺三，八零零零"),
    ("telephone", "13800138000", "", "幺三八，零零幺三，八零零零"),
    ("telephone", "+862165550112", "", "零二幺，六五五五，零幺幺二"),
    ("telephone", "0755-8655 0112", "", "零七五五，八六五五，零幺幺二"),
    ("telephone", "+12125550123", "", "加幺，二幺二，五五五，零幺二三"),
    ("telephone", "10086", "", "幺零零，八六"),
    ("digits", "1234 01", "", "一二三四，零一"),
    ("name", "王小明", "", "王小明"),
]

ENGLISH = [  # en, en-US, en-GB
    ("number", "0", "", ("zero",)),
    ("number", "13", "", ("thirteen",)),
    ("number", "20", "", ("twenty",)),
    ("number", "42", "", ("forty two",)),
    ("number", "100", "", ("one hundred",)),
    ("number", "105", "", ("one hundred and five", "one hundred five")),
    ("number", "342", "", ("three hundred and forty two", "three hundred forty two")),
    ("number", "1005", "", ("one thousand and five", "one thousand five")),
    ("number", "1042", "", ("one thousand and forty two", "one thousand forty two")),
    ("number", "1,100", "", ("one thousand one hundred",)),
    ("number", "105000", "", ("one hundred and five thousand", "one hundred five thousand")),
    ("number", "1000000", "", ("one million",)),
    ("number", "1000000005", "", ("one billion and five", "one billion five")),
    ("number", "-7", "", ("minus seven",)),
    ("number", "3.05", "", ("three point zero five",)),
    ("count", "1", "day", ("one day",)),
    ("count", "2", "day", ("two days",)),
    ("count", "0", "days", ("zero days",)),
    ("count", "1", "people", ("one person",)),
    ("count", "3", "parcels", ("three parcels",)),
    ("ordinal", "1", "", ("first",)),
    ("ordinal", "12", "", ("twelfth",)),
    ("ordinal", "20", "", ("twentieth",)),
    ("ordinal", "21", "", ("twenty first",)),
    ("ordinal", "103", "", ("one hundred and third", "one hundred third")),
    ("ordinal", "40", "item", ("fortieth item",)),
    ("ordinal", "1000", "", ("one thousandth",)),
    ("money", "0 USD", "", ("zero dollars",)),
    ("money", "1 USD", "", ("one dollar",)),
    ("money", "$12.50", "", ("twelve dollars and fifty cents",)),
    ("money", "0.01", "USD", ("one cent",)),
    ("money", "£1.01", "", ("one pound and one penny",)),
    ("money", "105.02 GBP", "", ("one hundred and five pounds and two pence", "one hundred five pounds and two pence")),
    ("money", "88 CNY", "", ("eighty eight yuan",)),
    ("date", "2026-03-05", "", ("March fifth, twenty twenty six",) * 2 + ("the fifth of March, twenty twenty six",)),
    ("date", "2005-01-01", "", ("January first, two thousand and five", "January first, two thousand five",
                                "the first of January, two thousand and five")),
    ("date", "1900-12-31", "", ("December thirty first, nineteen hundred",) * 2
                                + ("the thirty first of December, nineteen hundred",)),
    ("date", "1905-07-20", "", ("July twentieth, nineteen oh five",) * 2
                                + ("the twentieth of July, nineteen oh five",)),
    ("day", "2026-08-22", "", ("August twenty second",) * 2 + ("the twenty second of August",)),
    ("time", "00:00", "", ("midnight",)),
    ("time", "12:00", "", ("noon",)),
    ("time", "00:30", "", ("twelve thirty AM",)),
    ("time", "08:05", "", ("eight oh five AM",)),
    ("time", "09:00", "", ("nine AM",)),
    ("time", "14:45", "", ("two forty five PM",)),
    ("time24", "14:00", "", ("fourteen hundred",)),
    ("time24", "08:05", "", ("oh eight oh five",)),
    ("time24", "23:59", "", ("twenty three fifty nine",)),
    ("telephone", "+12125550123", "", ("plus one, two one two, five five five, zero one two three",
                                       "two one two, five five five, zero one two three",
                                       "plus one, two one two, five five five, zero one two three")),
    ("telephone", "+447700900123", "", ("plus four four, seven seven zero, zero nine zero, zero one two three",) * 2
                                        + ("zero seven seven zero zero, nine zero zero, one two three",)),
    ("telephone", "020 7946 0123", "", ("zero two zero, seven nine four six, zero one two three",)),
    ("digits", "90 210", "", ("nine zero, two one zero",)),
    ("name", "Ann Lee", "", ("Ann Lee",)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "unit", "said"), MANDARIN)
def test_mandarin(kind: str, value: str, unit: str, said: str) -> None:
    assert words(spoken(kind, value, "zh-CN", unit=unit), "zh-CN") == said


@pytest.mark.parametrize(("kind", "value", "unit", "said"), ENGLISH)
def test_english(kind: str, value: str, unit: str, said: tuple[str, ...]) -> None:
    """One text: all say the same; two: en-GB as en; three: each its own."""
    en, us, gb = (said[0], said[min(1, len(said) - 1)], said[2] if len(said) > 2 else said[0])
    assert words(spoken(kind, value, "en", unit=unit), "en") == en
    assert words(spoken(kind, value, "en-US", unit=unit), "en-US") == us
    assert words(spoken(kind, value, "en-GB", unit=unit), "en-GB") == gb


@given(st.integers(-(10**9), 10**9))
def test_every_number_is_understood_again(number: int) -> None:
    """A parser that shares nothing with the speaker hears the same number, in every variant."""
    assert mandarin_number(words(spoken("number", str(number), "zh-CN"), "zh-CN")) == number
    for language in ("en", "en-US"):
        assert english_number(words(spoken("number", str(number), language), language)) == number


@given(st.sampled_from(LANGUAGES), st.sampled_from(("number", "count", "ordinal", "money")), st.integers(1, 10**11))
def test_no_value_needs_a_piece_that_is_not_in_the_list(language: str, kind: str, value: int) -> None:
    known = pieces(language)
    unit = {"count": "个" if language == "zh-CN" else "day", "money": "CNY"}.get(kind, "")
    for part in spoken(kind, str(value), language, unit=unit):
        assert isinstance(part, Piece)
        assert known.get(part.name) == part.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_dates_times_and_telephone_numbers_are_in_the_list_of_pieces(language: str) -> None:
    known = {**pieces(language), PAUSE.name: PAUSE.text}
    values = [("date", f"{year}-{month:02}-{day:02}") for year in (1905, 2000, 2026) for month in range(1, 13)
              for day in (1, 2, 12, 20, 28)]  # fmt: skip
    values += [(kind, f"{hour:02}:{minute:02}") for kind in ("time", "time24") for hour in range(24)
               for minute in (0, 2, 20, 45)]  # fmt: skip
    values += [("telephone", number) for number in ("+8613800138000", "+447700900123", "+12125550100", "+99912345678")]
    for kind, value in values:
        assert {part.name for part in spoken(kind, value, language) if isinstance(part, Piece)} <= known.keys()


def test_names_of_pieces_can_be_file_names_everywhere() -> None:
    for language in LANGUAGES:
        for name in pieces(language):
            assert name.isascii()
            assert name == name.lower()
            assert name.count("/") == 1


@pytest.mark.parametrize(
    ("kind", "value", "unit"),
    [
        ("number", "twelve", ""),
        ("number", "1e5", ""),
        ("number", "12,34", ""),
        ("number", "1000000000000", ""),
        ("count", "2.5", "day"),
        ("count", "-1", "day"),
        ("ordinal", "0", ""),
        ("money", "12.50", ""),
        ("money", "12.505 CNY", ""),
        ("money", "12.50 XYZ", ""),
        ("money", "USD", ""),
        ("date", "05/03/2026", ""),
        ("date", "2026-02-30", ""),
        ("time", "25:00", ""),
        ("time", "9", ""),
        ("telephone", "call me", ""),
        ("digits", "A1", ""),
        ("digits", "", ""),
        ("name", "  ", ""),
        ("colour", "red", ""),
    ],
)
def test_what_is_no_value_of_its_kind_is_refused_in_every_language(kind: str, value: str, unit: str) -> None:
    for language in LANGUAGES:
        with pytest.raises(InputError):
            spoken(kind, value, language, unit=unit)


@given(st.sampled_from(KINDS), st.text(max_size=30), st.sampled_from(LANGUAGES))
def test_no_text_breaks_it(kind: str, value: str, language: str) -> None:
    try:
        assert spoken(kind, value, language, unit="CNY" if kind == "money" else "")
    except InputError:
        return


def test_another_language_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="'fr'"):
        spoken("number", "5", "fr")


def test_one_missing_piece_makes_the_whole_value_a_text() -> None:
    """Half a number in one voice and half in another sounds like fraud."""
    parts = spoken("telephone", "+447700900123", "en-GB")
    all_of_them = set(pieces("en-GB"))
    assert as_recorded(parts, all_of_them, "en-GB") == parts
    assert as_recorded(parts, all_of_them - {"num/7"}, "en-GB") == (
        Text("zero seven seven zero zero, nine zero zero, one two three"),
    )
