"""A database that an older version filled, its worker killed in mid-run: nothing is lost, and its campaign goes on."""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.world import World
from tests.system.site import NEXT_DAY, Site, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
BEFORE = Path(__file__).resolve().parent / "version_before"  # make.py tells how it came to be
AFTER = "2026-03-03T17:40:00+08:00"  # the older version's clock had come to 17:32 when its worker was killed
WHO: dict[str, list[str]] = json.loads((BEFORE / "people.json").read_text())


@pytest.fixture(scope="module")
def site(world: World, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The older version's database and project folder, with the settings of the Asterisk of today."""
    url = new_database()
    text = lzma.decompress((BEFORE / "database.sql.xz").read_bytes()).decode()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("\n".join(line for line in text.split("\n") if not line.startswith("\\")))
    made = Site(tmp_path_factory.mktemp("upgrade"), world, world.asterisks[0], url)
    with tarfile.open(BEFORE / "project.tar.xz") as tar:
        tar.extractall(made.project, filter="data")
    made.set_clock(AFTER)
    return made


def test_before_it_is_migrated_nobody_is_called(site: Site) -> None:
    """Every command that needs the tables says what to do."""
    for command in (("run",), ("campaign", "status", "reminder")):
        refused = site.app.run(*command)
        assert refused.returncode == 2
        assert "agi-app migrate" in refused.stderr
    assert site.calls(everybody()) == []


def test_what_was_sealed_still_verifies(site: Site) -> None:
    """And the story of a person from before proves itself to the verifier of today."""
    site.app.ask("migrate")
    assert verified(site)["ok"] is True
    site.app.ask("audit", "prove", WHO["done"][0], "--output", "proof.json", "--with-verifier", "verify.py")
    key = site.app.ask("audit", "key").strip()
    command = [sys.executable, "-I", "-S", "verify.py", "proof.json", "--key", key, "--show"]
    done = subprocess.run(command, cwd=site.project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"outcome": ' in done.stdout


def test_a_campaign_in_mid_run_goes_on(site: Site) -> None:
    """Who was called is not called again that day, who was in a call is interrupted, who waited is called once."""
    before = site.report("reminder")
    ((node,),) = site.sql("SELECT name FROM node")
    site.app.ask("forget-node", node)  # the data has moved to a new machine, too; its journal is here
    assert {a["outcome"] for a in before["attempt_list"] if a["outcome"]} == {"answered", "busy"}
    with site.worker() as worker:
        site.settle("reminder")
        until("all is sealed", lambda: verified(site)["not_yet_covered"] == 0)
        assert worker.returncode is None
        report = site.report("reminder")
    called = Counter(c.to_user for c in site.calls(everybody()))
    in_call = {f"+{a['external_id']}" for a in before["attempt_list"] if not a["outcome"]}
    assert in_call >= {*WHO["ring"], *WHO["talk"]}
    assert outcome_of(report, "interrupted") == in_call
    assert called == Counter(set(WHO["wait"]) - in_call)
    for name in ("paused", "not-started"):
        assert site.report(name)["attempts"] == 0
    assert verified(site)["ok"] is True


def test_next_day_only_who_is_due_is_called_again(site: Site) -> None:
    """A retry that the older version has planned comes; a stop that it has taken holds."""
    site.set_clock(NEXT_DAY)
    already = len(site.calls(everybody()))
    with site.worker():
        site.settle("reminder")
    again = [c.to_user for c in site.calls(everybody())[already:]]
    assert Counter(again) == Counter(WHO["busy"])
    assert site.sql("SELECT count(*) FROM attempt WHERE state <> 'ended'") == [(0,)]


def test_a_stop_of_before_refuses_in_words_of_today(site: Site) -> None:
    """Key 9, a revoked consent and a complaint of the older version; and who never agreed."""
    refused = site.refused_by("reminder")
    for number in (*WHO["revoked"], *WHO["complains"]):
        assert "suppressed" in refused[number]
    assert any(rule.startswith("consent") for rule in refused[WHO["nobody"][0]])
    for number in (*WHO["stop"], *WHO["revoked"]):
        story = json.loads(site.app.ask("consent", "show", number, "--json"))
        assert [(r["purpose"], r["calls_after"]) for r in story["refusals"]] == [(None, 0)]


def everybody() -> list[str]:
    """All numbers of the older version's campaigns."""
    return [number for members in WHO.values() for number in members]


def outcome_of(report: dict[str, Any], outcome: str) -> set[str]:
    """Whose call came to this."""
    return {f"+{a['external_id']}" for a in report["attempt_list"] if a["outcome"] == outcome}


def verified(site: Site) -> dict[str, Any]:
    """``audit verify --json``."""
    found: dict[str, Any] = json.loads(site.app.ask("audit", "verify", "--json"))
    return found
