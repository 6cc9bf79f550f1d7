"""Why a worker dials nobody now."""

from __future__ import annotations

from dataclasses import dataclass

# Every code that there is: a label of a figure, and for programs that ask for health.
CODES = (
    "journal",
    "database",
    "paused",
    "stops_unheard",
    "stops_overdue",
    "asterisk",
    "keys",
    "restored",
    "catalog",
    "clock",
    "peers",
    "checkpoint",
    "prompts",
    "switch",
    "audit",
    "ending",
)


@dataclass(frozen=True, slots=True)
class Holding:
    """One reason; ``text`` is for people."""

    code: str
    text: str
    wanted: bool = False  # by a person, who paused everything: the worker is ready all the same
