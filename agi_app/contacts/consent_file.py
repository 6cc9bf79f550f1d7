"""From the rows of a consent file to consents, or to rejected rows with their reasons.

Columns (capital letters, spaces and hyphens in a title do not matter); any other column is an
error, because a misspelt ``expires`` would turn a consent for a year into one without end:

=============  ============================  =========================================================
number         phone, mobile, tel, 电话, 手机 …   whose consent it is
purpose        用途, 目的                     transactional, survey or marketing; also 事务类, 调查, 营销
wording        同意内容, 原文, 措辞            the exact text that the person saw or heard, or instead of it
wording_id     同意内容编号, 话术编号          a registered text, NAME/VERSION, in the language of the row
method         方式, 同意方式                  how it was given: web form, signed paper, recorded call …
time           时间, 同意时间                  when it was given
source         来源                          the system or list that it comes from
language       语言                          may be: the language of the wording
seller         商家, 主体                     may be: on whose behalf the calls are
evidence       证据, 凭证                     may be: reference or hash of the proof
evidence_file  证据文件, 凭证文件              may be: a file of the evidence folder, which is kept encrypted
expires        有效期, 有效期至, 到期时间        may be: from when on it no longer counts
person_id      人员编号, 客户编号              may be: your own id of the person; one person's numbers share it
=============  ============================  =========================================================

Times are ISO 8601 with an offset or Z (2026-01-05T12:00:00+08:00). A plain date (2026-01-05, also 2026/1/5 and
2026年1月5日) is the first moment of that day where the number is, or in UTC when that is earlier: a refusal of the same
day is never earlier. From a feed it is refused, as a date-time without an offset is everywhere: nobody could say when
it was.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from agi_app.authoring import times_meant
from agi_app.authoring.empty_words import is_nothing, points_elsewhere
from agi_app.authoring.suggestions import quote, suggest
from agi_app.authoring.written_clock import NotATime, plain
from agi_app.authoring.written_times import read_local
from agi_app.contacts.columns import (
    CODE_TITLE,
    LANGUAGE,
    NUMBER_TITLES,
    Cells,
    Columns,
    RejectedRow,
    find_columns,
    refuse_others,
)
from agi_app.contacts.consent_proof import Proofs, evidence_of, wording_of
from agi_app.contacts.tables.csv_table import Row, Table
from agi_app.errors import InputError
from agi_app.messages import spoken, t
from agi_app.model.campaign import Purpose
from agi_app.model.person import Consent

ALIASES = {
    "number": NUMBER_TITLES,
    "purpose": ("用途", "目的"),
    "wording": ("同意内容", "原文", "措辞"),
    "method": ("方式", "同意方式"),
    "time": ("时间", "同意时间"),
    "source": ("来源",),
    "wording_id": ("同意内容编号", "话术编号"),
    "language": ("语言",),
    "seller": ("商家", "主体"),
    "evidence": ("证据", "凭证"),
    "evidence_file": ("证据文件", "凭证文件"),
    "expires": ("有效期", "有效期至", "到期时间"),
    "person_id": ("人员编号", "客户编号"),
}
REQUIRED = ("number", "purpose", "method", "time", "source")
_TOLD = {
    "method": "write how it was given, such as web form or signed form",
    "source": "write where it comes from, such as website or reception desk",
}
OF_FEEDS = ("number", "method", "time", "source", "language", "evidence", "expires")  # columns of a feed of consents
MUST_OF_FEEDS = ("number", "method", "time", "evidence")
NO_PROOFS = Proofs()
PURPOSES = (Purpose.TRANSACTIONAL, Purpose.SURVEY, Purpose.MARKETING)
_CHINESE_PURPOSES = {
    **dict.fromkeys(("事务", "事务类", "事务性", "事务性电话"), Purpose.TRANSACTIONAL),
    **dict.fromkeys(("调查", "调查类"), Purpose.SURVEY),
    **dict.fromkeys(("营销", "营销类"), Purpose.MARKETING),
}
_YEAR_FIRST = re.compile(r"[0-9]{4} ?[-/.年]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)?([Zz]|[+-]\d{2}(:?\d{2})?)?")
_ENDLESS = re.compile(
    r"(长期|長期|永久|永远|永遠|终身|終身|一直|不限|不过期|无期限?|無期限?|无限期?|無限期?)(有效)?"
    r"|never|forever|for ever|always|unlimited|indefinite(ly)?|permanent(ly)?|no (end|limit|expiry)|open",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    r"(\d{1,4}|[半一二两兩三四五六七八九十百]{1,4}|an?|one|two|three|six|twelve)\s*"
    r"(年|个?月|個月|季度?|天|日|周|星期|years?|y|yrs?|months?|m|weeks?|w|days?|d)内?",
    re.IGNORECASE,
)


def consent_columns(table: Table) -> Columns:
    """The columns of a consent file; AuthorError when one is missing or is unknown."""
    columns = find_columns(table, ALIASES, (), "consent")
    required = REQUIRED if "wording_id" in columns.known else (*REQUIRED, "wording")
    columns = find_columns(table, ALIASES, required, "consent")
    refuse_others(table, columns, "consent/unknown-column", _unknown)
    return columns


def parse_consents(
    table: Table, region: str | None, entered_by: str, now: dt.datetime, proofs: Proofs = NO_PROOFS
) -> Generator[Consent | RejectedRow, None, None]:
    """Each row of the file as a consent or a rejected row, in the file's order.

    ``region`` reads numbers without a country code; ``now`` (aware) is what no consent may be later
    than. Evidence files of good rows are kept on the way.
    """
    columns = consent_columns(table)
    return (_consent(row, columns, region, entered_by, now, proofs) for row in table.rows())


def one_consent(
    cells: Mapping[str, str], region: str | None, entered_by: str, now: dt.datetime, proofs: Proofs = NO_PROOFS
) -> Consent:
    """A single consent given by its cells (column -> text), held to the same rules; InputError with every fault."""
    text = io.StringIO()
    writer = csv.DictWriter(text, cells.keys())
    writer.writeheader()
    writer.writerow(cells)
    table = Table(io.BytesIO(text.getvalue().encode("utf-8", "surrogateescape")), "consent")
    (found,) = parse_consents(table, region, entered_by, now, proofs)
    if isinstance(found, RejectedRow):
        raise InputError(found.reason)
    return found


def parse_fed_consents(
    table: Table, given: Mapping[str, str], entered_by: str, now: dt.datetime, proofs: Proofs
) -> Generator[tuple[int, Consent | RejectedRow], None, None]:
    """Each row of what a feed brings, with its line; ``given`` has the columns that are the same for all rows.

    AuthorError for columns that no feed may have, and for those that it must have.
    """
    columns = find_columns(table, {name: ALIASES[name] for name in OF_FEEDS}, MUST_OF_FEEDS, "consent")
    refuse_others(table, columns, "consent/unknown-column", _not_of_feeds)
    source = {} if "source" in columns.known else {"source": entered_by}
    columns = replace(columns, given={**given, **source})
    for row in table.rows():
        found = _consent(row, columns, None, entered_by, now, proofs, days=False)
        yield row.line, found if isinstance(found, RejectedRow) or found.evidence else _without_evidence(row, columns)


def _without_evidence(row: Row, columns: Columns) -> RejectedRow:
    cells = Cells(row, columns)
    cells.fault("evidence", "consent/evidence", t("is empty; each consent of a feed needs evidence that no other has"))
    return cells.rejected()


def _not_of_feeds(title: str) -> str:
    told = "{quote} is not a column of a feed of consents; it has: {columns}"
    return t(told, quote=quote(title), columns=", ".join(OF_FEEDS))


def parse_instant(text: str) -> dt.datetime:
    """An ISO 8601 instant in UTC; a plain date is the start of that day in UTC. Raises NotATime."""
    if not _DATE.fullmatch(text) and not _DATE_TIME.fullmatch(text):
        raise NotATime(t("is not in the form of ISO 8601; {write_moment}", write_moment=times_meant.write_moment(text)))
    try:
        found = dt.datetime.fromisoformat(text.upper())
        if _DATE.fullmatch(text):
            found = found.replace(tzinfo=dt.UTC)
        utc = found.astimezone(dt.UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        told = times_meant.write_day(text[:10])
        told = told if told.startswith(t("that month")) else times_meant.ANY_MOMENT
        raise NotATime(t("is not a date and time that exists; {told}", told=told)) from None
    if utc is None:
        raise NotATime(
            t(
                "has no UTC offset, so nobody can say when it was; {write_moment}",
                write_moment=times_meant.write_moment(text),
            )
        )
    return utc


def _even_day(text: str) -> str:
    """A day alone that begins with its year, such as 2026年1月10日, as 2026-01-10; other texts as they are."""
    if not _YEAR_FIRST.match(plain(text)):
        return text
    try:
        found = read_local(text, None)
    except NotATime:
        return text
    return text if found.time is not None else f"{found.day}"


def is_day(text: str) -> bool:
    """Whether it has the form of a plain date."""
    return _DATE.fullmatch(text) is not None


def _begins(text: str, zones: Iterable[str]) -> dt.datetime:
    """An instant in UTC; of a plain date the first moment when it was that day in UTC or one of these zones."""
    found = parse_instant(text)
    if not is_day(text):
        return found
    local = dt.datetime.combine(found.date(), dt.time())
    return min([found, *(local.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC) for zone in zones)])


def _unknown(title: str) -> str:
    hint = suggest(title, ALIASES, 0.75)
    reason = t("{quote} is not a column of a consent file", quote=quote(title))
    if t("did you mean") in hint:
        return f"{reason}{hint}"
    if CODE_TITLE.fullmatch(title):
        return t(
            "{reason}; write the code in front of each number, such as +8613800138000, and delete the column",
            reason=reason,
        )
    return t("{reason}; delete the column (it has: {aliases})", reason=reason, aliases=", ".join(ALIASES))


def _consent(
    row: Row,
    columns: Columns,
    region: str | None,
    entered_by: str,
    now: dt.datetime,
    proofs: Proofs,
    *,
    days: bool = True,
) -> Consent | RejectedRow:
    cells = Cells(row, columns)
    if not cells.readable:
        return cells.rejected()
    number = cells.number("consent/number", region)
    purpose = _purpose(cells)
    _judge_origin(cells)
    zones = () if number is None else number.zones
    given = _time(cells, now, zones, days=days)
    expires = _expires(cells, given, zones)
    wording, language = wording_of(cells, _language(cells), proofs)
    digest, file = (None, None) if cells.faulty else evidence_of(cells, proofs)
    if number is None or purpose is None or given is None or cells.faulty:
        return cells.rejected()
    return Consent(
        number=number.e164,
        purpose=purpose,
        wording=wording,
        method=cells.text("method"),
        given_at=given,
        source=cells.text("source"),
        language=language,
        evidence=cells.text("evidence") or None,
        expires_at=expires,
        entered_by=entered_by,
        seller=cells.text("seller") or None,
        evidence_sha256=digest,
        evidence_file=file,
        person_key=cells.text("person_id") or None,
    )


def _language(cells: Cells) -> str | None:
    language = cells.text("language").replace("_", "-") or None
    if language and not LANGUAGE.fullmatch(language):
        told = t("{quote} is not a language tag such as zh-CN or en", quote=quote(language))
        cells.fault("language", "consent/language", told)
    return language


def _judge_origin(cells: Cells) -> None:
    """Faults of how and where a consent was given."""
    for name in ("method", "source"):
        if not (text := cells.text(name)):
            cells.fault(
                name,
                f"consent/{name}",
                t("is empty; without it this is no proof of consent: {name}", name=t(_TOLD[name])),
            )
        elif points_elsewhere(text) or is_nothing(text):
            cells.fault(
                name, f"consent/{name}", t("{quote} says nothing: {name}", quote=quote(text), name=t(_TOLD[name]))
            )
        elif name == "method" and times_meant.moments(text):
            told = t(
                "{quote} is a time: are method and time exchanged? {told}",
                quote=quote(text),
                told=t(_TOLD[name]).capitalize(),
            )
            cells.fault(name, "consent/method", told)


def _purpose(cells: Cells) -> Purpose | None:
    found = cells.text("purpose")
    if found.lower() in PURPOSES:
        return Purpose(found.lower())
    if found in _CHINESE_PURPOSES:
        return _CHINESE_PURPOSES[found]
    if not found:
        reason = t("is empty; write one of {purposes}", purposes=", ".join(PURPOSES))
    elif found.lower() == Purpose.REHEARSAL:
        reason = t("cannot be rehearsal: those calls go only to proved numbers of your own staff and need no consent")
    else:
        every = found.lower() in ("全部", "所有", "全选", "都", "all", "any", "every", "both")
        one = (
            t("; a row has one purpose: write two rows") if len([p for p in PURPOSES if p in found.lower()]) > 1 else ""
        )
        one = (
            t("; write one row for each purpose that was agreed to: {purposes}", purposes=", ".join(PURPOSES))
            if every
            else one
        )
        cells.fault(
            "purpose",
            "consent/purpose",
            t("{quote} is not a purpose{one}", quote=quote(found), one=one or suggest(found.lower(), PURPOSES)),
            parted=bool(one),
        )
        return None
    cells.fault("purpose", "consent/purpose", reason)
    return None


def _time(cells: Cells, now: dt.datetime, zones: Iterable[str], *, days: bool) -> dt.datetime | None:
    if not (found := _even_day(cells.text("time"))):
        cells.fault("time", "consent/time", t("is empty; {any_moment}", any_moment=times_meant.ANY_MOMENT))
        return None
    if is_day(found) and not days:
        told = t("is a day; a feed brings the moment, by the clock of its system")
        cells.fault("time", "consent/time", f"{quote(found)} {told}: {spoken(times_meant.ANY_MOMENT)}")
        return None
    try:
        given = _begins(found, zones)
    except NotATime as error:
        if cells.text("method") == cells.text("time") or not times_meant.moments(cells.text("method")):
            cells.fault("time", "consent/time", f"{quote(found)} {error}")  # else the two are exchanged
        return None
    if given > now:
        present = f"{now.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
        cells.fault(
            "time",
            "consent/time",
            t("{quote} is in the future (now it is {present})", quote=quote(found), present=present),
        )
        return None
    return given


def _no_end(text: str) -> str | None:
    """What to write for a consent without an end, or for a length of time; None: the text is neither."""
    if _ENDLESS.fullmatch(text) or is_nothing(text):
        return t(
            "is not a day: leave the cell empty if the consent has no end, otherwise write the last day,"
            " such as 2027-01-10"
        )
    return t("is a length of time: write the day itself, such as 2027-01-10") if _LENGTH.fullmatch(text) else None


def _expires(cells: Cells, given: dt.datetime | None, zones: Iterable[str]) -> dt.datetime | None:
    if not (found := _even_day(cells.text("expires"))):
        return None
    try:
        expires = _begins(found, zones)
    except NotATime as error:
        cells.fault("expires", "consent/expires", f"{quote(found)} {_no_end(found) or error}")
        return None
    if given is not None and expires <= given:
        cells.fault("expires", "consent/expires", t("{quote} is not after the time of the consent", quote=quote(found)))
    return expires
