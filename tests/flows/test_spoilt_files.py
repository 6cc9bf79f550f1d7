"""Spoilt flow files give only clear errors: no traceback, no hang, each at a place inside the file."""

from __future__ import annotations

import random

import pytest

from agi_app.flow.simulation.expected_calls import parse_cases
from tests.fuzz import flow_files


@pytest.mark.slow
def test_two_thousand_spoilt_files_give_only_clear_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """``scripts/fuzz flows`` tries 50,000; these are the first of them."""
    assert flow_files.run(2_000, 0, None) == 0, capsys.readouterr().out


def test_the_fuzzer_sees_what_it_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback, a file that is never judged and a problem outside the file are found."""
    good = flow_files.bases()[0]
    chance = random.Random(0)
    assert flow_files.fault_of("flow: [", chance)[:2] == (None, 1)
    monkeypatch.setattr(flow_files, "SECONDS", 0.05)
    monkeypatch.setattr(flow_files, "parse_flow", lambda *_: [None for _ in iter(int, 1)])
    assert flow_files.fault_of(good, chance)[0] == "Slow: took longer than 0.05 s"
    monkeypatch.setattr(flow_files, "parse_flow", lambda *_: dict[str, str]()["start"])
    assert flow_files.fault_of(good, chance)[0] == "KeyError: 'start'"
    monkeypatch.setattr(flow_files, "parse_flow", lambda *_: parse_cases(good, "f.yaml"))
    fault = flow_files.fault_of("\n", chance)[0]
    assert (fault or "").startswith("the line is not in the file: f.yaml:3:1: schema/unknown-key")


def test_cases_are_the_same_each_time() -> None:
    """A failing one can be made again by its number."""
    texts = flow_files.bases()
    assert flow_files.case(3, 7, texts) == flow_files.case(3, 7, texts)
    assert flow_files.case(3, 7, texts) != flow_files.case(4, 7, texts)
