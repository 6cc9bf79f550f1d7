"""Free ports for the sandbox, below the range the kernel gives to outgoing sockets, so that none is taken later."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from agi_app.messages import t
from sandbox.errors import SandboxError

LOWEST = 12_000
HIGHEST = 32_000
_random = random.SystemRandom()


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """True if both the UDP and the TCP port can be bound now."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def is_taken(port: int) -> bool:
    """True once some process has bound this UDP port. To try by binding it would take it from who is about to."""
    wanted = f":{port:04X}"
    lines = Path("/proc/net/udp").read_text("ascii").splitlines()[1:]
    return any(line.split()[1].endswith(wanted) for line in lines)


def free_port() -> int:
    """A port that is free for UDP and TCP on 127.0.0.1."""
    for _ in range(200):
        port = _random.randrange(LOWEST, HIGHEST)
        if is_free(port):
            return port
    raise SandboxError(
        t("no free port between {lowest} and {highest}: stop what listens there", lowest=LOWEST, highest=HIGHEST)
    )


def free_range(size: int) -> tuple[int, int]:
    """A range of UDP ports (both ends included), even at its start. A few samples are tried, not each port: Asterisk
    skips one that is taken."""
    for _ in range(200):
        low = _random.randrange(LOWEST, HIGHEST - size, 2)
        if all(is_free(port) for port in range(low, low + size, max(1, size // 16))):
            return low, low + size - 1
    raise SandboxError(
        t(
            "no {size} free ports between {lowest} and {highest}: stop what listens there",
            size=size,
            lowest=LOWEST,
            highest=HIGHEST,
        )
    )
