"""What people said, as far as it is kept: WAV files, encrypted, in the data folder."""

from __future__ import annotations

import io
import os
import struct
import wave
from pathlib import Path

from agi_app.messages import template
from agi_app.model.call import KeptRecording
from agi_app.recordings.copies import Copies
from agi_app.sealed_files import SealedFiles

FOLDER = "recordings"  # below the data folder
KEY_FILE = "recordings.key"
RATE, WIDTH = 8000, 2  # Hz, bytes a sample; one channel
_FRAME = 160  # samples, 20 ms
LEAST_TALK_S = 0.3  # a recording with less talk holds nothing


class RecordingFiles(SealedFiles):
    """The kept recordings of one installation; the hash of each is beside its attempt.

    ``copies``: the clear ones, which are removed with a recording.
    """

    def __init__(self, data_folder: Path, copies: Copies | None = None) -> None:
        super().__init__(data_folder / FOLDER, data_folder / KEY_FILE, template("recordings"))
        self._copies = copies

    def _forget_copies(self, digest: bytes) -> None:
        if self._copies is not None:
            self._copies.forget(digest)

    def keep_call(self, name: str, kind: str, pcm: bytes) -> KeptRecording:
        """Encrypt what was said in a call; on disk when this returns. Blocks. Raises ConfigError."""
        return KeptRecording(name, kind, self.keep(as_wav(pcm)).hex(), round(len(pcm) / WIDTH / RATE, 1))


def as_wav(pcm: bytes) -> bytes:
    """A WAV file that any player takes. A few random bytes in it make it no other's: each can be deleted alone."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(WIDTH)
        sound.setframerate(RATE)
        sound.writeframes(pcm)
    made = out.getvalue() + b"agi " + struct.pack("<I", 16) + os.urandom(16)
    return made[:4] + struct.pack("<I", len(made) - 8) + made[8:]


def talk_seconds(pcm: bytes, level: int) -> float:
    """How long somebody speaks in it: the frames whose mean amplitude is ``level`` or more."""
    samples = memoryview(pcm[: len(pcm) // (WIDTH * _FRAME) * WIDTH * _FRAME]).cast("h")
    frames = (samples[at : at + _FRAME] for at in range(0, len(samples), _FRAME))
    return sum(sum(map(abs, frame)) >= level * _FRAME for frame in frames) * _FRAME / RATE
