"""What a machine gets that answers a call of a campaign, for ``simulate --machine``."""

from __future__ import annotations

from agi_app.campaigns.project.read import Project
from agi_app.cli.naming import no_such
from agi_app.errors import InputError
from agi_app.flow.language.machine_message import leaving
from agi_app.flow.trial.simulator import Simulation
from agi_app.model.machine import MachineAction


def machine_call(project: Project, name: str, language: str | None) -> list[str]:
    """Line by line; InputError when there is no such campaign, or when it does not look who answers."""
    if name not in project.campaigns:
        raise no_such("campaign", name, project.campaigns)
    campaign = project.campaigns[name].parsed.campaign
    detection, source = campaign.machine_detection, project.flows.get(campaign.flow)
    if detection is None:
        raise InputError(f"campaign {name} has no machine_detection: a machine gets the flow, as anybody who answers")
    if detection.action is MachineAction.HANG_UP or source is None:
        return ["a machine answers", "hung up", "outcome: machine, no disposition"]
    if detection.message is None:
        return [
            f"a machine answers and gets the flow {campaign.flow}, as a person would",
            "outcome: machine, no disposition; human, if a key is pressed or a stop is said",
        ]
    after, within = (f"{time.total_seconds():g} s" for time in (detection.message_after, detection.message_within))
    simulation = Simulation(leaving(source.parsed.flow, detection.message), project.prompts, {}, language)
    return [
        f"a machine answers; when it was silent for {after} (if within {within}):",
        *simulation.start(),
        *(simulation.feed("listen") if not simulation.finished else []),
        "outcome: machine, no disposition; human, if a key is pressed",
    ]
