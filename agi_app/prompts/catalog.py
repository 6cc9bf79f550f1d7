"""The recordings and transcripts a project has, read from its prompts folder.

The folder is ``prompts/<language>/NAME.wav`` with ``NAME.txt`` beside it. What is wrong
with a file becomes a fact about that prompt, never an exception: ``check`` then shows
every bad prompt at once, at the line of the flow that plays it.
"""

from __future__ import annotations

import re
import wave
from dataclasses import dataclass
from pathlib import Path

from agi_app.errors import InputError
from agi_app.flow.prompt_facts import PromptFacts

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # as a flow may write it
_NAME_RULE = "use ASCII letters, digits, '-' and '_', a letter or digit first, at most 64"
_MALFORMED_WAV = (wave.Error, EOFError, RuntimeError)  # all that the wave module was seen to raise


@dataclass(frozen=True, slots=True)
class _Sound:
    """What a WAV file's header and length tell; ``seconds`` is 0 when there is nothing to hear."""

    sample_rate: int = 0  # Hz
    channels: int = 0
    sample_width: int = 0  # bytes
    seconds: float = 0.0
    error: str | None = None


def read_catalog(folder: Path) -> dict[tuple[str, str], PromptFacts]:
    """Every prompt under ``folder``, by (language, name); a folder that does not exist has none.

    Hidden files and those that are neither ``.wav`` nor ``.txt`` are ignored. Reads the files
    whole, so run it off the event loop. Raises InputError when a folder cannot be listed.
    """
    if not folder.exists():
        return {}
    return {
        (language.name, name): _read_prompt(files)
        for language in _listing(folder)
        if language.is_dir() and _NAME.fullmatch(language.name)
        for name, files in _by_name(language).items()
    }


def media_uri(prompts_path_in_asterisk: str, language: str, name: str) -> str:
    """The ARI media URI of a prompt, ``sound:/…/zh-CN/greeting``: Asterisk adds the extension itself.

    ``prompts_path_in_asterisk`` is the prompts folder as Asterisk sees it. Raises InputError
    when a part could point outside that folder or be read by ARI as a list of media.
    """
    base = prompts_path_in_asterisk.rstrip("/")
    if not base.startswith("/") or ".." in base.split("/") or "," in base or not base.isprintable():
        raise InputError(
            f"prompts folder {prompts_path_in_asterisk!r}: must be an absolute path without '..' and without a comma"
        )
    for what, part in (("language", language), ("prompt", name)):
        if not _NAME.fullmatch(part):
            raise InputError(f"{what} {part!r}: {_NAME_RULE}; rename it in the flow and in the prompts folder")
    return f"sound:{base}/{language}/{name}"


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder}: cannot list the prompts: {error.strerror}; make it a readable folder") from error


def _by_name(language_folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in _listing(language_folder):
        if path.suffix.lower() in (".wav", ".txt") and not path.is_dir():
            found.setdefault(path.stem, []).append(path)
    return found


def _read_prompt(files: list[Path]) -> PromptFacts:
    errors = [] if _NAME.fullmatch(files[0].stem) else [f"{files[0].name}: bad name: {_NAME_RULE}"]
    by_suffix = {path.suffix: path for path in files}
    # Asterisk looks for lower-case .wav and takes .WAV for another format (GSM in a WAV file).
    errors += [
        f"{path.name}: rename it to {path.stem}{suffix.lower()}"
        for suffix, path in by_suffix.items()
        if not suffix.islower()
    ]
    wav, text = by_suffix.get(".wav"), by_suffix.get(".txt")
    sound = _read_sound(wav) if wav else _Sound()
    transcript, text_error = _read_transcript(text) if text else (None, None)
    errors += [error for error in (sound.error, text_error) if error]
    return PromptFacts(
        has_audio=wav is not None,
        transcript=transcript,
        sample_rate=sound.sample_rate,
        channels=sound.channels,
        sample_width=sound.sample_width,
        seconds=sound.seconds,
        error="; ".join(errors) or None,
    )


def _read_sound(path: Path) -> _Sound:
    try:
        with path.open("rb") as file, wave.open(file) as wav:
            rate, channels, width = wav.getframerate(), wav.getnchannels(), wav.getsampwidth()
            promised = wav.getnframes()
            # Never ask for more than the file can hold: a damaged header may promise gigabytes.
            possible = path.stat().st_size // (channels * width)
            present = len(wav.readframes(min(promised, possible))) // (channels * width)
    except _MALFORMED_WAV as error:
        return _Sound(error=f"{path.name}: not a plain PCM WAV file ({str(error) or 'it ends too early'})")
    except OSError as error:
        return _Sound(error=f"{path.name}: cannot be read: {error.strerror}")
    problem = None
    if present < promised:
        problem = f"{path.name}: cut short, {present} of {promised} frames are there; copy or record it again"
    elif not present or not rate:
        problem = f"{path.name}: holds no sound; record it again"
    return _Sound(rate, channels, width, present / rate if rate else 0.0, problem)


def _read_transcript(path: Path) -> tuple[str | None, str | None]:
    """The text without surrounding blanks (None when empty), and what is wrong with the file."""
    try:
        return path.read_text(encoding="utf-8-sig").strip() or None, None
    except UnicodeDecodeError:
        return None, f"{path.name}: not UTF-8; save it again as UTF-8"
    except OSError as error:
        return None, f"{path.name}: cannot be read: {error.strerror}"
