"""guard: whom to let through and whom to block, what is on the lists, what each line chose, known scripts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    interrupted,
    options_given,
    say,
    say_json,
    table,
    with_installation,
)
from agi_app.cli.guard import guard_report
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.guard import guard_lists, guard_scripts
from agi_app.printable import count_of

app = typer.Typer(help="Screening of calls that come in.", no_args_is_help=True)
on_lists = typer.Typer()
app.add_typer(on_lists, name="list")
scripts = typer.Typer(help="Opening words that identify callers, whatever number they show.", no_args_is_help=True)
app.add_typer(scripts, name="script")
app.add_typer(guard_report.app)
NameArgument = Annotated[str, typer.Argument(help="A name for it; every decision repeats it.")]
SHOWN = 60

LineOption = Annotated[
    str, typer.Option(help="Only for this one of your numbers, as the dialplan gives it; default: all.")
]
PatternArgument = Annotated[str, typer.Argument(help="A number, +8695* (prefix), +861000-+861999 (range) or withheld.")]


@app.command()
def allow(
    pattern: PatternArgument,
    project: ProjectOption = HERE,
    line: LineOption = "",
    reason: Annotated[str, typer.Option(help="Why; every decision repeats it.")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="For how many days; default: without end.")] = None,
) -> None:
    """Let calls from these numbers through, whatever speaks against them; this overrides every block."""
    _put(project, pattern, True, line, False, reason, days)


@app.command()
def block(
    pattern: PatternArgument,
    project: ProjectOption = HERE,
    line: LineOption = "",
    reason: Annotated[str, typer.Option(help="Why; every decision repeats it.")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="For how many days; default: without end.")] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="From a list that others made: a hint, it rejects nobody.")
    ] = False,
) -> None:
    """Reject calls from these numbers. Numbers that somebody here has dialled, and allowed numbers, still ring."""
    _put(project, pattern, False, line, shared, reason, days)


def _put(project: Path, pattern: str, allow: bool, line: str, shared: bool, reason: str, days: int | None) -> None:
    read, done = with_installation(
        project,
        guard_lists.put,
        pattern,
        allow=allow,
        line=line,
        shared=shared,
        reason=reason,
        days=days,
    )
    what = t("let through") if allow else t("a hint against it") if shared else t("blocked")
    say(f"{read}: {what}{_for(line)}" + (t(", in place of what was there") if done.changed else ""))


def _for(line: str) -> str:
    return t(" for line {line}", line=line) if line else ""


@app.command()
def unblock(pattern: PatternArgument, project: ProjectOption = HERE, line: LineOption = "") -> None:
    """Remove these numbers from the list, whether they were blocked or let through."""
    with_installation(project, guard_lists.remove, pattern, line=line)
    say(t("{pattern}: no longer on the list{value}", pattern=pattern, value=_for(line)))


@app.command()
def line(
    number: Annotated[str, typer.Argument(help="One of your numbers, as the dialplan gives it.")],
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
) -> None:
    """Set how calls to one of your numbers are screened; what you leave out stays as it is."""
    zone, spans = guard_lists.zone_of(zone), None if hours is None else [guard_lists.hours_of(text) for text in hours]
    with_installation(
        project,
        guard_lists.set_line,
        number,
        enabled=enabled,
        level=level,
        hours=spans,
        zone=zone,
        mailbox=mailbox,
        reset=reset,
    )
    say(t("line {number}: set", number=number))


@on_lists.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    project: ProjectOption = HERE,
    line: Annotated[
        str | None, typer.Option(help="Only the entries of this line; an empty name: those for all lines.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the lists, and the settings of each line; `guard list import` puts the entries of a file on the lists."""
    if context.invoked_subcommand is not None:
        if early := options_given(context):
            raise InputError(
                t(
                    "{early}: is before {invoked_subcommand}; write it after that",
                    early=early[0],
                    invoked_subcommand=context.invoked_subcommand,
                )
            )
        return
    entries, lines = with_installation(project, guard_lists.entries, line)
    if as_json:
        say_json({"entries": entries, "lines": lines})
        return
    table(
        t("Lists"),
        ("numbers", "what", "line", "reason", "until", "entered by"),
        (
            (
                e.pattern,
                t("allow") if e.allow else t("hint") if e.shared else t("block"),
                e.line or t("all"),
                e.reason,
                f"{e.expires_at:%Y-%m-%d}" if e.expires_at else "",
                e.entered_by,
            )
            for e in entries
        ),
    )
    table(
        t("Lines"),
        ("line", "guard", "level", "hours", "mailbox"),
        (
            (
                name,
                _yes(c.enabled, t("on"), t("off")),
                c.level,
                t("{hours} spans {zone}", hours=len(c.hours), zone=c.zone or "") if c.hours else "",
                _yes(c.mailbox, t("yes"), t("no")),
            )
            for name, c in lines.items()
        ),
    )


def _yes(value: bool | None, yes: str, no: str) -> str:
    return "" if value is None else yes if value else no


@on_lists.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV or XLSX: number, what (allow, block); may be: reason, until, line.")
    ],
    project: ProjectOption = HERE,
    shared: Annotated[
        bool, typer.Option("--shared", help="A list that others made: hints, they reject nobody.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Put all entries of a file on the lists, or none if a row has a fault; running it again changes nothing."""
    with interrupted(t("{file}: interrupted; all of its entries are on the lists, or none: run it again", file=file)):
        done, ended = with_installation(project, guard_lists.import_file, file, shared=shared)
    if as_json:
        say_json(dataclasses.asdict(done) | {"ended": ended})
    else:
        over = t("; {ended} have already ended and were left out", ended=ended) if ended else ""
        say(
            t(
                "{name}: {added} new, {changed} changed, {unchanged} were there already{over}",
                name=file.name,
                added=count_of(done.added, "entry is", "entries are"),
                changed=done.changed,
                unchanged=done.unchanged,
                over=over,
            )
        )


@scripts.command("add")
def add_script(
    name: NameArgument,
    project: ProjectOption = HERE,
    text: Annotated[str, typer.Option(help="Its opening words.")] = "",
    file: Annotated[Path | None, typer.Option(help="A text file with its opening words.")] = None,
) -> None:
    """Enter a script by hand; it replaces one of that name. What callers said before is compared with it."""
    (name, said) = guard_scripts.script_of(name, _text(text, file))
    heard = with_installation(project, guard_scripts.add, name, said)
    say(t("{name}: known; callers said it before in {heard}", name=name, heard=count_of(heard, "call")))


def _text(text: str, file: Path | None) -> str:
    if bool(text) == (file is not None):
        raise InputError(t("give the words by --text or by --file"))
    if file is None:
        return text
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(t("{file}: cannot be read: {error}", file=file, error=error)) from error


@scripts.command("list")
def list_scripts(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show the known scripts, and how often each was heard while calls are kept."""
    found = with_installation(project, guard_scripts.scripts)
    if as_json:
        say_json(found)
    else:
        table(
            t("Known scripts"),
            ("name", "from", "last heard", "calls", "callers", "words"),
            (
                (
                    s.name,
                    t("a reported caller") if s.learned else s.entered_by,
                    f"{s.heard_at:%Y-%m-%d}",
                    s.calls,
                    s.callers,
                    s.text if len(s.text) <= SHOWN else s.text[: SHOWN - 1] + "…",
                )
                for s in found
            ),
        )


@scripts.command("remove")
def remove_script(name: NameArgument, project: ProjectOption = HERE) -> None:
    """Forget a script; callers who said it are no longer recognised by it."""
    with_installation(project, guard_scripts.remove, name.strip())
    say(t("{name}: forgotten", name=name))
