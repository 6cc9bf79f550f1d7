"""campaign preview, start, pause, resume, stop, status."""

from __future__ import annotations

from typing import Annotated

import typer

from agi_app.authoring.suggestions import suggest
from agi_app.campaigns import control
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.checks.gateway_lines import limits_of
from agi_app.campaigns.make_ready import make_ready
from agi_app.campaigns.preview import SAMPLES, Preview, Terms, preview
from agi_app.campaigns.project.read import read_project
from agi_app.cli.calling.campaign_preview import preview_record, show_preview
from agi_app.cli.calling.totals_text import show_totals
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    progress,
    say,
    say_json,
    settings_of,
    with_installation,
)
from agi_app.errors import ConfigError
from agi_app.installation import Installation
from agi_app.model.campaign import CampaignState
from agi_app.reports.status import status_of
from agi_app.reports.totals import Totals
from agi_app.reports.why_waiting import Standstill, held_back, why_nobody

app = typer.Typer(help="Campaigns: look ahead, start, pause, resume, stop.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The campaign's name.")]


@app.command("preview")
def preview_(
    campaign: Name,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(min=0, max=SAMPLES, help="Most contacts to name for a reason.")] = SAMPLES,
) -> None:
    """Who would be called now, later or never, why, and when it would be through. Calls and stores nothing."""
    settings = settings_of(project)
    found = read_project(project, settings.trunks)

    async def work(inst: Installation) -> tuple[Preview, str | None]:
        wanted, note = control.as_edited(found, (await control.known(inst.store, campaign)).campaign)
        trunk = inst.settings.trunks.get(wanted.trunk)
        if trunk is None:
            hint = suggest(wanted.trunk, inst.settings.trunks)
            raise ConfigError(f"agi-app.toml: there is no trunk {wanted.trunk!r}, which {campaign} uses{hint}")
        limits = limits_of(trunk)
        source = found.flows.get(wanted.flow)
        flow = None if source is None or source.parsed is None else source.parsed.flow
        terms = Terms(wanted, trunk.sandbox, limits, load_ruleset(inst.settings.project), flow)
        with progress("looking at contacts") as told:
            return await preview(inst.store, inst.clock, terms, told), note

    seen, note = with_installation(project, work)
    if as_json:
        say_json(preview_record(seen, note, limit))
    else:
        show_preview(seen, note, limit)


@app.command()
def start(campaign: Name, project: ProjectOption = HERE) -> None:
    """Make its prompts ready, check the campaign and let it run; `agi-app run` makes the calls."""
    found = make_ready(project, settings_of(project).trunks)
    say(with_installation(project, lambda inst: control.start(inst.store, inst.clock, found, campaign)))


@app.command()
def pause(campaign: Name, project: ProjectOption = HERE) -> None:
    """Make no new call; calls in progress go on."""
    _change(project, campaign, CampaignState.PAUSED)


@app.command()
def resume(campaign: Name, project: ProjectOption = HERE) -> None:
    """Let a paused campaign go on."""
    _change(project, campaign, CampaignState.RUNNING)


@app.command()
def stop(campaign: Name, project: ProjectOption = HERE) -> None:
    """Cancel ringing calls and make no new one; answered calls finish."""
    _change(project, campaign, CampaignState.STOPPED)


def _change(project: ProjectOption, campaign: str, state: CampaignState) -> None:
    say(with_installation(project, lambda inst: control.change(inst.store, inst.clock, campaign, state)))


@app.command()
def status(campaign: Name, project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """How far a campaign is, and what holds it back now."""

    found = read_project(project, settings_of(project).trunks)

    async def work(inst: Installation) -> tuple[Totals, Standstill, str | None]:
        totals, view = await status_of(inst.store, inst.clock, campaign)
        return totals, view, control.differs(found, await control.known(inst.store, campaign))

    totals, view, edited = with_installation(project, work)
    reasons = why_nobody(view)
    if as_json:
        import dataclasses

        waiting = {name: getattr(view, name) for name in ("due_now", "later", "next_due", "open_attempts")}
        held = [dataclasses.asdict(hold) for hold in held_back(view)]
        say_json(
            {
                **dataclasses.asdict(totals),
                **waiting,
                "nobody_dialled_because": reasons,
                "held_back_by": held,
                "files_differ": edited,
            }
        )
        return
    show_totals(totals)
    if edited:
        say(f"note: {edited}")
    for line in reasons:
        say(f"nobody is dialled: {line}" if line is reasons[0] else f"  {line}")
    if not reasons:
        for hold in held_back(view):
            say(f"held back now: {hold.text}")
