"""A sandbox trunk leads to this machine or we do not start; no trunk shows another number than ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.config.destinations import DestinationSettings
from agi_app.config.trunks import TrunkSettings
from agi_app.errors import ConfigError, RequestFailed
from agi_app.pbx.ari.http import Response
from agi_app.pbx.own_phones import check_destinations, phones_that_lead_out
from agi_app.pbx.trunks import TrunkFacts, asker, check_trunks, is_loopback, trunk_facts

SANDBOX = TrunkSettings(endpoint="PJSIP/{number}@carrier", sandbox=True)
REAL = TrunkSettings(endpoint="PJSIP/{number}@carrier")


class Pjsip:
    """What Asterisk tells of its configuration."""

    def __init__(self, **objects: Mapping[str, str]) -> None:
        self.objects = objects

    async def ask(self, uri: str) -> Response | None:
        fields = self.objects.get("_".join(uri.split("/")[-2:]))
        if fields is None:
            return None
        return Response(200, json.dumps([{"attribute": k, "value": v} for k, v in fields.items()]))


def pjsip(
    contact: str = "sip:127.0.0.1:5080",
    proxy: str = "",
    contacts: str = "0",
    aor_proxy: str = "",
    from_user: str = "",
    redirect_method: str = "user",
    allow_transfer: str = "false",
    module: str = "",
) -> Pjsip:
    """An endpoint `carrier` with the aor `carrier`, and a module that is loaded."""
    endpoint = {"aors": "carrier", "outbound_proxy": proxy, "from_user": from_user, "identify_by": "ip"}
    return Pjsip(
        endpoint_carrier={**endpoint, "redirect_method": redirect_method, "allow_transfer": allow_transfer},
        aor_carrier={"contact": contact, "max_contacts": contacts, "outbound_proxy": aor_proxy},
        **{f"modules_{module}": {"name": module}},
    )


@pytest.mark.parametrize(
    "uri",
    [
        "sip:127.0.0.1",
        "sip:127.0.0.1:5080",
        "sips:u@127.1.2.3:5060;transport=tcp",
        "<sip:127.0.0.1;lr>",
        "sip:a;b@127.0.0.1",
    ],
)
def test_what_stays_on_this_machine(uri: str) -> None:
    assert is_loopback(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "sip:198.51.100.7",
        "sip:localhost",  # a name is whatever DNS says
        "sip:127.0.0.1.example.com",
        "sip:127.0.0.1@198.51.100.7",
        "sip:127.0.0.1;x@198.51.100.7",
        "sip:127.0.0.1:5060@198.51.100.7",
        "sip:127.0.0.1;maddr=198.51.100.7",
        "sip:[::1]",
        "tel:+999861380000001",
        "",
    ],
)
def test_what_may_leave_this_machine(uri: str) -> None:
    assert not is_loopback(uri)


async def test_a_sandbox_trunk_to_this_machine_is_well() -> None:
    await check_trunks(pjsip().ask, {"test": SANDBOX})


@pytest.mark.parametrize(
    "wrong",
    [
        pjsip(contact="sip:198.51.100.7"),
        pjsip(contact="sip:127.0.0.1,sip:198.51.100.7"),
        pjsip(proxy="sip:198.51.100.7;lr"),
        pjsip(aor_proxy="sip:198.51.100.7;lr"),
        pjsip(contacts="1"),
    ],
)
async def test_a_sandbox_trunk_that_may_lead_elsewhere_is_refused(wrong: Pjsip) -> None:
    with pytest.raises(ConfigError, match=r"trunk test: .*127\.0\.0\.0/8"):
        await check_trunks(wrong.ask, {"test": SANDBOX})
    await check_trunks(wrong.ask, {"test": REAL})  # a real trunk may


async def test_no_trunk_may_replace_our_caller_id() -> None:
    with pytest.raises(ConfigError, match="from_user=4711"):
        await check_trunks(pjsip(from_user="4711").ask, {"test": REAL})


@pytest.mark.attack("row 1: a redirect that the SIP stack follows by itself")
async def test_no_trunk_may_follow_a_redirect_by_itself() -> None:
    with pytest.raises(ConfigError, match=r"redirect_method=uri_pjsip.*remove it from pjsip\.conf"):
        await check_trunks(pjsip(redirect_method="uri_pjsip").ask, {"test": REAL})
    for method in ("user", "uri_core"):
        await check_trunks(pjsip(redirect_method=method).ask, {"test": REAL})


@pytest.mark.attack("row 1: REFER of a callee")
async def test_no_trunk_may_obey_a_refer() -> None:
    """Nobody does without the module."""
    module = "res_pjsip_refer.so"
    with pytest.raises(ConfigError, match="set allow_transfer=no"):
        await check_trunks(pjsip(allow_transfer="true", module=module).ask, {"test": REAL})
    await check_trunks(pjsip(allow_transfer="false", module=module).ask, {"test": REAL})
    await check_trunks(pjsip(allow_transfer="true").ask, {"test": REAL})
    asked = pjsip(allow_transfer="true")

    async def request(_: str, uri: str) -> Response | None:
        if "modules" in uri:
            raise RequestFailed(uri, 409, "Module information could not be retrieved")
        return await asked.ask(uri)

    await check_trunks(asker(cast(Any, SimpleNamespace(request=request))), {"test": REAL})


async def test_a_trunk_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ConfigError, match="has no contact"):
        await check_trunks(pjsip(contact="").ask, {"test": REAL})


async def test_an_unknown_endpoint_says_where_to_add_it() -> None:
    with pytest.raises(ConfigError, match=r"no PJSIP endpoint 'carrier'; add it to pjsip\.conf"):
        await trunk_facts(Pjsip().ask, "carrier")


async def test_a_trunk_without_an_endpoint_keeps_the_others_from_nothing() -> None:
    """A worker that screens calls, or serves another trunk, goes on; and the others' faults are told all the same."""
    there = pjsip()
    gone = TrunkSettings(endpoint="PJSIP/{number}@gone")
    absent = await check_trunks(there.ask, {"a": SANDBOX, "b": gone})
    assert list(absent) == ["b"]
    assert "no PJSIP endpoint 'gone'; add it to pjsip.conf" in absent["b"]
    with pytest.raises(ConfigError, match="trunk b: "):
        await check_trunks(pjsip(from_user="1").ask, {"a": gone, "b": REAL})


