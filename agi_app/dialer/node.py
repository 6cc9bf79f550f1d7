"""What belongs to one node, one Asterisk with its worker, and is handed around together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from agi_app.clock import Clock
from agi_app.dialer.late_keys import LateKeys
from agi_app.dialer.live_calls import LiveCalls
from agi_app.gate.ruleset import RuleSet
from agi_app.model.call import Claim
from agi_app.monitoring.measures import Measures
from agi_app.monitoring.traces import NoTraces, Traces
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import KeyBegan
from agi_app.pbx.channel import Channel
from agi_app.pbx.event_router import Router
from agi_app.store.database.pool import Store


@dataclass(frozen=True, slots=True)
class Node:
    """The parts of a worker that the dialer works with."""

    entityid: str
    store: Store
    ari: Ari
    router: Router
    clock: Clock
    ruleset: RuleSet
    live: LiveCalls
    late_keys: LateKeys = field(default_factory=LateKeys)
    measures: Measures = field(default_factory=Measures)
    note_calls: Callable[[Sequence[Claim]], None] = lambda _claims: None  # outside the database, before they are made
    traces: Traces = field(default_factory=NoTraces)

    @contextmanager
    def owning(self, channel: Channel) -> Iterator[None]:
        """The runner of a leg: whatever happens, the leg does not outlive it."""
        try:
            yield
        finally:
            self.router.forget(channel.id)
            if channel.ended is None:  # cancelled, or its hangup got lost on the way: nobody runs it any more
                self.ari.hang_up_soon(channel.id)

    def key_began(self, channel_id: str, key: str) -> None:
        """A key went down on a channel of ours, be its call going on or over; other channels are nobody's here."""
        if channel_id in self.router:
            self.router.deliver(channel_id, KeyBegan(key))
        else:
            self.late_keys.pressed(channel_id, key)
