"""erase, purge: what is stored about a person goes at their request, or when it was kept long enough."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    counts,
    read_number,
    say,
    say_json,
    settings_of,
    with_installation,
)
from agi_app.errors import Forbidden, InputError, StoreError
from agi_app.messages import spoken, t, template
from agi_app.model.phone import mask
from agi_app.operations.people import erasure, stops


def erase(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    reason: Annotated[str, typer.Option(help="Why, for example the request and its date; it is kept.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Erase all that is stored about a person's number. What stays: its keyed hash, never to be called again."""
    e164 = read_number(number)
    try:
        done = with_installation(project, erasure.erase, e164, reason=reason)
    except Forbidden as refused:  # nobody waits for a role to be called no more
        with_installation(project, stops.stop, e164, erasure.REASON_OF_STOP)
        raise Forbidden(t("{fault}; the stop was taken", fault=refused), refused.scope) from refused
    except StoreError as error:
        erasure.stop_without_database(settings_of(project), e164)
        raise StoreError(
            t("the stop is safe in the journal; to erase, run this again later: {error}", error=error)
        ) from error
    if as_json:
        say_json({"erased": done.rows, "stays": [dataclasses.asdict(one) for one in done.stays or ()]})
        return
    what = t("erased: {counts}", counts=_counted(done.rows)) if done.rows else t("nothing was stored")
    say(t("{mask}: {what}; it stays on the suppression list permanently", mask=mask(e164), what=what))
    for one in done.stays or ():
        say(t("stays: {where}, until {until}", where=one.where, until=one.until))


def purge(
    project: ProjectOption = HERE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much would go.")] = False,
    rewrite: Annotated[
        bool,
        typer.Option("--rewrite", help="Then rewrite all tables, so that nothing erased is left in their files."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove what was kept long enough by the rules and the guard's setting. A worker does it automatically each day.

    --rewrite needs the database for itself: end all workers first.
    """
    if rewrite and dry_run:
        raise InputError(t("--rewrite changes data and --dry-run changes nothing: give one of the two"))
    done = with_installation(project, erasure.purge, dry_run=dry_run, rewrite=rewrite)
    if as_json:
        told = {} if done.stays is None else {"stays": [dataclasses.asdict(one) for one in done.stays]}
        say_json({"dry_run": dry_run, "removed": done.rows, **told})
        return
    say(t("{more}: {counts}", more=t("would go") if dry_run else t("removed"), counts=_counted(done.rows)))
    for one in done.stays or ():
        say(t("stays: {where}, until {until}", where=one.where, until=one.until))


ROWS = (  # what is counted; keys in JSON
    template("answers"),
    template("attempt"),
    template("callers"),
    template("complaint"),
    template("consent"),
    template("contact"),
    template("contact columns"),
    template("decision"),
    template("evidence"),
    template("evidence files"),
    template("learned scripts"),
    template("list entries"),
    template("opening words"),
    template("person"),
    template("recordings"),
    template("result"),
    template("results sent back"),
    template("revocation"),
    template("screened calls"),
    template("spoken text"),
)


def _counted(rows: Mapping[str, int]) -> str:
    return counts({spoken(name): number for name, number in rows.items()})
