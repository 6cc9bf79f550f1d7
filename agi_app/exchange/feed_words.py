"""The result of a feed's run, for people: told again in the language of who reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.printable import count_of


def why_not(result: Mapping[str, Any]) -> str:
    """Why a run took nothing: the sentence, and the first of its rows that were rejected, if some were."""
    text = retold(str(result.get("text", result.get("why", ""))))
    if not (faults := result.get("faults")):
        return text
    first = faults[0]
    return t(
        "{text}; {rows} rejected, the first in line {line}, column {column}: {fault}",
        text=text,
        rows=count_of(int(result.get("rejected", len(faults))), "row was", "rows were"),
        line=first["line"],
        column=first["column"],
        fault=retold(str(first["text"])),
    )
