"""The journal of the system (journald): log lines with fields that it can be searched by.

``journalctl AGI_APP_CAMPAIGN=reminder PRIORITY=3`` then finds a campaign's errors without reading text. A line that the
journal does not take at once is lost and counted: nobody on a call waits for a log.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from typing import Any

from logging_journald import JournaldTransport, check_journal_stream

IDENTIFIER = "agi-app"
FIELD = "AGI_APP_"
LONGEST_NAME = 64  # of a field, which is what the journal takes
PRIORITIES = {"critical": 2, "error": 3, "exception": 3, "warning": 4, "info": 6, "debug": 7}  # of syslog
_NO_LETTER = re.compile(r"[^A-Z0-9_]")


def has_standard_error() -> bool:
    """Whether what this process writes on standard error goes into the journal."""
    with suppress(ValueError, OSError):  # a variable that somebody made up
        return bool(check_journal_stream())
    return False


def prefixed(text: str, level: str) -> str:
    """Text for a standard error that the journal reads, each line with its priority."""
    return "\n".join(f"<{PRIORITIES[level]}>{line}" for line in text.split("\n"))


class JournalLogger:
    """What structlog hands its lines to: ``message`` is what people read, ``event`` has the fields."""

    def __init__(self) -> None:
        """A journal that is not there, or begins again, is found by its address with each line."""
        self._transport = JournaldTransport(connected=False)
        self._transport.socket.setblocking(False)
        self._lost = 0

    def msg(self, *, message: str, event: MutableMapping[str, Any]) -> None:
        """Send one line; never waits, never raises."""
        try:
            self._transport.send(_fields(_text(message), event))
            if self._lost:
                told = f"{self._lost} lines of the log are lost: the journal did not take them"
                self._lost = 0
                self._transport.send(_fields(told, {"level": "warning"}))
        except OSError:
            self._lost += 1
            with suppress(OSError, ValueError):  # nobody reads it, or it is closed
                if self._lost == 1:
                    sys.stderr.write(prefixed(f"the journal does not take lines: {message}", "warning") + "\n")

    log = debug = info = warning = error = critical = exception = fatal = msg


def as_message(event: MutableMapping[str, Any]) -> str:
    """The line as people read it; the journal has its time and its priority beside it."""
    words = str(event.get("event", ""))
    values = (f"{name}={_text(value)}" for name, value in event.items() if name not in _NOT_SHOWN)
    trace = event.get("exception")
    return " ".join((words, *values)) + (f"\n{trace}" if trace else "")


_NOT_SHOWN = ("event", "level", "timestamp", "exception")


def _fields(message: str, event: MutableMapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "MESSAGE", message
    yield "PRIORITY", PRIORITIES.get(str(event.get("level")), PRIORITIES["info"])
    yield "SYSLOG_IDENTIFIER", IDENTIFIER
    for name, value in event.items():
        if name not in _NOT_SHOWN and value is not None:
            yield (FIELD + _NO_LETTER.sub("_", name.upper()))[:LONGEST_NAME], _text(value)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    return text.encode("utf-8", "replace").decode()  # half a character would end the line that is logged