async def test_all_faults_of_all_trunks_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as told:
        await check_trunks(pjsip(contact="sip:198.51.100.7", from_user="1").ask, {"a": SANDBOX, "b": REAL})
    assert [line.split(":")[0] for line in str(told.value).splitlines()] == ["trunk a", "trunk a", "trunk b"]


def office(contact: str, proxy: str = "") -> Pjsip:
    """The carrier, and a phone of ours with this contact."""
    made = pjsip(contact="sip:carrier.example")
    made.objects = {
        **made.objects,
        "endpoint_desk": {"aors": "desk", "outbound_proxy": proxy},
        "aor_desk": {"contact": contact},
    }
    return made


@pytest.mark.attack("row 4: a phone of ours that is a number behind the trunk in pjsip.conf")
@pytest.mark.parametrize(
    ("contact", "proxy"),
    [
        ("sip:+999861380000001@carrier.example", ""),
        ("sip:999861380000001@CARRIER.example:5060;transport=udp", ""),
        ("sip:desk@192.0.2.1,sip:+999861380000001@carrier.example", ""),
        ("sip:+999861380000001@192.0.2.1", "sip:carrier.example;lr"),
    ],
)
async def test_a_phone_that_is_a_number_at_the_carrier_is_refused_at_start(contact: str, proxy: str) -> None:
    desks = {"front": DestinationSettings(endpoint="PJSIP/desk"), "team": DestinationSettings(agents=("PJSIP/desk",))}
    with pytest.raises(ConfigError, match="number behind the trunk's endpoint 'carrier'") as told:
        await check_destinations(office(contact, proxy).ask, {"test": REAL}, desks)
    assert len(str(told.value).splitlines()) == 2


async def test_a_trunk_that_asterisk_lacks_hides_no_other_finding() -> None:
    desks = {"front": DestinationSettings(endpoint="PJSIP/desk")}
    lacks = TrunkSettings(endpoint="PJSIP/{number}@nowhere")
    out = office("sip:+999861380000001@carrier.example")
    assert await phones_that_lead_out(out.ask, {"x": lacks}, desks) == {}
    assert [*await phones_that_lead_out(out.ask, {"x": lacks, "test": REAL}, desks)] == ["front"]


@pytest.mark.parametrize(
    "contact", ["", "sip:desk@192.0.2.1", "sip:999861380000001@192.0.2.1", "sip:101@carrier.example"]
)
async def test_a_phone_elsewhere_or_an_extension_of_the_gateway_is_ours(contact: str) -> None:
    desks = {"front": DestinationSettings(endpoint="PJSIP/desk"), "none": DestinationSettings(endpoint="PJSIP/nobody")}
    await check_destinations(office(contact).ask, {"test": REAL}, desks)


def test_a_name_of_more_than_one_aor() -> None:
    assert TrunkFacts("c", (), True, "").faults(sandbox=False) == []
