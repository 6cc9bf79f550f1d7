"""contacts import: people to call, never their consent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.campaigns.project.read import Source, read_project
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    err,
    say_summary,
    settings_of,
    warn,
    with_installation,
)
from agi_app.cli.naming import name_first, no_such
from agi_app.contacts.importer import import_contacts_file
from agi_app.contacts.storing import ImportSummary
from agi_app.errors import AuthorError
from agi_app.flow.check.impossible_values import columns_read
from agi_app.flow.language.definition import FlowDocument
from agi_app.installation import Installation
from agi_app.store.calling.campaigns import load_campaign, save_campaign

app = typer.Typer(help="The people of a campaign.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `contacts import` a command of its own."""


@app.command("import")
def import_(
    campaign: Annotated[str, typer.Argument(help="The campaign's name.")],
    file: Annotated[Path, typer.Argument(help="CSV or Excel (XLSX) with external_id, number and any other columns.")],
    project: ProjectOption = HERE,
    sheet: Annotated[
        str | None, typer.Option(help="Which sheet of an Excel workbook; default: the first that is visible.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import or update the contacts of a campaign. Rows with a fault go to FILE.rejects.csv (or .xlsx).

    Never creates consent. An import that was interrupted goes on where it was when it is started again.
    """
    source, flow = _find(project, campaign, file)

    async def work(inst: Installation, bars: _Bars) -> ImportSummary:
        if await load_campaign(inst.store, campaign) is None:  # a stored one is changed by `campaign start` only
            text = flow.text if flow else ""
            await save_campaign(inst.store, source.parsed.campaign, flow.file if flow else "", text)
        return await import_contacts_file(
            inst.store,
            source.parsed.campaign,
            flow.parsed.flow.languages if flow else (),
            file,
            inst.clock.now(),
            sheet=sheet,
            reading=bars.reading,
            progress=bars.storing,
            fields=columns_read(flow.parsed.flow) if flow else (),
        )

    with _bars(file) as bars:
        summary = with_installation(project, lambda inst: work(inst, bars))
    say_summary(summary, as_json)


def _find(project: Path, campaign: str, file: Path) -> tuple[Source[CampaignDocument], Source[FlowDocument] | None]:
    """The campaign's file and its flow's."""
    found = read_project(project, settings_of(project).trunks)
    if campaign not in found.campaigns:
        name_first(campaign, file, "agi-app contacts import CAMPAIGN FILE", found.campaigns)
        faults = [p for p in found.errors if p.file.startswith("campaigns/")]
        raise AuthorError(*faults) if faults else no_such("campaign", campaign, found.campaigns)
    source = found.campaigns[campaign]
    return source, found.flows.get(source.parsed.campaign.flow)


class _Bars:
    """Two progress bars on standard error: how much of the file is read, and how much is stored."""

    def __init__(self, view: Progress) -> None:
        self._view = view
        self._reading = view.add_task("reading", total=None)
        self._storing: TaskID | None = None
        self.stored: tuple[int, int] | None = None  # rows done, rows in all

    def reading(self, done: int, total: int) -> None:
        """Called from another thread, which rich allows."""
        self._view.update(self._reading, completed=done, total=total or None)

    def storing(self, done: int, total: int) -> None:
        """Rows of the file whose fate is committed."""
        if self._storing is None:
            self._view.update(self._reading, completed=1, total=1)
            self._storing = self._view.add_task("storing", total=total)
        self.stored = (done, total)
        self._view.update(self._storing, completed=done, total=total)


@contextmanager
def _bars(file: Path) -> Iterator[_Bars]:
    """The bars; says how to go on when somebody interrupts."""
    with Progress(console=err, transient=True) as view:
        bars = _Bars(view)
        try:
            yield bars
        except KeyboardInterrupt:
            view.stop()
            done = (
                "nothing is stored yet" if bars.stored is None else "{:,} of {:,} rows are stored".format(*bars.stored)
            )
            warn(f"{file}: interrupted; {done}. Run the same command again: it goes on from there")
            raise
