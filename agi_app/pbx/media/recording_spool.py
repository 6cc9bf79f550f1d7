"""What Asterisk records for us: made, fetched over HTTP and deleted at once.

A recording is in clear in the spool folder of Asterisk, so every one has an end here: it is taken, or thrown away,
whatever breaks meanwhile; what a crash left behind goes with the next connection. A name begins like the channel's
id and holds no number.

``record`` waits behind a prompt of its channel. To record while a prompt plays, an ear listens: a channel of Asterisk's
own that hears the person's side, or both, and ends with the call. It outlives a lost connection to us like the call.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from agi_app import log
from agi_app.errors import RequestFailed
from agi_app.event_loop import happens_within
from agi_app.messages import t, template
from agi_app.pbx.ari.connection import Ari, if_there
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.ari.hangup_retry import Janitor
from agi_app.pbx.ari.object_names import CHANNEL_PREFIX
from agi_app.pbx.event_router import EAR

_log = log.get("pbx.spool")
FORMAT = "sln"  # 8 kHz, mono, 16 bit little endian, without a header
RETRY_S = 1.0
EAR_WAIT_S = 1.0  # until the ear has come to life


class _Stored(msgspec.Struct, frozen=True):
    name: str


class RecordingSpool:
    """The recordings of one Asterisk that are ours."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._wanted: dict[str, asyncio.Event] = {}  # name -> has ended
        self._ears: dict[str, asyncio.Event] = {}  # channel id of an ear -> is there
        self._rubbish = Janitor(
            self._delete,
            ari.connected,
            ari.clock,
            kind="name",
            not_yet=template("a recording in Asterisk's spool could not be deleted yet"),
            to=_log,
            pause_s=RETRY_S,
        )

    def __contains__(self, channel_id: object) -> bool:
        """Whether a channel is an ear that records something wanted."""
        return channel_id in self._ears

    def handle(self, frame: Frame) -> bool:
        """Take an event of the socket if it is about a recording or an ear; never waits."""
        if frame.recording is not None:
            self._ended(frame.type, frame.recording.name, frame.recording.state)
            return True
        if frame.channel is not None and frame.channel.id.endswith(EAR):
            if frame.type == "StasisStart" and frame.channel.id in self._ears:
                self._ears[frame.channel.id].set()
            elif frame.type == "StasisStart":
                self._ari.hang_up_soon(frame.channel.id)
            return True
        return False

    @contextmanager
    def wanted(self, name: str) -> Iterator[None]:
        """As long as this lasts the recording may be taken; whatever is left of it afterwards is deleted."""
        self._wanted[name] = asyncio.Event()
        try:
            yield
        finally:
            del self._wanted[name]
            if self._ears.pop(name + EAR, None) is not None:
                self._ari.hang_up_soon(name + EAR)
            self._rubbish.add(name, 0.0)

    async def start(
        self, name: str, channel_id: str, longest: float, *, beside: bool = False, both: bool = False, silence: int = 0
    ) -> None:
        """Record what comes from the channel, at most so many seconds; ``beside`` a prompt. Raises RequestFailed.

        ``both``: beside all that is done with it, and also what it hears. So many seconds of ``silence`` end it, too;
        0: none do.
        """
        source = await self._open_ear(name, channel_id, "both" if both else "in") if beside or both else channel_id
        how: dict[str, object] = {"name": name, "format": FORMAT, "ifExists": "overwrite"}
        how |= {"maxDurationSeconds": math.ceil(longest), "maxSilenceSeconds": silence}
        await self._ari.request("POST", f"channels/{source}/record", body=how)

    async def stop(self, name: str) -> None:
        """End the recording; it may have ended already."""
        await if_there(self._ari.request("POST", f"recordings/live/{name}/stop"))

    async def ended(self, name: str, timeout: float) -> bool:
        """Whether the recording has ended within ``timeout`` seconds."""
        return await happens_within(self._wanted[name], timeout)

    async def take(self, name: str) -> bytes:
        """The samples of a recording that has ended. Raises RequestFailed."""
        body = (await self._ari.request("GET", f"recordings/stored/{name}/file")).body
        return body if isinstance(body, bytes) else body.encode()

    async def sweep(self) -> None:
        """Delete what is there of calls that nobody runs; give this to ``Ari(prepare=…)``."""
        try:
            stored = (await self._ari.request("GET", "recordings/stored")).decode(list[_Stored])
        except RequestFailed as fault:
            _log.warning("the recordings in Asterisk's spool cannot be listed", reason=str(fault))
            return
        if left := [one.name for one in stored if one.name.startswith(CHANNEL_PREFIX) and one.name not in self._wanted]:
            _log.warning("deleting recordings that a crash left in Asterisk's spool", count=len(left))
        for name in left:
            self._rubbish.add(name, 0.0)

    async def run(self) -> None:
        """Delete until cancelled."""
        await self._rubbish.run()

    def _ended(self, kind: str, name: str, state: str) -> None:
        if kind not in ("RecordingFinished", "RecordingFailed") or not name.startswith(CHANNEL_PREFIX):
            return
        if name in self._wanted:
            self._wanted[name].set()
        elif state != "canceled":  # a cancelled one leaves no file
            self._rubbish.add(name, 0.0)

    async def _open_ear(self, name: str, channel_id: str, spy: str) -> str:
        ear = name + EAR
        arrived = self._ears[ear] = asyncio.Event()
        await self._ari.request(
            "POST", f"channels/{channel_id}/snoop/{ear}", body={"app": self._ari.settings.app, "spy": spy}
        )
        if not await happens_within(arrived, EAR_WAIT_S):
            raise RequestFailed(
                f"snoop {channel_id}", 0, t("the ear did not come within {ear_wait_s:g} s", ear_wait_s=EAR_WAIT_S)
            )
        return ear

    async def _delete(self, name: str) -> None:
        if await if_there(self._ari.request("DELETE", f"recordings/live/{name}")) is None:  # else it leaves no file
            await self._ari.request("DELETE", f"recordings/stored/{name}")
