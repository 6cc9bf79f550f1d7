"""The main job, shown: a clinic's reminder to 60 contacts on a real Asterisk, and a second one a day later.

    python -m sandbox.demo [--json] [--keep DIR]     (scripts/demo is the way to call it)

Everything goes through the command line, as ops staff would do it; the carrier's capture is the witness.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from agi_app.messages import choose, speak, t
from agi_app.shared_files import cited, shared
from agi_app.store.database import embedded
from sandbox.capture import Capture
from sandbox.commands import AgiApp
from sandbox.desks import ANSWERS, DESK
from sandbox.errors import SandboxError
from sandbox.project import write_settings
from sandbox.root import ensure_root, ensure_tools
from sandbox.sip import CarrierCall
from sandbox.watchdog import invites, read_ledger, unexplained
from sandbox.witness import Verdict, judge, read_stops
from sandbox.world import World, line_toml, settings_toml

CLINIC = shared("examples/clinic")
CALLER_ID = "+999862155500001"
PURPOSE = "transactional"
FIRST, SECOND = "march-checkup", "march-checkup-again"
DAY_ONE, DAY_TWO = "2026-03-03T10:00:00+08:00", "2026-03-04T10:30:00+08:00"
CAMPAIGN_TIMEOUT_S = 240
ABOUT = "The main job, shown: a clinic's reminder to 60 contacts on a real Asterisk, and a second one a day later."


def main() -> int:
    """Exit status: 0 all as promised, 1 a promise was broken, 2 the environment is wrong."""
    speak(choose(None, os.environ))
    parser = argparse.ArgumentParser(prog=cited("scripts/demo"), description=t(ABOUT))
    parser.add_argument("--json", action="store_true", help=t("print one JSON object as the last line, the rest aside"))
    parser.add_argument(
        "--keep", type=Path, help=t("the folder for logs, captures and the project (default: a new one)")
    )
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # also when a shell in the background had SIGINT ignored
        signal.signal(number, _interrupt)
    try:
        figures, faults = Demo(options.keep, aside=options.json).run()
    except SandboxError as error:
        print(cited(t("error: {error}", error=error)), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(t("interrupted; everything that was started has ended"), file=sys.stderr)
        return 130
    for fault in faults:
        print(t("BROKEN: {fault}", fault=fault), file=sys.stderr)
    print(
        json.dumps(figures, ensure_ascii=False) if options.json else json.dumps(figures, ensure_ascii=False, indent=2)
    )
    return 1 if faults else 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


class Demo:
    """One run of the demo, in a folder of its own."""

    def __init__(self, keep: Path | None, *, aside: bool) -> None:
        self._out = sys.stderr if aside else sys.stdout
        self.folder = keep.resolve() if keep else Path(tempfile.mkdtemp(prefix="agi-app-demo-"))
        self.project = self.folder / "project"
        self._calls: list[list[CarrierCall]] = []
        self._without_permit: list[str] = []

    def say(self, text: str) -> None:
        """One line for the person who watches."""
        print(text, file=self._out, flush=True)

    def run(self) -> tuple[dict[str, Any], list[str]]:
        """The figures of both campaigns and every broken promise."""
        ensure_tools(self.say)
        root = ensure_root(self.say)
        if self.project.exists():
            raise SandboxError(
                t("{project} exists already; --keep wants a folder without a project in it", project=self.project)
            )
        shutil.copytree(CLINIC, self.project)
        with (
            Capture(self.folder / "invites.pcap", invites=True) as invites_seen,
            World(root, self.folder, prompts_dir=self.project / "prompts", desks={DESK: ANSWERS}) as world,
        ):
            version = world.asterisk.version()
            told = "== Asterisk {version} and a carrier of simulated people are up; logs in {folder}"
            self.say(t(told, version=version, folder=self.folder))
            reports = self._two_days(world)
            self._without_permit = self._watch_over(invites_seen, world)
        return self._figures(version, reports)

    def _two_days(self, world: World) -> list[dict[str, Any]]:
        app = AgiApp(self.project, self.folder, self.say)
        try:
            self._settings(world, DAY_ONE)
            app("check")
            app("callerid", "prove", CALLER_ID, "--letter", "caller-id-letter.txt")
            app("consent", "import", "consent.csv")
            app("stop", "--file", "stop-list.txt")
            first = self._campaign(app, world, FIRST)
            told = "\n== A day passes: the sandbox clock says {clock}. The same people are called again."
            self.say(t(told, clock=DAY_TWO))
            self._settings(world, DAY_TWO)
            return [first, self._campaign(app, world, SECOND)]
        finally:
            app.end_database()

    def _settings(self, world: World, clock: str) -> None:
        text = settings_toml(world.asterisk, trunk="sandbox", calls_per_second=10, concurrent=60)
        text = f"{text}\n{line_toml(self.project, {DESK: ANSWERS})}"
        write_settings(self.project, f'{text}\n[sandbox]\nclock = "{clock}"\n')

    def _campaign(self, app: AgiApp, world: World, name: str) -> dict[str, Any]:
        self.say(t("\n== Campaign {name}", name=name))
        app("contacts", "import", name, "contacts.csv")
        app("campaign", "start", name)
        with app.worker(f"worker-{name}.log"):
            app("campaign", "preview", name, "--limit", "0")
            self._watch(app, name)
            app("campaign", "stop", name)
            app("report", name)
            report: dict[str, Any] = json.loads(app.ask("report", name, "--format", "json"))
        seen = sum(map(len, self._calls))
        self._calls.append(world.capture.calls()[seen:])
        return report

    def _watch(self, app: AgiApp, name: str) -> None:
        deadline = time.monotonic() + CAMPAIGN_TIMEOUT_S
        shown = ""
        while time.monotonic() < deadline:
            status = json.loads(app.ask("campaign", "status", name, "--json"))
            line = t("   {done} of {contacts} done, {open_attempts} calls now, {attempts} made", **status)
            if line != shown:
                self.say(line)
                shown = line
            if not status["open_attempts"] and not status["due_now"]:
                return
            time.sleep(1.0)
        raise SandboxError(
            t(
                "campaign {name} did not come to its end in {seconds} s; see {folder}",
                name=name,
                seconds=CAMPAIGN_TIMEOUT_S,
                folder=self.folder,
            )
        )

    def _figures(self, version: str, reports: list[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
        numbers = {row["number"] for row in self._rows("contacts.csv")}
        stops = read_stops(self.project / "var", numbers)
        verdict = judge(self._calls, self._forbidden(), CALLER_ID, stops)
        attempts = sum(r["attempts"] for r in reports)
        x = verdict.last_invite_after_stop_s
        figures = {
            "asterisk": version,
            "contacts": sum(r["contacts"] for r in reports),
            "invites_seen_by_carrier": verdict.invites,
            "attempts": attempts,
            "outcomes": _sum(r["outcomes"] for r in reports),
            "dispositions": _sum(r["dispositions"] for r in reports),
            "refused": _sum(r["refused"] for r in reports),
            "invites_to_forbidden": verdict.to_forbidden,
            "double_dials": verdict.double_dials,
            "wrong_caller_id": verdict.wrong_caller_id,
            "invites_without_permit": len(self._without_permit),
            "last_invite_after_stop_s": None if x is None else round(x, 3),
        }
        self.say(t("\n== Logs, reports and captures: {folder} (SIP: carrier/sip.pcap)", folder=self.folder))
        return figures, [*_faults(verdict, attempts), *self._without_permit]

    def _watch_over(self, seen: Capture, world: World) -> list[str]:
        """Every INVITE that left Asterisk, to whomever, and that no mark in the database explains."""
        left = invites(seen.file, {asterisk.sip_port for asterisk in world.asterisks})
        data = self.project / "var"
        server = embedded.acquire(data)
        try:
            ledger = read_ledger(server.url, data)
        finally:
            server.release()
        told = unexplained(left, ledger, {world.desk.port} if world.desk else ())
        calls = sum(map(len, self._calls))
        return (
            told
            if len(left) >= calls
            else [t("the watchdog saw {left} INVITEs, the carrier {calls}", left=len(left), calls=calls), *told]
        )

    def _rows(self, file: str) -> list[dict[str, str]]:
        with (self.project / file).open(encoding="utf-8-sig", newline="") as source:
            return list(csv.DictReader(source))

    def _forbidden(self) -> set[str]:
        """Everybody in the contacts file who may not be called, worked out from the files alone."""
        numbers = {row["number"] for row in self._rows("contacts.csv")}
        start = datetime.fromisoformat(DAY_ONE)
        agreed = {
            row["number"]
            for row in self._rows("consent.csv")
            if row["purpose"] == PURPOSE and not (row["expires"] and datetime.fromisoformat(row["expires"]) <= start)
        }
        stopped = set((self.project / "stop-list.txt").read_text().split())
        elsewhere = {n for n in numbers if not n.startswith("+99986")}  # Britain: not listed; America: at night
        return (numbers - agreed) | (numbers & stopped) | elsewhere


def _sum(counts: Any) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total.most_common())


def _faults(verdict: Verdict, attempts: int) -> list[str]:
    faults = []
    if verdict.invites != attempts:
        faults.append(
            t(
                "the carrier saw {invites} calls, the database has {attempts} attempts",
                invites=verdict.invites,
                attempts=attempts,
            )
        )
    for name in ("to_forbidden", "double_dials", "wrong_caller_id"):
        if getattr(verdict, name):
            faults.append(f"{name}: {getattr(verdict, name)}")
    after = verdict.last_invite_after_stop_s
    if after is None:
        faults.append(t("nobody said stop: the demo showed nothing of it"))
    elif after > 1.0:
        faults.append(t("an INVITE left {after:.3f} s after the stop was on disk", after=after))
    return faults


if __name__ == "__main__":
    sys.exit(main())
