"""Whether a database's address is written so that its password stays a password. Pure.

PostgreSQL's library takes what comes after an unescaped ``@`` of a password for the host, and tells it in its errors.
So such an address is refused before, in words that hold no part of it.
"""

from __future__ import annotations

import re

from agi_app.messages import spoken, t, template

SCHEMES = ("postgresql://", "postgres://")
WRITTEN = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"
_ESCAPES = template("in the user and the password write @ as %40, / as %2F, : as %3A, % as %25 and a space as %20")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEYWORDS = re.compile(r"\s*[a-z_]+\s*=")
_PORT = re.compile(r":([^:\]]*)$")


def fault_in(address: str) -> str | None:
    """What is wrong with an address, without any part of it; None when it is well."""
    if not address:
        return None
    scheme = next((scheme for scheme in SCHEMES if address.startswith(scheme)), None)
    if scheme is None:
        return (
            None
            if _KEYWORDS.match(address)
            else t("must be written {written}{other_signs}", written=WRITTEN, other_signs=_other_signs(address))
        )
    rest = address[len(scheme) :]
    signs = [sign for sign in rest if sign in "@/"]
    if "@" in signs[1:] or _BAD_PERCENT.search(rest):
        return t("must be written {written}; {escapes}", written=WRITTEN, escapes=spoken(_ESCAPES))
    hosts = re.split(r"[/?]", rest.rpartition("@")[2], maxsplit=1)[0]
    if any((port := _PORT.search(host)) and not re.fullmatch("[0-9]{0,5}", port[1]) for host in hosts.split(",")):
        return t(
            "must be written {written}: the port is not a number{other_signs}",
            written=WRITTEN,
            other_signs=_other_signs(address),
        )
    if not hosts.isascii() or re.search(r"\s", hosts):
        return t(
            "must be written {written}: the host name is not valid{other_signs}",
            written=WRITTEN,
            other_signs=_other_signs(address),
        )
    return None


def _other_signs(address: str) -> str:
    """A full-width ``：`` or ``＠`` is not named: it may be of the password."""
    return "" if address.isascii() else t("; it has signs that are not ASCII: type : / and @ with an English keyboard")
