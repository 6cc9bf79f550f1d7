"""Time zones are those of the pinned package, whatever the environment says."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

ASK = (
    "import sys; {first}from zoneinfo import ZoneInfo; import datetime as dt;"
    " print(dt.datetime(2026, 1, 5, tzinfo=dt.UTC).astimezone(ZoneInfo('Asia/Shanghai')).hour)"
)


def hour(tmp_path: Path, first: str) -> int:
    """Of midnight UTC in Shanghai, as a process sees it whose PYTHONTZPATH leads to a false zone."""
    false = tmp_path / "zones" / "Asia" / "Shanghai"
    false.parent.mkdir(parents=True, exist_ok=True)
    false.write_bytes(resources.files("tzdata").joinpath("zoneinfo/America/New_York").read_bytes())
    found = subprocess.run(
        [sys.executable, "-c", ASK.format(first=first)],
        env=os.environ | {"PYTHONTZPATH": str(tmp_path / "zones")},
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    return int(found.stdout)


@pytest.mark.attack("row 11: a false zone in PYTHONTZPATH")
def test_a_false_zone_of_the_environment_moves_no_calling_hour(tmp_path: Path) -> None:
    assert hour(tmp_path, "") == 19, "Python alone takes the false one"
    assert hour(tmp_path, "import agi_app; ") == 8
    assert hour(tmp_path, "import agi_app.gate.number_location; ") == 8
