"""The lines of a trunk, as campaigns meet them: whether its numbers are theirs, and how fast they are. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from agi_app.authoring.yaml_lines import Path
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.campaigns.forecast import Limits
from agi_app.config.trunks import TrunkSettings
from agi_app.errors import Problem


def limits_of(trunk: TrunkSettings) -> Limits:
    """What the trunk allows; its lines carry one call each, and rest after it."""
    lines = trunk.lines.values()
    if not lines:
        return Limits(trunk.calls_per_second, trunk.concurrent)
    days = [line.calls_per_day for line in lines]
    return Limits(
        trunk.calls_per_second,
        min(trunk.concurrent, len(days)),
        sum(line.spacing for line in lines) / len(days),
        None if None in days else sum(day for day in days if day is not None),
    )


def check_lines(source: CampaignDocument, trunks: Mapping[str, TrunkSettings]) -> list[Problem]:
    """A gateway's line shows its own number, so every number that the campaign shows must be of a line."""
    campaign = source.campaign
    trunk = trunks.get(campaign.trunk)
    if trunk is None or not trunk.lines:
        return []
    shown: list[tuple[Path, str]] = [(("caller_id",), campaign.caller_id)]
    shown += [(("local_caller_ids", prefix), number) for prefix, number in campaign.local_caller_ids]
    have = ", ".join(line.number for line in trunk.lines.values())
    return [
        source.document.problem(
            path,
            "campaign/no-line",
            f'{path[0]}: trunk "{campaign.trunk}" has no line with the number {number}; its lines have {have}',
        )
        for path, number in shown
        if trunk.dial_string(number, number) is None
    ]
