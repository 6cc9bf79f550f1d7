"""A campaign is backed up as it runs and restored elsewhere: it goes on, and nobody is called twice."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.commands import COMMAND, in_own_process
from sandbox.supervise import Child
from sandbox.world import World
from tests.system.site import Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
CONFIRMS, PRESSES_9 = 1, 9
AFTER_THE_HOLD = "2026-03-04T19:30:00+08:00"  # 26 hours after the clock of a site
HELD_S = 4.0


@pytest.fixture(scope="module")
def site(new_site: Callable[..., Site]) -> Site:
    """Where the campaign began."""
    return new_site("backed-up", asterisk=1)


@pytest.fixture(scope="module")
def moved(world: World, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Where it goes on: nothing is there yet."""
    made = Site(tmp_path_factory.mktemp("restored"), world, world.asterisks[1], new_database())
    shutil.rmtree(made.project)
    return made


def test_it_goes_on_elsewhere_and_nobody_is_called_twice(site: Site, moved: Site, tmp_path: Path) -> None:
    """Called before the backup, after it, and not at all; a stop by key and one by command after the backup."""
    secret, file = tmp_path / "passphrase", tmp_path / "busy.backup.age"
    secret.write_text("correct horse battery staple\n")
    early, stopping, late = people(*[CONFIRMS] * 30), people(*[PRESSES_9] * 2), people(*[CONFIRMS] * 20)
    refuses = late[-1]
    everybody = [*early, *stopping, *late]
    site.consent(everybody)
    with site.worker() as worker:
        site.add("kept", early, rate=2)
        until("three are called", lambda: len(site.calls(early)) >= 3)
        said = site.app.ask("backup", "--output", str(file), "--passphrase-file", str(secret))
        assert "the audit is whole there" in said
        before = {c.to_user for c in site.calls(everybody)}
        site.app.ask("contacts", "import", "kept", site.write_contacts(stopping))
        until("all of the first list are called", lambda: len(site.calls(early)) == len(early), 40)
        site.app.ask("stop", refuses)
        until("somebody said stop", lambda: len(site.stops(*stopping)) == 2, 30)
        worker.send(signal.SIGKILL)
        assert worker.wait(5)
    until("nobody is on the line", lambda: not any(c.ended_at is None for c in site.calls(everybody)))
    called = Counter(c.to_user for c in site.calls(everybody))
    lost = set(early) - before
    assert lost, "the backup was made when all had been called"
    assert set(called.values()) == {1}

    words = ("restore", str(file), "--project", str(moved.project), "--passphrase-file", str(secret))
    env = {**os.environ, "DATABASE_URL": moved.database_url}
    done = in_own_process(words, cwd=moved.folder, env=env, seconds=60)
    assert done.returncode == 0, done.stderr
    old = str(site.project / "var")
    log = moved.folder / "held.log"
    held = Child([*COMMAND, "run", "--json-logs"], log=log, env=env, cwd=moved.project)
    try:
        until("it says why it calls nobody", lambda: "nobody is called until somebody has seen" in log.read_text(), 30)
        time.sleep(HELD_S)
        assert Counter(c.to_user for c in site.calls(everybody)) == called
        told = moved.app.run("recover", "--journal", old)
        assert told.returncode == 2
        assert "kept" in told.stdout
    finally:
        held.end(45)
    told_ = moved.app.ask("recover", "--journal", old, "--accept-restored")
    (cancelled,) = re.findall(r"nobody calls them again: kept (\d+)", told_)
    assert len(lost) <= int(cancelled) < len(early)
    assert "2 calls were to contacts" in told_
    assert "nobody is called before 2026-03-04" in told_
    assert json.loads(moved.app.ask("audit", "verify", "--json"))["ok"]
    actions = moved.app.ask("actions")
    assert "recover accept" in actions

    moved.set_clock(AFTER_THE_HOLD)
    moved.consent(everybody)
    moved.app.ask("contacts", "import", "kept", moved.write_contacts([*stopping, *late]))
    with moved.worker():
        moved.settle("kept")
    called = Counter(c.to_user for c in site.calls(everybody))
    assert set(called.values()) == {1}
    assert set(called) == set(everybody) - {refuses}
    refused = moved.refused_by("kept")
    assert all("suppressed" in refused[number] for number in (refuses, *stopping))
    assert json.loads(moved.app.ask("audit", "verify", "--json"))["ok"]
