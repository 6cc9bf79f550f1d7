"""A telephone in the terminal: it answers one call of the trunk ``phone`` and keys what is typed.

For whoever has no telephone in the sandbox: ``agi-app rehearse --prove`` wants a code keyed that is known only when the
call comes. A plain SIP endpoint of RFC 3261 and RFC 4733 for one call on 127.0.0.1, with silence for a voice, and
recordings between.
"""

from __future__ import annotations

import re
import secrets
import select
import socket
import struct
import sys
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from agi_app.messages import t
from sandbox import g711, rtp
from sandbox.errors import SandboxError
from sandbox.speaker import VOICES, known_voices, said

KEYS = r"[0-9*#]{1,40}"
RINGS_S, REPEATS_S, POLL_S, BETWEEN_KEYS = 0.5, 0.5, 0.2, 5
_SAME = ("via", "from", "call-id", "cseq", "record-route")  # of a request, in its response
_SILENCE = rtp.Packet(g711.ULAW, bytes([g711.SILENCE[g711.ULAW]]) * rtp.TICKS)


def _say(line: str) -> None:
    print(line, flush=True)


class Request:
    """A SIP request, as far as a telephone must read it."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        self.method = first.partition(" ")[0]
        self.headers = [(name.strip().lower(), value.strip()) for name, _, value in (x.partition(":") for x in lines)]

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def answer(self, status: str, tag: str, *more: str, body: str = "") -> bytes:
        """A response with the headers that must be the same."""
        same = [f"{name.title()}: {value}" for name, value in self.headers if name in _SAME]
        to = self.get("to")
        to = to if "tag=" in to or status.startswith("100") else f"{to};tag={tag}"
        length = f"Content-Length: {len(body)}"
        return "\r\n".join([f"SIP/2.0 {status}", *same, f"To: {to}", *more, length, "", body]).encode()


class Phone:
    """Waits for a call on ``port``; ``say`` tells what happens."""

    def __init__(self, port: int, say: Callable[[str], None] = _say) -> None:
        self._port, self._say = port, say
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tag = secrets.token_hex(6)
        self._call: Request | None = None
        self._peer = ("", 0)
        self._acked = self._over = False
        self._sends: list[list[rtp.Packet]] = []
        self._voice: threading.Thread | None = None

    def run(self, typed: TextIO) -> int:
        """Answer one call, key each typed line, and stay until either side hangs up; returns the exit status."""
        try:
            self._socket.bind(("127.0.0.1", self._port))
        except OSError as error:
            raise SandboxError(
                t("port {port} is taken: is another scripts/sandbox phone waiting?", port=self._port)
            ) from error
        self._media.bind(("127.0.0.1", 0))
        self._say(
            t(
                "waits for a call; once it is answered, type keys and Enter, `say FILE.wav` to play a recording"
                " (or `say zh-CN/nine`, one of sandbox/voices), `hangup` to end it"
            )
        )
        lines: list[TextIO] = [typed]
        repeat_at = time.monotonic()
        while not self._over:
            waited: list[socket.socket | TextIO] = [self._socket, *lines]
            ready, _, _ = select.select(waited, [], [], POLL_S)
            if self._socket in ready:
                self._take(Request(self._socket.recv(65_535)) if self._peer[1] else self._first())
            if lines and typed in ready:
                line = typed.readline()
                lines = lines if line else []
                self._type(line.strip())
            if self._call is not None and not self._acked and time.monotonic() >= repeat_at:
                self._send(self._ok())
                repeat_at = time.monotonic() + REPEATS_S
        if self._voice is not None:
            self._voice.join(2.0)
        self._socket.close()
        self._media.close()
        return 0

    def _first(self) -> Request:
        data, self._peer = self._socket.recvfrom(65_535)
        return Request(data)

    def _take(self, request: Request) -> None:
        match request.method:
            case "INVITE" if self._call is None:
                self._call = request
                self._say(t("rings: {caller}", caller=request.get("from").partition(";")[0]))
                self._send(request.answer("180 Ringing", self._tag))
                time.sleep(RINGS_S)
                self._send(self._ok())
                self._say(t("answered"))
                self._voice = threading.Thread(target=self._speak, args=(_media_of(request.body),), daemon=True)
                self._voice.start()
            case "INVITE" if request.get("call-id") != (self._call.get("call-id") if self._call else ""):
                self._send(request.answer("486 Busy Here", self._tag))
            case "INVITE":
                self._send(self._ok())
            case "ACK":
                self._acked = True
            case "BYE" | "CANCEL":
                self._send(request.answer("200 OK", self._tag))
                self._say(t("they hung up"))
                self._over = True
            case _ if not request.method.startswith("SIP/"):
                self._send(request.answer("200 OK", self._tag))

    def _type(self, line: str) -> None:
        if line == "hangup":
            self._hang_up()
        elif not line:
            return
        elif re.fullmatch(KEYS, line.replace(" ", "")) and self._call is not None:
            keys = line.replace(" ", "")
            self._sends.append([p for digit in keys for p in (*rtp.key(digit), *[_SILENCE] * BETWEEN_KEYS)])
            self._say(t("keys {line}", line=line))
        elif line.startswith("say ") and self._call is not None:
            self._say_recording(line.removeprefix("say ").strip())
        else:
            self._say(
                t("not now: nobody has called yet")
                if self._call is None
                else t("no keys: {line!r}; type keys, `say FILE.wav` or `hangup`", line=line)
            )

    def _say_recording(self, name: str) -> None:
        wav = Path(name) if name.endswith(".wav") else VOICES / f"{name}.wav"
        try:
            self._sends.append(list(said(g711.ULAW, wav)))
            self._say(t("says {name}", name=name))
        except FileNotFoundError:
            self._say(
                t(
                    "cannot say {name}: there is no such file; {known_voices}, or a FILE.wav of your own",
                    name=name,
                    known_voices=known_voices(),
                )
            )
        except (OSError, EOFError, wave.Error, SandboxError) as error:
            self._say(t("cannot say {name}: {error}", name=name, error=error))

    def _hang_up(self) -> None:
        if self._call is not None:
            call, contact = self._call, re.search(r"<(sip:[^>]+)>", self._call.get("contact"))
            head = [f"BYE {contact[1] if contact else 'sip:asterisk@127.0.0.1'} SIP/2.0"]
            head += [f"Via: SIP/2.0/UDP 127.0.0.1:{self._port};branch=z9hG4bK{secrets.token_hex(8)};rport"]
            head += [f"From: {call.get('to')};tag={self._tag}", f"To: {call.get('from')}"]
            head += [f"Call-ID: {call.get('call-id')}", "CSeq: 1 BYE", "Max-Forwards: 70", "Content-Length: 0", "", ""]
            self._send("\r\n".join(head).encode())
        self._say(t("hung up"))
        self._over = True

    def _ok(self) -> bytes:
        if self._call is None:
            raise SandboxError(t("there is no call to answer"))
        port = self._media.getsockname()[1]
        body = (
            f"v=0\r\no=phone 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {g711.ULAW} {rtp.EVENTS}\r\na=rtpmap:{g711.ULAW} PCMU/8000\r\n"
            f"a=rtpmap:{rtp.EVENTS} telephone-event/8000\r\na=fmtp:{rtp.EVENTS} 0-16\r\na=sendrecv\r\n"
        )
        contact = f"Contact: <sip:phone@127.0.0.1:{self._port}>"
        return self._call.answer("200 OK", self._tag, contact, "Content-Type: application/sdp", body=body)

    def _send(self, message: bytes) -> None:
        self._socket.sendto(message, self._peer)

    def _speak(self, peer: tuple[str, int]) -> None:
        """Silence and keys, a packet each 20 ms, until the call is over."""
        stream: list[rtp.Packet] = []
        number, due = 0, time.monotonic()
        while not self._over:
            if not stream and self._sends:
                stream = self._sends.pop(0)
            packet = stream.pop(0) if stream else _SILENCE
            self._media.sendto(_rtp(packet, number), peer)
            number, due = number + 1, due + rtp.PACKET_MS / 1000
            time.sleep(max(0.0, due - time.monotonic()))


def _rtp(packet: rtp.Packet, number: int) -> bytes:
    kind, stamp = packet.kind | (0x80 if packet.first else 0), (number - packet.since) * rtp.TICKS
    return struct.pack("!BBHII", 0x80, kind, number & 0xFFFF, stamp & 0xFFFFFFFF, 0x0A0B0C0D) + packet.payload


def _media_of(sdp: str) -> tuple[str, int]:
    host, port = re.search(r"^c=IN IP4 (\S+)", sdp, re.MULTILINE), re.search(r"^m=audio (\d+)", sdp, re.MULTILINE)
    if host is None or port is None:
        raise SandboxError(t("a call came without audio: nothing to talk over"))
    return host[1], int(port[1])


if __name__ == "__main__":
    sys.exit(Phone(int(sys.argv[1])).run(sys.stdin))
