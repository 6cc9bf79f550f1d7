"""A small process beside the worker that hangs up its calls at once when it is killed.

People on the line would hear nothing until the next start, which a supervisor makes seconds later. The process waits
for the end of a pipe of which only the worker has the other end, so it learns of every kind of death; what it then does
is in ``dead_mans_switch_process.py``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

import msgspec

from agi_app import log
from agi_app.errors import OtherWorkerError
from agi_app.messages import t
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.object_names import CHANNEL_PREFIX

_PROCESS = Path(__file__).with_name("dead_mans_switch_process.py")
PATIENCE_S = 5.0  # after a death: so long it asks an Asterisk that does not answer
HANG_UP, ENDED = b"hang up", b"ended"
_LETS_GO_S = 5.0  # it answers within two
_GONE = (
    "the process that hangs up the calls of a killed worker was ended (status {status}), and is started again; if that"
    " goes on, look for what ends it, such as a lack of memory"
)
_CANNOT_START = (
    "the process that hangs up the calls of a killed worker cannot be started: {why}; it is tried again automatically"
)

_log = log.get("pbx.dead_mans_switch")


class DeadMansSwitch:
    """The process, which ``revive`` starts again when somebody killed it alone."""

    def __init__(self, ari: AriSettings) -> None:
        self._ari = ari
        self._process: subprocess.Popen[bytes] | None = None
        self._fault: str | None = None

    def revive(self) -> str | None:
        """Why calls would outlive a killed worker now; None: it runs. It is started when it does not, in milliseconds.

        One that was just started counts as running from the next time on.
        """
        gone = None if self._process is None else self._process.poll()
        if self._process is not None and gone is None:
            if self._fault is not None:
                _log.info("the process that hangs up the calls of a killed worker runs again")
            self._fault = None
            return None
        fault = self._start() or (self._fault if gone is None else t(_GONE, status=gone))
        if fault is not None and fault != self._fault:
            _log.error("nobody is dialled", reason=fault)
        self._fault = fault
        return fault

    def begin(self) -> None:
        """Start it; why that failed is logged."""
        if (fault := self._start()) is not None:
            _log.error("nobody is dialled", reason=fault)
            self._fault = fault

    def end(self, told: bytes) -> None:
        """Tell it its last word, and wait for its end."""
        if told == HANG_UP:
            self.revive()
        if self._process is None:
            return
        self._write(self._process, told)
        try:
            self._process.communicate(timeout=_LETS_GO_S)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _start(self) -> str | None:
        """Why it cannot be started."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._process = None
        ari = self._ari
        order = {"ari": ari.url, "headers": ari.authorization, "prefix": CHANNEL_PREFIX, "patience_s": PATIENCE_S}
        if ari.password_file is not None:  # the password may be changed meanwhile
            order |= {"username": ari.username, "password_file": str(ari.password_file)}
        # -I, -S: it needs the standard library only, and is ready in 50 ms.
        command = [sys.executable, "-I", "-S", str(_PROCESS)]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        except OSError as error:
            return t(_CANNOT_START, why=error.strerror or error)
        self._write(self._process, msgspec.json.encode(order) + b"\n")
        return None

    def _write(self, process: subprocess.Popen[bytes], text: bytes) -> None:
        pipe = cast("IO[bytes]", process.stdin)
        try:
            pipe.write(text)
            pipe.flush()
        except OSError as error:  # somebody killed it
            _log.warning("the process that ends the calls of a killed worker is gone", reason=str(error))


@contextmanager
def hang_up_if_killed(ari: AriSettings) -> Iterator[DeadMansSwitch]:
    """Until the block ends, our channels are hung up when this process dies, and when the block raises.

    Not when it ends in order, for then no call is left, nor by OtherWorkerError: the calls are the other worker's.
    Who has the block lets the process be started again (``revive``), and calls nobody while that cannot be done.
    """
    switch = DeadMansSwitch(ari)
    switch.begin()
    told = HANG_UP
    try:
        yield switch
        told = ENDED
    except OtherWorkerError:
        told = ENDED
        raise
    finally:
        switch.end(told)
