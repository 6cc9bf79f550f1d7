"""Puts a do-not-call list of others in force: the file, streamed, as keyed hashes into the database."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import phonenumbers

from agi_app.authoring.suggestions import quote
from agi_app.contacts.do_not_call_file import ListFile, Progress
from agi_app.errors import InputError, Problem
from agi_app.event_loop import in_background
from agi_app.file_kinds import no_such_file
from agi_app.messages import t
from agi_app.printable import count_of
from agi_app.store.database.pool import Store
from agi_app.store.people.do_not_call_lists import ListTerms, TooFew, lists_in_force, replace_list

MOST_GONE = 0.1  # of the numbers, from one version of a list to the next
TINY = 1000  # numbers; no register of a country is as small
EASTERNMOST = dt.timedelta(hours=14)  # there a day begins first (UTC+14)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")  # as in the rule files


@dataclass(frozen=True, slots=True)
class ListSummary:
    """What happened to a list's file."""

    name: str
    file: str
    as_of: dt.date
    lines: int
    entries: int  # different numbers
    unreadable: int
    woken: int  # contacts that are decided again
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()  # what the user should know besides
    sha256: bytes = b""  # of the file


async def import_list(
    store: Store, path: Path, terms: ListTerms, now: dt.datetime, progress: Progress | None = None
) -> ListSummary:
    """Take a list of any size in place of the one before, and end calls to its numbers; ``now`` is rules time.

    Raises InputError for a wrong name, region or day and for a list that has much fewer numbers than
    the one before, AuthorError for a file that is no list of numbers (then the old list stays in
    force), StoreError.
    """
    _check(terms, now)
    known = next((known for known in await lists_in_force(store) if known.name == terms.name), None)
    if known and known.as_of > terms.as_of:
        raise InputError(
            t(
                "--as-of {as_of}: the list {name} in force is newer, of {as_of2}",
                as_of=terms.as_of,
                name=terms.name,
                as_of2=known.as_of,
            )
        )
    if known and known.region != terms.region:
        raise InputError(
            t(
                "--region {region}: the list {name} is of {region2}",
                region=terms.region,
                name=terms.name,
                region2=known.region,
            )
        )
    before = known.entries if known else 0
    file = ListFile(path, terms.region)
    digest = await in_background(_sha256, path)

    def hashes() -> Iterator[bytes]:
        for number in file.numbers(progress):
            yield store.hash_number(number)
        if file.sha256 != digest:
            raise InputError(t("{path}: was changed while it was read; nothing was imported, run it again", path=path))

    least = 1 if terms.smaller else max(1, int(before * (1 - MOST_GONE)))
    try:
        done = await replace_list(store, terms, digest, hashes(), now, least)
    except TooFew as few:
        raise InputError(_too_few(path, terms.name, few.entries, before)) from None
    figures = (file.lines, done.entries, file.unreadable, done.woken)
    notes = tuple(_notes(file, terms, done.entries))
    return ListSummary(terms.name, str(path), terms.as_of, *figures, tuple(file.problems), notes, bytes.fromhex(digest))


def _too_few(path: Path, name: str, entries: int, before: int) -> str:
    if not entries:
        return t("{path}: has no telephone number; nothing was imported", path=path)
    return t(
        "{path}: has {entries} numbers, the list {name} in force has {before}: people who are no longer"
        " on it could be called. Nothing was imported; is this the whole list? If it really became that"
        " much smaller, run this again with --smaller",
        path=path,
        entries=entries,
        name=name,
        before=before,
    )


def _notes(file: ListFile, terms: ListTerms, entries: int) -> Iterator[str]:
    """What is odd about a list that was taken."""
    if file.taken:
        yield (
            t(
                "{path}: no column is called number, so the first was taken, {quote}; if the numbers are in"
                " another one, rename that one to number and import the file again",
                path=file.path,
                quote=quote(file.taken),
            )
        )
    if entries < TINY and not terms.smaller:
        has = t("{name} has {entries} only", name=terms.name, entries=count_of(entries, "number"))
        yield t("{has}; a register of a country has millions: is this the whole list?", has=has)
    if file.elsewhere:
        many, count = file.elsewhere > 1, count_of(file.elsewhere, "number")
        yield (
            t(
                "{path}:{first_elsewhere}:1: {more}{count} of another country than {region}; {more2} still"
                " taken, and there the list binds every call. Is this the right file, and --region the right"
                " country?",
                path=file.path,
                first_elsewhere=file.first_elsewhere,
                more=t("the first of ") if many else "",
                count=count,
                region=file.region,
                more2=t("they are") if many else t("it is"),
            )
        )


def _check(terms: ListTerms, now: dt.datetime) -> None:
    if not _NAME.fullmatch(terms.name):
        raise InputError(
            t("{name}: a list is named with small letters, digits and hyphens, such as gb-tps", name=terms.name)
        )
    if terms.region not in phonenumbers.SUPPORTED_REGIONS:  # under a made-up code no rule would ever find the list
        raise InputError(
            t(
                "--region {region}: is not a country code; write its two capital letters (ISO 3166), such as US or GB",
                region=terms.region,
            )
        )
    if terms.as_of > (now + EASTERNMOST).date():
        raise InputError(t("--as-of {as_of}: is in the future; give the date of the list itself", as_of=terms.as_of))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError(no_such_file(path)) from None
    except OSError as error:
        raise InputError(t("{path}: cannot be read: {strerror}", path=path, strerror=error.strerror)) from error
