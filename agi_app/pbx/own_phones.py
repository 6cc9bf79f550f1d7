"""Whether our own phones are what they seem, by Asterisk's own configuration: a number behind a trunk is not one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agi_app.config.destinations import DestinationSettings
from agi_app.config.trunks import TrunkSettings
from agi_app.errors import ConfigError
from agi_app.messages import t
from agi_app.pbx.trunks import URI, Ask, endpoint_names, object_of, trunk_facts

_PLACE = re.compile(r"([^:;?]+)(?::([0-9]+))?")
_A_NUMBER = re.compile(r"sips?:\+?[0-9]{7,}@")  # longer than an extension of a PBX


async def phones_that_lead_out(
    ask: Ask, trunks: Mapping[str, TrunkSettings], destinations: Mapping[str, DestinationSettings]
) -> dict[str, str]:
    """Destinations whose phone is, by pjsip.conf, a number at a trunk's own address: why each may not be rung.

    Phones and trunks that Asterisk does not know are dialled in vain and are left out.
    """
    ways = {name: await _uris_of(ask, name) for trunk in trunks.values() for name in endpoint_names(trunk)}
    carriers = {place: way for way, uris in ways.items() for place in filter(None, map(_place, uris))}
    found = {}
    for name, destination in destinations.items():
        for phone in destination.phones:
            uris = await _uris_of(ask, phone)
            led = [carriers[place] for place in filter(None, map(_place, uris)) if place in carriers]
            if led and any(map(_A_NUMBER.search, uris)):
                found[name] = t(
                    "endpoint {phone!r} is a number behind the trunk's endpoint {led!r} in pjsip.conf; write it as"
                    " PJSIP/+861…@{led}, so that the gate decides on it as on any call",
                    phone=phone,
                    led=led[0],
                )
    return found


async def check_destinations(
    ask: Ask, trunks: Mapping[str, TrunkSettings], destinations: Mapping[str, DestinationSettings]
) -> None:
    """Raise ConfigError with every destination that would leave by a trunk without a decision."""
    if found := await phones_that_lead_out(ask, trunks, destinations):
        raise ConfigError("\n".join(f"destinations.{name}: {why}" for name, why in found.items()))


async def _uris_of(ask: Ask, phone: str) -> tuple[str, ...]:
    return (await trunk_facts(ask, phone)).uris if await object_of(ask, "endpoint", phone) is not None else ()


def _place(uri: str) -> str | None:
    """Host and port that a SIP URI leads to."""
    found = URI.search(uri)
    place = _PLACE.match(found[1].rpartition("@")[2]) if found else None
    return None if place is None else f"{place[1].lower()}:{place[2] or 5060}"
