"""Complaints as rows: a case never changes, its notes are added."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from agi_app.errors import InputError, StoreError
from agi_app.model.phone import PhoneNumber
from agi_app.store.calling.call_recordings import RecordingRow
from agi_app.store.database import queries
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import record
from agi_app.store.requested_calls.staff_calls import add_person

Q = queries.load("people/complaints")
OURS, RECEIVED = "ours", "received"  # about our calls; about calls of others to somebody of ours


@dataclass(frozen=True, slots=True)
class NewCase:
    """A complaint as it comes in; ``number`` is of who complains, ``ref`` keeps it from being entered twice."""

    ref: str
    kind: str
    number: PhoneNumber
    received_at: dt.datetime  # rules time
    due_at: dt.datetime | None
    ruleset_version: str | None
    source: str
    text: str
    entered_by: str
    campaign: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    evidence_sha256: bytes | None = None
    evidence_file: str | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case with the state that its last note gives it."""

    complaint_id: int
    kind: str
    number: str
    region: str
    received_at: dt.datetime
    due_at: dt.datetime | None
    source: str
    campaign: str | None
    text: str
    details: dict[str, Any]
    evidence_sha256: bytes | None
    evidence_file: str | None
    entered_by: str
    recorded_at: dt.datetime
    erased_at: dt.datetime | None
    ruleset_version: str | None
    state: str


@dataclass(frozen=True, slots=True)
class NoteRow:
    """The result of a case, or what was said about it."""

    at: dt.datetime  # rules time
    state: str
    text: str
    entered_by: str
    recorded_at: dt.datetime


async def add(store: Store, case: NewCase) -> int:
    """Write a case, and the person if they are not known; doing it again changes nothing. Returns its number."""
    async with store.transaction() as connection:
        await add_person(store, connection, case.number)
        person = await record(connection, Q["person"], {"number": case.number.e164})
        if person is None:
            raise StoreError("the person of a complaint was not stored")
        values = {
            "ref": case.ref,
            "kind": case.kind,
            "person_id": person["person_id"],
            "region": case.number.region,
            "received_at": case.received_at,
            "due_at": case.due_at,
            "ruleset_version": case.ruleset_version,
            "source": case.source,
            "campaign": case.campaign,
            "text": case.text,
            "details": msgspec.json.encode(dict(case.details)).decode(),
            "evidence_sha256": case.evidence_sha256,
            "evidence_file": case.evidence_file,
            "entered_by": case.entered_by,
        }
        await connection.execute(Q["add"], values)
        found = await record(connection, Q["id_of"], {"ref": case.ref})
    if found is None:
        raise StoreError("a complaint was not stored")
    return int(found["complaint_id"])


async def note(store: Store, complaint_id: int, at: dt.datetime, state: str | None, text: str, entered_by: str) -> str:
    """Add to a case; ``state`` None leaves it as it is. Returns the state. InputError: there is no such case."""
    values = {"complaint_id": complaint_id, "at": at, "state": state, "text": text, "entered_by": entered_by}
    async with store.transaction() as connection:
        if await record(connection, Q["lock"], values) is None:
            raise no_case(complaint_id)
        found = await record(connection, Q["add_note"], values)
    return str(found["state"]) if found else "open"


async def cases(store: Store, state: str | None = None) -> list[CaseRow]:
    """All cases, or those in one state; what is due first comes first."""
    return await store.rows(CaseRow, Q["cases"], {"complaint_id": None, "state": state})


async def case_of(store: Store, complaint_id: int) -> tuple[CaseRow, list[NoteRow]]:
    """One case with its notes; raises InputError when there is none."""
    found = await store.rows(CaseRow, Q["cases"], {"complaint_id": complaint_id, "state": None})
    if not found:
        raise no_case(complaint_id)
    return found[0], await store.rows(NoteRow, Q["notes_of"], {"complaint_id": complaint_id})


async def recordings_of(store: Store, number: str) -> list[RecordingRow]:
    """What was recorded in the calls to the person with this number."""
    return await store.rows(RecordingRow, Q["recordings_of"], {"number": number})


def no_case(complaint_id: int) -> InputError:
    """There is no such case."""
    return InputError(f"there is no complaint {complaint_id}; `agi-app complaint list` shows all")
