"""People who speak: what goes over the line, and when."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import pytest

from sandbox import g711
from sandbox.callees import THINKS_S, read_callees
from sandbox.carrier import SCENARIO
from sandbox.errors import SandboxError
from sandbox.speaker import REST_S, STAYS_S, VOICES, Keys, Person, Says, add_speakers, call_pcap

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
WITH_CALLEES = sorted(EXAMPLES.glob("*/callees.toml"))


@pytest.mark.parametrize(
    ("law", "known"),
    [
        (g711.ULAW, {0: 0xFF, 32767: 0x80, -32768: 0x00, 1000: 0xCE, -1000: 0x4E}),
        (g711.ALAW, {0: 0xD5, 32767: 0xAA, -32768: 0x2A, 1000: 0xFA, -1000: 0x7A}),
    ],
    ids=["ulaw", "alaw"],
)
def test_samples_become_bytes_of_the_line(law: int, known: dict[int, int]) -> None:
    assert list(g711.encode(law, known)) == list(known.values())


def packets(capture: bytes) -> list[tuple[int, int, int, bytes]]:
    """Time (ms), payload type, RTP time stamp and payload of each packet of a capture file."""
    found, at = [], 24
    while at < len(capture):
        seconds, micros, size, _ = struct.unpack_from("<IIII", capture, at)
        rtp = capture[at + 16 + 14 + 20 + 8 : at + 16 + size]
        _, kind, _, stamp, _ = struct.unpack_from("!BBHII", rtp)
        found.append((seconds * 1000 + micros // 1000, kind & 0x7F, stamp, rtp[12:]))
        at += 16 + size
    return found


def test_a_line_never_falls_silent(tmp_path: Path) -> None:
    """A packet each 20 ms from the answer on, silence too, else nobody notices the end of talk; a key has one stamp."""
    wav = tmp_path / "hello.wav"
    with wave.open(str(wav), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(struct.pack("<800h", *[8000] * 800))
    seen = packets(call_pcap(Person([Says(0.5, wav), Keys(0.2, "1")], law=g711.ALAW)))
    assert [at for at, *_ in seen] == [20 * n for n in range(len(seen))]
    loud = [at for at, kind, _, payload in seen if kind == g711.ALAW and payload != b"\xd5" * 160]
    assert (min(loud), max(loud)) == (500, 580)
    key = [(at, stamp, payload[0]) for at, kind, stamp, payload in seen if kind == 101]
    assert {(stamp, event) for _, stamp, event in key} == {(8 * 800, 1)}, "one key, which began when it was pressed"
    assert key[0][0] == 800
    assert seen[-1][0] >= REST_S * 1000


def test_a_person_has_two_digits_of_their_own() -> None:
    scenario = SCENARIO.read_text("utf-8")
    made = add_speakers(scenario, {"41": Person([]), "42": Person([], law=g711.ALAW)})
    assert made.count("PCMA/8000") == scenario.count("PCMA/8000") + 1
    assert made.index('next="speaker_41"') < made.index('label id="speaker_41"')
    assert add_speakers(scenario, {}).count("speaker_") == 0
    for taken in ("20", "7", "4a"):
        with pytest.raises(SandboxError, match=taken):
            add_speakers(scenario, {taken: Person([])})


@pytest.mark.parametrize("file", WITH_CALLEES, ids=lambda f: f.parent.name)
def test_the_callees_of_the_examples_hear_their_prompts_and_have_a_voice(file: Path) -> None:
    people = read_callees(file, file.parent / "prompts").people
    assert people
    assert all(0 < person.hangs_up_after_s <= STAYS_S for person in people.values())
    for person in people.values():
        assert all(turn.after_s >= THINKS_S for turn in person.turns)
        assert call_pcap(person)


def test_what_is_wrong_with_a_callee_is_said(tmp_path: Path) -> None:
    """Each fault with file, line and column; none is a traceback, and one hides no other."""
    file = tmp_path / "callees.toml"
    (tmp_path / "en").mkdir()
    (tmp_path / "en/greeting.txt").write_text("Hello.", "utf-8")
    for text, wrong in (
        (
            '[41]\nlanguage = "en"\nturns = [{hears = ["nothing"], keys = "1"}]\n',
            r':3:10: turn 1: hears: there is no prompt "nothing" in en',
        ),
        ('[41]\nlanguage = "en"\nturns = [{hears = ["greting"], keys = "1"}]\n', 'did you mean "greeting"'),
        ('[41]\nlanguage = "en"\nturns = [{keys = "１"}]\n', r"１ \(U\+FF11\) is full-width; type the ASCII 1"),
        (
            '[41]\nlanguage = "en"\nturns = [{hears = ["greeting", keys = "1"}]\n',
            r":3:32: .*the list before keys is not closed: write \] in front of the comma",
        ),
        ('["４１"]\nlanguage = "en"\nturns = []\n', r":1:2: .４１.: a person .* ４ \(U\+FF14\) is full-width"),
        ('[41]\nlanguage = "en"\nturns = [{hears = [], key = "1"}]\n', "turn 1: has either keys"),
        ('[41]\nlanguage = "en"\nturns = [{keys = 9}]\n', "turn 1: keys: 9 are not keys"),
        (
            '[41]\nlanguage = "en"\nturns = [{keys = "1,2"}]\n',
            '"," is no key of a telephone; the keys of another question are a turn of their own',
        ),
        ('[41]\nlanguage = "en"\nturns = [{hears = "greeting", keys = "9"}]\n', "must be a list of prompts"),
        (
            '[41]\nlanguage = "en"\nturns = 5\ncodec = "opus"\n',
            r"3:1: turns: must be(.|\n)*4:1: codec: 'opus' is not known",
        ),
        ('[41]\nlanguage = "en"\nturns = []\nhangs_up_after = "soon"\n', ":4:1: hangs_up_after: must be a number"),
        (
            '[41]\nlanguage = "en"\nturns = [{says = "nine"}]\n',
            "turn 1: says: .nine. is not a recording of en; known are en",
        ),
        ('[41]\nlanguage = "en"\nturns = []\ncodex = "ulaw"\n', ":4:1: codex: there is no such key"),
        ("[41]\nturns = []\n", ":1:2: language: must name a folder"),
        ("41 = 3\n", r":1:1: .41.: must be a table"),
        ("[person]\n", "called by the last two digits"),
        (
            '[09]\nlanguage = "en"\nturns = []\n',
            ":1:2: .09.: a person whose number ends in 09 is there already; free are",
        ),
        ('[41]\nlanguage = "en"\nturns = [{keys = "9", waits = "long"}]\n', ":3:10: turn 1: waits: must be a number"),
        ('[41]\nlanguage = "en"\nturns = [{says = "mine.wav"}]\n', r":3:10: turn 1: .*mine\.wav cannot be played"),
        (
            '[desks]\ndepot = "away"\n',
            ':2:1: depot: .away. is not one of them; write one of "answers", "busy", "no_answer"',
        ),
        ("desks = 1\n", ":1:1: .desks.: must be a table"),
        ("[41\n", r"callees\.toml:1:4: is not valid TOML"),
    ):
        file.write_text(text, "utf-8")
        with pytest.raises(SandboxError, match=wrong):
            read_callees(file, tmp_path)


def test_every_voice_has_its_words() -> None:
    voices = sorted(VOICES.glob("*/*.wav"))
    assert len(voices) >= 16
    assert all(wav.with_suffix(".txt").read_text("utf-8").strip() for wav in voices)
