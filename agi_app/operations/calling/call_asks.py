"""Calls that are asked for by the service: an ask with a token, of which a worker makes a request; the gate decides.

A contact is called for an agent in campaigns that only agents dial; a rehearsal goes to a telephone that who asks has
proved; a code is keyed on the telephone that is to be proved. The ask itself calls nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from agi_app.campaigns.project.read_project import Project
from agi_app.consent.caller_id_proof import CODE_LENGTH, number_of
from agi_app.errors import Forbidden, InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.calling import agent_calls, caller_ids, calls_now, rehearsals
from agi_app.store.requested_calls import agent_calls as agent_table
from agi_app.store.requested_calls import asks, verifications
from agi_app.store.requested_calls import rehearsals as rehearsal_table
from agi_app.store.requested_calls.asks import NewAsk, OpenAsk
from agi_app.store.requested_calls.requests import RequestStatus
from agi_app.store.requested_calls.verifications import OwnPhone

__all__ = ["KIND", "REHEARSAL", "OwnPhone", "RequestStatus"]
KIND = calls_now.KIND
AGENT, REHEARSAL, CALLER_ID, PHONE = "agent", "rehearsal", "caller_id", "phone"


@noted(Scope.CALLS_ASK, "call-person ask", "campaign")
async def ask_agent_call(inst: Installation, campaign: str, contact: int, agent: str, *, reason: str) -> int:
    """Ask to ring an agent and then this contact. Raises InputError for what no worker would do, StoreError."""
    agent_calls.known_agent(inst.settings.destinations, agent)
    await agent_calls.may_be_asked(inst, campaign, contact)
    asked = {"contact": contact, "agent": agent}
    return await asks.add(inst.store, NewAsk(KIND, AGENT, campaign, reason, asked), inst.actor)


@noted(Scope.CALLS_REHEARSE, "rehearse ask", "flow")
async def ask_rehearsal(
    inst: Installation, flow: str, phone: int, *, language: str | None, fields: Mapping[str, str], trunk: str | None
) -> int:
    """Ask to hear a flow on one's own telephone. Raises InputError when that is not proved, StoreError."""
    if not any(one.phone == phone for one in await _own(inst)):
        raise InputError(t(rehearsals.NOT_OWN, phone=phone))
    asked = {"phone": phone, "language": language, "trunk": trunk}
    new = NewAsk(KIND, REHEARSAL, flow, "", asked, private={"fields": dict(fields)})
    return await asks.add(inst.store, new, inst.actor)


@noted(Scope.CALLS_REHEARSE, "rehearse prove ask")
async def ask_phone_proof(inst: Installation, number: str, *, trunk: str | None) -> tuple[int, str]:
    """Ask to prove a telephone for one's rehearsals; the ask and the code to key. Raises InputError, StoreError."""
    return await _ask_code(inst, PHONE, number, trunk)


@noted(Scope.CALLER_IDS_PROVE, "callerid prove ask")
async def ask_caller_id_proof(inst: Installation, number: str, *, trunk: str | None) -> tuple[int, str]:
    """Ask to prove a number that is to be shown. As ``ask_phone_proof``."""
    return await _ask_code(inst, CALLER_ID, number, trunk)


async def _ask_code(inst: Installation, verb: str, number: str, trunk: str | None) -> tuple[int, str]:
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_LENGTH))
    private = {"number": number_of(number).e164, "code": code}
    new = NewAsk(KIND, verb, "", "", {"trunk": trunk}, private=private)
    return await asks.add(inst.store, new, inst.actor), code


@reads(Scope.CALLS_REHEARSE)
async def own_phones(inst: Installation) -> list[OwnPhone]:
    """The telephones that this account has proved and that may hear rehearsals now. Raises StoreError."""
    return await _own(inst)


async def _own(inst: Installation) -> list[OwnPhone]:
    return await verifications.own_phones(inst.store, inst.actor.account, inst.clock.now())


@reads(Scope.FIGURES_READ)
async def called(inst: Installation, ask_id: int) -> RequestStatus:
    """How the call is that one asked for oneself. Raises InputError when there is none (yet), Forbidden, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    request = None if found is None or found.kind != KIND or found.answer is None else found.answer.get("request")
    if found is None or request is None:
        raise InputError(t("there is no call of the ask {number}", number=ask_id))
    if found.account != inst.actor.account:
        raise Forbidden(t("the ask {number} is of another account", number=ask_id), Scope.FIGURES_READ)
    if found.verb == AGENT:
        status: RequestStatus = await agent_table.REQUESTS.status(inst.store, request)
    elif found.verb == REHEARSAL:
        status = await rehearsal_table.REQUESTS.status(inst.store, request)
    else:
        status = await verifications.REQUESTS.status(inst.store, request)
    note = None if status.note is None else retold(status.note)
    return RequestStatus(status.state, status.result, note, [retold(line) for line in status.progress])


async def do(inst: Installation, ask: OpenAsk, project: Project | None) -> Mapping[str, Any]:
    """As a worker, in the name of who asked: make the request, or have a call ended. Raises as the operations."""
    if ask.verb == calls_now.END:
        await calls_now.take_end(inst, ask.object, reason=ask.reason)
        return {}
    asked, private = ask.parameters, ask.private or {}
    if ask.verb == AGENT:
        made = await agent_calls.request_call(inst, ask.object, int(asked["contact"]), str(asked["agent"]))
    elif ask.verb == REHEARSAL and project is not None:
        fields = [f"{name}={value}" for name, value in private["fields"].items()]
        script = rehearsals.script(project, ask.object, asked["language"], "", fields)
        made = await rehearsals.request_own(inst, int(asked["phone"]), script, trunk=asked["trunk"])
    elif ask.verb == PHONE:
        made = await rehearsals.request_proof(inst, private["number"], code=private["code"], trunk=asked["trunk"])
    elif ask.verb == CALLER_ID:
        made = await caller_ids.request_proof(inst, private["number"], code=private["code"], trunk=asked["trunk"])
    else:
        raise InputError(t("this worker does not know what was asked for: {kind} {verb}", kind=ask.kind, verb=ask.verb))
    return {"request": made}
