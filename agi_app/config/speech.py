"""The settings of speech recognition: what understands answers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, model_validator


class SpeechSettings(BaseModel, extra="forbid", frozen=True):
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
