"""The commands `agi-app report …` that write files, as a program calls them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from tests import forked_commands

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (["calls", "--since", "2026-11-16", "--until", "2026-11-22"], 0),
        (["imports"], 1),
        (["quarter", "2026Q4"], 0),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else str(given),
)
def test_with_json_a_written_file_is_told_as_json(
    tmp_path: Path, database_url: str, arguments: list[str], rows: int
) -> None:
    make_project(tmp_path / "clinic")
    agi_app(tmp_path / "clinic", database_url, "consent", "import", "consent.csv")
    file = tmp_path / "report.csv"
    told = agi_app(tmp_path / "clinic", database_url, "report", *arguments, "--output", str(file), "--json")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert json.loads(told) == {"file": str(file), "rows": rows, "sha256": digest}


def agi_app(folder: Path, database_url: str, *arguments: str) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith("AGI_APP_")} | {"DATABASE_URL": database_url}
    done: subprocess.CompletedProcess[str] = forked_commands.agi_app(arguments, cwd=folder, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout
