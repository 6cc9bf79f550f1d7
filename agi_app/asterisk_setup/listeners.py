"""Who listens on a port of this host, and whether it answers there. Blocks."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

PATIENCE_S = 3.0
TABLES = {False: ("udp", "udp6"), True: ("tcp", "tcp6")}  # of /proc, by stream
LISTENS = "0A"  # the state of a TCP socket


def holds(pid: int, port: int, *, stream: bool = False) -> bool:
    """Whether a process has this port of UDP, or listens on it by TCP (``stream``); False where that is hidden."""
    inodes = set()
    for table in TABLES[stream]:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                parts = line.split()
                if int(parts[1].rpartition(":")[2], 16) == port and (not stream or parts[3] == LISTENS):
                    inodes.add(f"socket:[{parts[9]}]")
    with contextlib.suppress(OSError):
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if str(handle.readlink()) in inodes:
                    return True
    return False


def deaf(host: str, port: int, greeting: bytes) -> bool:
    """Whether a port takes a connection and then says nothing. ``greeting`` is sent first.

    Asterisk leaves such a port when it was told to stop its web server or manager interface, and to start it again.
    """
    try:
        with socket.create_connection((host.strip("[]"), port), PATIENCE_S) as line:
            line.settimeout(PATIENCE_S)
            line.sendall(greeting)
            line.recv(1)
            return False
    except TimeoutError:
        return True
    except OSError:  # nothing listens: it is told elsewhere
        return False
