"""Removes what has been kept long enough, by the retention of each jurisdiction; every purge is a signed row.

What goes: evidence files whose consents have long ended (and files that no consent names), contact
columns, answers and recordings long after the last call; by their settings and without a signed row, as no part
of the audit tree, what the guard keeps of calls that came in and the log of results that were sent back. Consents,
refusals, decisions and results of calls stay, without them nothing could be proved; so does every hash of the
suppression list.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Mapping

from agi_app import log
from agi_app.clock import Clock
from agi_app.consent.evidence import KeptFiles
from agi_app.errors import AgiAppError
from agi_app.gate.ruleset import RuleSet
from agi_app.sealed_files import SealedFiles
from agi_app.store.calling.call_recordings import named_recordings, old_recordings, purge_recordings
from agi_app.store.database.pool import Store
from agi_app.store.exchange import results
from agi_app.store.people.erasure import Sign, Why, kept_evidence, old_rows, purge_evidence, purge_rows
from agi_app.store.screening import screened_calls

ROW_KINDS = {"contact": "contact columns", "attempt": "answers"}  # kind of the store -> what people call it
EVIDENCE, RECORDINGS, SENT = "evidence files", "recordings", "results sent back"
IN_THE_MAKING = dt.timedelta(days=1)  # a file this young may belong to an import that has not ended
FILES_AT_ONCE = 1000
FIRST_AFTER_S = 600.0  # a worker that begins has more urgent things to do
EVERY_S = 24 * 3600.0
_LONGEST = dt.timedelta(days=365 * 100)

_log = log.get("purge")


class Purger:
    """What one installation may forget, and how it does."""

    def __init__(
        self, store: Store, files: KeptFiles, ruleset: RuleSet, clock: Clock, sign: Sign, *, screened_days: int = 90
    ) -> None:
        """``screened_days``: for how long the guard keeps calls that came in."""
        self._store, self._screened = store, dt.timedelta(days=screened_days)
        self._evidence, self._recordings = files.evidence, files.recordings
        self._ruleset = ruleset
        self._clock = clock
        self._sign = sign

    async def purge(self, entered_by: str, *, dry_run: bool = False) -> dict[str, int]:
        """Remove all that is due, or only count it; returns how many of each. Raises StoreError, ConfigError."""
        until = kept_until(self._ruleset, self._clock.now())
        why = Why(
            self._clock.real_now(),
            f"kept long enough by the rules {self._ruleset.version}",
            entered_by,
        )
        removed = {EVIDENCE: await self._files(until, why, dry_run)}
        removed[RECORDINGS] = await self._spoken(until, why, dry_run)
        for kind, name in ROW_KINDS.items():
            removed[name] = await self._rows(kind, until, why, dry_run)
        removed[SENT] = await self._sent_results(dry_run)
        return removed | await self._screened_calls(dry_run)

    async def run(self) -> None:
        """Purge once a day until cancelled; a purge that fails is tried again the next day."""
        pause = FIRST_AFTER_S
        while True:
            await asyncio.sleep(pause)
            pause = EVERY_S
            try:
                removed = await self.purge("agi-app run")
            except AgiAppError as error:
                _log.error("what has been kept long enough could not be removed", error=str(error))
            else:
                if any(removed.values()):
                    _log.info(
                        "removed what has been kept long enough",
                        **{name.replace(" ", "_"): many for name, many in removed.items()},
                    )

    async def _screened_calls(self, dry_run: bool) -> dict[str, int]:
        before = self._clock.now() - self._screened
        if dry_run:
            return await screened_calls.old(self._store, before)
        gone = Counter(dict.fromkeys(screened_calls.PURGED.values(), 0))
        while some := await screened_calls.purge(self._store, before):
            gone.update(some)
        return dict(gone)

    async def _sent_results(self, dry_run: bool) -> int:
        """Rows of the log of results, each for as long as its target's settings say; no part of the audit tree."""
        now = self._clock.real_now()
        if dry_run:
            return await results.old(self._store, now)
        total = 0
        while gone := await results.purge(self._store, now):
            total += gone
        return total

    async def _rows(self, kind: str, until: Mapping[str, dt.datetime], why: Why, dry_run: bool) -> int:
        if dry_run:
            return await old_rows(self._store, kind, until)
        total = 0
        while removed := await purge_rows(self._store, kind, until, why, self._sign):
            total += removed
        return total

    async def _spoken(self, until: Mapping[str, dt.datetime], why: Why, dry_run: bool) -> int:
        """Recordings go with the answers of their calls; so do files that no call names, as a crash leaves them."""
        total = await old_recordings(self._store, until)
        while not dry_run and (gone := await purge_recordings(self._store, until, why, self._sign)):
            for digest in gone:
                await asyncio.to_thread(self._recordings.remove, digest)
        for some in await self._not_new(self._recordings):
            free = set(some) - await named_recordings(self._store, some)
            total += len(free)
            for digest in () if dry_run else free:
                await asyncio.to_thread(self._recordings.remove, digest)
        return total

    async def _files(self, until: Mapping[str, dt.datetime], why: Why, dry_run: bool) -> int:
        total = 0
        for some in await self._not_new(self._evidence):
            needed = await kept_evidence(self._store, some, until)
            free = [digest for digest in some if digest not in needed]
            total += len(free)
            if free and not dry_run:
                await purge_evidence(self._store, free, why, self._sign)
                for digest in free:
                    await asyncio.to_thread(self._evidence.remove, digest)
        return total

    async def _not_new(self, files: SealedFiles) -> list[list[bytes]]:
        """The digests of the files that are not in the making, in portions that one query takes."""
        young = (self._clock.real_now() - IN_THE_MAKING).timestamp()
        found = [digest for digest, at in await asyncio.to_thread(files.digests) if at < young]
        return [found[start : start + FILES_AT_ONCE] for start in range(0, len(found), FILES_AT_ONCE)]


def kept_until(ruleset: RuleSet, now: dt.datetime) -> dict[str, dt.datetime]:
    """By region the time before which nothing is kept; ``""`` is for all other regions: the longest.

    A jurisdiction that says nothing keeps records without end.
    """
    days = {
        name: country.rules_in(tuple(country.parts)).keep_records_days
        for name, country in ruleset.jurisdictions.items()
    }
    periods = {name: dt.timedelta(days=number) if number else _LONGEST for name, number in days.items()}
    return {name: now - kept for name, kept in periods.items()} | {"": now - max(periods.values(), default=_LONGEST)}
