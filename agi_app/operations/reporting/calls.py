"""The report of calls: each call of a span of days with the consent that it stood on, and refused decisions.

Numbers are masked. Whole ones need a reason, and are noted in the audit before anybody sees them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS

from agi_app.authoring.suggestions import suggest
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.call import Outcome
from agi_app.model.number_places import is_place, places_like
from agi_app.model.reason_catalogue import GATE
from agi_app.operations.acting import noted, reads
from agi_app.operations.reporting.days import span, zone_of
from agi_app.operations.reporting.table_requests import Add, WrittenTable, write_table
from agi_app.reports.call_rows import COLUMNS, CallCells, place_of_row
from agi_app.reports.table_files import TableFormat
from agi_app.store.calling.campaigns import campaign_names
from agi_app.store.people.access_log import MOST_PERSONS, Access, log_access
from agi_app.store.reporting import calls as table
from agi_app.store.reporting.calls import Batch

COMMAND = "report calls"
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class CallsRequest:
    """Which calls: of whole days in a zone, and of any of the values given; no values means any.

    ``refused``: with decisions that refused a call. ``rules``: only those, by one of these rules.
    """

    since: dt.date
    until: dt.date  # the last day
    zone: str = "UTC"
    campaigns: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()  # US, or US-FL
    places: tuple[str, ...] = ()  # province, state or city, in English or Chinese
    rules: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    refused: bool = False
    whole_numbers: bool = False
    reason: str = ""
    language: str = "en"  # of the reasons

    @property
    def name(self) -> str:
        """For the note of who exported what."""
        return f"{self.since} to {self.until}, {self.zone}{', whole numbers' if self.whole_numbers else ''}"


@dataclass(frozen=True, slots=True)
class CallsOfDay:
    """How many calls were made on a day of a zone until now; ``more``: there are more than that."""

    day: dt.date
    zone: str
    calls: int
    more: bool


@reads(Scope.EXPORTS_MASKED)
async def of_day(inst: Installation, day: dt.date | None, zone: str) -> CallsOfDay:
    """What a report of one day would have; None: of today. Raises InputError for a day or zone, StoreError."""
    day = day or inst.clock.now().astimezone(zone_of(zone)).date()
    since, until = span(day, day, zone)
    found = await table.counted(inst.store, since, until, MOST_COUNTED + 1)
    return CallsOfDay(day, zone, min(found, MOST_COUNTED), found > MOST_COUNTED)


@noted(Scope.EXPORTS_MASKED, "calls.export", "asked")
async def write_calls(inst: Installation, asked: CallsRequest, file: Path, form: TableFormat) -> WrittenTable:
    """Write the table of calls. Raises InputError for what cannot be asked or written, StoreError, Forbidden."""
    scope, told = await check(inst, asked), CallCells(ZoneInfo(asked.zone), asked.whole_numbers, asked.language)
    seen: set[int] = set()

    def cells(batch: Batch) -> Sequence[Sequence[str]]:
        placed = [(row, consent, place_of_row(row)) for row, consent in batch]
        if asked.places:
            placed = [one for one in placed if any(map(one[2].is_in, asked.places))]
        if asked.whole_numbers and len(seen) <= MOST_PERSONS:
            seen.update(row.person_id for row, _, _ in placed if row.person_id is not None)
        return [told.cells(*one) for one in placed]

    async def fill(add: Add) -> None:
        await table.in_order(inst.store, scope, lambda batch: add(partial(cells, batch)))

    async def note(rows: int) -> None:
        persons = sorted(seen) if len(seen) <= MOST_PERSONS else ()
        await log_access(inst.store, Access(COMMAND, rows, persons, inst.actor.account, asked.reason.strip()))

    return await write_table(file, form, COLUMNS, fill, note if asked.whole_numbers else None)


async def check(inst: Installation, asked: CallsRequest) -> table.CallScope:
    """What the store is asked; InputError for what there is none of, Forbidden for whole numbers without the scope."""
    if asked.whole_numbers:
        inst.actor.require(Scope.EXPORTS_WHOLE)
    since, until = span(asked.since, asked.until, asked.zone)
    if asked.whole_numbers and not asked.reason.strip():
        raise InputError(t("whole numbers need --reason: it is kept with who saw them"))
    if asked.rules and asked.outcomes:
        raise InputError(t("--rule is of decisions that refused a call, --outcome of calls: ask for one of them"))
    _known("--outcome", asked.outcomes, [outcome.value for outcome in Outcome])
    _known("--rule", asked.rules, sorted({key.partition("/")[0] for key in GATE}))
    if asked.campaigns:
        _known("--campaign", asked.campaigns, await campaign_names(inst.store))
    if asked.trunks:
        _known("--trunk", asked.trunks, sorted({*inst.settings.trunks, *await table.trunks(inst.store)}))
    if asked.jurisdictions:
        await asyncio.to_thread(_known_jurisdictions, inst.settings.project, asked.jurisdictions)
    if asked.places:
        await asyncio.to_thread(_known_places, asked.places)
    return table.CallScope(
        since=since,
        until=until,
        calls=not asked.rules,
        refusals=asked.refused or bool(asked.rules),
        campaigns=list(asked.campaigns) or None,
        trunks=list(asked.trunks) or None,
        jurisdictions=[one.upper() for one in asked.jurisdictions] or None,
        rules=list(asked.rules) or None,
        outcomes=list(asked.outcomes) or None,
    )


def _known_jurisdictions(project: Path, given: Sequence[str]) -> None:
    """A country is known by its code alone; a part of one only where rules name it. Blocks."""
    countries = load_ruleset(project).jurisdictions.values()
    there = sorted(place for country in countries for place, _ in country.places)
    unknown = [one for one in given if one.upper() not in SUPPORTED_REGIONS]
    _known("--jurisdiction", [one.upper() for one in unknown], there)


def _known_places(given: Sequence[str]) -> None:
    for one in given:
        if not is_place(one):
            _known("--region", [one], places_like(one))


def _known(option: str, given: Sequence[str], there: Sequence[str]) -> None:
    for one in given:
        if one not in there:
            raise InputError(
                t(
                    "{option} {one}: there is none of that name{meant}",
                    option=option,
                    one=one,
                    meant=suggest(one, there),
                )
            )
