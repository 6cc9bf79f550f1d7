"""What is said by who answers a call: the texts of ``machine_phrases.yaml`` in their parts."""

from __future__ import annotations

import re

_PAUSE = re.compile(r"\s*\[([0-9.]+)\]\s*")


def parts_of(text: str) -> list[tuple[str, float]]:
    """Each part with the seconds of silence behind it."""
    found = _PAUSE.split(text)
    return list(zip(found[::2], [*map(float, found[1::2]), 0.0], strict=True))
