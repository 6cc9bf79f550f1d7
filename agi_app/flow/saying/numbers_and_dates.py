"""Values as people say them: digits, numbers, money, dates, times, telephone numbers, counts, ordinals.

``spoken`` turns a value into pieces, the recordings of ``prompts/<language>/num/20.wav`` and similar; each
piece also knows its words, so that a text-to-speech engine can say the same when a recording is missing.
What a language says is in ``numbers_and_dates_zh.py`` and ``numbers_and_dates_en.py``; here a value is read from its
text.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Mapping
from decimal import Decimal

from agi_app.authoring import full_width
from agi_app.authoring.written_clock import NotATime, find_clock, plain
from agi_app.authoring.written_times import read_local
from agi_app.errors import InputError
from agi_app.flow.saying import numbers_and_dates_en, numbers_and_dates_zh
from agi_app.flow.saying.spoken_parts import PAUSE, Part, Piece, Text
from agi_app.messages import t, template

__all__ = ["KINDS", "PAUSE", "Part", "Piece", "Text", "as_recorded", "pieces", "spoken", "words"]
LIMIT = 10**12  # numbers from here on have no spoken form here
LONGEST_DIGITS = 40
CURRENCIES = {"¥": "CNY", "￥": "CNY", "元": "CNY", "RMB": "CNY", "$": "USD", "£": "GBP"}
_NOT_LATIN = ("zh", "ja", "th")  # written without blanks between words
_Say = Callable[[str, str, str], list[Piece | Text]]


def spoken(kind: str, value: str, language: str, *, unit: str = "") -> tuple[Part, ...]:
    """``value`` as it is said in ``language`` (``zh-CN``, ``en``, ``en-US``, ``en-GB``).

    ``kind`` is one of ``KINDS``. ``unit`` is the measure word of a count or an ordinal (``个``, ``day``) and
    the currency of money that does not name its own (``CNY``, ``USD``, ``GBP``). Dates and times of day are read in
    every form that means the same in all countries (``authoring/written_times``). Raises InputError when the value is
    not one of its kind or the language has no such words.
    """
    say = _KINDS.get(kind)
    if say is None:
        raise InputError(t("there is no kind of value {kind!r}; kinds: {kinds}", kind=kind, kinds=", ".join(KINDS)))
    parts = say(value.strip() if kind == "name" else _even(value), language, unit.strip())
    return tuple(part for part in parts if not isinstance(part, Text) or part.text)


def hour_of(value: str) -> int | None:
    """The hour (0 to 23) of a value that can be said as a time of day; None for another one."""
    try:
        return _clock_of(_even(value))[0]
    except InputError:
        return None


def pieces(language: str) -> Mapping[str, str]:
    """Every piece that values need in ``language``, with its words; these are to be recorded."""
    return _words(language).pieces()


def words(parts: Iterable[Part], language: str) -> str:
    """The parts as one text, for an engine or for people."""
    if language.startswith(_NOT_LATIN):
        return "".join("，" if part == PAUSE else part.text for part in parts)
    return " ".join(part.text for part in parts).replace(f" {PAUSE.text}", PAUSE.text)


def as_recorded(parts: tuple[Part, ...], recorded: Container[str], language: str) -> tuple[Part, ...]:
    """The parts when all their pieces are recorded, else one text: two voices in one number sound broken."""
    if all(part == PAUSE or part.name in recorded for part in parts if isinstance(part, Piece)):
        return parts
    return (Text(words(parts, language)),)


def _even(value: str) -> str:
    return full_width.ascii_of(unicodedata.normalize("NFKC", value)).strip()


def _words(language: str) -> numbers_and_dates_zh.Chinese | numbers_and_dates_en.English:
    if language in ("zh", "zh-CN", "zh-Hans", "zh-Hans-CN"):
        return numbers_and_dates_zh.Chinese()
    if language == "en" or language.startswith("en-"):
        return numbers_and_dates_en.English(american=language == "en-US", british=language == "en-GB")
    meant = _MEANT.get(language.strip().casefold().replace("_", "-"))
    told = t("write {meant}", meant=meant) if meant else t("write the words into a prompt instead")
    raise InputError(t("values are spoken in zh-CN and en, not in {language!r}; {told}", language=language, told=told))


_MEANT = {
    **dict.fromkeys(("cn", "zh-cn", "zh-hans", "zh-hans-cn", "chinese", "mandarin", "zho", "chi"), "zh-CN"),
    **dict.fromkeys(("中文", "汉语", "漢語", "普通话", "普通話", "国语", "國語", "华语", "简体中文", "中国"), "zh-CN"),
    **dict.fromkeys(("english", "eng", "英文", "英语", "英語", "en"), "en"),
    **dict.fromkeys(("uk", "gb", "british"), "en-GB"),
    **dict.fromkeys(("us", "usa", "american"), "en-US"),
}


def _name(value: str, language: str, unit: str) -> list[Piece | Text]:
    del language
    if not value:
        raise InputError(t("there is nothing to say: the text is empty"))
    return [Text(value), Text(unit)]


def _digits(value: str, language: str, unit: str) -> list[Piece | Text]:
    groups = re.findall(r"[0-9]+", value)
    if not groups or not re.fullmatch(r"[0-9 .\-/]+", value) or len(value) > LONGEST_DIGITS:
        raise InputError(
            t(
                "{value!r}: not digits; write 0 to 9, at most {most}, with spaces between groups",
                value=value,
                most=LONGEST_DIGITS,
            )
        )
    return [*_words(language).digits(groups), Text(unit)]


def _number(value: str, language: str, unit: str) -> list[Piece | Text]:
    number = _decimal(value, template("a number like 1250 or -3.5"))
    if unit and number == int(number) and number >= 0:
        return _words(language).count(int(number), unit)
    return [*_words(language).number(number), *([_words(language).unit(unit)] if unit else [])]


def _money(value: str, language: str, unit: str) -> list[Piece | Text]:
    found = re.fullmatch(r"(-?)\s*+([A-Z]{3}|[¥￥$£])?\s*+(-?[0-9.,]+)\s*+([A-Z]{3}|[¥￥$£元])?", value)
    if found is None or (found[2] and found[4]):
        raise InputError(t("{value!r}: not an amount of money; write it like 12.50 CNY", value=value))
    named = found[2] or found[4] or unit
    currency = CURRENCIES.get(named, named)
    if not currency:
        raise InputError(t("{value!r}: which currency is it? Write 12.50 CNY, or name the unit", value=value))
    amount = _decimal(found[1] + found[3], template("an amount like 12.50"))
    if amount != amount.quantize(Decimal("0.01")):
        raise InputError(t("{value!r}: an amount of money has at most two decimals", value=value))
    return [*_words(language).money(int(amount * 100), currency)]


def _telephone(value: str, language: str, unit: str) -> list[Piece | Text]:
    bare = re.sub(r"[ ().\-/]", "", value)
    if not re.fullmatch(r"\+?[0-9]{2,20}", bare):
        raise InputError(t("not a telephone number; write its digits, with + and the country code if it has one"))
    return [*_words(language).telephone(bare), Text(unit)]


def _decimal(value: str, wanted: str) -> Decimal:
    plain = re.sub(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", "", value)
    number = Decimal(plain) if re.fullmatch(r"[+-]?[0-9]{1,24}(\.[0-9]{1,12})?", plain) else None
    if number is None or abs(number) >= LIMIT:
        raise InputError(t("{value!r}: not {wanted}, below a million million", value=value, wanted=t(wanted)))
    return number


def _whole(value: str, least: int) -> int:
    number = _decimal(value, template("a whole number"))
    if number != int(number) or number < least:
        raise InputError(t("{value!r}: not a whole number of {least} or more", value=value, least=least))
    return int(number)


def _day_of(value: str) -> dt.date:
    with contextlib.suppress(ValueError):
        return dt.date.fromisoformat(value[:10])
    try:
        return read_local(value, None).day
    except NotATime:
        raise InputError(t("{value!r}: not a date; write it like 2026-03-05", value=value)) from None


def _clock_of(value: str) -> tuple[int, int]:
    found = re.fullmatch(r"(?:\d{4}-\d{2}-\d{2}[T ])?(\d{1,2}):(\d{2})(?::\d{2}.*)?", value)
    if found is not None and int(found[1]) < 24 and int(found[2]) < 60:
        return int(found[1]), int(found[2])
    if (clock := _written_clock(value)) is None:
        raise InputError(t("{value!r}: not a time of day; write it like 14:30", value=value))
    return clock.hour, clock.minute


def _written_clock(value: str) -> dt.time | None:
    """The time of day, alone or behind a day; None: there is none, or it is one of another zone."""
    try:
        if (found := find_clock(plain(value))) is not None and not found[1]:
            return found[0].time()
        local = read_local(value, None)
    except NotATime:
        return None
    return local.time if local.offset is None else None


_KINDS: dict[str, _Say] = {
    "name": _name,
    "digits": _digits,
    "number": _number,
    "ordinal": lambda value, language, unit: _words(language).ordinal(_whole(value, least=1), unit),
    "count": lambda value, language, unit: _words(language).count(_whole(value, least=0), unit),
    "money": _money,
    "date": lambda value, language, unit: [*_words(language).date(_day_of(value), with_year=True), Text(unit)],
    "day": lambda value, language, unit: [*_words(language).date(_day_of(value), with_year=False), Text(unit)],
    "time": lambda value, language, unit: [*_words(language).time(*_clock_of(value)), Text(unit)],
    "time24": lambda value, language, unit: [*_words(language).time24(*_clock_of(value)), Text(unit)],
    "telephone": _telephone,
}
KINDS = tuple(_KINDS)
