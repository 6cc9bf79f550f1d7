"""What systemd, the manager of services, hears: ready, what goes on, still alive, reading settings again, ending.

By the protocol of sd_notify(3), one datagram for each word. Without a manager nothing is sent. One that does not listen
holds nobody up: it then judges by its own watchdog.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager

from systemd_watchdog.systemd_watchdog import WatchDog

from agi_app import log
from agi_app.errors import AgiAppError, fault_of
from agi_app.event_loop import alongside
from agi_app.messages import current, speaking, template
from agi_app.messages.retold import retold
from agi_app.printable import one_line

TELL_EVERY_S = 1.0  # each time the watchdog is told, too
LONGEST_STATUS = 1000  # characters
STARTING, ENDING = template("starting"), template("ending")
OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")  # not for processes that we start: they are not the service
_log = log.get("service")


class ServiceManager(WatchDog):
    """The line of this process to its manager, if it has one."""

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        """Take the variables that name the manager out of the environment of the process."""
        super().__init__(
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK), environment.get("NOTIFY_SOCKET")
        )
        self._language = current()
        self._status, self._told = STARTING, ""
        self.does = STARTING  # what it does while nothing else is to be told
        self.note = ""  # what else its admin should know: stands at the end of each status
        self._unheard = False
        self.is_ready = False
        for name in OURS:
            environment.pop(name, None)

    def _send(self, msg: str) -> None:
        try:
            super()._send(msg)
            self._unheard = False
        except OSError as error:
            if not self._unheard:
                _log.warning("the manager of services does not hear", error=str(error))
            self._unheard = True

    def close(self) -> None:
        """Tell nothing more."""
        self._address = None
        self._socket.close()

    def tell(self, status: str) -> None:
        """What goes on now, in the language of the process, if it is something else than before."""
        self._status = status
        status = f"{status}; {self.note}" if self.note else status
        with speaking(self._language):
            words = log.without_numbers(one_line("; ".join(retold(status).splitlines())))[:LONGEST_STATUS]
        if words != self._told:
            self._told = words
            self.status(words)

    def begin(self, does: str) -> None:
        """From now on it does what it is for."""
        self.does = does
        self.tell(does)
        self.is_ready = True
        self.ready()

    def read_again(self, monotonic_s: float) -> None:
        """It reads its settings again, which began at that second of the monotonic clock; ``has_read`` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={int(monotonic_s * 1_000_000)}\n")

    def has_read(self, note: str) -> None:
        """It goes by its settings again; ``note`` is what an admin should know from now on."""
        self.note = note
        self.tell(self._status)
        if self.is_ready:
            self.ready()

    def end(self, status: str) -> None:
        """It was told to end."""
        self.tell(status)
        self._send("STOPPING=1\n")

    @contextmanager
    def watching(self, status: str) -> Iterator[None]:
        """Tell what a process begins with, and what made it fail; its watchdog's end shows where it stood still."""
        if self.is_enabled:
            faulthandler.enable()  # the manager's SIGABRT then writes every thread's calls on standard error
        self.tell(status)
        try:
            yield
        except AgiAppError as error:
            self.tell(str(error))
            raise
        except OSError as error:
            self.tell(fault_of(error))
            raise
        finally:
            self.close()

    async def keep_told(self, status: Callable[[], str]) -> None:
        """Tell what goes on, and that this event loop runs, again and again until cancelled."""
        while True:
            self.tell(status())
            self.notify()
            await asyncio.sleep(TELL_EVERY_S)


@asynccontextmanager
async def served(manager: ServiceManager, told: asyncio.Event, does: str) -> AsyncIterator[None]:
    """A process that does what it is for within the block, and ends in order once it is ``told`` to."""
    manager.begin(does)
    async with alongside(manager.keep_told(lambda: ENDING if told.is_set() else manager.does)):
        yield
    manager.end(ENDING)
