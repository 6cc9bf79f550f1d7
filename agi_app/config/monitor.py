"""The settings of those who watch: where a worker tells health and figures, who hears that calling stands still."""

from __future__ import annotations

import ipaddress
import re
from email.utils import getaddresses
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from agi_app.config.feeds import seconds_of
from agi_app.messages import t


class MonitorSettings(BaseModel, extra="forbid", frozen=True):
    """Health and figures of `agi-app run`, without a token (docs/how-to/monitor.md)."""

    host: str = Field("127.0.0.1", min_length=1, description="address on which a worker serves /health and /metrics")
    port: int = Field(8712, ge=0, le=65535, description="its TCP port; 0: the worker serves neither")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether this is this machine itself, by its name or its address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _mailbox(text: str) -> str:
    found = getaddresses([text])
    if len(found) != 1 or not re.fullmatch(r"[^\s@]+@[^\s@]+", found[0][1]):
        raise ValueError(t("{text!r} is no mail address, as ops@example.com", text=text))
    return text


def _span(text: str) -> str:
    seconds_of(text)
    return text


_Mailbox = Annotated[str, AfterValidator(_mailbox)]


class AlertSettings(BaseModel, extra="forbid", frozen=True):
    """Who is told of what is wrong, without any other monitoring (docs/how-to/monitor.md)."""

    command: tuple[str, ...] = Field(
        (), description="a program with its arguments, which gets each alert as JSON; no shell reads it"
    )
    mail_to: tuple[_Mailbox, ...] = Field((), description="who gets a mail of each alert")
    mail_from: Annotated[str, AfterValidator(lambda text: text and _mailbox(text))] = Field(
        "", description="whom these mails are from"
    )
    mail_host: str = Field("", description="the mail server (SMTP)")
    mail_port: int = Field(587, ge=1, le=65535, description="its TCP port")
    mail_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description='how the connection is encrypted; "none": not at all, which loopback needs'
    )
    mail_user: str = Field("", description="the name to log in with; empty: without a login")
    mail_password_file: Path | None = Field(None, description="file that holds the password and nothing else")
    language: Literal["en", "zh"] = Field("en", description="the language of alerts")
    nobody_dialled: Annotated[str, AfterValidator(_span)] = Field(
        "10min", description="tell when nobody was dialled for this long while somebody was due"
    )
    look_every_seconds: int = Field(15, ge=1, le=300, description="seconds between two looks for what is wrong")
    database_away: Annotated[str, AfterValidator(_span)] = Field(
        "5min", description="`agi-app console` tells when the database did not answer for this long"
    )
    ends_within_days: int = Field(
        14, ge=1, le=90, description="tell so many days before the proof of a number, or consents, end"
    )

    @model_validator(mode="after")
    def _mail_is_whole(self) -> AlertSettings:
        if self.mail_to and not (self.mail_host and self.mail_from):
            raise ValueError(t("mail_to needs mail_host and mail_from"))
        if not self.mail_to and (self.mail_host or self.mail_from):
            raise ValueError(t("mail_host and mail_from need mail_to: who gets the mails"))
        if self.mail_tls == "none" and self.mail_host and not is_loopback(self.mail_host):
            told = "mail_tls: mails to {mail_host} would be sent in the clear; without encryption only to 127.0.0.1"
            raise ValueError(t(told, mail_host=self.mail_host))
        if bool(self.mail_user) != (self.mail_password_file is not None):
            raise ValueError(t("mail_user and mail_password_file are given together"))
        return self

    @property
    def channels(self) -> tuple[str, ...]:
        """How alerts are told; empty: nobody hears of them."""
        return tuple(name for name, given in (("command", self.command), ("mail", self.mail_to)) if given)

    @property
    def away_s(self) -> int:
        """``database_away`` in seconds."""
        return seconds_of(self.database_away)

    @property
    def nobody_dialled_s(self) -> int:
        """``nobody_dialled`` in seconds."""
        return seconds_of(self.nobody_dialled)


class TraceSettings(BaseModel, extra="forbid", frozen=True):
    """Where a worker sends one span a call (docs/how-to/monitor.md)."""

    endpoint: str = Field(
        "",
        pattern=r"^$|^https?://[^\s]+$",
        description="OpenTelemetry collector (OTLP over HTTP), as http://127.0.0.1:4318/v1/traces; empty: no traces",
    )
