"""campaign follow-up: a campaign's list made of another one's contacts."""

from __future__ import annotations

from typing import Annotated

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, table, warn, with_installation
from agi_app.messages import spoken, t
from agi_app.operations.people import contacts, follow_ups
from agi_app.operations.people.follow_ups import LEFT_OUT, FollowUp, FollowUpSummary
from agi_app.operations.project import project_files
from agi_app.printable import count_of


def follow_up(
    campaign: Annotated[str, typer.Argument(help="The campaign whose list is made; its file is in campaigns/.")],
    former: Annotated[str, typer.Option("--from", help="The campaign whose contacts are taken.")],
    where: Annotated[
        str,
        typer.Option(
            help="Which of them, as a condition of disposition, outcome, attempts, answers.NAME and contact.COLUMN."
        ),
    ],
    project: ProjectOption = HERE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say who would be taken and who not, and store nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Add contacts of another campaign, of the same purpose, such as those who said "later".

    Leaves out who said stop or declined, is the wrong person, or waits there. Never takes a consent along.
    """
    wanted = FollowUp(former, where)
    written = contacts.campaign_of(project_files.read(project), campaign)
    operation = follow_ups.look if dry_run else follow_ups.follow_up
    done = with_installation(project, operation, written, wanted)
    if as_json:
        say_json(done)
    else:
        _show(done, dry_run=dry_run)
    if done.rejected:
        raise typer.Exit(1)


def _show(done: FollowUpSummary, *, dry_run: bool) -> None:
    for problem in done.problems:
        warn(problem)
    who = count_of(done.contacts, "contact")
    say(t("{former}: {who}, {matched} match", former=done.from_campaign, who=who, matched=done.matched))
    if done.left_out:
        rows = ((spoken(LEFT_OUT[why]), number) for why, number in done.left_out.items())
        table(t("Left out"), ("reason", "contacts"), rows)
    if done.there:
        there = count_of(done.there, "contact")
        say(t("{there} there already, unchanged: {campaign}", there=there, campaign=done.campaign))
    if dry_run:
        chosen = count_of(done.chosen, "contact")
        say(t("{campaign}: {chosen} would be added; nothing was stored", campaign=done.campaign, chosen=chosen))
    else:
        added = count_of(done.added, "contact")
        told = t("{campaign}: {added} added, {rejected} rejected", campaign=done.campaign, added=added,
                 rejected=done.rejected)  # fmt: skip
        say(told)
    for note in done.notes:
        say(t("note: {note}", note=note))
