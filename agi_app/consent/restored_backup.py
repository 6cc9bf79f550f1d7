"""A note outside the database of how far it had come, so that a restored old backup is recognised.

Calls made after the backup are not in a restored database: its caps would let the same people be
called again. So a worker whose note is ahead of the database refuses to dial, until somebody accepts
the restored database; then nobody is called for as long as the cap of a day looks back. Caps of a week or a
month and the gap after a declined call look further; for them the lost calls are not counted.
The stops are not lost: the refusal journal, beside the note, is replayed.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from agi_app.atomic_files import write_whole
from agi_app.errors import ConfigError, SafetyError
from agi_app.messages import t
from agi_app.store.database.progress import DatabaseProgress, RestoredFrom

FILE_NAME = "checkpoint.json"
CAP_LOOKS_BACK = dt.timedelta(hours=25)  # the cap of a day, and the time between two notes


@dataclass(frozen=True, slots=True)
class LastSeenDatabase:
    """What this node last saw of the database; ``at`` is rules time."""

    database_id: str
    decisions: int
    at: dt.datetime


def read(folder: Path) -> LastSeenDatabase | None:
    """This node's note; None when it never dialled. SafetyError when it cannot be understood."""
    file = folder / FILE_NAME
    try:
        item = json.loads(file.read_text(encoding="ascii"))
        return LastSeenDatabase(item["database_id"], int(item["decisions"]), dt.datetime.fromisoformat(item["at"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(
            t("{file}: the checkpoint cannot be read: {strerror}", file=file, strerror=error.strerror)
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise SafetyError(
            t(
                "{file}: the checkpoint is damaged ({error}), so agi-app cannot tell whether the database is an"
                " old copy; `agi-app recover` says what to do",
                file=file,
                error=error,
            )
        ) from error


def write(folder: Path, progress: DatabaseProgress, now: dt.datetime) -> None:
    """Note how far the database has come; safe on disk when this returns. Raises SafetyError."""
    file = folder / FILE_NAME
    text = json.dumps({"database_id": progress.database_id, "decisions": progress.decisions, "at": now.isoformat()})
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(file, text.encode(), 0o600)
    except OSError as error:
        raise SafetyError(
            t(
                "{file}: the checkpoint cannot be written: {strerror}; free space on the disk or fix its permissions",
                file=file,
                strerror=error.strerror,
            )
        ) from error


def advance(folder: Path, found: DatabaseProgress, now: dt.datetime) -> None:
    """Note how far the database has come, unless it fell behind the note: then SafetyError, and the note stays."""
    noted = read(folder)
    compare(noted, found)
    if noted is None or noted.decisions != found.decisions:
        write(folder, found, now)


def compare(noted: LastSeenDatabase | None, found: DatabaseProgress) -> None:
    """Raise SafetyError when the database is not the one noted, or is behind it; the way out is in the text."""
    if noted is None:
        return
    if noted.database_id != found.database_id:
        raise SafetyError(
            t(
                "this is another database than the one this data folder belongs to; nobody is dialled. Set"
                " database_url to the right one, or run `agi-app recover` to see what accepting this one means"
            )
        )
    if found.decisions < noted.decisions:
        raise SafetyError(
            t(
                "the database ends at decision {decisions}, but had {decisions2} at {at:%Y-%m-%d %H:%M} UTC: it"
                " is a restored old copy that lacks calls made since. Nobody is dialled. Restore a newer backup,"
                " or run `agi-app recover` to see what accepting this one means",
                decisions=found.decisions,
                decisions2=noted.decisions,
                at=noted.at,
            )
        )


def held_by(restored: RestoredFrom) -> str:
    """Why nobody is called in a restored database that nobody has confirmed yet."""
    made = dt.datetime.fromisoformat(restored.made_at)
    return t(
        "the database was restored from the backup of {made:%Y-%m-%d %H:%M} UTC: nobody is called until somebody has"
        " seen by `agi-app recover` what is missing, and confirmed it",
        made=made,
    )
