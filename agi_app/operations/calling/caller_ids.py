"""The numbers that we may show, and the proof that each is ours: a carrier's letter, or a call to the number.

The audit records each proof, and who entered it; of a call also that it was asked for, and what the gate decided.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from dataclasses import dataclass
from pathlib import Path

from agi_app.consent import caller_id_proof
from agi_app.consent.caller_id_proof import CODE_LENGTH, LABEL, hash_code, number_of
from agi_app.errors import AsteriskError, InputError
from agi_app.installation import Installation
from agi_app.operations.calling.requested_calls import a_worker_runs, pick_trunk
from agi_app.store.people.caller_ids import CallerIdProof, proofs
from agi_app.store.requested_calls import verifications
from agi_app.store.requested_calls.requests import EXPIRED, REFUSED

LONGEST_CALL = dt.timedelta(minutes=4)  # ringing, talking, and every wait for Asterisk
_WHAT_HAPPENED = {
    "wrong_code": "a wrong code was keyed",
    "no_code": "it was answered, but the whole code was not keyed",
    "stopped": "the person who answered keyed *9: the number is on the suppression list now and is never called again",
    "no_answer": "nobody answered",
    "busy": "the line was busy",
    "rejected": "the call was declined",
    "invalid_number": "the network says that there is no such number",
    EXPIRED: "no worker took the request; does one that is running have this trunk in its settings?",
}
_OUR_SIDE = frozenset({"trunk_silent", "congestion", "failed", "interrupted", "cancelled", "no_media", EXPIRED})


@dataclass(frozen=True, slots=True)
class ProvedNumber:
    """A proof, what it is called, and how long it is still good; ``warning`` when that ends soon."""

    proof: CallerIdProof
    label: str
    days_left: int
    warning: str


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """A verification call that was asked for, with the code to key."""

    verification_id: int
    number: str  # E.164
    shown: str  # E.164
    code: str


async def by_letter(
    inst: Installation, number: str, letter: Path, *, expires_at: dt.datetime | None, entered_by: str
) -> ProvedNumber:
    """Record a carrier's letter that assigns the number to us. Raises InputError, ConfigError, StoreError."""
    now = inst.clock.now()
    proof = await caller_id_proof.prove_by_letter(
        inst.store,
        inst.settings.data / "evidence",
        number,
        letter,
        entered_by=entered_by,
        expires_at=expires_at,
        now=now,
    )
    return _proved(proof, now)


async def ask_for_call(
    inst: Installation,
    number: str,
    *,
    trunk: str | None,
    shown: str | None,
    entered_by: str,
    proves: str = verifications.CALLER_ID,
) -> CodeRequest:
    """Ask the running workers to ring the number; the person who answers keys the code. ``shown`` None: the number
    itself.

    Raises InputError for a wrong number or trunk and without a name, ConfigError when no worker runs, StoreError.
    """
    ours, other = number_of(number), None if shown is None else number_of(shown).e164
    chosen = pick_trunk(inst.settings.trunks, trunk, reserved=ours.reserved)
    if not entered_by.strip():
        raise InputError("--entered-by: say who asks for the call")
    await a_worker_runs(inst)
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_LENGTH))
    code_hash = await asyncio.to_thread(hash_code, code)
    shown = None if other == ours.e164 else other
    asked = await verifications.request(inst.store, ours, shown, chosen, code_hash, entered_by, proves)
    return CodeRequest(asked, ours.e164, shown or ours.e164, code)


async def outcome_of(inst: Installation, asked: CodeRequest) -> str:
    """Wait for the end of the call; returns until when the number is proved.

    Raises InputError when it is not proved, AsteriskError when our own side failed, StoreError.
    """
    status = await verifications.REQUESTS.follow(inst.store, inst.clock, asked.verification_id, LONGEST_CALL)
    result, note = status.result or "", status.note
    if result == "proved":
        return note or ""
    if result == REFUSED:
        raise InputError(f"{asked.number} was not called: {note}")
    what = _WHAT_HAPPENED.get(result, f"the call ended with {result}") + (f" ({note})" if note else "")
    if result in _OUR_SIDE:
        raise AsteriskError(f"{asked.number} is not proved: {what}")
    raise InputError(f"{asked.number} is not proved: {what}")


async def held(inst: Installation) -> list[ProvedNumber]:
    """All proofs, also those that have expired. Raises StoreError."""
    now = inst.clock.now()
    return [_proved(proof, now) for proof in await proofs(inst.store)]


def _proved(proof: CallerIdProof, now: dt.datetime) -> ProvedNumber:
    left = max(0, caller_id_proof.days_left(proof, now))
    return ProvedNumber(proof, LABEL[proof.kind], left, caller_id_proof.warning(proof, now))
