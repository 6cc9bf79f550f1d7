"""What the calling rules say and why, and stored decisions made again by the rules of their time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.campaigns.calling_rules.decision_replay import ReplayReport, replay_decisions
from agi_app.campaigns.calling_rules.rule_files import load_rulebook
from agi_app.campaigns.calling_rules.rule_texts import SourcedLine, in_force, lines_of
from agi_app.errors import InputError
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


@reads(Scope.FIGURES_READ)
async def replay(inst: Installation, campaign: str | None = None) -> ReplayReport:
    """Make every stored decision again by the rules and facts of its time. Raises InputError, StoreError."""
    await option_names_one(inst.store, campaign)
    return await replay_decisions(inst.store, campaign)
