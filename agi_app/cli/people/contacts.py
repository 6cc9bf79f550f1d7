"""contacts import, cancel, reschedule: people to call, never their consent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    err,
    name_first,
    say,
    say_held,
    say_json,
    say_summary,
    warn,
    with_installation,
)
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.people import contact_changes, contacts
from agi_app.operations.people.contacts import Whole
from agi_app.operations.project import project_files
from agi_app.printable import count_of

app = typer.Typer(help="The people of a campaign.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps the commands separate."""


@app.command("import")
def import_(
    campaign: Annotated[str, typer.Argument(help="The campaign's name.")],
    file: Annotated[Path, typer.Argument(help="CSV or Excel (XLSX) with external_id, number and any other columns.")],
    project: ProjectOption = HERE,
    sheet: Annotated[
        str | None, typer.Option(help="Which sheet of an Excel workbook; default: the first that is visible.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--replace", help="The file is the whole list: contacts that are not in it are cancelled.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --replace: also when more than 10 % of those to be called would go.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Import or update the contacts of a campaign. Rows with a fault go to FILE.rejects.csv (or .xlsx).

    Never creates consent. To continue an import that was interrupted, run the same command again.
    """
    if yes and not whole:
        raise InputError(t("--yes confirms what --replace cancels: give both, or neither"))
    found = project_files.read(project)
    if campaign not in found.campaigns:
        name_first(campaign, file, t("agi-app contacts import CAMPAIGN FILE"), found.campaigns)
    wanted = contacts.campaign_of(found, campaign)
    with _bars(file) as bars:
        summary = with_installation(
            project,
            contacts.import_file,
            wanted,
            file,
            sheet=sheet,
            reading=bars.reading,
            storing=bars.storing,
            whole=(Whole.CONFIRMED if yes else Whole.USUAL) if whole else None,
        )
    say_summary(summary, as_json)


@app.command()
def cancel(
    campaign: Annotated[str, typer.Argument(help="The campaign's name.")],
    ids: Annotated[list[str], typer.Argument(help="Contacts, by the external_id of the list.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with who did it.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Cancel contacts: nobody calls them any further. A call that rings ends; one in which somebody talks does not.

    A later import leaves them cancelled unless it is of a whole list (--replace) or its column status says active.
    """
    done = with_installation(project, contact_changes.cancel, campaign, ids, reason)
    if as_json:
        say_json(done)
    else:
        say(
            t(
                "{campaign}: {cancelled} cancelled{already}",
                campaign=campaign,
                cancelled=count_of(done.cancelled, "contact"),
                already=t(", {already} before", already=done.already) if done.already else "",
            )
        )
        for one in done.unknown:
            warn(t("{campaign} has no contact {external_id}", campaign=campaign, external_id=one))
    if done.unknown:
        raise typer.Exit(1)


@app.command()
def reschedule(
    campaign: Annotated[str, typer.Argument(help="The campaign's name.")],
    contact: Annotated[str | None, typer.Argument(help="A contact, by the external_id of the list.")] = None,
    time: Annotated[
        str | None, typer.Argument(help="Its new time, for the column that the campaign's due names.")
    ] = None,
    *,
    reason: Annotated[str, typer.Option(help="Why; it is kept with who did it.")],
    file: Annotated[
        Path | None, typer.Option(help="CSV or Excel (XLSX) with external_id and the new times of many contacts.")
    ] = None,
    not_before: Annotated[str | None, typer.Option(help="Nobody calls it before.")] = None,
    not_after: Annotated[str | None, typer.Option(help="Nobody calls it from then on.")] = None,
    project: ProjectOption = HERE,
    sheet: Annotated[
        str | None, typer.Option(help="Which sheet of an Excel workbook; default: the first that is visible.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Give contacts another time: they are due by it from now on. A call that rings on the old time ends.

    One that was reached is called again before the new time, once a change; not one that declined or is cancelled.
    """
    wanted = contacts.campaign_of(project_files.read(project), campaign)
    if contact is None and file is None:
        raise InputError(t("name the contact, or give --file with many"))
    change = contact_changes.ChangedTimes(contact or "", time, not_before, not_after)
    source = contact_changes.one_change(wanted, change) if file is None else file
    if file is not None and (contact, time, not_before, not_after) != (None,) * 4:
        raise InputError(t("give --file, or one contact with its time: not both"))
    done = with_installation(project, contact_changes.reschedule, wanted, source, reason, sheet)
    if as_json:
        say_json(done)
    else:
        _say_changes(done, of_file=file is not None)
    if done.problems or done.unknown:
        raise typer.Exit(1)


def _say_changes(done: contact_changes.Rescheduled, *, of_file: bool) -> None:
    for problem in done.problems:
        warn(problem if of_file else problem.message)
    for one in done.unknown:
        warn(t("{campaign} has no contact {external_id}", campaign=done.campaign, external_id=one))
    changed = count_of(done.changed, "contact")
    told = t(
        "{campaign}: {changed} with another time, {unchanged} unchanged",
        campaign=done.campaign,
        changed=changed,
        unchanged=done.unchanged,
    )
    say(told)
    if done.past:
        warn(t("note: the new time leaves no time to call {past}", past=count_of(done.past, "contact")))
    if done.held:
        say_held(done.held)
    if done.cancelled:
        cancelled = count_of(done.cancelled, "contact is", "contacts are")
        warn(
            t(
                "{cancelled} cancelled, and stay so; a list whose column status says active puts them back",
                cancelled=cancelled,
            )
        )


class _Bars:
    """Two progress bars on standard error: how much of the file is read, and how much is stored."""

    def __init__(self, view: Progress) -> None:
        self._view = view
        self._reading = view.add_task("reading", total=None)
        self._storing = view.add_task("storing", total=None, visible=False)
        self.stored: tuple[int, int] | None = None  # rows done, rows in all

    def reading(self, done: int, total: int) -> None:
        """Called from another thread, which rich allows."""
        self._view.update(self._reading, completed=done, total=total or None)

    def storing(self, done: int, total: int) -> None:
        """Rows of the file whose fate is committed."""
        self.stored = (done, total)
        self._view.update(self._reading, completed=1, total=1)
        self._view.update(self._storing, completed=done, total=total, visible=True)


@contextmanager
def _bars(file: Path) -> Iterator[_Bars]:
    """The bars; says how to go on when somebody interrupts."""
    with Progress(console=err, transient=True) as view:
        bars = _Bars(view)
        try:
            yield bars
        except KeyboardInterrupt:
            view.stop()
            done = (
                t("nothing is stored yet")
                if bars.stored is None
                else t("{stored:,} of {rows:,} rows are stored", stored=bars.stored[0], rows=bars.stored[1])
            )
            warn(
                t(
                    "{file}: interrupted; {done}. Run the same command again: it goes on from there",
                    file=file,
                    done=done,
                )
            )
            raise
