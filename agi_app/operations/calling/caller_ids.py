"""The numbers that we may show, and the proof that each is ours: a carrier's letter, or a call to the number.

The audit records each proof, and who entered it; of a call also that it was asked for, and what the gate decided.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.consent import caller_id_proof
from agi_app.consent.caller_id_proof import CODE_LENGTH, LABEL, hash_code, number_of
from agi_app.errors import InputError
from agi_app.gate.caller_id_rules import numbers_of
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.model.campaign import CampaignState
from agi_app.operations.acting import noted, reads
from agi_app.operations.calling.requested_calls import NOT_REACHED, Show, pick_trunk, unwanted_end, worker_runs
from agi_app.store.calling.campaigns import load_campaigns
from agi_app.store.people.caller_ids import CallerIdProof, proofs
from agi_app.store.requested_calls import verifications
from agi_app.store.requested_calls.requests import REFUSED

LONGEST_CALL = dt.timedelta(minutes=4)  # ringing, talking, and every wait for Asterisk
_NOT_PROVED = NOT_REACHED | {
    "wrong_code": "a wrong code was keyed",
    "no_code": "it was answered, but the whole code was not keyed",
    "stopped": "the person who answered keyed *9: the number is on the suppression list now and is never called again",
}


@dataclass(frozen=True, slots=True)
class ProvedNumber:
    """A proof, what it is called, and how long it is still good; ``warning`` when that ends soon."""

    proof: CallerIdProof
    label: str
    days_left: int
    warning: str


@noted(Scope.CALLER_IDS_PROVE, "callerid prove", number="number")
async def by_letter(inst: Installation, number: str, letter: Path, *, expires_at: dt.datetime | None) -> ProvedNumber:
    """Record a carrier's letter that assigns the number to us. Raises InputError, ConfigError, StoreError."""
    now = inst.clock.now()
    proof = await caller_id_proof.prove_by_letter(
        inst.store,
        inst.settings.data / "evidence",
        number,
        letter,
        entered_by=inst.actor.account,
        expires_at=expires_at,
        now=now,
    )
    return _proved(proof, now)


@noted(Scope.CALLER_IDS_PROVE, "callerid prove", number="number")
async def by_call(
    inst: Installation, number: str, *, trunk: str | None, shown: str | None, show: Show
) -> tuple[str, str]:
    """Prove by a call that a number is ours, so that it may be shown. As ``ring_with_code``."""
    return await ring_with_code(inst, number, trunk=trunk, shown=shown, show=show, proves=verifications.CALLER_ID)


@noted(Scope.CALLER_IDS_PROVE, "callerid prove", number="number")
async def request_proof(inst: Installation, number: str, *, code: str, trunk: str | None) -> int:
    """Request the call on which the code is to be keyed; a worker takes it, and the gate decides.

    Returns the id of the request. Raises InputError for a wrong number, code or trunk, StoreError.
    """
    return await request_with_code(inst, number, code=code, trunk=trunk, proves=verifications.CALLER_ID)


async def request_with_code(inst: Installation, number: str, *, code: str, trunk: str | None, proves: str) -> int:
    """The same, for either proof."""
    ours = number_of(number)
    if len(code) != CODE_LENGTH or not (code.isascii() and code.isdecimal()):
        raise InputError(t("the code has {length} digits", length=CODE_LENGTH))
    chosen = pick_trunk(inst.settings.trunks, trunk, reserved=ours.reserved)
    code_hash = await asyncio.to_thread(hash_code, code)
    return await verifications.request(inst.store, ours, None, chosen, code_hash, inst.actor.account, proves)


async def ring_with_code(
    inst: Installation, number: str, *, trunk: str | None, shown: str | None, show: Show, proves: str
) -> tuple[str, str]:
    """Let the running workers ring the number, and show the code for the person who answers to key.

    ``shown`` None: the number itself. Returns the number in E.164, and until when it is proved. Raises InputError for a
    wrong number or trunk and when it is not proved, ConfigError when no worker runs, AsteriskError when our own side
    failed, StoreError.
    """
    ours, other = number_of(number), None if shown is None else number_of(shown).e164
    chosen = pick_trunk(inst.settings.trunks, trunk, reserved=ours.reserved)
    await worker_runs(inst)
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_LENGTH))
    code_hash = await asyncio.to_thread(hash_code, code)
    shown = None if other == ours.e164 else other
    asked = await verifications.request(inst.store, ours, shown, chosen, code_hash, inst.actor.account, proves)
    told = "{e164} is called now and sees {shown}. The person who answers keys this code: {code}"
    show(t(told, e164=ours.e164, shown=shown or ours.e164, code=code))
    status = await verifications.REQUESTS.follow(inst.store, inst.clock, asked, LONGEST_CALL)
    if status.result == "proved":
        return ours.e164, status.note or ""
    if status.result == REFUSED:
        raise InputError(t("{e164} was not called: {retold}", e164=ours.e164, retold=retold(status.note or "")))
    fault = unwanted_end(status, _NOT_PROVED)
    raise type(fault)(f"{ours.e164} is not proved: {fault}")


@reads(Scope.FIGURES_READ)
async def held(inst: Installation) -> list[ProvedNumber]:
    """All proofs, also those that have expired. Raises StoreError."""
    now = inst.clock.now()
    return [_proved(proof, now) for proof in await proofs(inst.store)]


@reads(Scope.FIGURES_READ)
async def used_by(inst: Installation) -> Mapping[str, Sequence[str]]:
    """Each number that a campaign shows that was not stopped, with the names of those. Raises StoreError."""
    found: dict[str, list[str]] = {}
    for row in await load_campaigns(
        inst.store, {state for state in CampaignState if state is not CampaignState.STOPPED}
    ):
        for number in numbers_of(row.campaign):
            found.setdefault(number, []).append(row.campaign.name)
    return found


def _proved(proof: CallerIdProof, now: dt.datetime) -> ProvedNumber:
    left = max(0, caller_id_proof.days_left(proof, now))
    return ProvedNumber(proof, LABEL[proof.kind], left, caller_id_proof.warning(proof, now))
