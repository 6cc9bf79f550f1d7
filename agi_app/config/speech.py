"""The settings of speech recognition: what understands answers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from agi_app.messages import t, template


class SpeechSettings(BaseModel, extra="forbid", frozen=True):
    """Who understands spoken answers (docs/how-to/spoken-answers.md)."""

    engine: Literal["none", "faster-whisper", "sherpa-onnx", "scripted"] = Field(
        "none",
        description=template(
            "what understands speech: none (keys only), faster-whisper (agi-app[whisper]), sherpa-onnx "
            "(agi-app[sherpa]), or scripted (trials without a model)"
        ),
    )
    model: Path | None = Field(
        None, description=template("folder of the model; for scripted: a file with one answer on each line")
    )
    workers: int = Field(
        1, ge=1, le=64, description=template("processes that recognise; each holds the model in memory")
    )
    threads: int = Field(1, ge=1, le=64, description=template("cores that one process may use for one utterance"))
    queue: int = Field(
        4,
        ge=0,
        le=1000,
        description=template("the most utterances that wait for a process; a further one counts as busy"),
    )
    deadline: float = Field(
        4.0, gt=0, le=60, description=template("seconds until an answer is late: the flow asks again")
    )
    pause: int = Field(700, ge=200, le=3000, description=template("milliseconds of silence that end an answer"))
    level: int = Field(256, ge=1, le=10000, description=template("mean amplitude of 16 bit that counts as talk"))

    snoop_channels: int = Field(
        0,
        ge=0,
        le=64,
        description=template("calls whose sound a snoop channel brings, for noisy lines; this doubles Asterisk's work"),
    )

    @model_validator(mode="after")
    def _complete(self) -> SpeechSettings:
        if self.engine != "none" and self.model is None:
            raise ValueError(t('engine "{engine}" needs model (docs/how-to/spoken-answers.md)', engine=self.engine))
        if self.engine == "none" and self.snoop_channels:
            raise ValueError(t("snoop_channels needs an engine: without one nobody understands what is said"))
        return self
