"""Proof by a call: we ring the number, and whoever answers keys the code that the command line shows.

The code is six random digits, good for one call. It is shown once, on the terminal; what is stored until the
call is over is a salted scrypt hash, and nothing of it is logged.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from agi_app.clock import Clock
from agi_app.config.trunks import TrunkSettings
from agi_app.consent.caller_id_proof import LONGEST
from agi_app.errors import AsteriskError, ConfigError, InputError
from agi_app.gate.rehearsal import LONGEST_PHONE_PROOF
from agi_app.model.phone import PhoneNumber
from agi_app.store.calling import nodes
from agi_app.store.database.pool import Store
from agi_app.store.people.caller_ids import CallerIdProof
from agi_app.store.requested_calls import verifications
from agi_app.store.requested_calls.requests import EXPIRED, REFUSED, RequestStatus

CODE_LENGTH = 6
PHONE_PROOF = LONGEST_PHONE_PROOF
LONGEST_CALL = dt.timedelta(minutes=4)  # ringing, talking, and every wait for Asterisk
_SALT = 16

_WHAT_HAPPENED = {
    "wrong_code": "a wrong code was keyed",
    "no_code": "it was answered, but the whole code was not keyed",
    "stopped": "whoever answered keyed *9: the number is on the suppression list now and is never called again",
    "no_answer": "nobody answered",
    "busy": "the line was busy",
    "rejected": "the call was declined",
    "invalid_number": "the network says that there is no such number",
    EXPIRED: "no worker took the request; does one that is running have this trunk in its settings?",
}
_OUR_SIDE = frozenset({"trunk_silent", "congestion", "failed", "interrupted", "cancelled", "no_media", EXPIRED})


@dataclass(frozen=True, slots=True)
class Request:
    """A verification call that was asked for, with the code to key."""

    verification_id: int
    number: str  # E.164
    shown: str  # E.164
    code: str


async def ask_for_call(
    store: Store,
    number: PhoneNumber,
    shown: str | None,
    trunk: str,
    entered_by: str,
    proves: str = verifications.CALLER_ID,
) -> Request:
    """Ask the running workers to ring ``number``; ``shown`` None shows the number itself.

    Raises InputError without a name, ConfigError when no worker is running.
    """
    if not entered_by.strip():
        raise InputError("--entered-by: say who asks for the call")
    await a_worker_runs(store)
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_LENGTH))
    code_hash = await asyncio.to_thread(hash_code, code)
    verification_id = await verifications.request(store, number, shown, trunk, code_hash, entered_by, proves)
    return Request(verification_id, number.e164, shown or number.e164, code)


async def a_worker_runs(store: Store) -> None:
    """Raises ConfigError when none does."""
    if not any(n.alive for n in await nodes.all_nodes(store)):
        raise ConfigError("no worker is running, and only a worker makes calls: start `agi-app run`, then try again")


async def outcome_of(store: Store, request: Request, clock: Clock) -> str:
    """Wait for the end of the call; returns a line for people when the number is proved.

    Raises InputError when it is not proved, AsteriskError when our own side failed.
    """
    ended = await verifications.REQUESTS.follow(store, clock, request.verification_id, LONGEST_CALL)
    return _judge(request.number, ended)


def _judge(number: str, status: RequestStatus) -> str:
    result, note = status.result or "", status.note
    if result == "proved":
        return f"{number}: verification call, {note}"
    if result == REFUSED:
        raise InputError(f"{number} was not called: {note}")
    what = _WHAT_HAPPENED.get(result, f"the call ended with {result}") + (f" ({note})" if note else "")
    if result in _OUR_SIDE:
        raise AsteriskError(f"{number} is not proved: {what}")
    raise InputError(f"{number} is not proved: {what}")


def pick_trunk(trunks: dict[str, TrunkSettings], wanted: str | None, *, reserved: bool) -> str:
    """The trunk to ring through: ``wanted``, else the only one that fits the number. Raises InputError."""
    if wanted is not None:
        if wanted not in trunks:
            raise InputError(f"--trunk {wanted}: there is none of that name; trunks here: {_list(trunks)}")
        if trunks[wanted].lines:
            raise InputError(f"--trunk {wanted}: its lines carry calls of campaigns only; ring through another trunk")
        return wanted
    trunks = {name: trunk for name, trunk in trunks.items() if not trunk.lines}
    fitting = [name for name, trunk in trunks.items() if trunk.sandbox == reserved]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting and trunks:
        return next(iter(trunks))  # the gate says why not, in a decision row
    raise InputError(f"--trunk NAME: say through which trunk to ring; trunks here: {_list(trunks)}")


def proof_by_call(number: str, entered_by: str, now: dt.datetime) -> CallerIdProof:
    """What the right code brings: a proof for a year from ``now`` (rules time); house rule."""
    return CallerIdProof(number, "call", None, None, entered_by, now, now + LONGEST)


def hash_code(code: str) -> bytes:
    """A new salt and the scrypt hash of the code. Takes some 50 ms."""
    salt = secrets.token_bytes(_SALT)
    return salt + _scrypt(code, salt)


def is_code(code_hash: bytes, keyed: str) -> bool:
    """Whether these keys are the code of ``code_hash``. Takes some 50 ms."""
    return hmac.compare_digest(code_hash[_SALT:], _scrypt(keyed, code_hash[:_SALT]))


def _scrypt(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1)


def _list(trunks: dict[str, TrunkSettings]) -> str:
    return ", ".join(sorted(trunks)) or "none"
