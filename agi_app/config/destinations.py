"""The settings of a destination: our own place to which a flow may transfer.

Nobody else can be reached by it: a phone that is an endpoint of Asterisk's own, a queue, or a proved telephone of the
staff by a trunk of the settings, which is a call like any other and is decided on each time
(``dialer/agents/destination_legs.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, model_validator

from agi_app.messages import spoken, t, template

QUEUE_CONTEXT = "agi-app-queue"  # of dialplan/extensions_agi_app.conf
_PHONE = re.compile(r"PJSIP/[A-Za-z0-9][A-Za-z0-9_.-]*")
_BY_TRUNK = re.compile(r"PJSIP/(\+[1-9][0-9]{6,14})@([A-Za-z0-9][A-Za-z0-9_.-]*)")
_WRITTEN = template("must be PJSIP/front-desk (your own phone) or PJSIP/+861…@carrier-a (a staff telephone on a trunk)")


def number_by_trunk(endpoint: str) -> tuple[str, str] | None:
    """The number (E.164) and Asterisk's endpoint, when it leaves by a trunk; None: our own phone."""
    found = _BY_TRUNK.fullmatch(endpoint)
    return None if found is None else (found[1], found[2])


def _somebody_of_ours(value: str) -> str:
    if _PHONE.fullmatch(value) or _BY_TRUNK.fullmatch(value):
        return value
    technology, _, rest = value.partition("/")
    if technology == "Local":
        raise ValueError(
            t(
                "{written}: only the dialplan knows where Local/ leads; for several phones use a queue",
                written=spoken(_WRITTEN),
            )
        )
    if technology != "PJSIP":
        raise ValueError(
            t(
                "{written}: the technology {technology!r} is not supported",
                written=spoken(_WRITTEN),
                technology=technology,
            )
        )
    if "@" in rest:
        raise ValueError(
            t(
                "{written}: write one number with + and country code before the @, and an endpoint after it",
                written=spoken(_WRITTEN),
            )
        )
    raise ValueError(
        t("{written}: one endpoint of pjsip.conf (letters, digits, . _ -), without options", written=spoken(_WRITTEN))
    )


def _phone(value: str) -> str:
    if number_by_trunk(_somebody_of_ours(value)) is not None:
        raise ValueError(
            t(
                "{value}: agi-app cannot know whether a telephone behind a trunk is free; give it its own "
                "destination, with endpoint",
                value=value,
            )
        )
    return value


class DestinationSettings(BaseModel, extra="forbid", frozen=True):
    """Where a flow may transfer a person to: your own desk, a queue of agents, or a list of agents."""

    endpoint: Annotated[str, AfterValidator(_somebody_of_ours)] | None = Field(
        None,
        description=template("your own phone, PJSIP/front-desk; or a proved staff telephone, PJSIP/+861…@carrier-a"),
    )
    queue: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9][\w-]{0,63}$",
        description=template("instead of endpoint: a queue of queues.conf; needs [ami]"),
    )
    agents: tuple[Annotated[str, AfterValidator(_phone)], ...] = Field(
        (), max_length=500, description=template("instead of endpoint: the agents' phones, one of which is called")
    )
    wrap_up: float = Field(
        0.0,
        ge=0,
        le=3600,
        description=template(
            "seconds that an agent is left alone after a call; for a queue: its wrapuptime, where Asterisk does "
            "not report it"
        ),
    )
    shared: bool = Field(
        True,
        description=template(
            "whether the same agents take calls of all workers; false: each Asterisk has its own agents"
        ),
    )

    @model_validator(mode="after")
    def _one_kind(self) -> DestinationSettings:
        given = [name for name in ("endpoint", "queue", "agents") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                t("has {given}: keep one", given=t(" and ").join(given))
                if given
                else t("needs one of endpoint, queue and agents")
            )
        if self.wrap_up and not self.counts_agents:
            raise ValueError(t("wrap_up is for a queue or agents"))
        if len(set(self.agents)) != len(self.agents):
            raise ValueError(t("agents has the same phone twice"))
        return self

    @property
    def counts_agents(self) -> bool:
        """Whether it can be known how many of them are free."""
        return self.endpoint is None

    @property
    def phones(self) -> tuple[str, ...]:
        """The names of the endpoints of our own phones among them."""
        dialled = self.agents if self.endpoint is None else (self.endpoint,)
        return tuple(d.partition("/")[2] for d in dialled if number_by_trunk(d) is None)

    @property
    def by_trunk(self) -> tuple[str, str] | None:
        """The number and Asterisk's endpoint, when it leaves by a trunk."""
        return None if self.endpoint is None else number_by_trunk(self.endpoint)

    def fault_with(self, ways: Mapping[str, tuple[str, bool]], *, ami: bool) -> tuple[str, str] | None:
        """What is wrong beside other settings: which setting of it, and why.

        ``ways``: endpoints of Asterisk -> the trunk that has it, and whether that has ports. ``ami``: it is used.
        """
        if self.queue is not None and not ami:
            return "queue", t("a queue needs [ami] username: agi-app asks there who is free")
        for phone in self.phones:
            if phone in ways:
                text = t(
                    "PJSIP/{phone} is the trunk {trunk}, not your own phone; write PJSIP/+861…@{phone}",
                    phone=phone,
                    trunk=ways[phone][0],
                )
                return "endpoint" if self.endpoint else "agents", text
        if self.by_trunk is None:
            return None
        way = self.by_trunk[1]
        if way not in ways:
            there = ", ".join(sorted(ways)) or "none"
            return "endpoint", t(
                "no trunk of the settings has the endpoint {way}; there are: {there}", way=way, there=there
            )
        trunk, has_ports = ways[way]
        told = (
            "endpoint",
            t("the ports of trunk {trunk} carry calls of campaigns only; name another trunk", trunk=trunk),
        )
        return told if has_ports else None

    @property
    def dialled(self) -> str | None:
        """What Asterisk dials, if it is always the same; None: one of ``agents``."""
        return f"Local/{self.queue}@{QUEUE_CONTEXT}/n" if self.queue is not None else self.endpoint
