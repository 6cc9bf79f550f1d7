"""Lines between a worker and what it is connected to: they can be cut, refused, dead without a word, or slow. That to
ARI knows which request and which answer is whose, and can keep, lose or refuse a single one."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from sandbox.ports import free_port

_RESET = struct.pack("ii", 1, 0)
_NUMBER = re.compile(r"PJSIP(?:\\?/|%2F)(?:\+|%2B)?(\d{6,})", re.IGNORECASE)
_CHANNEL = re.compile(r"channelId\W+(?:value\W+)?([\w.:-]+)")
_DIAL = re.compile(r"channels/([^/\"?\\\s]+)/dial")


class Pair:
    """One connection: to who asks, and to who answers."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.muted = False
        self.web_socket = False
        self.kept = 0  # messages to the server that a test still holds
        self.left = False  # who asked is gone
        self.buffers = {True: bytearray(), False: bytearray()}  # by whether they are answers
        self.locks = {True: threading.Lock(), False: threading.Lock()}

    def send(self, data: bytes, answers: bool) -> None:
        """To who asked, if these are answers, else to who answers; nothing if the connection is gone."""
        with self.locks[answers], contextlib.suppress(OSError):
            (self.client if answers else self.server).sendall(data)

    def end(self, reset: bool = False) -> None:
        """Close both."""
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                if reset:
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                side.shutdown(socket.SHUT_RDWR)


class Wire:
    """From a port of its own to ``server``: host and port, or the path of a Unix socket."""

    def __init__(self, server: tuple[str, int] | str) -> None:
        self._server = server
        self.port = free_port()
        self.refuses = False
        self.delay = 0.0  # seconds that each answer is late
        self._pairs: list[Pair] = []
        self._flows = threading.Event()
        self._flows.set()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=200)
        self._listener.settimeout(0.2)
        self._ends = False
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends = True
        self.flow()
        self.cut()
        for thread in self._threads:
            thread.join(3.0)
        self._listener.close()

    def cut(self) -> None:
        """End every connection; new ones are possible unless ``refuses``."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.end(reset=True)

    def mute(self) -> None:
        """Nothing goes over the present connections any more, in neither direction, and nobody is told."""
        for pair in self._pairs:
            pair.muted = True

    def hold(self) -> None:
        """Answers wait here, on every connection."""
        self._flows.clear()

    def flow(self) -> None:
        """Let them go on."""
        self._flows.set()

    # ------------------------------------------------------------------ threads

    def _accept(self) -> None:
        while not self._ends:
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            server = None if self.refuses else self._reach()
            if server is None:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                client.close()
                continue
            client.settimeout(None)
            pair = Pair(client, server)
            self._pairs.append(pair)
            for answers in (False, True):
                thread = threading.Thread(target=self._pump, args=(pair, answers), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _reach(self) -> socket.socket | None:
        try:
            if isinstance(self._server, str):
                reached = socket.socket(socket.AF_UNIX)
                reached.connect(self._server)
                return reached
            return socket.create_connection(self._server)
        except OSError:
            return None

    def _pump(self, pair: Pair, answers: bool) -> None:
        source = pair.server if answers else pair.client
        with source:
            while True:
                try:
                    data = source.recv(65_536)
                except OSError:
                    break
                if not data:
                    break
                if answers:
                    self._flows.wait()
                    time.sleep(self.delay)
                if not pair.muted:
                    self.forward(pair, data, answers)
            if not answers and pair.kept:
                pair.left = True
                return
            pair.end()

    def forward(self, pair: Pair, data: bytes, answers: bool) -> None:
        """What to do with some bytes."""
        pair.send(data, answers)


class AriWire(Wire):
    """``rule`` says what becomes of one request to create or dial a number's channel, or of its answer."""

    def __init__(self, server: tuple[str, int]) -> None:
        super().__init__(server)
        self._rules: dict[tuple[str, str, bool], str] = {}
        self._held: dict[tuple[str, str, bool], tuple[Pair, bytes]] = {}
        self._asked: dict[str, tuple[str, str]] = {}  # request id -> what and whose
        self._whose: dict[str, str] = {}  # channel id -> number
        self._guard = threading.RLock()
        self.seen: list[tuple[float, str, str, bool, str]] = []

    def rule(self, number: str, what: str, does: str, *, answer: bool = False) -> None:
        """Once, of the next ``create`` or ``dial``: hold, lose, refuse, or a number of seconds that it is late."""
        with self._guard:
            self._rules[number.removeprefix("+"), what, answer] = does

    def waits(self, number: str, what: str, *, answer: bool = False, seconds: float = 10.0) -> bool:
        """Until it is held here; whether it came to that."""
        deadline = time.monotonic() + seconds
        key = number.removeprefix("+"), what, answer
        while key not in self._held:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.002)
        return True

    def release(self, number: str, what: str, *, answer: bool = False, lose: bool = False) -> None:
        """What is held goes on, or is lost."""
        with self._guard:
            found = self._held.pop((number.removeprefix("+"), what, answer), None)
        if found is None:
            return
        pair, data = found
        if not lose:
            pair.send(data, answer)
        if not answer:
            pair.kept -= 1
            if pair.left and not pair.kept:
                pair.end()

    def forward(self, pair: Pair, data: bytes, answers: bool) -> None:
        """Whole frames, one by one, once it is a WebSocket."""
        buffer = pair.buffers[answers]
        buffer += data
        if not answers and b"upgrade: websocket" in bytes(buffer[:2_000]).lower():
            pair.web_socket = True
            _send_head(pair, buffer, answers)
        elif answers and buffer.startswith(b"HTTP/"):
            pair.web_socket = pair.web_socket and buffer.startswith(b"HTTP/1.1 101")
            _send_head(pair, buffer, answers)
        if not pair.web_socket:
            self._note_plain(bytes(buffer), answers)
            pair.send(bytes(buffer), answers)
            buffer.clear()
            return
        for raw, kind, payload in _frames(buffer):
            if kind != 1 or not self._caught(pair, raw, payload, answers):
                pair.send(raw, answers)

    def _note_plain(self, data: bytes, answers: bool) -> None:
        if not answers:
            self.seen.append((time.time(), "http", data[:120].decode("ascii", "replace"), answers, ""))

    def _caught(self, pair: Pair, raw: bytes, payload: bytes, answers: bool) -> bool:
        """Whether this frame is dealt with otherwise than by sending it on."""
        try:
            message = json.loads(payload)
        except ValueError:
            return False
        request_id = str(message.get("request_id", message.get("transaction_id", "")))
        with self._guard:
            if answers:
                if message.get("type") != "RESTResponse" or request_id not in self._asked:
                    return False
                what, number = self._asked.pop(request_id)
            else:
                what, number = self._whom(payload.decode())
                if not what:
                    return False
                self._asked[request_id] = what, number
            does = self._rules.pop((number, what, answers), "")
            self.seen.append((time.time(), what, number, answers, does or str(message.get("status_code", ""))))
            if does == "hold":
                pair.kept += not answers
                self._held[number, what, answers] = pair, raw
        if does == "refuse":
            pair.send(_text_frame(_refusal(message)), True)
        elif does not in ("", "hold", "lose"):
            threading.Timer(float(does), pair.send, (raw, answers)).start()
        return bool(does)

    def _whom(self, text: str) -> tuple[str, str]:
        number, channel, dialled = _NUMBER.search(text), _CHANNEL.search(text), _DIAL.search(text)
        if "channels/create" in text and number:
            if channel:
                self._whose[channel[1]] = number[1]
            return "create", number[1]
        if dialled:
            return "dial", self._whose.get(dialled[1], dialled[1])
        return "", ""


