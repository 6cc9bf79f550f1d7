"""recover: look at a database that is behind what this node remembers, and accept it knowingly."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import HERE, ProjectOption, say, with_installation
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.service import recovery
from agi_app.operations.service.recovery import Acceptance


def recover(
    project: ProjectOption = HERE,
    accept_restored: Annotated[
        bool, typer.Option("--accept-restored", help="Accept this database; nobody is called for a day after.")
    ] = False,
    journal: Annotated[
        list[Path] | None, typer.Option(help="The data folder of another worker, or a copy of it.")
    ] = None,
    worked_until: Annotated[
        str, typer.Option(metavar="TIME", help="Nobody was called after this time, such as 2026-03-03T18:00+08:00.")
    ] = "",
    accept_lost_stops: Annotated[
        bool,
        typer.Option(
            "--accept-lost-stops", help="Stops in damaged places of a journal are lost: these people may be called."
        ),
    ] = False,
    accept_lost_calls: Annotated[
        bool,
        typer.Option(
            "--accept-lost-calls",
            help="Calls in damaged places of the notes are lost: these people may be called again.",
        ),
    ] = False,
) -> None:
    """After a restored backup: show what is missing, and how to go on. Changes nothing without --accept-restored."""
    if (accept_lost_stops or accept_lost_calls) and not accept_restored:
        raise InputError(t("--accept-lost-stops and --accept-lost-calls go with --accept-restored"))
    if accept_restored:
        acceptance = Acceptance(
            tuple(journal or ()), _time(worked_until), lost_stops=accept_lost_stops, lost_calls=accept_lost_calls
        )
        found = with_installation(project, recovery.accept_restored, acceptance)
    else:
        found = with_installation(project, recovery.recover, journal or ())
    for line in found.lines:
        say(line)
    raise typer.Exit(0 if found.well else 2)


def _time(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text) if text else None
    except ValueError:
        found = dt.datetime.min
    if found is not None and found.tzinfo is None:
        told = "--worked-until {text}: write date, time and the hours before UTC, such as 2026-03-03T18:00+08:00"
        raise InputError(t(told, text=text))
    return found


def forget_node(
    name: Annotated[str, typer.Argument(help="The worker's name, as the message or `doctor` shows it.")],
    project: ProjectOption = HERE,
) -> None:
    """Stop waiting for a worker that is gone for good. Stops that are only in its own journal are then lost."""
    with_installation(project, recovery.forget_node, name)
    say(t("{name} is forgotten", name=name))
