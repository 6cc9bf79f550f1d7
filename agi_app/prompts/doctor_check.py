"""Which prompt `doctor` lets Asterisk play, and what may be wrong on this host when it cannot."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from agi_app.config.prompts import PromptSettings, TtsSettings
from agi_app.messages import t
from agi_app.prompts.prepare import look

SAMPLE_BYTES_S = 16000  # of a file that Asterisk plays: 8000 samples of two bytes a second
LONGEST_S = 30.0  # doctor waits for the end of it


@dataclass(frozen=True, slots=True)
class PlayablePrompt:
    """A prompt that can be played."""

    prompt: str
    file: str  # below the prompts folder
    seconds: float


def shortest(prompts: Path, settings: PromptSettings, tts: TtsSettings) -> PlayablePrompt | None:
    """The shortest prompt that is ready, of the prepared ones if there are any; None: nothing is ready."""
    ready = [(result, (prompts / result.file).stat().st_size) for result in look(prompts, settings, tts) if result.file]
    if not ready:
        return None
    result, size = min(ready, key=lambda found: (found[0].state == "as it is", found[1]))
    return PlayablePrompt(result.prompt, result.file, min(size / SAMPLE_BYTES_S, LONGEST_S))


def why_unplayable(file: Path) -> str:
    """A guess in words, for a file as Asterisk sees it; on another host only Asterisk's log knows more."""
    way = [*reversed(file.parents), file]
    try:
        modes = [part.stat().st_mode for part in way]
    except FileNotFoundError as error:
        return t(
            "there is no {filename} on this host, so it is another folder than this project's, or not shared",
            filename=error.filename,
        )
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    for part, mode in zip(way, modes, strict=True):
        if not mode & (stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH):
            return t("only its owner may read {part} (mode {s_imode:o})", part=part, s_imode=stat.S_IMODE(mode))
    return t("the file is here and readable for all; see Asterisk's log")
