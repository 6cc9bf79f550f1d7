"""Posts one event to one address, and to no other: no redirect, no proxy, no address that the settings do not allow.

The address is checked where the socket to it is made, whatever name, notation or answer of the name service led there.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver

from agi_app.clock import Clock
from agi_app.errors import ConfigError
from agi_app.log import without_numbers
from agi_app.messages import t
from agi_app.printable import one_line
from agi_app.webhooks.addresses import Network, why_refused

TIMEOUT_S = 15.0
KEPT_BYTES = 500  # of an answer
AGENT = "agi-app"

AddressInfo = tuple[Any, Any, int, str, tuple[Any, ...]]  # as getaddrinfo has them


@dataclass(frozen=True, slots=True)
class PostAnswer:
    """The result of a try: the status, or none; the beginning of the answer, or why there was none."""

    status: int | None
    seconds: float
    text: str
    retry_after: str | None = None


class AddressRefused(OSError):
    """Nothing is sent to this address."""


class Poster:
    """Open for the life of a process: ``async with Poster(…) as poster``."""

    def __init__(
        self,
        clock: Clock,
        allowed: Sequence[Network] = (),
        *,
        ca_file: Path | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """``resolver`` is for tests. Raises ConfigError when the certificates cannot be read."""
        self._clock = clock
        self._allowed = tuple(allowed)
        self._resolver = resolver
        self._tls = ssl.create_default_context()
        if ca_file is not None:
            try:
                self._tls.load_verify_locations(ca_file)
            except OSError as error:  # SSLError is one
                text = t("[webhooks] ca_file {file}: cannot be read: {error}", file=ca_file, error=error)
                raise ConfigError(text) from error
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Poster:
        connector = aiohttp.TCPConnector(
            ssl=self._tls,
            resolver=self._resolver,
            use_dns_cache=False,  # what a name means is asked anew for each connection
            limit=0,  # who sends limits how many at once, an endpoint apart from the others
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a small answer must not become a big one
            trust_env=False,
            headers={"User-Agent": AGENT, "Content-Type": "application/json"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def _socket(self, info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        if (why := why_refused(str(address[0]), self._allowed)) is not None:
            raise AddressRefused(f"{address[0]} {why}")
        return socket.socket(family, kind, protocol)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostAnswer:
        """One try; every fault of the receiver, the network or the address is an answer without a status."""
        if self._session is None:
            raise RuntimeError("the poster is not open")
        began = self._clock.monotonic()
        status, retry_after = None, None
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                status, retry_after = answer.status, answer.headers.get("Retry-After")
                text = (await _beginning(answer)).decode("utf-8", "replace")
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            text = _why(error) if status is None else ""
        return PostAnswer(status, self._clock.monotonic() - began, _kept(text), retry_after)


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    """The first bytes; the rest is not read."""
    found = b""
    while len(found) < KEPT_BYTES and (more := await answer.content.read(KEPT_BYTES - len(found))):
        found += more
    return found


def _why(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, AddressRefused):
        return str(error.os_error)
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT_S:.0f} s"
    return str(error) or type(error).__name__


def _kept(text: str) -> str:
    return without_numbers(one_line(text.replace("\0", " ")))[:KEPT_BYTES]
