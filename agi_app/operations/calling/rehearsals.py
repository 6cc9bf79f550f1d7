"""A flow heard on a telephone of our own staff, as a called person would, and the telephones that may hear one.

The audit records who asked and what the gate decided; a stop that is said in a rehearsal is a real one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.campaigns.project.called_flows import no_faults, parts_of
from agi_app.campaigns.project.read_project import Project, Source
from agi_app.consent.caller_id_proof import number_of
from agi_app.errors import AsteriskError, InputError
from agi_app.flow.language.definition import FlowDocument
from agi_app.flow.syntax.names_and_limits import MAX_CALL_SECONDS
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.model.call import Outcome
from agi_app.model.phone import PhoneNumber
from agi_app.operations.acting import noted, reads
from agi_app.operations.calling.caller_ids import request_with_code, ring_with_code
from agi_app.operations.calling.requested_calls import Show, pick_trunk, unwanted_end, worker_runs
from agi_app.operations.project.project_files import find_flow
from agi_app.operations.project.sample_contacts import given_contact
from agi_app.store.requested_calls import rehearsals, verifications
from agi_app.store.requested_calls.rehearsals import RehearsalScript, RehearsalStatus
from agi_app.store.requested_calls.verifications import StaffPhone

__all__ = [
    "ProvedPhone",
    "RehearsalStatus",
    "phones",
    "prove_phone",
    "rehearse",
    "script",
]
NOT_OWN = "telephone {phone} is not one that you have proved and that is still good"
AROUND = dt.timedelta(seconds=90)  # ringing, rendering, and every wait for Asterisk and the database


@dataclass(frozen=True, slots=True)
class ProvedPhone:
    """A telephone of our staff; ``valid``: it may hear rehearsals now."""

    phone: StaffPhone
    valid: bool


def script(project: Project, flow: str, language: str | None, contact: str, fields: list[str]) -> RehearsalScript:
    """The flow as its file is now, for one contact: FILE:LINE, and NAME=VALUE over it.

    Raises AuthorError when it or a prompt of it has faults, InputError when there is no such flow or contact.
    """
    languages = project.flows[flow].parsed.flow.languages if flow in project.flows else []
    columns, its_language = given_contact(contact, fields, languages)
    source = find_flow(project, flow, language)
    no_faults(project, source)
    if source.parsed.flow.is_called:
        raise InputError(t("flow {flow} is called by other flows: rehearse the one that calls it", flow=flow))
    parts = {part.file: part.text for part in parts_of(project, source)}
    return RehearsalScript(
        source.file, source.text, parts, language or its_language, columns, _max_call(project, source)
    )


def _max_call(found: Project, source: Source[FlowDocument]) -> float:
    """As long as the longest campaign with this flow lets a call be."""
    campaigns = (c.parsed.campaign for c in found.campaigns.values())
    times = [c.max_call.total_seconds() for c in campaigns if c.flow == source.parsed.flow.flow]
    return max(times, default=MAX_CALL_SECONDS)


@noted(Scope.CALLS_REHEARSE, "rehearse", number="number")
async def rehearse(
    inst: Installation,
    number: PhoneNumber,
    script: RehearsalScript,
    *,
    shown: str | None,
    trunk: str | None,
    show: Show,
) -> RehearsalStatus:
    """Ask the running workers, and show what happens while it does; returns an ended call that was answered.

    Raises InputError for a wrong trunk, and when it was refused or not answered, ConfigError when no worker runs,
    AsteriskError when our own side failed, StoreError.
    """
    chosen = pick_trunk(inst.settings.trunks, trunk, reserved=number.reserved)
    await worker_runs(inst)
    other = None if shown == number.e164 else shown
    asked = await rehearsals.request(inst.store, number, other, chosen, script, inst.actor.account)
    show(t("{e164} is called now and sees {shown}", e164=number.e164, shown=other or number.e164))
    show(t("the stop is real: no campaign and no rehearsal will ever call this telephone again"))
    longest = AROUND + dt.timedelta(seconds=script.max_call_s)
    status = await rehearsals.REQUESTS.follow(inst.store, inst.clock, asked, longest, show)
    await rehearsals.was_read(inst.store, asked)
    if status.result != Outcome.ANSWERED:
        raise unwanted_end(status)
    if status.note:
        raise AsteriskError(t("the call was cut short: {retold}", retold=retold(status.note)))
    return status


@noted(Scope.CALLS_REHEARSE, "rehearse prove", number="number")
async def prove_phone(
    inst: Installation, number: str, *, trunk: str | None, shown: str | None, show: Show
) -> tuple[str, str]:
    """Prove by a call that a telephone is our staff's; it makes no caller ID of it. As ``caller_ids.by_call``."""
    wanted = verifications.STAFF_PHONE
    return await ring_with_code(inst, number, trunk=trunk, shown=shown, show=show, proves=wanted)


@noted(Scope.CALLS_REHEARSE, "rehearse", "phone")
async def request_own(inst: Installation, phone: int, script: RehearsalScript, *, trunk: str | None) -> int:
    """Request a rehearsal on a telephone that this account has proved; a worker takes it, and the gate decides.

    Returns the id of the request. Raises InputError when it has not, or for a wrong trunk, StoreError.
    """
    text = await verifications.own_number(inst.store, phone, inst.actor.account, inst.clock.now())
    if text is None:
        raise InputError(t(NOT_OWN, phone=phone))
    number = number_of(text)
    chosen = pick_trunk(inst.settings.trunks, trunk, reserved=number.reserved)
    return await rehearsals.request(inst.store, number, None, chosen, script, inst.actor.account)


@noted(Scope.CALLS_REHEARSE, "rehearse prove", number="number")
async def request_proof(inst: Installation, number: str, *, code: str, trunk: str | None) -> int:
    """Request the call that proves a telephone. As ``caller_ids.request_proof``."""
    return await request_with_code(inst, number, code=code, trunk=trunk, proves=verifications.STAFF_PHONE)


@reads(Scope.CALLS_REHEARSE)
async def phones(inst: Installation) -> list[ProvedPhone]:
    """The telephones that were proved. Raises StoreError."""
    now = inst.clock.now()
    return [ProvedPhone(phone, phone.until > now) for phone in await verifications.staff_phones(inst.store)]
