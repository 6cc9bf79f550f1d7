"""The carrier's own record of a run: a tcpdump of its SIP port, which survives a kill and cannot be talked round.

Read it with ``sandbox.sip`` (``read_messages``, ``read_calls``), also while it is still being written.
"""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from agi_app.messages import t
from sandbox.carrier import MEDIA_PORTS, MEDIA_STRIDE
from sandbox.errors import SandboxError
from sandbox.sip import CarrierCall, SipMessage, overlapping, read_calls, read_messages
from sandbox.supervise import Child, tail

__all__ = ["Capture", "CarrierCall", "SipMessage", "overlapping", "read_calls", "read_messages"]

START_TIMEOUT_S = 90.0
DRAIN_S = 0.2
BUFFER_KIB = 65_536
_NO_RIGHT = re.compile("permission|not permitted", re.IGNORECASE)


class Capture:
    """tcpdump of UDP ports on the loopback interface into a file. Needs root, as tcpdump does.

    ``media_host``: also all that this host sends and gets, such as the sound of calls; with ``one_call_in`` only of
    one of so many calls, by the ports that SIPp gives them. ``keep``: so many bytes of a packet are enough.
    ``invites``: also every INVITE, whatever the ports.
    """

    def __init__(
        self,
        file: Path,
        *ports: int,
        interface: str = "lo",
        media_host: str | None = None,
        one_call_in: int = 1,
        keep: int = 0,
        invites: bool = False,
    ) -> None:
        if not ports and media_host is None and not invites:
            raise SandboxError(t("a capture needs a port: give the carrier's"))
        self.file = file.resolve()
        self.ports = ports
        self.interface = interface
        self.media_host = media_host
        self.one_call_in = one_call_in
        self.keep = keep
        self.invites = invites
        self.log_path = self.file.with_name(self.file.name + ".log")
        self._child: Child | None = None

    def start(self) -> None:
        """Returns when tcpdump is listening, so that no message after it is missed."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.log_path.write_bytes(b"")
        all_invites = [f"udp[8:4] = 0x{b'INVI'.hex()}"] if self.invites else []
        expression = " or ".join([*(f"udp port {port}" for port in self.ports), *self._media(), *all_invites])
        options = ["-n", "-U", "--immediate-mode", "-s", str(self.keep), "-B", str(BUFFER_KIB)]
        argv = ["tcpdump", "-i", self.interface, *options]
        # -Z root: giving up root would also give up being killed with us.
        self._child = Child([*argv, "-Z", "root", "-w", str(self.file), expression], log=self.log_path)
        deadline = time.monotonic() + START_TIMEOUT_S
        while "listening on" not in self.log_path.read_text(errors="replace"):
            if self._child.returncode is not None:
                if _NO_RIGHT.search(self.log_path.read_text(errors="replace")):
                    told = "only root may record what the carrier sends and gets: run this as root (`sudo …`)"
                    raise SandboxError(t(told))
                raise self._child.died("tcpdump")
            if time.monotonic() > deadline:
                self._child.end(1.0)
                raise SandboxError(
                    t(
                        "tcpdump did not start; the end of {log_path}:\n{end}",
                        log_path=self.log_path,
                        end=tail(self.log_path),
                    )
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Takes what is still in the buffer, then ends tcpdump. Raises if the kernel dropped a packet."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.returncode is not None:
            raise child.died("tcpdump")
        time.sleep(DRAIN_S)
        child.send(signal.SIGINT)
        if not child.wait(5.0):
            child.end(0.0)
            raise SandboxError(t("tcpdump did not end; {file} may lack its end", file=self.file))
        found = re.search(r"(\d+) packets? dropped by kernel", self.log_path.read_text(errors="replace"))
        if found is None or int(found[1]) > 0:
            raise SandboxError(
                t(
                    "{file} is not complete: {why}",
                    file=self.file,
                    why=found[0] if found else tail(self.log_path),
                )
            )

    def go_on_in(self, file: Path) -> None:
        """End this file and begin another; what comes in between is in neither."""
        self.stop()
        self.file = file.resolve()
        self.log_path = file.with_name(file.name + ".log")
        self.start()

    def calls(self) -> list[CarrierCall]:
        """The calls sent to the captured ports so far."""
        return read_calls(self.file, self.ports)

    def _media(self) -> list[str]:
        if self.media_host is None:
            return []
        if self.one_call_in == 1:
            return [f"(udp and host {self.media_host})"]
        every = self.one_call_in * MEDIA_STRIDE
        said, heard = (
            f"(udp and {side} host {self.media_host} and udp[{place}:2] % {every} = {MEDIA_PORTS[0] % every})"
            for side, place in (("src", 0), ("dst", 2))
        )
        return [said, heard]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
