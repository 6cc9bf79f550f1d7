"""The settings of `agi-app console`: where it listens, how it reaches the database, and single sign-on."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, field_validator, model_validator

from agi_app.messages import t, template

PLAIN_HTTP = "I know"
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
RoleName = Literal["viewer", "operator", "supervisor", "compliance", "admin", "agent"]
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})+")


def is_this_machine(host: str | None) -> bool:
    """Whether a host of a URL is this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(
            t("{text!r} is no address of an issuer, such as https://id.example.com/realms/clinic", text=text)
        )
    if parts.scheme == "http" and not is_this_machine(parts.hostname):
        raise ValueError(t("{text!r}: only an issuer on this machine may be without TLS; write https://", text=text))
    return text


def _domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text):
        raise ValueError(
            t('{text!r} is no domain of mail addresses, such as "example.com", in small letters', text=text)
        )
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9.-]+", text):
        raise ValueError(
            t('{text!r} is no name of a host, such as "keys.example.com", without scheme or port', text=text)
        )
    return text


class OidcSettings(BaseModel, extra="forbid", frozen=True):
    """Single sign-on by OpenID Connect (docs/how-to/single-sign-on.md); it needs the extra `agi-app[oidc]`."""

    name: str = Field(
        min_length=1, max_length=40, description=template("what people know it as, on the button of the sign-in")
    )
    issuer: Annotated[str, AfterValidator(_issuer)] = Field(
        description=template("the issuer, as its discovery document has it; https, unless it is this machine")
    )
    client_id: str = Field(
        min_length=1, max_length=300, description=template("the id that the issuer gave to the console")
    )
    client_secret: str = Field(
        "",
        description=template("its secret; better use client_secret_file, or a credential; empty: it has none"),
        repr=False,
    )
    client_secret_file: Path | None = Field(
        None, description=template("a file that holds client_secret and nothing else; the worker alone reads it")
    )
    roles_claim: str = Field(
        "roles",
        min_length=1,
        max_length=200,
        description=template("the claim of the ID token that says the roles; with dots one inside another"),
    )
    roles: dict[str, RoleName] = Field(
        min_length=1,
        description=template("which value of that claim gives which role; without any of them nobody can sign in"),
    )
    name_claim: str = Field(
        "preferred_username",
        min_length=1,
        max_length=200,
        description=template("the claim from which a new account gets its name"),
    )
    email_domains: tuple[Annotated[str, AfterValidator(_domain)], ...] = Field(
        (), description=template("only people with a verified mail address in one of these domains; empty: all")
    )
    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        (),
        description=template("further hosts that may be asked, for an issuer that has its keys elsewhere"),
    )

    @model_validator(mode="after")
    def _one_secret(self) -> OidcSettings:
        if self.client_secret and self.client_secret_file is not None:
            raise ValueError(t("give client_secret or client_secret_file, not both"))
        return self

    @property
    def may_have(self) -> frozenset[str]:
        """The hosts that are asked, and no others."""
        return frozenset({urlsplit(self.issuer).hostname or "", *self.hosts})


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
    oidc: OidcSettings | None = Field(None, description="single sign-on, [console.oidc]; none: passwords alone")

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
