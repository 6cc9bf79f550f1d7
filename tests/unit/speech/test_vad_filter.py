"""What an engine gets to hear, and what never reaches it. The probabilities are given: no model is needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from agi_app.flow.answers.recognition import Heard
from agi_app.speech.process_messages import Answer, Frames, Ready, Refused, Said, frame
from agi_app.speech.vad_filter import FRAME, RATE, Samples, Screened, loudness_db
from agi_app.speech.whisper_hints import LONGEST, prompt


class Engine:
    """Keeps what it was given."""

    def __init__(self) -> None:
        self.got: list[Samples] = []

    def recognise(self, speech: Samples, language: str, phrases: Sequence[str]) -> Heard:
        self.got.append(speech)
        return Heard("yes", 0.9)


def heard(level: float, probabilities: Sequence[float]) -> tuple[Heard, list[Samples]]:
    engine = Engine()
    pcm = (np.full(FRAME * len(probabilities), level) * 32768).astype("<i2").tobytes()
    return Screened(engine.recognise, lambda sound: probabilities).hear(pcm, "en", ("yes",)), engine.got


@pytest.mark.parametrize(("level", "why"), [(0.0, "silence"), (0.001, "silence"), (0.1, "noise")])
def test_what_holds_no_speech_never_reaches_the_engine(level: float, why: str) -> None:
    assert heard(level, [0.1] * 50) == (Heard("", 0.0, why), [])  # type: ignore[arg-type]


def test_a_click_is_no_speech() -> None:
    assert heard(0.1, [0.1, 0.9, 0.9, *[0.1] * 40]) == (Heard("", 0.0, "noise"), [])


def test_only_the_part_with_speech_is_recognised() -> None:
    answer, got = heard(0.1, [0.0] * 60 + [0.9] * 10 + [0.2] * 5 + [0.9] * 10 + [0.0] * 60)
    assert answer == Heard("yes", 0.9)
    assert len(got[0]) == 25 * FRAME + 2 * int(0.3 * RATE)


def test_a_recording_that_is_cut_off_or_empty() -> None:
    assert heard(0.1, [0.9] * 4)[0] == Heard("yes", 0.9)  # there is no margin to take
    assert heard(0.1, [])[0] == Heard("", 0.0, "silence")
    assert Screened(Engine().recognise, lambda sound: []).hear(b"\x01", "en", ()) == Heard("", 0.0, "silence")


def test_loudness() -> None:
    assert loudness_db(np.zeros(100, np.float32)) == pytest.approx(-120)
    assert loudness_db(np.ones(100, np.float32)) == pytest.approx(0)


def test_frames_are_put_together_however_the_pipe_cuts_them() -> None:
    said: list[Said] = [Ready(), Answer(Heard("不要再打了", 0.75, "unsure")), Refused("no model")]
    data = b"".join(frame(message) for message in said)
    for size in (1, 3, 7, len(data)):
        frames = Frames()
        cut = [data[at : at + size] for at in range(0, len(data), size)]
        assert [message for piece in cut for message in frames.feed(piece)] == said


@pytest.mark.parametrize("junk", [b"\xff\xff\xff\xff....", b"\x00\x00\x00\x03abc", b"\x00\x00\x00\x00"])
def test_what_is_no_frame_is_refused(junk: bytes) -> None:
    with pytest.raises(ValueError):
        list(Frames().feed(junk))


def test_the_most_important_phrases_are_in_the_prompt() -> None:
    assert prompt("zh", ["不要再打", "是的", "是的", " "]) == "普通话电话录音，简短回答：不要再打。是的。"
    assert prompt("en", ["stop calling me", "yes"]) == "Short phone answers: stop calling me, yes."
    assert prompt("en", []) == ""
    assert prompt("fr", ["oui", "non"]) == "oui, non."
    many = prompt("en", [f"phrase number {n}" for n in range(100)])
    assert many.startswith("Short phone answers: phrase number 0, phrase number 1, ")
    assert len(many) < LONGEST + 40
