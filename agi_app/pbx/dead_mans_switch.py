"""A small process beside the worker that hangs up its calls at once when it is killed.

People on the line would hear nothing until the next start, which a supervisor makes seconds later. The process waits
for the end of a pipe of which only the worker has the other end, so it learns of every kind of death; what it then does
is in ``dead_mans_switch_process.py``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import msgspec

from agi_app import log
from agi_app.errors import OtherWorkerError
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.object_names import CHANNEL_PREFIX

_PROCESS = Path(__file__).with_name("dead_mans_switch_process.py")
PATIENCE_S = 5.0  # after a death: so long it asks an Asterisk that does not answer
_LETS_GO_S = 5.0  # it answers within two

_log = log.get("pbx.dead_mans_switch")


@contextmanager
def hang_up_if_killed(ari: AriSettings) -> Iterator[None]:
    """Until the block ends, our channels are hung up when this process dies, and when the block raises.

    Not when it ends in order, for then no call is left, nor by OtherWorkerError: the calls are the other worker's.
    A process that cannot be started is logged; then the next start hangs up, as if this were not there.
    """
    switch = _start(ari)
    told = b"hang up"
    try:
        yield
        told = b"ended"
    except OtherWorkerError:
        told = b"ended"
        raise
    finally:
        if switch is not None:
            _write(switch, told)
            try:
                switch.communicate(timeout=_LETS_GO_S)
            except subprocess.TimeoutExpired:
                switch.kill()


def _start(ari: AriSettings) -> subprocess.Popen[bytes] | None:
    order = {"ari": ari.url, "headers": ari.authorization, "prefix": CHANNEL_PREFIX, "patience_s": PATIENCE_S}
    if ari.password_file is not None:  # the password may be changed meanwhile
        order |= {"username": ari.username, "password_file": str(ari.password_file)}
    # -I, -S: it needs the standard library only, and is ready in 50 ms.
    command = [sys.executable, "-I", "-S", str(_PROCESS)]
    try:
        switch = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    except OSError as error:
        _log.warning("calls of a killed worker end only at its next start", reason=str(error))
        return None
    _write(switch, msgspec.json.encode(order) + b"\n")
    return switch


def _write(switch: subprocess.Popen[bytes], text: bytes) -> None:
    pipe = cast("IO[bytes]", switch.stdin)
    try:
        pipe.write(text)
        pipe.flush()
    except OSError as error:  # somebody killed it
        _log.warning("the process that ends the calls of a killed worker is gone", reason=str(error))
