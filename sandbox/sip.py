"""SIP messages and calls as the carrier saw them, read from a capture: agi-app is judged by this, not by its logs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from sandbox.pcap import Address, Datagram, read_datagrams

_SHORT = {"i": "call-id", "f": "from", "t": "to", "v": "via", "m": "contact", "l": "content-length"}
_USER = re.compile(r"sips?:([^@;>]*)@")
_REQUEST_USER = re.compile(r"^[A-Z]+ sips?:([^@;> ]*)@")
_AUDIO = re.compile(r"^m=audio ([0-9]+) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SipMessage:
    """One request (``method``) or response (``status``); ``at`` is in seconds since the epoch."""

    at: float
    source: Address
    target: Address
    method: str | None
    status: int | None
    call_id: str
    from_user: str
    to_user: str
    to_tag: bool
    cseq: int
    cseq_method: str
    raw_headers: str
    media_port: int | None = None  # where its SDP wants the sound
    request_user: str = ""  # whom a request is for

    def header(self, name: str) -> str | None:
        """The first header of that name, without its name."""
        return _headers(self.raw_headers).get(name.lower())


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """All of one Call-ID. Times are in seconds since the epoch, None if it did not happen.

    ``invites`` counts first INVITEs and their repeats, not re-INVITEs. ``ended_at`` is the final refusal, the end of
    a CANCEL (487) or the answer to a BYE. ``from_port`` is the SIP port that it came from: which Asterisk it was.
    """

    call_id: str
    from_user: str
    to_user: str
    invite_at: float
    last_invite_at: float
    last_seen_at: float
    invites: int
    ringing_at: float | None = None
    answered_at: float | None = None
    final_status: int | None = None
    cancel_at: float | None = None
    bye_at: float | None = None
    bye_from: Literal["us", "carrier"] | None = None
    ended_at: float | None = None
    media_port: int | None = None  # the person's, by the answer
    from_port: int = 0

    @property
    def open_until(self) -> float:
        """When it stopped being open to the person; infinity if it still is.

        A call the carrier never answered in any way has no end on the wire: it counts as open until its last message.
        """
        if self.ended_at is not None:
            return self.ended_at
        silent = self.ringing_at is None and self.answered_at is None
        return self.last_seen_at if silent else float("inf")


def read_messages(path: Path) -> Iterator[SipMessage]:
    """Every SIP message of a capture, in order; datagrams that are none are left out. The file may still grow."""
    for datagram in read_datagrams(path):
        message = _message(datagram)
        if message is not None:
            yield message


def read_calls(path: Path, carrier_ports: Collection[int] | None = None) -> list[CarrierCall]:
    """The calls of a capture by time of their INVITE; with ``carrier_ports`` only those sent to such a port."""
    by_id: dict[str, list[SipMessage]] = defaultdict(list)
    for message in read_messages(path):
        by_id[message.call_id].append(replace(message, raw_headers=""))  # most of what a long capture holds
    calls = []
    for messages in by_id.values():
        first = next((m for m in messages if m.method == "INVITE"), None)
        if first is not None and (carrier_ports is None or first.target[1] in carrier_ports):
            calls.append(_call(first, messages))
    return sorted(calls, key=lambda call: call.invite_at)


def overlapping(calls: Iterable[CarrierCall]) -> list[tuple[CarrierCall, CarrierCall]]:
    """Pairs of calls to the same number of which the second began while the first was open."""
    by_person: dict[str, list[CarrierCall]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.invite_at):
        by_person[call.to_user].append(call)
    return [
        (earlier, later)
        for person in by_person.values()
        for place, later in enumerate(person)
        for earlier in person[:place]
        if later.invite_at < earlier.open_until
    ]


def _message(datagram: Datagram) -> SipMessage | None:
    text = datagram.payload.decode("utf-8", "replace")
    start, _, rest = text.partition("\r\n")
    status: int | None = None
    method: str | None = None
    if start.startswith("SIP/2.0 ") and start[8:11].isdigit():
        status = int(start[8:11])
    elif start.endswith(" SIP/2.0"):
        method = start.split(" ", 1)[0]
    else:
        return None
    raw_headers, _, body = rest.partition("\r\n\r\n")
    audio = _AUDIO.search(body)
    headers = _headers(raw_headers)
    number, _, cseq_method = headers.get("cseq", "0 ").partition(" ")
    return SipMessage(
        at=datagram.at,
        source=datagram.source,
        target=datagram.target,
        method=method,
        status=status,
        call_id=headers.get("call-id", ""),
        from_user=_user(headers.get("from", "")),
        to_user=_user(headers.get("to", "")),
        to_tag=";tag=" in headers.get("to", ""),
        cseq=int(number),
        cseq_method=cseq_method.strip(),
        raw_headers=raw_headers,
        media_port=int(audio[1]) if audio else None,
        request_user=_request_user(start) if method else "",
    )


def _headers(raw: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in raw.split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            name = name.strip().lower()
            found.setdefault(_SHORT.get(name, name), value.strip())
    return found


def _user(value: str) -> str:
    found = _USER.search(value)
    return unquote(found[1]) if found else ""


def _request_user(start: str) -> str:
    found = _REQUEST_USER.search(start)
    return unquote(found[1]) if found else ""


def _call(first: SipMessage, messages: list[SipMessage]) -> CarrierCall:
    invites = [m for m in messages if m.method == "INVITE" and not m.to_tag]
    answers = [m for m in messages if m.status is not None and m.cseq_method == "INVITE"]
    ringing = next((m for m in answers if m.status in (180, 181, 182, 183)), None)
    final = next((m for m in answers if m.status is not None and m.status >= 200), None)
    answered = final is not None and final.status is not None and final.status < 300
    bye = next((m for m in messages if m.method == "BYE"), None)
    bye_answered = next((m for m in messages if m.status is not None and m.cseq_method == "BYE"), None)
    ended = bye_answered if answered else final
    cancel = next((m for m in messages if m.method == "CANCEL"), None)
    return CarrierCall(
        call_id=first.call_id,
        from_user=first.from_user,
        to_user=first.to_user,
        invite_at=first.at,
        last_invite_at=invites[-1].at,
        last_seen_at=messages[-1].at,
        invites=len(invites),
        ringing_at=ringing.at if ringing else None,
        answered_at=final.at if answered and final else None,
        final_status=final.status if final else None,
        cancel_at=cancel.at if cancel else None,
        bye_at=bye.at if bye else None,
        bye_from=None if bye is None else "us" if bye.source == first.source else "carrier",
        ended_at=ended.at if ended else None,
        media_port=final.media_port if answered and final else None,
        from_port=first.source[1],
    )
