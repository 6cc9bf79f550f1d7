"""What doctor says of trunks and destinations: where they lead, and whether a staff telephone may be rung now."""

from __future__ import annotations

from collections.abc import Mapping

from agi_app.clock import Clock
from agi_app.config.destinations import DestinationSettings
from agi_app.config.settings import Settings
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.agents.destination_legs import number_of, trunk_of
from agi_app.errors import AgiAppError
from agi_app.gate.destination_phone import decide_leg
from agi_app.gate.ruleset import RuleSet
from agi_app.messages import current, t
from agi_app.model.finding import Finding
from agi_app.pbx.own_phones import phones_that_lead_out
from agi_app.pbx.trunks import Ask, endpoint_names, object_of, trunk_facts
from agi_app.store.calling import destination_calls as table
from agi_app.store.database.pool import Store

PROVE = "agi-app rehearse --prove {number}; docs/how-to/write-a-flow.md (transfer)"
SHOWN = "caller_id_unproved"  # which number is shown the call says for which it is


async def trunks(settings: Settings, ask: Ask) -> list[Finding]:
    """Each trunk: does it lead anywhere, and only where it may?"""
    return [await _trunk(name, trunk, ask) for name, trunk in settings.trunks.items()]


async def behind_trunks(settings: Settings, store: Store, ruleset: RuleSet, clock: Clock) -> list[Finding]:
    """Each destination that leaves by a trunk: may it be rung now?"""
    return [
        await _behind(name, destination, settings, store, ruleset, clock)
        for name, destination in settings.destinations.items()
        if destination.by_trunk is not None
    ]


async def phones(settings: Settings, ask: Ask) -> list[Finding]:
    """Each destination with your own phones: does Asterisk know them, and does none leave by a trunk?"""
    out = await phones_that_lead_out(ask, settings.trunks, settings.destinations)
    return [
        await _phones(name, destination, out, ask)
        for name, destination in settings.destinations.items()
        if destination.phones
    ]


async def _behind(
    name: str, destination: DestinationSettings, settings: Settings, store: Store, ruleset: RuleSet, clock: Clock
) -> Finding:
    check = f"destination {name}"
    number, endpoint = destination.by_trunk or ("", "")
    try:
        trunk_name, trunk = trunk_of(endpoint, settings.trunks)
        wanted = table.LegRequest("doctor", name, number_of(name, number), number, trunk_name)
        decision = await table.standing(
            store, wanted, clock.offset, lambda facts, now: decide_leg(facts, trunk.sandbox, ruleset, now)
        )
    except AgiAppError as error:
        return Finding(check, str(error), t("correct [destinations] in agi-app.toml"))
    if against := [f"{r.rule}: {r.told(current())}" for r in decision.reasons if r.rule != SHOWN]:
        text = t(
            "nobody is transferred to {number} through trunk {trunk_name}: {against}",
            number=number,
            trunk_name=trunk_name,
            against="; ".join(against),
        )
        return Finding(check, text, t(PROVE, number=number))
    return Finding(
        check, t("your proved telephone, {number} through trunk {trunk_name}", number=number, trunk_name=trunk_name)
    )


async def _phones(name: str, destination: DestinationSettings, out: Mapping[str, str], ask: Ask) -> Finding:
    check = f"destination {name}"
    if name in out:
        return Finding(check, out[name], t("correct pjsip.conf or [destinations] in agi-app.toml"))
    if unknown := [phone for phone in destination.phones if await object_of(ask, "endpoint", phone) is None]:
        text = t("Asterisk has no PJSIP endpoint {unknown}", unknown=", ".join(unknown))
        return Finding(check, text, t("add it to pjsip.conf, or correct [destinations] in agi-app.toml"))
    return Finding(check, t("your own phones: {phones}", phones=", ".join(destination.phones)))


async def _trunk(name: str, trunk: TrunkSettings, ask: Ask) -> Finding:
    mend = t("see asterisk-docker/etc/asterisk/pjsip_trunk_carrier.conf")
    try:
        facts = [await trunk_facts(ask, endpoint) for endpoint in endpoint_names(trunk)]
    except AgiAppError as error:
        return Finding(f"trunk {name}", str(error), mend)
    if faults := [fault for found in facts for fault in found.faults(sandbox=trunk.sandbox)]:
        return Finding(f"trunk {name}", "; ".join(faults), mend)
    leads = ", ".join(dict.fromkeys(", ".join(found.uris) or t("any phone that registers") for found in facts))
    more = t(", dials {prefix} before each number", prefix=trunk.prefix) if trunk.prefix else ""
    return Finding(
        f"trunk {name}", t("leads to {leads}", leads=leads) + (t(" (sandbox)") if trunk.sandbox else "") + more
    )
