"""The telephone in the terminal against a caller made here: it answers, keys what is typed, and hangs up."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from pathlib import Path

from agi_app.config.settings import load_settings
from sandbox.__main__ import _settings
from sandbox.borrowed import Borrowed
from sandbox.phone import Phone
from sandbox.ports import free_port
from sandbox.world import World

MORE_S = 0.3  # of listening after the last key: a key of one's own takes less
INVITE = (
    "INVITE sip:+999861380005501@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{sip};branch=z9hG4bKa;rport\r\n"
    "From: <sip:+999861380005501@127.0.0.1>;tag=us\r\nTo: <sip:+999861380005501@127.0.0.1>\r\nCall-ID: one\r\n"
    "CSeq: 7 INVITE\r\nContact: <sip:asterisk@127.0.0.1:{sip}>\r\nContent-Type: application/sdp\r\n\r\n"
    "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio {rtp} RTP/AVP 0 101\r\n"
)


def _request(method: str, sip: int) -> bytes:
    return (
        f"{method} sip:phone@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{sip};branch=z9hG4bKb\r\nCall-ID: one\r\n"
        f"From: <sip:us@127.0.0.1>;tag=us\r\nTo: <sip:you@127.0.0.1>;tag=x\r\nCSeq: 8 {method}\r\n\r\n"
    ).encode()


def _keys_heard(media: socket.socket, count: int) -> str:
    """The RTP events (RFC 4733) that begin, in order, and of what follows the next; silence between must flow, too."""
    heard, voice, until = "", 0, time.monotonic() + 10
    while time.monotonic() < until:
        if len(heard) == count:
            until = min(until, time.monotonic() + MORE_S)
        packet = media.recv(2048)
        kind = struct.unpack("!BB", packet[:2])[1]
        if kind & 0x7F == 101 and kind & 0x80:
            heard += "0123456789*#"[packet[12]]
        voice += kind == 0
    assert voice > 10, "a line that sends nothing has no media"
    return heard


def test_it_answers_keys_what_is_typed_and_ends_with_the_caller() -> None:
    told: list[str] = []
    port = free_port()
    reads, writes = os.pipe()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media,
        os.fdopen(reads) as typed,
        os.fdopen(writes, "w") as keyboard,
    ):
        for one in caller, media:
            one.bind(("127.0.0.1", 0))
            one.settimeout(10)
        sip, rtp = caller.getsockname()[1], media.getsockname()[1]
        phone = threading.Thread(target=Phone(port, told.append).run, args=(typed,), daemon=True)
        phone.start()
        while not told:
            time.sleep(0.02)
        caller.sendto(INVITE.format(sip=sip, rtp=rtp).encode(), ("127.0.0.1", port))
        assert b"180 Ringing" in caller.recv(4096)
        answer = caller.recv(4096).decode()
        assert answer.startswith("SIP/2.0 200 OK\r\n")
        assert "CSeq: 7 INVITE" in answer.replace("Cseq", "CSeq")
        assert "telephone-event/8000" in answer
        caller.sendto(_request("ACK", sip), ("127.0.0.1", port))
        keyboard.write("402913\n")
        keyboard.flush()
        assert _keys_heard(media, 6) == "402913"
        for line in ("say nowhere.wav\n", "say zh-CN/nine\n"):
            before = len(told)
            keyboard.write(line)
            keyboard.flush()
            while len(told) == before:
                time.sleep(0.02)
        until = time.monotonic() + 5
        while media.recv(2048)[12:] == b"\xff" * 160:  # silence
            assert time.monotonic() < until, "nothing was said"
        caller.sendto(_request("BYE", sip), ("127.0.0.1", port))
        while not (last := caller.recv(4096)).startswith(b"SIP/2.0 200") or b"BYE" not in last:
            pass
        phone.join(10)
        assert not phone.is_alive()
    assert told[2:4] == ["answered", "keys 402913"]
    assert told[4].startswith("cannot say nowhere.wav: there is no such file; known are en/ interested, ")
    assert "; zh-CN/ do-not-call, " in told[4]
    assert told[5:] == ["says zh-CN/nine", "they hung up"]


def test_the_settings_of_a_sandbox_are_settings(tmp_path: Path) -> None:
    """With its trunks, the telephone's among them, and a clock; nothing has to run for that."""
    project = tmp_path / "project"
    (project / "prompts").mkdir(parents=True)
    world = World(Path("/nowhere"), tmp_path, prompts_dir=project / "prompts", desks={"front-desk": "answers"})
    with Borrowed(project, _settings(world), lambda _: None):
        settings = load_settings(project)
    assert sorted(settings.trunks) == ["phone", "sandbox"]
    assert all(trunk.sandbox for trunk in settings.trunks.values())
    assert settings.sandbox.clock is not None
    assert world.asterisk.trunks["sandbox-phone"] == ("127.0.0.1", world.phone_port)
