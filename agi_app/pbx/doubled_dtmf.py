"""A key that Asterisk reports twice, told from one that was pressed twice.

Asterisk reports a release when it reads it, and puts it back when it came too soon: less than 45 ms after the key
before, or while a key of less than 80 ms is drawn out (main/channel.c, ``__ast_read``: ``send_dtmf_end_event`` is
before ``queue_dtmf_readq``). Read again, it is reported again. The start of a key is reported once, in any case; so
a release without its own start, soon after one of the same key that had one, is an echo. Starts and
releases come over two connections: each start has one release, whichever is heard of first. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agi_app.pbx.ari.events import Event, Key, KeyBegan

ECHO_S = 1.0  # keys that are typed at machine speed wait for each other; each takes 0.15 s
_NEVER = float("-inf")


class KeyPairs:
    """The keys of one channel. Where no start is ever told (SIP INFO, no manager interface) there are no echoes.

    ``now``: seconds of a clock that only grows.
    """

    def __init__(self) -> None:
        self._down: dict[str, int] = {}  # starts without their release
        self._released: dict[str, float] = {}  # when a key that has a start was last released, or told again
        self._passed: dict[str, list[float]] = {}  # when releases without a start were taken for keys: it may come late
        self._dropped: dict[str, float] = {}  # when one was taken for an echo: it may have been a key all the same

    def left_of(self, event: Event, time: Callable[[], float]) -> Sequence[Event]:
        """The event, or nothing for an echo; a start may bring the release that was taken for one."""
        match event:
            case Key(key) if self.is_echo(key, time()):
                return ()
            case KeyBegan(key) if self.began(key, time()):
                return (event, Key(key))
        return (event,)

    def began(self, key: str, now: float) -> bool:
        """A key went down; True: its release was here already and was taken for an echo, so it is a key now."""
        if early := [at for at in self._passed.pop(key, ()) if now - at < ECHO_S]:
            self._passed[key], self._released[key] = early[1:], now
            return False
        if now - self._dropped.pop(key, _NEVER) < ECHO_S:
            return True
        self._down[key] = self._down.get(key, 0) + 1
        return False

    def is_echo(self, key: str, now: float) -> bool:
        """Whether this release was reported before."""
        if self._down.get(key, 0) > 0:
            self._down[key] -= 1
            self._released[key] = now
            return False
        if now - self._released.get(key, _NEVER) >= ECHO_S:
            self._passed[key] = [*(at for at in self._passed.get(key, ()) if now - at < ECHO_S), now]
            return False
        self._released[key] = self._dropped[key] = now
        return True
