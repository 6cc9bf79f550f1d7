"""What a campaign's quota counts: the dispositions that it names, else the one that its flow calls completed."""

from __future__ import annotations

from dataclasses import replace

from agi_app.authoring.suggestions import suggest
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.errors import Problem
from agi_app.flow.engine.session import meant_by_its_end
from agi_app.flow.language.built_in_flows import TALKED
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.steps import SetStep
from agi_app.messages import t

RULE = "campaign/quota-disposition"
COMPLETED = meant_by_its_end(ended_by_flow=True)  # of a flow that came to its end and named no other
_WORDS = (COMPLETED, "complete", "done", "finished", "已完成", "完成")


def said_by(flow: Flow, *, by_agents: bool = False) -> list[str]:
    """The dispositions that the flow, and those that it calls, set; with ``by_agents`` also that of a talk with one."""
    steps = (step for step in flow.all_steps() if isinstance(step, SetStep))
    found = {str(step.set["disposition"]) for step in steps if "disposition" in step.set}
    return sorted(found | ({TALKED} if by_agents else set()))


def with_dispositions(source: CampaignDocument, flow: Flow) -> CampaignDocument | Problem:
    """The campaign, its quota with what counts as completed; or why that cannot be told."""
    campaign = source.campaign
    if (quota := campaign.quota) is None:
        return source
    said = said_by(flow, by_agents=campaign.by_agents)
    known = list(dict.fromkeys([*said, COMPLETED]))
    for name in quota.dispositions:
        if name not in known:
            told = t(
                'disposition: flow "{flow}" never sets "{name}"{suggest}',
                flow=campaign.flow,
                name=name,
                suggest=suggest(name, known),
            )
            return source.document.problem(("quota", "disposition"), RULE, told)
    if quota.dispositions:
        return source
    usual = [word for word in _WORDS if word in said] or ([] if said else [COMPLETED])
    if not usual:
        told = t(
            'quota: which calls are completed? Add disposition: with what flow "{flow}" then sets ({said})',
            flow=campaign.flow,
            said=", ".join(said),
        )
        return source.document.problem(("quota",), RULE, told)
    return replace(source, campaign=replace(campaign, quota=replace(quota, dispositions=(usual[0],))))
