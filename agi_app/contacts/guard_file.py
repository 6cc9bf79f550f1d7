"""From the rows of a file to entries of the guard's lists, or to rejected rows with their reasons.

Columns (capital letters, spaces and hyphens in a title do not matter); any other column is an error, because a misspelt
``until`` would block somebody without end:

=======  ===============  ==============================================================================
number   phone, 号码, 电话 … a number, +8695* (prefix), +861000-+861999 (range) or withheld
what     动作, 名单         allow (放行, 白名单) or block (拦截, 黑名单)
reason   原因, 备注         may be: why; every decision repeats it
until    有效期, 有效期至     may be: the last day (2026-12-31) or the moment (ISO 8601 with an offset) that it holds
line     线路             may be: our number that it is for
=======  ===============  ==============================================================================
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Generator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agi_app.authoring import times_meant
from agi_app.authoring.suggestions import quote, suggest
from agi_app.authoring.written_clock import NotATime
from agi_app.contacts.columns import (
    NUMBER_TITLES,
    Cells,
    Columns,
    RejectedRow,
    find_columns,
    refuse_others,
)
from agi_app.contacts.consent_file import parse_instant
from agi_app.contacts.tables.csv_table import Table
from agi_app.guard.number_patterns import NotAPattern, OnlyABeginning, new_pattern
from agi_app.messages import t
from agi_app.model.phone import shown_number

ALIASES = {
    "number": NUMBER_TITLES,
    "what": ("动作", "名单"),
    "reason": ("原因", "备注"),
    "until": ("有效期", "有效期至"),
    "line": ("线路",),
}
REQUIRED = ("number", "what")
WORDS = {"allow": True, "放行": True, "白名单": True, "block": False, "拦截": False, "黑名单": False}
LONGEST_REASON = 200
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class ListRow:
    """One entry; ``until`` is the moment from which on it holds no more, None: it always does."""

    file_line: int
    pattern: str
    allow: bool
    reason: str
    until: dt.datetime | None
    line: str


@dataclass(frozen=True, slots=True)
class CellFormats:
    """How cells are understood: numbers without a country code, and days."""

    region: str
    zone: str


def parse_guard_list(
    table: Table, how: CellFormats, *, shared: bool = False
) -> Generator[ListRow | RejectedRow, None, None]:
    """Each row as an entry or a rejected row; AuthorError when the header will not do.

    Entries of a ``shared`` list are hints: they let nobody through and are for all lines.
    """
    columns = find_columns(table, ALIASES, REQUIRED, "guard")
    refuse_others(
        table,
        columns,
        "guard/unknown-column",
        lambda title: t(
            "{quote} is not a column of a list{suggest}", quote=quote(title), suggest=suggest(title, ALIASES)
        ),
    )
    return _rows(table, columns, how, shared)


def _rows(
    table: Table, columns: Columns, how: CellFormats, shared: bool
) -> Generator[ListRow | RejectedRow, None, None]:
    seen: dict[tuple[str, str], int] = {}  # numbers and line -> where they stood first
    for row in table.rows():
        cells = Cells(row, columns)
        if (entry := _read(cells, row.line, how)) is not None and shared and (entry.allow or entry.line):
            cells.fault(
                "what", "guard/shared", t("a shared list only blocks, and for all lines: leave out allow and line")
            )
        if entry is not None:
            first = seen.setdefault((entry.pattern, entry.line), row.line)
            if first != row.line:
                cells.fault(
                    "number", "guard/twice", t("is also in line {first}; keep the one that you mean", first=first)
                )
        yield cells.rejected() if entry is None or cells.faulty else entry


def _read(cells: Cells, file_line: int, how: CellFormats) -> ListRow | None:
    """None after a fault."""
    if not cells.readable:
        return None
    pattern, until = _pattern(cells, how), _until(cells, how)
    if (allow := WORDS.get(cells.text("what").casefold())) is None:
        cells.fault(
            "what",
            "guard/what",
            t("{quote} is neither allow nor block{meant}", quote=quote(cells.text("what")), meant=_meant(cells)),
        )
    reason = cells.text("reason")
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        cells.fault(
            "reason",
            "guard/reason",
            t("must be one line of {longest_reason} characters at most", longest_reason=LONGEST_REASON),
        )
    if cells.faulty or pattern is None or allow is None:
        return None
    return ListRow(file_line, pattern, allow, reason, until, cells.text("line"))


_BLOCKED = ("ban", "banned", "deny", "reject", "blacklist", "blocked", "refuse", "黑", "拉黑", "屏蔽", "拒绝", "禁止")
_ALLOWED = ("permit", "allowed", "accept", "whitelist", "pass", "ok", "白", "允许", "通过", "信任")


def _meant(cells: Cells) -> str:
    small = cells.text("what").casefold()
    return t("; write block") if small in _BLOCKED else t("; write allow") if small in _ALLOWED else ""


def _pattern(cells: Cells, how: CellFormats) -> str | None:
    if not (text := cells.text("number")):
        cells.fault("number", "guard/number", t("is empty"))
    elif cells.unspoilt("number", "guard/number"):
        try:
            return new_pattern(text.lstrip("'"), how.region or None)
        except OnlyABeginning as error:
            cells.fault("number", "guard/number", str(error))
        except NotAPattern:
            ways = t(
                "is not a number, a prefix (+8695*), a range (+861000-+861999, as many digits on both sides) or"
                " withheld"
            )
            cells.fault("number", "guard/number", f"{quote(shown_number(text))} {ways}")
    return None


def _until(cells: Cells, how: CellFormats) -> dt.datetime | None:
    """A day holds to its end, in the guard's time zone."""
    if not (text := cells.text("until")):
        return None
    try:
        if _DAY.fullmatch(text):
            day = dt.date.fromisoformat(text) + dt.timedelta(days=1)
            return dt.datetime.combine(day, dt.time(), ZoneInfo(how.zone)).astimezone(dt.UTC)
        return parse_instant(text)
    except (NotATime, ValueError, OverflowError) as error:
        moment = isinstance(error, NotATime) and times_meant.moments(text) and not times_meant.days(text)
        why = str(error) if moment else t("is not a day; {write_day}", write_day=times_meant.write_day(text))
        cells.fault("until", "guard/until", f"{quote(text)} {why}")
        return None
