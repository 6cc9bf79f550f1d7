"""Which backups go when a new one has its name: this project's own oldest ones, never the new one."""

from __future__ import annotations

import os
from pathlib import Path

from agi_app.operations.service.backups import MADE, _remove_old


def made(share: Path, name: str, project: Path, keep: int = 2) -> None:
    file = share / f"{name}.backup.age"
    file.write_bytes(b"x")
    _remove_old(file, keep, project / MADE)


def names(share: Path) -> set[str]:
    return {one.name.partition(".")[0] for one in share.iterdir()}


def test_the_oldest_of_ones_own_go_by_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    """Not by names or times of files: the clock may have been wrong."""
    share = tmp_path / "share"
    share.mkdir()
    for name in ("agi-app-20300101", "agi-app-20260301", "agi-app-20260302"):
        made(share, name, tmp_path)
    assert names(share) == {"agi-app-20260301", "agi-app-20260302"}


def test_another_projects_and_an_admins_own_files_stay_and_the_new_one_too(tmp_path: Path) -> None:
    share, other = tmp_path / "share", tmp_path / "other"
    share.mkdir()
    other.mkdir()
    for name in ("agi-app-manual", "agi-app-of-last-year"):
        (share / f"{name}.backup.age").touch()
        os.utime(share / f"{name}.backup.age", (0, 0))
    made(share, "agi-app-1", tmp_path, keep=1)
    made(share, "agi-app-2", other, keep=1)
    made(share, "agi-app-3", tmp_path, keep=1)
    assert names(share) == {"agi-app-manual", "agi-app-of-last-year", "agi-app-2", "agi-app-3"}
    made(share, "agi-app-4", tmp_path, keep=0)
    assert names(share) >= {"agi-app-3", "agi-app-4"}
