"""Proof that a number we show is ours: a carrier's letter, kept with its hash, for at most a year.

A letter is somebody's word that nobody has verified; reports show it as ``unverified letter``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from pathlib import Path

from agi_app.errors import ConfigError, InputError
from agi_app.files import write_whole
from agi_app.model.phone import NotANumber, parse
from agi_app.store.caller_ids import Proof, add_proof
from agi_app.store.pool import Store

LONGEST = dt.timedelta(days=365)
LARGEST_LETTER = 20 * 1024 * 1024  # bytes
LABEL = {"letter": "unverified letter", "call": "verification call"}
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
) -> Proof:
    """Record a carrier's letter about one number; the file is copied and hashed. ``now`` is rules time.

    ``expires_at`` may be any time of the last day of the year that a letter is good for.
    """
    e164 = _number(number)
    until = expires_at or now + LONGEST
    if until <= now:
        raise InputError(f"--expires {until:%Y-%m-%d} has passed already")
    if until.date() > (now + LONGEST).date():
        raise InputError(f"--expires {until:%Y-%m-%d}: a letter is good for at most a year ({now + LONGEST:%Y-%m-%d})")
    if not entered_by.strip():
        raise InputError("--entered-by: say who enters the letter")
    content = _read(letter)
    _names_number(letter, content, e164)
    digest = hashlib.sha256(content).hexdigest()
    kept = _keep(evidence_folder, letter.suffix.lower(), content, digest)
    proof = Proof(e164, "letter", kept.name, digest, entered_by.strip(), now, min(until, now + LONGEST))
    await add_proof(store, proof, now)
    return proof


def _number(text: str) -> str:
    try:
        return parse(text).e164
    except NotANumber as error:
        raise InputError(f"{text}: {error}; a caller ID is written in E.164, with + and country code") from None


def _read(letter: Path) -> bytes:
    try:
        size = letter.stat().st_size
        if not 0 < size <= LARGEST_LETTER:
            raise InputError(f"{letter}: has {size} bytes; a letter has 1 byte to {LARGEST_LETTER // 1024**2} MB")
        return letter.read_bytes()
    except OSError as error:
        raise InputError(f"{letter}: cannot be read: {error.strerror}") from error


def _names_number(letter: Path, content: bytes, e164: str) -> None:
    """A letter that we can read must name this number; of a scan we keep the hash only."""
    if letter.suffix.lower() not in _TEXT:
        return
    if not _contains(content.decode("utf-8", errors="replace"), e164.removeprefix("+")):
        raise InputError(
            f"{letter}: does not name {e164} with its country code; a letter proves only the number that stands in it"
        )


def _contains(text: str, digits: str) -> bool:
    """Whether whole groups of digits of the text, in a row, make the number; part of a longer number is another one."""
    groups = re.findall(r"[0-9]+", text)
    for start in range(len(groups)):
        joined = ""
        for group in groups[start:]:
            joined += group
            if joined in (digits, f"00{digits}"):
                return True
            if len(joined) > len(digits) + 1:
                break
    return False


def _keep(folder: Path, suffix: str, content: bytes, digest: str) -> Path:
    kept = folder / f"{digest[:16]}{suffix}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(kept, content, 0o600)
    except OSError as error:
        raise ConfigError(f"{folder}: the letter cannot be kept: {error.strerror}") from error
    return kept
