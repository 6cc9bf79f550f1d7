"""The ports of a trunk, as campaigns meet them: whether its numbers are theirs, and how fast they are. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from agi_app.authoring.yaml_lines import Path
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.campaigns.forecast import Limits
from agi_app.config.trunks import TrunkSettings
from agi_app.errors import Problem
from agi_app.messages import t


def limits_of(trunk: TrunkSettings) -> Limits:
    """What the trunk allows; its ports carry one call each, and rest after it."""
    ports = trunk.ports.values()
    if not ports:
        return Limits(trunk.calls_per_second, trunk.concurrent)
    days = [port.calls_per_day for port in ports]
    return Limits(
        trunk.calls_per_second,
        min(trunk.concurrent, len(days)),
        sum(port.spacing for port in ports) / len(days),
        None if None in days else sum(day for day in days if day is not None),
    )


def check_ports(source: CampaignDocument, trunks: Mapping[str, TrunkSettings]) -> list[Problem]:
    """A gateway's port shows its own number, so every number that the campaign shows must be of a port."""
    campaign = source.campaign
    trunk = trunks.get(campaign.trunk)
    if trunk is None or not trunk.ports:
        return []
    shown: list[tuple[Path, str]] = [(("caller_id",), campaign.caller_id)]
    shown += [(("local_caller_ids", prefix), number) for prefix, number in campaign.local_caller_ids]
    have = ", ".join(port.number for port in trunk.ports.values())
    return [
        source.document.problem(
            path,
            "campaign/no-port",
            t(
                '{path}: trunk "{trunk}" has no port with the number {number}; its ports have {have}',
                path=path[0],
                trunk=campaign.trunk,
                number=number,
                have=have,
            ),
        )
        for path, number in shown
        if trunk.dial_string(number, number) is None
    ]
