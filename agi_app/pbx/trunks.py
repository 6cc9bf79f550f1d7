"""Where a trunk really leads, and which number it really shows, asked of Asterisk itself.

A trunk marked ``sandbox`` dials test ranges only; that is worth nothing if it leads to a carrier. So
its contacts must be in 127.0.0.0/8, none may register from elsewhere, and it may have no outbound
proxy elsewhere, or we do not start. No trunk may replace our caller ID by another (``from_user``), and none may let
a person who is called make Asterisk call somebody else.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from agi_app.config.trunks import TrunkSettings
from agi_app.errors import ConfigError
from agi_app.messages import t
from agi_app.pbx.ari.connection import Ari, if_there
from agi_app.pbx.ari.http import ABSENT, HttpPool, Response

REFER = "asterisk/modules/res_pjsip_refer.so"
URI = re.compile(r"sips?:([^>]*)")
_HOST = re.compile(r"[^:;?]+")

Ask = Callable[[str], Awaitable[Response | None]]  # an ARI resource to read; None when Asterisk has none


class _Field(msgspec.Struct, frozen=True):
    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class TrunkFacts:
    """What pjsip.conf says of one endpoint."""

    endpoint: str
    uris: tuple[str, ...]  # static contacts and outbound proxies: every SIP URI its calls may go to
    open_to_registration: bool  # somebody may register a contact that we do not see here
    from_user: str  # replaces our caller ID in the From header when set
    context: str = ""  # where in the dialplan its calls to us begin
    identify_by: str = "ip"  # what tells Asterisk that a call is this endpoint's
    redirect_method: str = "user"  # uri_pjsip follows a 3xx answer below everything that we could do about it
    transfers: bool = False  # REFER of the far end is obeyed (RFC 3515)

    def faults(self, *, sandbox: bool, by_request: bool = False) -> list[str]:
        """What forbids dialling through it; empty when it is well."""
        leads = ", ".join(self.uris) or t("any phone that registers")
        ours = f"endpoint {self.endpoint!r}"
        faults = (
            (
                not self.uris and not self.open_to_registration,
                t("Asterisk's {ours} has no contact; add one to its aor in pjsip.conf", ours=ours),
            ),
            (
                self.from_user != "",
                t(
                    "{ours} has from_user={from_user}, so people would see another number than the proved one;"
                    " remove it from pjsip.conf",
                    ours=ours,
                    from_user=self.from_user,
                ),
            ),
            (
                not by_request and {way.strip() for way in self.identify_by.split(",")} != {"ip"},
                t(
                    "{ours} has identify_by={identify_by}: anyone who writes its name into a call is taken for the"
                    " trunk; set identify_by = ip (pjsip.conf), or identify_by_request = true if you must",
                    ours=ours,
                    identify_by=self.identify_by,
                ),
            ),
            (
                self.redirect_method == "uri_pjsip",
                t(
                    "{ours} has redirect_method=uri_pjsip, so that a person who is called could make Asterisk call"
                    " anybody; remove it from pjsip.conf",
                    ours=ours,
                ),
            ),
            (
                self.transfers,
                t(
                    "{ours} lets a person who is called transfer (REFER), so that Asterisk would call for them; set"
                    " allow_transfer=no for it in pjsip.conf",
                    ours=ours,
                ),
            ),
            (
                sandbox and (self.open_to_registration or not all(map(is_loopback, self.uris))),
                t(
                    "it is marked sandbox but may lead to {leads}: contact and outbound proxy must be in"
                    " 127.0.0.0/8, and max_contacts 0 (pjsip.conf)",
                    leads=leads,
                ),
            ),
        )
        return [fault for there, fault in faults if there]


def asker(ari: Ari) -> Ask:
    """Ask over a worker's connection."""
    return lambda uri: if_there(ari.request("GET", uri), ABSENT)


def pool_asker(pool: HttpPool, timeout: float) -> Ask:
    """Ask over plain HTTP, without becoming the worker; ``timeout`` in seconds."""
    return partial(pool.read, timeout=timeout)


