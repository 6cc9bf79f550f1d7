"""baresip without a sound card: commands and events as netstrings of JSON over TCP (ctrl_tcp), keys over ``cons``.

Its module ``cons`` takes each byte as a key that goes down, and lets it come up 250 ms after the last byte.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from typing import Any, ClassVar

from sandbox.ports import free_port, free_range
from sandbox.supervise import Child
from tests.softphones.softphone import HOST, Softphone

DOWN_S = 0.1  # some packets of the key leave, and it does not come up yet
ASKS, HANGS_UP = "cb"  # keys of the console
# Without net_interface it would look for an address that leads out. ring and busy tones would be played into files.
CONFIG = """\
net_interface {host}
sip_listen {host}:{port}
rtp_ports {low}-{high}
call_max_calls 2
audio_player aufile,{heard}
audio_source aufile,{says}
audio_alert aufile,{alert}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
ring_aufile none
callwaiting_aufile none
busy_aufile none
error_aufile none
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module cons.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control}
cons_listen {host}:{keys}
"""


class Baresip(Softphone):
    """baresip 1.1; it rejects with 486 and nothing else."""

    command_name: ClassVar[str] = "baresip"

    def _start(self) -> Child:
        self._control, self._keys = free_port(), free_port()
        self._events: list[dict[str, Any]] = []
        self._answers: list[dict[str, Any]] = []
        low, high = free_range(20)
        (self.folder / "config").write_text(
            CONFIG.format(
                host=HOST, port=self.port, low=low, high=high, heard=self.heard, says=self.says,
                alert=self.folder / "alert.wav", control=self._control, keys=self._keys,
            )
        )  # fmt: skip
        (self.folder / "accounts").write_text(f"{self._account(self.port)};regint=0\n")
        (self.folder / "contacts").write_text("")
        return Child(["baresip", "-s", "-f", str(self.folder)], log=self.log, cwd=self.folder)

    def _account(self, port: int) -> str:
        keys, answers = "info" if self.info else "rtpevent", "auto" if self.answers else "manual"
        return f"<sip:{self.user}@{HOST}:{port}>;audio_codecs=pcmu,pcma;dtmfmode={keys};answermode={answers}"

    def _connect(self) -> None:
        self.wait("it can be controlled", self._open)
        threading.Thread(target=self._read, daemon=True).start()

    def _open(self) -> bool:
        try:
            self._socket = socket.create_connection((HOST, self._control), 1.0)
        except OSError:
            return False
        self._socket.settimeout(None)
        return True

    def _read(self) -> None:
        data = b""
        with contextlib.suppress(OSError):
            while got := self._socket.recv(65_536):
                *messages, data = _netstrings(data + got)
                for message in map(json.loads, messages):
                    (self._events if message.get("event") else self._answers).append(message)

    def close(self) -> None:
        super().close()
        if hasattr(self, "_socket"):
            self._socket.close()

    def _command(self, command: str, params: str = "") -> None:
        """Returns when it has answered; it says of some that work that they have failed."""
        answered = len(self._answers)
        text = json.dumps({"command": command, "params": params, "token": "test"}).encode()
        self._socket.sendall(b"%d:%s," % (len(text), text))
        self.wait(command, lambda: len(self._answers) > answered)

    def _seen(self, kind: str, **more: str) -> bool:
        return any(e["type"] == kind and more.items() <= e.items() for e in [*self._events])

    # ---- what its user does

    def until_ringing(self) -> None:
        self.wait("it rings", lambda: self._seen("CALL_INCOMING"))

    def answer(self) -> None:
        self._command("accept")
        self.until_on()

    def until_on(self) -> None:
        self.wait("the call is on", lambda: self._seen("CALL_ESTABLISHED"))

    def reject(self) -> None:
        self._command("hangup")

    def press(self, keys: str) -> None:
        self._command("sndcode", keys)

    def press_and_hang_up(self, key: str) -> None:
        """Hang up while the key is still down."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as keys:
            for each in (key, ASKS, ASKS, ASKS, HANGS_UP):
                keys.sendto(each.encode(), (HOST, self._keys))
                time.sleep(DOWN_S)

    def hold(self) -> None:
        self._command("hold")
        self.wait("on hold", lambda: self._directions()[-1:] == ["sendonly"])

    def resume(self) -> None:
        self._command("resume")
        self.wait("no longer on hold", lambda: self._directions()[-1:] == ["sendrecv"])

    def hang_up(self) -> None:
        self._command("hangup")

    @property
    def is_over(self) -> bool:
        return self._seen("CALL_CLOSED")

    def _directions(self) -> list[str]:
        return [e["remoteaudiodir"] for e in self._events if e["type"] == "CALL_REMOTE_SDP"]

    def register(self, server_port: int, password: str) -> None:
        known = len(self._events)
        self._server = f"sip:{self.user}@{HOST}:{server_port}"
        self._command("uanew", f"{self._account(server_port)};auth_user={self.user};auth_pass={password};regint=60")
        self.wait("it is registered", lambda: any(e["type"] == "REGISTER_OK" for e in self._events[known:]))

    def unregister(self) -> None:
        self._command("uadel", self._server)


def _netstrings(data: bytes) -> list[bytes]:
    """Those that are complete, and last what is left."""
    found = []
    while b":" in data:
        size, _, rest = data.partition(b":")
        if len(rest) <= int(size):  # its comma is not there yet
            break
        found.append(rest[: int(size)])
        data = rest[int(size) + 1 :]
    return [*found, data]
