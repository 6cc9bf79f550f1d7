"""The short-lived yes without which nothing can be dialled.

Only ``gate.decide.permit`` builds a Permit, from an allowing decision and the receipt of the
mark transaction; an architecture test refuses any other place that does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agi_app.errors import SafetyError
from agi_app.messages import t

PERMIT_LIFETIME_S = 0.3
LONGEST_MARK_S = 0.5  # with the lifetime: a call leaves within 0.8 s of its mark, so never a second after a stop
_OUR_OWN = re.compile(r"PJSIP/[A-Za-z0-9_.-]+|Local/[A-Za-z0-9_.+-]+@[A-Za-z0-9_.-]+/n")


@dataclass(slots=True)
class MarkReceipt:
    """Proof that the attempt was committed as ``dialling`` while the person was still allowed; good for one permit."""

    attempt_id: str
    committed_at: float  # monotonic seconds: see ``of``
    _spent: bool = field(default=False, repr=False)

    @classmethod
    def of(cls, attempt_id: str, asked_at: float, answered_at: float) -> MarkReceipt:
        """The receipt of a mark that was sent to the database and answered at these monotonic seconds.

        It counts as committed when the answer came, but at most LONGEST_MARK_S after it was sent: nobody knows
        when in between it was, and a stop that was stored since may be as late as the answer.
        """
        return cls(attempt_id, min(answered_at, asked_at + LONGEST_MARK_S))

    def spend(self) -> None:
        """Give the receipt up for a permit; raises SafetyError the second time."""
        if self._spent:
            raise SafetyError(
                t("attempt {attempt_id}: its mark already gave a permit; not dialled again", attempt_id=self.attempt_id)
            )
        self._spent = True


@dataclass(slots=True)
class Permit:
    """May originate exactly one call, within ``PERMIT_LIFETIME_S`` of the mark."""

    attempt_id: str
    number: str  # E.164 of the person
    caller_id: str  # E.164, proved
    trunk: str
    expires_at: float  # monotonic seconds
    _used: bool = field(default=False, repr=False)

    def use(self, monotonic: float) -> None:
        """Spend the permit; raises SafetyError when it was spent before or is too old."""
        if self._used:
            raise SafetyError(
                t(
                    "attempt {attempt_id}: its permit was already used; nothing was dialled again",
                    attempt_id=self.attempt_id,
                )
            )
        if monotonic > self.expires_at:
            raise SafetyError(
                t(
                    "attempt {attempt_id}: its permit expired before the request left; not dialled",
                    attempt_id=self.attempt_id,
                )
            )
        self._used = True


@dataclass(frozen=True, slots=True)
class InternalLeg:
    """A call to our own phone or into our own dialplan, never to contact data, and never out by a trunk."""

    leg_id: str
    destination: str  # the name in the settings
    endpoint: str  # e.g. PJSIP/front-desk
    caller_id: str  # E.164

    def __post_init__(self) -> None:
        """A number behind a trunk needs a Permit; raises SafetyError."""
        if not _OUR_OWN.fullmatch(self.endpoint):
            raise SafetyError(
                t(
                    "{destination}: {endpoint} is not your own phone; nothing was dialled",
                    destination=self.destination,
                    endpoint=self.endpoint,
                )
            )
