"""Channels of a trunk that stay free for the PBX's own calls and emergency calls, by what Asterisk has open now.

The calls of this worker it counts itself, as they begin and end; all others it asks Asterisk for, once a second. What
is not known is taken: without an answer nobody is dialled through a trunk with a reserve.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import msgspec

from agi_app import log
from agi_app.config.trunks import TrunkSettings
from agi_app.errors import RequestFailed
from agi_app.messages import t
from agi_app.model.waiting_reason import RESERVE, WaitingReason
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.object_names import CHANNEL_PREFIX
from agi_app.pbx.trunks import endpoint_names

LOOK_EVERY_S = 1.0
_ATTEMPT = re.compile(re.escape(CHANNEL_PREFIX) + "[0-9a-f]{32}")  # a call of a campaign, which the dialer counts
_log = log.get("reserve")


class _Endpoint(msgspec.Struct, frozen=True):
    channel_ids: list[str]


class Reserve:
    """How many calls may still begin on each trunk with ``channels``; the others have no limit here."""

    def __init__(self, trunks: Mapping[str, TrunkSettings]) -> None:
        self._trunks: dict[str, TrunkSettings] = {}
        self._others: dict[str, int | None] = {}  # None: not known
        self.change(trunks)

    def change(self, trunks: Mapping[str, TrunkSettings]) -> None:
        """Go by these from now on; one that has ``channels`` only now is not known until Asterisk was asked."""
        self._trunks = {name: trunk for name, trunk in trunks.items() if trunk.channels is not None}
        self._others = {name: self._others.get(name) for name in self._trunks}

    def room(self, trunk: str, ours: int) -> int | None:
        """Calls that may begin now, with ``ours`` of this worker on; None: the trunk has no reserve."""
        if (settings := self._trunks.get(trunk)) is None or settings.channels is None:
            return None
        others = self._others[trunk]
        return 0 if others is None else max(0, settings.channels - settings.reserve - others - ours)

    def waiting_reason(self, trunk: str) -> WaitingReason:
        """Why none may begin, when ``room`` is 0."""
        settings, others = self._trunks[trunk], self._others[trunk]
        return WaitingReason(
            RESERVE,
            t(
                "the channels of trunk {trunk} are not known yet: Asterisk does not say how many calls it carries",
                trunk=trunk,
            )
            if others is None
            else t(
                "of the {channels} channels of trunk {trunk} {others} carry other calls and {reserve} stay free"
                " (reserve)",
                channels=settings.channels,
                trunk=trunk,
                others=others,
                reserve=settings.reserve,
            ),
        )

    async def run(self, ari: Ari) -> None:
        """Count again and again until cancelled."""
        while True:
            for name, trunk in list(self._trunks.items()):
                found = await self._count(ari, name, trunk)
                if name in self._trunks:
                    self._others[name] = found
            await asyncio.sleep(LOOK_EVERY_S)

    async def _count(self, ari: Ari, name: str, trunk: TrunkSettings) -> int | None:
        try:
            found = [await ari.request("GET", f"endpoints/PJSIP/{endpoint}") for endpoint in endpoint_names(trunk)]
        except RequestFailed as error:
            if self._others.get(name) is not None:
                _log.warning("the channels of a trunk are not known", trunk=name, reason=str(error))
            return None
        channels = [channel for answer in found for channel in answer.decode(_Endpoint).channel_ids]
        return sum(not _ATTEMPT.fullmatch(channel) for channel in channels)
