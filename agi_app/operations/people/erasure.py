"""What is stored about a person goes at their request, or when it was kept long enough.

The audit records each erasure, signed: when, why, who entered it, and how much went.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.config.settings import Settings
from agi_app.consent import erase as person
from agi_app.consent.evidence import KeptFiles
from agi_app.consent.purge import Purger
from agi_app.errors import ConfigError, StoreError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted
from agi_app.prompts.prepared_cache import KEPT_S, Prepared, folder_of
from agi_app.proof.notary import Notary
from agi_app.store.calling import nodes
from agi_app.store.calling.call_recordings import named_recordings
from agi_app.store.database import erased_traces
from agi_app.store.database.erased_traces import Cleaned
from agi_app.store.database.pool import Store
from agi_app.store.people import erasure as rows_of_people

REASON_OF_STOP = "asked to be erased"
LOOKED_AT_EVERY = dt.timedelta(hours=1)  # old spoken texts


@dataclass(frozen=True, slots=True)
class Remains:
    """One place, and until when the person's data may be there."""

    where: str
    until: str


@dataclass(frozen=True, slots=True)
class Removed:
    """Rows and files that went, by kind, and where the data may still be until when; None: nobody looked."""

    rows: Mapping[str, int]
    stays: Sequence[Remains] | None


@dataclass(frozen=True, slots=True)
class LeftFiles:
    """The files of somebody whose rows are erased: two kinds by their SHA-256, and the folder of spoken texts."""

    evidence: Sequence[bytes]
    recordings: Sequence[bytes]
    spoken: str


@noted(Scope.PEOPLE_ERASE, "erase", number="number")
async def erase(inst: Installation, number: str, *, reason: str) -> Removed:
    """Erase all that is stored about an E.164 number. What stays: its keyed hash, never to be called again.

    Raises InputError while the person is being called (the stop holds already), StoreError, SafetyError, ConfigError.
    """
    rows, left = await _erase_rows(inst, number, reason)
    await person.remove_files(_files(inst.settings), left.evidence, left.recordings)
    if spoken := await _forget_spoken(inst.settings, left):
        rows["spoken text"] = spoken
    return Removed(rows, list(remains(await erased_traces.clean(inst.store), inst.clock.real_now())))


@noted(Scope.PEOPLE_ERASE, "erase", number="number")
async def erase_rows(inst: Installation, number: str, *, reason: str) -> tuple[dict[str, int], LeftFiles]:
    """The same by the database alone, in the transaction of who calls; ``remove_left`` comes after its commit."""
    return await _erase_rows(inst, number, reason)


async def remove_left(settings: Settings, store: Store, left: LeftFiles) -> None:
    """Delete the files of somebody who was erased, unless a row names them since, and free the space of old rows.

    It may be done twice. Raises ConfigError, StoreError.
    """
    evidence = await rows_of_people.named_evidence(store, left.evidence)
    recordings = await named_recordings(store, left.recordings)
    await person.remove_files(
        _files(settings),
        [digest for digest in left.evidence if digest not in evidence],
        [digest for digest in left.recordings if digest not in recordings],
    )
    await _forget_spoken(settings, left)
    cleaned = await erased_traces.clean(store)
    if not cleaned.freed:
        raise StoreError(str(cleaned.fault))


def _files(settings: Settings) -> KeptFiles:
    return KeptFiles.of(settings.data, settings.console_folder)


async def _erase_rows(inst: Installation, number: str, reason: str) -> tuple[dict[str, int], LeftFiles]:
    notary = await Notary.open(inst.settings, inst.store)
    erased = await person.erase_rows(
        inst.store,
        inst.journal,
        inst.clock,
        number,
        reason=reason,
        entered_by=inst.actor.account,
        sign=person.signer(notary.key),
    )
    spoken = folder_of(inst.store.hash_number(number))
    return dict(erased.rows), LeftFiles(erased.evidence, erased.recordings, spoken)


async def _forget_spoken(settings: Settings, left: LeftFiles) -> int:
    return await asyncio.to_thread(Prepared(settings.project / "prompts", wideband=False).forget, left.spoken)


def stop_without_database(settings: Settings, number: str) -> None:
    """The stop of an erasure that must be asked for again when the database is back. Blocks. Raises SafetyError."""
    from agi_app.operations.people.stops import without_database  # it loads what reads lists, and is seldom needed

    without_database(settings, [number], person.VIA)


@noted(Scope.PEOPLE_ERASE, "purge")
async def purge(inst: Installation, *, dry_run: bool = False, rewrite: bool = False) -> Removed:
    """Remove what was kept long enough by the rules and the guard's setting. A worker does it automatically once a day.

    ``dry_run`` only counts. ``rewrite`` then rewrites all tables and needs the database for itself: ConfigError
    while a worker runs. Raises StoreError.
    """
    if rewrite and (alive := [node.name for node in await nodes.all_nodes(inst.store) if node.alive]):
        raise ConfigError(
            t("a worker is running ({alive}): --rewrite needs the database for itself", alive=", ".join(alive))
        )
    rules = load_ruleset(inst.settings.project)
    notary = await Notary.open(inst.settings, inst.store)
    files, days = _files(inst.settings), inst.settings.guard.keep_days
    purger = Purger(inst.store, files, rules, inst.clock, person.signer(notary.key), screened_days=days)
    rows = await purger.purge(inst.actor.account, dry_run=dry_run)
    if not rewrite:
        return Removed(rows, None)
    return Removed(rows, list(remains(await erased_traces.rewrite(inst.store), inst.clock.real_now())))


def remains(cleaned: Cleaned, now: dt.datetime) -> Iterator[Remains]:
    """After an erasure, or a rewriting of the database, at ``now`` (real time)."""
    if not cleaned.rewritten:
        until = t("other rows are written over them; `agi-app purge --rewrite`, with no worker running, ends it")
        until = until if cleaned.freed else t("PostgreSQL vacuums its tables (not now: {fault})", fault=cleaned.fault)
        yield Remains(t("old versions of the rows in the database's files"), until)
    if not cleaned.overwritten:
        how = t(" (the database role may not do it)") if cleaned.rewritten else t(", which the same command does")
        yield Remains(t("the database's write-ahead log"), t("its segments are written over{how}", how=how))
    if cleaned.archived:
        yield Remains(t("the archive of the write-ahead log"), t("you delete what is older than this"))
    spoken = now + dt.timedelta(seconds=KEPT_S) + LOOKED_AT_EVERY
    yield Remains(t("texts spoken on other nodes and in rehearsals"), f"{spoken:%Y-%m-%d %H:%M} UTC")
    yield Remains(t("backups, exports, reports, rejects files and the files that were imported"), t("you delete them"))
