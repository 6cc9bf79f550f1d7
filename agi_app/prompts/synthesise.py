"""What one call says besides its prompts, as media: recorded pieces, and texts spoken ahead of the call.

Texts hold what a contact's row says, often a name. They are kept apart from the project's own prompts and
removed a week after their last use.
"""

from __future__ import annotations

import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from agi_app.clock import Clock
from agi_app.config.prompts import PromptSettings, TtsSettings
from agi_app.errors import ConfigError, InputError
from agi_app.flow.saying.numbers_and_dates import as_recorded
from agi_app.flow.saying.spoken_parts import Part, Piece, Text
from agi_app.messages import t
from agi_app.prompts.as_it_is_or_prepared import text_key
from agi_app.prompts.playable import Playable
from agi_app.prompts.prepare import PromptJob, pool, work
from agi_app.prompts.prepared_cache import NOBODY, PEOPLE, Prepared
from agi_app.prompts.sources import PART, PromptSource
from agi_app.prompts.tts_engines import engines

PRUNE_EVERY_S = 3600.0


class Renderer:
    """Makes parts playable; may be used by several threads. ``close`` ends its process."""

    def __init__(
        self, prompts: Path, settings: PromptSettings, tts: TtsSettings, playable: Playable, clock: Clock
    ) -> None:
        self._prompts, self._settings, self._playable, self._clock = prompts, settings, playable, clock
        self._engines = engines(tts)
        self._prepared = Prepared(prompts, settings.wideband)
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._prune_at = 0.0

    def media(self, parts: tuple[Part, ...], language: str, whose: str = "") -> list[str]:
        """The media URIs of ``parts``; speaks what is not in the cache, so it blocks: never in the event loop.

        What is spoken goes into the folder ``whose`` (``prepared.folder_of``), which an erasure removes.
        When a piece is not recorded the whole becomes one text. Raises InputError for a bad language,
        ConfigError when there is no engine, or none that can speak it.
        """
        if not PART.fullmatch(language):
            raise InputError(t("language {language!r}: is not a language tag", language=language))
        whose = whose or NOBODY
        self._prune()
        names = {part.name for part in parts if isinstance(part, Piece)}
        recorded = {name for name in names if self._playable.exists(language, name)}
        heard = as_recorded(parts, recorded, language)
        if heard != parts and not self._engines:
            missing = ", ".join(dict.fromkeys(p.name for p in parts if isinstance(p, Piece) and p.name not in recorded))
            raise ConfigError(
                t(
                    "pieces are not recorded in {language}: {missing}; record them (`agi-app prompts pieces`), or"
                    " set up an engine in [tts]",
                    language=language,
                    missing=missing,
                )
            )
        return [
            self._spoken(part, language, whose) if isinstance(part, Text) else self._playable(language, part.name)
            for part in heard
        ]

    def close(self) -> None:
        """End the process that speaks."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = None

    def _spoken(self, part: Text, language: str, whose: str) -> str:
        if not self._engines:
            raise ConfigError(t("a text is to be spoken, and there is no text-to-speech engine: set one up in [tts]"))
        source = PromptSource(language, "text")
        keys = tuple(text_key(part.text, source, self._settings, engine) for engine in self._engines)
        for name in (name for key in keys for name in (key, f"{PEOPLE}/{whose}/{key}")):  # of a flow, of a person
            if self._prepared.has(name):
                self._prepared.touch(name, self._clock.real_now().timestamp())
                return self._playable.prepared(name)
        job = PromptJob(self._prompts, source, part.text, keys, self._engines, self._settings)
        try:
            result = self._processes().submit(work, job, partial(_of_person, whose)).result()
        except BrokenProcessPool as error:
            self.close()
            raise ConfigError(t("the process that speaks was killed; is there enough memory?")) from error
        if result.error is not None:
            raise ConfigError(t("a text cannot be spoken: {error}", error=result.error))
        return self._playable.prepared(_of_person(whose, Path(result.file).stem))

    def _processes(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = pool(2, self._engines)
            return self._pool

    def _prune(self) -> None:
        with self._lock:
            now = self._clock.monotonic()
            if now < self._prune_at:
                return
            self._prune_at = now + PRUNE_EVERY_S
        self._prepared.prune(self._prepared.index().values(), self._clock.real_now().timestamp())


def _of_person(whose: str, key: str) -> str:
    return f"{PEOPLE}/{whose}/{key}"
