"""The settings of a trunk, and of its ports when it is a gateway with a SIM card in each."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, Field, field_validator, model_validator

from agi_app.messages import spoken, t, template

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]


# Nothing that Asterisk would read as more than one number and one endpoint: ;options, &another, /contact, %xx.
_ENDPOINT = re.compile(r"PJSIP/\{number\}@(?:[A-Za-z0-9_.-]|\{port\})+")
_WRITTEN = template("must be PJSIP/{number}@ENDPOINT, for example PJSIP/{number}@carrier-a")


class PortSettings(BaseModel, extra="forbid", frozen=True):
    """One port of a gateway, with its SIM card. It carries one call at a time."""

    number: str = Field(
        pattern=r"^\+[1-9][0-9]{6,14}$",
        description=template("the port's own number, which people see; it needs a proof"),
    )
    calls_per_day: int | None = Field(
        None, ge=1, le=100_000, description=template("the most calls in any 24 hours; default: no limit for the port")
    )
    spacing: float = Field(0.0, ge=0, le=3600, description=template("seconds of rest between a call and the next"))


class TrunkSettings(BaseModel, extra="forbid", frozen=True):
    """A way out to the telephone network: a PJSIP endpoint of Asterisk."""

    endpoint: str = Field(description=template("what Asterisk dials, with {number}: PJSIP/{number}@carrier-a"))
    calls_per_second: float = Field(
        1.0, gt=0, le=1000, description=template("the most new calls a second, over all campaigns and nodes")
    )
    concurrent: int = Field(
        10, ge=1, le=10000, description=template("the most calls at once, over all campaigns and nodes")
    )
    channels: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description=template("calls that the carrier carries at once, including the PBX's own; needed for reserve"),
    )
    reserve: int = Field(
        0,
        ge=0,
        le=100_000,
        description=template("how many of the channels stay free for the PBX's own calls and emergency calls"),
    )
    plus: bool = Field(False, description=template("dial numbers with their plus sign (+86…) instead of without"))
    prefix: str = Field(
        "",
        pattern=r"^[0-9]{0,5}$",
        description=template(
            "digits that the carrier wants before each number (00, 9 …), five at most; kept in each decision"
        ),
    )
    identify_by_request: bool = Field(
        False,
        description=template(
            "let pjsip.conf recognise the trunk by a user name, a header, the request URI or a line token, which "
            "anybody can send; false: it must have identify_by = ip, and no match_header, match_request_uri or "
            "line"
        ),
    )
    sandbox: bool = Field(
        False, description=template("whether this is a test trunk on 127.0.0.0/8, which calls only test-range numbers")
    )
    ports: dict[Name, PortSettings] = Field(
        default_factory=dict,
        description=template("the ports of a gateway, [trunks.NAME.ports.PORT]; {port} in `endpoint`"),
    )

    @field_validator("endpoint")
    @classmethod
    def _one_number(cls, value: str) -> str:
        if _ENDPOINT.fullmatch(value):
            return value
        technology, _, rest = value.partition("/")
        before, at, after = rest.partition("@")
        if technology != "PJSIP":
            raise ValueError(
                t(
                    "{written}; the technology {technology!r} is not supported",
                    written=spoken(_WRITTEN),
                    technology=technology,
                )
            )
        if before != "{number}":
            more = t("; digits before each number go into the setting prefix") if "{number}" in before else ""
            raise ValueError(
                t(
                    "{written}: write {{number}} and nothing else before the @, not {before!r}{more}",
                    written=spoken(_WRITTEN),
                    before=before,
                    more=more,
                )
            )
        if not at:
            raise ValueError(t("{written}: the @ and Asterisk's endpoint are missing", written=spoken(_WRITTEN)))
        raise ValueError(
            t(
                "{written}: write the name of an endpoint after the @ (letters, digits, . _ -, and {{port}} of a "
                "gateway), not {after!r}",
                written=spoken(_WRITTEN),
                after=after,
            )
        )

    @model_validator(mode="after")
    def _reserve_is_of_channels(self) -> TrunkSettings:
        if self.reserve and self.channels is None:
            raise ValueError(t("reserve needs channels: how many calls the carrier carries at once on this trunk"))
        if self.channels is not None and self.reserve >= self.channels:
            raise ValueError(
                t(
                    "reserve = {reserve} leaves none of channels = {channels} for agi-app",
                    reserve=self.reserve,
                    channels=self.channels,
                )
            )
        return self

    @model_validator(mode="after")
    def _one_way_to_begin(self) -> TrunkSettings:
        if self.prefix and self.plus:
            raise ValueError(t("prefix goes before a number without its plus sign; remove plus = true, or prefix"))
        return self

    @model_validator(mode="after")
    def _ports_have_endpoints_and_numbers(self) -> TrunkSettings:
        if self.ports and self.endpoint.count("{port}") != 1:
            raise ValueError(
                spoken("a trunk with ports has one {port} in its endpoint, for example PJSIP/{number}@gsm-{port}")
            )
        if not self.ports and "{port}" in self.endpoint:
            raise ValueError(spoken("the endpoint has {port}, and there are no ports; add [trunks.NAME.ports.PORT]"))
        first: dict[str, str] = {}
        for name, port in self.ports.items():
            if (other := first.setdefault(port.number, name)) != name:
                raise ValueError(
                    t(
                        "ports {other} and {name} have one number; write in {name} that of its own SIM card",
                        other=other,
                        name=name,
                    )
                )
        return self

    def dial_string(self, e164: str, caller_id: str) -> str | None:
        """What to hand Asterisk for this number; None when no port has ``caller_id`` as its own number."""
        number = self.dialled(e164)
        if not self.ports:
            return self.endpoint.replace("{number}", number)
        port = next((name for name, port in self.ports.items() if port.number == caller_id), None)
        return None if port is None else self.endpoint.replace("{port}", port).replace("{number}", number)

    def dialled(self, e164: str) -> str:
        """The number as the carrier gets it."""
        return e164 if self.plus else self.prefix + e164.removeprefix("+")

    def endpoints(self) -> list[str]:
        """Every endpoint that it dials, still with {number}."""
        return [self.endpoint.replace("{port}", port) for port in self.ports] or [self.endpoint]
