"""The settings of prompts: how recordings are prepared, how loud, and what speaks texts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from agi_app.messages import spoken, t, template


class PromptSettings(BaseModel, extra="forbid", frozen=True):
    """How recordings are prepared (docs/how-to/record-and-prepare-prompts.md)."""

    loudness: float = Field(
        -20.0, ge=-30, le=-14, description=template("loudness of every prepared prompt, in LUFS (ITU-R BS.1770)")
    )
    level_all: bool = Field(False, description=template("also prepare recordings that Asterisk could play as they are"))
    wideband: bool = Field(False, description=template("also make 16 kHz files, for trunks that speak G.722 or Opus"))


class TtsSettings(BaseModel, extra="forbid", frozen=True):
    """What speaks the prompts that are text only."""

    engine: Literal["none", "espeak-ng", "command", "kokoro"] = Field(
        "none",
        description=template(
            "what speaks the texts: none, espeak-ng (installed beside), command (any program) or kokoro (agi-app[tts])"
        ),
    )
    fallback: bool = Field(
        True, description=template("whether espeak-ng, if installed, speaks what the engine could not")
    )
    voices: dict[str, str] = Field(default_factory=dict, description=template("the engine's voice for each language"))
    command: str = Field(
        "", description=template("for command: PROGRAM … with {text_file} {out_file}, also {language} {voice}")
    )
    time_limit: float = Field(60.0, gt=0, le=600, description=template("seconds an engine may take for one text"))
    model: Path | None = Field(None, description=template("for kokoro: the ONNX model file"))
    model_voices: Path | None = Field(None, description=template("for kokoro: the file of its voices"))

    @model_validator(mode="after")
    def _complete(self) -> TtsSettings:
        if self.engine == "command" and not ("{text_file}" in self.command and "{out_file}" in self.command):
            raise ValueError(spoken('engine "command" needs a command with {text_file} and {out_file}'))
        if self.engine == "kokoro" and not (self.model and self.model_voices):
            raise ValueError(t('engine "kokoro" needs model and model_voices'))
        return self
