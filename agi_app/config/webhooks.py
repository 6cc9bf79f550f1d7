"""The settings of webhooks: where events may be sent to."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, Field, field_validator


class WebhookSettings(BaseModel, extra="forbid", frozen=True):
    """Where webhooks may be sent to, and how long they are kept (docs/how-to/webhooks.md)."""

    allow_private: tuple[str, ...] = Field(
        (), description="address ranges beside the public internet, such as 10.0.0.0/8, that events may be sent to"
    )
    allow_http: bool = Field(False, description="whether an address may begin with http://; else only https://")
    ca_file: Path | None = Field(
        None, description="certificates (PEM) of your own authority, which receivers may have besides known ones"
    )
    keep_days: int = Field(
        90, ge=40, le=3650, description="how many days events and the log of their deliveries are kept"
    )

    @field_validator("allow_private")
    @classmethod
    def _ranges(cls, value: Sequence[str]) -> tuple[str, ...]:
        for text in value:
            try:
                ipaddress.ip_network(text)
            except ValueError:
                raise ValueError(f"{text!r} is not an address range such as 10.0.0.0/8 or fd00::/8") from None
        return tuple(value)

    @property
    def networks(self) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        """``allow_private`` as ranges."""
        return [ipaddress.ip_network(text) for text in self.allow_private]
