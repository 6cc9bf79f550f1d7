"""FastAGI as Asterisk speaks it: what it says first, what it can be asked, how it answers.

Asterisk connects and sends one ``name: value`` a line (``agi_network: yes``, the script's name from the URL, then
``agi_request`` and the rest, the arguments last) and an empty line. Then it takes one command a line and answers
each: ``200 result=1``, ``200 result=0 (text)``, ``510`` for a command that it does not know, ``511`` for one that a
hung-up channel cannot take, ``520-`` and more lines up to ``520`` for wrong arguments. ``HANGUP`` may come between any
two lines. It reads a command with stdio, so a second command that came along with the first one would not be noticed
until a third arrives: send one, wait for its answer. Pure.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from agi_app.messages import t

HEADER_LIMIT = 16 * 1024  # bytes; Asterisk sends less than 1 KiB and what the arguments have
LINES_LIMIT = 100  # Asterisk sends 25 and the arguments
LINE_LIMIT = 1200  # bytes of a command: one segment of TCP, so that half a line, at which Asterisk waits, never comes
HANGUP = "HANGUP"
_TOKEN = b"agi_arg_1:"
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
    called: str
    context: str
    arguments: tuple[str, ...]
    doubtful: bool = False  # somebody wrote lines of it who is not Asterisk: there are no caller and no arguments

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


# res_agi.c, setup_env and launch_netscript: each once, in this order, then the arguments. What stands before the
# caller's number is Asterisk's own, or the dialplan's; from there on a caller's line break could add lines.
ORDER = (
    *("agi_network", "agi_network_script", "agi_request", "agi_channel", "agi_language", "agi_type", "agi_uniqueid"),
    *("agi_version", "agi_callerid", "agi_calleridname", "agi_callingpres", "agi_callingani2", "agi_callington"),
    *("agi_callingtns", "agi_dnid", "agi_rdnis", "agi_context", "agi_extension", "agi_priority", "agi_enhanced"),
    *("agi_accountcode", "agi_threadid"),
)
CALLERS_OWN = ORDER.index("agi_callerid")


def shows(header: bytes, token: bytes) -> bool:
    """Whether the first argument is this token; a caller, who cannot know it, may have written lines before it."""
    given = [line[len(_TOKEN) :].strip() for line in header.split(b"\n") if line.startswith(_TOKEN)]
    return any(hmac.compare_digest(one, token) for one in given)


def parse_request(header: bytes) -> AgiRequest:
    """All that Asterisk said before the empty line. Raises BadAgi.

    Lines that are not those of Asterisk, each once and in its order, make the whole doubtful: it is then a question
    about an unknown caller to an unknown number, of which only what is before the caller's own words is believed.
    """
    if len(header) > HEADER_LIMIT:
        raise BadAgi(t("the request has more than {header_limit} bytes", header_limit=HEADER_LIMIT))
    lines = [_pair(line) for line in header.rstrip(b"\n").split(b"\n")]
    names = [name for name, _ in lines]
    if tuple(names[:CALLERS_OWN]) != ORDER[:CALLERS_OWN] or lines[0][1] != "yes":
        raise BadAgi(t("the request does not begin with {order} …", order=", ".join(ORDER[:4])))
    arguments = [f"agi_arg_{number}" for number in range(1, len(names) - len(ORDER) + 1)]
    if names == [*ORDER, *arguments] and len(names) <= LINES_LIMIT:
        return _request(dict(lines))
    return _request(dict(lines[:CALLERS_OWN]), doubtful=True)


def _pair(line: bytes) -> tuple[str, str]:
    name, found, value = line.decode("utf-8", "replace").partition(":")
    return name if found else "", clean(value.strip())


def _request(said: Mapping[str, str], *, doubtful: bool = False) -> AgiRequest:
    arguments: list[str] = []
    while (argument := said.get(f"agi_arg_{len(arguments) + 1}")) is not None:
        arguments.append(argument)
    caller = said.get("agi_callerid", "unknown")
    return AgiRequest(
        script=said["agi_network_script"].partition("?")[0].strip("/"),
        channel=said["agi_channel"],
        unique_id=said["agi_uniqueid"],
        caller=None if caller in ("", "unknown") or withheld(said["agi_callingpres"]) else caller,
        called=said.get("agi_extension", ""),
        context=said.get("agi_context", ""),
        arguments=tuple(arguments),
        doubtful=doubtful,
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
        raise ValueError(f"{name!r} is not a name for a variable")
    if _CONTROL.search(value):
        raise ValueError(f"the value of {name} has a line break or a control character in it")
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    line = f'SET VARIABLE {name} "{quoted}"\n'.encode()
    if len(line) >= LINE_LIMIT:
        raise ValueError(f"the value of {name} is too long")
    return line


def parse_reply(line: bytes) -> Reply:
    """One line of Asterisk that is not HANGUP. Raises BadAgi."""
    if (match := _REPLY.match(line.decode("utf-8", "replace").rstrip("\r\n"))) is None:
        raise BadAgi(t("Asterisk's answer does not begin with a number"))
    code, mark, result, rest = match.groups()
    return Reply(int(code), None if result is None else int(result), clean(rest.strip()), mark == "-")
