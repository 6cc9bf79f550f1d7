"""SIP messages (RFC 3261): reading, writing, and the few words of SDP (RFC 4566) that a telephone needs."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "k": "supported",
    "s": "subject",
    "e": "content-encoding",
    "r": "refer-to",
    "b": "referred-by",
    "x": "session-expires",
}
REASONS = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress", 200: "OK",
    202: "Accepted", 300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily", 305: "Use Proxy",
    380: "Alternative Service", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required",
    408: "Request Timeout", 410: "Gone", 480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist",
    484: "Address Incomplete", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
    491: "Request Pending", 500: "Server Internal Error", 503: "Service Unavailable", 600: "Busy Everywhere",
    603: "Decline", 604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}  # fmt: skip
_counter = itertools.count(1)


def token(size: int = 6) -> str:
    """A random tag, branch or Call-ID part."""
    return secrets.token_hex(size)


def branch() -> str:
    """A Via branch with the magic cookie of RFC 3261, 8.1.1.7."""
    return f"z9hG4bK{token(8)}"


@dataclass(slots=True)
class Message:
    """One request or response. Header names are kept as they came; look-ups know no case and no compact form."""

    first: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def is_request(self) -> bool:
        return not self.first.startswith("SIP/2.0")

    @property
    def method(self) -> str:
        """Of a request its method, of a response that of CSeq."""
        if self.is_request:
            return self.first.split(" ", 1)[0]
        return self.get("cseq").rpartition(" ")[2].strip().upper()

    @property
    def uri(self) -> str:
        parts = self.first.split(" ")
        return parts[1] if len(parts) > 2 else ""

    @property
    def status(self) -> int:
        parts = self.first.split(" ", 2)
        return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0

    def get(self, name: str) -> str:
        """The first field of that name, empty if there is none."""
        found = self.all(name)
        return found[0] if found else ""

    def all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if COMPACT.get(key.lower(), key.lower()) == wanted]

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    @property
    def cseq(self) -> int:
        number = self.get("cseq").split(" ", 1)[0]
        return int(number) if number.isdigit() else 0

    @property
    def branch(self) -> str:
        return parameter(self.get("via"), "branch")

    @property
    def sdp(self) -> Sdp | None:
        return Sdp.read(self.body) if self.body and "sdp" in self.get("content-type").lower() else None

    def wire(self) -> bytes:
        """As it is sent; Content-Length is added."""
        lines = [self.first, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body


def read(data: bytes) -> Message | None:
    """None if it is no SIP message (a keep-alive, say)."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "surrogateescape")).split("\r\n")
    if not lines or "SIP/2.0" not in lines[0]:
        return None
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip(), value.strip()))
    return Message(lines[0], headers, body)


def parameter(value: str, name: str) -> str:
    """A ;name=value of a header field, empty if absent."""
    found = re.search(rf";\s*{name}\s*=\s*\"?([^;,\s\">]+)", value, re.IGNORECASE)
    return found[1] if found else ""


def address(value: str) -> str:
    """The URI in a From, To or Contact field."""
    found = re.search(r"<([^>]*)>", value)
    return found[1] if found else value.split(";", 1)[0].strip()


def user(uri: str) -> str:
    """The user part of a sip: URI, empty if it has none."""
    found = re.match(r"sips?:([^@;>]*)@", uri.strip(), re.IGNORECASE)
    return found[1].split(":", 1)[0] if found else ""


def display_name(value: str) -> str:
    return value.partition("<")[0].strip().strip('"')


def response(
    request: Message,
    status: int,
    *,
    tag: str = "",
    reason: str = "",
    extra: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Message:
    """The response to a request, with Via, From, To, Call-ID and CSeq as RFC 3261, 8.2.6 wants them."""
    to = request.get("to")
    if tag and ";tag=" not in to:
        to = f"{to};tag={tag}"
    headers = [("Via", via) for via in request.all("via")]
    headers += [("Record-Route", route) for route in request.all("record-route")] if status < 300 else []
    headers += [("From", request.get("from")), ("To", to), ("Call-ID", request.call_id), ("CSeq", request.get("cseq"))]
    headers += list(extra)
    if body:
        headers.append(("Content-Type", "application/sdp"))
    return Message(f"SIP/2.0 {status} {reason or REASONS.get(status, 'Whatever')}", headers, body)


@dataclass(slots=True)
class Sdp:
    """What a far end needs of an SDP: where the audio goes, and which payload types mean what."""

    host: str = ""
    port: int = 0
    payloads: list[int] = field(default_factory=list)
    maps: dict[int, str] = field(default_factory=dict)
    direction: str = "sendrecv"
    profile: str = "RTP/AVP"
    attributes: list[str] = field(default_factory=list)

    @property
    def telephone_event(self) -> int | None:
        """The payload type of RFC 4733 at 8 kHz, None if it is not offered."""
        return next((pt for pt, name in self.maps.items() if name.lower().startswith("telephone-event/8000")), None)

    @classmethod
    def read(cls, body: bytes) -> Sdp:
        found = cls()
        in_audio = False
        for raw in body.decode("utf-8", "replace").splitlines():
            kind, _, value = raw.strip().partition("=")
            words = value.split()
            if kind == "m":
                in_audio = value.startswith("audio") and not found.payloads
                if in_audio and len(words) > 3:
                    found.port, found.profile = int(words[1]), words[2]
                    found.payloads = [int(word) for word in words[3:] if word.isdigit()]
            elif kind == "c" and len(words) == 3 and (in_audio or not found.host):
                found.host = words[2]
            elif kind == "a" and in_audio:
                found.attributes.append(value)
                if value.startswith("rtpmap:") and len(words) > 1:
                    found.maps[int(words[0][7:])] = words[1]
                elif value in {"sendrecv", "sendonly", "recvonly", "inactive"}:
                    found.direction = value
        return found


KNOWN = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000", 18: "G729/8000", 13: "CN/8000", 3: "GSM/8000"}


def sdp(
    host: str,
    port: int,
    payloads: Sequence[int] = (0,),
    *,
    event: int | None = 101,
    direction: str = "sendrecv",
    attributes: Sequence[str] = (),
    profile: str = "RTP/AVP",
    connection: str = "",
    version: int = 1,
) -> bytes:
    """An SDP with one audio stream. ``connection`` replaces the c= line's address (0.0.0.0 is the old hold)."""
    kind = "IP6" if ":" in (connection or host) else "IP4"
    types = [*payloads, *([event] if event is not None else [])]
    lines = [
        "v=0",
        f"o=witness {next(_counter)} {version} IN {'IP6' if ':' in host else 'IP4'} {host}",
        "s=-",
        f"c=IN {kind} {connection or host}",
        "t=0 0",
        f"m=audio {port} {profile} {' '.join(map(str, types))}",
        *(f"a=rtpmap:{pt} {KNOWN[pt]}" for pt in payloads if pt in KNOWN),
    ]
    if event is not None:
        lines += [f"a=rtpmap:{event} telephone-event/8000", f"a=fmtp:{event} 0-16"]
    lines += ["a=ptime:20", *(f"a={line}" for line in attributes), f"a={direction}"]
    return ("\r\n".join(lines) + "\r\n").encode()
