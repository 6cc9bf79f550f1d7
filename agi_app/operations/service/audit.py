"""The proof of what was done: verify it, hand it out, sign it now (docs/how-to/audit.md).

The audit itself records who took out whole numbers, and that entries were given up.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from agi_app.audit.checkpoint import Checkpoint
from agi_app.audit.findings import AuditReport, shown
from agi_app.config.settings import Settings
from agi_app.consent.project_identity import key_of
from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.proof import export as exporter
from agi_app.proof import verify as verifier
from agi_app.proof.export import Exported, ProofFile
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.proof.signed_manifest import message, write_verifier
from agi_app.proof.verify import Progress
from agi_app.store.calling.campaigns import option_names_one
from agi_app.store.people.access_log import Access, log_access

__all__ = [
    "AuditReport",
    "Checkpoint",
    "SignedNow",
    "checkpoint",
    "export",
    "prove",
    "public_key",
    "restart",
    "shown",
    "verify",
    "verify_dump",
    "write_verifier",
]


@dataclass(frozen=True, slots=True)
class SignedNow:
    """How many entries were sealed (None: a worker is doing it), the newest checkpoint, and it as a message."""

    sealed: int | None
    newest: Checkpoint | None
    message: str


@reads(Scope.PROOF_READ)
async def verify(inst: Installation, *, witness: Path | None = None, progress: Progress) -> AuditReport:
    """Look for changed, removed, inserted or reordered records up to the last checkpoint.

    ``witness`` is another copy of the checkpoints than that of the settings. Raises ConfigError, StoreError.
    """
    notary = await Notary.open(inst.settings, inst.store)
    return await verifier.verify(inst.store, notary, witness=witness, progress=progress)


async def verify_dump(
    settings: Settings, dump: Path, *, witness: Path | None = None, progress: Progress
) -> AuditReport:
    """The same for the rows of a ``pg_dump``, in our own server; the database is not asked."""
    return await verifier.verify_dump(settings, key_of(settings).hash_number, dump, witness=witness, progress=progress)


@noted(Scope.EXPORTS_WHOLE, "audit prove", number="number")
async def prove(inst: Installation, number: str, *, reason: str) -> ProofFile:
    """One person's records with the proof that they are what was recorded at the time.

    Raises InputError when nothing is known of the number, ConfigError, StoreError.
    """
    made = await exporter.prove(inst.store, await _sealed(inst), number)
    await log_access(
        inst.store, Access("audit prove", made.numbers, made.person_ids, inst.actor.account, reason or None)
    )
    return made


@noted(Scope.EXPORTS_WHOLE, "audit export", "folder")
async def export(
    inst: Installation,
    folder: Path,
    *,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    campaign: str | None = None,
    whole_numbers: bool = False,
    reason: str,
    progress: Progress,
) -> Exported:
    """Write records, proof and verifier into a new folder for a regulator; numbers are masked.

    ``whole_numbers`` shows them, which is noted. Raises InputError, ConfigError, StoreError.
    """
    wanted = exporter.ExportRequest(since, until, campaign, whole_numbers)
    await option_names_one(inst.store, campaign)
    notary = await _sealed(inst)
    if whole_numbers:
        numbers = await exporter.people(inst.store, notary, wanted)
        await log_access(inst.store, Access("audit export", numbers, (), inst.actor.account, reason or None))
    return await exporter.export(inst.store, notary, folder, wanted, progress)


@reads(Scope.PROOF_READ)
async def checkpoint(inst: Installation, *, mail: bool = False) -> SignedNow:
    """Seal and sign what is new now; a worker does it automatically, each second. Raises ConfigError, StoreError.

    ``mail``: it is wanted as a message for somebody who will check later, too.
    """
    notary = await Notary.open(inst.settings, inst.store)
    made = await Sequencer(inst.store, notary).once()
    return SignedNow(
        sealed=None if made is None else made.entries,
        newest=await notary.newest(inst.store),
        message=message(await notary.newest_note(inst.store)) if mail else "",
    )


@noted(Scope.SERVICE_MANAGE, "audit restart")
async def restart(inst: Installation) -> Checkpoint:
    """Go on after an older backup was restored; the proof says permanently what was given up. End the workers first.

    Raises ConfigError, StoreError, SafetyError.
    """
    return await Sequencer(inst.store, await Notary.open(inst.settings, inst.store)).restart()


@reads(Scope.PROOF_READ)
async def public_key(inst: Installation) -> str:
    """The public key, for those who will check proofs. Raises ConfigError, StoreError."""
    return (await Notary.open(inst.settings, inst.store)).public_line


async def _sealed(inst: Installation) -> Notary:
    """The notary, once what is new is sealed, which no worker may be doing."""
    notary = await Notary.open(inst.settings, inst.store)
    await Sequencer(inst.store, notary).once()
    return notary
