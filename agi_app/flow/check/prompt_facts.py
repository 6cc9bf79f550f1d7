"""What the checks and the simulator must know about a prompt; the catalogue reads it from the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PromptFacts:
    """One prompt in one language: ``prompts/LANGUAGE/NAME.wav`` and its transcript ``NAME.txt``."""

    has_audio: bool
    transcript: str | None = None  # None: there is no .txt file
    sample_rate: int = 0  # Hz
    channels: int = 0
    sample_width: int = 0  # bytes a sample
    seconds: float = 0.0
    error: str | None = None  # why the recording or its transcript cannot be read
    by_engine: bool = False  # there is no recording: a text-to-speech engine speaks the transcript


Prompts = Mapping[tuple[str, str], PromptFacts]  # (language, name) -> facts


def transcript_of(prompts: Prompts, language: str, name: str) -> str:
    """What a prompt says, on one line; empty: nobody knows."""
    facts = prompts.get((language, name))
    return "" if facts is None else " ".join((facts.transcript or "").split())
