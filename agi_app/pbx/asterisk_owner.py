"""Who drives this Asterisk: a word that its worker leaves in Asterisk itself, and renews.

A worker's lock is in the database of its project, where a second project with the same Asterisk does not see it. It
would hang up the first one's calls as inherited and take its application. So who comes looks here before it does
anything, and goes away as long as the word is renewed. A worker that died leaves its word, but renews it no more.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from agi_app import log
from agi_app.errors import AgiAppError, AsteriskError, OtherWorkerError, RequestFailed
from agi_app.messages import t
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.http import HttpPool, Response

if TYPE_CHECKING:
    from agi_app.pbx.ari.connection import Ari

VARIABLE = "AGI_APP_WORKER"  # a global variable of Asterisk
RENEW_S = 1.0
LOOK_S, LOOK_EVERY_S = 5.0, 0.5  # a word of somebody else that is not renewed for so long is of nobody
SETTLE_S = 0.2  # two who come at once: the last word stands, and the other goes
_PATH = "asterisk/variable"
_log = log.get("pbx.owner")


class Owner:
    """One worker's word; ``who`` is for people, and the same after a restart of the same worker."""

    def __init__(self, settings: AriSettings, who: str) -> None:
        self._settings, self._who = settings, who.replace("|", " ")
        self._count = itertools.count(1)

    async def claim(self) -> None:
        """Say that this Asterisk is ours; raises OtherWorkerError while a worker of somebody else drives it.

        An Asterisk that does not answer is not ours to explain: the first connection says it.
        """
        async with HttpPool(self._settings) as pool:
            try:
                if (before := await self._read(pool)) and not self._is_ours(before):
                    await self._until_abandoned(pool, before)
                await self._request(pool, "POST", self._next())
                if not self._is_ours(before):
                    await asyncio.sleep(SETTLE_S)
                    if not self._is_ours(now := await self._read(pool)):
                        raise self._refusal(now)
            except (RequestFailed, AsteriskError) as error:
                _log.debug("cannot ask whose Asterisk it is yet", reason=str(error))

    async def keep(self, ari: Ari) -> None:
        """Renew the word until cancelled; raises OtherWorkerError when it is somebody else's now."""
        while True:
            try:
                answer = await ari.request("GET", _PATH, {"variable": VARIABLE})
                if (found := answer.decode(dict[str, str]).get("value", "")) and not self._is_ours(found):
                    raise self._refusal(found)
                await ari.request("POST", _PATH, {"variable": VARIABLE, "value": self._next()})
            except (RequestFailed, AsteriskError) as error:
                _log.debug("not said whose Asterisk it is", reason=str(error))
            await asyncio.sleep(RENEW_S)

    async def release(self) -> None:
        """Take the word back, if it is ours; never raises."""
        async with HttpPool(self._settings) as pool:
            try:
                if self._is_ours(await self._read(pool)):
                    await self._request(pool, "POST", "")
            except AgiAppError as error:
                _log.debug("the word stays in Asterisk", reason=str(error))

    async def _until_abandoned(self, pool: HttpPool, before: str) -> None:
        _log.info("Asterisk was driven by another project; looking whether it still is", by=_name(before))
        for _ in range(round(LOOK_S / LOOK_EVERY_S)):
            await asyncio.sleep(LOOK_EVERY_S)
            if not (now := await self._read(pool)):
                return
            if now != before:
                raise self._refusal(now)

    def _refusal(self, found: str) -> OtherWorkerError:
        return OtherWorkerError(
            t(
                "Asterisk at {url} is driven by the worker of {name}. One Asterisk has one worker: stop that"
                " one, or give this project its own Asterisk",
                url=self._settings.url,
                name=_name(found),
            )
        )

    def _is_ours(self, found: str) -> bool:
        return _name(found) == self._who

    def _next(self) -> str:
        return f"{self._who}|{next(self._count)}"

    async def _read(self, pool: HttpPool) -> str:
        answer = await self._request(pool, "GET", None)
        return answer.decode(dict[str, str]).get("value", "") if answer.status == 200 else ""

    async def _request(self, pool: HttpPool, method: str, value: str | None) -> Response:
        query = {"variable": VARIABLE} | ({} if value is None else {"value": value})
        answer = await pool.request(method, _PATH, query, timeout=self._settings.request_timeout)
        if answer.status >= 400 and answer.status != 404:  # 404: nobody has left a word
            raise RequestFailed(f"{method} {_PATH}", answer.status, answer.reason)
        return answer


def _name(found: str) -> str:
    return found.rpartition("|")[0]
