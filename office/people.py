"""The people of a scenario as numbers of the sandbox: the last digits tell what somebody does when the phone rings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.speaker import Keys, Person

DOES = {  # of a number, in the words of the scenario -> its last two digits
    "confirm": "01",
    "later": "02",
    "wrong": "03",
    "stop": "09",
    "busy": "20",
    "no_answer": "21",
    "invalid": "22",
    "declines": "23",
}
SPEAKING = {"03": Person([Keys(1.5, "3")])}  # the carrier has the others of its own
_SCATTER, _RANGE = 7919, 1_000_000


def numbers_of(scenario: Mapping[str, Any]) -> dict[str, str]:
    """Symbolic name -> E.164. Each number does the same at every ring."""
    found = {}
    for place, (name, facts) in enumerate(scenario["numbers"].items(), start=1):
        (does,) = facts["rings"]
        found[name] = f"+9998613{place * _SCATTER % _RANGE:06d}{DOES[does]}"
    return found
