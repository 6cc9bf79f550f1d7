"""From a real call to a line of the office's file: what the carrier saw is what the office is told."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sandbox.project import write_settings
from tests.system.site import CLOCK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
CONFIRMS, BUSY = 1, 20


@contextmanager
def exchange(site: Site) -> Iterator[subprocess.Popen[str]]:
    """``agi-app exchange``, by its own way to the database; killed at the end."""
    process = site.app.start("exchange")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def told(site: Site) -> list[dict[str, str]]:
    """Every line that the office got."""
    rows: list[dict[str, str]] = []
    for file in sorted((site.project / "in").glob("clinic-*.csv")):
        with file.open(encoding="utf-8", newline="") as text:
            rows += csv.DictReader(text)
    return rows


def test_the_office_is_told_of_each_call_once(new_site: Callable[..., Site]) -> None:
    """Also when the exchange was killed between two calls."""
    site = new_site("results")
    target = '[results.clinic]\ncampaigns = ["first"]\nfolder = "in"\n'
    write_settings(site.project, site.settings(f'[sandbox]\nclock = "{CLOCK}"\n{target}'))
    (site.project / "in").mkdir()
    site.app.ask("exchange", "setup")
    everybody = people(CONFIRMS, CONFIRMS, BUSY)
    site.consent(everybody)
    with site.worker() as worker:
        with exchange(site):
            site.add("first", everybody[:1])
            until("the first result is told", lambda: len(told(site)) == 1)
        site.app.ask("contacts", "import", "first", site.write_contacts(everybody))
        site.settle("first")
        with exchange(site):
            until("all results are told", lambda: len(told(site)) == len(site.calls(everybody)))
    assert worker.returncode == 0
    rows = {f"+{row['id']}": row for row in told(site)}
    assert set(rows) == set(everybody)
    assert len(told(site)) == len({row["key"] for row in told(site)}) == len(site.calls(everybody)) == len(everybody)
    attempts = site.attempts("first")
    assert {n: row["outcome"] for n, row in rows.items()} == {n: a["outcome"] for n, a in attempts.items()}
    assert {row["started"][:10] for row in rows.values()} == {CLOCK[:10]}
