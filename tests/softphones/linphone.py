"""linphone without a sound card: ``linphonec`` reads commands from a pipe and tells all it does in its log.

Of several lines that come at once it takes only the last one, so each is written when the prompt is back.
"""

from __future__ import annotations

import os
import re
from typing import ClassVar

from sandbox.ports import free_range
from sandbox.supervise import Child
from tests.softphones.softphone import HOST, Softphone

PROMPT = b"linphonec> "
PAYLOADS = (
    ("PCMU", 8000, 1),
    ("PCMA", 8000, 1),
    ("opus", 48000, 0),
    ("speex", 16000, 0),
    ("speex", 8000, 0),
    ("G729", 8000, 0),
)
SETTINGS = """\
[sip]
sip_port={port}
sip_tcp_port=0
sip_tls_port=0
bind_address={host}
use_ipv6=0
guess_hostname=0
contact=sip:{user}@{host}:{port}
use_info={info}
use_rfc2833={events}
register_only_when_network_is_up=0
[rtp]
audio_rtp_port={low}-{high}
bind_address={host}
[sound]
echocancellation=0
"""
# The shell opens the pipe; every line that is logged is to be seen at once.
START = 'exec stdbuf -o0 linphonec -d 1 -c "$1" -b "$1" $3 <"$2"'


class Linphone(Softphone):
    """linphone 5.3; it rejects with 603, and can redirect."""

    command_name: ClassVar[str] = "linphonec"

    def _start(self) -> Child:
        low, high = free_range(20)
        text = SETTINGS.format(
            host=HOST,
            port=self.port,
            user=self.user,
            low=low,
            high=high,
            info=int(self.info),
            events=int(not self.info),
        )
        for place, (mime, rate, enabled) in enumerate(PAYLOADS):
            text += f"[audio_codec_{place}]\nmime={mime}\nrate={rate}\nchannels=1\nenabled={enabled}\n"
        settings, pipe = self.folder / "linphonerc", self.folder / "commands"
        settings.write_text(text)
        (self.folder / ".local" / "share" / "linphone").mkdir(parents=True)  # it does not make its folder itself
        os.mkfifo(pipe)
        self._pipe = os.open(pipe, os.O_RDWR)
        env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        argv = ["sh", "-c", START, "sh", str(settings), str(pipe), "-a" if self.answers else ""]
        return Child(argv, log=self.log, cwd=self.folder, env={**env, "HOME": str(self.folder)})

    def _connect(self) -> None:
        self.wait("its prompt", lambda: self._prompts() > 0)
        for command in ("soundcard use files", f"play {self.says}", f"record {self.heard}"):
            self._command(command)

    def close(self) -> None:
        super().close()
        os.close(self._pipe)

    def _command(self, text: str) -> None:
        known = self._prompts()
        os.write(self._pipe, f"{text}\n".encode())
        self.wait(text, lambda: self._prompts() > known)

    def _prompts(self) -> int:
        return self.log.read_bytes().count(PROMPT)

    def _states(self, of: str) -> list[str]:
        """Those of a call or a registration, oldest first."""
        return re.findall(rf"moving from state \S+ to \[?Linphone{of}(\w+)", self.log.read_text(errors="replace"))

    def _until(self, state: str, of: str = "Call") -> None:
        self.wait(f"{of} {state}", lambda: self._states(of)[-1:] == [state])

    # ---- what its user does

    def until_ringing(self) -> None:
        self._until("IncomingReceived")

    def answer(self) -> None:
        self._command("answer")
        self.until_on()

    def until_on(self) -> None:
        self._until("StreamsRunning")

    def reject(self) -> None:
        self._command("terminate")

    def redirect(self, to: str) -> None:
        """Send the caller elsewhere: 302."""
        self._command(f"redirect all {to}")

    def press(self, keys: str) -> None:
        for key in keys:
            self._command(key)

    def hold(self) -> None:
        self._command("pause")
        self._until("Paused")

    def resume(self) -> None:
        self._command("resume 1")
        self._until("StreamsRunning")

    def hang_up(self) -> None:
        self._command("terminate")

    @property
    def is_over(self) -> bool:
        return self._states("Call")[-1:] == ["Released"]

    def register(self, server_port: int, password: str) -> None:
        server = f"{HOST}:{server_port}"
        self._command(f"register sip:{self.user}@{server} sip:{server} {password}")
        self._until("Ok", of="Registration")

    def unregister(self) -> None:
        self._command("unregister")
        self._until("Cleared", of="Registration")
