"""What the columns of a contacts file say of time: when a contact is due, when to call, in which order, whether at all.

===============  ======================  ==========================================================================
column           also called             what it says
===============  ======================  ==========================================================================
the one that the campaign's ``due``      the appointment, or when to call: a date with a time of day; must be there
names
not_before       最早时间, 最早呼叫时间    nobody is called before; a day alone: from its beginning
not_after        最晚时间, 最晚呼叫时间,   nobody is called from then on; a day alone: until its end
                 截止时间
preferred_hours  方便时间, 方便接听时间    hours of the person (``preferred_hours``), which only narrow
priority         优先级                   0 to 9, 9 first; high/高, normal/中, low/低 are 8, 5, 2; empty: 0, the last
status           状态                     active/正常: to be called; cancelled/已取消: not; empty: as it was
===============  ======================  ==========================================================================

Each stays a field of the contact as well, so that a flow which reads it says what it said; the time of ``due`` in the
form that ``say`` reads. A time or a status that nobody can read rejects its row; a priority does not, since it changes
only the order.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from agi_app.authoring.day_orders import writing_alike
from agi_app.authoring.suggestions import quote
from agi_app.authoring.written_clock import NotATime
from agi_app.authoring.written_times import WrittenTime, WrongOrder, read_time
from agi_app.contacts.columns import Cells, Columns
from agi_app.contacts.preferred_hours import NotHours, read_hours
from agi_app.contacts.tables.csv_table import Table
from agi_app.errors import AuthorError, Problem
from agi_app.messages import t
from agi_app.model.campaign import Campaign, Due, Window
from agi_app.model.contact_times import NO_TIMES, Times
from agi_app.model.phone import only_zone, shown_text
from agi_app.printable import count_of

EVENT = "due"  # among the known columns, the one that the campaign's ``due`` names
ALIASES = {
    "not_before": ("最早时间", "最早呼叫时间"),
    "not_after": ("最晚时间", "最晚呼叫时间", "截止时间"),
    "preferred_hours": ("方便时间", "方便接听时间"),
    "priority": ("优先级",),
    "status": ("状态",),
}
ACTIVE = (
    *("active", "ok", "normal", "open", "valid", "booked", "scheduled", "confirmed", "planned", "rescheduled"),
    *("正常", "有效", "预约", "已预约", "已确认", "待呼叫", "改期", "已改期"),
)
CANCELLED = (
    *("cancelled", "canceled", "cancel", "deleted", "removed", "inactive", "void", "called off"),
    *("已取消", "取消", "作废", "已作废", "删除", "已删除", "停用", "无效"),
)
_STOPS = frozenset(
    ("stop", "stopped", "opted out", "opt out", "unsubscribed", "do not call", "dnc", "退订", "拒绝", "停呼")
)
_PRIORITIES = {
    **{str(n): n for n in range(10)},
    **dict.fromkeys(("high", "urgent", "高", "紧急"), 8),
    **dict.fromkeys(("normal", "medium", "中", "普通", "一般"), 5),
    **dict.fromkeys(("low", "低"), 2),
}
_LIKE_A_DATE = re.compile(
    r"([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4})(?![0-9])(?!.*[0-9]{5})"
)
_NO_TIME = frozenset(("-", "--", "/", "n/a", "none", "null", "无"))  # as empty
FARTHEST = dt.timedelta(days=2 * 366)
NIGHT_ENDS = 6  # o'clock: nobody has an appointment before


@dataclass(frozen=True, slots=True)
class TimeColumns:
    """What the times of a file are read by."""

    zone: ZoneInfo | None = None  # of times without an offset; None: those are refused
    region: str | None = None  # ISO 3166 alpha-2: whose order 3/4/2026 has; None: that is refused
    due: Due | None = None
    now: dt.datetime | None = None  # aware, rules time; None: nothing is too far away or over

    @classmethod
    def of(cls, campaign: Campaign, now: dt.datetime) -> TimeColumns:
        """As the campaign says; without its ``zone`` the only one of all its jurisdictions.

        Its region gives the order of dates, else its jurisdictions where all have one.
        """
        zones = {only_zone(region) for region in campaign.jurisdictions}
        name = campaign.zone or (zones.pop() if len(zones) == 1 else None)
        region = campaign.region or writing_alike(campaign.jurisdictions)
        return cls(ZoneInfo(name) if name else None, region, campaign.due, now)

    def read_with(self) -> str:
        """The same for files that are read in the same way."""
        return repr((str(self.zone), self.region, self.due))


@dataclass(frozen=True, slots=True)
class OfficeWord:
    """What one row says beside number and fields."""

    times: Times
    priority: int = 0
    cancelled: bool | None = None  # None: it does not say
    unread: str = ""  # the priority, when nobody can tell what it is
    said: str = ""  # the time of `due` in the form that `say` reads, where the list has another one


_SILENT = OfficeWord(NO_TIMES)
_SAYABLE = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}(:\d{2})?", re.ASCII
)  # `say … as: date` and `as: time` read it


class TimeReader:
    """Reads the time columns of one file; afterwards it knows what is to be said of all of them."""

    def __init__(self, by: TimeColumns, columns: Columns) -> None:
        self._by = by
        self._silent = not {EVENT, *ALIASES}.intersection(columns.known)
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}  # of those, whom or what to name
        self._doubtful: dict[str, tuple[int, int]] = {}  # column -> a date whose order only the region told
        self._turned: dict[str, tuple[int, int]] = {}  # column -> a spreadsheet's date that may have been turned
        self._sure: set[str] = set()  # columns with a spreadsheet's date whose day is over 12
        self._other_order: dict[str, tuple[int, int]] = {}  # column -> a date in the other order than the region's
        self._texts: dict[str, tuple[int, int]] = {}  # column -> a text such as 3/14/2026
        self._hours = lru_cache(1000)(read_hours)

    def read(self, cells: Cells) -> OfficeWord:
        """What a row says; faults are those of ``cells``. The times of a cancelled contact need not be readable."""
        if self._silent:
            return _SILENT
        cancelled, text = self._cancelled(cells), cells.text("priority")
        priority = _PRIORITIES.get(_plain(text)) if text else 0
        unread = text if priority is None else ""
        if cancelled:
            event, begin, end = (self._if_readable(cells, name) for name in (EVENT, "not_before", "not_after"))
            return OfficeWord(Times(event, begin, end), priority or 0, True, unread)
        event = self._event(cells)
        earliest, latest = self._at(cells, "not_before"), self._at(cells, "not_after")
        begin, end = (earliest.at if earliest else None), (latest.until if latest else None)
        times = Times(event, begin, end, self._preferred(cells))
        self._judge(cells, times)
        return OfficeWord(times, priority or 0, cancelled, unread, self._said(cells, event))

    def _said(self, cells: Cells, event: dt.datetime | None) -> str:
        if event is None or _SAYABLE.fullmatch(cells.text(EVENT)):
            return ""
        return f"{event if self._by.zone is None else event.astimezone(self._by.zone):%Y-%m-%d %H:%M}"

    def took(self, external_id: str, found: OfficeWord) -> None:
        """The row became a contact: count what the import has to tell."""
        if found is _SILENT:
            return
        if found.unread:
            self._count("priority", quote(shown_text(found.unread)))
        who = shown_text(external_id)
        if found.cancelled:
            self._count("cancelled", who)
            return
        due, times, now = self._by.due, found.times, self._by.now
        last = times.not_after or (times.event if due is not None and due.before else None)
        if now is not None and last is not None and last <= now:
            self._count("over", who)
        zone = self._by.zone
        if times.event is not None and zone is not None and times.event.astimezone(zone).hour < NIGHT_ENDS:
            self._count("night", who)

    def _count(self, what: str, first: str) -> None:
        self._counts[what] += 1
        self._first.setdefault(what, first)

    def notes(self) -> tuple[str, ...]:
        """What the user should know of the rows that were read."""
        return tuple(self._told())

    def _told(self) -> Iterator[str]:
        counts, first = self._counts, self._first
        if many := counts["cancelled"]:
            who = count_of(many, "contact is cancelled", "contacts are cancelled")
            yield t("{who} ({first} is the first): imported, and not called", who=who, first=first["cancelled"])
        if many := counts["over"]:
            who = count_of(many, "contact has a time that is over", "contacts have times that are over")
            yield t("{who} ({first} is the first): imported, and never called", who=who, first=first["over"])
        if many := counts["night"]:
            who = count_of(many, "contact has a time at night", "contacts have times at night")
            yield t(
                "{who}, before 06:00 ({first} is the first): is the time of day, or PM, missing?",
                who=who,
                first=first["night"],
            )
        if many := counts["priority"]:
            who = count_of(many, "priority is not read", "priorities are not read")
            yield t(
                "{who} ({first} is the first): taken as 0, after all others; write 0 to 9, or high, normal, low",
                who=who,
                first=first["priority"],
            )

    def check(self, table: Table) -> None:
        """After the last row: AuthorError when the dates of a column contradict each other in their order."""
        for name, place in self._other_order.items():
            if name in self._doubtful:
                raise mixed_orders(table, place, self._doubtful[name])
        for name, place in (self._texts | self._other_order).items():
            if name in self._turned and name not in self._sure:
                raise _turned(table, place, self._turned[name])

    def _if_readable(self, cells: Cells, name: str) -> dt.datetime | None:
        if not cells.has(name):
            return None
        try:
            found = read_time(cells.text(name), self._by.zone, self._by.region)
        except NotATime:
            return None
        return found.until if name == "not_after" else found.at

    def _event(self, cells: Cells) -> dt.datetime | None:
        if not cells.has(EVENT):
            return None
        if not cells.text(EVENT):
            cells.fault(EVENT, "contacts/time", t("is empty; write the date and the time, as in 2026-03-05 14:30"))
            return None
        if (found := self._at(cells, EVENT)) is None:
            return None
        if found.whole_day:
            told = t(
                "{quote} has no time of day; write it behind the date, as in 2026-03-05 14:30",
                quote=_shown(cells.text(EVENT)),
            )
            cells.fault(EVENT, "contacts/time", told, parted=True)
        self._refuse_far(cells, EVENT, found.at)
        return found.at

    def _at(self, cells: Cells, name: str) -> WrittenTime | None:
        """The time in a column; None without one, and after a fault."""
        if not cells.has(name) or not (text := cells.text(name)) or (name != EVENT and text.lower() in _NO_TIME):
            return None
        try:
            found = read_time(text, self._by.zone, self._by.region)
        except NotATime as error:
            if isinstance(error, WrongOrder):
                self._other_order.setdefault(name, cells.place(name))
            cells.fault(name, "contacts/time", f"{_shown(text)} {error}", parted=True)
            return None
        self._note_order(cells, name, found)
        if name == "not_before":
            self._refuse_far(cells, name, found.at)
        return found

    def _note_order(self, cells: Cells, name: str, found: WrittenTime) -> None:
        """Remember what a date shows of the order in which its column is written."""
        if found.by_order:
            self._doubtful.setdefault(name, cells.place(name))
        elif found.by_size:
            self._texts.setdefault(name, cells.place(name))
        elif cells.from_spreadsheet(name) and self._by.zone is not None:
            day = found.at.astimezone(self._by.zone)
            if day.day > 12:
                self._sure.add(name)
            elif day.day != day.month:
                self._turned.setdefault(name, cells.place(name))

    def _refuse_far(self, cells: Cells, name: str, at: dt.datetime) -> None:
        if self._by.now is not None and at > self._by.now + FARTHEST:
            told = t(
                "{quote} is more than two years away; correct it, or import it later", quote=_shown(cells.text(name))
            )
            cells.fault(name, "contacts/time", told, parted=True)

    def _judge(self, cells: Cells, times: Times) -> None:
        """Faults of times that leave no moment for a call."""
        begin, end, event, due = times.not_before, times.not_after, times.event, self._by.due
        appointment = due is not None and bool(due.before)
        if begin is not None and end is not None and begin >= end:
            self._leaves_none(cells, "not_after", t("is not after not_before: nobody could be called"))
        instant = event is not None and event == begin and not (appointment and end is None)
        if begin is not None and event is not None and event <= begin and not instant:
            self._leaves_none(cells, EVENT, t("is not after not_before: nobody could be called"))
        if end is not None and event is not None and end <= event and not appointment:
            self._leaves_none(cells, "not_after", t("is not after the time to call: nobody could be called"))

    def _leaves_none(self, cells: Cells, name: str, why: str) -> None:
        cells.fault(name, "contacts/time", f"{_shown(cells.text(name))} {why}", parted=True)

    def _preferred(self, cells: Cells) -> tuple[Window, ...]:
        if not cells.has("preferred_hours") or not (text := cells.text("preferred_hours")) or text.lower() in _NO_TIME:
            return ()
        try:
            return self._hours(text)
        except NotHours as error:
            cells.fault("preferred_hours", "contacts/hours", f"{quote(shown_text(text))} {error}", parted=True)
            return ()

    def _cancelled(self, cells: Cells) -> bool | None:
        """None: the row does not say, so that one who was cancelled before stays so."""
        found = _plain(text := cells.text("status"))
        if not found or found in ACTIVE or found in CANCELLED:
            return found in CANCELLED if found else None
        if found in _STOPS:
            told = t(
                "{quote} is no status of a list: record a stop of the person (agi-app stop), which ends all calls",
                quote=quote(text),
            )
        else:
            told = t(
                "{quote} is no status that is known: write active (also ok, booked, 正常, 预约) or cancelled (also"
                " deleted, 已取消, 作废); if the column says something else, give it another title",
                quote=quote(shown_text(text)),
            )
        cells.fault("status", "contacts/status", told)
        return None


def _shown(text: str) -> str:
    """For messages: a date as it is, what may be a telephone number with its middle hidden."""
    return quote(text if _LIKE_A_DATE.match(text) else shown_text(text))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("_", " ").replace("-", " ").split())


def mixed_orders(table: Table, place: tuple[int, int], other: tuple[int, int]) -> AuthorError:
    """For two dates of one column (line and column of each): the first contradicts the region's order."""
    told = t(
        "this date has day and month in another order than the campaign's region, and that on line {line} can be read"
        " in both: write all as in 2026-03-05; nothing was imported",
        line=other[0],
    )
    return AuthorError(Problem(table.file, *place, "contacts/date-order", told))


def _turned(table: Table, place: tuple[int, int], other: tuple[int, int]) -> AuthorError:
    told = t(
        "this date is text, and that in row {line} is a date of the spreadsheet, which may have exchanged day and month"
        " when it read them: write all as in 2026-03-05; nothing was imported",
        line=other[0],
    )
    return AuthorError(Problem(table.file, *place, "contacts/date-order", told))
