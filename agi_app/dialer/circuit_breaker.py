"""Stops dialling through a trunk that carries no calls, and tries again later. Pure; ``now`` is monotonic seconds.

A trunk is bad when several calls in a row, or most of the latest, came to nothing on its side: congestion (503),
silence, refusal by Asterisk. Anything that a person or the network beyond answered (ringing, busy, declined, no such
number) shows that it works. After a pause one call probes; each failed probe doubles the pause.

A trunk is bad, too, when several answered calls in a row brought no sound: the person who answers hears nothing.
Ringing says nothing then; a sound does, or a restart of the worker.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from agi_app.messages import t
from agi_app.model.call import Outcome

TRUNK_FAULTS = frozenset({Outcome.CONGESTION, Outcome.TRUNK_SILENT, Outcome.FAILED})
FAULTS_TO_OPEN = 5
LATEST, MOST_OF_LATEST = 30, 18  # so many of the latest calls are looked at, so many faults among them are too many
FIRST_PAUSE_S, LONGEST_PAUSE_S = 15.0, 300.0
MUTE_TO_HOLD = 3
PAUSES = ("faults", "no_sound", "not_registered")  # why a trunk is paused, for programs
FIRST_MUTE_S, LONGEST_MUTE_S = 900.0, 14400.0  # each probe of a mute trunk is a person who hears nothing
_MEANS = {
    401: "the carrier does not accept the trunk's password",
    402: "the carrier wants payment",
    403: "the carrier forbids these calls: credit, or the number shown",
    407: "the carrier does not accept the trunk's password",
}


@dataclass(slots=True)
class Breaker:
    """The state of one trunk on one node."""

    faults: int = 0  # in a row
    open_until: float | None = None  # None: closed, calls may go
    last_fault: str = ""
    down: str | None = None  # Asterisk itself says that it can carry no call: not registered, no answer
    absent: str | None = None  # this worker found no endpoint of it when it began, and has not looked at it since
    mute: int = 0  # answered calls in a row that brought no sound
    mute_until: float | None = None  # None: not held for it
    _mute_pause: float = FIRST_MUTE_S
    _pause: float = FIRST_PAUSE_S
    _pauses: int = 0  # how often it has opened; a call from before a pause is none of after it
    _probe: int | None = None  # the ticket of the call that probes now
    _tickets: int = 0
    _latest: deque[bool] = field(default_factory=lambda: deque(maxlen=LATEST))  # True: a fault
    _why: str = ""

    def room(self, now: float) -> int | None:
        """How many calls may start: None for no limit, 0 while paused, 1 for a probe."""
        if self.cut_off is not None:
            return 0
        if not self.paused:
            return None
        return 0 if now < self.until or self._probe is not None else 1

    @property
    def cut_off(self) -> str | None:
        """Why no call can leave by it, as Asterisk itself says, until that changes."""
        return self.absent if self.absent is not None else self.down

    @property
    def paused(self) -> bool:
        """Whether it is left alone, except by a call that tries it."""
        return self.open_until is not None or self.mute_until is not None

    @property
    def paused_by(self) -> tuple[str, ...]:
        """The words of ``PAUSES`` that hold now."""
        held = (self.open_until is not None, self.mute_until is not None, self.cut_off is not None)
        return tuple(word for word, holds in zip(PAUSES, held, strict=True) if holds)

    @property
    def until(self) -> float:
        """When a call may try it again; only while it is paused."""
        return max(self.open_until or 0.0, self.mute_until or 0.0)

    def started(self) -> Ticket:
        """A call is to leave through this trunk; after a pause it is the probe. ``ended`` wants the ticket back."""
        self._tickets += 1
        if self.paused and self._probe is None:
            self._probe = self._tickets
        return Ticket(self._tickets, self._pauses)

    def stands(self, ticket: Ticket) -> bool:
        """Whether that call may still leave: the trunk was not paused since, or it is the probe."""
        return self.cut_off is None and (not self.paused or ticket.number == self._probe)

    def alive(self) -> None:
        """Something came back that shows that the trunk works: calls may go again."""
        if self.open_until is not None:
            self._latest.clear()
        self.faults, self.open_until, self._pause = 0, None, FIRST_PAUSE_S
        if self.mute_until is None:
            self._probe = None

    def heard(self) -> None:
        """A sound came through it."""
        self.mute, self.mute_until, self._mute_pause = 0, None, FIRST_MUTE_S
        if self.open_until is None:
            self._probe = None

    def ended(self, ticket: Ticket, outcome: Outcome | None, now: float, status: int | None = None) -> bool:
        """A call ended (None: it was not dialled after all), with this SIP status.

        True when this opened the breaker or kept it open.
        """
        probed = ticket.number == self._probe
        if probed:
            self._probe = None
        if outcome is None or outcome in (Outcome.CANCELLED, Outcome.INTERRUPTED):
            return False  # says nothing about the trunk
        if outcome is Outcome.NO_MEDIA:
            return self._is_mute(ticket, now, probed=probed)
        if outcome not in TRUNK_FAULTS:
            self._latest.append(False)
            self.alive()
            return False
        if ticket.pauses != self._pauses and not probed:
            return False  # a call from before the pause
        self.faults, self.last_fault = self.faults + 1, _told(outcome, status)
        self._latest.append(True)
        return self._judge(probed, now)

    def _is_mute(self, ticket: Ticket, now: float, *, probed: bool) -> bool:
        if ticket.pauses != self._pauses and not probed:
            return False
        self.mute += 1
        if self.mute_until is not None:
            self._mute_pause = min(self._mute_pause * 2, LONGEST_MUTE_S)
        elif self.mute < MUTE_TO_HOLD:
            return False
        self.mute_until = now + self._mute_pause
        self._pauses += 1
        return True

    def _judge(self, probed: bool, now: float) -> bool:
        if probed:
            self._pause = min(self._pause * 2, LONGEST_PAUSE_S)
        elif self.faults >= FAULTS_TO_OPEN:
            self._why = ""
        elif sum(self._latest) >= MOST_OF_LATEST:
            self._why = t("{sum} of the latest {latest} calls", sum=sum(self._latest), latest=len(self._latest))
        else:
            return False
        self.open_until = now + self._pause
        self._pauses += 1
        return True

    def reason(self, now: float) -> str | None:
        """For people: why nothing is dialled through this trunk; None while it is closed."""
        if self.cut_off is not None:
            return self.cut_off
        if not self.paused:
            return None
        trying = self._probe is not None
        again = t("a call tries it now") if trying else t("next try in {max:.0f} s", max=max(0.0, self.until - now))
        if self.mute_until is not None:
            return t(
                "{mute} answered calls in a row brought no sound at all: the person who answers hears nothing"
                " either; check the path of RTP (firewall, NAT: external_media_address, rtp_symmetric) and the"
                " codecs; {again}, and the first sound ends this, or a restart of the worker",
                mute=self.mute,
                again=again,
            )
        what = self._why or t("{faults} calls in a row", faults=self.faults)
        return t(
            "{what} failed on the trunk's side (last: {last_fault}); {again}",
            what=what,
            last_fault=self.last_fault,
            again=again,
        )


def _told(outcome: Outcome, status: int | None) -> str:
    if not status:
        return outcome.value
    means = f", {t(_MEANS[status])}" if status in _MEANS else ""
    return t("{value}, SIP {status}{means}", value=outcome.value, status=status, means=means)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One call through a trunk, and how often the trunk had been paused when it was to start."""

    number: int
    pauses: int
