"""campaign preview, start, pause, resume, stop, status, follow-up."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from agi_app.authoring import renames
from agi_app.cli.calling.follow_up import follow_up
from agi_app.cli.calling.totals_text import show_totals
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    progress,
    say,
    say_json,
    secret_of,
    table,
    with_installation,
    with_needed,
)
from agi_app.errors import ConfigError, InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.operations.calling import approvals, campaigns, previews
from agi_app.operations.calling.campaigns import ApprovalWanted
from agi_app.operations.calling.previews import SAMPLES, Preview
from agi_app.operations.project import project_files
from agi_app.printable import count_of

VERIFIED_WITHIN_S = 20.0
LOOK_EVERY_S = 0.2
WAITS = 4  # the exit code of a start that waits for a second person
app = typer.Typer(help="Campaigns: look ahead, start, pause, resume, stop.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The campaign's name.")]


@app.command("preview")
def preview_(
    campaign: Name,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(min=0, max=SAMPLES, help="The most contacts to list for each rule.")] = SAMPLES,
) -> None:
    """Show who would be called now, later or never, why, and when the campaign would end. Calls and stores nothing."""
    found = project_files.read(project)
    with progress(t("looking at contacts")) as told:
        seen, note = with_installation(project, previews.preview, found, campaign, told)
    if as_json:
        say_json(preview_record(seen, note, limit))
    else:
        show_preview(seen, note, limit)


@app.command()
def start(campaign: Name, project: ProjectOption = HERE) -> None:
    """Make its prompts ready, check the campaign and let it run; `agi-app run` makes the calls."""
    begun = with_installation(project, campaigns.start, project_files.read_ready(project), campaign)
    if isinstance(begun, ApprovalWanted):
        say(t("{campaign} waits for a second person: {why}", campaign=campaign, why=t(", ").join(begun.why)))
        say(t("another account approves it: `agi-app campaign approve {campaign}`", campaign=campaign))
        raise typer.Exit(WAITS)
    told = (
        "{campaign} is running: {left} of {contacts} is still to be called or refused"
        if begun.contacts == 1
        else "{campaign} is running: {left} of {contacts} are still to be called or refused"
    )
    say(t(told, campaign=campaign, left=begun.left, contacts=count_of(begun.contacts, "contact")))


@app.command()
def approve(campaign: Name, project: ProjectOption = HERE) -> None:
    """Approve a start that another account asked for, with your own secret; a running worker verifies it."""
    wanted = with_installation(project, approvals.of_campaign, campaign)
    if wanted is None:
        raise InputError(t("nobody waits for an approval of {campaign}", campaign=campaign))
    say(
        t(
            "{campaign}: {account} asks to start it with {contacts} ({why})",
            campaign=campaign,
            account=wanted.asked_by,
            contacts=count_of(wanted.contacts, "contact"),
            why=t(", ").join(wanted.why),
        )
    )
    secret = secret_of(t("your secret"))
    contacts = with_installation(project, _approved, campaign, secret, wanted.request)
    say(
        t(
            "{campaign} is running: {contacts}, approved by you",
            campaign=campaign,
            contacts=count_of(contacts, "contact"),
        )
    )


async def _approved(inst: Installation, campaign: str, secret: str, request: int) -> int:
    """How many contacts it has, once a worker has verified the secret."""
    ask = await approvals.approve(inst, campaign, secret, request=request)
    found = await approvals.approved(inst, ask)
    for _ in range(round(VERIFIED_WITHIN_S / LOOK_EVERY_S)):
        if found.state != "waiting":
            break
        await asyncio.sleep(LOOK_EVERY_S)
        found = await approvals.approved(inst, ask)
    answer = found.answer or {}
    if found.state == "done":
        return int(answer["contacts"])
    if found.state == "refused":
        raise InputError(str(answer["text"]))
    raise ConfigError(t("no worker has verified it yet; one that runs does, and `agi-app campaign status` says so"))


@app.command()
def pause(campaign: Name, project: ProjectOption = HERE) -> None:
    """Make no new call; calls in progress go on."""
    with_needed(project, campaigns.pause, campaign)
    say(t("{campaign} makes no new call; calls in progress go on", campaign=campaign))


@app.command()
def resume(campaign: Name, project: ProjectOption = HERE) -> None:
    """Let a paused campaign go on."""
    with_installation(project, campaigns.resume, campaign)
    say(t("{campaign} is running again", campaign=campaign))


@app.command()
def stop(campaign: Name, project: ProjectOption = HERE) -> None:
    """Cancel ringing calls and make no new one; answered calls finish."""
    with_needed(project, campaigns.stop, campaign)
    say(t("{campaign} is stopped: ringing calls are cancelled, answered ones finish", campaign=campaign))


@app.command()
def status(campaign: Name, project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show how far a campaign is, and each waiting reason: why no more calls are made now."""
    seen, edited = with_installation(project, campaigns.status, project_files.read(project), campaign)
    view, reasons = seen.view, seen.nobody_because
    if as_json:
        waiting = {name: getattr(view, name) for name in ("due_now", "later", "next_due", "open_attempts")}
        say_json(
            {
                **dataclasses.asdict(seen.totals),
                **waiting,
                "nobody_dialled_because": reasons,
                **renames.in_json("campaign status", {"waiting_reasons": seen.held_back}),
                "files_differ": edited,
            }
        )
    else:
        show_totals(seen.totals)
        if edited:
            say(t("note: {edited}", edited=edited))
        for line in reasons:
            say(t("nobody is dialled: {line}", line=line) if line is reasons[0] else f"  {line}")
        if not reasons:
            for reason in seen.held_back:
                say(t("held back now: {text}", text=reason.text))


