"""People of the carrier who speak: real audio over RTP from the answer on, as a telephone sends it.

What a person says and keys is laid out on a time line that begins with the answer, silence between; ``Carrier`` gives
each a suffix of the called number. They do not hear: a turn waits as long as the prompt before it lasts.
"""

from __future__ import annotations

import wave
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.messages import t
from sandbox import g711, rtp
from sandbox.errors import SandboxError

VOICES = Path(__file__).resolve().parent / "voices"  # LANGUAGE/NAME.wav, and NAME.txt with its words
SCENARIO = Path(__file__).resolve().parent / "scenarios" / "speaker.xml"
RATE = 8000
PAUSE_S = 0.2  # after a key
STAYS_S = 180.0
REST_S = 30.0  # silence behind the last turn: a line that sends nothing has no end of speech
_RTPMAP = {g711.ULAW: "PCMU", g711.ALAW: "PCMA"}
_WHO, _WHAT = "<!-- speaking: who -->", "<!-- speaking: what -->"


@dataclass(frozen=True, slots=True)
class Says:
    """Waits, then says what is in a recording (8 kHz, mono, 16 bit)."""

    after_s: float
    wav: Path


@dataclass(frozen=True, slots=True)
class Keys:
    """Waits, then presses keys."""

    after_s: float
    digits: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's turns, each counted from the end of the one before; then silence until BYE."""

    turns: Sequence[Says | Keys]
    law: int = g711.ULAW  # or ALAW, as lines in China have
    hangs_up_after_s: float = STAYS_S  # after the answer


def voice(name: str, language: str = "zh-CN") -> Path:
    """One of the recordings that come with the sandbox."""
    return VOICES / language / f"{name}.wav"


def known_voices() -> str:
    """All of them in words, by language, for whoever names one that is not there."""
    folders = sorted(folder for folder in VOICES.iterdir() if folder.is_dir())
    names = {folder.name: sorted(wav.stem for wav in folder.glob("*.wav")) for folder in folders}
    known = "; ".join(f"{language}/ {', '.join(found)}" for language, found in names.items())
    return t("known are {known}", known=known)


def add_speakers(scenario: str, people: Mapping[str, Person]) -> str:
    """The carrier's scenario with these people in it, by the last two digits of the called number."""
    template = SCENARIO.read_text("utf-8")
    who, what = [], []
    for suffix, person in people.items():
        if len(suffix) != 2 or not suffix.isdecimal() or f"is_{suffix}" in scenario:
            raise SandboxError(
                t("{suffix!r} is no free pair of digits: see sandbox/scenarios/carrier.xml", suffix=suffix)
            )
        who.append(f'<ereg regexp="{suffix}@" search_in="hdr" header="To:" assign_to="is_{suffix}"/>')
        values = {
            "SUFFIX": suffix,
            "PAYLOAD": str(person.law),
            "RTPMAP": _RTPMAP[person.law],
            "UNTIL_MS": str(round(person.hangs_up_after_s * 1000)),
        }
        text = template
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        what.append(text)
    jumps = [f'<nop test="is_{suffix}" next="speaker_{suffix}"/>' for suffix in people]
    return (
        scenario.replace(_WHO, "\n      ".join(who))
        .replace(_WHAT, "\n  ".join(jumps), 1)
        .replace(_WHAT, "\n".join(what), 1)
    )


def call_pcap(person: Person) -> bytes:
    """All that the person sends in a call, as a capture file for SIPp's ``play_pcap_audio``."""
    return rtp.capture(_stream(person))


def _stream(person: Person) -> Iterator[rtp.Packet]:
    for turn in person.turns:
        yield from _quiet(person.law, turn.after_s)
        if isinstance(turn, Says):
            yield from said(person.law, turn.wav)
        else:
            for digit in turn.digits:
                yield from rtp.key(digit)
                yield from _quiet(person.law, PAUSE_S)
    yield from _quiet(person.law, REST_S)


def _quiet(law: int, seconds: float) -> Iterator[rtp.Packet]:
    for _ in range(round(seconds * 1000 / rtp.PACKET_MS)):
        yield rtp.Packet(law, bytes([g711.SILENCE[law]]) * rtp.TICKS)


def said(law: int, wav: Path) -> Iterator[rtp.Packet]:
    """A recording as it goes over the line; SandboxError, OSError or wave.Error when it is none."""
    with wave.open(str(wav)) as source:
        if (source.getnchannels(), source.getsampwidth(), source.getframerate()) != (1, 2, RATE):
            raise SandboxError(t("{wav}: a voice is 8000 Hz, mono, 16 bit", wav=wav))
        samples = array("h", source.readframes(source.getnframes()))
    sound = g711.encode(law, samples)
    for start in range(0, len(sound), rtp.TICKS):
        yield rtp.Packet(law, sound[start : start + rtp.TICKS].ljust(rtp.TICKS, bytes([g711.SILENCE[law]])))
