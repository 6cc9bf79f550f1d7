"""Whether the recogniser of the settings works: it is loaded, and hears a second of silence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agi_app.clock import Clock
from agi_app.config.voice import SpeechSettings
from agi_app.errors import ConfigError
from agi_app.speech.recognizer import recognizer_of

_SILENCE = bytes(16_000)


@dataclass(frozen=True, slots=True)
class SpeechTrial:
    """What was found, in words."""

    works: bool
    text: str


async def try_out(speech: SpeechSettings, project: Path, clock: Clock) -> SpeechTrial | None:
    """Load it in one process, whatever the settings say, and ask it; None without a recogniser."""
    began = clock.monotonic()
    try:
        async with recognizer_of(speech.model_copy(update={"workers": 1}), project) as recognizer:
            if recognizer is None:
                return None
            loaded_s = clock.monotonic() - began
            heard = await recognizer.transcribe(_SILENCE, "en", (), speech.deadline)
    except ConfigError as error:
        return SpeechTrial(False, str(error))
    if speech.engine == "scripted":
        return SpeechTrial(True, "scripted: answers come from a file, whatever is said")
    if heard.why != "silence":
        return SpeechTrial(False, f"{speech.engine} takes silence for {heard.text or heard.why!r}")
    return SpeechTrial(True, f"{speech.engine} is ready after {loaded_s:.1f} s")
