"""How long somebody speaks in a recording."""

from __future__ import annotations

import array

from agi_app.recordings.files import RATE, talk_seconds


def sound(amplitude: int, seconds: float) -> bytes:
    return array.array("h", [amplitude, -amplitude] * round(seconds * RATE / 2)).tobytes()


def test_talk_is_what_is_loud_enough_and_a_rest_of_a_frame_is_nothing() -> None:
    recording = sound(0, 0.5) + sound(256, 1.0) + sound(255, 0.5) + sound(32767, 0.5)
    assert talk_seconds(recording, 256) == 1.5
    assert talk_seconds(sound(256, 0.019) + b"\x00", 256) == 0
    assert talk_seconds(b"\x00\x80" * RATE, 256) == 1.0, "the loudest sample of all"
