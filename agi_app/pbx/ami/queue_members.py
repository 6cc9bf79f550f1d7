"""Which members of a queue could take a call now, and that none is reached through a trunk."""

from __future__ import annotations

import re
from collections.abc import Container

from agi_app.errors import AsteriskError
from agi_app.messages import t
from agi_app.model.agents import AgentsNow
from agi_app.pbx.ami.connection import ActionRefused, Ami, Answer

NOT_IN_USE = 1  # AST_DEVICE_NOT_INUSE: the one state in which a phone may be rung
AWAY = frozenset({4, 5})  # AST_DEVICE_INVALID, AST_DEVICE_UNAVAILABLE: nobody is there
_A_NUMBER = re.compile(r"\+?[0-9]{7,}")  # longer than an extension of a PBX


class NoQueue(AsteriskError):
    """Asterisk has no queue of that name; the connection is good."""


class LeadsOut(AsteriskError):
    """A member of a queue leaves by a trunk; the connection is good."""


async def of_queue(
    ami: Ami, name: str, now: float, wrap_up_s: float = 0.0, *, trunks: Container[str] = ()
) -> AgentsNow:
    """The members of a queue; ``now`` is this host's time, since Asterisk tells that of the last call.

    Asterisk tells the ``wrapuptime`` that a member has, but not the queue's: that is ``wrap_up_s``.

    Raises AsteriskError, NoQueue among them, and LeadsOut: Asterisk rings members itself, whatever their numbers are,
    so none may leave by an endpoint of ``trunks``.
    """
    try:
        answers = await ami.ask("QueueStatus", Queue=name)
    except ActionRefused as error:
        raise NoQueue(t("{error}; is app_queue loaded?", error=error)) from None
    if not (head := [m for m in answers if m.get("Event") == "QueueParams"]):
        raise NoQueue(t("Asterisk has no queue {name}; queues.conf", name=name))
    told = [m for m in answers if m.get("Event") == "QueueMember"]
    if out := [m for m in map(interface, told) if leads_out(m, trunks)]:
        raise LeadsOut(
            t(
                "queue {name} has the member {out}, whom Asterisk would call through a trunk without asking"
                " anybody; give it a separate destination ([destinations.NAME] endpoint), or give the queue your"
                " own phones",
                name=name,
                out=out[0],
            )
        )
    try:
        members = [_member(m, now, wrap_up_s) for m in told]
        waiting, wrap_up = int(head[0]["Calls"]), max([wrap_up_s, *(_wrap_up(m, 0.0) for m in told)])
    except (KeyError, ValueError) as error:
        raise AsteriskError(
            t("what Asterisk says of queue {name} cannot be read: {error!r}", name=name, error=error)
        ) from None
    return AgentsNow(max(0, members.count("free") - waiting), members.count("busy"), wrap_up)


def interface(told: Answer) -> str:
    """What Asterisk dials for a member."""
    return told.get("Location") or told.get("Interface") or ""


def leads_out(dialled: str, trunks: Container[str]) -> bool:
    """Whether a member may be a number behind a trunk. Where other ``Local/`` members lead, only the dialplan knows."""
    technology, _, rest = dialled.partition("/")
    if technology == "Local":
        return _A_NUMBER.match(rest) is not None
    return "@" in rest or "/" in rest or (technology == "PJSIP" and rest in trunks)


def _member(told: Answer, now: float, wrap_up_s: float) -> str:
    """``free``, ``busy`` or ``away``, with what app_queue itself asks before it rings somebody."""
    status = int(told.get("Status", "0"))
    if told.get("Paused") == "1" or status in AWAY:
        return "away"
    ended, wrap_up = int(told.get("LastCall") or 0), _wrap_up(told, wrap_up_s)
    if status != NOT_IN_USE or told.get("InCall") == "1" or (wrap_up and now - ended < wrap_up):
        return "busy"
    return "free"


def _wrap_up(told: Answer, wrap_up_s: float) -> float:
    """A member's own time after a call, else the queue's."""
    return float(told.get("Wrapuptime") or 0) or wrap_up_s
