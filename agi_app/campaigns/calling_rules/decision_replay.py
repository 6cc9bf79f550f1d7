"""Makes stored decisions again, from what the database keeps alone, and says which come out otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import msgspec

from agi_app.campaigns.calling_rules.rule_files import read_ruleset, version_of
from agi_app.errors import AuthorError
from agi_app.gate.replay import replay, same_reasons
from agi_app.gate.ruleset import RuleSet
from agi_app.messages import t
from agi_app.model.campaign import Campaign
from agi_app.store.calling import decision_texts
from agi_app.store.calling.decision_texts import DecisionRow
from agi_app.store.database.pool import Store


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A decision that cannot be made again, or comes out otherwise."""

    decision_id: int
    campaign: str
    why: str


@dataclass(slots=True)
class ReplayReport:
    """How many decisions came out the same; ``skipped`` were not about a contact, or are older than the texts."""

    same: int = 0
    skipped: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """No decision came out otherwise."""
        return not self.mismatches


async def replay_decisions(store: Store, campaign: str | None = None) -> ReplayReport:
    """Make every stored decision again, or those of one campaign. Raises StoreError."""
    report = ReplayReport()
    again = _Texts(await decision_texts.rulesets(store), await decision_texts.specs(store))
    async for page in decision_texts.decisions(store, campaign):
        for row in page:
            if row.campaign_version is None:
                report.skipped += 1
                continue
            why = again.why_not_same(row)
            if why is None:
                report.same += 1
            else:
                report.mismatches.append(Mismatch(row.decision_id, row.campaign, why))
    return report


class _Texts:
    """The rule sets and campaigns of the decisions, each read once."""

    def __init__(self, rulesets: Mapping[str, Mapping[str, str]], specs: Mapping[str, str]) -> None:
        self._rulesets, self._specs = rulesets, specs
        self._ruleset, self._campaign = cache(self._read_ruleset), cache(self._read_campaign)

    def why_not_same(self, row: DecisionRow) -> str | None:
        """Why this decision does not come out as it is stored; None when it does."""
        ruleset, campaign = self._ruleset(row.ruleset_version), self._campaign(row.campaign_version or "")
        if isinstance(ruleset, str):
            return ruleset
        if isinstance(campaign, str):
            return campaign
        try:
            made = replay(row, campaign, ruleset)
            if same_reasons(row, made) and (row.allowed, tuple(row.rules)) == (made.allowed, made.rules):
                return None
        except msgspec.ValidationError as error:
            return t("its stored facts cannot be read: {error}", error=error)
        return t(
            "the rules say {rules}, the row {kept}",
            rules=", ".join(made.rules) or "allowed",
            kept=", ".join(row.rules) or "allowed",
        )

    def _read_ruleset(self, version: str) -> RuleSet | str:
        files = {name: text.encode() for name, text in self._rulesets.get(version, {}).items()}
        if not files:
            return t("the rule set {version} is not in the database", version=version)
        if version_of(files) != version:
            return t("the text of the rule set {version} was changed", version=version)
        try:
            return read_ruleset(files)
        except AuthorError as error:
            return t(
                "the rule set {version} cannot be read by this version of agi-app: {fault}",
                version=version,
                fault=error.problems[0],
            )

    def _read_campaign(self, version: str) -> Campaign | str:
        spec = self._specs.get(version)
        if spec is None:
            return t("the campaign's version {version} is not in the database", version=version)
        if decision_texts.version_of_spec(spec) != version:
            return t("the text of the campaign's version {version} was changed", version=version)
        try:
            return msgspec.json.decode(spec, type=Campaign)
        except msgspec.ValidationError as error:
            return t(
                "the campaign's version {version} cannot be read by this version of agi-app: {error}",
                version=version,
                error=error,
            )
