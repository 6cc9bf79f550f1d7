"""Runs the faults and adds up what the witness saw; scripts/chaos is the way to call it."""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from chaos import builds
from chaos.catalogue import FAULTS, plans
from chaos.clocks import library
from chaos.crew import Crew
from chaos.judge import Verdict
from chaos.run import Plan
from sandbox.errors import SandboxError
from sandbox.root import ensure_root, ensure_tools

REPOSITORY = Path(__file__).resolve().parent.parent
PEOPLE, QUICK_PEOPLE = 100, 24
COUNTED = (
    "double_dials", "lost_results", "invites_after_stop", "invites_without_permit", "leaked_slots", "stuck_calls",
)  # fmt: skip


def main() -> int:
    """Exit status: 0 every promise held, 1 one was broken, 2 the environment is wrong."""
    options = _options()
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _interrupt)  # SIGINT too: a shell starts background jobs with it ignored
    try:
        if options.list:
            for fault in FAULTS:
                print(f"{fault.name:24} {fault.text}")
            return 0
        return Campaign(options).run()
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        # The kernel kills our children with us, and the mounts go with our namespace: no need to wait for the runs.
        print("interrupted; everything that was started has ended", file=sys.stderr, flush=True)
        os._exit(130)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description="A campaign of calls under each fault.")
    parser.add_argument("--json", action="store_true", help="one JSON object a run, the sum last; words go aside")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other moments (default 1)")
    parser.add_argument(
        "--only",
        metavar="FAULT",
        action="append",
        help="this fault (with --broken: this build) only; may be given again",
    )
    parser.add_argument("--step", help="with --only: at this step of an attempt's life")
    parser.add_argument("--quick", action="store_true", help="each fault once, with few calls")
    parser.add_argument(
        "--jobs", type=int, default=0, help="runs at the same time (default 2, quick: 2 a core, at most 4)"
    )
    parser.add_argument(
        "--nodes", type=int, choices=(1, 2), default=1, help="2: another node works on the same people, faults hit one"
    )
    parser.add_argument("--people", type=int, default=0, help=f"people a run (default {PEOPLE}, quick {QUICK_PEOPLE})")
    parser.add_argument("--keep", type=Path, help="keep logs and captures of every run in this folder")
    parser.add_argument("--broken", action="store_true", help="show that each broken build is caught")
    parser.add_argument("--list", action="store_true", help="list the faults")
    return parser.parse_args()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


