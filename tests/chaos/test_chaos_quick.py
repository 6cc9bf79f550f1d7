"""The main job under each fault once, with few calls: by the carrier's log nothing is lost and nobody called twice.

One campaign of ``scripts/chaos --quick`` is made for all tests here; each fault is a test of its own. A run whose
harness did not start is done anew in a fresh world, and that is said; a run that was judged never is.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaos.catalogue import FAULTS
from chaos.judge import dead_air_limit_s

REPOSITORY = Path(__file__).resolve().parent.parent.parent
EXACT = (
    "double_dials",
    "lost_results",
    "invites_after_stop",
    "invites_without_permit",
    "leaked_slots",
    "stuck_calls",
)

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.asterisk,
    pytest.mark.postgres,
    pytest.mark.skipif(os.geteuid() != 0, reason="captures and small disks need root"),
]


@pytest.fixture(scope="module")
def show(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Prints a line at once, past pytest's capture: the campaign takes minutes."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    reporter = request.config.pluginmanager.getplugin("terminalreporter")

    def line(text: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.write_line(text)

    return line


@pytest.fixture(scope="module")
def campaign(show: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of each fault's run, by the fault's name, and under "sum" the last line."""
    found = tmp_path_factory.mktemp("chaos") / "found.jsonl"
    with found.open("w") as out:
        command = ["scripts/chaos", "--quick", "--json"]
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=out, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    with process.stderr:
        try:
            for said in process.stderr:
                show(said.rstrip())
        finally:
            process.terminate()  # only when interrupted is there something to end
            process.wait()
    *runs, figures = [json.loads(line) for line in found.read_text().splitlines()] or [None]
    assert figures is not None, f"scripts/chaos ended with {process.returncode}, see above"
    return {**{run["fault"]: run for run in runs}, "sum": figures}


@pytest.mark.parametrize("fault", [fault.name for fault in FAULTS])
def test_every_promise_holds(campaign: dict[str, Any], fault: str) -> None:
    run = campaign.get(fault)
    assert run is not None, "the harness failed each time, see above"
    assert run["problems"] == []
    assert {name: run[name] for name in EXACT} == dict.fromkeys(EXACT, 0)
    assert run["dead_air_max_s"] <= dead_air_limit_s(run["start_s"], quick=True)
    least = 5 if fault == "agents_ami_closed" else 10  # nobody is called while keys are not heard
    assert run["calls"] >= least, "too few calls to tell anything"


def test_each_fault_was_there_once(campaign: dict[str, Any], show: Callable[[str], None]) -> None:
    figures = campaign["sum"]
    show(f"== {json.dumps(figures)}")
    assert figures["faults"] == figures["runs"] == len(FAULTS)
    assert {name: figures[name] for name in EXACT} == dict.fromkeys(EXACT, 0)
