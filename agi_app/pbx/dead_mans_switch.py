"""A small process beside the worker that hangs up its calls at once when it is killed.

People on the line would hear nothing until the next start, which a supervisor makes seconds later. The process waits
for the end of a pipe of which only the worker has the other end, so it learns of every kind of death; what it then does
is in ``dead_mans_switch_process.py``. It answers the worker meanwhile: one that is stopped is as good as none.
"""

from __future__ import annotations

import os
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
_DIES_S = 1.0  # milliseconds, unless the kernel waits for a disk
_ASK, _ANSWER = b"?\n", b"!"
_LOOKS, _FIRST_LOOKS = 6, 20  # so often it may not have answered when we look; the second until it first has
_GONE = (
    "the process that hangs up the calls of a killed worker was ended (status {status}), and is started again; if that"
    " goes on, look for what ends it, such as a lack of memory"
)
_STOPPED = (
    "the process that hangs up the calls of a killed worker does not answer, as if it were stopped: it is ended and"
    " started again; if that goes on, look for what stops it, or for a lack of processors"
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
        self._looks = 0  # since it was asked; 0: it has answered
        self._proved = False  # it has answered once

    def revive(self) -> str | None:
        """Why calls would outlive a killed worker now; None: it runs. It is started when it does not, in milliseconds.

        One that was started again counts as running once it has answered. To be called every half second or so: one
        that has not answered when we look some times counts as stopped, and another one takes its place.
        """
        found, ended = self._process, self._fault
        if found is not None and (status := found.poll()) is not None:
            ended = t(_GONE, status=status)
        elif found is not None:
            if self._answers(found):
                return self._fault
            _kill(found)
            ended = t(_STOPPED)
        fault = self._start() or ended
        if fault is not None and fault != self._fault:
            _log.error("nobody is dialled", reason=fault)
        self._fault = fault
        return fault

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it has answered the last question, or still may."""
        with suppress(BlockingIOError):
            if _ANSWER in os.read(_output(process), 1 << 10):
                if self._fault is not None:
                    _log.info("the process that hangs up the calls of a killed worker runs again")
                self._fault, self._looks, self._proved = None, 0, True
        if self._looks == 0:
            self._write(process, _ASK)
        self._looks += 1
        return self._looks <= (_LOOKS if self._proved else _FIRST_LOOKS)

    def begin(self) -> None:
        """Start it; why that failed is logged."""
        if (fault := self._start()) is not None:
            _log.error("nobody is dialled", reason=fault)
            self._fault = fault

    def end(self, told: bytes) -> None:
        """Tell it its last word, and wait for its end."""
        if told == HANG_UP:
            self.revive()
        for _ in range(2):
            if self._process is None:
                return
            self._write(self._process, told)
            try:
                self._process.communicate(timeout=_LETS_GO_S)
                return
            except subprocess.TimeoutExpired:  # it is stopped
                _kill(self._process)
            if told != HANG_UP:
                return
            self._start()

    def _start(self) -> str | None:
        """Why it cannot be started."""
        for pipe in () if self._process is None else (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process = None
        ari = self._ari
        order = {"ari": ari.url, "headers": ari.authorization, "prefix": CHANNEL_PREFIX, "patience_s": PATIENCE_S}
        if ari.password_file is not None:  # the password may be changed meanwhile
            order |= {"username": ari.username, "password_file": str(ari.password_file)}
        # -I, -S: it needs the standard library only, and is ready in 50 ms.
        command = [sys.executable, "-I", "-S", str(_PROCESS)]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            return t(_CANNOT_START, why=error.strerror or error)
        os.set_blocking(_output(self._process), False)
        self._write(self._process, msgspec.json.encode(order) + b"\n" + _ASK)
        self._looks, self._proved = 1, False
        return None

    def _write(self, process: subprocess.Popen[bytes], text: bytes) -> None:
        pipe = cast("IO[bytes]", process.stdin)
        try:
            pipe.write(text)
            pipe.flush()
        except OSError as error:  # somebody killed it
            _log.warning("the process that ends the calls of a killed worker is gone", reason=str(error))


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_DIES_S)


def _output(process: subprocess.Popen[bytes]) -> int:
    return cast("IO[bytes]", process.stdout).fileno()


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
