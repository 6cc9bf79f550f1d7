"""``zone``, ``starts``, ``ends`` and ``due`` of a campaign's file: when it runs, and when its contacts are due.

What is written is the time of clocks in the campaign's ``zone``; what is kept are instants. The zone may be left out
where all countries of the campaign have the same one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from agi_app.authoring import country_and_zone_names, times_meant
from agi_app.authoring.schema import Authored, duration_within
from agi_app.authoring.suggestions import quote
from agi_app.authoring.synonyms import example
from agi_app.authoring.yaml_lines import Document
from agi_app.errors import AuthorError, Problem
from agi_app.messages import spoken, t, template
from agi_app.model.campaign import Due
from agi_app.model.phone import only_zone

MOST_POINTS = 6
LEAST_BEFORE, MOST_BEFORE = dt.timedelta(minutes=10), dt.timedelta(days=60)
YEARS = range(2000, 2101)
NORTH_AMERICA = frozenset(("US", "CA"))

_STARTS = template("write starts: 2026-03-10, or with a time of day starts: 2026-03-10 09:00")
_ENDS = template("write ends: 2026-03-31, which includes that day, or with a time of day ends: 2026-03-31 18:00")
_DATES = template("write starts: and ends: with a day each; for a time of each contact write due:")
_DUE = template("write due: {before: contact.appointment, at: [48h, 3h]}, with the column that has the time")
_COLUMN = template("write it into this column of the contacts, for each of them")
_ZONE = template("write zone: Europe/Berlin; it is of starts, ends and the contacts' times, calls go by the callee's")
_NOT_IN_WINDOW = template("a window has days of the week: write starts: and ends: beside window, not in it")


_OTHERS = (  # keys that people expect, alone or with a unit behind them, and what there is
    ("start begin begins launch valid_from starting 开始 开始日期 开始时间", _STARTS),
    ("end stop until expires deadline ending valid_until 结束 结束日期 结束时间 截止 截止日期", _ENDS),
    ("schedule date dates 日期", _DATES),
    ("due remind reminder reminders appointment appointments call_at lead_time", _DUE),
    ("提醒 提醒时间 预约 预约时间 呼叫时间", _DUE),
    ("not_before not_after preferred_hours", _COLUMN),
    ("timezone time_zone tz utc_offset 时区", _ZONE),
)
ELSEWHERE: Mapping[str, str] = {
    key: told
    for words, told in _OTHERS
    for word in words.split()
    for key in (word, *(f"{word}_{unit}" for unit in ("date", "day", "at", "on", "time")), f"{word}s_at")
    if key != "due"
}
IN_WINDOW = {key: _NOT_IN_WINDOW for key in ELSEWHERE if "date" in key or "日期" in key}


def _zone(value: object) -> object:
    if isinstance(value, str) and country_and_zone_names.is_zone(value):
        return value
    context = {"found": quote(value), "how": country_and_zone_names.zone_meant(str(value))}
    raise PydanticCustomError("campaign/zone", spoken("{found} is not a time zone{how}"), context)


_WRITTEN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}))?")


def _moment(value: object) -> dt.date:
    """A day, or a day with a time of day (``datetime`` without a zone)."""
    if isinstance(value, str) and (found := _WRITTEN.fullmatch(value)):
        try:
            day = dt.date.fromisoformat(found[1])
            moment = dt.datetime.combine(day, dt.time.fromisoformat(found[2])) if found[2] else day
        except ValueError:
            pass
        else:
            if day.year in YEARS:
                return moment
    context = {"found": quote(value), "how": _meant(value)}
    raise PydanticCustomError(
        "campaign/date", spoken("{found} is not a day, nor a day with a time of day; {how}"), context
    )


def _meant(value: object) -> str:
    """What to write for a day, with or without a time of day."""
    moments = dict.fromkeys(f"{found[:10]} {found[11:16]}" for found in times_meant.moments(value, any_zone=True))
    if any(int(found[:4]) not in YEARS for found in moments):
        return t("write a year from {first} to {last}", first=YEARS[0], last=YEARS[-1])
    if str(value)[10:].strip() == "24:00":
        return t("midnight is 00:00 of the next day; ends: with a day alone includes all of that day")
    if times_meant.days(value) or not moments:
        return times_meant.write_day(value, "2026-03-31")
    written = t(" or ").join(moments)
    if len(moments) > 1:
        return t("this can mean two days; write {found}", found=written)
    return t("write {found}, which is a time in the campaign's zone, without seconds and offset", found=written)


OWN_COLUMNS = frozenset(
    [
        "external_id",
        "number",
        "person_id",
        "language",
        "not_before",
        "not_after",
        "preferred_hours",
        "status",
        "priority",
    ]
)
_NAMED = re.compile(r"[^\W\d]\w{0,63}")


def _column(value: object) -> str:
    """The column of ``contact.COLUMN``."""
    name = value.strip().strip("{}").removeprefix("contact.") if isinstance(value, str) else ""
    if value != f"contact.{name}" or not _NAMED.fullmatch(name):
        right = f"contact.{name}" if _NAMED.fullmatch(name) else "contact.appointment"
        context = {"found": quote(value), "right": right}
        message = spoken("{found} is no column of the contacts; write {right}")
        raise PydanticCustomError("campaign/due", message, context)
    if name.casefold() in OWN_COLUMNS or re.fullmatch("number_[0-9]", name.casefold()):
        message = spoken('the column "{name}" has its own meaning, and no time of an appointment; name another')
        raise PydanticCustomError("campaign/due-column", message, {"name": name})
    return name


def _distinct(lengths: list[dt.timedelta]) -> list[dt.timedelta]:
    for place, one in enumerate(lengths):
        if one in lengths[:place]:
            message = t("this is the same length as another one here; remove one of the two")
            raise PydanticCustomError("campaign/due", message, {"at": (place,)})
    return lengths


Zone = Annotated[str | None, BeforeValidator(_zone)]  # so that an empty key is a fault
Moment = Annotated[
    Any,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-[01][0-9]-[0-3][0-9]([ T][0-2][0-9]:[0-5][0-9])?$"}),
]
Column = Annotated[
    str, BeforeValidator(_column), WithJsonSchema({"type": "string", "pattern": r"^contact\.[\p{L}_][\p{L}\p{N}_]*$"})
]
Before = Annotated[
    dt.timedelta, duration_within(LEAST_BEFORE, MOST_BEFORE, template("{found} is not within 10m to 60d"))
]


class DueFile(Authored):
    """``due``: at which points of time before that of a column a contact is due."""

    ELSEWHERE: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(
            ("after", "之后"),
            template("a contact is due before a time or at it; for another time write another column that has it"),
        ),
        **dict.fromkeys(("times", "points", "when", "hours", "lead", "提前", "时间"), template("write at: [48h, 3h]")),
        **dict.fromkeys(("column", "field", "on", "列"), template("write before: contact.appointment")),
    }

    before: Column
    at: Annotated[list[Before], Field(min_length=1, max_length=MOST_POINTS), AfterValidator(_distinct)]

    def parsed(self) -> Due:
        """As the model has it, the earliest point first."""
        return Due(self.before, tuple(sorted(self.at, reverse=True)))


def _short(value: object) -> object:
    """``due: contact.call_at`` is the whole of it; nothing at all is a slip."""
    if isinstance(value, str):
        return DueFile.model_construct(before=_column(value), at=[])
    if isinstance(value, dict | DueFile):
        return value
    context = {"found": quote(value), "right": example("due")}
    message = spoken("{found} does not say when contacts are due; write {right}, or due: contact.call_at")
    raise PydanticCustomError("campaign/due", message, context)


DuePart = Annotated[DueFile | None, BeforeValidator(_short)]


@dataclass(frozen=True, slots=True)
class Dates:
    """The zone in force, None where it cannot be told and nothing needs it; and when the campaign begins and is over.

    Both instants are in UTC; the campaign calls nobody at ``ends`` itself.
    """

    zone: str | None
    starts: dt.datetime | None
    ends: dt.datetime | None


def dates_of(written: Any, document: Document) -> Dates:
    """The instants that a file's ``starts`` and ``ends`` mean; AuthorError with every fault.

    ``written`` is the whole CampaignFile.
    """
    zones = {country: only_zone(country) for country in written.jurisdictions}
    zone = written.zone or (next(iter(zones.values())) if len({*zones.values()}) == 1 else None)
    needing = [key for key in ("due", "starts", "ends") if getattr(written, key) is not None]
    if zone is None:
        if needing:
            message = _no_zone(needing[0], zones)
            raise AuthorError(document.problem((needing[0],), "campaign/zone", message))
        return Dates(None, None, None)
    faults: list[Problem] = []
    found: dict[str, dt.datetime | None] = {}
    for key in ("starts", "ends"):
        try:
            found[key] = _instant(getattr(written, key), ZoneInfo(zone), whole_day=key == "ends")
        except NoSuchTime as error:
            faults.append(document.problem((key,), "campaign/date", f"{key}: {error}"))
    starts, ends = found.get("starts"), found.get("ends")
    if starts is not None and ends is not None and ends <= starts:
        message = t("ends: must be later than starts; a day alone means until its end")
        faults.append(document.problem(("ends",), "campaign/ends-before-starts", message))
    if faults:
        raise AuthorError(*faults)
    return Dates(zone, starts, ends)


class NoSuchTime(ValueError):
    """A time that clocks there do not show, or show twice."""


def _instant(written: dt.date | None, zone: ZoneInfo, *, whole_day: bool) -> dt.datetime | None:
    """When it is that time there, in UTC; of a day alone its begin, or with ``whole_day`` its end."""
    if written is None:
        return None
    if not isinstance(written, dt.datetime):
        day = written + dt.timedelta(days=1) if whole_day else written
        return dt.datetime.combine(day, dt.time.min, zone).astimezone(dt.UTC)
    first, second = (written.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    if first == second:
        return first
    shown, name = f"{written:%Y-%m-%d %H:%M}", zone.key
    if first.astimezone(zone).replace(tzinfo=None) == written:
        told = t(
            "{shown} comes twice in {name}, where clocks go back then; write an earlier or a later time",
            shown=shown,
            name=name,
        )
    else:
        told = t(
            "{shown} does not exist in {name}, where clocks go forward then; write an earlier or a later time",
            shown=shown,
            name=name,
        )
    raise NoSuchTime(told)


def _no_zone(key: str, zones: Mapping[str, str | None]) -> str:
    """What to write where countries (each with its one zone, None: several or not known) have no single one."""
    named = sorted({zone for zone in zones.values() if zone is not None})
    usual = "America/New_York" if NORTH_AMERICA & zones.keys() else "Europe/Berlin"
    known = t(" or ").join(f"zone: {name}" for name in named)
    return t(
        "{key}: needs a zone, and there is no single one in {countries}; write {right}",
        key=key,
        countries=t(" and ").join(zones),
        right=t("your own, as in zone: {usual}", usual=usual) if None in zones.values() else known,
    )
