"""A connected client of agi-app's own making, for tests on a real Asterisk."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from agi_app.clock import Clock
from agi_app.config.speech import SpeechSettings
from agi_app.errors import AgiAppError
from agi_app.gate.permit import Permit
from agi_app.pbx import originate
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.events import Event, Frame, Started
from agi_app.pbx.ari.object_names import DIAL_BRIDGE
from agi_app.pbx.bridges import remove_empty
from agi_app.pbx.channel import Channel
from agi_app.pbx.event_router import Router
from agi_app.pbx.media.recording_spool import RecordingSpool
from agi_app.pbx.media.snoop_taps import SnoopTaps
from agi_app.pbx.reconcile import hang_up_inherited, reconcile
from agi_app.pbx.talk_detect import talk_detect
from sandbox.asterisk import Asterisk

CALLER_ID = "+998612340001"
TRUNK = "sandbox-carrier"
# Phones of ours, PJSIP/desk-NN, played by the carrier as well: the last two digits say what they do.
DESKS = tuple(f"99986109{behaviour}" for behaviour in ("10", "11", "20", "21", "22"))
E = TypeVar("E")
_serial = itertools.count(1)


def number(behaviour: str) -> str:
    """A test number nobody else dials; its last two digits say what the carrier does with it."""
    return f"+99986{next(_serial):08d}{behaviour}"


def permit_for(callee: str, lifetime: float = 5) -> Permit:
    """A permit as the gate would make it, but for a busy machine."""
    return Permit(f"t{next(_serial)}-{callee[-2:]}", callee, CALLER_ID, TRUNK, Clock().monotonic() + lifetime)


def dial_string(callee: str) -> str:
    """The trunk's way of dialling: without the plus sign."""
    return f"PJSIP/{callee.removeprefix('+')}@{TRUNK}"


async def ping(ari: Ari) -> float:
    """Round-trip time over the socket in seconds."""
    start = ari.clock.monotonic()
    await ari.request("GET", "asterisk/ping")
    return ari.clock.monotonic() - start


def settings_of(asterisk: Asterisk, **changes: object) -> AriSettings:
    """How to reach this Asterisk; ``changes`` overrules any setting."""
    values: dict[str, object] = {
        "url": asterisk.ari_url,
        "username": asterisk.ari_user,
        "password": asterisk.ari_password,
        "first_retry": 0.05,
        **changes,
    }
    return AriSettings(**values)  # type: ignore[arg-type]


class Client:
    """One worker: connection, router, and every frame that came."""

    def __init__(self, settings: AriSettings) -> None:
        self.clock = Clock()
        self.frames: list[Frame] = []
        self.strays: list[tuple[str, Event]] = []
        self.router = Router(lambda channel_id, event: self.strays.append((channel_id, event)))
        self.ari = Ari(settings, self.clock, on_event=self._take, prepare=self._prepare)
        self.task: asyncio.Task[None] | None = None
        self.spool: RecordingSpool | None = None
        self.taps: SnoopTaps | None = None

    async def _prepare(self, ari: Ari) -> None:
        await reconcile(ari, self.router, self.spool or (), self.taps or ())
        await remove_empty(ari)

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        if any(taker is not None and taker.handle(frame) for taker in (self.spool, self.taps)):
            return
        self.router.handle(frame)

    async def call(
        self,
        callee: str,
        *,
        ring_timeout: float = 10,
        max_call: float = 60,
        permit: Permit | None = None,
        endpoint: str | None = None,
        listens: bool = False,
    ) -> Channel:
        """Dial a number with a fresh permit; ``listens``: talk is told."""
        return await originate.place(
            self.ari,
            self.router,
            permit or permit_for(callee),
            dial_string=lambda number, _: dial_string(number) if endpoint is None else endpoint,
            ring_timeout=ring_timeout,
            max_call=max_call,
            variables=talk_detect(SpeechSettings()) if listens else None,
        )

    async def bridges(self) -> dict[str, list[str]]:
        """Each bridge of Asterisk and the channels in it, but for those in which calls wait for an answer."""
        found = (await self.ari.request("GET", "bridges")).decode(list[dict[str, Any]])
        return {one["id"]: one["channels"] for one in found if not one["id"].startswith(DIAL_BRIDGE)}

    async def answered(self, callee: str, *, ring_timeout: float = 10, max_call: float = 60) -> Channel:
        """Dial a number and wait until it is answered."""
        channel = await self.call(callee, ring_timeout=ring_timeout, max_call=max_call)
        await wait_for(channel, Started)
        return channel


async def wait_for(channel: Channel, kind: type[E], timeout: float = 30) -> E:
    """The next event of this kind; others are skipped. Fails when the call ends first."""
    async with asyncio.timeout(timeout):
        async for event in channel:
            if isinstance(event, kind):
                return event
    raise AssertionError(f"{channel.id} ended with {channel.ended} before {kind.__name__}")


async def all_events(channel: Channel, timeout: float = 40) -> list[Event]:
    """Everything until the end of the call."""
    async with asyncio.timeout(timeout):
        return [event async for event in channel]


@asynccontextmanager
async def connected(settings: AriSettings) -> AsyncIterator[Client]:
    """A client that is connected; afterwards its calls are ended."""
    client = Client(settings)
    client.task = asyncio.create_task(client.ari.run())
    up = asyncio.create_task(client.ari.connected(5))
    try:
        await asyncio.wait({client.task, up}, return_when=asyncio.FIRST_COMPLETED)
        if client.task.done():
            await client.task
        await up
        yield client
        if client.ari.is_connected and not client.task.cancelling():
            await hang_up_inherited(client.ari)
    finally:
        up.cancel()
        client.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, AgiAppError):
            await client.task
