"""Who hears the calls of a worker: what records them, and what understands the recordings."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from agi_app.flow.heard import Heard


class SpoolLike(Protocol):
    """What listening needs of ``pbx.spool.Spool``."""

    def wanted(self, name: str) -> AbstractContextManager[None]:
        """The recording may be taken as long as this lasts."""

    async def start(self, name: str, channel_id: str, longest: float, *, beside: bool) -> None:
        """Record what comes from the channel."""

    async def stop(self, name: str) -> None:
        """End the recording."""

    async def ended(self, name: str, timeout: float) -> bool:
        """Whether it has ended in time."""

    async def take(self, name: str) -> bytes:
        """Its samples."""


class RecognizerLike(Protocol):
    """What listening needs of a recogniser (``speech/recognizer.py``)."""

    async def transcribe(self, pcm: bytes, language: str, phrases: Sequence[str], deadline_s: float) -> Heard:
        """What was said; never raises for a bad call."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears the calls of a worker."""

    spool: SpoolLike
    recognizer: RecognizerLike
    deadline_s: float
