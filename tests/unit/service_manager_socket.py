"""A manager of services that listens, as systemd does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Listener:
    """Hears the datagrams of one service; ``environment`` is what the service begins with."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": address}

    def heard(self) -> list[str]:
        """What came since it was last asked, one text a datagram."""
        found = []
        while True:
            try:
                found.append(self._socket.recv(65536).decode().rstrip("\n"))
            except BlockingIOError:
                return found

    def close(self) -> None:
        """Hear nothing more."""
        self._socket.close()


@contextmanager
def listening(folder: Path) -> Iterator[Listener]:
    """A manager with its socket in ``folder``."""
    listener = Listener(str(folder / "notify"))
    try:
        yield listener
    finally:
        listener.close()
