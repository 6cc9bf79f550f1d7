"""When a start needs a second person, and what exactly that person approves. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from agi_app.messages import template
from agi_app.model.campaign import Purpose

MORE_ALLOWED = 0.05  # by which the contacts may grow after the approval

WHY = {
    "many": template("it has {contacts} contacts, more than {above}"),
    "marketing": template("it is marketing"),
    "changed": template("it runs already, and its files have changed"),
    "more": template("contacts came after its start, more than it was approved for"),
}


@dataclass(frozen=True, slots=True)
class StartTexts:
    """What a start lets run: the campaign as stored (JSON), its flow and the flows that this calls."""

    spec: str
    flow_file: str
    flow_text: str
    sub_flows: Mapping[str, str]

    def fingerprint(self, contacts: int) -> bytes:
        """SHA-256 of all of it and the number of contacts: what an approval is good for."""
        parts = [json.loads(self.spec), self.flow_file, self.flow_text, dict(self.sub_flows), contacts]
        return sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).digest()


def why_approval(purpose: Purpose, contacts: int, above: int, *, changed: bool, more: bool = False) -> tuple[str, ...]:
    """The keys of ``WHY`` that hold; empty: one person may start it.

    ``changed``: it runs with other files now. ``more``: contacts of it wait for an approval.
    """
    marketing = purpose is Purpose.MARKETING
    found = (("many", contacts > above), ("marketing", marketing), ("changed", changed), ("more", more))
    return tuple(why for why, holds in found if holds)


def most_approved(purpose: Purpose, contacts: int, above: int) -> int:
    """How many contacts of a campaign may be called on an approval of so many.

    ``above``: so many need no approval, but of marketing, where each contact does.
    """
    approved = int(contacts * (1 + MORE_ALLOWED))
    return approved if purpose is Purpose.MARKETING else max(above, approved)
