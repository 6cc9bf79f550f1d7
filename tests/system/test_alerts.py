"""A real worker and a real console tell what goes wrong: a trunk that fails, and a worker that is killed."""

from __future__ import annotations

import json
import signal
import socket
import sys
from pathlib import Path

import pytest

from agi_app.dialer.circuit_breaker import FAULTS_TO_OPEN
from sandbox.project import write_settings
from tests.system.conftest import NewSite
from tests.system.site import CLOCK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
CONFIRMS, CONGESTED = 1, 24
LISTENER = "import sys; open('heard.jsonl', 'a').write(sys.stdin.read())"
Told = list[tuple[str, str]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def told(site: Site) -> Told:
    """What the admin's program heard: kind and phase."""
    file = site.project / "heard.jsonl"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [(one["kind"], one["phase"]) for one in map(json.loads, lines)]


def test_a_paused_trunk_and_a_killed_worker_are_told_once_each(new_site: NewSite) -> None:
    """By whichever of the two processes looks first; a worker that ends in order is not lost."""
    site = new_site("alarmed")
    alerts = f"[alerts]\nlook_every_seconds = 1\ncommand = {json.dumps([sys.executable, '-c', LISTENER])}\n"
    console = f"[console]\nport = {free_port()}\nhealth_port = {free_port()}\n"
    write_settings(site.project, site.settings(f'[sandbox]\nclock = "{CLOCK}"\n{alerts}{console}'))
    refused, well = people(*[CONGESTED] * FAULTS_TO_OPEN), people(*[CONFIRMS] * 3)
    site.consent([*refused, *well])
    site.add("alarmed", [*refused, *well], flow="bulk", rate=10, concurrent=1)
    site.app.ask("console", "setup")
    watching = site.app.start("console")
    try:
        with site.worker() as worker:
            until("the paused trunk is told", lambda: ("trunk_paused", "began") in told(site), 60, 0.5)
            until("and that it is over", lambda: ("trunk_paused", "ended") in told(site), 90, 0.5)
            assert told(site) == [("trunk_paused", "began"), ("trunk_paused", "ended")]
            worker.send(signal.SIGKILL)
            assert worker.wait(10)
            until("the lost worker is told by the console", lambda: ("node_lost", "began") in told(site), 90, 0.5)
        with site.worker():
            until("and that it is back", lambda: ("node_lost", "ended") in told(site), 60, 0.5)
        assert told(site)[2:] == [("node_lost", "began"), ("node_lost", "ended")]
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=120)
    assert watching.returncode == 0
    listed = json.loads(site.app.ask("alerts", "list", "--json"))
    assert sorted((one["kind"], one["ended_at"] is not None) for one in listed) == [
        ("node_lost", True),
        ("trunk_paused", True),
    ]
    assert {notice["state"] for one in listed for notice in one["notices"]} == {"sent"}
    assert Path(site.project / "heard.jsonl").read_text("utf-8").count(refused[0][-8:]) == 0
