"""Which backups go when a new one has its name: this project's own oldest ones, never the new one."""

from __future__ import annotations

import os
from pathlib import Path

from agi_app.operations.service.backups import MADE, _remove_old


def made(share: Path, name: str, project: Path, keep: int = 2, *, complete: bool = True) -> None:
    file = share / f"{name}.backup.age"
    file.write_bytes(b"x")
    _remove_old(file, keep, project / MADE, complete=complete)


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


def test_a_backup_that_is_not_complete_goes_with_the_next_complete_one(tmp_path: Path) -> None:
    """It removes none itself, and one of another project stays."""
    share = tmp_path / "share"
    share.mkdir()
    (share / "other.backup.age").touch()

    def kept_after(name: str, keep: int, *, complete: bool) -> list[str]:
        made(share, name, tmp_path, keep, complete=complete)
        return sorted(names(share))

    assert kept_after("1", 1, complete=True) == ["1", "other"]
    assert kept_after("2", 1, complete=False) == ["1", "2", "other"]
    assert kept_after("3", 1, complete=False) == ["1", "2", "3", "other"]
    assert kept_after("4", 2, complete=True) == ["1", "4", "other"]
    assert kept_after("5", 0, complete=False) == ["1", "4", "5", "other"]
    assert kept_after("6", 0, complete=True) == ["1", "4", "5", "6", "other"]
    assert kept_after("7", 1, complete=True) == ["7", "other"]
