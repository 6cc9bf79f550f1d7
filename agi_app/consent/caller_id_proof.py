"""Proof that a number we show is ours: a carrier's letter, kept with its hash, or a call; for at most a year.

A letter is somebody's word that nobody has verified; reports show it as ``unverified letter``. A
rehearsal's proof never makes a caller ID.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import itertools
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agi_app.atomic_files import write_whole
from agi_app.consent.evidence import read_evidence
from agi_app.errors import ConfigError, InputError
from agi_app.gate.caller_id_rules import LONGEST_PROOF, PROOF_KINDS
from agi_app.messages import t, template
from agi_app.model.phone import NotANumber, PhoneNumber, parse, shown_number
from agi_app.store.database.pool import Store
from agi_app.store.people.caller_ids import CallerIdProof, add_proof

LARGEST_LETTER = 20 * 1024 * 1024  # bytes
WARN_BEFORE = dt.timedelta(days=30)
LABEL = {"letter": "unverified letter", "call": "verification call", "rehearsal": "rehearsal only"}
_TEXT = frozenset({".txt", ".md", ".eml"})


async def prove_by_letter(
    store: Store,
    evidence_folder: Path,
    number: str,
    letter: Path,
    *,
    entered_by: str,
    expires_at: dt.datetime | None,
    now: dt.datetime,
) -> CallerIdProof:
    """Record a carrier's letter about one number; the file is copied and hashed. ``now`` is rules time.

    ``expires_at`` may be any time of the last day of the year that a letter is good for.
    """
    e164 = number_of(number).e164
    until = expires_at or now + LONGEST_PROOF
    if until <= now:
        raise InputError(t("--expires {until:%Y-%m-%d} has passed already", until=until))
    if until.date() > (latest := now + LONGEST_PROOF).date():
        raise InputError(
            t(
                "--expires {until:%Y-%m-%d}: a letter is good for at most a year ({latest:%Y-%m-%d})",
                until=until,
                latest=latest,
            )
        )
    if not entered_by.strip():
        raise InputError(t("--entered-by: say who enters the letter"))
    content = read_evidence(letter, LARGEST_LETTER, template("a letter"))
    _names_number(letter, content, e164)
    digest = hashlib.sha256(content).hexdigest()
    kept = _keep(evidence_folder, letter.suffix.lower(), content, digest)
    proof = CallerIdProof(e164, "letter", kept, digest, entered_by.strip(), now, min(until, latest))
    await add_proof(store, proof, now)
    return proof


@dataclass(frozen=True, slots=True)
class Standing:
    """How well a number is proved at one instant; ``proof`` is the one that counts, None when there is none."""

    proof: CallerIdProof | None
    days_left: int  # whole days; negative once it has expired, 0 without a proof

    @property
    def valid(self) -> bool:
        """The number may be shown."""
        return self.proof is not None and self.days_left >= 0

    @property
    def ends_soon(self) -> bool:
        """It may be shown, but in less than 30 days no more."""
        return self.valid and self.days_left < WARN_BEFORE.days

    @property
    def words(self) -> str:
        """For reports: ``unverified letter until 2027-03-03``."""
        if self.proof is None:
            return t("no ownership proof")
        words = "{kind} until {until:%Y-%m-%d}" if self.valid else "{kind} until {until:%Y-%m-%d}, expired"
        return t(words, kind=t(LABEL[self.proof.kind]), until=self.proof.expires_at)


def standing(found: Iterable[CallerIdProof], e164: str, now: dt.datetime) -> Standing:
    """The proof of this number that counts at ``now`` (rules time): a valid call before a letter, the longest first."""
    if not (held := [p for p in found if p.e164 == e164 and p.kind in PROOF_KINDS]):
        return Standing(None, 0)
    best = max(held, key=lambda p: (p.expires_at > now, p.kind == "call", p.expires_at))
    return Standing(best, days_left(best, now))


def warning(proof: CallerIdProof, now: dt.datetime) -> str:
    """What lists say beside a proof that has expired or ends within 30 days of ``now`` (rules time); else nothing."""
    left = days_left(proof, now)
    if left < 0:
        return t("expired")
    return t("ends in {left} days: prove it again", left=left) if left < WARN_BEFORE.days else ""


def days_left(proof: CallerIdProof, now: dt.datetime) -> int:
    """Whole days until it expires; -1 or less from the instant on at which it has (rules time ``now``)."""
    return (proof.expires_at - now).days if proof.expires_at > now else min(-1, (proof.expires_at - now).days)


def number_of(text: str) -> PhoneNumber:
    """A number that could be a caller ID; InputError for one that nobody can answer (short, premium …)."""
    try:
        return parse(text)
    except NotANumber as error:
        raise InputError(
            t(
                "{number}: {error}; a caller ID is written in E.164, with + and country code",
                number=shown_number(text),
                error=error,
            )
        ) from None


def _names_number(letter: Path, content: bytes, e164: str) -> None:
    """A letter that we can read must name this number; of a scan we keep the hash only."""
    if letter.suffix.lower() not in _TEXT:
        return
    if not _contains(content.decode("utf-8", errors="replace"), e164.removeprefix("+")):
        raise InputError(
            t(
                "{letter}: does not name {e164} with its country code; a letter proves only a number that it names",
                letter=letter,
                e164=e164,
            )
        )


def _contains(text: str, digits: str) -> bool:
    """Whether whole groups of digits of the text, in a row, make the number; part of a longer number is another one.

    Only what stands within a number may stand between them: no letters, which are never taken for digits.
    """
    most = len(digits) + 2  # groups, if each has one digit
    for run in re.findall(r"[0-9](?:[0-9\s().\-/\u2010-\u2015]*[0-9])?", text):
        groups = re.findall(r"[0-9]+", run)
        beginnings = (itertools.accumulate(groups[start : start + most]) for start in range(len(groups)))
        if not {digits, f"00{digits}"}.isdisjoint(itertools.chain.from_iterable(beginnings)):
            return True
    return False


def _keep(folder: Path, suffix: str, content: bytes, digest: str) -> str:
    """Returns the name of the file."""
    kept = folder / f"{digest[:16]}{suffix}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(kept, content, 0o600)
    except OSError as error:
        raise ConfigError(
            t("{folder}: the letter cannot be kept: {strerror}", folder=folder, strerror=error.strerror)
        ) from error
    return kept.name


# Proof by a call: we ring the number, and the person who answers keys the code that the command line shows.
#
# The code is six random digits, good for one call. It is shown once, on the terminal; what is stored until the
# call is over is a salted scrypt hash, and nothing of it is logged.


CODE_LENGTH = 6
_SALT = 16


def proof_by_call(number: str, entered_by: str, now: dt.datetime) -> CallerIdProof:
    """What the right code brings: a proof for a year from ``now`` (rules time); house rule."""
    return CallerIdProof(number, "call", None, None, entered_by, now, now + LONGEST_PROOF)


def hash_code(code: str) -> bytes:
    """A new salt and the scrypt hash of the code. Takes some 50 ms."""
    salt = secrets.token_bytes(_SALT)
    return salt + _scrypt(code, salt)


def is_code(code_hash: bytes, keyed: str) -> bool:
    """Whether these keys are the code of ``code_hash``. Takes some 50 ms."""
    return hmac.compare_digest(code_hash[_SALT:], _scrypt(keyed, code_hash[:_SALT]))


def _scrypt(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1)
