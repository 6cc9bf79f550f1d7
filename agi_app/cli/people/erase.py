"""erase, purge: what is stored about a person goes at their request, or when it was kept long enough."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Annotated

import typer

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    counts,
    login_name,
    read_number,
    say,
    say_json,
    settings_of,
    with_installation,
)
from agi_app.clock import SystemClock
from agi_app.consent.entered_stops import stops_without_database
from agi_app.consent.erase import VIA, signer
from agi_app.consent.erase import erase as erase_number
from agi_app.consent.erasure_limits import Remains, remains
from agi_app.consent.evidence import KeptFiles
from agi_app.consent.purge import Purger
from agi_app.errors import ConfigError, InputError, StoreError
from agi_app.installation import Installation
from agi_app.model.phone import mask
from agi_app.prompts.prepared import Prepared, folder_of
from agi_app.proof.notary import Notary
from agi_app.store.calling import nodes
from agi_app.store.database import traces
from agi_app.store.people.erasure import Erased


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("erase")(erase)
    app.command("purge")(purge)


def erase(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    reason: Annotated[str, typer.Option(help="Why, for example the request and its date; it is kept.")],
    project: ProjectOption = HERE,
    entered_by: Annotated[str, typer.Option(help="Who does it; default: the login name.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Erase all that is stored about a person's number. What stays: its keyed hash, never to be called again."""
    e164, who = read_number(number), login_name(entered_by)

    prompts = Prepared(project / "prompts", wideband=False)

    async def work(inst: Installation) -> tuple[Erased, list[Remains]]:
        notary = await Notary.open(inst.settings, inst.store)
        erased = await erase_number(
            inst.store,
            inst.journal,
            KeptFiles.of(inst.settings.data),
            inst.clock,
            e164,
            reason=reason,
            entered_by=who,
            sign=signer(notary.key),
        )
        whose = folder_of(inst.store.hash_number(e164))
        if spoken := await asyncio.to_thread(prompts.forget, whose):
            erased = dataclasses.replace(erased, rows=erased.rows | {"spoken text": spoken})
        return erased, remains(await traces.clean(inst.store), inst.clock.real_now())

    try:
        erased, stays = with_installation(project, work)
    except StoreError as error:
        stops_without_database(settings_of(project), SystemClock(), [e164], VIA)
        raise StoreError(f"the stop is safe in the journal; to erase, run this again later: {error}") from error
    if as_json:
        say_json({"erased": erased.rows, "stays": [dataclasses.asdict(one) for one in stays]})
        return
    what = f"erased: {counts(erased.rows)}" if erased.rows else "nothing was stored"
    say(f"{mask(e164)}: {what}; it is on the suppression list for ever")
    for one in stays:
        say(f"stays: {one.where}, until {one.until}")


def purge(
    project: ProjectOption = HERE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much would go.")] = False,
    rewrite: Annotated[
        bool,
        typer.Option("--rewrite", help="Then write all tables anew: nothing erased is left in their files."),
    ] = False,
    entered_by: Annotated[str, typer.Option(help="Who does it; default: the login name.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Remove what was kept long enough by the rules and the guard's setting. A worker does it once a day by itself.

    --rewrite needs the database for itself: end all workers first.
    """
    who = login_name(entered_by)
    if rewrite and dry_run:
        raise InputError("--rewrite does something and --dry-run does not: give one of the two")

    async def work(inst: Installation) -> tuple[dict[str, int], list[Remains] | None]:
        if rewrite and (alive := [node.name for node in await nodes.all_nodes(inst.store) if node.alive]):
            raise ConfigError(f"a worker is running ({', '.join(alive)}): --rewrite needs the database for itself")
        rules = load_ruleset(inst.settings.project)
        notary = await Notary.open(inst.settings, inst.store)
        files, days = KeptFiles.of(inst.settings.data), inst.settings.guard.keep_days
        purger = Purger(inst.store, files, rules, inst.clock, signer(notary.key), screened_days=days)
        removed = await purger.purge(who, dry_run=dry_run)
        return removed, remains(await traces.rewrite(inst.store), inst.clock.real_now()) if rewrite else None

    removed, stays = with_installation(project, work)
    if as_json:
        told = {} if stays is None else {"stays": [dataclasses.asdict(one) for one in stays]}
        say_json({"dry_run": dry_run, "removed": removed, **told})
        return
    say(f"{'would go' if dry_run else 'removed'}: {counts(removed)}")
    for one in stays or ():
        say(f"stays: {one.where}, until {one.until}")
