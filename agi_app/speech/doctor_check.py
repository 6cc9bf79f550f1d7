"""Whether the recogniser of the settings works: it is loaded, and hears a second of silence."""

from __future__ import annotations

from pathlib import Path

from agi_app.clock import Clock
from agi_app.config.speech import SpeechSettings
from agi_app.errors import ConfigError
from agi_app.messages import t
from agi_app.model.finding import Finding
from agi_app.speech.recognizer import recognizer_of

CHECK = "speech"
MEND = "docs/how-to/spoken-answers.md says how to install an engine and a model"
_SILENCE = bytes(16_000)


async def try_out(speech: SpeechSettings, project: Path, clock: Clock) -> Finding | None:
    """Load it in one process, whatever the settings say, and ask it; None without a recogniser."""
    began = clock.monotonic()
    try:
        async with recognizer_of(speech.model_copy(update={"workers": 1}), project) as recognizer:
            if recognizer is None:
                return None
            loaded_s = clock.monotonic() - began
            heard = await recognizer.transcribe(_SILENCE, "en", (), speech.deadline)
    except ConfigError as error:
        return Finding(CHECK, str(error), t(MEND))
    if speech.engine == "scripted":
        return Finding(CHECK, t("scripted: answers come from a file, whatever is said"))
    if heard.why != "silence":
        return Finding(
            CHECK, t("{engine} takes silence for {text!r}", engine=speech.engine, text=heard.text or heard.why), t(MEND)
        )
    return Finding(CHECK, t("{engine} is ready after {loaded_s:.1f} s", engine=speech.engine, loaded_s=loaded_s))