def _send_head(pair: Pair, buffer: bytearray, answers: bool) -> None:
    head, end, rest = bytes(buffer).partition(b"\r\n\r\n")
    pair.send(head + end, answers)
    buffer[:] = rest


def _frames(buffer: bytearray) -> Iterator[tuple[bytes, int, bytes]]:
    """Take whole WebSocket frames (RFC 6455, 5.2) from its beginning: the bytes, the opcode, the payload."""
    while len(buffer) >= 2:
        masked, size, at = buffer[1] & 0x80, buffer[1] & 0x7F, 2
        if size >= 126:
            more = 2 if size == 126 else 8
            if len(buffer) < at + more:
                return
            size, at = int.from_bytes(buffer[at : at + more], "big"), at + more
        mask = bytes(buffer[at : at + 4]) if masked else b""
        at += len(mask)
        if len(buffer) < at + size:
            return
        raw = bytes(buffer[: at + size])
        del buffer[: at + size]
        payload = raw[at:]
        if mask:
            payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        yield raw, raw[0] & 0x0F, payload


def _text_frame(text: str) -> bytes:
    data = text.encode()
    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack("!H", len(data))
    return b"\x81" + size + data


def _refusal(message: dict[str, object]) -> str:
    """As Asterisk refuses a channel that it cannot make."""
    said: dict[str, object] = {"type": "RESTResponse", "status_code": 500}
    said |= {key: value for key, value in message.items() if key in ("transaction_id", "request_id", "uri")}
    said |= {"reason_phrase": "Internal Server Error", "content_type": "application/json"}
    return json.dumps(said | {"message_body": '{"error": "Allocation failed"}'})
