"""contacts import: people to call, never their consent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agi_app.app import Installation
from agi_app.campaigns.project import read_project
from agi_app.cli.common import HERE, JsonOption, ProjectOption, progress, say_summary, settings_of, with_installation
from agi_app.contacts.importer import ImportSummary, import_contacts_file
from agi_app.errors import AuthorError, InputError
from agi_app.store.campaigns import load_campaign, save_campaign

app = typer.Typer(help="The people of a campaign.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `contacts import` a command of its own."""


@app.command("import")
def import_(
    campaign: Annotated[str, typer.Argument(help="The campaign's name.")],
    file: Annotated[Path, typer.Argument(help="CSV with external_id, number and any other columns.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Import or update the contacts of a campaign. Rows with a fault go to FILE.rejects.csv. Never creates consent."""
    found = read_project(project, settings_of(project).trunks)
    if campaign not in found.campaigns:
        known = ", ".join(sorted(found.campaigns)) or "none"
        faults = [p for p in found.errors if p.file.startswith("campaigns/")]
        raise AuthorError(*faults) if faults else InputError(f"there is no campaign {campaign!r}; campaigns: {known}")
    source = found.campaigns[campaign]
    flow = found.flows.get(source.parsed.campaign.flow)

    async def work(inst: Installation) -> ImportSummary:
        if await load_campaign(inst.store, campaign) is None:  # a stored one is changed by `campaign start` only
            text = flow.text if flow else ""
            await save_campaign(inst.store, source.parsed.campaign, flow.file if flow else "", text)
        with progress("contacts") as report:
            return await import_contacts_file(
                inst.store,
                source.parsed.campaign,
                flow.parsed.flow.languages if flow else (),
                file,
                inst.clock.now(),
                progress=report,
            )

    say_summary(with_installation(project, work), as_json)
