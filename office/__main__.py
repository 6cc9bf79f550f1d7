"""A clinic's fortnight from its first feed run to the verdict; scripts/office is the way to call it."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from office import evidence
from office.clinic import clinic
from office.fortnight import Fortnight, Lived
from office.judge.verdict import judge
from office.people import SPEAKING
from office.scenario.make import scenario
from sandbox.errors import SandboxError
from sandbox.root import ensure_root, ensure_tools
from sandbox.world import World

PROMPTS = Path(__file__).resolve().parents[1] / "examples" / "bulk"
MUST_BE_ZERO = (
    "callable_not_called", "called_late", "called_cancelled", "wrong_number_order", "called_without_consent",
    "called_after_stop", "caps_broken", "unexplained", "results_mismatch", "points_missed", "feed_violations",
)  # fmt: skip
CONCURRENT = 500  # so that calls a second alone are the pace
LEAST_CALLABLE = 0.7  # of the appointments
CALLS_A_SECOND, RING_TIME = 10, "15s"  # quicker than a clinic: what moves to an end is called in the last minutes


def main() -> int:
    """Exit status: 0 nothing is wrong, 1 something is, 2 the environment is wrong."""
    parser = argparse.ArgumentParser(prog="scripts/office", description="A clinic's fortnight, judged from outside.")
    parser.add_argument("--json", action="store_true", help="the verdict as one JSON object; words go aside")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another clinic (default 1)")
    parser.add_argument("--appointments", type=int, default=500, help="at least 60 (default 500)")
    parser.add_argument(
        "--until", default="", metavar="TIME", help="end earlier, such as 2026-04-01 (it begins 2026-03-30)"
    )
    parser.add_argument("--keep", type=Path, help="keep logs, capture, evidence and verdicts in this folder")
    options = parser.parse_args()
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _interrupt)
    folder = options.keep.resolve() if options.keep else Path(tempfile.mkdtemp(prefix="agi-app-office-"))
    out = sys.stderr if options.json else sys.stdout
    wrong, say = True, partial(print, file=out, flush=True)
    try:
        verdict = run(options.seed, options.appointments, options.until, folder, say)
        wrong = any(verdict[name] for name in MUST_BE_ZERO)
        whole = not options.until and not verdict["ended_early"]
        wrong = wrong or (whole and verdict["callable"] < LEAST_CALLABLE * verdict["appointments"])
        print(json.dumps({name: value for name, value in verdict.items() if "details" not in name}))
        for sentence in verdict["details"]:
            print(f"  {sentence}", file=out)
        return int(wrong)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; everything that was started has ended", file=sys.stderr)
        return 130
    finally:
        if wrong or options.keep:
            print(f"logs, evidence and verdicts: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def run(seed: int, appointments: int, until: str, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Live the fortnight and judge it by both readings of its clock; the worse figure of each counts."""
    folder.mkdir(parents=True, exist_ok=True)
    ensure_tools(say)
    root = ensure_root(say)
    wanted = scenario(seed, appointments, steady=True, pace=CALLS_A_SECOND)
    wanted["campaign"]["ring_time"] = RING_TIME
    wanted["campaign"]["pace"]["concurrent"] = CONCURRENT
    cut_short(wanted, until)
    began = time.monotonic()
    shutil.copytree(PROMPTS / "prompts", folder / "project" / "prompts", dirs_exist_ok=True)
    with (
        World(root, folder / "world", prompts_dir=folder / "project" / "prompts", speaking=SPEAKING) as world,
        clinic(folder / "clinic") as office,
    ):
        lived = Fortnight(wanted, world, office, folder, say)
        ended_early = not live(lived, wanted, say)
        at = evidence.RulesTime(lived.lived, wanted["zone"])
        names = {number: name for name, number in lived.numbers.items()}
        ring_s = float(RING_TIME.removesuffix("s"))
        facts = {
            "calls": before(wanted["end"], evidence.calls(world.capture.calls(), names, at, ring_s), "at"),
            "feed_runs": evidence.feed_runs(lived.feed_runs, at),
            "results": before(wanted["end"], evidence.results(office.results()), "started"),
        }
    say(f"== lived in {(time.monotonic() - began) / 60:.0f} min: {len(facts['calls'])} calls")
    keep(folder, scenario=wanted, **facts)
    verdicts = []
    for reading in ("strict", "whole"):
        ran = evidence.how_it_ran(wanted, lived.lived, reading)
        verdicts.append(judge(wanted, facts["calls"], facts["feed_runs"], facts["results"], ran))
        keep(folder, **{f"run_{reading}": ran, f"verdict_{reading}": verdicts[-1]})
    return worse(*verdicts) | {"ended_early": ended_early}


def cut_short(wanted: dict[str, Any], until: str) -> None:
    """End a scenario at a time, written as its own are; empty: at its end."""
    if not until:
        return
    wanted["run_through"] = [span for span in wanted["run_through"] if span[1] <= until]
    for name in ("run_at", "faults"):
        wanted["feed"][name] = [one for one in wanted["feed"][name] if one["at"] < until]
    wanted["end"] = max(high for _, high in wanted["run_through"])


def live(lived: Fortnight, wanted: dict[str, Any], say: Callable[[str], None]) -> bool:
    """Live it; False: it ended early, and the scenario is cut short to what was lived. Raises when that is nothing."""
    try:
        lived.run()
    except (KeyboardInterrupt, SandboxError) as error:
        if not (until := lived_through(wanted, lived.lived)):
            raise
        say(f"== ended early: {str(error) or 'interrupted'}\n== judged until {until}")
        cut_short(wanted, until)
        return False
    return True


def lived_through(wanted: Mapping[str, Any], lived: Lived) -> str:
    """The end of the last span that was lived to its end, as the scenario writes it; empty: there is none."""
    last = lived.spans[-1][0].isoformat() if lived.spans else ""
    return max((high for _, high in wanted["run_through"] if high <= last), default="")


def before(end: str, rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Those whose time of that name is not behind the end."""
    last = dt.datetime.fromisoformat(end)
    return [row for row in rows if row[name] is None or dt.datetime.fromisoformat(row[name]) <= last]


def worse(strict: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """Of each figure the greater one; how many could be called is known by the whole reading."""
    found: dict[str, Any] = {"appointments": whole["appointments"], "callable": whole["callable"]}
    found |= {name: max(strict[name], whole[name]) for name in (*MUST_BE_ZERO, "doubtful")}
    return found | {"details": sorted({*strict["details"], *whole["details"]})}


def keep(folder: Path, **facts: Any) -> None:
    """Write each as JSON."""
    for name, value in facts.items():
        text = json.dumps(value, ensure_ascii=False, indent=1, default=str)
        (folder / f"{name}.json").write_text(f"{text}\n", "utf-8")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
