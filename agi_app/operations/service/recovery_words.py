"""What `recover` says: what a database lacks that is older than the data folders, and what accepting it means."""

from __future__ import annotations

import contextlib
import datetime as dt
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.consent import dialled_calls, restored_backup
from agi_app.consent.checked_lines import Damage
from agi_app.consent.journal_end import END_NAME
from agi_app.consent.opt_out_journal import FILE_NAME, Journal
from agi_app.errors import SafetyError
from agi_app.messages import t
from agi_app.printable import count_of
from agi_app.store.calling.nodes import KnownJournal
from agi_app.store.database.progress import DatabaseProgress, RestoredFrom


@dataclass(frozen=True, slots=True)
class Recovery:
    """Lines for people; ``well`` when a worker may start and nothing that was named is missing.

    ``late``: the database is up to date except for what journals hold that were named after it was accepted, or for
    what is gone at the end of this node's own.
    """

    well: bool
    lines: tuple[str, ...]
    late: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """Why the audit tree lacks what was signed; ``lost``: the origin of another database whose checkpoints they are."""

    why: str
    lost: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """For people, with what accepting does to the proof."""
        return (self.why,) if self.lost else (self.why, t(_GIVEN_UP))


@dataclass(frozen=True, slots=True)
class Damages:
    """Places of the journals, and of the notes of calls, that are not as they were written."""

    stops: tuple[Damage, ...] = ()
    calls: tuple[Damage, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """For people: each place, and how to go on without what may be lost there."""
        found = [one.text for one in (*self.stops, *self.calls)]
        if any(one.lost for one in self.stops):
            told = (
                "Stops in these places of the journals are lost: people who said stop may be called. Put undamaged"
                " copies in their place, or accept that by --accept-lost-stops."
            )
            found.append(t(told))
        if any(one.lost for one in self.calls):
            told = (
                "Calls in these places of the notes are lost: people who were called may be called again. Put"
                " undamaged copies in their place, or accept that by --accept-lost-calls."
            )
            found.append(t(told))
        return tuple(found)

    def refused(self, *, lost_stops: bool, lost_calls: bool) -> bool:
        """Whether more may be lost than an admin has accepted."""
        stops, calls = any(one.lost for one in self.stops), any(one.lost for one in self.calls)
        return (stops and not lost_stops) or (calls and not lost_calls)


def damages_of(
    journals: Sequence[Journal], own: Path, found: DatabaseProgress, known: Sequence[KnownJournal]
) -> Damages:
    """Every place of theirs that is not as it was written; the first journal is our own. Blocks. Raises SafetyError."""
    folders = dict.fromkeys((own, *(one.folder for one in journals)))
    calls = [d for one in folders for d in dialled_calls.damages(one, wanted=_is_ahead(one, found))]
    stops_ = [d for one in journals for d in one.damages()]
    if not any(one.lost for one in stops_):
        told = [journals[0].doubt(one) for one in known]
        stops_ += [Damage(one) for one in dict.fromkeys(told) if one is not None]
    stops_ += [Damage(t("{file}: is missing", file=one.file)) for one in journals[1:] if _is_gone(one)]
    return Damages(tuple(stops_), tuple(calls))


def _is_gone(journal: Journal) -> bool:
    """Whether a worker has kept a journal here, and neither it nor its end is there."""
    began = (journal.folder / restored_backup.FILE_NAME).exists()
    return began and not journal.file.exists() and not (journal.folder / END_NAME).exists()


def _is_ahead(folder: Path, found: DatabaseProgress) -> bool:
    """Whether the worker of this folder knew decisions that the database lacks."""
    with contextlib.suppress(SafetyError):
        noted = restored_backup.read(folder)
        return noted is not None and (noted.decisions > found.decisions or noted.database_id != found.database_id)
    return True


def command(damaged: Damages, journals: Sequence[Path] = ()) -> str:
    """The one that accepts what is missing and is not refused; ``journals``: those that were named."""
    named = [one.parent if one.name == FILE_NAME else one for one in journals]
    words = ["agi-app recover", *(f"--journal {shlex.quote(str(one))}" for one in named), "--accept-restored"]
    words += ["--accept-lost-stops"] * any(one.lost for one in damaged.stops)
    words += ["--accept-lost-calls"] * any(one.lost for one in damaged.calls)
    return " ".join(words)


def told_behind(
    error: SafetyError, in_journal: int, tree: Tree | None, damaged: Damages, to_accept: str
) -> tuple[str, ...]:
    """What to know of a database that is behind this node."""
    return (
        str(error),
        t(
            "The journal of this node has {in_journal} stops; they go into this database when it is accepted.",
            in_journal=in_journal,
        ),
        t(
            "Calls made after the backup are lost to it: the people called then could be called again too"
            " soon. So accepting it also keeps everybody from being called for a day."
        ),
        t(_NO_JOURNAL),
        t(
            "Caps of a week or a month, and the gap after a declined call, will not count the lost calls:"
            " keep campaigns paused for longer if they matter."
        ),
        *(() if tree is None else [line for line in tree.lines if line != str(error)]),
        *damaged.lines,
        t("On the other nodes the same has to be done with their own journals."),
        t(_TO_ACCEPT, command=to_accept),
    )


def told_restored(restored: RestoredFrom, in_journals: int, missing: int) -> tuple[str, ...]:
    """What a database lacks that was restored from a backup."""
    running, nodes = ", ".join(restored.running) or "-", ", ".join(restored.nodes) or "-"
    return (
        t(
            "This database was restored from the backup of {made:%Y-%m-%d %H:%M} UTC (decision {decisions}). What came"
            " after is missing: calls and answers, imports, consents, changes; nobody is called until you confirm it.",
            made=dt.datetime.fromisoformat(restored.made_at),
            decisions=restored.decisions,
        ),
        t(
            "The journals have {in_journals} stops, {missing} of them not in this database; they go into it when you"
            " confirm.",
            in_journals=in_journals,
            missing=missing,
        ),
        t(
            "Workers at the time of the backup: {nodes}. Name the data folder of each, or its copy, with --journal: it"
            " has the stops and the calls that came after the backup. Without it they are lost.",
            nodes=nodes,
        ),
        t("These campaigns go on then: {running}. Pause those that must not.", running=running),
        t(
            "People who were called after the backup could be called again too soon, so nobody is called for 25 hours"
            " after the last call: --worked-until TIME says when that was, at the latest; without it, it is now."
        ),
    )


def told_late(lacks: int, calls: int) -> tuple[str, ...]:
    """What journals hold that were named after the database had been accepted."""
    return (
        t(
            "The journals that you named have {stops} and {calls} that this database does not know",
            stops=count_of(lacks, "stop", "stops"),
            calls=count_of(calls, "call", "calls"),
        ),
    )


def told_doubt(damaged: Damages, to_accept: str) -> tuple[str, ...]:
    """The database is up to date, and stops at the end of this node's own journal may be gone."""
    told = (
        "The database is up to date, but stops that only the journal of this node had may be lost. Its worker calls"
        " nobody until you accept it, also with undamaged copies in their place."
    )
    return (t(told), *damaged.lines, t(_TO_ACCEPT, command=to_accept))


def told_called(cancelled: Counter[str], strangers: int) -> list[str]:
    """Lines on who was called after the backup: contacts by their campaigns, and calls to such as are not here."""
    lines = []
    if cancelled:
        told = "contacts that were called after the backup, and are cancelled so that nobody calls them again: {counts}"
        lines = [t(told, counts=", ".join(f"{name} {number}" for name, number in sorted(cancelled.items())))]
    if strangers:
        calls = count_of(strangers, "call was", "calls were")
        told = "{calls} to contacts that came after the backup and are not here: leave them out when you import again"
        lines.append(t(told, calls=calls))
    return lines


def told_how_to_go_on(tree: Tree | None, to_confirm: str) -> tuple[str, ...]:
    """The command that accepts it, behind what that does to the proof."""
    return (*(() if tree is None else tree.lines), t("To confirm: {command}", command=to_confirm))


_TO_ACCEPT = "To accept: {command}"
TO_BRING_IN = "To bring them in: {command}"
_GIVEN_UP = "The proof will say permanently that the audit entries which this database lacks were given up."
_NO_JOURNAL = (
    "No journal has the withdrawals for one purpose (`agi-app consent withdraw`), nor stops that the API or the"
    " console took while no worker ran. Enter those of the time since the backup again before you accept"
    " (docs/how-to/back-up.md)."
)
