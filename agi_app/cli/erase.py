"""erase, purge: what is stored about a person goes at their request, or when it was kept long enough."""

from __future__ import annotations

from typing import Annotated

import typer

from agi_app.campaigns.rules import load_ruleset
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    counts,
    login_name,
    read_number,
    say,
    say_json,
    with_installation,
)
from agi_app.consent.erase import erase as erase_number
from agi_app.consent.erase import signer
from agi_app.consent.evidence import KeptFiles
from agi_app.consent.purge import Purger
from agi_app.installation import Installation
from agi_app.model.phone import mask
from agi_app.proof.notary import Notary
from agi_app.store.erasure import Erased


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

    async def work(inst: Installation) -> Erased:
        notary = await Notary.open(inst.settings, inst.store)
        return await erase_number(
            inst.store,
            inst.journal,
            KeptFiles.of(inst.settings.data),
            inst.clock,
            e164,
            reason=reason,
            entered_by=who,
            sign=signer(notary.key),
        )

    erased = with_installation(project, work)
    if as_json:
        say_json({"erased": erased.rows})
        return
    what = f"erased: {counts(erased.rows)}" if erased.rows else "nothing was stored"
    say(f"{mask(e164)}: {what}; it is on the suppression list for ever")


def purge(
    project: ProjectOption = HERE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much would go.")] = False,
    entered_by: Annotated[str, typer.Option(help="Who does it; default: the login name.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Remove what was kept long enough by the rules and the guard's setting. A worker does it once a day by itself."""
    who = login_name(entered_by)

    async def work(inst: Installation) -> dict[str, int]:
        rules = load_ruleset(inst.settings.project)
        notary = await Notary.open(inst.settings, inst.store)
        files, days = KeptFiles.of(inst.settings.data), inst.settings.guard.keep_days
        purger = Purger(inst.store, files, rules, inst.clock, signer(notary.key), screened_days=days)
        return await purger.purge(who, dry_run=dry_run)

    removed = with_installation(project, work)
    if as_json:
        say_json({"dry_run": dry_run, "removed": removed})
    else:
        say(f"{'would go' if dry_run else 'removed'}: {counts(removed)}")
