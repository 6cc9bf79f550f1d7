"""One INVITE as a stranger may write it, byte for byte, and what Asterisk answers."""

from __future__ import annotations

import contextlib
import secrets
import socket
import time
from collections.abc import Iterator

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {media} RTP/AVP 0 101\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
)


class RawCall:
    """A call from an address of this machine; ``answers`` has the status codes so far."""

    def __init__(self, port: int, called: str, sender: str, more: str = "", host: str = "127.0.0.1") -> None:
        """``called``: the request URI's user part; ``sender``: the From header without its tag; ``more``: headers."""
        self.answers: list[int] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.settimeout(0.05)
        self._target = ("127.0.0.1", port)
        self._called, self._sender, self._more = called, sender, more
        self._id, self._branch, self._to = secrets.token_hex(6), f"z9hG4bK{secrets.token_hex(6)}", ""
        self._send("INVITE", OFFER.format(media=self._socket.getsockname()[1]), self._more)

    def _send(self, method: str, body: str = "", more: str = "") -> None:
        host, port = self._socket.getsockname()
        here = f"{host}:{port}"
        text = (
            f"{method} sip:{self._called}@127.0.0.1:{self._target[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {here};branch={self._branch}\r\nMax-Forwards: 70\r\n"
            f"From: {self._sender};tag={self._id}\r\nTo: <sip:x@127.0.0.1>{self._to}\r\nCall-ID: {self._id}@test\r\n"
            f"CSeq: 1 {method}\r\nContact: <sip:test@{here}>\r\n{more}"
            f"Content-Type: application/sdp\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}"
        )
        self._socket.sendto(text.encode(), self._target)

    def wait(self, *codes: int, seconds: float = 3.0) -> int | None:
        """The first of these answers; None when there is none in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := [code for code in self.answers if code in codes]:
                return found[0]
            with contextlib.suppress(TimeoutError):
                data = self._socket.recv(65_535)
                if data.startswith(b"SIP/2.0 "):
                    self.answers.append(int(data[8:11]))
                    if tag := [line for line in data.split(b"\r\n") if line.lower().startswith(b"to:")]:
                        _, found_tag, value = tag[0].decode().partition(";tag=")
                        self._to = f";tag={value}" if found_tag else ""
        return None

    def close(self) -> None:
        """Cancel, and acknowledge what was refused."""
        self._send("CANCEL" if not any(code >= 200 for code in self.answers) else "ACK")
        self._socket.close()


@contextlib.contextmanager
def raw_call(port: int, called: str, sender: str, more: str = "", host: str = "127.0.0.1") -> Iterator[RawCall]:
    """A call that is ended afterwards."""
    call = RawCall(port, called, sender, more, host)
    try:
        yield call
    finally:
        call.close()
