"""Do-not-call lists of others, and how our own stands.

The audit records each import: the list, its day, the file's SHA-256, how many numbers, and who entered it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.atomic_files import kept_name
from agi_app.authoring.suggestions import suggest
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.contacts.do_not_call_file import Progress
from agi_app.contacts.do_not_call_import import ListSummary
from agi_app.contacts.do_not_call_import import import_list as put_in_force
from agi_app.errors import InputError
from agi_app.gate.ruleset import Jurisdiction, ListRule, RuleSet
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import note_import, noted, reads
from agi_app.store.people.do_not_call_lists import DoNotCallImport, ListTerms, lists_in_force
from agi_app.store.people.imported_files import FileSeen
from agi_app.store.people.stops import OwnList, own_list

_ALIKE = 0.8  # from here on a name is taken for a misspelt one


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


@noted(Scope.CONSENTS_ENTER, "suppression import", "name")
async def import_list(
    inst: Installation,
    name: str,
    file: Path,
    region: str,
    as_of: dt.date,
    *,
    smaller: bool = False,
    progress: Progress | None = None,
) -> tuple[ListSummary, str | None]:
    """Put a list in force, in place of its last version, and end calls to its numbers; only keyed hashes are kept.

    The second of what it returns is a note, when no rule names the list. ``smaller``: it really has that many fewer
    numbers. Raises InputError, AuthorError for a file that is no list (then the old one stays), StoreError.
    """
    rules = load_ruleset(inst.settings.project)
    note, bound = None, rules.bound_by(region, name)
    if bound is None:
        if name not in {known.name for known in await lists_in_force(inst.store)}:
            refuse_misspelt(name, region, rules)
        if named := rules.lists_of(region):
            note = f"no rule names the list {name}: it binds every call there{suggest(name, named)}"
    terms = ListTerms(name, region, as_of, inst.actor.account, bound, smaller)
    done = await put_in_force(inst.store, file, terms, inst.clock.now(), progress)
    seen = FileSeen("do_not_call", kept_name(file.name), done.sha256, done.lines, done.unreadable, name)
    await note_import(inst, seen, done.entries)
    return done, note


def refuse_misspelt(name: str, region: str, rules: RuleSet) -> None:
    """InputError for a new list that seems to be one of the rules, by another name or country: that would stay old."""
    if homes := [country for country in rules.jurisdictions if name in rules.lists_of(country)]:
        raise InputError(
            t(
                "--region {region}: the list {name} is of {homes}: write --region {homes}",
                region=region,
                name=name,
                homes=homes[0],
            )
        )
    if t("did you mean") in (near := suggest(name, rules.lists_of(region), _ALIKE)):
        raise InputError(
            t(
                "{name}: no rule of {region} names this list{near} Nothing was imported. If it really is another"
                " list, name it under external_lists in a file of rules/ first",
                name=name,
                region=region,
                near=near,
            )
        )


@reads(Scope.FIGURES_READ)
async def status(inst: Installation) -> tuple[OwnList, list[ListStatus]]:
    """The size of our own list; each list of others, its age and limit. Raises StoreError."""
    rules = load_ruleset(inst.settings.project)
    imported = await lists_in_force(inst.store)
    return await own_list(inst.store), list_states(rules.jurisdictions, imported, inst.clock.now())


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
    state = "extra" if rule is None else "missing" if age is None else "stale" if age > rule.max_age else "fresh"
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