class Campaign:
    """All runs of one call."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._out = sys.stderr if options.json else sys.stdout
        self.folder = options.keep.resolve() if options.keep else Path(tempfile.mkdtemp(prefix="agi-app-chaos-"))
        self._people = options.people or (QUICK_PEOPLE if options.quick else PEOPLE)
        self._jobs = options.jobs or (min(4, 2 * (os.cpu_count() or 1)) if options.quick else 2)

    def say(self, text: str) -> None:
        """One line for the person who watches."""
        print(text, file=self._out, flush=True)

    def run(self) -> int:
        """Run everything and print the sum."""
        ensure_tools(self.say)
        root = ensure_root(self.say)
        library()  # here, where packages can be had: a run has no network
        self.folder.mkdir(parents=True, exist_ok=True)
        self._crew = Crew(root, self.folder, self.say)
        try:
            return self._broken() if self._options.broken else self._faults()
        finally:
            if not self._options.keep and self.folder.exists() and not any(self.folder.glob("failed-*")):
                shutil.rmtree(self.folder, ignore_errors=True)

    def _faults(self) -> int:
        options = self._options
        chosen = plans(options.only, options.step, options.seed, quick=options.quick, nodes=options.nodes)
        code = copy_code(self.folder / "code")
        template = self._template(code)
        verdicts: dict[Plan, Verdict] = {}
        failed = []
        pool = concurrent.futures.ThreadPoolExecutor(self._jobs)
        futures = {pool.submit(self._one, plan, template, code): plan for plan in chosen}
        try:
            for future in concurrent.futures.as_completed(futures):
                plan = futures[future]
                try:
                    verdicts[plan] = future.result()
                except SandboxError as error:
                    failed.append(plan.name)
                    self.say(f"{plan.name}: the run failed: {error}")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        figures = {**total(verdicts), "retries": len(self._crew.retries)}
        broken_promises = [p for v in verdicts.values() for p in v.problems]
        self.say(f"== {len(broken_promises)} problems; {len(failed)} runs failed: {', '.join(failed) or 'none'}")
        if self._options.keep or broken_promises or failed:
            self.say(f"== logs and captures: {self.folder}")
        print(json.dumps(figures) if self._options.json else json.dumps(figures, indent=2))
        if failed:
            return 2
        return 1 if broken_promises or any(figures[name] for name in COUNTED) else 0

    def _template(self, code: Path) -> Path:
        self.say(f"== {self._people} people agree to be called")
        return self._crew.template(code, self._people, self._options.seed)

    def _one(self, plan: Plan, template: Path, code: Path) -> Verdict:
        folder = self.folder / plan.name
        started = time.monotonic()
        verdict = self._crew.run(plan, template, code)
        figures = {k: round(v, 2) for k, v in asdict(verdict).items() if k != "problems"}
        self.say(f"{plan.name:40} {time.monotonic() - started:5.1f} s  {json.dumps(figures)}")
        for problem in verdict.problems[: 2 if self._options.broken else None]:  # a broken build has scores
            self.say(f"    BROKEN: {problem}")
        line = json.dumps({"run": plan.name, "fault": plan.fault.name, **asdict(verdict)})
        with (self.folder / "runs.jsonl").open("a") as out:
            out.write(line + "\n")
        if self._options.json:
            print(line, flush=True)
        if verdict.problems:
            failed = self.folder / f"failed-{plan.name}"
            shutil.rmtree(failed, ignore_errors=True)
            folder.rename(failed)
        elif not self._options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        return verdict

    def _broken(self) -> int:
        missed = []
        chosen = [build for build in builds.BUILDS if not self._options.only or build.name in self._options.only]
        for build in chosen:
            code = copy_code(self.folder / f"code-{build.name}")
            builds.apply(build, code)
            template = self._template(code)
            caught: list[str] = []
            for plan in build.plans(self._options.seed):
                verdict = self._one(plan, template, code)
                caught = [name for name in build.caught_by if _breach(verdict, name)]
                if caught:
                    break
            self.say(f"== broken build {build.name}: {'caught: ' + ', '.join(caught) if caught else 'NOT CAUGHT'}")
            if not caught:
                missed.append(build.name)
        for left in self.folder.glob("failed-*"):
            shutil.rmtree(left)
        result = {"broken_builds": len(chosen), "caught": len(chosen) - len(missed), "missed": missed}
        print(json.dumps(result))
        return 1 if missed else 0


def _breach(verdict: Verdict, name: str) -> bool:
    value = float(getattr(verdict, name))
    return value > 3.0 if name == "dead_air_max_s" else value > 0


def copy_code(folder: Path) -> Path:
    """A copy of agi_app as it is now, so that a run is of one version; ``folder`` goes on PYTHONPATH."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(REPOSITORY / "agi_app", folder / "agi_app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).with_name("stacks.py"), folder / "sitecustomize.py")
    return folder


def total(verdicts: dict[Plan, Verdict]) -> dict[str, float]:
    """The sum over all runs."""
    return {
        "faults": len({plan.fault.name for plan in verdicts}),
        "runs": len(verdicts),
        "calls": sum(v.calls for v in verdicts.values()),
        **{name: sum(getattr(v, name) for v in verdicts.values()) for name in COUNTED},
        "dead_air_max_s": round(max((v.dead_air_max_s for v in verdicts.values()), default=0.0), 2),
    }


if __name__ == "__main__":
    sys.exit(main())
