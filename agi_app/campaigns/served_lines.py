"""The lines of the settings as a worker serves them."""

from __future__ import annotations

from collections.abc import Mapping

from agi_app.calls.inbound_line import InboundLine
from agi_app.campaigns.project.called_flows import concerns
from agi_app.campaigns.project.read_project import Project
from agi_app.config.lines import InboundLineSettings
from agi_app.messages import t


def served_lines(project: Project, lines: Mapping[str, InboundLineSettings]) -> list[InboundLine]:
    """The lines with their flows; one with a fault has none, and says the first."""
    return [_served(project, name, settings) for name, settings in lines.items()]


def _served(project: Project, name: str, settings: InboundLineSettings) -> InboundLine:
    source = project.flows.get(settings.flow)
    faults = [p for p in project.errors if p.rule.startswith("line/") and p.message.startswith(f"lines.{name}:")]
    if source is not None:
        faults += [p for p in project.errors if concerns(project, p, source)]
    elif not faults:
        faults = [p for p in project.errors if p.file.startswith("flows/")]
    flow = source.parsed.flow if source is not None and not faults else None
    fault = "" if flow is not None else str(faults[0]) if faults else t("there is no flow {flow}", flow=settings.flow)
    return InboundLine(name, settings.number, flow, fault, settings.concurrent, settings.max_call)
