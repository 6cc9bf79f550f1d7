"""What the manager interface reports on trunks and queues, as plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from agi_app.messages import t
from agi_app.pbx.ami.connection import ActionRefused, Ami, Answer
from agi_app.pbx.ami.queue_members import interface

UNREACHABLE, REGISTERED = "Unreachable", "Registered"


@dataclass(frozen=True, slots=True)
class Registration:
    """An outbound registration of pjsip.conf."""

    name: str
    endpoint: str  # whose it is, when Asterisk knows
    status: str  # Registered, Unregistered, Rejected …
    line: bool = False  # a call with the token of our Contact counts as this endpoint's


@dataclass(frozen=True, slots=True)
class Contact:
    """Where calls of an endpoint go, and whether it answers OPTIONS."""

    endpoint: str
    uri: str
    status: str  # Reachable, Unreachable, NonQualified, Unknown …


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of agents now."""

    name: str
    logged_in: int
    available: int
    callers: int


async def registrations(ami: Ami) -> list[Registration]:
    """Every outbound registration; none is no fault."""
    found = await _list(ami, "PJSIPShowRegistrationsOutbound", "OutboundRegistrationDetail")
    return [
        Registration(
            m.get("ObjectName", ""), m.get("Endpoint", ""), m.get("Status", ""), m.get("Line", "") in ("yes", "true")
        )
        for m in found
    ]


async def contacts(ami: Ami, endpoint: str) -> list[Contact]:
    """Where calls of one endpoint go (PJSIPShowContacts would leave those of pjsip.conf out)."""
    found = await _list(ami, "PJSIPShowEndpoint", "ContactStatusDetail", Endpoint=endpoint)
    return [Contact(endpoint, m.get("URI", ""), m.get("Status", "")) for m in found]


async def told_by_request(ami: Ami, endpoint: str) -> list[str]:
    """What in the identify sections of an endpoint goes by the text of a call, which anybody can write."""
    found = await _list(ami, "PJSIPShowEndpoint", "IdentifyDetail", Endpoint=endpoint)
    names = {"MatchHeader": "match_header", "MatchRequestUri": "match_request_uri"}
    return sorted({f"{name} = {m[key]}" for m in found for key, name in names.items() if m.get(key)})


async def context_of(ami: Ami, endpoint: str) -> str:
    """Where in the dialplan calls that come in by this endpoint begin; empty: there is no such endpoint."""
    found = await _list(ami, "PJSIPShowEndpoint", "EndpointDetail", Endpoint=endpoint)
    return next((message.get("Context", "") for message in found), "")


async def queue(ami: Ami, name: str) -> Queue | None:
    """One queue; None when Asterisk has none of that name."""
    for message in await _list(ami, "QueueSummary", "QueueSummary", Queue=name):
        return Queue(name, int(message["LoggedIn"]), int(message["Available"]), int(message["Callers"]))
    return None


async def members(ami: Ami, name: str) -> list[str]:
    """What Asterisk dials for the members of a queue; none is no fault."""
    return [interface(m) for m in await _list(ami, "QueueStatus", "QueueMember", Queue=name)]


async def can_queue(ami: Ami) -> bool:
    """Whether app_queue is loaded: without it Asterisk does not know the question."""
    try:
        await ami.ask("QueueSummary")
    except ActionRefused:
        return False
    return True


def trunk_fault(
    endpoints: Collection[str], registered: Iterable[Registration], reached: Iterable[Contact]
) -> str | None:
    """Why no call can leave through these endpoints: none is registered, or none answers; None: nothing is known."""
    ours = [r for r in registered if r.name in endpoints or r.endpoint in endpoints]
    if ours and all(r.status != REGISTERED for r in ours):
        return ", ".join(
            t("registration {name} is {status}", name=r.name, status=r.status or t("not there")) for r in ours
        )
    if (places := [c for c in reached if c.endpoint in endpoints]) and all(c.status == UNREACHABLE for c in places):
        return t("{places} does not answer OPTIONS", places=", ".join(c.uri for c in places))
    return None


def identity_fault(
    endpoints: Collection[str], registered: Iterable[Registration], by_request: Collection[str]
) -> str | None:
    """Why a stranger could pass for this trunk; None: only its address identifies it."""
    lines = [
        t("line = yes of registration {name}", name=r.name) for r in registered if r.line and r.endpoint in endpoints
    ]
    if not (found := [*by_request, *lines]):
        return None
    return t(
        "anyone who writes it into a call is taken for the trunk: {found} (pjsip.conf); remove it, or"
        " set identify_by_request = true if you must",
        found=", ".join(found),
    )


async def _list(ami: Ami, question: str, event: str, **values: str) -> list[Mapping[str, str]]:
    try:
        answers: list[Answer] = await ami.ask(question, **values)
    except ActionRefused:
        return []  # so it says that there are none
    return [message for message in answers if message.get("Event") == event]
