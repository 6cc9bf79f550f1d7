"""Puts a do-not-call list of others in force: the file, streamed, as keyed hashes into the database."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import phonenumbers

from agi_app.contacts.external_list import ListFile, Progress
from agi_app.errors import InputError, Problem
from agi_app.event_loop import in_background
from agi_app.model.campaign import Purpose
from agi_app.store.external_lists import NewList, lists_in_force, replace_list
from agi_app.store.pool import Store

EASTERNMOST = dt.timedelta(hours=14)  # there a day begins first (UTC+14)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")  # as in the rule files


@dataclass(frozen=True, slots=True)
class ListSummary:
    """What became of a list's file."""

    name: str
    file: str
    as_of: dt.date
    lines: int
    entries: int  # different numbers
    unreadable: int
    woken: int  # contacts that are decided again
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ListTerms:
    """What the operator says of a list."""

    name: str
    region: str
    as_of: dt.date
    by: str
    purposes: frozenset[Purpose] | None = None  # that it binds; None: no rule names it, and it binds all


async def import_list(
    store: Store, path: Path, terms: ListTerms, now: dt.datetime, progress: Progress | None = None
) -> ListSummary:
    """Take a list of any size in place of the one before, and end calls to its numbers; ``now`` is rules time.

    Raises InputError for a wrong name, region or day, AuthorError for a file that is no list of
    numbers (then the old list stays in force), StoreError.
    """
    _check(terms, now)
    for known in await lists_in_force(store):
        if known.name == terms.name and known.as_of > terms.as_of:
            raise InputError(f"--as-of {terms.as_of}: the list {terms.name} in force is newer, of {known.as_of}")
        if known.name == terms.name and known.region != terms.region:
            raise InputError(f"--region {terms.region}: the list {terms.name} is of {known.region}")
    file = ListFile(path, terms.region)
    digest = await in_background(_sha256, path)

    def hashes() -> Iterator[bytes]:
        for number in file.numbers(progress):
            yield store.hash_number(number)
        if file.sha256 != digest:
            raise InputError(f"{path}: was changed while it was read; nothing was imported, run it again")

    new = NewList(terms.name, terms.region, terms.as_of, terms.by, digest, terms.purposes)
    done = await replace_list(store, new, hashes(), now)
    return ListSummary(
        terms.name, str(path), terms.as_of, file.lines, done.entries, file.unreadable, done.woken, tuple(file.problems)
    )


def _check(terms: ListTerms, now: dt.datetime) -> None:
    if not _NAME.fullmatch(terms.name):
        raise InputError(f"{terms.name}: a list is named with small letters, digits and hyphens, such as gb-tps")
    if terms.region not in phonenumbers.SUPPORTED_REGIONS:  # under a made-up code no rule would ever find the list
        raise InputError(
            f"--region {terms.region}: is no country code; write its two capital letters (ISO 3166), such as US or GB"
        )
    if terms.as_of > (now + EASTERNMOST).date():
        raise InputError(f"--as-of {terms.as_of}: is in the future; give the day that the list itself is of")


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check its name and folder") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
