"""stop: never call a person again."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from agi_app.cli.common import (
    HERE,
    ProjectOption,
    needed_settings,
    options_given,
    read_number,
    say,
    warn,
    with_needed,
)
from agi_app.errors import ConfigError, InputError, SafetyError, StoreError
from agi_app.messages import t
from agi_app.model.phone import mask, shown_number
from agi_app.operations.people import stops
from agi_app.operations.people.time_and_evidence import evidence, refused_at
from agi_app.printable import count_of

# How a refusal was said, by hand: of every call here, of those for one purpose in `consent withdraw`.
ReasonOption = Annotated[str, typer.Option(help="What was said.")]
AtOption = Annotated[str, typer.Option(help="When it was said, ISO 8601 with an offset, or a day; default: now.")]
MethodOption = Annotated[str, typer.Option(help="How it was said: letter, e-mail, at the desk …")]
SourceOption = Annotated[str, typer.Option(help="The system or list that it comes from.")]
ReferenceOption = Annotated[str, typer.Option("--evidence", help="Reference of the proof.")]
ProofOption = Annotated[Path | None, typer.Option(help="The proof itself; it is kept encrypted.")]
_A_CAMPAIGN = "is not a telephone number; a campaign is stopped by `agi-app campaign stop NAME`"


def stop(
    context: typer.Context,
    number: Annotated[str | None, typer.Argument(help="The number, with country code.")] = None,
    project: ProjectOption = HERE,
    file: Annotated[Path | None, typer.Option(help="A list of numbers instead, one on each line.")] = None,
    reason: ReasonOption = stops.BY_HAND,
    at: AtOption = "",
    method: MethodOption = "",
    source: SourceOption = "",
    reference: ReferenceOption = "",
    evidence_file: ProofOption = None,
) -> None:
    """Never call this person again: at once, in every campaign, permanently. Their calls are cancelled or ended."""
    if (number is None) == (file is None):
        raise InputError(t("give a number, or --file with a list of numbers"))
    if file is not None:
        _take_list(project, file, [one for one in options_given(context) if one not in ("--project", "--file")])
    number = number or ""
    if re.match("[A-Za-z]", number):
        raise InputError(f"{shown_number(number)}: {_A_CAMPAIGN}")
    e164, said = read_number(number), refused_at("--at", at)
    proof = evidence(evidence_file)
    try:
        take = functools.partial(stops.stop, method=method, source=source, reference=reference, proof=proof)
        answer = with_needed(project, take, e164, reason=reason, said=said)
    except StoreError as error:
        answer = _without_database(project, [e164], stops.VIA, error)
    except (ConfigError, SafetyError) as error:
        raise type(error)(t("{error}; the stop was NOT taken", error=error)) from error
    say(t("{mask} will never be called again; calls ended: {ended}", mask=mask(e164), ended=answer.ended))
    if answer.waiting:
        warn(answer.waiting)
    if answer.not_kept:
        warn(answer.not_kept)
        raise typer.Exit(1)


def _take_list(project: Path, file: Path, of_one: list[str]) -> NoReturn:
    """Take a stop for every number of a list, whatever is wrong with its other lines; exit 1 when some are.

    Then it says which options, which are ``of_one`` number, the list does not keep.
    """
    listed = stops.read_list(file)
    for problem in listed.problems:
        warn(problem)
    if listed.unreadable > len(listed.problems):
        warn(
            t(
                "{file}: {unreadable} lines are not numbers; the first {problems} are shown",
                file=file,
                unreadable=listed.unreadable,
                problems=len(listed.problems),
            )
        )
    if listed.numbers:
        try:
            new = with_needed(project, stops.stop_list, listed.numbers, file.name, listed)
        except StoreError as error:
            _without_database(project, listed.numbers, stops.VIA_LIST, error)
            say(t("{numbers} will never be called again", numbers=count_of(len(listed.numbers), "number")))
        else:
            are = count_of(len(listed.numbers), "number is", "numbers are")
            say(t("{are} on the suppression list, {new} of them new", are=are, new=new))
        if of_one:
            *first, last = of_one
            told = (
                "{options} are for a single number; the stops of the list are taken without them"
                if first
                else "{options} is for a single number; the stops of the list are taken without it"
            )
            named = t("{first} and {last}", first=", ".join(first), last=last) if first else last
            warn(t(told, options=named))
    raise typer.Exit(1 if listed.problems or not listed.numbers else 0)


def _without_database(project: Path, numbers: Sequence[str], via: str, error: StoreError) -> stops.StopAnswer:
    """A stop is taken also while the database is away: on disk now, in the database before the next call."""
    stops.without_database(needed_settings(project), numbers, via)
    warn(
        t(
            "the database does not answer ({error}); the stop is safe in the journal of this node, and its"
            " worker stores it before it dials again",
            error=error,
        )
    )
    return stops.StopAnswer(0)
