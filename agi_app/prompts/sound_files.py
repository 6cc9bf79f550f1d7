"""Any sound file as numbers: WAV by pydub and numpy, all else by ffmpeg when it is installed.

Runs in its own process (``prepare.py``): decoding is slow and the files are strangers'.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydub import AudioSegment
from pydub.utils import audioop

from agi_app.messages import t
from agi_app.prompts import wav
from agi_app.prompts.faults import PromptFault
from agi_app.prompts.ffmpeg_program import ffmpeg
from agi_app.prompts.loudness import Samples

LARGEST = 256 * 1024 * 1024  # bytes
LONGEST_S = 600.0
FFMPEG_LIMIT_S = 60.0
CLIPPED_RUN = 3  # so many samples in a row at the top: cut off there, as a lone one need not be


@dataclass(frozen=True, slots=True)
class Sound:
    """One channel, full scale 1.0; ``clipped`` counts the places where the recording was cut off."""

    samples: Samples
    rate: int  # Hz
    clipped: int = 0


def read_sound(path: Path) -> Sound:
    """The sound of a file, its channels mixed; raises PromptFault when it has none that can be read."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise PromptFault(
                t(
                    "has {size} MB; a prompt may have {largest}. Cut it shorter",
                    size=size // 2**20,
                    largest=LARGEST // 2**20,
                )
            )
        content = path.read_bytes()
    except OSError as error:
        raise PromptFault(t("cannot be read: {strerror}", strerror=error.strerror)) from error
    if not content:
        raise PromptFault(t("is empty; record or copy it again"))
    by_ffmpeg = content[:4] not in (b"RIFF", b"RF64")
    if by_ffmpeg and path.suffix.lower() == ".wav" and ffmpeg() is None:
        raise PromptFault(t("is not a WAV file, despite its name; save it again as WAV, or install ffmpeg"))
    try:
        sound = wav.parse(_decoded(path) if by_ffmpeg else content)
    except wav.BadWav as error:
        raise PromptFault(t("{error}; save it again as WAV, PCM 16 bit", error=error)) from error
    if sound.missing and not by_ffmpeg:
        raise PromptFault(
            t("is cut short, {missing} bytes are missing; copy or record it again", missing=sound.missing)
        )
    return _mono(sound)


def _decoded(path: Path) -> bytes:
    """The file as a WAV of floats. Only files may be opened: a playlist cannot make ffmpeg fetch anything."""
    program = ffmpeg()
    if program is None:
        raise PromptFault(
            t(
                "{suffix} needs ffmpeg, which is not installed; `apt install ffmpeg`, or save it as WAV",
                suffix=path.suffix or t("this kind of file"),
            )
        )
    argv = [program, "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-i", f"file:{path}"]
    argv += ["-map", "0:a:0", "-t", f"{LONGEST_S + 1:g}", "-c:a", "pcm_f32le", "-f", "wav", "pipe:1"]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=FFMPEG_LIMIT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise PromptFault(
            t("ffmpeg needs more than {ffmpeg_limit_s:g} s for it; save it as WAV", ffmpeg_limit_s=FFMPEG_LIMIT_S)
        ) from error
    except OSError as error:
        raise PromptFault(t("ffmpeg cannot be started: {strerror}", strerror=error.strerror)) from error
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [t("no reason given")]
        raise PromptFault(t("ffmpeg cannot read it ({said}); save it as WAV", said=said[-1][-200:]))
    return done.stdout


def _mono(sound: wav.Wav) -> Sound:
    if len(sound.data) // (sound.channels * sound.bits // 8) / sound.rate > LONGEST_S:
        raise PromptFault(t("lasts more than {longest_s:g} minutes; cut it shorter", longest_s=LONGEST_S / 60))
    if sound.tag == wav.FLOAT:
        values = np.frombuffer(sound.data, "<f4" if sound.bits == 32 else "<f8").astype(np.float64)
        if not np.isfinite(values).all():
            raise PromptFault(t("has sound values that are not numbers; export it again"))
        # Floats may pass full scale without harm; as many at exactly the same top are a cut.
        channels = values.reshape(-1, sound.channels)
    else:
        width = 2 if sound.tag in (wav.ALAW, wav.ULAW) else sound.bits // 8
        segment = AudioSegment(data=_linear(sound), sample_width=width, frame_rate=sound.rate, channels=sound.channels)
        full = float(segment.max_possible_amplitude)
        channels = np.array(segment.get_array_of_samples(), np.float64).reshape(-1, sound.channels) / full
    return Sound(channels.mean(axis=1), sound.rate, _clipped(channels))


def _linear(sound: wav.Wav) -> bytes:
    """The data as signed integers, as pydub wants it."""
    if sound.tag == wav.ALAW:
        return bytes(audioop.alaw2lin(sound.data, 2))
    if sound.tag == wav.ULAW:
        return bytes(audioop.ulaw2lin(sound.data, 2))
    return bytes(audioop.bias(sound.data, 1, 128)) if sound.bits == 8 else sound.data


def _clipped(channels: Samples) -> int:
    """The number of runs of samples that all lie at the loudest value, when that is near full scale."""
    places = 0
    for one in channels.T:
        top = np.abs(one).max(initial=0.0)
        if top < 0.98:  # -0.2 dB: a recorder may cut off just below full scale
            continue
        edges = np.diff(np.concatenate(([0], (np.abs(one) >= top * 0.9999).astype(np.int8), [0])))
        places += int(np.sum(np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1) >= CLIPPED_RUN))
    return places
