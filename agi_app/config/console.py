"""The settings of `agi-app console`: where it listens, and how it reaches the database."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from agi_app.messages import t

PLAIN_HTTP = "I know"
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class ConsoleSettings(BaseModel, extra="forbid", frozen=True):
    """The service for people and programs (docs/how-to/run-the-console.md); it cannot make calls."""

    host: str = Field("127.0.0.1", min_length=1, description="address to listen on; without TLS a loopback address")
    port: int = Field(8710, ge=1, le=65535, description="TCP port of the service")
    health_port: int = Field(
        8711, ge=0, le=65535, description="TCP port of /health and /metrics, on 127.0.0.1 only; 0: they have none"
    )
    hosts: tuple[str, ...] = Field(
        (), description="names by which it is reached (the header Host), without port; those of loopback always work"
    )
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="networks of proxies in front of it, whose X-Forwarded-For names who asks; nobody else's is read",
    )
    certificate: Path | None = Field(None, description="file of the TLS certificate with its chain, in PEM")
    certificate_key: Path | None = Field(None, description="file of its private key, in PEM")
    plain_http: Literal["", "I know"] = Field(
        "", description=f'"{PLAIN_HTTP}" listens beyond loopback without TLS: who reads along has every token'
    )
    folder: Path = Field(
        Path("console"), description="how it reaches the database, made by `agi-app console setup` for its own user"
    )
    database_url: str = Field(
        "",
        description="postgresql://… with the role agi_app_console; empty: the file database-url of that folder",
        repr=False,
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            _network(one)
        return value

    @model_validator(mode="after")
    def _not_in_the_clear(self) -> ConsoleSettings:
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError(t("certificate and certificate_key are given together"))
        if not self.loopback and self.certificate is None and not self.plain_http:
            told = (
                "{host} can be reached by others: set certificate and certificate_key, or let a proxy with TLS reach"
                ' 127.0.0.1; plain_http = "I know" sends every token in the clear'
            )
            raise ValueError(t(told, host=self.host))
        return self

    @property
    def proxies(self) -> list[IPNetwork]:
        """The networks of the proxies that are trusted."""
        return [_network(one) for one in self.trusted_proxies]

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        if self.hosts:
            return f"https://{self.hosts[0]}" if self.certificate is None else f"https://{self.hosts[0]}:{self.port}"
        return f"{'http' if self.certificate is None else 'https'}://{self.host}:{self.port}"

    @property
    def names(self) -> frozenset[str]:
        """What the header Host may be."""
        own = {"127.0.0.1", "localhost", "[::1]"}
        return frozenset(own | ({self.host} if not self.loopback else set()) | {name.lower() for name in self.hosts})


def _network(text: str) -> IPNetwork:
    """The network of an entry of ``trusted_proxies``. Raises ValueError with the words for people."""
    try:
        found = ipaddress.ip_network(text)
    except ValueError:
        told = '"{text}" is no network; write the address of the proxy, such as "10.0.0.5/32", or its whole network'
        raise ValueError(t(told, text=text)) from None
    if not found.prefixlen:
        raise ValueError(t('"{text}" is every address: anybody could say where they come from', text=text))
    return found
