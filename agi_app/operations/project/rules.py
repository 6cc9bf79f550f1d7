"""What the calling rules say and why, and stored decisions made again by the rules of their time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from agi_app.campaigns.calling_rules.decision_replay import ReplayReport, replay_decisions
from agi_app.campaigns.calling_rules.rule_files import load_rulebook, load_ruleset
from agi_app.campaigns.calling_rules.rule_texts import SourcedLine, in_force, lines_of
from agi_app.errors import InputError
from agi_app.gate.calling_hours import Opening, is_open, next_opening
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.store.calling.campaigns import option_names_one


@dataclass(frozen=True, slots=True)
class CountryRules:
    """What holds in a country and in its parts, rule by rule in words, and where each value comes from."""

    in_force: Mapping[str, str]
    parts: Mapping[str, Mapping[str, str]]
    values: Sequence[SourcedLine]


def show(project: Path, region: str | None = None) -> tuple[str, Mapping[str, CountryRules]]:
    """The version of the rule set; the rules of every country, or of one. Blocks. Raises InputError, AuthorError."""
    book = load_rulebook(project)
    known = book.ruleset.jurisdictions
    if region is not None and region not in known:
        raise InputError(
            t("there are no calling rules for {region!r}; there are for {known}", region=region, known=", ".join(known))
        )
    return book.ruleset.version, {
        name: CountryRules(
            in_force(country.rules),
            {part: in_force(found.rules) for part, found in country.parts.items()},
            lines_of(book, name),
        )
        for name, country in known.items()
        if region in (None, name)
    }


@dataclass(frozen=True, slots=True)
class OpenThere:
    """Whether a call could begin in a country or a part of it at a moment, as far as its rules go.

    ``why`` is empty when it could. A campaign, a person and the consent may forbid what the rules allow.
    """

    place: str
    local: str  # the times there
    why: str
    next_at: dt.datetime | None  # when it could; None: not within three weeks


def regions(project: Path) -> list[str]:
    """The countries that may be called, by their letters. Blocks. Raises AuthorError."""
    return sorted(load_ruleset(project).jurisdictions)


def open_at(project: Path, region: str, at: dt.datetime) -> list[OpenThere]:
    """What the rules of a country, and of each part of it, say of a moment. Blocks. Raises InputError, AuthorError.

    Where several zones are possible, it must be allowed in all of them.
    """
    country = load_ruleset(project).jurisdictions.get(region)
    if country is None:
        raise InputError(t("there are no calling rules for {region!r}", region=region))
    zones = [ZoneInfo(name) for name in country.zones]
    return [_open(place, rules.opening, zones, at) for place, rules in country.places]


def _open(place: str, opening: Opening, zones: list[ZoneInfo], at: dt.datetime) -> OpenThere:
    times = sorted({at.astimezone(zone).replace(tzinfo=None) for zone in zones})
    local = ", ".join(f"{time:%Y-%m-%d %H:%M}" for time in times)
    if is_open(at, opening, zones):
        return OpenThere(place, local, "", at)
    closed = any(opening.closed_on(time.date()) for time in times)
    why = t("it is a closed day there") if closed else t("it is outside the calling hours there")
    return OpenThere(place, local, why, next_opening(at, opening, zones))


@reads(Scope.FIGURES_READ)
async def replay(inst: Installation, campaign: str | None = None) -> ReplayReport:
    """Make every stored decision again by the rules and facts of its time. Raises InputError, StoreError."""
    await option_names_one(inst.store, campaign)
    return await replay_decisions(inst.store, campaign)