async def check_trunks(ask: Ask, trunks: Mapping[str, TrunkSettings]) -> dict[str, str]:
    """Raise ConfigError with everything that forbids dialling through one of our trunks.

    Returns the trunks of which Asterisk has no endpoint, with the words for it: nothing can leave by them, and what
    needs none goes on.
    """
    faults: list[str] = []
    absent: dict[str, str] = {}
    for name, trunk in trunks.items():
        for endpoint in endpoint_names(trunk):
            facts = await known_facts(ask, endpoint)
            if facts is None:
                absent.setdefault(name, _no_endpoint(endpoint))
                continue
            found = facts.faults(sandbox=trunk.sandbox, by_request=trunk.identify_by_request)
            faults += [t("trunk {name}: {fault}", name=name, fault=fault) for fault in found]
    if faults:
        raise ConfigError("\n".join(faults))
    return absent


def endpoint_names(trunk: TrunkSettings) -> list[str]:
    """The PJSIP endpoints of a trunk, one a line if it has lines: what comes after the @ of PJSIP/{number}@NAME."""
    return [dialled.rpartition("@")[2] for dialled in trunk.endpoints()]


def endpoint_name(name: str, trunk: TrunkSettings, number: str) -> str:
    """The endpoint that calls to this number, which is ours, come in by: of its line, if the trunk has lines."""
    if (dialled := trunk.dial_string("{number}", number)) is None:
        raise ConfigError(t("trunks.{name}: there is no line with the number {number}", name=name, number=number))
    return dialled.rpartition("@")[2]


def _no_endpoint(endpoint: str) -> str:
    told = "Asterisk has no PJSIP endpoint {endpoint!r}; add it to pjsip.conf and reload res_pjsip"
    return t(told, endpoint=endpoint)


async def trunk_facts(ask: Ask, endpoint: str) -> TrunkFacts:
    """Read an endpoint and its AORs; raises ConfigError when Asterisk has no such endpoint."""
    if (found := await known_facts(ask, endpoint)) is None:
        raise ConfigError(_no_endpoint(endpoint))
    return found


async def known_facts(ask: Ask, endpoint: str) -> TrunkFacts | None:
    """Read an endpoint and its AORs; None: Asterisk has no such endpoint."""
    if (fields := await object_of(ask, "endpoint", endpoint)) is None:
        return None
    uris = [fields.get("outbound_proxy", "")]
    open_to_registration = False
    for aor in filter(None, map(str.strip, fields.get("aors", "").split(","))):
        found = await object_of(ask, "aor", aor) or {}
        uris += [found.get("outbound_proxy", ""), *found.get("contact", "").split(",")]
        open_to_registration |= found.get("max_contacts", "0") != "0"
    return TrunkFacts(
        endpoint,
        tuple(u.strip() for u in uris if u.strip()),
        open_to_registration,
        fields.get("from_user", ""),
        fields.get("context", ""),
        fields.get("identify_by", ""),
        fields.get("redirect_method", "user"),
        fields.get("allow_transfer", "false") in ("true", "yes") and await ask(REFER) is not None,
    )


def is_loopback(uri: str) -> bool:
    """Whether a SIP URI leads to an address in 127.0.0.0/8; a host name is not believed, nor another way (maddr)."""
    found = URI.search(uri)
    if (host := _HOST.match(found[1].rpartition("@")[2]) if found else None) is None or "maddr" in uri.lower():
        return False
    try:
        return ipaddress.ip_address(host[0]) in ipaddress.ip_network("127.0.0.0/8")
    except ValueError:
        return False


async def object_of(ask: Ask, kind: str, name: str) -> dict[str, str] | None:
    """What Asterisk has of one object of pjsip.conf; None: there is none."""
    answer = await ask(f"asterisk/config/dynamic/res_pjsip/{kind}/{name}")
    return None if answer is None else {f.attribute: f.value for f in answer.decode(list[_Field])}
