"""The gate and an independent judge of calls say the same of thousands of seeded cases."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gate.breakages import BREAKAGES, LOCATION, WINTER, Breakage
from tests.gate.cases import case
from tests.gate.judge import Bench
from tests.gate.rulebooks import ROOT

CASES = 2000
RULE_ID = re.compile(r"^\| `(\w+)` \| [^|]*\| [^|]*\| (?:yes|no) \|$", re.MULTILINE)


@pytest.mark.slow
def test_the_gate_and_the_oracle_agree_on_two_thousand_cases() -> None:
    bench, wrong = Bench(), []
    for index in range(CASES):
        one = case(0, index)
        wrong += [f"{fault}\n{one}" for fault in bench.faults(one)]
    assert not wrong, "\n".join(wrong[:3])
    assert CASES // 6 < bench.allowed < CASES // 2, "both answers are given often"
    known = set(RULE_ID.findall((ROOT / "docs/reference/gate-rules.md").read_text()))
    assert known == set(bench.refused), "every rule that the documents name refused something"


def test_a_case_is_the_same_again_and_tells_how_to_make_it() -> None:
    assert case(3, 11) == case(3, 11) != case(3, 12) != case(4, 12)
    assert "scripts/fuzz gate --seed 3 --only 11" in str(case(3, 11))
    assert case(3, 11).question.facts.number in str(case(3, 11))


@pytest.mark.slow
@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.what)
def test_a_broken_gate_is_caught(breakage: Breakage, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "agi_app", tmp_path / "agi_app", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    path = tmp_path / "agi_app/gate" / breakage.file
    text = path.read_text()
    assert text.count(breakage.old) == 1, f"{breakage.file} has changed: mend tests/gate/breakages.py"
    path.write_text(text.replace(breakage.old, breakage.new) + (WINTER if breakage.file == LOCATION else ""))
    command = [sys.executable, "-m", "tests.fuzz", "gate", "--cases", str(CASES)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 1, f"nothing was noticed: {ran.stdout}{ran.stderr}"
    assert "WRONG: " in ran.stdout, ran.stderr
