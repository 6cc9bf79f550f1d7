"""Erases a person at their request: first the stop, which must outlive the data, then the data, then the files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app.audit.erasures import sign as sign_erasure
from agi_app.clock import Clock
from agi_app.consent.evidence import KeptFiles
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import InputError, StoreError
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.people import stops
from agi_app.store.people.erasure import Erased, Sign, Why, erase_person
from agi_app.store.screening import guard_changes

VIA = "erasure"
STOP_REASON = "erased at the person's request"


def signer(key: Ed25519PrivateKey) -> Sign:
    """Signs erasures with the audit key of this installation."""
    return lambda erasure: sign_erasure(erasure, key)


async def erase(
    store: Store,
    journal: Journal,
    files: KeptFiles,
    clock: Clock,
    number: str,
    *,
    reason: str,
    entered_by: str,
    sign: Sign,
) -> Erased:
    """Suppress an E.164 number permanently, then erase everything else that is stored about it, files, too.

    Raises as ``erase_rows``, and ConfigError when a file cannot be deleted.
    """
    erased = await erase_rows(store, journal, clock, number, reason=reason, entered_by=entered_by, sign=sign)
    await remove_files(files, erased.evidence, erased.recordings)
    return erased


async def remove_files(files: KeptFiles, evidence: Sequence[bytes], recordings: Sequence[bytes]) -> None:
    """Delete the files of these hashes; one that is not there is no fault. Raises ConfigError."""
    for digest in evidence:
        await asyncio.to_thread(files.evidence.remove, digest)
    for digest in recordings:
        await asyncio.to_thread(files.recordings.remove, digest)


async def erase_rows(
    store: Store, journal: Journal, clock: Clock, number: str, *, reason: str, entered_by: str, sign: Sign
) -> Erased:
    """Suppress an E.164 number permanently, then erase all rows about it; the files are for the caller to delete.

    The stop goes through the journal like any other, so that a restored backup does not bring the
    calls back. Unknown numbers are suppressed anyway. Raises InputError while the person is
    being called (the stop holds already), StoreError, SafetyError, ConfigError.
    """
    if not reason.strip():
        raise InputError(t("--reason: say why, for example a letter and its date; it stays when the data is gone"))
    await asyncio.to_thread(journal.append, store.hash_number(number), VIA)
    await stops.revoke(store, number, None, clock.now(), reason=STOP_REASON, via=VIA)
    try:
        why = Why(clock.real_now(), reason.strip(), entered_by)
        erased = await erase_person(store, number, why, sign)
    except StoreError as error:
        raise StoreError(t("the stop is taken, but nothing was erased yet: {error}", error=error)) from error
    screened = await guard_changes.erase(store, number, why, sign)
    if erased is None:
        return Erased(screened, ())
    return replace(erased, rows=erased.rows | screened)
