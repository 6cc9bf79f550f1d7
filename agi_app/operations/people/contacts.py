"""The people of a campaign: a file of contacts, never of their consent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agi_app.authoring.suggestions import no_such
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.campaigns.project.read_project import Project, Source
from agi_app.contacts.import_batches import ImportSummary, Progress
from agi_app.contacts.importer import import_contacts_file
from agi_app.errors import AuthorError
from agi_app.flow.check.impossible_values import columns_read
from agi_app.flow.language.definition import FlowDocument
from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import imported_by, noted
from agi_app.store.calling.campaigns import load_campaign, save_campaign

__all__ = ["ImportSummary", "WrittenCampaign", "campaign_of", "import_file"]


@dataclass(frozen=True, slots=True)
class WrittenCampaign:
    """A campaign's file and its flow's, if it can be read."""

    source: Source[CampaignDocument]
    flow: Source[FlowDocument] | None

    @property
    def name(self) -> str:
        """The campaign's."""
        return self.source.parsed.campaign.name


def campaign_of(project: Project, name: str) -> WrittenCampaign:
    """The campaign of this name; AuthorError when its file may be one with faults, else InputError."""
    if name not in project.campaigns:
        faults = [p for p in project.errors if p.file.startswith("campaigns/")]
        raise AuthorError(*faults) if faults else no_such("campaign", name, project.campaigns)
    source = project.campaigns[name]
    return WrittenCampaign(source, project.flows.get(source.parsed.campaign.flow))


@noted(Scope.CONTACTS_IMPORT, "contacts import", "campaign")
async def import_file(
    inst: Installation,
    campaign: WrittenCampaign,
    file: Path,
    *,
    sheet: str | None = None,
    reading: Progress | None = None,
    storing: Progress | None = None,
) -> ImportSummary:
    """Import or update contacts, CSV or XLSX; rows with a fault go into a file beside it. Never creates consent.

    ``reading`` gets how much of the file is read, ``storing`` how many rows are done. One that broke off goes on
    where it was. Raises AuthorError or InputError when the file as a whole will not do (then nothing was written),
    StoreError.
    """
    wanted, flow = campaign.source.parsed.campaign, campaign.flow
    if await load_campaign(inst.store, wanted.name) is None:  # a stored one is changed by its start only
        await save_campaign(inst.store, wanted, flow.file if flow else "", flow.text if flow else "")
    return await import_contacts_file(
        inst.store,
        wanted,
        flow.parsed.flow.languages if flow else (),
        file,
        inst.clock.now(),
        sheet=sheet,
        reading=reading,
        progress=storing,
        fields=columns_read(flow.parsed.flow) if flow else (),
        by=imported_by(inst),
    )
