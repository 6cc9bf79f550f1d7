"""Looks over the manager interface whether trunks can carry calls at all: registered, and answering OPTIONS.

What it finds pauses the trunk before a call has to fail on it. When nobody can be asked, nothing is known against a
trunk, and it is dialled as if there were no such interface.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from agi_app import log
from agi_app.config.settings import Settings
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.circuit_breaker import Breaker
from agi_app.errors import AgiAppError
from agi_app.messages import t
from agi_app.model.finding import Finding
from agi_app.pbx.ami.connection import Ami, connected
from agi_app.pbx.ami.queue_members import leads_out
from agi_app.pbx.ami.redirect_steps import contexts_of, following, told
from agi_app.pbx.ami.trunks_and_queues import (
    Queue,
    can_queue,
    contacts,
    context_of,
    identity_fault,
    members,
    queue,
    registrations,
    told_by_request,
    trunk_fault,
)
from agi_app.pbx.trunks import endpoint_names

MEND = "docs/how-to/install-on-asterisk.md, step 2: a user in manager.conf, and [ami] in agi-app.toml"
_log = log.get("trunks")


class TrunkWatch:
    """Keeps the breakers of one node's trunks informed."""

    def __init__(self, settings: Settings, breakers: Mapping[str, Breaker]) -> None:
        self._settings, self._breakers = settings, breakers
        self._unknown: str | None = None

    async def run(self) -> None:
        """Look again and again until cancelled; returns at once when the interface is not used."""
        ami = self._settings.ami
        while ami.username:
            try:
                async with connected(ami, await asyncio.to_thread(self._settings.ami_password)) as open_:
                    self._say_unknown(None)
                    while True:
                        await self._look(open_)
                        await asyncio.sleep(ami.every)
            except AgiAppError as error:
                self._say_unknown(str(error))
                for breaker in self._breakers.values():
                    breaker.down = None
            await asyncio.sleep(ami.every)

    async def _look(self, ami: Ami) -> None:
        for name, fault in (await trunk_faults(ami, self._settings.trunks)).items():
            breaker = self._breakers[name]
            if fault != breaker.down:
                if fault is None:
                    _log.info("trunk works again", trunk=name)
                else:
                    _log.warning("trunk cannot carry calls", trunk=name, reason=fault)
            breaker.down = fault

    def _say_unknown(self, why: str | None) -> None:
        if why is not None and why != self._unknown:
            _log.warning("the state of the trunks is not known; they are still dialled", reason=why)
        self._unknown = why


async def trunk_faults(ami: Ami, trunks: Mapping[str, TrunkSettings]) -> dict[str, str | None]:
    """Why each trunk can carry no call; None: nothing is known against it. Raises AsteriskError."""
    registered = await registrations(ami)
    found = {}
    for name, trunk in trunks.items():
        endpoints = endpoint_names(trunk)
        reached = [contact for endpoint in endpoints for contact in await contacts(ami, endpoint)]
        asked = [text for endpoint in endpoints for text in await told_by_request(ami, endpoint)]
        forged = None if trunk.identify_by_request else identity_fault(endpoints, registered, asked)
        found[name] = forged or trunk_fault(endpoints, registered, reached)
    return found


async def examine(settings: Settings) -> list[Finding]:
    """The manager interface itself, and the trunks and queues as it reports them."""
    ami = settings.ami
    if not ami.username:
        return [Finding("AMI", t("no [ami] in agi-app.toml, so a worker calls nobody"), t(MEND))]
    try:
        async with connected(ami, settings.ami_password()) as open_:
            faults = await trunk_faults(open_, settings.trunks)
            ours = [d.queue for d in settings.destinations.values() if d.queue is not None]
            loaded = not (ours or ami.queues) or await can_queue(open_)
            queues = {name: await queue(open_, name) for name in dict.fromkeys([*ami.queues, *ours])} if loaded else {}
            rung = {name: await members(open_, name) for name in ours} if loaded else {}
            redirects = await _redirects(open_, settings)
    except AgiAppError as error:
        return [Finding("AMI", str(error), t(MEND))]
    found = [Finding("AMI", t("answers at {host}:{port}", host=ami.host, port=ami.port))]
    found += [
        Finding(f"trunk {name} can carry calls", fault, t("ask the carrier; pjsip.conf"))
        for name, fault in faults.items()
        if fault is not None
    ]
    if not loaded:
        found.append(
            Finding("app_queue", t("Asterisk has not loaded it"), t("load app_queue.so; it needs a queues.conf"))
        )
    found += [_seen_queue(name, state) for name, state in queues.items()]
    ways = frozenset(way for trunk in settings.trunks.values() for way in endpoint_names(trunk))
    return found + [_seen_members(name, who, ways) for name, who in rung.items()] + redirects


def _seen_members(name: str, who: list[str], ways: frozenset[str]) -> Finding:
    """Asterisk rings the members itself, and nobody checks their numbers."""
    check = f"members of queue {name}"
    if out := [member for member in who if leads_out(member, ways)]:
        text = t(
            "{out} would be called through a trunk without a decision, so nobody is sent to this queue",
            out=", ".join(out),
        )
        return Finding(check, text, t("give the queue your own phones; a staff telephone is its own destination"))
    local = [member for member in who if member.startswith("Local/")]
    more = t(
        "; only your dialplan knows where these lead, so check that none leaves by a trunk: {local}",
        local=", ".join(local),
    )
    return Finding(check, t("{who}, none leaves by a trunk", who=len(who)) + (more if local else ""))


async def _redirects(ami: Ami, settings: Settings) -> list[Finding]:
    """The steps of the dialplan, as far as calls of ours and calls that come in reach it, that follow a redirect."""
    dialled = [one for d in settings.destinations.values() for one in (d.dialled, *d.agents) if one]
    ours = await following(ami, [context for one in dialled for context in contexts_of(one)])
    comes_in = [await context_of(ami, name) for trunk in settings.trunks.values() for name in endpoint_names(trunk)]
    others = [step for step in await following(ami, filter(None, comes_in)) if step not in ours]
    found = []
    if ours:
        text = t("{told}: a telephone that redirects (302) chooses whom Asterisk calls", told=told(ours))
        found.append(Finding("redirects of staff", text, t("add the option i there; docs/explanation/safety.md")))
    if others:
        text = t(
            "calls that come in reach {told}, where Asterisk follows a telephone that redirects", told=told(others)
        )
        found.append(Finding("redirects", t("{text}; the option i ends that", text=text)))
    return found


def _seen_queue(name: str, state: Queue | None) -> Finding:
    if state is None:
        return Finding(
            f"queue {name}", t("Asterisk has no queue of that name"), t("add it to queues.conf, or correct [ami]")
        )
    text = t(
        "{available} of {logged_in} agents are free, {callers} callers wait",
        available=state.available,
        logged_in=state.logged_in,
        callers=state.callers,
    )
    return Finding(f"queue {name}", text, "" if state.logged_in else t("let agents log in"))
