"""What the softphones have in common: a folder of their own, a sound to say, a recording of what they hear, an end.

A softphone here is a program of others, started without a sound card on ports of 127.0.0.1. It says ``says`` (a WAV
file) in each call and writes what it hears to ``heard``. Each wait has a deadline, and none relies on a sleep.
"""

from __future__ import annotations

import time
import wave
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from sandbox.supervise import Child, tail

HOST = "127.0.0.1"
MOST_S = 60.0  # for anything that a phone is waited for, on a busy machine
POLL_S = 0.05
WAV_HEADER = 44


class Softphone(ABC):
    """One softphone for one user; a context manager. ``port`` is where it takes calls.

    ``info``: its keys are SIP INFO; ``answers``: by itself.
    """

    command_name: ClassVar[str]  # what is started

    def __init__(
        self, folder: Path, port: int, user: str, says: Path, *, info: bool = False, answers: bool = False
    ) -> None:
        self.folder, self.port, self.user, self.says = folder.resolve(), port, user, says.resolve()
        self.info, self.answers = info, answers
        self.heard = self.folder / "heard.wav"
        self.log = self.folder / "log"
        self._child: Child | None = None

    # ---- start and end

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        self._child = self._start()
        try:
            self._connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the program, whatever it does."""
        if self._child is not None:
            self._child.end(2.0)

    @abstractmethod
    def _start(self) -> Child:
        """Write its configuration and start it."""

    @abstractmethod
    def _connect(self) -> None:
        """Wait until it takes calls and commands."""

    # ---- what its user does

    @abstractmethod
    def until_ringing(self) -> None:
        """A call has come in."""

    @abstractmethod
    def answer(self) -> None:
        """Take the call; returns when it is on."""

    @abstractmethod
    def until_on(self) -> None:
        """The call was taken."""

    @abstractmethod
    def reject(self) -> None:
        """Do not take the call, with the status that this phone has for that."""

    @abstractmethod
    def press(self, keys: str) -> None:
        """Keys, each pressed and let go."""

    @abstractmethod
    def hold(self) -> None:
        """Put the call on hold; returns when the other side has agreed."""

    @abstractmethod
    def resume(self) -> None:
        """Take it back; returns when the other side has agreed."""

    @abstractmethod
    def hang_up(self) -> None:
        """End the call."""

    @property
    @abstractmethod
    def is_over(self) -> bool:
        """Whether the call has ended."""

    @abstractmethod
    def register(self, server_port: int, password: str) -> None:
        """Log in at the server; returns when it has agreed."""

    @abstractmethod
    def unregister(self) -> None:
        """Log out; returns when the server has agreed."""

    # ---- what came of it

    def until_over(self) -> None:
        """The call has ended, whoever ended it."""
        self.wait("the call is over", lambda: self.is_over)

    def recording(self) -> Path:
        """What it heard: the call is over, and the file is complete, as its header says."""
        self.until_over()
        self.wait("the recording is closed", self._is_closed)
        return self.heard

    def _is_closed(self) -> bool:
        try:
            with wave.open(str(self.heard), "rb") as sound:
                told = sound.getnframes() * sound.getsampwidth() * sound.getnchannels()
        except (OSError, EOFError, wave.Error):
            return False
        # An open one says nothing yet; linphone counts the header, too.
        return told > 0 and 0 <= self.heard.stat().st_size - told <= WAV_HEADER

    # ---- for those below

    def wait(self, what: str, happened: Callable[[], bool]) -> None:
        """Until something is so."""
        deadline = time.monotonic() + MOST_S
        while not happened():
            if self._child is not None and self._child.returncode is not None:
                raise self._child.died(self.command_name)
            if time.monotonic() > deadline:
                end = tail(self.log, 40)
                raise AssertionError(
                    f"in {MOST_S:.0f} s {self.command_name} is not there: {what}; its log ends so:\n{end}"
                )
            time.sleep(POLL_S)
