"""A real worker tells those who watch it what it does: its figures agree with its report, and a fault has a reason."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agi_app.monitoring.holding import CODES
from tests.system.conftest import NewSite
from tests.system.site import Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
CONFIRMS, STOPS, BUSY = 1, 9, 20  # what the carrier's people do, by the last digits of their numbers


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Watcher:
    """Asks a worker as a monitor does."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
        """Status and body; status 0: nobody listens."""
        request = urllib.request.Request(self.url + path, headers={"Host": host})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> tuple[int, dict[str, Any]]:
        """The answer of a probe."""
        status, body = self.ask("/health/ready")
        return status, json.loads(body or "{}")

    def codes(self) -> set[str]:
        """Why nobody is dialled."""
        return {one["code"] for one in self.ready()[1].get("because", [])}

    def figures(self) -> dict[tuple[str, ...], float]:
        """Every sample by its name and its labels' values, by the labels' names."""
        _, text = self.ask("/metrics")
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture
def watched(new_site: NewSite) -> tuple[Site, Watcher]:
    port = free_port()
    return new_site("watched", env={"AGI_APP_MONITOR__PORT": str(port)}), Watcher(port)


def test_a_worker_tells_what_it_does_and_why_it_does_not(watched: tuple[Site, Watcher]) -> None:
    site, watcher = watched
    numbers = people(*[CONFIRMS] * 3, STOPS, BUSY)
    unasked = people(CONFIRMS)
    site.consent(numbers)
    site.add("watched", [*numbers, *unasked], flow="bulk")
    with site.worker() as worker:
        until("it is ready", lambda: watcher.ready()[0] == 200)
        site.settle("watched")
        assert watcher.ask("/health/live") == (200, '{"live": true}')
        assert watcher.ask("/health/live", host="evil.example")[0] == 421
        assert watcher.ask("/campaigns")[0] == 404
        assert watcher.ready() == (200, {"ready": True, "dialling": True, "because": []})
        _check_figures(site, watcher, [*numbers, *unasked])
        site.app.ask("pause", "--all", "--reason", "the office moves")
        until("the pause is told", lambda: watcher.codes() == {"paused"})
        status, told = watcher.ready()
        assert (status, told["ready"], told["dialling"]) == (200, True, False)
        assert "the office moves" in told["because"][0]["text"]
        assert watcher.figures()["agi_app_worker_holding", "paused"] == 1
        site.app.ask("resume", "--all")
        until("it dials again", lambda: watcher.codes() == set())
        _lose_the_end_of_the_journal(site, watcher)
        _kill_its_helper(worker.pid, watcher)
        _admit(site, yes=False)
        until("the lost database is told", lambda: "database" in watcher.codes())
        assert watcher.ready()[0] == 503
        assert watcher.ask("/health/live")[0] == 200
        assert watcher.figures()["agi_app_dialling",] == 0
        _admit(site, yes=True)
        until("it dials again", lambda: watcher.ready()[0] == 200)
    assert watcher.ask("/health/live")[0] == 0


def _lose_the_end_of_the_journal(site: Site, watcher: Watcher) -> None:
    """Nobody is called until an admin says that he knows of it."""
    data = site.app.project / "var"
    for lost in (["refusals.end"], [one.name for one in data.glob("refusals.*")]):
        for name in lost:
            (data / name).unlink()
        until("the doubt is told", lambda: watcher.codes() == {"journal"})
        assert str(data / "refusals.jsonl") in watcher.ready()[1]["because"][0]["text"]
        assert site.app.run("recover").returncode == 2
        site.app.ask("recover", "--accept-restored", "--accept-lost-stops")
        until("it dials again", lambda: watcher.codes() == set())


def _kill_its_helper(worker: int, watcher: Watcher) -> None:
    """The process that hangs up the worker's calls: it is started again."""

    def found() -> set[int]:
        names = [one for one in Path("/proc").glob("[0-9]*") if _parent(one) == worker]
        return {int(one.name) for one in names if b"dead_mans_switch_process" in _command(one)}

    for ending in (signal.SIGKILL, signal.SIGSTOP):
        (ended,) = found()
        os.kill(ended, ending)
        until("another one is started", lambda ended=ended: len(found() - {ended}) == 1)  # type: ignore[misc]
        until("it dials again", lambda: watcher.codes() == set())
        until("the one before is gone", lambda ended=ended: ended not in found())  # type: ignore[misc]


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # it has ended
        return b""


def _parent(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has ended
        return None


def _check_figures(site: Site, watcher: Watcher, numbers: list[str]) -> None:
    found = watcher.figures()
    outcomes = Counter(one["outcome"] for one in site.report("watched")["attempt_list"])
    counted = {name[2]: value for name, value in found.items() if name[0] == "agi_app_attempts_total"}
    assert counted == dict(outcomes)
    assert {name[1:4:2] for name in found if name[0] == "agi_app_attempts_total"} == {("watched", "sandbox")}
    calls = sum(outcomes.values())
    assert found["agi_app_claims_total", "watched"] == calls == found["agi_app_attempt_duration_seconds_count",]
    assert found["agi_app_permits_total", "used"] == calls == found["agi_app_mark_to_invite_seconds_count",]
    assert found["agi_app_mark_to_invite_seconds_sum",] < calls * 0.8
    assert found["agi_app_gate_decisions_total", "true", "watched", ""] == calls
    assert found["agi_app_gate_decisions_total", "false", "watched", "consent_missing"] >= 1
    assert found["agi_app_stops_total", "key"] == found["agi_app_journal_fsync_seconds_count",] == 1
    assert found["agi_app_key_to_audio_seconds_count",] >= 3
    assert found["agi_app_dialling",] == 1
    assert {name[1] for name in found if name[0] == "agi_app_worker_holding"} == set(CODES)
    assert found["agi_app_trunk_paused", "faults", "sandbox"] == 0
    assert found["agi_app_trunk_registered", "sandbox"] == 1
    assert found["agi_app_open_calls", "sandbox"] == 0
    page = watcher.ask("/metrics")[1]
    assert not [number for number in numbers if number[-8:] in page]


def _admit(site: Site, *, yes: bool) -> None:
    """Let connections into the site's database, or end them and let none in."""
    name = psycopg.conninfo.conninfo_to_dict(site.database_url)["dbname"]
    with psycopg.connect(
        psycopg.conninfo.make_conninfo(site.database_url, dbname="postgres"), autocommit=True
    ) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {yes}")
        if not yes:
            admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def test_a_port_that_is_taken_keeps_nobody_from_being_called(new_site: NewSite) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        site = new_site("taken", env={"AGI_APP_MONITOR__PORT": str(taken.getsockname()[1])})
        (number,) = people(CONFIRMS)
        site.consent([number])
        site.add("taken", [number], flow="bulk")
        with site.worker() as worker:
            site.settle("taken")
        assert worker.log.read_text().count("health and figures cannot be served") == 1
    assert len(site.calls([number])) == 1
