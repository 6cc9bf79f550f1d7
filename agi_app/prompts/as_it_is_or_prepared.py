"""How each prompt will be played: from its own file, from the cache, by an engine, or not at all.

The catalogue, the preparation and the list of prompts ask here, so they never disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agi_app.config.prompts import PromptSettings
from agi_app.file_kinds import not_utf8
from agi_app.flow.saying.spoken_parts import PAUSE
from agi_app.messages import t
from agi_app.prompts import wav
from agi_app.prompts.prepared_cache import Prepared, key_of
from agi_app.prompts.sources import NAME, NAME_RULE, WAV, PromptSource
from agi_app.prompts.tts_engines import TtsEngine, spoken_text

PAUSE_S = 0.2
SHOWN = 20  # characters of a text in lists
How = Literal["as it is", "recording", "text", "nothing"]


@dataclass(frozen=True, slots=True)
class PromptPlan:
    """What happens to one prompt. ``keys``: the cache's names, the best first; the first that exists is played."""

    source: PromptSource
    how: How
    keys: tuple[str, ...] = ()
    text: str | None = None  # the transcript
    faults: tuple[str, ...] = ()  # of the files; each begins with the file's name

    def key(self, prepared: Prepared) -> str | None:
        """The file that is there already; None: still to be made."""
        return next((key for key in self.keys if prepared.has(key)), None)


def plan(source: PromptSource, settings: PromptSettings, engines: tuple[TtsEngine, ...]) -> PromptPlan:
    """Decide for one prompt; reads its files whole."""
    file = next(file for file in (*source.sounds, source.text, *source.misnamed) if file is not None)
    faults = (
        []
        if NAME.fullmatch(source.name)
        else [t("{name}: bad name: {name_rule}", name=file.name, name_rule=t(NAME_RULE))]
    )
    faults += [
        t("{name}: rename it to {stem}{lower}", name=file.name, stem=file.stem, lower=file.suffix.lower())
        for file in source.misnamed
    ]
    if len(source.sounds) > 1:
        names = ", ".join(file.name for file in source.sounds)
        faults.append(t("{names}: several recordings of one prompt; keep one", names=names))
    text, fault = read_transcript(source.text) if source.text else (None, None)
    faults += [fault] if fault else []
    if source.sounds:
        sound = source.sounds[0]
        try:
            content = sound.read_bytes()
        except OSError as error:
            unreadable = t("{name}: cannot be read: {strerror}", name=sound.name, strerror=error.strerror)
            return PromptPlan(source, "as it is", text=text, faults=(unreadable, *faults))
        if not settings.level_all and sound.suffix == WAV and plays_as_it_is(content):
            return PromptPlan(source, "as it is", text=text, faults=tuple(faults))
        return PromptPlan(source, "recording", (_key(source, settings, "recording", content),), text, tuple(faults))
    if text and engines:
        keys = tuple(text_key(text, source, settings, engine) for engine in engines)
        return PromptPlan(source, "text", keys, text, tuple(faults))
    return PromptPlan(source, "nothing", text=text, faults=tuple(faults))


def plays_as_it_is(content: bytes) -> bool:
    """Whether Asterisk plays this WAV file: 8000 Hz, mono, 16 bit, whole (decision 0021)."""
    try:
        sound = wav.parse(content)
    except wav.BadWav:
        return False
    return (sound.tag, sound.rate, sound.channels, sound.bits, sound.missing) == (wav.PCM, 8000, 1, 16, 0)


def text_key(text: str, source: PromptSource, settings: PromptSettings, engine: TtsEngine) -> str:
    """The cache's name of a spoken text: another text, voice or version of the engine is another file."""
    said = spoken_text(text)
    return _key(source, settings, "text", "\0".join((source.language, engine.identity(source.language), said)).encode())


def plan_said(language: str, text: str, settings: PromptSettings, engines: tuple[TtsEngine, ...]) -> PromptPlan:
    """The plan of a text that is in a flow; see ``said_id``."""
    source = PromptSource(language, said_id(language, text).removeprefix(f"{language}/"))
    return PromptPlan(source, "text", tuple(text_key(text, source, settings, engine) for engine in engines), text)


def said_id(language: str, text: str) -> str:
    """A text of a flow as it is listed: a hash and its first words."""
    shown = spoken_text(text).replace("/", " ")
    return f"{language}/say:{key_of(text)[:6]} {shown[:SHOWN]}{'…' * (len(shown) > SHOWN)}"


def pause_key(settings: PromptSettings) -> str:
    """The cache's name of the pause between groups of digits."""
    return key_of("pause", f"{PAUSE_S} {settings.wideband}")


def pause_id(language: str) -> str:
    """The pause as a prompt."""
    return f"{language}/{PAUSE.name}"


def read_transcript(path: Path) -> tuple[str | None, str | None]:
    """The text without surrounding blanks (None when empty), and what is wrong with the file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return None, t("{name}: cannot be read: {strerror}", name=path.name, strerror=error.strerror)
    try:
        return content.decode("utf-8-sig").strip() or None, None
    except UnicodeDecodeError:
        return None, f"{path.name}: {not_utf8(content)}"


def _key(source: PromptSource, settings: PromptSettings, kind: str, content: bytes) -> str:
    return key_of(kind, f"{settings.loudness} {settings.wideband} {source.is_piece}", content)
