"""FastAGI as Asterisk speaks it: what it says first, what it is told, how it answers.

Asterisk connects and sends one ``name: value`` a line (``agi_network: yes``, the script's name from the URL, then
``agi_request`` and the rest, the arguments last) and an empty line. Then it takes one command a line and answers
each: ``200 result=1``, ``200 result=0 (text)``, ``510`` for a command that it does not know, ``511`` for one that a
hung-up channel cannot take, ``520-`` and more lines up to ``520`` for wrong arguments. ``HANGUP`` may come between any
two lines. It reads a command with stdio, so a second command that came along with the first one would not be seen
until a third arrives: send one, wait for its answer. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

HEADER_LIMIT = 16 * 1024  # bytes; Asterisk sends less than 1 KiB and what the arguments have
LINES_LIMIT = 100  # Asterisk sends 25 and the arguments
LINE_LIMIT = 1200  # bytes of a command: one segment of TCP, so that half a line, at which Asterisk waits, never comes
HANGUP = "HANGUP"
_NAME = re.compile(r"^agi_[a-z0-9_]{1,40}$")
_VARIABLE = re.compile(r"^_{0,2}[A-Z][A-Z0-9_]{0,60}$")
_REPLY = re.compile(r"^(\d{3})([ -])(?:result=(-?\d++))?(.*)$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


class BadAgi(ValueError):
    """The peer does not speak AGI; the message says how it went wrong."""


@dataclass(frozen=True, slots=True)
class AgiRequest:
    """What Asterisk says of a channel when it asks. Texts are as the network sent them: trust none of it."""

    script: str
    channel: str  # PJSIP/carrier-a-00000001
    unique_id: str
    caller: str | None  # as sent; None when there is none or it is withheld
    caller_name: str
    called: str
    context: str
    arguments: tuple[str, ...]

    @property
    def endpoint(self) -> str:
        """Whose channel it is, without its serial number: PJSIP/carrier-a. Asterisk says so, no caller can forge it."""
        head, _, serial = self.channel.partition(";")[0].rpartition("-")
        return head if head and serial else self.channel


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's answer to a command; ``result`` is None when the command failed."""

    code: int
    result: int | None
    text: str = ""
    more: bool = False  # lines of help follow, up to one that begins with the same code and a space

    @property
    def dead(self) -> bool:
        """The caller has hung up."""
        return self.code == 511 or self.result == -1


def parse_request(header: bytes) -> AgiRequest:
    """All that Asterisk said before the empty line. Raises BadAgi."""
    if len(header) > HEADER_LIMIT:
        raise BadAgi(f"the request has more than {HEADER_LIMIT} bytes")
    lines = header.rstrip(b"\n").split(b"\n")
    if len(lines) > LINES_LIMIT:
        raise BadAgi(f"the request has more than {LINES_LIMIT} lines")
    said: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        name, found, value = line.decode("utf-8", "replace").partition(":")
        if not found or not _NAME.match(name):
            raise BadAgi(f"line {number} of the request is not «agi_…: value»")
        said.setdefault(name, clean(value.strip()))
    if said.get("agi_network") != "yes" or "agi_channel" not in said:
        raise BadAgi("the request lacks agi_network or agi_channel")
    return _request(said)


def _request(said: Mapping[str, str]) -> AgiRequest:
    script = said.get("agi_network_script", "").partition("?")[0].strip("/")
    arguments: list[str] = []
    while (argument := said.get(f"agi_arg_{len(arguments) + 1}")) is not None:
        arguments.append(argument)
    caller = said.get("agi_callerid", "unknown")
    name = said.get("agi_calleridname", "unknown")
    return AgiRequest(
        script=script,
        channel=said["agi_channel"],
        unique_id=said.get("agi_uniqueid", ""),
        caller=None if caller in ("", "unknown") or withheld(said.get("agi_callingpres", "0")) else caller,
        caller_name="" if name == "unknown" else name,
        called=said.get("agi_extension", ""),
        context=said.get("agi_context", ""),
        arguments=tuple(arguments),
    )


def withheld(presentation: str) -> bool:
    """Whether the caller asked not to show the number (Asterisk's number, AST_PRES_RESTRICTION)."""
    return presentation.isdecimal() and int(presentation) & 0x60 == 0x20


def clean(text: str) -> str:
    """Without what could end a line or play tricks on a terminal."""
    return _CONTROL.sub("", text)


def set_variable(name: str, value: str) -> bytes:
    """The command that sets a channel variable. Raises ValueError for a name or value that cannot be sent."""
    if not _VARIABLE.match(name):
        raise ValueError(f"{name!r} is no name for a variable")
    if _CONTROL.search(value):
        raise ValueError(f"the value of {name} has a line break or a control character in it")
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    line = f'SET VARIABLE {name} "{quoted}"\n'.encode()
    if len(line) >= LINE_LIMIT:
        raise ValueError(f"the value of {name} is too long")
    return line


def parse_reply(line: bytes) -> Reply:
    """One line of Asterisk that is not HANGUP. Raises BadAgi."""
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    match = _REPLY.match(text)
    if match is None:
        raise BadAgi("Asterisk's answer does not begin with a number")
    code, mark, result, rest = match.groups()
    return Reply(int(code), None if result is None else int(result), clean(rest.strip()), mark == "-")
