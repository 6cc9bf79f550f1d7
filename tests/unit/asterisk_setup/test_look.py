"""What setup finds out of this host's ports: one that Asterisk has itself is free for Asterisk."""

from __future__ import annotations

import os
import socket

import pytest

from agi_app.asterisk_setup.listeners import holds
from agi_app.asterisk_setup.look import is_free


@pytest.mark.parametrize(("address", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_a_port_that_the_process_has_itself(address: str, family: socket.AddressFamily) -> None:
    """After an undo Asterisk keeps the socket of a transport that its files have no longer."""
    with socket.socket(family, socket.SOCK_DGRAM) as held:
        held.bind((address, 0))
        port = held.getsockname()[1]
        assert not is_free(f"[{address}]:{port}" if ":" in address else f"{address}:{port}")
        assert holds(os.getpid(), port)
        assert not holds(os.getppid(), port), "another program's"
        assert not holds(2**22 + 1, port), "of no process"
    assert not holds(os.getpid(), port), "nobody's"
