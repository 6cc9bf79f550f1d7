"""contacts import, cancel: people to call, never their consent."""

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
