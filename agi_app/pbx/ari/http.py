"""A small pool of HTTP connections to ARI, for the verbs that must not use the socket.

Also the first contact with an Asterisk: ``probe`` asks who answers there and turns every way
in which that can go wrong into one clear line.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
import msgspec

from agi_app import log
from agi_app.errors import AsteriskError, RequestFailed
from agi_app.messages import t
from agi_app.pbx.ari.connection_settings import AriSettings

T = TypeVar("T")
REFUSED = 401
ABSENT = (404, 409)  # there is no such thing; of a module: it is there and not loaded


_log = log.get("pbx.ari")


@dataclass(frozen=True, slots=True)
class Response:
    """Asterisk's answer to a request."""

    status: int
    body: bytes | str

    def decode(self, as_type: type[T]) -> T:
        """The JSON body as ``as_type``; raises AsteriskError when it is something else."""
        try:
            return msgspec.json.decode(self.body, type=as_type)
        except msgspec.MsgspecError as fault:
            raise AsteriskError(t("Asterisk's answer was not understood: {fault}", fault=fault)) from fault

    @property
    def reason(self) -> str:
        """Asterisk's own words for an error."""
        try:
            said = msgspec.json.decode(self.body, type=_Said)
        except msgspec.MsgspecError:
            said = _Said()
        return said.message or said.error or t("no reason given")


class _Said(msgspec.Struct):
    message: str = ""
    error: str = ""


class AsteriskInfo(msgspec.Struct, frozen=True):
    """Who answered: the version, and the entity id that the one-worker lock is keyed on."""

    version: str
    entity_id: str


class _Info(msgspec.Struct):
    system: AsteriskInfo


class HttpPool:
    """At most ``http_connections`` requests at a time, each with a time limit.

    A request that Asterisk refuses for its password was not carried out: when the file of the password has another one
    now, it is asked again with that.
    """

    def __init__(self, settings: AriSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        self._password = settings.password
        self.refused = False  # the last answer was that the password is wrong

    @property
    def authorization(self) -> dict[str, str]:
        """The header with the password that was good last."""
        return self._settings.authorization_by(self._password)

    async def __aenter__(self) -> Self:
        self._session = self._new_session()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def renew(self) -> None:
        """Forget all connections: those kept for the next request are as dead as the one whose loss was noticed."""
        old, self._session = self._session, self._new_session()
        if old is not None:
            await old.close()

    def _new_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=self._settings.http_connections))

    async def request(
        self,
        method: str,
        uri: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        *,
        timeout: float,
    ) -> Response:
        """Send one request and wait at most ``timeout`` seconds; raises RequestFailed (status 0)."""
        answer = await self._send(method, uri, query, body, self._password, timeout)
        if answer.status == REFUSED:
            now = await asyncio.to_thread(self._settings.password_now)
            if now != self._password:
                answer = await self._send(method, uri, query, body, now, timeout)
                if answer.status != REFUSED:
                    _log.info("the ARI password was changed; the new one is used")
                    self._password = now
        self.refused = answer.status == REFUSED
        return answer

    async def _send(
        self,
        method: str,
        uri: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, object] | None,
        password: str,
        timeout: float,
    ) -> Response:
        what = f"{method} {uri}"
        if self._session is None:
            raise RequestFailed(what, 0, t("the connection to Asterisk is closed; nothing was sent"))
        try:
            async with self._session.request(
                method,
                self._settings.address(uri),
                params=query,
                json=body,
                headers=self._settings.authorization_by(password),
                timeout=aiohttp.ClientTimeout(total=timeout),
            ) as answer:
                return Response(answer.status, await answer.read())
        except TimeoutError as fault:
            raise RequestFailed(what, 0, t("no answer from Asterisk within {timeout:g} s", timeout=timeout)) from fault
        except aiohttp.ClientError as fault:
            raise RequestFailed(
                what, 0, t("Asterisk cannot be reached at {url}: {fault}", url=self._settings.url, fault=fault)
            ) from fault

    async def read(self, uri: str, query: Mapping[str, str] | None = None, *, timeout: float) -> Response | None:
        """What a resource says; None when Asterisk has none. Raises RequestFailed: no answer, or a refusal."""
        answer = await self.request("GET", uri, query, timeout=timeout)
        if answer.status >= 400 and answer.status not in ABSENT:
            raise RequestFailed(f"GET {uri}", answer.status, answer.reason)
        return None if answer.status in ABSENT else answer


