"""Structured logs on standard error, or with their fields in the system's journal when that is where it leads.

Every line of a call carries its attempt id, and no line a whole number.

The attempt id travels by context variable, so that code deep inside a call needs no logger argument.
"""

from __future__ import annotations

import json as json_text
import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

from agi_app import system_journal
from agi_app.messages import current, speaking
from agi_app.messages.retold import retold
from agi_app.printable import lines

# structlog loads rich and Pygments for tracebacks in colours, which no line of ours has: 3 MiB of each process.
_rich = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment]
import structlog  # noqa: E402

sys.modules.pop("rich")
if _rich is not None:
    sys.modules["rich"] = _rich

# With a plus sign, or bare as in PJSIP/86…@carrier; not inside ids, hashes, decimals or dates.
_NUMBER = re.compile(r"\+\d{7,}|(?<![\w.+-])\d{10,15}(?![\w.-])")
_ENCODE = json_text.JSONEncoder(ensure_ascii=False, default=repr).encode  # made once, not for every line
_NO_WORDS = ("level", "timestamp", "part")
_PLAIN = (int, float, bool, type(None))


def _mask_numbers(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value if key == "timestamp" else _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return without_numbers(lines(value if isinstance(value, str) else repr(value)))  # what others wrote: no orders


def without_numbers(text: str) -> str:
    """The text of others with the middle of each telephone number in it hidden."""
    return _NUMBER.sub(lambda m: f"{m[0][:3]}…{m[0][-2:]}", text)


def _in(language: str) -> Any:
    """Tells the sentences of a line again in a language: they are English where they are made."""

    def told(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        with speaking(language):
            return {k: retold(v) if isinstance(v, str) and k not in _NO_WORDS else v for k, v in event.items()}

    return told


def configure(*, json: bool = False, verbose: bool = False, for_good: bool = False) -> None:
    """Set up logging once for a process: readable lines, or one JSON object a line with ``json``.

    ``for_good``: it is no longer changed, so each logger need not look for it again for every line. Readable lines are
    in the current language; JSON is for programs, and the same in each. In the journal both have their fields beside.
    """
    journal = _journal()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *([] if journal and not json else [structlog.processors.TimeStamper(fmt="iso", utc=True)]),
            *([] if json or current() == "en" else [_in(current())]),
            structlog.processors.format_exc_info,
            _mask_numbers,  # last: exceptions hold numbers, too
            _for_journal(json=json) if journal else _for_stream(json=json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=journal or structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=for_good,
    )


def _for_stream(*, json: bool) -> Any:
    if json:
        return structlog.processors.JSONRenderer(lambda event, **_: _ENCODE(event))
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)


def _for_journal(*, json: bool) -> Any:
    """What a ``JournalLogger`` takes of each line."""

    def rendered(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
        return {"message": _ENCODE(dict(event)) if json else system_journal.as_message(event), "event": event}

    return rendered


def _journal() -> Callable[..., system_journal.JournalLogger] | None:
    """Makes the loggers of a process whose standard error the journal reads; None: it does not."""
    if not system_journal.has_standard_error():
        return None
    logger = system_journal.JournalLogger()
    return lambda *_: logger


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger that says which part of the program speaks."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(part=name)
    return logger


bind_call = structlog.contextvars.bound_contextvars
