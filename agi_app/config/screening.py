"""The settings of screening: where Asterisk asks about calls that come in, and how strict the guard is."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from agi_app.authoring.country_and_zone_names import is_zone, zone_meant
from agi_app.messages import t, template


class AgiSettings(BaseModel, extra="forbid", frozen=True):
    """Where Asterisk asks, by FastAGI, what to do with a call that comes in (docs/how-to/screen-incoming-calls.md)."""

    host: str = Field(
        "127.0.0.1", description=template("address to listen on; loopback unless Asterisk is on another machine")
    )
    port: int = Field(4573, ge=1, le=65535, description=template("TCP port to listen on"))
    token: str = Field(
        "",
        description=template("token that a request must have, AGI_APP_TOKEN in Asterisk; better: token_file"),
        repr=False,
    )
    token_file: Path | None = Field(
        None, description=template("file that holds the token and nothing else; with neither, no request is answered")
    )
    sessions: int = Field(
        300,
        ge=1,
        le=5000,
        description=template("the most requests at once; a further one is refused, so its call rings"),
    )
    header_limit: float = Field(
        1.0, gt=0, le=10, description=template("seconds within which a request must arrive whole")
    )
    session_limit: float = Field(2.0, gt=0, le=60, description=template("seconds after which a request is ended"))

    @field_validator("host")
    @classmethod
    def _an_address(cls, value: str) -> str:
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            raise ValueError(t("must be an IP address, such as 127.0.0.1")) from None

    @field_validator("token")
    @classmethod
    def _hard_to_guess(cls, value: str) -> str:
        if value and not usable_token(value):
            raise ValueError(t(EASY_TO_GUESS, least=LEAST_TOKEN))
        return value


LEAST_TOKEN = 16
EASY_TO_GUESS = template("must be {least} or more letters and digits: `openssl rand -hex 24` makes one")


def usable_token(token: str) -> bool:
    """Whether it is hard to guess and can be in a dialplan without quotes."""
    return len(token) >= LEAST_TOKEN and token.isascii() and token.isalnum()


class GuardSettings(BaseModel, extra="forbid", frozen=True):
    """How calls that come in are judged, for every line that `agi-app guard line` does not set otherwise."""

    enabled: bool = Field(
        True, description=template("whether calls are judged; false: every call rings, and none is recorded")
    )
    level: Literal["notice", "low", "standard", "strict"] = Field(
        "standard",
        description=template(
            "how strict: notice only marks, low and standard act on evidence, strict challenges every stranger"
        ),
    )
    region: str = Field(
        "", pattern=r"^([A-Z]{2})?$", description=template("country, such as CN, of numbers without a country code")
    )
    zone: str = Field("UTC", description=template("time zone of the hours, such as Asia/Shanghai"))
    internal: tuple[str, ...] = Field(
        (), description=template("your own endpoints, such as PJSIP/front-desk: never judged")
    )
    decoys: tuple[str, ...] = Field(
        (), description=template("your numbers that nobody uses, as the dialplan gives them")
    )
    mailbox: bool = Field(
        False, description=template("whether the dialplan has a context agi-app-mailbox with a mailbox for each line")
    )
    mark: str = Field("? ", max_length=20, description=template("text before the name of a marked caller"))
    failed: Literal["voicemail", "mark"] = Field(
        "mark",
        description=template(
            "what happens to a caller who failed a challenge: the mailbox, where there is one, or the call rings "
            "marked; it is never rejected"
        ),
    )
    listen: bool = Field(
        False,
        description=template(
            "record as text the first words of callers who are challenged or sent to the mailbox, by [speech], "
            "and compare them with known scripts; the sound is not kept. Say so in what they hear"
        ),
    )
    listen_language: str = Field(
        "en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description=template("the language that they speak")
    )
    keep_days: int = Field(
        90, ge=1, le=3650, description=template("how many days calls and their callers' numbers are kept")
    )
    deadline: float = Field(
        0.15,
        gt=0,
        le=0.3,
        description=template("seconds to wait for the database; after that the call rings, unjudged"),
    )

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if not is_zone(value):
            raise ValueError(t("{value!r} is not a time zone{zone_meant}", value=value, zone_meant=zone_meant(value)))
        return value

    @field_validator("mark")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError(t("must not contain a line break or control character"))
        return value
