"""Stops that are entered: a list of numbers, also while the database is away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import typer

from agi_app.cli.common import say, settings_of, warn, with_installation
from agi_app.clock import SystemClock
from agi_app.consent.entered_stops import VIA_LIST, stop_list, stops_without_database
from agi_app.contacts.importer import read_stop_list_file
from agi_app.errors import StoreError
from agi_app.printable import count_of


def take_list(project: Path, file: Path) -> NoReturn:
    """Take a stop for every number of a list, whatever is wrong with its other lines; exit 1 when some are."""
    listed = read_stop_list_file(file)
    for problem in listed.problems:
        warn(problem)
    if listed.unreadable > len(listed.problems):
        warn(f"{file}: {listed.unreadable} lines are no numbers; the first {len(listed.problems)} are shown")
    if listed.numbers:
        _stop_all(project, listed.numbers)
    raise typer.Exit(1 if listed.problems or not listed.numbers else 0)


def _stop_all(project: Path, numbers: Sequence[str]) -> None:
    try:
        new = with_installation(project, lambda inst: stop_list(inst.store, inst.journal, inst.clock, numbers))
    except StoreError as error:
        without_database(project, numbers, VIA_LIST, error)
        say(f"{count_of(len(numbers), 'number')} will never be called again")
    else:
        are = count_of(len(numbers), "number is", "numbers are")
        say(f"{are} on the suppression list, {new} of them new")


def without_database(project: Path, numbers: Sequence[str], via: str, error: StoreError) -> None:
    """A stop is taken also while the database is away: on disk now, in the database before the next call."""
    stops_without_database(settings_of(project), SystemClock(), numbers, via)
    warn(
        f"the database does not answer ({error}); the stop is safe in the journal of this node, and its worker"
        " stores it before it dials again"
    )
