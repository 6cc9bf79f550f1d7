"""Nobody is called until a second person has approved the start, and a worker has verified their secret."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from collections.abc import Callable

import pytest

from sandbox.commands import COMMAND, COMMAND_TIMEOUT_S
from sandbox.project import write_settings
from tests.system.conftest import NewSite
from tests.system.site import CLOCK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
SECRET = "correct horse battery"
OTHER_USER = pwd.getpwnam("daemon")
WAITS = 4
As = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def office(new_site: NewSite) -> Site:
    """Every start needs a second person: li, who is another user of the operating system."""
    site = new_site("approval")
    clock = f'[sandbox]\nclock = "{CLOCK}"\n'
    write_settings(site.project, f'approval = "two"\napprove_above = 0\n{site.settings(clock)}')
    site.prepare()
    site.app.ask("account", "add", "li", "--role", "compliance", "--os-user", OTHER_USER.pw_name)
    return site


@pytest.fixture
def as_li(office: Site) -> As:
    """A command that li gives through sudo, with what they type."""
    env = {**os.environ, "DATABASE_URL": office.database_url, "SUDO_UID": str(OTHER_USER.pw_uid)}

    def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        words = [*COMMAND, *arguments]
        return subprocess.run(
            words, cwd=office.project, env=env, input=typed, capture_output=True, text=True,
            timeout=COMMAND_TIMEOUT_S, check=False,
        )  # fmt: skip

    return run


def test_nobody_is_called_before_another_person_approved(office: Site, as_li: As) -> None:
    numbers = people(1, 1)
    office.consent(numbers)
    office.add("spring", numbers, start=False)
    with office.worker():
        asked = office.app.run("campaign", "start", "spring")
        assert asked.returncode == WAITS
        assert "spring waits for a second person: it has 2 contacts, more than 0" in asked.stdout
        own = office.app.run("campaign", "approve", "spring")
        assert "asked for this start: another person approves it" in own.stderr

        assert as_li("campaign", "start", "spring").returncode == 1, "compliance starts nothing"
        assert as_li("account", "secret", typed=f"{SECRET}\n").returncode == 0
        wrong = as_li("campaign", "approve", "spring", typed="correct horse batterz\n")
        assert (wrong.returncode, "this is not the secret of li" in wrong.stderr) == (1, True)
        time.sleep(2)  # far longer than a worker takes to dial whom it may
        assert office.calls(numbers) == []

        right = as_li("campaign", "approve", "spring", typed=f"{SECRET}\n")
        assert right.returncode == 0, right.stderr
        assert "spring is running: 2 contacts, approved by you" in right.stdout
        until("both were called", lambda: len(office.calls(numbers)) == len(numbers))
        office.consent(late := people(2, 1))
        office.add("spring", [*numbers, *late], start=False)
        assert "2 contacts wait for another approval" in office.app.ask("report", "spring")
        time.sleep(2)
        assert office.calls(late) == [], "they came beyond what was approved"
        asked = office.app.run("campaign", "start", "spring")
        assert (asked.returncode, "contacts came after its start" in asked.stdout) == (WAITS, True)
        right = as_li("campaign", "approve", "spring", typed=f"{SECRET}\n")
        assert right.returncode == 0, right.stderr
        until("those were called, too", lambda: len(office.calls(late)) == len(late))
        assert len(office.calls(numbers)) == len(numbers)
    assert ", approved by li" in office.app.ask("report", "spring")
    done = office.app.ask("actions", "--account", "li", "--json")
    assert '"verb": "campaign approved"' in done
    again = as_li("campaign", "approve", "spring", typed=f"{SECRET}\n")
    assert "nobody waits for an approval of spring" in again.stderr


def test_without_a_worker_an_approval_starts_nothing(office: Site, as_li: As) -> None:
    numbers = people(1)
    office.consent(numbers)
    office.add("alone", numbers, start=False)
    assert office.app.run("campaign", "start", "alone").returncode == WAITS
    assert as_li("account", "secret", typed=f"{SECRET}\n").returncode == 0
    said = as_li("campaign", "approve", "alone", typed=f"{SECRET}\n")
    assert said.returncode != 0
    assert "no worker has" in said.stderr
    assert office.status("alone")["state"] == "draft"
