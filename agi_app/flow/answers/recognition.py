"""What a recogniser makes of one utterance; what it means is decided in ``understanding.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Why = Literal["", "silence", "noise", "unsure", "busy", "late", "failed"]


@dataclass(frozen=True, slots=True)
class Heard:
    """``text`` is empty unless it was understood as speech (``why`` is empty) or perhaps as speech (``unsure``).

    ``confidence`` is how probable the recogniser holds its own words, 0 to 1; it compares answers of one
    engine, not engines with each other. ``others`` is what it may have been instead, the likeliest first, and
    ``behind`` how much less likely each of them is (a natural logarithm); without it all are as likely.
    """

    text: str
    confidence: float
    why: Why = ""
    others: tuple[str, ...] = ()
    behind: tuple[float, ...] = ()
