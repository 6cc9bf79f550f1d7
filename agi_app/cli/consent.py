"""consent import, show, revoke: who agreed to what, and who took it back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from agi_app.app import Installation
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    err,
    login_name,
    progress,
    say,
    say_json,
    say_summary,
    settings_of,
    table,
    with_installation,
)
from agi_app.clock import SystemClock
from agi_app.consent.stop import (
    VIA,
    VIA_LIST,
    StopAnswer,
    stop_list,
    stop_number,
    stops_without_database,
    withdraw,
)
from agi_app.contacts.importer import ImportSummary, import_consent_file, read_stop_list_file
from agi_app.errors import InputError, StoreError
from agi_app.model.campaign import Purpose
from agi_app.model.phone import NotANumber, parse
from agi_app.store.consents import PersonHistory, history

app = typer.Typer(help="Recorded consents and stops.", no_args_is_help=True)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV: number, purpose, wording, method, time, source.")],
    project: ProjectOption = HERE,
    entered_by: Annotated[str, typer.Option(help="Who enters these consents; default: the login name.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Record consents. A row without purpose, wording, method, time or source is refused."""

    async def work(inst: Installation) -> ImportSummary:
        with progress("consents") as report:
            return await import_consent_file(
                inst.store, file, login_name(entered_by), inst.clock.now(), progress=report
            )

    say_summary(with_installation(project, work), as_json)


@app.command()
def show(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show a person's whole story: consents, withdrawals, stop, calls."""
    e164 = read_number(number)

    async def work(inst: Installation) -> PersonHistory | None:
        return await history(inst.store, e164)

    found = with_installation(project, work)
    if as_json:
        import dataclasses

        say_json(dataclasses.asdict(found) if found else None)
    elif found is None:
        say(f"{e164}: nothing is known of this number")
    else:
        _tell(e164, found)


def _tell(e164: str, found: PersonHistory) -> None:
    say(f"{e164}")
    if found.suppression:
        say(f"never to be called again: stop of {found.suppression.at:%Y-%m-%d %H:%M} ({found.suppression.reason})")
    table(
        "Consents",
        ("purpose", "given", "expires", "withdrawn", "method", "source", "evidence", "wording"),
        (
            (c.purpose, f"{c.given_at:%Y-%m-%d}", c.expires_at and f"{c.expires_at:%Y-%m-%d}",
             c.revoked_at and f"{c.revoked_at:%Y-%m-%d}", c.method, c.source, c.evidence, c.wording)
            for c in found.consents
        ),
    )  # fmt: skip
    table(
        "Withdrawals",
        ("purpose", "at", "reason", "by"),
        ((r.purpose or "all", f"{r.at:%Y-%m-%d %H:%M}", r.reason, r.via) for r in found.revocations),
    )
    table(
        "Calls",
        ("campaign", "at", "outcome", "disposition"),
        ((a.campaign, f"{a.rules_at:%Y-%m-%d %H:%M}", a.outcome or a.state, a.disposition) for a in found.calls),
    )


@app.command()
def revoke(
    number: Annotated[str | None, typer.Argument(help="The number, with country code.")] = None,
    project: ProjectOption = HERE,
    file: Annotated[Path | None, typer.Option(help="A list of numbers instead, one a line.")] = None,
    purpose: Annotated[
        Purpose | None, typer.Option(help="Withdraw for this purpose only; default: a stop for ever.")
    ] = None,
    reason: Annotated[str, typer.Option(help="What was said.")] = "entered by hand",
) -> None:
    """Take a stop: at once, in every campaign, for ever. A ringing call is cancelled, an answered one ended."""
    if (number is None) == (file is None):
        raise InputError("give a number, or --file with a list of numbers")
    if file is not None:
        if purpose is not None:
            raise InputError("--file takes stops for ever; --purpose goes with a single number")
        _take_list(project, file)
        return
    e164 = read_number(number or "")

    async def work(inst: Installation) -> StopAnswer:
        if purpose is not None:
            return await withdraw(inst.store, inst.clock, e164, purpose, reason)
        return await stop_number(inst.store, inst.journal, inst.clock, e164, reason)

    try:
        answer = with_installation(project, work)
    except StoreError as error:
        if purpose is not None:
            raise
        _without_database(project, [e164], VIA, error)
        answer = StopAnswer(0)
    scope = f"consent for {purpose} is withdrawn" if purpose else "will never be called again"
    say(f"{e164} {scope}; calls ended: {answer.ended}")
    if answer.waiting:
        err.print(answer.waiting, markup=False)


def _take_list(project: Path, file: Path) -> None:
    listed = read_stop_list_file(file)
    for problem in listed.problems:
        err.print(str(problem), markup=False)
    if listed.numbers:
        _stop_all(project, listed.numbers)
    raise typer.Exit(1 if listed.problems or not listed.numbers else 0)


def _stop_all(project: Path, numbers: Sequence[str]) -> None:
    try:
        new = with_installation(project, lambda inst: stop_list(inst.store, inst.journal, inst.clock, numbers))
    except StoreError as error:
        _without_database(project, numbers, VIA_LIST, error)
        say(f"{len(numbers)} numbers will never be called again")
    else:
        say(f"{len(numbers)} numbers are on the suppression list, {new} of them new")


def _without_database(project: Path, numbers: Sequence[str], via: str, error: StoreError) -> None:
    """A stop is taken also while the database is away: on disk now, in the database before the next call."""
    stops_without_database(settings_of(project).data, SystemClock(), numbers, via)
    err.print(
        f"the database does not answer ({error}); the stop is safe in the journal of this node, and its worker"
        " stores it before it dials again",
        markup=False,
    )


def read_number(text: str) -> str:
    """A number given by hand as E.164."""
    try:
        return parse(text).e164
    except NotANumber as error:
        raise InputError(f"{text}: {error}") from None
