"""What becomes of one recording: its loudness by the standard, its peaks, its silence, its faults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agi_app.prompts import wav
from agi_app.prompts.faults import PromptFault
from agi_app.prompts.loudness import limit, loudness, resampled, true_peak
from agi_app.prompts.normalise import KEPT_S, Levelled, LevellingTarget, level
from agi_app.prompts.sound_files import Sound, read_sound
from tests.unit.sounds import Samples, pcm, riff, samples_of, speech, write_speech

pytestmark = pytest.mark.slow  # reads and filters sound: not part of the fast unit tests

WANTED = LevellingTarget(loudness=-20.0)


def heard(made: Levelled, tmp_path: Path) -> Samples:
    """The samples of the 8 kHz file."""
    file = tmp_path / "made.wav"
    file.write_bytes(made.narrow)
    samples, rate = samples_of(file)
    assert rate == 8000
    return samples


# ---- loudness: the standard's own test signals (EBU Tech 3341, ITU-R BS.2217)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize(("amplitude_db", "lufs"), [(0.0, -3.01), (-20.0, -23.01), (-33.0, -36.01)])
def test_a_tone_of_997_hz_has_the_loudness_of_the_standard(rate: int, amplitude_db: float, lufs: float) -> None:
    tone = 10 ** (amplitude_db / 20) * np.sin(2 * np.pi * 997 * np.arange(3 * rate) / rate)
    assert loudness(tone, rate) == pytest.approx(lufs, abs=0.05)


def test_pauses_do_not_count(tmp_path: Path) -> None:
    """The gates: speech with long pauses is as loud as speech without."""
    talk = speech(8000, 4)
    with_pauses = np.concatenate([talk, np.zeros(64000), talk])
    assert loudness(with_pauses, 8000) == pytest.approx(loudness(talk, 8000), abs=0.3)


def test_bass_counts_less_than_voice() -> None:
    t = np.arange(24000) / 8000
    assert loudness(np.sin(2 * np.pi * 40 * t), 8000) < loudness(np.sin(2 * np.pi * 1000 * t), 8000) - 5


def test_silence_has_no_loudness() -> None:
    assert loudness(np.zeros(8000), 8000) == float("-inf")


def test_a_true_peak_between_the_samples_is_found() -> None:
    """A quarter of the rate, 45 degrees off: every sample is 0.707, the wave reaches 1."""
    tone = np.cos(2 * np.pi * 0.25 * np.arange(8000) + np.pi / 4) * np.hanning(8000)
    assert np.abs(tone).max() < 0.71
    assert true_peak(tone) == pytest.approx(1.0, abs=0.01)


def test_the_limiter_leaves_what_is_below_as_it_is() -> None:
    talk = speech(8000, level=0.2)
    talk[4000] = 0.9
    limited = limit(talk, 8000, 0.5)
    assert true_peak(limited) <= 0.5001
    assert np.allclose(limited[:3800], talk[:3800])
    assert np.allclose(limited[4200:], talk[4200:])


def test_resampling_makes_no_alias() -> None:
    """A tone above 4 kHz must vanish at 8 kHz, not come back as another one."""
    tone = np.sin(2 * np.pi * 5000 * np.arange(24000) / 24000)
    assert np.sqrt(np.mean(resampled(tone, 24000, 8000)[200:-200] ** 2)) < 10 ** (-40 / 20)


# ---- one recording


@pytest.mark.parametrize("level_in", [0.02, 0.2, 0.95])
def test_quiet_and_loud_recordings_become_equally_loud_and_never_pass_the_ceiling(
    tmp_path: Path, level_in: float
) -> None:
    made = level(read_sound(write_speech(tmp_path / "x.wav", level=level_in)), WANTED)
    samples = heard(made, tmp_path)
    assert loudness(samples, 8000) == pytest.approx(-20.0, abs=0.5)
    assert true_peak(samples) <= 10 ** (-2.9 / 20)
    assert made.clipped == 0
    assert made.notes == ()


def test_a_peaky_recording_is_limited_not_clipped(tmp_path: Path) -> None:
    talk = speech(8000, 2, 0.05)
    talk[8000:8004] = (0.9, -0.9, 0.8, -0.7)  # a knock on the table
    made = level(Sound(talk, 8000), WANTED)
    assert made.limited_db > 6
    assert made.true_peak_db <= -2.9
    assert loudness(heard(made, tmp_path), 8000) == pytest.approx(-20.0, abs=1.0)


def test_silence_around_the_speech_is_cut_to_what_is_kept(tmp_path: Path) -> None:
    talk = np.concatenate([np.zeros(16000), speech(16000, 1.0), np.zeros(32000)])
    made = level(Sound(talk, 16000), WANTED)
    assert made.seconds == pytest.approx(1.0 + 2 * KEPT_S, abs=0.06)
    assert made.trimmed_s == pytest.approx(3 - 2 * KEPT_S, abs=0.06)
    samples = heard(made, tmp_path)
    assert np.abs(samples[: int(0.1 * 8000)]).max() < 0.01
    piece = level(Sound(talk, 16000), LevellingTarget(-20.0, piece=True))
    assert piece.seconds < made.seconds - 0.2  # pieces follow each other without a gap


def test_direct_current_and_hum_are_gone(tmp_path: Path) -> None:
    t = np.arange(16000) / 8000
    talk = speech(8000, 2) + 0.3 + 0.1 * np.sin(2 * np.pi * 20 * t)
    samples = heard(level(Sound(talk, 8000), WANTED), tmp_path)
    assert abs(samples.mean()) < 0.001
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert spectrum[np.fft.rfftfreq(len(samples), 1 / 8000) < 30].max() < 0.01 * spectrum.max()


def test_a_clipped_recording_is_told(tmp_path: Path) -> None:
    cut = (speech(44100, 1, 1.0) * 4).clip(-1, 1)
    made = level(read_sound(riff(tmp_path / "cut.wav", 44100, pcm(cut, 16))), WANTED)
    assert made.clipped > 20
    assert "cut off at the top" in made.notes[0]
    loud = level(read_sound(write_speech(tmp_path / "loud.wav", level=1.0)), WANTED)
    assert loud.clipped == 0


def test_a_wideband_trunk_gets_a_second_file(tmp_path: Path) -> None:
    made = level(Sound(speech(44100), 44100), LevellingTarget(-20.0, wideband=True))
    assert made.wide is not None
    wide = wav.parse(made.wide)
    assert wide.rate == 16000
    assert len(wide.data) == pytest.approx(2 * len(wav.parse(made.narrow).data), rel=0.03)
    assert level(Sound(speech(44100), 44100), WANTED).wide is None


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (np.zeros(8000), "only silence"),
        (np.full(8000, 0.5), "only silence"),
        (speech(8000, level=0.003), "almost silent"),
        (speech(8000, 0.02), "no sound"),
        (np.zeros(0), "no sound"),
    ],
    ids=["zeros", "direct current", "whisper", "click", "nothing"],
)
def test_what_nobody_could_hear_is_a_fault(samples: Samples, why: str) -> None:
    with pytest.raises(PromptFault, match=why):
        level(Sound(samples, 8000), WANTED)


# ---- reading


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_every_integer_wav_is_read(tmp_path: Path, rate: int, bits: int) -> None:
    wanted = speech(rate, 0.2, 0.5)
    sound = read_sound(write_speech(tmp_path / "x.wav", rate, bits=bits, seconds=0.2, level=0.5))
    assert sound.rate == rate
    assert np.abs(sound.samples - wanted).max() < (0.01 if bits == 8 else 0.001)


@pytest.mark.parametrize(("bits", "kind"), [(32, "<f4"), (64, "<f8")])
def test_floats_are_read_even_above_full_scale(tmp_path: Path, bits: int, kind: str) -> None:
    wanted = speech(48000, 0.2, 1.5)
    sound = read_sound(riff(tmp_path / "f.wav", 48000, wanted.astype(kind).tobytes(), bits=bits, tag=wav.FLOAT))
    assert np.abs(sound.samples - wanted).max() < 1e-6
    assert sound.clipped == 0


@pytest.mark.parametrize(("tag", "quiet"), [(wav.ALAW, 0xD5), (wav.ULAW, 0xFF)])
def test_telephone_recordings_are_read(tmp_path: Path, tag: int, quiet: int) -> None:
    sound = read_sound(riff(tmp_path / "t.wav", 8000, bytes([quiet, quiet ^ 0x7F] * 400), bits=8, tag=tag))
    assert np.abs(sound.samples[::2]).max() < 0.001
    assert np.abs(sound.samples[1::2]).min() > 0.9


def test_channels_are_mixed(tmp_path: Path) -> None:
    left = speech(44100, 0.2, 0.5)
    both = np.stack([left, np.zeros_like(left)], axis=1).reshape(-1)
    sound = read_sound(riff(tmp_path / "s.wav", 44100, pcm(both, 24), bits=24, channels=2))
    assert np.abs(sound.samples - left / 2).max() < 0.001


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"ID3\x04 an MP3 called WAV", "not a WAV file"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00", "header is damaged|ends before"),
        (b"RIFF\x24\x00\x00\x00AVI LIST", "not a WAV file"),
    ],
)
def test_a_damaged_file_is_told_with_its_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, why: str
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    file = tmp_path / "x.wav"
    file.write_bytes(content)
    with pytest.raises(PromptFault, match=why):
        read_sound(file)


def test_a_file_that_was_cut_short_is_a_fault(tmp_path: Path) -> None:
    file = write_speech(tmp_path / "x.wav")
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(PromptFault, match="cut short"):
        read_sound(file)


def test_without_ffmpeg_an_mp3_is_refused_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (tmp_path / "x.mp3").write_bytes(b"ID3\x04")
    with pytest.raises(PromptFault, match=r"needs ffmpeg.*save it as WAV"):
        read_sound(tmp_path / "x.mp3")


def test_with_ffmpeg_other_files_are_read_and_only_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for ffmpeg: it hands over a WAV, and notes with what it was called."""
    answer = write_speech(tmp_path / "answer.wav", 22050, level=0.5)
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/called\ncat {answer}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    (tmp_path / "x.m4a").write_bytes(b"....ftypM4A ")
    assert read_sound(tmp_path / "x.m4a").rate == 22050
    assert f"-protocol_whitelist file,pipe -i file:{tmp_path}/x.m4a" in (tmp_path / "called").read_text()
    program.write_text("#!/bin/sh\necho 'Invalid data' >&2\nexit 1\n")
    with pytest.raises(PromptFault, match=r"ffmpeg cannot read it \(Invalid data\)"):
        read_sound(tmp_path / "x.m4a")
