"""What setup finds out of this host's ports: one that Asterisk has itself is free for Asterisk."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from agi_app.asterisk_setup.look import _held_by, is_free


@pytest.mark.parametrize(("address", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_a_port_that_the_process_has_itself(tmp_path: Path, address: str, family: socket.AddressFamily) -> None:
    """After an undo Asterisk keeps the socket of a transport that its files have no longer."""
    ours, others = tmp_path / "ours.pid", tmp_path / "others.pid"
    ours.write_text(f"{os.getpid()}\n")
    others.write_text(f"{os.getppid()}\n")
    with socket.socket(family, socket.SOCK_DGRAM) as held:
        held.bind((address, 0))
        bind = f"[{address}]:{held.getsockname()[1]}" if ":" in address else f"{address}:{held.getsockname()[1]}"
        assert not is_free(bind)
        assert _held_by(ours, bind)
        assert not _held_by(others, bind), "another program's"
        assert not _held_by(tmp_path / "none.pid", bind)
    assert not _held_by(ours, bind), "nobody's"
