"""A loopback of a run's own, so that none of its ports can meet a port of another run or of anybody else."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

_CLONE_NEWNET = 0x40000000  # sched.h
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1  # netdevice(7)


def own_network() -> bool:
    """Move this process, and all that it starts, to a new network namespace with nothing but a loopback in it.

    To be called before any thread is started. False, and nothing is changed, where that is not permitted.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open(Path("/proc/self/ns/net"), os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.unshare(_CLONE_NEWNET) != 0:
            return False
        try:
            _loopback_up()
        except OSError:
            if libc.setns(before, _CLONE_NEWNET) != 0:
                raise
            return False
    finally:
        os.close(before)
    return True


def _loopback_up() -> None:
    request = struct.pack("16sh14x", b"lo", _IFF_UP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)
