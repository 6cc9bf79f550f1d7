"""The recordings and transcripts a project has, read from its prompts folder.

The folder is ``prompts/<language>/NAME.wav`` with ``NAME.txt`` beside it. What is wrong
with a file becomes a fact about that prompt, never an exception: ``check`` then shows
every bad prompt at once, at the line of the flow that plays it.
"""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

from agi_app.config.prompts import PromptSettings, TtsSettings
from agi_app.errors import InputError
from agi_app.file_kinds import SOUNDS, kind_of
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.messages import spoken, t
from agi_app.prompts.as_it_is_or_prepared import PromptPlan, plan
from agi_app.prompts.ffmpeg_program import ffmpeg
from agi_app.prompts.prepared_cache import Prepared
from agi_app.prompts.sources import NAME_RULE, PART, WAV, find_sources
from agi_app.prompts.tts_engines import engines

NOT_PREPARED = "run `agi-app prompts prepare`"
_MALFORMED_WAV = (wave.Error, EOFError, RuntimeError)  # all that the wave module was seen to raise


def read_catalog(
    folder: Path, settings: PromptSettings | None = None, tts: TtsSettings | None = None
) -> dict[tuple[str, str], PromptFacts]:
    """Every prompt under ``folder``, by (language, name); a folder that does not exist has none.

    The facts are those of the file that Asterisk will play: the prepared one when there is one. Hidden files and
    other kinds of file are ignored. Reads the files whole, so run it off the event loop. Raises InputError when a
    folder cannot be listed.
    """
    settings, speakers = settings or PromptSettings(), engines(tts or TtsSettings())
    prepared = Prepared(folder, settings.wideband)
    return {
        (source.language, source.name): _facts(plan(source, settings, speakers), prepared)
        for source in find_sources(folder)
    }


def media_uri(prompts_path_in_asterisk: str, language: str, name: str) -> str:
    """The ARI media URI of a prompt, ``sound:/…/zh-CN/greeting``: Asterisk adds the extension itself.

    ``prompts_path_in_asterisk`` is the prompts folder as Asterisk sees it. Raises InputError
    when a part could point outside that folder or be read by ARI as a list of media.
    """
    base = base_uri(prompts_path_in_asterisk)
    for what, part in (("language", language), ("prompt", name)):
        if not PART.fullmatch(part):
            raise InputError(
                t(
                    "{what} {part!r}: {name_rule}; rename it in the flow and in the prompts folder",
                    what=what,
                    part=part,
                    name_rule=t(NAME_RULE),
                )
            )
    return f"{base}/{language}/{name}"


def base_uri(prompts_path_in_asterisk: str) -> str:
    """The ARI media URI of the prompts folder; see ``media_uri``."""
    base = prompts_path_in_asterisk.rstrip("/")
    if not base.startswith("/") or ".." in base.split("/") or "," in base or not base.isprintable():
        raise InputError(
            t(
                "prompts folder {prompts_path_in_asterisk!r}: must be an absolute path without '..' and without"
                " a comma",
                prompts_path_in_asterisk=prompts_path_in_asterisk,
            )
        )
    return f"sound:{base}"


def _facts(planned: PromptPlan, prepared: Prepared) -> PromptFacts:
    sound = _sound_of(planned, prepared)
    errors = [*planned.faults, sound.error] if sound and sound.error else list(planned.faults)
    return replace(
        sound or PromptFacts(has_audio=False),
        transcript=planned.text,
        error="; ".join(dict.fromkeys(errors)) or None,
        by_engine=planned.how == "text",
    )


def _sound_of(planned: PromptPlan, prepared: Prepared) -> PromptFacts | None:
    """Of the file that will be played; of the recording itself while it is not prepared."""
    key = planned.key(prepared)
    if key is not None:
        return _read_sound(prepared.sound(key))
    if not planned.source.sounds:
        return None
    file = planned.source.sounds[0]
    if file.suffix != WAV:
        return PromptFacts(
            True,
            error=t(
                "{name} is not yet a recording that Asterisk plays: {with_ffmpeg}",
                name=file.name,
                with_ffmpeg=_with_ffmpeg(),
            ),
        )
    sound = _read_sound(file)
    if sound.error is None or planned.how != "recording":
        return sound
    return replace(sound, error=f"{sound.error}; {t(NOT_PREPARED)}" if t("plain PCM") in sound.error else sound.error)


def _other_kind(path: Path) -> str | None:
    """What is wrong with a file that is no WAV, whatever its name says."""
    with path.open("rb") as file:
        head = file.read(64)
    kind = kind_of(head)
    if not head:
        return t("{name}: is empty; record or copy it again", name=path.name)
    if kind in (None, "a WAV recording"):
        return None
    if (ending := SOUNDS.get(str(kind))) is not None:
        right = path.with_suffix(ending).name
        return t(
            "{name}: is {kind}, despite its name; {with_ffmpeg}",
            name=path.name,
            kind=spoken(str(kind)),
            with_ffmpeg=_with_ffmpeg(t("name it {right}, then ", right=right)),
        )
    return t(
        "{name}: is {kind} and not a recording, despite its name; put the recording there",
        name=path.name,
        kind=spoken(str(kind)),
    )


def _with_ffmpeg(before: str = "") -> str:
    """How a file that is no WAV is prepared, on this machine."""
    if ffmpeg():
        return f"{before}{t(NOT_PREPARED)}"
    return t(
        "save it as WAV; or install ffmpeg (`apt install ffmpeg`), {before}{not_prepared}",
        before=before or t("then "),
        not_prepared=t(NOT_PREPARED),
    )


def _read_sound(path: Path) -> PromptFacts:
    """What a WAV file's header and length tell; ``seconds`` is 0 when there is nothing to hear."""
    try:
        with path.open("rb") as file, wave.open(file) as wav:
            rate, channels, width = wav.getframerate(), wav.getnchannels(), wav.getsampwidth()
            promised = wav.getnframes()
            # Never ask for more than the file can hold: a damaged header may promise gigabytes.
            possible = path.stat().st_size // (channels * width)
            present = len(wav.readframes(min(promised, possible))) // (channels * width)
    except _MALFORMED_WAV as error:
        if (other := _other_kind(path)) is not None:
            return PromptFacts(True, error=other)
        return PromptFacts(
            True,
            error=t(
                "{name}: not a plain PCM WAV file ({error})", name=path.name, error=str(error) or t("it ends too early")
            ),
        )
    except OSError as error:
        return PromptFacts(True, error=t("{name}: cannot be read: {strerror}", name=path.name, strerror=error.strerror))
    problem = None
    if present < promised:
        problem = t(
            "{name}: cut short, {present} of {promised} frames are there; copy or record it again",
            name=path.name,
            present=present,
            promised=promised,
        )
    elif not present or not rate:
        problem = t("{name}: contains no sound; record it again", name=path.name)
    return PromptFacts(True, None, rate, channels, width, present / rate if rate else 0.0, problem)
