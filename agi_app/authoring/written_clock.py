"""A time of day as people write it: 14:30, 2:30 PM, 9am, 下午2点半, 14时30分. Pure.

Works on text that ``plain`` has made even. Hours without a word beside them are those of a day of 24.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass

from agi_app.authoring import full_width
from agi_app.messages import t

LONGEST = 80  # characters that are looked at
_SIMPLIFIED = str.maketrans("點時號週禮鐘後兩", "点时号周礼钟后两")
_NUMERALS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMERAL = re.compile(
    "(?<![周期拜零〇一二两三四五六七八九十])[零〇一二两三四五六七八九十]{1,4}(?=[年月日号点时分刻秒])"
)
_HOURS = {  # word before the hour -> the hours that it can be of
    "凌晨": range(7),
    **dict.fromkeys(("清晨", "早晨", "早上"), range(4, 12)),
    "上午": range(1, 12),
    **dict.fromkeys(("中午", "正午"), range(11, 15)),
    **dict.fromkeys(("下午", "午后"), range(12, 20)),
    "傍晚": range(16, 20),
    "晚上": range(17, 24),
}
AM, PM = "am", "pm"
_NOON = re.compile("(?:noon|12 noon|中午|正午)(?![a-z0-9]| ?[0-9])")
_CLOCK = re.compile(
    rf"(?:(?P<word>{'|'.join(_HOURS)}) ?)?(?P<hour>[0-9]{{1,2}}) ?"
    r"(?:[:.h](?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?)?(?![0-9])"
    r"|(?P<mark>[点时])(?:钟|整|(?P<half>半)|(?P<quarter>[13])刻|(?P<minutes>[0-9]{1,2})分?(?:(?P<seconds>[0-9]{1,2})秒)?)?)?"
    r"(?![0-9]) ?(?:(?P<after>[ap])(?:\.m\.|\.?m(?![a-z])\.?))?"
)


class NotATime(ValueError):
    """The text is no instant; the message, which goes behind the text, says why, and what to write."""


@dataclass(frozen=True, slots=True)
class WrittenClock:
    """The parts of a time of day as they are written; ``word`` is am, pm, or a Chinese one such as 下午."""

    hour: int
    minute: int = 0
    second: int = 0
    microsecond: int = 0
    word: str = ""
    sure: bool = True  # False: a number alone
    to_the_second: bool = False  # seconds are written

    def time(self) -> dt.time:
        """The time of day; NotATime when there is none such, or its word contradicts the hour."""
        if not self.sure:
            raise NotATime(t("has an hour without minutes; write it as {hour:02}:00", hour=min(self.hour, 23)))
        if (hour := self._hour()) is None:
            raise NotATime(
                t(
                    "has the hour {hour} beside {word}, which do not go together; write it as in 14:30",
                    hour=self.hour,
                    word=self.word,
                )
            )
        try:
            return dt.time(hour, self.minute, self.second, self.microsecond)
        except ValueError:
            raise NotATime(t("has no time of day that exists; write it as in 14:30")) from None

    def _hour(self) -> int | None:
        """Of 24; None where the word and the hour do not go together."""
        if not self.word:
            return self.hour
        if self.word == AM:
            return self.hour % 12 if self.hour <= 12 else None
        later = self.hour + 12 if 1 <= self.hour < 12 else self.hour
        if self.word == PM:
            return later if self.hour else None
        return next((hour for hour in (self.hour, later) if hour in _HOURS[self.word]), None)


def plain(text: str, longest: int = LONGEST) -> str:
    """Half-width, small, simplified, single spaces, 十二点 as 12点; cut one character behind ``longest``."""
    even = full_width.ascii_of(unicodedata.normalize("NFKC", text[: longest + 1])).lower().translate(_SIMPLIFIED)
    return _NUMERAL.sub(lambda found: _digits(found[0]), " ".join(even.split()))


def _digits(numeral: str) -> str:
    tens, ten, ones = numeral.partition("十")
    if not ten:
        return "".join(str(_NUMERALS[sign]) for sign in numeral)
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return numeral
    return str(10 * (_NUMERALS[tens] if tens else 1) + (_NUMERALS[ones] if ones else 0))


def find_clock(text: str) -> tuple[WrittenClock, str] | None:
    """The time of day with which a text begins, and the rest behind it; None: it begins with none."""
    if noon := _NOON.match(text):
        return WrittenClock(12), text[noon.end() :]
    if (found := _CLOCK.match(text)) is None:
        return None
    word = found["word"] or {"a": AM, "p": PM, None: ""}[found["after"]]
    if found["word"] and found["after"]:
        return None
    minute = 30 if found["half"] else 15 * int(found["quarter"] or 0) or int(found["minute"] or found["minutes"] or 0)
    clock = WrittenClock(
        int(found["hour"]),
        minute,
        int(found["second"] or found["seconds"] or 0),
        int(f"{found['part'] or 0:0<6}"[:6]),
        word,
        sure=bool(found["minute"] or found["mark"] or found["after"]),
        to_the_second=found["second"] is not None,
    )
    return clock, text[found.end() :]
