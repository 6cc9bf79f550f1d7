"""A gateway with two ports on a real Asterisk, by the carrier's capture: one call a port, rests, limits, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sandbox.asterisk import Asterisk
from sandbox.world import World
from tests.system.conftest import NewDatabase
from tests.system.site import CALLER_ID, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
OTHER = "+999861555500002"
SPACING, PER_DAY = 1.5, 2
PORTS = f"""
[trunks.gsm]
endpoint = "PJSIP/{{number}}@gsm-{{port}}"
calls_per_second = 10
plus = true
sandbox = true

[trunks.gsm.ports.port1]
number = "{CALLER_ID}"
calls_per_day = {PER_DAY}
spacing = {SPACING}

[trunks.gsm.ports.port2]
number = "{OTHER}"
calls_per_day = {PER_DAY}
spacing = {SPACING}
"""
CAMPAIGN = f"""campaign: gateway
purpose: transactional
jurisdictions: [CN]
flow: bulk
trunk: gsm
caller_id: "{CALLER_ID}"
local_caller_ids: {{"+9998615": "{OTHER}"}}
pace: {{calls_per_second: 10, concurrent: 10}}
"""


@pytest.fixture
def site(world: World, new_database: NewDatabase, tmp_path: Path) -> Iterator[Site]:
    """A project whose trunk has two ports, each an endpoint of Asterisk."""
    ports = dict.fromkeys(("gsm-port1", "gsm-port2"), world.carrier.address)
    prompts = world.asterisk.prompts_dir
    folder = tmp_path / "asterisk"
    with Asterisk(
        world.asterisk.root, folder, carrier=world.carrier.address, prompts_dir=prompts, extra_trunks=ports
    ) as asterisk:
        site = Site(tmp_path, world, asterisk, new_database())
        with (site.project / "agi-app.toml").open("a", encoding="utf-8") as settings:
            settings.write(PORTS)
        (site.project / "campaigns" / "gateway.yaml").write_text(CAMPAIGN, "utf-8")
        site.prepare()
        letter = tmp_path / "letter.txt"
        letter.write_text(f"{OTHER} is a number of Sunshine Dental.\n", "utf-8")
        site.app.ask("callerid", "prove", OTHER, "--letter", str(letter))
        yield site


def test_each_port_carries_its_calls_one_after_another(site: Site) -> None:
    """Three people a port and two calls a day: the third waits, and the status says until when."""
    ours = people(*[1] * 6)
    theirs = {number.replace("+9998613", "+9998615") for number in ours[3:]}
    numbers = [*ours[:3], *theirs]
    site.consent(numbers)
    site.app.ask("contacts", "import", "gateway", site.write_contacts(numbers))
    site.app.ask("campaign", "start", "gateway")
    with site.worker():
        held: dict[str, Any] = {}

        def all_rest() -> bool:
            status = site.status("gateway")
            held.update(next((h for h in status["waiting_reasons"] if h["by"] == "ports"), {}))
            return status["done"] == 2 * PER_DAY and held.get("text", "").count("rests until") == 2

        until("each port has made its calls, and the status says so", all_rest, 60, 1.0)
    assert "port1 rests until" in held["text"]
    assert "port2 rests until" in held["text"]
    assert held["until"] is not None
    calls = site.calls(numbers)
    assert {c.to_user: c.from_user for c in calls} == {
        c.to_user: OTHER if c.to_user in theirs else CALLER_ID for c in calls
    }
    for port in (CALLER_ID, OTHER):
        made = sorted((c for c in calls if c.from_user == port), key=lambda c: c.invite_at)
        assert len(made) == PER_DAY
        assert all(after.invite_at - before.open_until >= SPACING - 0.05 for before, after in pairwise(made))
