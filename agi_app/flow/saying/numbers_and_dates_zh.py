"""How Mandarin says values (zh-CN).

Sources: GB/T 15835 (numerals in publications) and 吕叔湘《现代汉语八百词》 under 二, 两 and 零. In short: 两
is before a measure word and at the head of a number before 百, 千, 万 and 亿; 二 elsewhere and in all
ordinals. One 零 fills a gap of any length. A leading 一十 is 十. In telephone numbers 1 is 幺.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from agi_app.errors import InputError
from agi_app.flow.saying.spoken_parts import Part, Piece, Text, after_plus, in_groups, in_threes
from agi_app.messages import t

_DIGITS = tuple(Piece(f"num/{n}", c) for n, c in enumerate("零一二三四五六七八九"))
_POWERS = {n: Piece(f"num/{n}", c) for n, c in ((10, "十"), (100, "百"), (1000, "千"), (10**4, "万"), (10**8, "亿"))}
_LIANG, _YAO = Piece("num/liang", "两"), Piece("num/yao", "幺")
_MINUS, _POINT, _PLUS = Piece("num/minus", "负"), Piece("num/point", "点"), Piece("num/plus", "加")
_ORDINAL = Piece("num/ordinal", "第")
_YEAR, _MONTH, _DAY = Piece("date/nian", "年"), Piece("date/yue", "月"), Piece("date/ri", "日")
_OCLOCK, _MINUTE = Piece("time/dian", "点"), Piece("time/fen", "分")
_PARTS_OF_DAY = (  # the first hour of each
    (18, Piece("time/wanshang", "晚上")),
    (13, Piece("time/xiawu", "下午")),
    (12, Piece("time/zhongwu", "中午")),
    (5, Piece("time/shangwu", "上午")),
    (0, Piece("time/lingchen", "凌晨")),
)
# fmt: off
_PINYIN = {  # of the measure words; it names the recording
    "个": "ge", "位": "wei", "人": "ren", "次": "ci", "遍": "bian", "天": "tian", "周": "zhou",
    "个月": "geyue", "年": "nian", "小时": "xiaoshi", "分钟": "fenzhong", "秒": "miao", "岁": "sui",
    "件": "jian", "份": "fen", "张": "zhang", "本": "ben", "条": "tiao", "台": "tai", "单": "dan",
    "笔": "bi", "项": "xiang", "层": "ceng", "楼": "lou", "号": "hao", "月": "yue", "名": "ming",
    "公里": "gongli", "米": "mi", "公斤": "gongjin", "度": "du",
}
# fmt: on
_UNITS = {text: Piece(f"unit/{name}", text) for text, name in _PINYIN.items()}
_BARE_ORDINALS = frozenset("楼层号月")  # 二楼 is the second floor; 两层 are two
_MONEY = {  # the parts of an amount, in hundredths
    "CNY": ((100, Piece("money/yuan", "元")), (10, Piece("money/jiao", "角")), (1, Piece("money/fen", "分"))),
    "USD": ((100, Piece("money/dollar", "美元")), (1, Piece("money/cent", "美分"))),
    "GBP": ((100, Piece("money/pound", "英镑")), (1, Piece("money/penny", "便士"))),
}
_TWO_DIGIT_AREAS = ("10", "20", "21", "22", "23", "24", "25", "27", "28", "29")


class Chinese:
    """The words of zh-CN."""

    def pieces(self) -> Mapping[str, str]:
        """Name and words of every piece that a value can need."""
        money = [unit for parts in _MONEY.values() for _, unit in parts]
        singles = [_LIANG, _YAO, _MINUS, _POINT, _PLUS, _ORDINAL, _YEAR, _MONTH, _DAY, _OCLOCK, _MINUTE]
        days = [piece for _, piece in _PARTS_OF_DAY]
        return {p.name: p.text for p in (*_DIGITS, *_POWERS.values(), *singles, *days, *money, *_UNITS.values())}

    def digits(self, groups: Iterable[str], one: Piece = _DIGITS[1]) -> list[Part]:
        """Digit by digit, a pause between the groups."""
        return in_groups([one if digit == "1" else _DIGITS[int(digit)] for digit in group] for group in groups)

    def number(self, value: Decimal) -> list[Part]:
        """For example -1005.20: 负一千零五点二零."""
        whole, _, decimals = f"{abs(value):f}".partition(".")
        said: list[Part] = [_MINUS] if value < 0 else []
        said += _cardinal(int(whole), liang=True)
        return [*said, _POINT, *self.digits([decimals])] if decimals else said

    def count(self, value: int, unit: str) -> list[Part]:
        """How many: 两个, 十二个, 两百个."""
        return [*_how_many(value), self.unit(unit)] if unit else [*_cardinal(value, liang=True)]

    def ordinal(self, value: int, unit: str) -> list[Part]:
        """Which one: 第二, 第二个, 二楼."""
        said: list[Part] = [] if unit in _BARE_ORDINALS else [_ORDINAL]
        said += _cardinal(value, liang=False)
        return [*said, self.unit(unit)] if unit else said

    def unit(self, word: str) -> Part:
        """A measure word; one that is not in the table stays text."""
        return _UNITS.get(word) or Text(word)

    def money(self, hundredths: int, currency: str) -> list[Part]:
        """For example 12.05 CNY: 十二元零五分."""
        parts = _MONEY.get(currency)
        if parts is None:
            raise InputError(
                t(
                    "the currency {currency!r} has no words here; there are {money}",
                    currency=currency,
                    money=", ".join(_MONEY),
                )
            )
        said: list[Part] = [_MINUS] if hundredths < 0 else []
        rest, spoken, gap = abs(hundredths), False, False
        for worth, unit in parts:
            amount, rest = divmod(rest, worth)
            if amount:
                said += [_DIGITS[0]] if spoken and gap else []
                said += [*_how_many(amount), unit]
            gap = not amount
            spoken = spoken or bool(amount)
        return said if spoken else [_DIGITS[0], parts[0][1]]

    def date(self, day: dt.date, *, with_year: bool) -> list[Part]:
        """For example 2026-03-05: 二零二六年三月五日."""
        year = [*self.digits([str(day.year)]), _YEAR] if with_year else []
        return [*year, *_cardinal(day.month, liang=False), _MONTH, *_cardinal(day.day, liang=False), _DAY]

    def time(self, hour: int, minute: int) -> list[Part]:
        """For example 14:05: 下午两点零五分."""
        part = next(piece for first, piece in _PARTS_OF_DAY if hour >= first)
        return [part, *self.time24(hour - 12 if hour > 12 else hour, minute)]

    def time24(self, hour: int, minute: int) -> list[Part]:
        """For example 14:05: 十四点零五分."""
        said: list[Part] = [*_how_many(hour), _OCLOCK]
        if minute:
            said += [_DIGITS[0]] if minute < 10 else []
            said += [*_cardinal(minute, liang=False), _MINUTE]
        return said

    def telephone(self, number: str) -> list[Part]:
        """Digits with 幺 for 1, in the groups in which people say them; +86 is left out."""
        if number.startswith("+86") and len(number) > 10:
            number = number[3:] if _is_mobile(number[3:]) else "0" + number[3:]
        if number.startswith("+"):
            return [_PLUS, *self.digits(after_plus(number), one=_YAO)]
        return self.digits(_groups(number), one=_YAO)


def _how_many(value: int) -> list[Piece]:
    """Before a measure word: 两 for 2 itself."""
    return [_LIANG] if value == 2 else _cardinal(value, liang=True)


def _cardinal(value: int, *, liang: bool) -> list[Piece]:
    """``value`` of 0 up to 10^12; with ``liang`` its first 2 is 两 where a power of ten from 百 on follows."""
    if value == 0:
        return [_DIGITS[0]]
    said: list[Piece] = []
    gap = False
    for power in (10**8, 10**4, 1):
        four = value // power % 10**4
        if four:
            said += [_DIGITS[0]] if said and (gap or four < 1000) else []
            said += _four_digits(four, first=not said, liang=liang, counts_more=power > 1)
            said += [_POWERS[power]] if power > 1 else []
        gap = not four
    return said


def _four_digits(value: int, *, first: bool, liang: bool, counts_more: bool) -> list[Piece]:
    said: list[Piece] = []
    gap = False
    for power in (1000, 100, 10, 1):
        digit = value // power % 10
        if digit:
            leads = first and not said
            said += [_DIGITS[0]] if said and gap else []
            if not (leads and power == 10 and digit == 1):
                before_power = power >= 100 or (power == 1 and counts_more)
                said.append(_LIANG if digit == 2 and leads and liang and before_power else _DIGITS[digit])
            said += [_POWERS[power]] if power > 1 else []
        gap = not digit
    return said


def _is_mobile(national: str) -> bool:
    return len(national) == 11 and national.startswith("1") and national[1] != "0"


def _groups(digits: str) -> list[str]:
    """3-4-4 for mobile numbers, area and halves for fixed lines, else threes with the rest at the end."""
    if _is_mobile(digits):
        return [digits[:3], digits[3:7], digits[7:]]
    if len(digits) in (10, 11, 12) and digits.startswith("0"):
        area = 3 if digits[1:3] in _TWO_DIGIT_AREAS else 4
        return [digits[:area], digits[area:-4], digits[-4:]]
    return [digits[:4], digits[4:]] if len(digits) == 8 else in_threes(digits)
