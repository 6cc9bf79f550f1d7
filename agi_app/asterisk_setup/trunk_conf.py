"""A carrier's trunk as text of pjsip.conf, and the file of ours in which the trunks are. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from agi_app.asterisk_setup.plan import NO_TRUNK
from agi_app.errors import InputError
from agi_app.messages import t

Protocol = Literal["udp", "tcp", "tls"]
HEAD = "; Trunks of `agi-app trunk add`; `agi-app trunk remove NAME` takes one away.\n"
CONTEXT = "agi-app-from-trunk"
TRANSPORT_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}
QUALIFY_S = 30
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
_CODEC = re.compile(r"[a-z0-9]{2,12}")
# A carrier that refuses or is silent for an hour has us back when it is well: Asterisk alone gives up after ten times.
_GOES_ON = (
    "retry_interval = 60\nforbidden_retry_interval = 300\nfatal_retry_interval = 300\nmax_retries = 1000000000\n"
    "auth_rejection_permanent = no\n"
)
# That mean something of their own as sections of pjsip.conf, to Asterisk or to those who write it.
TAKEN = ("anonymous", "default_outbound_endpoint", "artificial", "general", "global", "globals", "system", "default")
LARGEST = {4: 8, 6: 16}  # the shortest prefix of a network from which a carrier's calls come, by version of IP
_BLOCK = re.compile(r"^;; begin (\S+)\n(.*?)^;; end \1\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class CarrierTrunk:
    """What a carrier says of its trunk. ``user`` "": it knows us by our address. ``port`` 0: the usual one."""

    name: str
    host: str
    port: int = 0
    protocol: Protocol = "udp"
    srtp: bool = False
    user: str = ""
    password: str = ""
    register: bool = False
    number: str = ""  # that it wants in our registration
    from_domain: str = ""
    matches: tuple[str, ...] = ()  # addresses and networks of which calls come in; none: the host
    codecs: tuple[str, ...] = ("alaw", "ulaw")

    @property
    def uri(self) -> str:
        """Where its calls go."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"sip:{host}{port}" + ("" if self.protocol == "udp" else f";transport={self.protocol}")


def checked(trunk: CarrierTrunk) -> CarrierTrunk:
    """The trunk, when Asterisk would read its file as it is meant. Raises InputError."""
    if not _NAME.fullmatch(trunk.name):
        told = "{name}: a trunk's name has letters, digits, - and _, such as carrier-a"
        raise InputError(t(told, name=trunk.name))
    if trunk.name.lower() in TAKEN or trunk.name.lower().startswith("agi-app"):
        told = "{name}: means something else in pjsip.conf or to agi-app: give the trunk another name"
        raise InputError(t(told, name=trunk.name))
    for host in (trunk.host, trunk.from_domain or trunk.host, *(match.partition("/")[0] for match in trunk.matches)):
        if not (_is_address(host) or _HOST.fullmatch(host)):
            raise InputError(t("{host}: is neither a host name nor an address", host=host))
    for host in (trunk.host, *trunk.matches):
        if _is_address(host) and not _is_of_one(host):
            raise InputError(t("{host}: is not the address of a carrier", host=host))
    _checked_networks(trunk.matches)
    for codec in trunk.codecs or ("",):
        if not _CODEC.fullmatch(codec):
            raise InputError(t("{codec!r}: is not a codec, such as alaw", codec=codec))
    _checked_login(trunk)
    return trunk


def _checked_networks(matches: Sequence[str]) -> None:
    for match in (one for one in matches if "/" in one):
        if not _is_network(match):
            raise InputError(t("{match}: is not a network, such as 192.0.2.0/24", match=match))
        network = ipaddress.ip_network(match)
        if network.prefixlen < LARGEST[network.version]:
            told = "{match}: would take calls of strangers for the carrier's: name the carrier's own networks"
            raise InputError(t(told, match=match))


def _checked_login(trunk: CarrierTrunk) -> None:
    for text in (trunk.user, trunk.password, trunk.number):
        if text != text.strip() or any(not sign.isprintable() for sign in text):
            raise InputError(t("user, password and number have no blanks around them and no control characters"))
    if trunk.user and not trunk.password:
        raise InputError(t("the carrier's password is empty: type it, pipe it in, or name a file by --password-file"))
    if trunk.register and not trunk.user:
        raise InputError(t("--register needs --auth USER: Asterisk registers as that user"))


def host_and_port(text: str) -> tuple[str, int]:
    """``sip.example:5070`` or ``[2001:db8::1]:5070`` as host and port, 0 for none. Raises InputError."""
    found = re.fullmatch(r"(\[[^\]]+\]|[^:\[\]]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)(?::(\d{1,5}))?", text)
    if found is None or int(found[2] or 1) not in range(1, 65536):
        raise InputError(t("{host}: is neither a host name nor an address", host=text))
    return found[1].strip("[]"), int(found[2] or 0)


