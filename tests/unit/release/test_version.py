"""The package's version: dpkg finds a commit before a version older, and a release for the next Debian newer."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from release.version import version_of

WHEN = "2026-11-29T04:00:00+00:00"


def commit(folder: Path, version: str) -> str:
    """The Debian version of a tree whose pyproject.toml has this one."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f'[project]\nname = "agi-app"\nversion = "{version}"\n')
    who = ["-c", "user.name=A", "-c", "user.email=a@invalid.example"]
    environment = {"GIT_AUTHOR_DATE": WHEN, "GIT_COMMITTER_DATE": WHEN, "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "A version"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True, env=environment)
    return version_of(folder).debian


def test_a_release_has_its_number_and_a_commit_before_it_its_time(tmp_path: Path) -> None:
    assert commit(tmp_path / "release", "0.3.0") == "0.3.0-1~deb13"
    before = commit(tmp_path / "before", "0.3.0.dev0")
    assert before.startswith("0.3.0~dev0+20261129040000.g")
    assert before.endswith("-1~deb13")


def test_the_date_of_all_files_is_the_commits(tmp_path: Path) -> None:
    commit(tmp_path / "one", "0.3.0rc1")
    found = version_of(tmp_path / "one")
    assert (found.epoch, found.upstream) == (1795924800, "0.3.0rc1")


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="no dpkg compares versions here")
def test_dpkg_orders_them_as_they_came(tmp_path: Path) -> None:
    versions = [commit(tmp_path / v, v) for v in ("0.2.0", "0.3.0.dev0", "0.3.0rc1", "0.3.0", "0.3.1.dev0", "0.10.0")]
    for older, newer in pairwise(versions):
        subprocess.run(["dpkg", "--compare-versions", older, "lt", newer], check=True)
    subprocess.run(["dpkg", "--compare-versions", versions[-1], "lt", "0.10.0-1~deb14"], check=True)
