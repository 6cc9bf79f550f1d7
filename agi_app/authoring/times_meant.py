"""What somebody meant by a day, an hour or a length of time that is not written as it must be. Pure.

Each function gives the right way to write a person's own value: none when nobody can tell, two when it can mean two
things. What it gives is accepted where the value was not.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator

from agi_app.messages import spoken, t, template

_LONGEST = 60  # characters that are looked at
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
_SUFFIX = "(?:st|nd|rd|th)?"
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})[日号]?")
_YEAR_LAST = re.compile(r"(?P<first>\d{1,2})(?P<sign>[-/.])(?P<second>\d{1,2})[-/.](?P<year>\d{4}|\d{2})(?!\d)")
_NAMED = (
    re.compile(rf"(?P<day>\d{{1,2}}){_SUFFIX}[-,]?{_MONTH}[-,]?(?P<year>\d{{4}})"),
    re.compile(rf"{_MONTH}[-,]?(?P<day>\d{{1,2}}){_SUFFIX}[-,t]?(?P<year>\d{{4}})"),
)
_COMPACT = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})(?!\d)")
_SERIAL = re.compile(r"[34567]\d{4}(?!\d)")  # a spreadsheet's count of days
_CLOCK = re.compile(
    r"(?P<before>上午|早上|早晨|凌晨|下午|晚上|傍晚|中午|am|pm)?(?P<hour>\d{1,2})"
    r"(?:[:.h点时](?P<minute>\d{2}|半)?分?|(?P<plain>\d{2}))?(?P<second>:\d{2}(?:\.\d{1,6})?)?"
    r"(?P<after>a\.?m\.?|p\.?m\.?)?(?P<zone>.*)"
)
_CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}")
_CHINESE_SERVICE = re.compile(r"[48]00\d{7}")
_THREE = re.compile(r"\d{3}")
_ZONE = re.compile(
    r"\(?(?:(?:utc|gmt)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?|(?P<name>z|utc|gmt))\)?"
)
_OFFSETS = {  # of zones that are written so and mean one; CST, IST and BST mean several
    "": "",
    **dict.fromkeys(("北京时间", "中国时间", "(北京时间)", "beijing", "hkt", "sgt"), "+08:00"),
    **{name: f"-0{5 + n}:00" for n, name in enumerate(("est", "mdt", "mst", "pst"))},
    **{name: f"-0{4 + n}:00" for n, name in enumerate(("edt", "cdt"))},
    **dict(zip(("pdt", "cet", "cest", "jst"), ("-07:00", "+01:00", "+02:00", "+09:00"), strict=True)),
}
_EARLIER, _LATER = ("am", "上午", "早上", "早晨", "凌晨"), ("pm", "下午", "晚上", "傍晚", "中午")
_UNITS = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds", "毫秒"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "秒", "秒钟"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "分", "分钟"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "小时", "时", "个小时"), "h"),
    **dict.fromkeys(("d", "day", "days", "天", "日"), "d"),
    **dict.fromkeys(("w", "wk", "week", "weeks", "周", "星期"), "w"),
}
_SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"(?P<number>\d{1,6})(?:\.(?P<tenth>\d))?(?P<unit>[a-z]{1,12}|[\u4e00-\u9fff]{1,3})")
_NUMBER = re.compile(r"\d{1,6}")
_COUNTED = re.compile(r"(?P<first>\d{1,3}):(?P<second>[0-5]\d)(?::(?P<third>[0-5]\d))?")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAMES = {
    **dict(zip(WEEKDAYS, WEEKDAYS, strict=True)),
    **{f"{week}{'一二三四五六日'[n]}": day for week in ("周", "星期", "礼拜") for n, day in enumerate(WEEKDAYS)},
    **dict.fromkeys(("周天", "星期天", "礼拜天"), "sun"),
    **dict(zip(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), WEEKDAYS, strict=True)),
    **dict(zip(("mo", "tu", "we", "th", "fr", "sa", "su"), WEEKDAYS, strict=True)),
    **dict(zip(("tues", "weds", "thur", "thurs"), ("tue", "wed", "thu", "thu"), strict=True)),
}
_SPANS = {
    **dict.fromkeys(("weekday", "weekdays", "workdays", "工作日"), "mon-fri"),
    **dict.fromkeys(("weekend", "weekends", "周末"), "sat-sun"),
    **dict.fromkeys(("all", "daily", "everyday", "every day", "每天"), "mon-sun"),
}


def _plain(text: object) -> str:
    """Half-width, small, without spaces; between two digits stands a t for them."""
    parts = unicodedata.normalize("NFKC", str(text)[:_LONGEST]).lower().split()
    whole = "".join(parts[:1])
    for part in parts[1:]:
        whole += f"t{part}" if whole[-1:].isdigit() and part[:1].isdigit() else part
    return whole


def days(text: object) -> list[str]:
    """The days that a text can mean, as 2026-03-04."""
    found, rest = _day_and_rest(_plain(text))
    return found if not rest else []


def _day_and_rest(text: str) -> tuple[list[str], str]:
    for read in (_YEAR_FIRST, *_NAMED, _COMPACT):
        if match := read.match(text):
            parts = match.groupdict()
            month = parts.get("month") or _MONTHS.index(parts["name"]) + 1
            return list(_real(parts["year"], month, parts["day"])), text[match.end() :]
    if match := _YEAR_LAST.match(text):
        year = match["year"] if len(match["year"]) == 4 else f"20{match['year']}"
        day_first = list(_real(year, match["second"], match["first"]))
        month_first = [] if match["sign"] == "." else list(_real(year, match["first"], match["second"]))
        return list(dict.fromkeys(day_first + month_first)), text[match.end() :]
    if match := _SERIAL.match(text):
        return [(dt.date(1899, 12, 30) + dt.timedelta(days=int(match[0]))).isoformat()], text[match.end() :]
    return [], text


def _real(year: str | int, month: str | int, day: str | int) -> Iterator[str]:
    try:
        yield dt.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return


def clock(text: object) -> str | None:
    """The time of day that a text means, as 09:30."""
    found = _clock_and_zone(_plain(text))
    return None if found is None or found[1] else found[0][:5]


def _clock_and_zone(text: str) -> tuple[str, str] | None:
    """``20:00:00`` and what comes after it."""
    if text in ("noon", "midday", "中午", "正午", "midnight", "半夜"):
        return ("00:00:00" if text in ("midnight", "半夜") else "12:00:00"), ""
    match = _CLOCK.fullmatch(f"0{text}" if _THREE.fullmatch(text) else text)  # 930 is 09:30
    if match is None:
        return None
    hour, minute = int(match["hour"]), match["minute"] or match["plain"] or "00"
    minutes = 30 if minute == "半" else int(minute)
    half = match["before"] or (match["after"] or "").replace(".", "")
    if half in _LATER and hour < 12:
        hour += 12
    if half in _EARLIER and hour == 12:
        hour = 0
    second = (match["second"] or ":00")[1:3]
    if hour > 23 or minutes > 59 or int(second) > 59:
        return None
    return f"{hour:02}:{minutes:02}:{second}", match["zone"]


def moments(text: object, *, any_zone: bool = False) -> list[str]:
    """The moments that a text can mean, as 2026-03-04T20:00:00, with their offset when the text has one.

    ``any_zone``: without it, whatever follows the time.
    """
    found, rest = _day_and_rest(_plain(text))
    rest = rest.removeprefix("t").lstrip(",")
    if not found:
        return []
    read = ("00:00:00", "") if not rest else _clock_and_zone(rest)
    offset = "" if any_zone else None if read is None else _offset(read[1])
    if read is None or offset is None:
        return []
    return [f"{day}T{read[0]}{offset}" for day in found]


def _offset(text: str) -> str | None:
    """``+08:00``; empty when there is none, None when nobody can tell."""
    if text in _OFFSETS:
        return _OFFSETS[text]
    match = _ZONE.fullmatch(text)
    if match is None:
        return None
    if match["name"]:
        return "Z"
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    return f"{match['sign']}{hours:02}:{minutes:02}" if hours <= 14 and minutes < 60 else None


def lengths(value: object) -> list[str]:
    """The lengths of time that a value can mean, as 30s; a number alone can be of any unit."""
    if isinstance(value, bool):
        return []
    text = _plain(value).removeprefix("pt").rstrip(".;,")
    if _NUMBER.fullmatch(text):
        return [f"{int(text)}{unit}" for unit in "smhd"]
    if match := _COUNTED.fullmatch(text):
        first, second = int(match["first"]), int(match["second"])
        if match["third"]:
            return [_length(first * 3600 + second * 60 + int(match["third"]))]
        return [_length(first * 60 + second), _length(first * 3600 + second * 60)]
    total, end = 0.0, 0
    while match := _PART.match(text, end):
        unit, end = _UNITS.get(match["unit"]), match.end()
        if unit is None:
            return []
        if unit == "ms":
            return [f"{int(match['number'])}ms"] if end == len(text) and not total else []
        total += (int(match["number"]) + int(match["tenth"] or 0) / 10) * _SECONDS[unit]
    return [_length(round(total))] if end and end == len(text) else []


def seconds(value: object) -> float | None:
    """How many seconds a length of time with its unit has; None: it may mean several, or none."""
    found = lengths(value)
    if len(found) != 1:
        return None
    way = found[0]
    return int(way[:-2]) / 1000 if way.endswith("ms") else float(int(way[:-1]) * _SECONDS[way[-1]])


def _length(seconds: int) -> str:
    unit = next(unit for unit in "dhms" if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def weekdays(value: object) -> list[str]:
    """The days of the week that a text means: mon for 周一, mon, tue, wed for mon-wed."""
    text = _plain(value)
    if len(parts := re.split("[,;、/]", text)) > 1:
        listed = [weekdays(part) for part in parts]
        return [day for days in listed for day in days] if all(listed) else []
    text = _SPANS.get(text, text).replace("至", "-").replace("到", "-").replace("~", "-")
    first, dash, last = text.partition("-")
    begin, end = _DAY_NAMES.get(first), _DAY_NAMES.get(last)
    if not dash:
        return [begin] if begin else []
    if begin is None or end is None:
        return []
    start, stop = WEEKDAYS.index(begin), WEEKDAYS.index(end)
    return [WEEKDAYS[(start + n) % 7] for n in range((stop - start) % 7 + 1)]


_BETWEEN_SPANS, _TO = re.compile("[,;、/&\n]|and|和"), re.compile("-|–|—|~|至|到|to|until")


def windows(value: object) -> str | None:
    """``[{from: "09:30", to: "12:00"}, …]`` for hours that are written as text; None: nobody can tell."""
    spans = []
    for part in _BETWEEN_SPANS.split(unicodedata.normalize("NFKC", str(value))[: 4 * _LONGEST].lower()):
        first_word, _, rest = part.strip().partition(" ")
        named = weekdays(first_word) if rest else []
        ends = _TO.split(rest if named else part.strip())
        first, last = clock(ends[0]), clock(ends[-1])
        if first is not None and last is not None and last < first:
            last = clock(f"pm{ends[-1]}") or last  # 9-5
        if len(ends) != 2 or first is None or last is None or first >= last:
            return None
        days_named = f"days: [{', '.join(named)}], " if named else ""
        spans.append(f'{{{days_named}from: "{first}", to: "{last}"}}')
    return f"[{', '.join(spans)}]"


ANY_MOMENT = template("write the moment itself in the form 2026-01-05T12:00:00+08:00, or …Z for UTC")
_BETWEEN_NUMBERS = frozenset("/\\;,&|、*#~")  # or before an extension: no number is made of what stands around them


def number(value: object) -> str | None:
    """Our own number as + and digits, when the country's code is certainly there, or certainly China's."""
    text = _plain(value).removeprefix("tel:").replace("t", "")  # between digits stood a space
    digits = "".join(sign for sign in text if sign in "0123456789")
    if any(sign.isalpha() or sign in _BETWEEN_NUMBERS for sign in text) or not digits:
        return None
    found = digits
    if not text.startswith("+"):
        chinese = _CHINESE_MOBILE.fullmatch(digits) or _CHINESE_SERVICE.fullmatch(digits)
        found = f"86{digits}" if chinese else digits.removeprefix("00")
    return f"+{found}" if not found.startswith("0") and 7 <= len(found) <= 15 else None


def write_number(value: object) -> str:
    """What to write for one of our numbers, in quotes."""
    found = number(value)
    if found is None:
        letters = any(sign.isalpha() for sign in str(value)[:_LONGEST])
        never = t("letters are never taken for digits; ") if letters else ""
        if (
            re.fullmatch(r"\+?[1-9][0-9]*", shown := str(value)[:_LONGEST])
            and not 7 <= (count := len(shown.lstrip("+"))) <= 15
        ):
            many = template("short") if count < 7 else template("long")
            never = t(
                "too {many}: with its country code a number has 7 to 15 digits, this one has {count}; ",
                many=spoken(many),
                count=count,
            )
        place = t(" in place of its first 0") if re.match("0(?!0)", shown) else ""
        return t(
            '{never}write it in quotes with + and country code{place}, as in "+862155500001"', never=never, place=place
        )
    sure = _plain(value).startswith(("+", "00")) or found.startswith("+999")
    return t('write "{found}", in quotes{more}', found=found, more="" if sure else t(" (if that is its country code)"))


def write_day(text: object, example: str = "2026-03-31") -> str:
    """What to write for a day."""
    found = days(text)
    if len(found) > 1:
        return t("this can mean two days; write {found}", found=t(" or ").join(found))
    if found:
        return t("write {found}", found=found[0])
    last = _last_of_month(_plain(text))
    return (
        t("that month ends with {last}", last=last)
        if last
        else t("write year, month and day as in {example}", example=example)
    )


def _last_of_month(text: str) -> str | None:
    """The last day of the month of a day that does not exist, such as 2026-02-30."""
    match = _YEAR_FIRST.fullmatch(text)
    if match is None or not 1 <= int(match["month"]) <= 12 or not 1 <= int(match["year"]) < dt.MAXYEAR:
        return None
    year, month = int(match["year"]), int(match["month"])
    following = dt.date(year + month // 12, month % 12 + 1, 1)
    return (following - dt.timedelta(days=1)).isoformat() if int(match["day"]) <= 31 else None


def write_moment(text: object) -> str:
    """What to write for a moment, which needs an offset from UTC."""
    found = moments(text)
    if days(text):
        return write_day(text)
    if not found and (local := moments(text, any_zone=True)):
        return t(
            "write {local}, and behind it that zone's offset from UTC, such as -05:00 or +08:00",
            local=t(" or ").join(local),
        )
    if not found:
        return spoken(ANY_MOMENT)
    if len(found[0]) > len("2026-03-04T20:00:00"):  # it has an offset
        return t("write {found}", found=t(" or ").join(found))
    if len(found) > 1:
        return t(
            "this can mean two days; in China's time write {found}",
            found=t(" or ").join(f"{one}+08:00" for one in found),
        )
    return t("write {found}+08:00 if that was China's time, {found}Z if UTC", found=found[0])


def write_clock(text: object, example: str = "09:30") -> str:
    """What to write for a time of day, in quotes."""
    if _plain(text) in ("24:00", "24:00:00", "24", "2400", "24点"):
        return t('write "23:59"')
    return t('write "{clock}"', clock=clock(text) or example)


def write_length(value: object, shortest: dt.timedelta | None = None, longest: dt.timedelta | None = None) -> str:
    """What to write for a length of time; only ways between the bounds."""
    ways = [way for way in lengths(value) if _within(way, shortest, longest)]
    if not ways:
        bounds = (
            ""
            if shortest is None or longest is None
            else t(", {shortest} to {longest} here", shortest=_shown(shortest), longest=_shown(longest))
        )
        return t("write a number and a unit: 500ms, 5s, 5m, 2h, 1d{bounds}", bounds=bounds)
    names = {"s": template("seconds"), "m": template("minutes"), "h": template("hours"), "d": template("days")}
    return t(
        "write {ways}",
        ways=t(" or ").join(f"{way} ({spoken(names[way[-1]])})" if len(ways) > 1 else way for way in ways),
    )


def _shown(span: dt.timedelta) -> str:
    return f"{span // dt.timedelta(milliseconds=1)}ms" if span.microseconds else _length(round(span.total_seconds()))


def _within(way: str, shortest: dt.timedelta | None, longest: dt.timedelta | None) -> bool:
    span = dt.timedelta(seconds=seconds(way) or 0)
    return (shortest is None or span >= shortest) and (longest is None or span <= longest)
