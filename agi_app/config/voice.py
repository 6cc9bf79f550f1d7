"""The settings of voice: how recordings are prepared, what speaks texts, what understands answers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PromptSettings(_Frozen):
    """How recordings are prepared (docs/how-to/record-and-prepare-prompts.md)."""

    loudness: float = Field(
        -20.0, ge=-30, le=-14, description="loudness of every prepared prompt, in LUFS (ITU-R BS.1770)"
    )
    level_all: bool = Field(False, description="also prepare recordings that Asterisk could play as they are")
    wideband: bool = Field(False, description="also make 16 kHz files, for trunks that speak G.722 or Opus")


class TtsSettings(_Frozen):
    """What speaks the prompts that are text only."""

    engine: Literal["none", "espeak-ng", "command", "kokoro"] = Field(
        "none",
        description="what speaks the texts: none, espeak-ng (installed beside), command (any program) or"
        " kokoro (agi-app[tts])",
    )
    fallback: bool = Field(True, description="whether espeak-ng, if installed, speaks what the engine could not")
    voices: dict[str, str] = Field(default_factory=dict, description="the engine's voice for each language")
    command: str = Field("", description="for command: PROGRAM … with {text_file} {out_file}, also {language} {voice}")
    time_limit: float = Field(60.0, gt=0, le=600, description="seconds an engine may take for one text")
    model: Path | None = Field(None, description="for kokoro: the ONNX model file")
    model_voices: Path | None = Field(None, description="for kokoro: the file of its voices")

    @model_validator(mode="after")
    def _complete(self) -> TtsSettings:
        if self.engine == "command" and not ("{text_file}" in self.command and "{out_file}" in self.command):
            raise ValueError('engine "command" needs a command with {text_file} and {out_file}')
        if self.engine == "kokoro" and not (self.model and self.model_voices):
            raise ValueError('engine "kokoro" needs model and model_voices')
        return self


class SpeechSettings(_Frozen):
    """Who understands spoken answers (docs/how-to/spoken-answers.md)."""

    engine: Literal["none", "faster-whisper", "sherpa-onnx", "scripted"] = Field(
        "none",
        description="what understands speech: none (keys only), faster-whisper (agi-app[whisper]), sherpa-onnx"
        " (agi-app[sherpa]),"
        " or scripted (trials without a model)",
    )
    model: Path | None = Field(
        None, description="folder of the model; for scripted: a file with one answer on each line"
    )
    workers: int = Field(1, ge=1, le=64, description="processes that recognise; each holds the model in memory")
    threads: int = Field(1, ge=1, le=64, description="cores that one process may use for one utterance")
    queue: int = Field(
        4, ge=0, le=1000, description="the most utterances that wait for a process; a further one counts as busy"
    )
    deadline: float = Field(4.0, gt=0, le=60, description="seconds until an answer is late: the flow asks again")
    pause: int = Field(700, ge=200, le=3000, description="milliseconds of silence that end an answer")
    level: int = Field(256, ge=1, le=10000, description="mean amplitude of 16 bit that counts as talk")

    snoop_channels: int = Field(
        0,
        ge=0,
        le=64,
        description="calls whose sound a snoop channel brings, for noisy lines; this doubles Asterisk's work",
    )

    @model_validator(mode="after")
    def _complete(self) -> SpeechSettings:
        if self.engine != "none" and self.model is None:
            raise ValueError(f'engine "{self.engine}" needs model (docs/how-to/spoken-answers.md)')
        if self.engine == "none" and self.snoop_channels:
            raise ValueError("snoop_channels needs an engine: without one nobody understands what is said")
        return self
