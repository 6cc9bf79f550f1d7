"""A person who speaks: a SIPp callee that sends real audio (RTP), silence and bursts in turn, from the answer on."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox import rtp
from sandbox.carrier import MEDIA_HOST
from sandbox.g711 import ULAW
from sandbox.keypad import SCENARIO
from sandbox.ports import free_port, is_taken
from sandbox.supervise import Child
from tests.asterisk.client import TRUNK

RATE, PACKET = 8000, 160  # samples a second, and in a packet of 20 ms
_SILENCE = 0xFF  # µ-law


class Talker:
    """SIPp on a free port of 127.0.0.1. ``turns``: seconds of silence, of talk, of silence, … and then silence.

    Or the samples of all that is said (8 kHz, 16 bit).
    """

    def __init__(self, folder: Path, turns: Sequence[float] | bytes, *, hangs_up_after_s: float | None = None) -> None:
        self._folder = folder
        self._sound = bytes(map(_ulaw, memoryview(turns).cast("h"))) if isinstance(turns, bytes) else in_turn(turns)
        self._hangs_up_after_s = hangs_up_after_s
        self.port = self._media_port = free_port()
        while abs(self._media_port - self.port) < 4:  # neither is bound yet, so the same may be given twice
            self._media_port = free_port()
        self._child: Child | None = None

    def endpoint(self, number: str) -> str:
        """How to dial it: the trunk's endpoint, but this telephone."""
        return f"PJSIP/{TRUNK}/sip:{number.removeprefix('+')}@127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        (self._folder / "keys.pcap").write_bytes(pcap_of(self._sound))
        scenario = SCENARIO.read_text("utf-8").replace("AFTER_MS", "50")
        if self._hangs_up_after_s is not None:
            scenario = scenario.replace(
                '<recv request="BYE" timeout="180000" ontimeout="end" next="bye"/>', _HANG_UP
            ).replace("PAUSE_MS", str(round(self._hangs_up_after_s * 1000)))
            scenario = scenario.replace("<action>", _WHO, 1)
        (self._folder / "talker.xml").write_text(scenario, "utf-8")
        log = self._folder / "talker.log"
        argv = ["sipp", "-nostdin", "-sf", "talker.xml", "-i", "127.0.0.1", "-p", str(self.port), "-mi", MEDIA_HOST]
        argv += ["-mp", str(self._media_port), "-default_behaviors", "all,-abortunexp"]
        self._child = Child(argv, log=log, cwd=self._folder)
        while not is_taken(self.port):
            assert self._child.returncode is None, log.read_text("utf-8")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.end(2.0)


def in_turn(turns: Sequence[float]) -> bytes:
    """The turns, and ten seconds of silence behind them, in µ-law."""
    samples = [s for index, seconds in enumerate(turns) for s in (_talk if index % 2 else _quiet)(seconds)]
    return bytes(samples + _quiet(10.0))


def pcap_of(sound: bytes) -> bytes:
    """µ-law as RTP in a capture file."""
    packets = (sound[start : start + PACKET] for start in range(0, len(sound) - PACKET + 1, PACKET))
    return rtp.capture(rtp.Packet(ULAW, payload) for payload in packets)


def _quiet(seconds: float) -> list[int]:
    return [_SILENCE] * int(seconds * RATE)


def _talk(seconds: float) -> list[int]:
    """Something like vowels: a few harmonics that rise and fall four times a second."""
    noise = random.Random(1)
    return [_ulaw(_voice(n / RATE) + noise.gauss(0, 200)) for n in range(int(seconds * RATE))]


def _voice(t: float) -> float:
    loud = 5000 * (0.55 + 0.45 * math.sin(2 * math.pi * 4 * t))
    return loud * sum(math.sin(2 * math.pi * 140 * k * t) / k for k in (1, 2, 3, 5, 8))


def _ulaw(sample: float) -> int:
    """One sample as G.711 µ-law."""
    value = max(-32635, min(32635, int(sample)))
    sign, value = (0x80, -value) if value < 0 else (0, value)
    value += 132
    exponent = max(0, value.bit_length() - 8)
    return ~(sign | exponent << 4 | (value >> (exponent + 3)) & 0x0F) & 0xFF


_WHO = """<action>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="callee"/>"""
_HANG_UP = """\
<recv request="BYE" timeout="PAUSE_MS" ontimeout="hang_up" next="bye"/>
  <label id="hang_up"/>
  <send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$callee];tag=[pid]keypad[call_number]
To:[$caller]
Call-ID: [call_id]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200" timeout="2000" ontimeout="end" next="end"/>"""
