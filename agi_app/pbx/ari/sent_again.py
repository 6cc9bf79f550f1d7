"""Requests that the event socket refused for their password: they were not carried out, so they are sent again by HTTP.

One after the other, in the order in which they were refused, as the socket would have carried them out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agi_app import log
from agi_app.errors import RequestFailed
from agi_app.messages import t
from agi_app.pbx.ari.http import REFUSED, HttpPool, Response

_log = log.get("pbx.ari")


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """One of them; ``done`` gets its answer, unless nobody wants it any longer: then it is not sent."""

    method: str
    uri: str
    query: Mapping[str, str] | None
    body: Mapping[str, object] | None
    done: Callable[[Response | RequestFailed], None]
    wanted: Callable[[], bool] = lambda: True


class RequestsSentAgain:
    """Those of one connection; ``accepted`` is told after each that was not refused again."""

    def __init__(self, pool: HttpPool, timeout: float, accepted: Callable[[], None]) -> None:
        self._pool, self._timeout, self._accepted = pool, timeout, accepted
        self._waiting: asyncio.Queue[RefusedRequest] = asyncio.Queue()

    async def run(self) -> None:
        """Send them until cancelled."""
        while True:
            one = await self._waiting.get()
            if not one.wanted():  # a stop came meanwhile, or its time is over
                continue
            try:
                answer = await self._pool.request(one.method, one.uri, one.query, one.body, timeout=self._timeout)
            except RequestFailed as fault:
                one.done(fault)
                continue
            if answer.status != REFUSED:
                self._accepted()
            one.done(answer)

    async def request(
        self,
        method: str,
        uri: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, object] | None,
        *,
        timeout: float,
    ) -> Response:
        """Send one again and wait for its answer, at most ``timeout`` seconds; RequestFailed (status 0) without one.

        It is not sent after the caller has gone: a call that nobody waits for any longer must not leave late.
        """
        answer: asyncio.Future[Response | RequestFailed] = asyncio.get_running_loop().create_future()

        def done(it: Response | RequestFailed) -> None:
            if not answer.done():
                answer.set_result(it)

        self._waiting.put_nowait(RefusedRequest(method, uri, query, body, done, lambda: not answer.done()))
        try:
            async with asyncio.timeout(timeout):
                found = await answer
        except TimeoutError:
            told = t("no answer from Asterisk within {timeout:g} s", timeout=timeout)
            raise RequestFailed(f"{method} {uri}", 0, told) from None
        if isinstance(found, RequestFailed):
            raise found
        return found

    def tell(
        self, method: str, uri: str, query: Mapping[str, str] | None, answered: Callable[[int], None] | None
    ) -> None:
        """Send one again for whose answer nobody waits; ``answered`` gets its status."""

        def done(found: Response | RequestFailed) -> None:
            if isinstance(found, RequestFailed):
                _log.warning("a request was lost", reason=str(found))
            elif answered is not None:
                answered(found.status)

        self._waiting.put_nowait(RefusedRequest(method, uri, query, None, done))
