"""How long imports take, as the person at the keyboard sees it: the whole command, from start to prompt."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from agi_app.store import embedded
from bench import people
from bench.output import machine, say
from sandbox.commands import COMMAND
from sandbox.errors import SandboxError

SMALL, LARGE = 1_000, 100_000
MOST_S = 2.0  # for SMALL contacts, with a running database
_TRUNK = '[trunks.sandbox]\nendpoint = "PJSIP/{number}@carrier"\nplus = true\nsandbox = true\n'


def run() -> dict[str, Any]:
    """One run in a fresh project; seconds of wall clock, and rows a second of the large file."""
    before = machine()
    with tempfile.TemporaryDirectory(prefix="agi-app-bench-") as name:
        project = Path(name) / "project"
        people.make_project(project, _TRUNK)
        say(f"== {before['at']}, load {before['load']}")
        seconds = {
            "help": _timed(project, "--help"),
            "contacts_1000_new_database": _contacts(project, 0, SMALL),
            "contacts_1000_stopped_database": _contacts(project, 1, SMALL),
        }
        server = embedded.acquire(project / "var")
        try:
            seconds["contacts_1000"] = _contacts(project, 2, SMALL)
            seconds["contacts_1000_again"] = _timed(project, "contacts", "import", people.CAMPAIGN, "contacts.csv")
            people.write_consents(project / "consent.csv", people.numbers(SMALL, 2 * SMALL))
            seconds["consents_1000"] = _timed(project, "consent", "import", "consent.csv")
            seconds["contacts_100000"] = _contacts(project, 3, LARGE)
        finally:
            server.release()
    return {
        "bench": "import",
        **before,
        "load_after": machine()["load"],
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "contacts_per_second": round(LARGE / seconds["contacts_100000"]),
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    took = record["seconds"]["contacts_1000"]
    return [f"1,000 contacts took {took} s, more than {MOST_S} s"] if took > MOST_S else []


def _contacts(project: Path, turn: int, count: int) -> float:
    people.write_contacts(project / "contacts.csv", people.numbers(count, turn * SMALL), prefix=f"B{turn}-")
    return _timed(project, "contacts", "import", people.CAMPAIGN, "contacts.csv")


def _timed(project: Path, *arguments: str) -> float:
    began = time.perf_counter()
    done = subprocess.run([*COMMAND, *arguments], cwd=project, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    if done.returncode != 0:
        raise SandboxError(f"agi-app {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
    return took
