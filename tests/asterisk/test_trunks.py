"""What a real Asterisk tells of its trunks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agi_app.errors import AsteriskError, ConfigError
from agi_app.pbx.http import HttpPool
from agi_app.pbx.trunks import Ask, asker, check_trunks, pool_asker, trunk_facts
from agi_app.trunk_config import TrunkSettings
from sandbox.asterisk import Asterisk
from sandbox.carrier import Carrier
from tests.asterisk.client import TRUNK, Client, settings_of

pytestmark = pytest.mark.asterisk
SANDBOX = TrunkSettings(endpoint=f"PJSIP/{{number}}@{TRUNK}", sandbox=True)


@pytest.fixture(params=["worker", "doctor"])
async def ask(request: pytest.FixtureRequest, client: Client, asterisk: Asterisk) -> AsyncIterator[Ask]:
    """Both ways to ask: over the worker's socket, and over plain HTTP."""
    if request.param == "worker":
        yield asker(client.ari)
        return
    async with HttpPool(settings_of(asterisk)) as pool:
        yield pool_asker(pool, 2.0)


async def test_the_sandbox_trunk_leads_to_the_carrier_on_this_machine(ask: Ask, carrier: Carrier) -> None:
    facts = await trunk_facts(ask, TRUNK)
    assert facts.uris == (f"sip:127.0.0.1:{carrier.port}",)
    assert not facts.open_to_registration
    assert facts.from_user == ""
    await check_trunks(ask, {"sandbox": SANDBOX})


async def test_an_endpoint_that_asterisk_does_not_know(ask: Ask) -> None:
    with pytest.raises(ConfigError, match=r"no PJSIP endpoint 'nowhere'; add it to pjsip\.conf"):
        await check_trunks(ask, {"x": TrunkSettings(endpoint="PJSIP/{number}@nowhere")})


async def test_a_wrong_password_is_no_missing_trunk(asterisk: Asterisk) -> None:
    async with HttpPool(settings_of(asterisk, password="wrong")) as pool:
        with pytest.raises(AsteriskError, match="401"):
            await trunk_facts(pool_asker(pool, 2.0), TRUNK)
