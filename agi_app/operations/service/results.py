"""Results that are sent back: how each target fares, the log, and what is sent again (docs/how-to/results-back.md)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.authoring.suggestions import suggest
from agi_app.errors import InputError, NotThere
from agi_app.exchange import others_address
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.store.exchange import processes
from agi_app.store.exchange import results as stored
from agi_app.store.exchange.results import ResultDelivery, TargetRow

__all__ = ["MOST_LISTED", "ResultDelivery", "TargetRow", "TargetStatus", "log_of", "retry", "status"]
MOST_LISTED = 1000


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """A target of the settings or of before; ``row`` None: no worker knows it yet."""

    target: str
    place: str  # its folder, or its database without the password; empty when the settings have it no longer
    in_settings: bool
    known: bool  # to the workers, as the settings say it
    row: TargetRow | None


@dataclass(frozen=True, slots=True)
class ResultsStatus:
    """All targets, and how many processes send."""

    targets: list[TargetStatus]
    processes: int


@dataclass(frozen=True, slots=True)
class SentAgain:
    """How many results are sent again; ``older``: left as they are, since a later call's result was sent since."""

    again: int
    older: int


@reads(Scope.FIGURES_READ)
async def status(inst: Installation, target: str = "") -> ResultsStatus:
    """How each target fares, or one. Raises NotThere for one that there never was, StoreError."""
    rows = {row.target: row for row in await stored.targets(inst.store, inst.clock.real_now())}
    names = sorted({*inst.settings.results, *rows})
    if target and target not in names:
        raise NotThere(_no_target(target, names))
    found = [_status(inst, name, rows.get(name)) for name in names if target in ("", name)]
    return ResultsStatus(found, len(await processes.alive(inst.store)))


@reads(Scope.PEOPLE_READ)
async def log_of(
    inst: Installation, target: str = "", *, state: str | None = None, before: int | None = None, limit: int = 50
) -> list[ResultDelivery]:
    """What was sent, what waits and what was given up, newest first. Raises NotThere, StoreError."""
    if target:
        await _must_be_there(inst, target)
    limit = min(limit, MOST_LISTED)
    return await stored.deliveries(inst.store, target=target or None, state=state, before=before, limit=limit)


@noted(Scope.SERVICE_MANAGE, "results sent again", "target")
async def retry(inst: Installation, target: str, keys: Sequence[str] = ()) -> SentAgain:
    """Send again all that was given up for a target, or the results with these keys. Raises NotThere, InputError."""
    await _must_be_there(inst, target)
    for key in keys:
        try:
            uuid.UUID(key)
        except ValueError:
            told = t("{key!r} is not the key of a result: `agi-app results log` shows them", key=key)
            raise InputError(told) from None
    again, older = await stored.retry(inst.store, target, list(keys) or None, inst.clock.real_now())
    if keys and again < len(set(keys)):
        raise InputError(t("of these keys, {target} has {number}", target=target, number=again))
    return SentAgain(again, older)


def _status(inst: Installation, name: str, row: TargetRow | None) -> TargetStatus:
    settings = inst.settings.results.get(name)
    if settings is None:
        return TargetStatus(name, "", in_settings=False, known=False, row=row)
    known = row is not None and row.removed_at is None and set(row.campaigns) == set(settings.campaigns)
    if settings.folder is not None:
        place = str(inst.settings.project / settings.folder)
    elif settings.database_url and others_address.fault_in(settings.database_url) is None:
        place = str(others_address.place(settings.database_url))
    else:
        place = str(settings.database_url_file or "")
    return TargetStatus(name, place, in_settings=True, known=known, row=row)


async def _must_be_there(inst: Installation, target: str) -> None:
    rows = await stored.targets(inst.store, inst.clock.real_now())
    if target not in (names := {row.target for row in rows}):
        raise NotThere(_no_target(target, sorted(names)))


def _no_target(target: str, names: Sequence[str]) -> str:
    more = suggest(target, names) if names else t("; there is none: docs/how-to/results-back.md")
    return t("there is no results target {target!r}{more}", target=target, more=more)
