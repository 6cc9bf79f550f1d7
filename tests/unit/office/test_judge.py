"""The judge of a clinic's fortnight finds nothing in a perfect one, and what was spoilt in a spoilt one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from office.judge.__main__ import main
from office.judge.evidence import Evidence
from office.judge.model import COUNTS, MORE_COUNTS
from office.judge.told import told
from office.judge.verdict import is_good, judge, judged
from office.scenario.make import scenario
from office.selftest.fortnight import Fortnight
from office.selftest.simulation import simulate, skipped
from office.selftest.spoils import SPOILS
from office.selftest.times import Json, at, iso

SEED, APPOINTMENTS = 12, 80
FIGURES = (*COUNTS, *MORE_COUNTS, "doubtful")
# one or two for each figure; `python -m office.selftest` tries all of them
TRIED = (
    "call after the appointment",
    "call in the midday break",
    "call three hours before to one cancelled between",
    "cancelled contact rings on",
    "second number first",
    "call lost",
    "second reminder not made",
    "result lost",
    "result with another outcome",
    "call without consent",
    "second number after a stop at the first",
    "twice within a day",
    "called an hour too early",
    "empty list cancels everybody",
    "failing run reported as good",
)


@cache
def _perfect() -> Fortnight:
    made = scenario(SEED, APPOINTMENTS)
    return Fortnight(made, *simulate(made, skip=True))


def _run(s: Json) -> Json:
    return {"ratio": 1, "skipped": skipped(s)}


def _judge(f: Fortnight) -> Json:
    return judge(f.s, f.calls, f.runs, f.results, _run(f.s))


def _figures(verdict: Json) -> dict[str, int]:
    return {name: verdict[name] for name in FIGURES}


@cache
def _before() -> dict[str, int]:
    return _figures(_judge(_perfect()))


def test_a_perfect_fortnight_has_nothing_wrong_and_enough_calls_that_had_to_be_made() -> None:
    f = _perfect()
    before = json.dumps([f.s, f.calls, f.runs, f.results])
    verdict = _judge(f)
    assert {name: n for name, n in _figures(verdict).items() if n} == {}
    assert verdict["details"] == verdict["doubtful_details"] == []
    assert is_good(verdict)
    assert verdict["appointments"] == APPOINTMENTS
    assert verdict["callable"] > APPOINTMENTS * 0.7
    assert json.dumps([f.s, f.calls, f.runs, f.results]) == before


@pytest.mark.parametrize("name", TRIED)
def test_what_was_spoilt_is_found_in_its_figure(name: str) -> None:
    spoil = next(one for one in SPOILS if one.name == name)
    f = _perfect().copy()
    spoil.do(f)
    verdict = _judge(f)
    more = {figure for figure, n in _figures(verdict).items() if n > _before()[figure]}
    assert spoil.count in more
    assert is_good(verdict) == (spoil.count == "doubtful")
    assert any(sentence.startswith(f"{spoil.count}: ") for sentence in verdict["details"]) != (
        spoil.count == "doubtful"
    )


def test_each_figure_has_a_spoilt_fortnight() -> None:
    assert {one.count for one in SPOILS} == {*FIGURES, "none"}
    assert {one.count for one in SPOILS if one.name in TRIED} >= set(FIGURES)


def test_a_call_within_a_second_of_the_stop_is_forgiven_and_a_later_one_is_not() -> None:
    f = _perfect()
    said = next(c for c in f.calls if f.s["numbers"][c["number"]]["rings"] == ["stop"])
    row = next(a for a in f.s["appointments"] if said["number"] in a["numbers"])
    for after, found in ((0.5, 0), (1.5, 1)):
        g = f.copy()
        g.add(row, at(said["ended"]) + after)
        assert _judge(g)["called_after_stop"] == found


def test_it_tells_what_it_knows_of_an_appointment() -> None:
    f = _perfect()
    evidence = Evidence(f.s, f.calls, f.runs, f.results, _run(f.s))
    judged(evidence)
    moved = f.appointments("moved")[0]
    lines = "\n".join(told(evidence, moved["id"]))
    assert moved["id"] in lines
    assert "version 1: written" in lines
    assert "may be called" in lines


def test_the_command_reads_the_files_and_ends_with_one_if_something_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    f = _perfect().copy()
    files = {"scenario": f.s, "calls": f.calls, "feed_runs": f.runs, "results": f.results, "run": _run(f.s)}
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    asked = [str(tmp_path / f"{name}.json") for name in ("scenario", "calls", "feed_runs", "results")]
    asked += ["--run", str(tmp_path / "run.json"), "--output", str(tmp_path / "verdict.json")]
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out)["called_late"] == 0
    f.calls.append(f.calls[0] | {"at": iso(at(f.calls[0]["at"]) + 60)})
    (tmp_path / "calls.json").write_text(json.dumps(f.calls), encoding="utf-8")
    assert main(asked) == 1
    verdict = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["caps_broken"] >= 1
    assert any(sentence.startswith("results_mismatch: ") for sentence in verdict["details"])
