"""The texts that decisions were made by, kept permanently: rule sets and campaigns, each under its version."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
from psycopg.types.json import Jsonb

from agi_app.gate.replay import StoredDecision
from agi_app.gate.ruleset import RuleSet
from agi_app.model.campaign import Campaign
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, pages

Q = load_queries("calling/replay")
VERSION_DIGITS = 12
AT_ONCE = 5000


def spec_of(campaign: Campaign) -> str:
    """A campaign as JSON; the same campaign is always the same text."""
    return msgspec.json.encode(campaign, order="deterministic").decode()


def version_of_spec(spec: str) -> str:
    """Twelve hex digits that change with any byte."""
    return hashlib.sha256(spec.encode()).hexdigest()[:VERSION_DIGITS]


async def remember_ruleset(store: Store, ruleset: RuleSet) -> None:
    """Keep the text of a rule set before the first decision by it; again changes nothing."""
    await store.execute(Q["remember_ruleset"], {"version": ruleset.version, "files": Jsonb(dict(ruleset.files))})


@dataclass(frozen=True, slots=True)
class DecisionRow(StoredDecision):
    """A decision as it is stored, with the versions that it was made by."""

    campaign: str
    allowed: bool
    rules: list[str]
    ruleset_version: str
    campaign_version: str | None  # None: about a verification call, or from before versions were kept


async def rulesets(store: Store) -> dict[str, dict[str, str]]:
    """Every rule set that decisions were made by: version -> name -> text."""
    return {row["version"]: row["files"] for row in await store.records(Q["rulesets"])}


async def specs(store: Store) -> dict[str, str]:
    """Every campaign that decisions were made by: version -> its JSON."""
    return {row["version"]: row["spec"] for row in await store.records(Q["campaign_versions"])}


def decisions(store: Store, campaign: str | None) -> AsyncIterator[list[DecisionRow]]:
    """All decisions in their order, or those of one campaign, some at a time."""
    values = {"campaign": campaign, "limit": AT_ONCE}
    return pages(
        lambda after: store.rows(DecisionRow, Q["decisions"], values | {"after": after}), 0, lambda row: row.decision_id
    )
