"""A worker seals what it does while it works; what was sealed verifies, and proves a called person's story."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.system.site import Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
CONFIRMS = 1


@pytest.fixture(scope="module")
def site(new_site: Callable[..., Site]) -> Site:
    """A project that is well."""
    return new_site("audit")


def test_a_campaign_leaves_a_proof(site: Site) -> None:
    numbers = people(*[CONFIRMS] * 4)
    site.consent(numbers)
    with site.worker() as worker:
        site.add("proved", numbers, rate=10)
        site.settle("proved")
        until("all is sealed within seconds", lambda: _verified(site)["not_yet_covered"] == 0)
        while_running = _verified(site)
    assert worker.returncode == 0
    assert while_running["ok"] is True
    found = _verified(site)
    assert found["ok"] is True
    assert found["entries"] >= while_running["entries"] >= 4 * 4  # person, consent, decision, result
    assert found["not_yet_covered"] == 0
    number = f"+{numbers[0].lstrip('+')}"
    site.app.ask("audit", "prove", number, "--output", "proof.json", "--with-verifier", "verify.py")
    key = site.app.ask("audit", "key").strip()
    command = [sys.executable, "-I", "-S", "verify.py", "proof.json", "--key", key, "--show"]
    done = subprocess.run(command, cwd=site.project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"outcome": ' in done.stdout
    assert all(other.lstrip("+") not in done.stdout for other in numbers[1:])


def _verified(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(site.app.ask("audit", "verify", "--json"))
    return found