def block_of(trunk: CarrierTrunk, transport: str, identify: Sequence[str]) -> str:
    """The sections of a trunk. ``identify``: from which addresses calls are its own; none: they are another's."""
    name, uri = trunk.name, _escaped(trunk.uri)
    parts = [_endpoint(trunk, transport)]
    parts.append(f"[{name}]\ntype = aor\ncontact = {uri}\nqualify_frequency = {QUALIFY_S}\n")
    if trunk.user:
        parts.append(
            f"[{name}]\ntype = auth\nauth_type = digest\nusername = {_escaped(trunk.user)}\n"
            f"password = {_escaped(trunk.password)}\n"
        )
    if trunk.register:
        ours = f"sip:{_in_uri(trunk.user)}@" + trunk.uri.removeprefix("sip:")
        parts.append(
            f"[{name}]\ntype = registration\ntransport = {transport}\noutbound_auth = {name}\nserver_uri = {uri}\n"
            f"client_uri = {_escaped(ours)}\ncontact_user = {_in_uri(trunk.number or trunk.user)}\n"
            f"max_random_initial_delay = 0\n{_GOES_ON}"
        )
    if identify:
        parts.append(
            f"[{name}]\ntype = identify\nendpoint = {name}\n" + "".join(f"match = {one}\n" for one in identify)
        )
    return "\n".join(parts)


def _endpoint(trunk: CarrierTrunk, transport: str) -> str:
    name = trunk.name
    lines = [
        f"[{name}]",
        "type = endpoint",
        f"transport = {transport}",
        f"context = {CONTEXT}",
        "disallow = all",
        f"allow = {','.join(trunk.codecs)}",
        f"aors = {name}",
        *([f"outbound_auth = {name}"] if trunk.user else ()),
        *([f"from_domain = {trunk.from_domain}"] if trunk.from_domain else ()),
        "direct_media = no",
        "dtmf_mode = auto",
        "rtp_symmetric = yes",
        "force_rport = yes",
        "rewrite_contact = yes",
        "trust_id_inbound = no",
        "identify_by = ip",
        "allow_transfer = no",
        "rtp_timeout = 60",
        *(["media_encryption = sdes"] if trunk.srtp else ()),
    ]
    return "\n".join(lines) + "\n"


def transport_block(name: str, protocol: Protocol, bind: str, ca_file: str) -> str:
    """A transport of ours, for a protocol that Asterisk has none of. With TLS the carrier's certificate is checked."""
    lines = [f"[{name}]", "type = transport", f"protocol = {protocol}", f"bind = {bind}"]
    if protocol == "tls":
        lines += ["method = tlsv1_2", "verify_server = yes", f"ca_list_file = {ca_file}"]
    return "\n".join(lines) + "\n"


def transport_name(protocol: Protocol, *, six: bool = False, number: int = 1) -> str:
    """Of our own one. ``six``: of IPv6. ``number``: there are several of TLS, one for each file of certificates."""
    return f"agi-app-{protocol}{'6' if six else ''}" + (f"-{number}" if number > 1 else "")


def blocks(text: str) -> dict[str, str]:
    """The blocks of our file by their names, in order."""
    return {found[1]: found[2] for found in _BLOCK.finditer(text)}


def with_block(text: str, name: str, block: str) -> str:
    """The file with this block, instead of the one that had its name; what else is in it stays."""
    new = f";; begin {name}\n{block}\n;; end {name}\n".replace("\n\n;; end", "\n;; end")
    for found in _BLOCK.finditer(text):
        if found[1] == name:
            return text[: found.start()] + new + text[found.end() :]
    return ("" if text == NO_TRUNK else text or HEAD) + (HEAD if text == NO_TRUNK else "") + "\n" + new


def without_block(text: str, name: str) -> str:
    """The file without a block."""
    for found in _BLOCK.finditer(text):
        if found[1] == name:
            left = text[: found.start()].removesuffix("\n") + text[found.end() :]
            return NO_TRUNK if left == HEAD.removesuffix("\n") or left == HEAD else left
    return text


def _escaped(text: str) -> str:
    return text.replace(";", "\\;")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_of_one(address: str) -> bool:
    """Whether one host may have it."""
    known = ipaddress.ip_address(address)
    return not (known.is_unspecified or known.is_multicast or address == "255.255.255.255")


def _in_uri(user: str) -> str:
    """As the part before the @ of a SIP URI."""
    return quote(user, safe="-_.!~*()&=+$,?/")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
