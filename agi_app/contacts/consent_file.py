"""From the rows of a consent file to consents, or to rejected rows with their reasons.

Columns (capital letters, spaces and hyphens in a title do not matter); any other column is an
error, because a misspelt ``expires`` would turn a consent for a year into one for ever:

========  ============================  ==========================================================
number    号码, 电话, 电话号码, 手机, 手机号  whose consent it is
purpose   用途, 目的                     transactional, survey or marketing
wording   同意内容, 原文, 措辞            the exact text that the person saw or heard
method    方式, 同意方式                  how it was given: web form, signed paper, recorded call …
time      时间, 同意时间                  when it was given
source    来源                          the system or list that it comes from
language  语言                          may be: the language of the wording
evidence  证据, 凭证                     may be: reference or hash of the proof
expires   有效期, 有效期至, 到期时间        may be: from when on it does not count any more
========  ============================  ==========================================================

Times are ISO 8601 with an offset or Z (2026-01-05T12:00:00+08:00); a plain date (2026-01-05) is the
start of that day in UTC. A date-time without an offset is refused: nobody could say when it was.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Generator

from agi_app.contacts.columns import LANGUAGE, Cells, Columns, RejectedRow, find_columns
from agi_app.contacts.table import Row, Table
from agi_app.errors import AuthorError, Problem
from agi_app.model.campaign import Purpose
from agi_app.model.person import Consent
from agi_app.yaml_lines import quote, suggest

ALIASES = {
    "number": ("号码", "电话", "电话号码", "手机", "手机号"),
    "purpose": ("用途", "目的"),
    "wording": ("同意内容", "原文", "措辞"),
    "method": ("方式", "同意方式"),
    "time": ("时间", "同意时间"),
    "source": ("来源",),
    "language": ("语言",),
    "evidence": ("证据", "凭证"),
    "expires": ("有效期", "有效期至", "到期时间"),
}
REQUIRED = ("number", "purpose", "wording", "method", "time", "source")
PURPOSES = (Purpose.TRANSACTIONAL, Purpose.SURVEY, Purpose.MARKETING)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)?([Zz]|[+-]\d{2}(:?\d{2})?)?")
_WRITE = "write 2026-01-05T12:00:00+08:00, or …Z for UTC"


class NotATime(ValueError):
    """The text is no instant; the message says why, and what to write."""


def consent_columns(table: Table) -> Columns:
    """The columns of a consent file; AuthorError when one is missing or is none of ours."""
    columns = find_columns(table, ALIASES, REQUIRED, "consent")
    problems = [
        Problem(table.file, *table.header_row.position(index), "consent/unknown-column", _unknown(title))
        for title, index in columns.others.items()
    ]
    if problems:
        raise AuthorError(*problems)
    return columns


def parse_consents(
    table: Table, region: str | None, entered_by: str, now: dt.datetime
) -> Generator[Consent | RejectedRow, None, None]:
    """Each row of the file as a consent or a rejected row, in the file's order.

    ``region`` reads numbers without a country code; ``now`` (aware) is what no consent may be later than.
    """
    columns = consent_columns(table)
    return (_consent(row, columns, region, entered_by, now) for row in table.rows())


def parse_instant(text: str) -> dt.datetime:
    """An ISO 8601 instant in UTC; a plain date is the start of that day in UTC. Raises NotATime."""
    if not _DATE.fullmatch(text) and not _DATE_TIME.fullmatch(text):
        raise NotATime(f"is no ISO 8601 date and time; {_WRITE}")
    try:
        found = dt.datetime.fromisoformat(text.upper())
        if _DATE.fullmatch(text):
            found = found.replace(tzinfo=dt.UTC)
        utc = found.astimezone(dt.UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        raise NotATime(f"is no date and time that exists; {_WRITE}") from None
    if utc is None:
        raise NotATime(f"has no UTC offset, so nobody can say when it was; {_WRITE}")
    return utc


def _unknown(title: str) -> str:
    hint = suggest(title, ALIASES)
    reason = f"{quote(title)} is not a column of a consent file{hint}"
    return reason if "did you mean" in hint else f"{reason}; delete the column"


def _consent(
    row: Row, columns: Columns, region: str | None, entered_by: str, now: dt.datetime
) -> Consent | RejectedRow:
    cells = Cells(row, columns)
    if not cells.readable:
        return cells.rejected()
    number = cells.number("consent/number", region)
    purpose = _purpose(cells)
    for name in ("wording", "method", "source"):
        if not cells.text(name):
            cells.fault(name, f"consent/{name}", "is empty; without it this is no proof of consent")
    given = _time(cells, now)
    expires = _expires(cells, given)
    language = cells.text("language").replace("_", "-") or None
    if language and not LANGUAGE.fullmatch(language):
        cells.fault("language", "consent/language", f"{quote(language)} is no language tag such as zh-CN or en")
    if number is None or purpose is None or given is None or cells.faulty:
        return cells.rejected()
    return Consent(
        number=number.e164,
        purpose=purpose,
        wording=cells.exact("wording"),
        method=cells.text("method"),
        given_at=given,
        source=cells.text("source"),
        language=language,
        evidence=cells.text("evidence") or None,
        expires_at=expires,
        entered_by=entered_by,
    )


def _purpose(cells: Cells) -> Purpose | None:
    found = cells.text("purpose")
    if found.lower() in PURPOSES:
        return Purpose(found.lower())
    if not found:
        reason = f"is empty; write one of {', '.join(PURPOSES)}"
    elif found.lower() == Purpose.REHEARSAL:
        reason = "cannot be rehearsal: those calls go only to proved numbers of your own staff and need no consent"
    else:
        reason = f"{quote(found)} is no purpose{suggest(found.lower(), PURPOSES)}"
    cells.fault("purpose", "consent/purpose", reason)
    return None


def _time(cells: Cells, now: dt.datetime) -> dt.datetime | None:
    found = cells.text("time")
    if not found:
        cells.fault("time", "consent/time", f"is empty; {_WRITE}")
        return None
    try:
        given = parse_instant(found)
    except NotATime as error:
        cells.fault("time", "consent/time", f"{quote(found)} {error}")
        return None
    if given > now:
        present = f"{now.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
        cells.fault("time", "consent/time", f"{quote(found)} is in the future (now it is {present})")
        return None
    return given


def _expires(cells: Cells, given: dt.datetime | None) -> dt.datetime | None:
    found = cells.text("expires")
    if not found:
        return None
    try:
        expires = parse_instant(found)
    except NotATime as error:
        cells.fault("expires", "consent/expires", f"{quote(found)} {error}")
        return None
    if given is not None and expires <= given:
        cells.fault("expires", "consent/expires", f"{quote(found)} is not after the time of the consent")
    return expires
