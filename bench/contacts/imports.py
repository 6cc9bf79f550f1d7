"""How long imports take, as the person at the keyboard sees it: the whole command, from start to prompt.

``scripts/bench import`` times small files, ``scripts/bench import --rows N [--xlsx]`` one big file, with
the most memory that the command held (the database's own memory not counted).
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from agi_app.store.database import embedded
from bench import people, usage
from bench.output import machine, say
from sandbox.commands import COMMAND
from sandbox.errors import SandboxError

SMALL, LARGE = 1_000, 100_000
MOST_S = 2.0  # for SMALL contacts, with a running database
MOST_MIB = {"csv": 300, "xlsx": 900}  # of memory, for a million rows
LEAST_A_SECOND = {"csv": 20_000, "xlsx": 5_000}
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


def run_big(rows: int, xlsx: bool) -> dict[str, Any]:
    """One file of so many rows into a fresh project with a running database (fsync on), then the same file again.

    ``cpu_us`` is microseconds of CPU a row, of the command and of PostgreSQL: on a machine that does
    other work too, it tells more than the wall clock.
    """
    before = machine()
    with tempfile.TemporaryDirectory(prefix="agi-app-bench-") as name:
        project = Path(name) / "project"
        people.make_project(project, _TRUNK)
        _contacts(project, 0, 1)  # makes the keys and the tables
        server = embedded.acquire(project / "var")
        try:
            file = project / f"big.{'xlsx' if xlsx else 'csv'}"
            write = people.write_contacts_xlsx if xlsx else people.write_contacts
            write(file, people.numbers(rows, SMALL))
            postmaster = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
            first = _measured(project, file.name, rows, postmaster)
            again = _measured(project, file.name, rows, postmaster)
        finally:
            server.release()
    return {
        "bench": "import",
        **before,
        "load_after": machine()["load"],
        "kind": "xlsx" if xlsx else "csv",
        "rows": rows,
        **first,
        "again": again,
    }


def faults_of_big(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    kind = record["kind"]
    missed = []
    if record["rows_per_second"] < LEAST_A_SECOND[kind]:
        missed.append(f"{record['rows_per_second']} rows a second, fewer than {LEAST_A_SECOND[kind]}")
    if record["peak_mib"] > MOST_MIB[kind]:
        missed.append(f"{record['peak_mib']} MiB of memory, more than {MOST_MIB[kind]}")
    return missed


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


def _measured(project: Path, file: str, rows: int, postmaster: int) -> dict[str, Any]:
    """Import the file: rows a second by the wall clock, the most memory the command held, CPU a row."""
    busy, database, began = usage.machine_times(), usage.tree_cpu_seconds(postmaster), time.perf_counter()
    command = [*COMMAND, "contacts", "import", people.CAMPAIGN, file]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=project, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - began
        if process.returncode != 0:
            said.seek(0)
            raise SandboxError(f"{' '.join(command)} ended with {process.returncode}:\n{said.read().decode()}")
    database = usage.tree_cpu_seconds(postmaster) - database
    return {
        "seconds": round(took, 1),
        "rows_per_second": round(rows / took),
        "peak_mib": round(used.ru_maxrss / 1024),
        "cpu_us": {
            "command": round((used.ru_utime + used.ru_stime) * 1e6 / rows, 1),
            "postgres": round(database * 1e6 / rows, 1),
        },
        "machine_busy": usage.busy(busy, usage.machine_times()),
    }
