"""The address of a database of others: what it must have, and how it is reached. Pure, except for one look for a file.

Only what is written in the address counts, nothing of the environment. To another machine the connection is encrypted
and the server's certificate and name are verified; a socket or an address of the loopback needs none of that.
"""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from agi_app.config.database_url import WRITTEN
from agi_app.config.database_url import fault_in as fault_of_form
from agi_app.messages import t

VERIFIED = "verify-full"
_KNOWN = {
    *("host", "hostaddr", "port", "dbname", "user", "password", "passfile", "connect_timeout", "target_session_attrs"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation", "sslcertmode"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version", "channel_binding", "require_auth"),
}
# Where authorities are that everybody knows; the library that connects has no place of its own for them.
_AUTHORITIES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


@dataclass(frozen=True, slots=True)
class OthersPlace:
    """Which database it is and as whom it is used, without the password."""

    user: str
    host: str
    port: str
    database: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"


def fault_in(address: str) -> str | None:
    """What is wrong with an address, without any part of its password; None when nothing is."""
    parts = _parts(address)
    if parts is None:
        return fault_of_form(address) or t("must be written {written}", written=WRITTEN)
    if missing := [name for name in ("host", "user", "dbname") if not parts.get(name)]:
        return t("names no {missing}: write it as {written}", missing=", ".join(missing), written=WRITTEN)
    if other := sorted(set(parts) - _KNOWN):
        return t("{other}: is not accepted in this address; leave it out", other=", ".join(other))
    if not is_local(address) and parts.get("sslmode", VERIFIED) != VERIFIED:
        told = "sslmode is {mode}: to another machine it must be {verified}, which is also what leaving it out means"
        return t(told, mode=parts["sslmode"], verified=VERIFIED)
    if not is_local(address) and _authorities(parts) is None:
        return t("names no certificate of an authority: write sslrootcert=FILE, with the one of your database's server")
    return None


def place(address: str) -> OthersPlace:
    """Where it is; ``address`` has no fault."""
    parts = _parts(address) or {}
    port = parts.get("port") or "5432"
    return OthersPlace(parts.get("user", ""), parts.get("host", ""), port, parts.get("dbname", ""))


def is_local(address: str) -> bool:
    """Whether the connection cannot leave this machine: each of its hosts is a socket or of the loopback."""
    parts = _parts(address) or {}
    return all(_local(host) for host in (parts.get("hostaddr") or parts.get("host", "")).split(","))


def prepared(address: str, connect_s: float) -> str:
    """The whole address for the library; nothing of it comes from the environment. ``address`` has no fault."""
    parts = _parts(address) or {}
    whole = dict.fromkeys(("hostaddr", "options", "passfile", "password", "sslcert", "sslkey", "sslcrl"), "")
    whole |= {
        "port": "5432",
        "application_name": "agi-app exchange",
        "client_encoding": "UTF8",
        "gssencmode": "disable",
    }
    if not is_local(address) or parts.get("sslmode") == VERIFIED:
        whole |= {"sslmode": VERIFIED, "sslrootcert": _authorities(parts) or ""}
        parts = {name: value for name, value in parts.items() if name != "sslrootcert"}
    whole |= {"keepalives_idle": "5", "keepalives_interval": "2", "keepalives_count": "3", "tcp_user_timeout": "10000"}
    return make_conninfo(**(whole | parts | {"connect_timeout": str(max(2, round(connect_s)))}))


def _parts(address: str) -> dict[str, str] | None:
    if not address or fault_of_form(address) is not None:
        return None
    try:
        return {name: str(value) for name, value in conninfo_to_dict(address).items()}
    except psycopg.Error:
        return None


def _local(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _authorities(parts: dict[str, str]) -> str | None:
    named = parts.get("sslrootcert", "")
    if named and named != "system":
        return named
    found = (ssl.get_default_verify_paths().cafile, *_AUTHORITIES)
    return next((file for file in found if file and Path(file).is_file()), None)
