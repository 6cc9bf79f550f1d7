"""Requests that leave within a millisecond leave together: each write is a system call and its own packet.

A tenth of a busy worker's time was these writes, and Asterisk was woken for each. aiohttp offers no place for it, so
the transport of its writer is replaced.
"""

from __future__ import annotations

import asyncio

import aiohttp

TOGETHER_S = 0.001  # nobody on the telephone hears it


class JoinedWrites(asyncio.Transport):
    """A transport that holds what is written for TOGETHER_S, then writes it at once, in order."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        super().__init__()
        self._transport = transport
        self._held: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hold the data; what the connection's end overtakes is never sent."""
        if not self._held:
            asyncio.get_running_loop().call_later(TOGETHER_S, self._write_held)
        self._held.append(data)

    def is_closing(self) -> bool:
        """As the transport says."""
        return self._transport.is_closing()

    def _write_held(self) -> None:
        held, self._held = self._held, []
        if not self._transport.is_closing():
            self._transport.write(b"".join(held))


def join_writes(socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
    """From now on the frames of this WebSocket that are sent within a millisecond leave together."""
    writer = socket._writer
    writer.transport = JoinedWrites(writer.transport)
