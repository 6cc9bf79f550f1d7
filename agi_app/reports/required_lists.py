"""Which do-not-call lists of others the rules ask for, which are here, how old they are, and what that stops."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agi_app.gate.ruleset import Jurisdiction, ListRule
from agi_app.store.people.do_not_call_lists import DoNotCallImport


@dataclass(frozen=True, slots=True)
class ListStatus:
    """One list. ``state``: fresh | stale | missing | extra (no rule names it: it binds every purpose, at any age)."""

    name: str
    region: str
    state: str
    as_of: dt.date | None
    age_days: int | None
    limit_days: int | None
    entries: int
    purposes: tuple[str, ...]  # of the calls that it binds


def list_states(
    jurisdictions: Mapping[str, Jurisdiction], imported: Sequence[DoNotCallImport], now: dt.datetime
) -> list[ListStatus]:
    """Every list that is asked for or here, by region and name; judged as the gate does at ``now`` (rules time)."""
    here = {(found.region, found.name): found for found in imported}
    asked = {
        (region, rule.name): rule
        for region, country in jurisdictions.items()
        for rule in country.rules_in(tuple(country.parts)).lists
    }
    return [_status(*key, asked.get(key), here.get(key), now) for key in sorted(asked.keys() | here.keys())]


def _status(
    region: str, name: str, rule: ListRule | None, found: DoNotCallImport | None, now: dt.datetime
) -> ListStatus:
    age = now - dt.datetime.combine(found.as_of, dt.time.min, dt.UTC) if found else None
    if rule is None:
        state = "extra"
    elif age is None:
        state = "missing"
    else:
        state = "stale" if age > rule.max_age else "fresh"
    return ListStatus(
        name=name,
        region=region,
        state=state,
        as_of=found.as_of if found else None,
        age_days=max(0, age.days) if age is not None else None,
        limit_days=rule.max_age.days if rule else None,
        entries=found.entries if found else 0,
        purposes=tuple(sorted(rule.purposes)) if rule else ("all",),
    )
