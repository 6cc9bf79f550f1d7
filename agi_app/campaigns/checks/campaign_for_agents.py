"""Whether a campaign whose calls are for agents can keep what it promises to those who answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agi_app.authoring.suggestions import suggest
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.config.destinations import DestinationSettings
from agi_app.errors import Problem
from agi_app.flow.language.definition import Flow, FlowDocument
from agi_app.flow.language.transfer_step import Transfer, TransferStep
from agi_app.gate.ruleset import RuleSet
from agi_app.messages import t


def check_agents(source: CampaignDocument, flow: FlowDocument | None, ruleset: RuleSet | None) -> list[Problem]:
    """What the flow and the calling rules say against it; None: that is not known, and has its own problem."""
    if source.campaign.agents is None:
        return []
    faults = _flow_faults(flow.flow, source.campaign.agents.to) if flow is not None else ()
    found = [source.document.problem(("agents",), "campaign/agents-flow", f"agents: {fault}") for fault in faults]
    return found + ([] if ruleset is None else [*_ceiling_faults(source, ruleset)])


def check_agents_destination(source: CampaignDocument, known: Mapping[str, DestinationSettings]) -> list[Problem]:
    """Whether the settings have the agents, and a way to tell how many of them are free."""
    agents = source.campaign.agents
    if agents is None or (agents.to in known and known[agents.to].counts_agents):
        return []
    if agents.to not in known:
        fault = t('the settings have no destination "{to}"{suggest}', to=agents.to, suggest=suggest(agents.to, known))
    else:
        fault = t(
            "[destinations.{to}] has only an endpoint; give it a queue or agents, so that agi-app can see who is free",
            to=agents.to,
        )
    return [source.document.problem(("agents", "to"), "campaign/agents-destination", f"to: {fault}")]


def transfers_to(flow: Flow, name: str) -> Iterator[Transfer]:
    """Every transfer to one destination, in the flow and in those that it calls."""
    return (s.transfer for s in flow.all_steps() if isinstance(s, TransferStep) and s.transfer.to == name)


def _flow_faults(flow: Flow, to: str) -> Iterator[str]:
    wanted = list(transfers_to(flow, to))
    if not wanted:
        yield t('flow "{flow}" never transfers to "{to}"; add `transfer: {{to: {to}}}`', flow=flow.flow, to=to)
    if flow.abandoned is None:
        yield t('flow "{flow}" has no `abandoned:`, the prompt for a person who finds no free agent', flow=flow.flow)
    if any(transfer.whisper for transfer in wanted):
        yield (
            t(
                'flow "{flow}" whispers to "{to}"; the person who answered would wait longer than 2 s; remove the '
                "whisper",
                flow=flow.flow,
                to=to,
            )
        )


def _ceiling_faults(source: CampaignDocument, ruleset: RuleSet) -> Iterator[Problem]:
    campaign = source.campaign
    own = campaign.agents.abandoned_percent if campaign.agents is not None else 0.0
    for region in campaign.jurisdictions:
        country = ruleset.jurisdictions.get(region)
        most = min((rules.abandoned_percent for _, rules in country.places), default=own) if country else own
        if own > most:
            message = t(
                "abandoned_ceiling: {own:g}% is over the {most:g}% of {region} (rule abandoned_calls)",
                own=own,
                most=most,
                region=region,
            )
            yield source.document.problem(("agents", "abandoned_ceiling"), "campaign/agents-ceiling", message)
