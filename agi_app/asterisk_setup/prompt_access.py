"""Whether Asterisk's user can read the prompts, and what to change so that it can. Pure, except ``looked_at``."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.messages import t


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """A file or folder with its owner, group and mode."""

    path: Path
    uid: int
    gid: int
    mode: int  # permission bits
    folder: bool


@dataclass(frozen=True, slots=True)
class AccessChange:
    """Group and mode as they are and as they will be."""

    path: Path
    gid: int
    mode: int
    new_gid: int
    new_mode: int


def looked_at(project: Path) -> tuple[list[AccessRecord], list[AccessRecord]]:
    """The folders above the project, and the project's folder with all its prompts. Blocks. Raises OSError."""
    above = [_record(folder) for folder in reversed(project.parents)]
    inside = [_record(project)]
    for folder, folders, files in os.walk(project / "prompts"):
        folders.sort()
        inside.append(_record(Path(folder)))
        inside += [_record(Path(folder, name)) for name in sorted(files) if not Path(folder, name).is_symlink()]
    return above, inside


def _record(path: Path) -> AccessRecord:
    found = path.stat()
    return AccessRecord(path, found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode), stat.S_ISDIR(found.st_mode))


def access_changes(
    above: Sequence[AccessRecord], inside: Sequence[AccessRecord], uid: int, gids: Sequence[int]
) -> tuple[list[AccessChange], list[str]]:
    """What to give to Asterisk's group (the first of ``gids``), and where only an admin can help."""
    if uid == 0:
        return [], []
    closed = [one.path for one in above if not _may(one, uid, gids, 0o1)]
    told = "{path}: Asterisk's user may not enter it, so it cannot read the prompts: move the project below /srv"
    return list(_given(inside, uid, gids)), [t(told, path=path) for path in closed[:1]]


def _given(inside: Sequence[AccessRecord], uid: int, gids: Sequence[int]) -> Iterator[AccessChange]:
    for number, one in enumerate(inside):
        need = 0o1 if number == 0 else 0o5 if one.folder else 0o4  # the project's folder is entered, not listed
        if not _may(one, uid, gids, need):
            yield AccessChange(one.path, one.gid, one.mode, gids[0], one.mode | need << 3)


def _may(one: AccessRecord, uid: int, gids: Sequence[int], need: int) -> bool:
    shift = 6 if one.uid == uid else 3 if one.gid in gids else 0
    return one.mode >> shift & need == need