app.command("follow-up")(follow_up)


def preview_record(seen: Preview, note: str | None, limit: int) -> dict[str, Any]:
    """The look ahead for scripts; ``limit`` contacts are named for each reason."""
    samples = {
        rule: [{"external_id": s.external_id, "why": s.why, "again": s.again_at} for s in found[:limit]]
        for rule, found in seen.samples.items()
    }
    return {**previews.figures(seen, note), "samples": samples, "left": seen.left_by_caps[:limit]}


def show_preview(seen: Preview, note: str | None, limit: int) -> None:
    """The look ahead for people."""
    refused = seen.contacts - seen.callable_now
    if note:
        say(note)
    say(
        t(
            "{callable_now} would be called now, {refused} not",
            callable_now=count_of(seen.callable_now, "contact"),
            refused=refused,
        )
    )
    table(t("Refused by rule"), ("rule", "contacts"), seen.by_rule.most_common())
    if refused and limit:
        named = {s.external_id: s for found in seen.samples.values() for s in found[:limit]}
        table(
            t("Refused contacts, at most {limit} of each rule", limit=limit),
            ("contact", "why", t("earliest call ({zone})", zone=seen.zone or "UTC")),
            ((s.external_id, s.why, _minute(s.again_at, seen.zone)) for s in named.values()),
        )
    for told in seen.misspelt_columns:
        say(t("{told} Then fix the flow, not the rows", told=told))
    if refused:
        say(
            t(
                "Of the {refused} not called now: {later_today} can be called later today, {later} on a later"
                " day, {never} never unless somebody fixes the reason",
                refused=refused,
                later_today=seen.later_today,
                later=seen.later,
                never=seen.never,
            )
        )
    for told in previews.told_left(seen.left_by_caps):
        say(told)
    if seen.machines is not None:
        say(
            t(
                "Machines that answer: {machines} (`agi-app simulate --machine {campaign}`)",
                machines=seen.machines,
                campaign=seen.campaign,
            )
        )
    _show_end(seen)


def _show_end(seen: Preview) -> None:
    if (projection := seen.projection) is None or seen.never == seen.contacts:
        say(t("There is nobody to call"))
        return
    end, zone = t("not within a year"), seen.zone or "UTC"
    if projection.end is not None:
        end = t("about {minute} ({zone})", minute=_minute(projection.end, zone), zone=zone)
    say(t("Projected end: {end}, with about {calls} calls, if", end=end, calls=projection.calls))
    for assumption in projection.assumptions:
        say(f"- {assumption}")


def _minute(at: dt.datetime | None, zone: str | None) -> str:
    """In the zone of the campaign's times, if it has one, else in UTC."""
    return f"{at.astimezone(ZoneInfo(zone or 'UTC')):%Y-%m-%d %H:%M}" if at else ""
