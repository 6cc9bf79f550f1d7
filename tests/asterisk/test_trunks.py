"""What a real Asterisk tells of its trunks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from agi_app.config.ami import AmiSettings
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.worker.trunk_watch import trunk_faults
from agi_app.errors import AsteriskError, ConfigError
from agi_app.pbx.ami.connection import connected
from agi_app.pbx.ari.http import HttpPool
from agi_app.pbx.trunks import Ask, asker, check_trunks, pool_asker, trunk_facts
from sandbox.asterisk import Asterisk
from sandbox.carrier import Carrier
from tests.asterisk.client import TRUNK, Client, settings_of
from tests.asterisk.raw_caller import raw_call

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
    absent = await check_trunks(ask, {"x": TrunkSettings(endpoint="PJSIP/{number}@nowhere")})
    assert "no PJSIP endpoint 'nowhere'; add it to pjsip.conf" in absent["x"]


async def test_a_wrong_password_is_no_missing_trunk(asterisk: Asterisk) -> None:
    async with HttpPool(settings_of(asterisk, password="wrong")) as pool:
        with pytest.raises(AsteriskError, match="401"):
            await trunk_facts(pool_asker(pool, 2.0), TRUNK)


LOOSE = """
[by-name]
type = endpoint
aors = by-name
[by-name]
type = aor
contact = sip:127.0.0.1:9
[by-text]
type = endpoint
aors = by-name
identify_by = ip
[by-text]
type = identify
endpoint = by-text
match_header = X-Trunk: by-text
[by-line]
type = endpoint
aors = by-name
identify_by = ip
[by-line]
type = registration
server_uri = sip:127.0.0.1:9
client_uri = sip:up@127.0.0.1:9
line = yes
endpoint = by-line
"""


@pytest.mark.attack("row 2: a trunk that is told by what a caller writes")
async def test_a_trunk_must_be_told_by_its_address(ask: Ask, asterisk: Asterisk) -> None:
    """Not by the user name (Asterisk's default), a header, or a token of our Contact; a setting allows it."""
    file = asterisk.run_dir / "etc" / "pjsip_trunks.conf"
    before = file.read_text()
    file.write_text(before + LOOSE)
    try:
        for module in ("res_pjsip.so", "res_pjsip_endpoint_identifier_ip.so", "res_pjsip_outbound_registration.so"):
            asterisk.cli(f"module reload {module}")
        strict = {n: TrunkSettings(endpoint=f"PJSIP/{{number}}@{n}") for n in ("by-name", "by-text", "by-line")}
        with pytest.raises(ConfigError, match=r"trunk by-name: .*identify_by=.*username.*identify_by = ip") as caught:
            await check_trunks(ask, strict)
        assert "by-text" not in str(caught.value)
        async with connected(
            AmiSettings(port=asterisk.ami_port, username="agi-app-look", timeout=3.0), asterisk.ami_password
        ) as ami:
            faults = await trunk_faults(ami, strict)
            assert "match_header = X-Trunk: by-text" in (faults["by-text"] or "")
            assert "line = yes of registration by-line" in (faults["by-line"] or "")
            allowed = {n: trunk.model_copy(update={"identify_by_request": True}) for n, trunk in strict.items()}
            await check_trunks(ask, allowed)
            assert not any(
                "taken for the trunk" in (fault or "") for fault in (await trunk_faults(ami, allowed)).values()
            )
            sandbox = {"s": SANDBOX}
            assert (await trunk_faults(ami, sandbox))["s"] is None
    finally:
        file.write_text(before)
        for module in ("res_pjsip.so", "res_pjsip_endpoint_identifier_ip.so", "res_pjsip_outbound_registration.so"):
            asterisk.cli(f"module reload {module}")


@pytest.mark.attack("row 2: a stranger who writes the trunk's name into From")
async def test_a_stranger_with_the_trunks_name_is_not_the_trunk(asterisk: Asterisk) -> None:
    """From another address than the carrier's: not even rung, whatever it says of itself."""
    for sender, more in ((TRUNK, ""), ("x", f"P-Asserted-Identity: <sip:{TRUNK}@127.0.0.1>\r\n")):
        with raw_call(asterisk.sip_port, "+999861380001101", f"<sip:{sender}@127.0.0.1>", more, "127.0.0.9") as call:
            assert await asyncio.to_thread(call.wait, 100, 180, 183, 200, 401, 403, 404) in (401, 403)
            assert not {180, 183, 200} & set(call.answers)
