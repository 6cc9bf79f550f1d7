"""Stops that people of the operator enter: one number, a list, or one purpose of a person.

A permanent stop goes through the same journal as key 9 in a call: on disk first, then the database. The audit records
who entered it, what was said, when and how.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.atomic_files import kept_name
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.project_identity import key_of
from agi_app.contacts.importer import read_stop_list_file
from agi_app.contacts.stop_file import StopList
from agi_app.errors import ConfigError, InputError, SafetyError, StoreError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.campaign import Purpose
from agi_app.operations.acting import note_import, noted, reads
from agi_app.operations.people.time_and_evidence import NOW, Evidence, SaidAt, keep
from agi_app.store.people import entered_stops
from agi_app.store.people import stops as table
from agi_app.store.people.imported_files import FileSeen

BY_HAND = "entered by hand"
VIA = "command line"
VIA_LIST = "stop list"


@dataclass(frozen=True, slots=True)
class StopAnswer:
    """What a stop met. ``waiting`` is set when it is safe on disk but not yet in the database."""

    ended: int  # attempts cancelled or calls being ended
    waiting: str | None = None
    not_kept: str | None = None  # why its proof is not kept; the stop holds


@noted(Scope.STOPS_ENTER, "stop", number="number")
async def stop(
    inst: Installation,
    number: str,
    reason: str = BY_HAND,
    *,
    purpose: Purpose | None = None,
    said: SaidAt = NOW,
    method: str = "",
    source: str = "",
    reference: str = "",
    proof: Evidence | None = None,
) -> StopAnswer:
    """Never call this E.164 number again; returns once the stop is on disk, and in the database if it answers.

    A ringing call is cancelled, an answered one ended. With a ``purpose`` the consent for it alone is withdrawn, and
    the rest stays as it is; that needs the database: StoreError. Raises InputError when it was said in the future,
    SafetyError when the stop cannot be written.
    """
    at = said.by(inst.clock.now())
    if purpose is None:
        await asyncio.to_thread(inst.journal.append, inst.store.hash_number(number), VIA)
    kept, not_kept = await _keep(inst, proof, needed=purpose is not None)
    digest, name = kept or (None, None)
    details = table.Details(method or None, source or None, reference or None, digest, name, inst.actor.account)
    try:
        met = await table.revoke(inst.store, number, purpose, at, reason=reason, via=VIA, details=details)
    except (StoreError, ConfigError, SafetyError) as error:
        if purpose is not None:
            raise
        return StopAnswer(
            0, f"the stop is safe in the journal; it reaches the database when it is back ({error})", not_kept
        )
    return StopAnswer(len(met.cancelled) + len(met.dialling), not_kept=not_kept)


async def _keep(
    inst: Installation, proof: Evidence | None, *, needed: bool
) -> tuple[tuple[bytes, str] | None, str | None]:
    """The kept proof, or why it is not kept: then the stop still holds, unless the proof is ``needed``."""
    try:
        return await keep(inst, proof), None
    except ConfigError as error:
        if needed:
            raise
        return None, t("the stop holds, but its proof is not kept: {error}", error=error)


def read_list(file: Path) -> StopList:
    """The numbers of a list, and what in it is not one. Blocks briefly. Raises AuthorError, InputError."""
    return read_stop_list_file(file)


@noted(Scope.STOPS_ENTER, "stop list")
async def stop_list(inst: Installation, numbers: Sequence[str], file: str = "", read: StopList | None = None) -> int:
    """Suppress a whole list of E.164 numbers; returns how many were new. Raises StoreError, SafetyError.

    ``file`` and what was ``read`` of it are noted, when the list came as a file.
    """
    hashes = [inst.store.hash_number(number) for number in numbers]
    await asyncio.to_thread(inst.journal.append_all, hashes, VIA_LIST)
    now = inst.clock.now()
    entries = [table.Suppression(h, now, "on an imported stop list", VIA_LIST) for h in hashes]
    new = await table.suppress(inst.store, entries)
    if read is not None and read.sha256 is not None:
        lines, name = len(numbers) + read.unreadable, kept_name(Path(file).name)
        seen = FileSeen("stops", name, read.sha256, lines, read.unreadable)
        await note_import(inst, seen, new, unchanged=len(numbers) - new)
    return new


def without_database(settings: Settings, numbers: Sequence[str], via: str = VIA) -> None:
    """Keep stops of E.164 numbers in the journal alone; a worker stores them when the database is back. Blocks.

    Returns once they are on disk. Raises SafetyError when they are not.
    """
    key = key_of(settings)
    Journal(settings.data, Clock()).append_all([key.hash_number(number) for number in numbers], via)


@noted(Scope.STOPS_ENTER, "stop entered")
async def enter_stop(
    inst: Installation,
    number: str,
    why: str = BY_HAND,
    *,
    purpose: Purpose | None = None,
    said: SaidAt = NOW,
    method: str = "",
    source: str = "",
    reference: str = "",
) -> int:
    """The same for a process without journal and key: the stop is durable, and a worker keeps it, too. Returns its id.

    Call `stops_take_effect` next, once a transaction that this is a part of is committed. Raises InputError when it was
    said in the future, StoreError: then nothing was kept, and `agi-app stop NUMBER` on a worker's host works.
    """
    at = said.by(inst.clock.now())
    stop = entered_stops.NewStop(
        number, purpose, at, why, inst.actor.account, method or None, source or None, reference or None
    )
    return await entered_stops.enter(inst.store, stop)


@noted(Scope.STOPS_ENTER, "stop entered of person", "person_id")
async def enter_stop_of(
    inst: Installation,
    person_id: int,
    why: str = BY_HAND,
    *,
    purpose: Purpose | None = None,
    said: SaidAt = NOW,
    method: str = "",
    source: str = "",
) -> int:
    """The same of a person who is known by id, whose number nobody types. Returns the stop's id.

    Raises InputError when there is no such person, their number was erased, or it was said in the future, StoreError.
    """
    at = said.by(inst.clock.now())
    stop = entered_stops.NewStop("", purpose, at, why, inst.actor.account, method or None, source or None)
    entered = await entered_stops.enter_refusal_of(inst.store, person_id, stop)
    if entered is None:
        raise InputError(t("the number of person {person} was erased", person=person_id))
    return entered


@reads(Scope.STOPS_ENTER)
async def stops_take_effect(inst: Installation) -> None:
    """End whatever is under way to the persons whose stops were entered: no worker is waited for. Raises StoreError."""
    await entered_stops.take_effect(inst.store)
