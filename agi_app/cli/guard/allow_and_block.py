"""guard: whom to let through and whom to block, what each line chose."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from agi_app.authoring.place_names import is_zone, zone_meant
from agi_app.cli.common import HERE, ProjectOption, login_name, say, with_installation
from agi_app.cli.guard import guard_list, guard_report, guard_script
from agi_app.errors import InputError
from agi_app.guard.patterns import NotAPattern, new_pattern, read_pattern
from agi_app.guard.settings import Hours
from agi_app.installation import Installation
from agi_app.model.phone import shown_number
from agi_app.store.screening import guard_lists
from agi_app.store.screening.guard import SubscriberLine
from agi_app.store.screening.guard_changes import ChangedBy
from agi_app.store.screening.guard_lists import NewEntry, Written

app = typer.Typer(help="Screening of calls that come in.", no_args_is_help=True)
guard_report.add_to(app)
app.add_typer(guard_list.app, name="list")
app.add_typer(guard_script.app, name="script")

LineOption = Annotated[str, typer.Option(help="Only for this number of ours, as the dialplan tells it; default: all.")]
WhoOption = Annotated[str, typer.Option(help="Who enters it; default: the login name.")]
PatternArgument = Annotated[str, typer.Argument(help="A number, +8695* (prefix), +861000-+861999 (range) or withheld.")]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(?:([a-z]{3})(?:-([a-z]{3}))? )?(\d\d:\d\d)-(\d\d:\d\d)")


@app.command()
def allow(
    pattern: PatternArgument,
    project: ProjectOption = HERE,
    line: LineOption = "",
    reason: Annotated[str, typer.Option(help="Why; every decision repeats it.")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="For how many days; default: for ever.")] = None,
    entered_by: WhoOption = "",
) -> None:
    """Let calls of these numbers through, whatever speaks against them; beats every block."""
    _put(project, pattern, NewEntry("", True, line, reason=reason), days, entered_by)


@app.command()
def block(
    pattern: PatternArgument,
    project: ProjectOption = HERE,
    line: LineOption = "",
    reason: Annotated[str, typer.Option(help="Why; every decision repeats it.")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="For how many days; default: for ever.")] = None,
    shared: Annotated[bool, typer.Option("--shared", help="From a list of others: a hint, it rejects nobody.")] = False,
    entered_by: WhoOption = "",
) -> None:
    """Reject calls of these numbers. Numbers that somebody here dialled, and allowed ones, ring all the same."""
    _put(project, pattern, NewEntry("", False, line, shared, reason), days, entered_by)


def _put(project: Path, pattern: str, entry: NewEntry, days: int | None, entered_by: str) -> None:
    who = login_name(entered_by)
    if entry.shared and entry.line:
        raise InputError("--shared: a list of others is for all lines; leave out --line")

    async def work(inst: Installation) -> tuple[str, Written]:
        now = inst.clock.now()
        ends = None if days is None else now + dt.timedelta(days=days)
        read = _pattern(pattern, inst.settings.guard.region, new_pattern)
        new = [dataclasses.replace(entry, pattern=read, expires_at=ends)]
        return read, await guard_lists.put(inst.store, new, who, now)

    read, done = with_installation(project, work)
    what = "let through" if entry.allow else "a hint against it" if entry.shared else "blocked"
    say(f"{read}: {what}{_for(entry.line)}" + (", in place of what was there" if done.changed else ""))


def _pattern(text: str, region: str, read: Callable[[str, str | None], str] = read_pattern) -> str:
    """What was typed as the guard compares it; InputError says what is wrong."""
    try:
        return read(text, region or None)
    except NotAPattern as error:
        raise InputError(str(error)) from None


def _for(line: str) -> str:
    return f" for line {line}" if line else ""


@app.command()
def unblock(
    pattern: PatternArgument, project: ProjectOption = HERE, line: LineOption = "", entered_by: WhoOption = ""
) -> None:
    """Take these numbers from the list, whether they were blocked or let through."""
    who = login_name(entered_by)

    async def work(inst: Installation) -> int:
        read = _pattern(pattern, inst.settings.guard.region)
        return await guard_lists.remove(inst.store, read, line, who, inst.clock.now())

    if not with_installation(project, work):
        raise InputError(f"{shown_number(pattern)} is not on the list{_for(line)}; `agi-app guard list` shows what is")
    say(f"{pattern}: no longer on the list{_for(line)}")


@app.command()
def line(
    number: Annotated[str, typer.Argument(help="A number of ours, as the dialplan tells it.")],
    project: ProjectOption = HERE,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Whether its calls are screened.")] = None,
    level: Annotated[
        Literal["notice", "low", "standard", "strict"] | None, typer.Option(help="How soon the guard acts.")
    ] = None,
    hours: Annotated[
        list[str] | None, typer.Option(help='When it works, "mon-fri 18:00-08:00"; may be given again.')
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone of the hours, such as Asia/Shanghai.")] = None,
    mailbox: Annotated[bool | None, typer.Option("--mailbox/--no-mailbox", help="Whether it has a mailbox.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Back to what the settings say.")] = False,
    entered_by: WhoOption = "",
) -> None:
    """Set how calls to one number of ours are screened; what is left out stays as it is."""
    who = login_name(entered_by)
    if zone is not None and not is_zone(zone):
        raise InputError(f"--zone {zone}: is no time zone{zone_meant(zone)}")
    spans = None if hours is None else tuple(_hours(text) for text in hours)
    choice = SubscriberLine(enabled, level, zone=zone, mailbox=mailbox)

    async def work(inst: Installation) -> None:
        said = ChangedBy(who, inst.clock.now())
        if reset:
            await guard_lists.reset_line(inst.store, number, said)
        if choice != SubscriberLine() or spans is not None:
            await guard_lists.set_line(inst.store, number, choice, spans, said)

    with_installation(project, work)
    say(f"line {number}: set")


def _hours(text: str) -> Hours:
    match = _HOURS.fullmatch(text.strip().lower())
    if match is None:
        raise InputError(f'--hours {text!r}: write "18:00-08:00" or "mon-fri 18:00-08:00"')
    first, last, since, until = match.groups()
    if not {first, last} <= {*DAYS, None}:
        raise InputError(f"--hours {text!r}: days are {', '.join(DAYS)}")
    try:
        begins, ends = dt.time.fromisoformat(since), dt.time.fromisoformat(until)
    except ValueError:
        raise InputError(f"--hours {text!r}: there is no such time of day") from None
    if first is None:
        return Hours(begins, ends)
    start, end = DAYS.index(first), DAYS.index(last or first)
    return Hours(begins, ends, tuple(sorted((start + n) % 7 for n in range((end - start) % 7 + 1))))
