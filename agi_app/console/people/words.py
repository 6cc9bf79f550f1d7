"""What people read for the codes of contacts, persons and complaints. A code without a word stays as it is."""

from __future__ import annotations

from collections.abc import Mapping

from agi_app.console import words
from agi_app.messages import t, template

WORDS: Mapping[str, Mapping[str, str]] = {
    "state": {
        "pending": template("waits"),
        "parked": template("refused"),
        "claimed": template("in a call"),
        "done": template("done"),
        "expired": template("its time is over"),
        "cancelled": template("cancelled"),
    },
    "outcome": {code: text for code, text in words.OUTCOMES.items() if code != "dialling"},
    "purpose": {**words.PURPOSES, "rehearsal": template("rehearsal")},
    "rule": words.RULES,
    "case": {
        "open": template("case open"),
        "answered": template("answered, not closed"),
        "closed": template("case closed"),
    },
    "kind": {"ours": template("about our calls"), "received": template("about calls of others")},
    "sound": {"message": template("message"), "answer": template("answer"), "call": template("whole call")},
    "column": {
        "external_id": template("your id of the contact"),
        "number": template("telephone number"),
        "number_2": template("second number"),
        "number_3": template("third number"),
        "person_id": template("your id of the person"),
        "language": template("language"),
    },
}


def word(code: str, kind: str) -> str:
    """What people read for a code of this kind."""
    found = WORDS[kind].get(code)
    return code if found is None else t(found)


def choices(kind: str, every: str | None = None) -> list[tuple[str, str]]:
    """All codes of a kind for a choice; ``every``: what stands first, for none of them."""
    first = [] if every is None else [("", every)]
    return [*first, *((code, t(text)) for code, text in WORDS[kind].items())]
