"""Complaints as rows: a case never changes, its notes are added."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.model.phone import PhoneNumber
from agi_app.store.calling.call_recordings import RecordingRow
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries, record, the_value
from agi_app.store.requested_calls.staff_calls import add_person

Q = load_queries("people/complaints")
LONGEST_TEXT = 5000
OURS, RECEIVED = "ours", "received"  # about our calls; about calls of others to somebody of ours


@dataclass(frozen=True, slots=True)
class Complaint:
    """What was said, by whom, when and where; ``ref`` only where it may be entered twice by mistake."""

    number: PhoneNumber
    received_at: dt.datetime  # rules time
    source: str
    text: str
    entered_by: str
    campaign: str | None = None
    ref: str | None = None
    evidence: tuple[bytes, str] | None = None  # SHA-256 of the kept file, and its name
    details: Mapping[str, Any] = field(default_factory=dict)  # of a call of others: caller, times, category, name


@dataclass(frozen=True, slots=True)
class CaseTerms:
    """What a complaint is to us, by the rules: its kind, and by when it must be answered; None: it waits for nobody."""

    kind: str
    due_at: dt.datetime | None = None
    ruleset_version: str | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case with the state that its last note gives it. ``number`` is masked; None: the person was erased."""

    complaint_id: int
    kind: str
    person_id: int
    number: str | None
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


async def add(store: Store, said: Complaint, terms: CaseTerms) -> int:
    """Write a case, and the person if they are not known; doing it again changes nothing. Returns its number."""
    ref = said.ref or uuid.uuid4().hex
    digest, name = said.evidence or (None, None)
    async with store.transaction() as connection:
        await add_person(store, connection, said.number.e164)
        number = {"number": said.number.e164}
        person_id = await the_value(connection, int, Q["person"], number, t("the person of a complaint was not stored"))
        values = {
            **asdict(terms),
            "ref": ref,
            "person_id": person_id,
            "region": said.number.region,
            "received_at": said.received_at,
            "source": said.source,
            "campaign": said.campaign,
            "text": said.text[:LONGEST_TEXT],
            "details": as_json(dict(said.details)),
            "evidence_sha256": digest,
            "evidence_file": name,
            "entered_by": said.entered_by,
        }
        await connection.execute(Q["add"], values)
        return await the_value(connection, int, Q["id_of"], {"ref": ref}, t("a complaint was not stored"))


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
    if not (found := await store.rows(CaseRow, Q["cases"], {"complaint_id": complaint_id, "state": None})):
        raise no_case(complaint_id)
    return found[0], await store.rows(NoteRow, Q["notes_of"], {"complaint_id": complaint_id})


async def number_of(store: Store, case: CaseRow) -> str:
    """The whole number of the person who complained."""
    return await store.the_value(str, Q["number_of"], {"person_id": case.person_id}, t("the person is not there"))


async def recordings_of(store: Store, number: str) -> list[RecordingRow]:
    """What was recorded in the calls to the person with this number."""
    return await store.rows(RecordingRow, Q["recordings_of"], {"number": number})


def no_case(complaint_id: int) -> InputError:
    """There is no such case."""
    return InputError(
        t("there is no complaint {complaint_id}; `agi-app complaint list` shows all", complaint_id=complaint_id)
    )
