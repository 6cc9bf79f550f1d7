"""Where a flow is used, and whether what runs is what its file says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agi_app.campaigns.project.read_project import Project
from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.model.campaign import CampaignState
from agi_app.operations.acting import reads
from agi_app.store.calling.campaigns import StoredCampaign, load_campaigns


@dataclass(frozen=True, slots=True)
class FlowUser:
    """A campaign with this flow, directly or as one that its own calls.

    ``state`` None: it is in no database yet. ``stored``: the text that is stored with it, which it runs with if it
    runs; None: of this flow none is. ``same``: that is the file as it is now.
    """

    campaign: str
    state: str | None
    stored: str | None
    same: bool | None

    @property
    def runs(self) -> bool:
        """Whether calls are made by the stored text, or will be when it is resumed."""
        return self.state in (CampaignState.RUNNING, CampaignState.PAUSED)


@reads(Scope.FIGURES_READ)
async def users(inst: Installation, project: Project, flow: str, file: str, text: str | None) -> list[FlowUser]:
    """The campaigns of a flow, whose file has this text now, by name. Raises StoreError."""
    return list(_users(project, await load_campaigns(inst.store), flow, file, text))


@reads(Scope.FIGURES_READ)
async def used_by(inst: Installation, project: Project) -> dict[str, list[str]]:
    """The names of the campaigns of each flow. Raises StoreError."""
    stored = await load_campaigns(inst.store)
    return {
        name: [one.campaign for one in _users(project, stored, name, source.file, source.text)]
        for name, source in project.flows.items()
    }


def callers(project: Project, flow: str) -> list[str]:
    """The flows that call this one, directly or not."""
    return sorted(name for name, source in project.flows.items() if flow in source.parsed.flow.parts)


def _users(
    project: Project, stored: Sequence[StoredCampaign], flow: str, file: str, text: str | None
) -> Iterable[FlowUser]:
    with_flow = {flow, *callers(project, flow)}
    written = {name for name, source in project.campaigns.items() if source.parsed.campaign.flow in with_flow}
    known = {one.campaign.name: one for one in stored}
    for name in sorted(written | known.keys()):
        one = known.get(name)
        has = None if one is None else ({one.flow_file: one.flow_text} | dict(one.sub_flows)).get(file)
        if name in written or has is not None:
            same = None if has is None else has == text
            yield FlowUser(name, None if one is None else one.state.value, has, same)
