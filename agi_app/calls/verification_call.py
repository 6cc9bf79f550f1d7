"""The talk of a verification call: ask for the code, listen to the keys, say thanks, hang up.

The attempt machine says what the network did (answered, busy, no answer …); here is only what is heard and
keyed. The prompts are Asterisk's own. The code itself is not known here, only a way to ask whether keys are right.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agi_app import log
from agi_app.calls import attempt as att
from agi_app.calls.event_translation import to_attempt
from agi_app.calls.playback import unless_gone
from agi_app.calls.runner import CALL_GRACE_S, HANGUP_WAIT_S, RING_GRACE_S
from agi_app.clock import Clock
from agi_app.errors import RequestFailed
from agi_app.gate.verification import RING_TIME
from agi_app.messages import template
from agi_app.model.call import CallResult
from agi_app.pbx.ari import events as pbx
from agi_app.pbx.channel import Channel

RING_S = RING_TIME.total_seconds()
MAX_CALL_S = 90.0  # from the answer on
QUIET_S = 15.0  # after a prompt or a key; then the call ends
TRIES = 3
CODE_LENGTH = 6
ASK, WRONG, THANKS, BYE = "sound:agent-pass", "sound:auth-incorrect", "sound:auth-thankyou", "sound:vm-goodbye"
STOP_KEYS = "*9"

_log = log.get("call")


@dataclass(frozen=True, slots=True)
class CodeResult:
    """What happened to a verification call."""

    network: CallResult
    right: bool = False
    tries: int = 0  # whole codes that were keyed
    stopped: bool = False  # the person who answered keyed *9


class CodeCall:
    """One verification call on its channel."""

    def __init__(
        self,
        channel: Channel,
        clock: Clock,
        *,
        is_right: Callable[[str], Awaitable[bool]],
        store_stop: Callable[[], Awaitable[None]],
    ) -> None:
        """``is_right`` judges six keyed digits; ``store_stop`` returns once the stop is on disk."""
        self._channel, self._clock = channel, clock
        self._is_right, self._store_stop = is_right, store_stop
        self._attempt = att.Attempt(ring_time=dt.timedelta(seconds=RING_S))
        self._network: CallResult | None = None
        self._keys = ""
        self._played = 0  # prompts so far; the last one may still play
        self._playing: str | None = None
        self._leaving = False  # the last prompt plays
        self._right = self._stopped = False
        self._tries = 0
        self._until = 0.0  # monotonic: what we wait for must have happened by then
        self._call_ends = 0.0
        self._waiting_for = "ringing"

    async def run(self) -> CodeResult:
        """Drive the call to its end; it is being dialled already."""
        await self._advance(att.Marked())
        self._expect("ringing", RING_S + RING_GRACE_S)
        while self._network is None:
            event = await self._channel.next_event(max(0.0, self._until - self._clock.monotonic()))
            match event:
                case None:
                    await self._advance(att.Deadline(self._waiting_for))
                case pbx.Interrupt(reason):
                    await self._advance(att.Stopped(reason, even_if_up=True))
                case pbx.KeyBegan(digit) if self._keys + digit == STOP_KEYS:
                    await self._key(digit)
                case pbx.Key(digit):
                    await self._key(digit)
                case pbx.PlaybackFinished(playback) if playback == self._playing:
                    await self._prompt_ended()
                case _ if (known := to_attempt(event)) is not None:
                    await self._advance(known)
        return CodeResult(self._network, self._right, self._tries, self._stopped)

    @property
    def _is_up(self) -> bool:
        return self._attempt.state is att.AttemptState.UP

    async def _advance(self, event: att.Event) -> None:
        self._attempt, commands = att.step(self._attempt, event, self._clock.real_now())
        for command in commands:
            match command:
                case att.StartFlow():
                    self._call_ends = self._clock.monotonic() + MAX_CALL_S + CALL_GRACE_S
                    await self._say(ASK)
                case att.HangUp():
                    self._until, self._waiting_for = self._clock.monotonic() + HANGUP_WAIT_S, template("the hangup")
                    await unless_gone(self._channel.hangup())
                case att.Finish(result):
                    self._network = result
                case att.GiveBack():
                    raise RuntimeError("only the sweep gives attempts back")

    async def _key(self, digit: str) -> None:
        if not self._is_up or self._leaving:
            return
        await self._hush()
        self._expect("a key", QUIET_S)
        if self._keys + digit == STOP_KEYS:
            await self._stop()
        elif digit in "*#":
            self._keys = "*" if digit == "*" else ""  # begin again
        else:
            self._keys = self._keys.removeprefix("*") + digit
            if len(self._keys) == CODE_LENGTH:
                await self._judge()

    async def _judge(self) -> None:
        keyed, self._keys = self._keys, ""
        self._tries += 1
        self._right = await self._is_right(keyed)
        if self._right:
            await self._leave(THANKS)
        elif self._tries == TRIES:
            await self._leave(BYE)
        else:
            await self._say(WRONG)

    async def _stop(self) -> None:
        self._stopped = True
        await self._store_stop()
        await self._leave(BYE)

    async def _leave(self, prompt: str) -> None:
        self._leaving = True
        await self._say(prompt)

    async def _say(self, prompt: str) -> None:
        """Play a prompt; one that Asterisk does not have is passed over, since the command line says what to key."""
        self._played += 1
        playback = f"{self._channel.id}-{self._played}"
        self._playing = playback
        self._expect("a key", QUIET_S)
        try:
            await self._channel.play(playback, prompt)
        except RequestFailed as error:
            _log.warning("prompt not played", prompt=prompt, error=str(error))
            await self._prompt_ended()

    async def _hush(self) -> None:
        playback, self._playing = self._playing, None
        if playback is not None:
            await unless_gone(self._channel.stop_playback(playback))

    async def _prompt_ended(self) -> None:
        self._playing = None
        self._expect("a key", QUIET_S)
        if self._leaving:
            await self._advance(att.FlowEnded())

    def _expect(self, what: str, seconds: float) -> None:
        now = self._clock.monotonic()
        if self._attempt.state is att.AttemptState.ENDING:
            return
        self._waiting_for = what
        self._until = min(now + seconds, self._call_ends) if self._is_up else now + seconds
