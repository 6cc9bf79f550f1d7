"""A quarter of the cases of the independent carrier (docs/explanation/witness.md)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.asterisk
@pytest.mark.witness
def test_an_independent_carrier_finds_nothing_wrong(tmp_path: Path) -> None:
    done = subprocess.run(
        ["scripts/witness", "--quick", "--json", "--folder", str(tmp_path / "run")],
        cwd=ROOT, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    details = tmp_path / "run" / "verdict.txt"
    told = details.read_text("utf-8") if details.exists() else done.stderr[-4000:]
    assert done.returncode == 0, told
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["cases"] >= 80
    assert counts["stops"]["given"] >= 50