async def probe(settings: AriSettings) -> AsteriskInfo:
    """Ask who answers at ``settings.url``; raises AsteriskError with one clear line (see ``explain``)."""
    async with HttpPool(settings) as pool:
        return await ask_info(pool, settings)


async def ask_info(pool: HttpPool, settings: AriSettings, timeout: float | None = None) -> AsteriskInfo:
    """As ``probe``, over a pool that is open already; waits ``timeout`` seconds instead of ``connect_timeout``."""
    limit = settings.connect_timeout if timeout is None else timeout
    try:
        answer = await pool.request("GET", "asterisk/info", timeout=limit)
    except RequestFailed as fault:
        raise AsteriskError(
            t(
                "No Asterisk answers at {url} ({cause}). Is it running, and is http.conf enabled on this address"
                " and port?",
                url=settings.url,
                cause=fault.__cause__ or fault,
            )
        ) from fault
    if answer.status != 200:
        raise AsteriskError(explain(answer.status, settings))
    try:
        system = msgspec.json.decode(answer.body, type=_Info).system
    except msgspec.MsgspecError as fault:
        raise AsteriskError(
            t("What answers at {url} is not Asterisk's ARI; check the URL.", url=settings.url)
        ) from fault
    check_version(system.version, settings.url)
    return system


def explain(status: int, settings: AriSettings) -> str:
    """What an error status at the first contact means, and how to fix it."""
    return t(
        _EXPLAINED.get(status, _UNEXPLAINED),
        status=status,
        url=settings.url,
        app=settings.app,
        username=settings.username,
    )


_EXPLAINED = {
    401: (
        "Asterisk at {url} refuses the ARI user {username!r} or its password; "
        "compare it with ari.conf, then run `asterisk -rx 'module reload res_ari'`."
    ),
    403: (
        "The ARI user {username!r} at {url} may not do this; "
        "set read_only=no for it in ari.conf and let its acl admit this host."
    ),
    404: (
        "There is no ARI at {url}: set enabled=yes in ari.conf, load res_ari, "
        "and check the path (it ends in /ari unless http.conf has a prefix)."
    ),
}
_UNEXPLAINED = "Asterisk at {url} answered {status} for application {app!r}; see Asterisk's log."


# Which Asterisk versions we support. Pure.
#
# REST over the event socket came with 20.14, 21.9 and 22.4; the fixes we rely on with 20.16 and
# 22.6. Only long-term releases (even numbers) are supported: the others live for a year.


_FIRST_MINOR = {20: 16, 22: 6}
_NEWER_LTS = 24
_VERSION = re.compile(r"(?:certified[/-])?(\d+)\.(\d+)")


def check_version(version: str, url: str) -> None:
    """Raise AsteriskError, with the found version and the way out, unless it is supported."""
    if (match := _VERSION.match(version.strip())) is not None and _is_supported(int(match[1]), int(match[2])):
        return
    raise AsteriskError(
        t(
            "Asterisk {version} at {url} is not supported: agi-app needs 20.16 or newer, 22.6 or newer, or a"
            " later LTS (24, 26, …). Distributions often ship older ones; asterisk-docker/install.sh"
            " installs a supported Asterisk, and asterisk-docker/ builds an image of it.",
            version=version or t("(no version given)"),
            url=url,
        )
    )


def _is_supported(major: int, minor: int) -> bool:
    if major in _FIRST_MINOR:
        return minor >= _FIRST_MINOR[major]
    return major >= _NEWER_LTS and major % 2 == 0
