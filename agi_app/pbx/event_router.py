"""Which call an event belongs to: channel id -> Channel.

A channel is registered before Asterisk is asked to make it, so no event can come before its owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agi_app import log
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import Destroyed, Event, Failed, FarEndEnded, Frame, Left, Lost, PickedUp, translate
from agi_app.pbx.ari.object_names import CHANNEL_PREFIX
from agi_app.pbx.channel import Channel

_log = log.get("pbx.router")
EAR = "-ear"  # how the id of a channel ends that only listens to another one (pbx/media/recording_spool.py)


class Router:
    """Hands each event to the queue of its channel, in the order in which Asterisk sent them."""

    def __init__(
        self,
        on_stray: Callable[[str, Event], None] | None = None,
        on_foreign: Callable[[str, Event], None] | None = None,
    ) -> None:
        """``on_stray`` gets events of living channels that bear our prefix and belong to no call.

        ``on_foreign`` gets those of channels without our prefix: calls that came in.
        """
        self._channels: dict[str, Channel] = {}
        self._on_stray = on_stray
        self._on_foreign = on_foreign

    def __iter__(self) -> Iterator[Channel]:
        """The calls that have not ended."""
        return iter(list(self._channels.values()))

    def __contains__(self, channel_id: object) -> bool:
        return channel_id in self._channels

    def open(self, ari: Ari, channel_id: str) -> Channel:
        """Register a new call; its id must not be in use."""
        channel = Channel(ari, channel_id)
        self.adopt(channel)
        return channel

    def adopt(self, channel: Channel) -> None:
        """Register a call that somebody else began."""
        if channel.id in self._channels:
            raise ValueError(f"channel id {channel.id} is in use")
        self._channels[channel.id] = channel

    def forget(self, channel_id: str) -> None:
        """Remove a call that was never dialled, or is no longer ours."""
        self._channels.pop(channel_id, None)

    def handle(self, frame: Frame) -> None:
        """Take one event of the socket; never waits."""
        if (routed := translate(frame)) is not None:
            self.deliver(*routed)

    def deliver(self, channel_id: str, event: Event) -> None:
        """Hand an event to a call; the end of a call also ends its registration."""
        if (channel := self._channels.get(channel_id)) is None:
            if channel_id.startswith(CHANNEL_PREFIX):
                self._stray(channel_id, event)
            elif self._on_foreign is not None:
                self._on_foreign(channel_id, event)
            return
        channel.deliver(event)
        if channel.ended is not None:
            del self._channels[channel_id]

    def _stray(self, channel_id: str, event: Event) -> None:
        if isinstance(event, Left | Destroyed | Failed | FarEndEnded | Lost | PickedUp):
            return  # PickedUp: of a tap's channels too, which are nobody's calls
        _log.warning("an event of a channel that nobody runs", channel=channel_id, event_type=type(event).__name__)
        if self._on_stray is not None:
            self._on_stray(channel_id, event)
