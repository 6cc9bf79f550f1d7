"""campaign preview, start, pause, resume, stop, status."""

from __future__ import annotations

from typing import Annotated

import typer

from agi_app.campaigns import control
from agi_app.campaigns.preview import Preview, preview
from agi_app.campaigns.project import read_project
from agi_app.campaigns.rules import load_ruleset
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    say,
    say_json,
    settings_of,
    show_totals,
    table,
    with_installation,
)
from agi_app.errors import ConfigError
from agi_app.installation import Installation
from agi_app.model.campaign import CampaignState
from agi_app.reports.status import status_of
from agi_app.results import Standstill, Totals, why_nobody

app = typer.Typer(help="Campaigns: look ahead, start, pause, resume, stop.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The campaign's name.")]


@app.command("preview")
def preview_(
    campaign: Name,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(min=0, help="Most refused contacts to list.")] = 50,
) -> None:
    """Who would be called now and who not, and why. Calls and stores nothing."""

    async def work(inst: Installation) -> Preview:
        stored = await control.known(inst.store, campaign)
        trunk = inst.settings.trunks.get(stored.campaign.trunk)
        if trunk is None:
            raise ConfigError(f"agi-app.toml: there is no trunk {stored.campaign.trunk!r}, which {campaign} uses")
        return await preview(
            inst.store, stored.campaign, trunk.sandbox, load_ruleset(inst.settings.project), inst.clock
        )

    seen = with_installation(project, work)
    if as_json:
        rows = [{"external_id": e, "why": w, "again": a and a.isoformat()} for e, w, a in seen.refused]
        say_json({"allowed": seen.allowed, "refused": len(seen.refused), "by_rule": seen.by_rule, "contacts": rows})
        return
    say(f"{seen.allowed} contacts would be called now, {len(seen.refused)} not")
    table("Refused by rule", ("rule", "contacts"), seen.by_rule.most_common())
    if limit:
        table("Refused contacts", ("contact", "why", "again at (UTC)"),
              ((e, w, a and f"{a:%Y-%m-%d %H:%M}") for e, w, a in seen.refused[:limit]))  # fmt: skip
    if len(seen.refused) > limit:
        say(f"… and {len(seen.refused) - limit} more; --limit shows them")


@app.command()
def start(campaign: Name, project: ProjectOption = HERE) -> None:
    """Check the campaign and let it run; `agi-app run` makes the calls."""
    found = read_project(project, settings_of(project).trunks)
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
    """How far a campaign is, and why nobody is being dialled when nobody is."""

    async def work(inst: Installation) -> tuple[Totals, Standstill]:
        return await status_of(inst.store, inst.clock, campaign)

    totals, view = with_installation(project, work)
    reasons = why_nobody(view)
    if as_json:
        import dataclasses

        waiting = {name: getattr(view, name) for name in ("due_now", "later", "next_due", "open_attempts")}
        say_json({**dataclasses.asdict(totals), **waiting, "nobody_dialled_because": reasons})
        return
    show_totals(totals)
    for line in reasons:
        say(f"nobody is dialled: {line}" if line is reasons[0] else f"  {line}")
