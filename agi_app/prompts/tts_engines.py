"""Who can speak a text: espeak-ng, any program of the admin's, or Kokoro inside a process of ours.

An engine is plain data and works in the pool's processes. What it writes is levelled like a recording.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import logging
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agi_app.config.prompts import TtsSettings
from agi_app.messages import t
from agi_app.prompts import wav
from agi_app.prompts.faults import PromptFault

LONGEST_TEXT = 4000  # characters; a prompt of four minutes
_SECRET = ("AGI_APP_", "CREDENTIALS_DIRECTORY", "DATABASE_URL", "PG")  # an engine has no business with these
_ESPEAK_VOICES = {"zh-CN": "cmn", "zh": "cmn", "en": "en-us", "en-US": "en-us", "en-GB": "en-gb"}
_KOKORO_VOICES = {"zh": "zf_xiaoyi", "en": "af_heart"}


def engines(tts: TtsSettings) -> tuple[TtsEngine, ...]:
    """The engines to try in this order; none when texts are not spoken."""
    if tts.engine == "none":
        return ()
    if tts.engine == "espeak-ng":
        return (Espeak(voices=tts.voices, time_limit=tts.time_limit),)
    chosen = (
        Command(tts.command, tts.voices, tts.time_limit)
        if tts.engine == "command"
        else Kokoro(str(tts.model), str(tts.model_voices), tts.voices)
    )
    spare = Espeak(time_limit=tts.time_limit)
    return (chosen, spare) if tts.fallback and shutil.which("espeak-ng") else (chosen,)


def spoken_text(text: str) -> str:
    """The text as an engine gets it: one line, nothing that is not printed."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@dataclass(frozen=True)
class Command:
    """Any program: its arguments are filled in one by one, no shell reads them."""

    command: str
    voices: Mapping[str, str] = field(default_factory=dict)
    time_limit: float = 60.0
    name: str = "command"

    def identity(self, language: str) -> str:
        """All that decides how it sounds. A new version is not seen: `prompts prepare --again` speaks all again."""
        return f"{self.name} {self.command} {self._voice(language)}"

    def speak(self, text: str, language: str, out: Path) -> None:
        """Write a sound file; raises PromptFault."""
        with tempfile.TemporaryDirectory() as folder:
            values = {
                "{text_file}": str(_text_file(folder, text)),
                "{out_file}": str(out),
                "{language}": language,
                "{voice}": self._voice(language),
            }
            try:
                argv = [_filled(word, values) for word in shlex.split(self.command)]
            except ValueError as error:
                raise PromptFault(
                    t("tts.command cannot be read: {error}; correct its quotes in agi-app.toml", error=error)
                ) from error
            _run(argv, self.time_limit, out)

    def _voice(self, language: str) -> str:
        return self.voices.get(language, "")


@dataclass(frozen=True)
class Espeak(Command):
    """espeak-ng: always available, robotic; its Mandarin is hard to understand."""

    command: str = "espeak-ng -v {voice} -s 150 -b 1 -f {text_file} -w {out_file}"
    name: str = "espeak-ng"

    def identity(self, language: str) -> str:
        """All that decides how it sounds: name, version, voice."""
        return f"{self.name} {_espeak_version()} {self._voice(language)}"

    def _voice(self, language: str) -> str:
        return super()._voice(language) or _ESPEAK_VOICES.get(language) or language.partition("-")[0]


@dataclass(frozen=True)
class Kokoro:
    """Kokoro by ``agi-app[tts]``; model and voices are the admin's files."""

    model: str
    model_voices: str
    voices: Mapping[str, str] = field(default_factory=dict)
    name: str = "kokoro"

    def identity(self, language: str) -> str:
        """All that decides how it sounds; its files by their sizes."""
        files = [
            f"{Path(f).name}:{Path(f).stat().st_size}" for f in (self.model, self.model_voices) if Path(f).exists()
        ]
        return f"{self.name} {_version('kokoro-onnx')} {' '.join(files)} {self._voice(language)}"

    def speak(self, text: str, language: str, out: Path) -> None:
        """Write a sound file; raises PromptFault."""
        for file in (self.model, self.model_voices):
            if not Path(file).is_file():
                raise PromptFault(
                    t("the engine kokoro has no file {file}; see [tts] model and model_voices", file=file)
                )
        chinese = language.startswith("zh")
        try:
            sounds = _kokoro(self.model, self.model_voices)
            samples, rate = sounds.create(
                _phonemes(text) if chinese else text,
                voice=self._voice(language),
                lang="en-gb" if language == "en-GB" else "en-us",
                is_phonemes=chinese,
            )
        except ImportError as error:
            raise PromptFault(
                t("the engine kokoro lacks {name}; `pip install 'agi-app[tts]'`", name=error.name)
            ) from error
        except (RuntimeError, ValueError, KeyError, OSError, AssertionError) as error:
            raise PromptFault(t("the engine kokoro could not speak it: {error}", error=error)) from error
        out.write_bytes(wav.build(int(rate), (samples.clip(-1, 1) * 32767).astype("<i2").tobytes()))

    def _voice(self, language: str) -> str:
        return self.voices.get(language) or _KOKORO_VOICES.get(language.partition("-")[0], "af_heart")


TtsEngine = Command | Kokoro


@functools.lru_cache(maxsize=1)
def _kokoro(model: str, voices: str) -> Any:
    return importlib.import_module("kokoro_onnx").Kokoro(model, voices)


@functools.lru_cache(maxsize=1)
def _mandarin() -> Any:
    found = importlib.import_module("misaki.zh").ZHG2P()
    logging.getLogger("jieba").setLevel(logging.WARNING)  # it tells each start of its dictionary
    return found


def _phonemes(text: str) -> str:
    said = _mandarin()(text)
    return str(said[0] if isinstance(said, tuple) else said)


@functools.lru_cache(maxsize=1)
def _espeak_version() -> str:
    try:
        done = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "absent"
    return done.stdout.partition("Data at")[0].strip()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _text_file(folder: str, text: str) -> Path:
    if len(text) > LONGEST_TEXT:
        raise PromptFault(
            t(
                "has {text} characters; an engine gets at most {longest_text}. Make two prompts of it",
                text=len(text),
                longest_text=LONGEST_TEXT,
            )
        )
    file = Path(folder) / "text.txt"
    file.write_text(text + "\n", encoding="utf-8")
    return file


def _filled(word: str, values: Mapping[str, str]) -> str:
    for place, value in values.items():
        word = word.replace(place, value)
    return word


def _cannot_start(program: str, error: OSError) -> str:
    told = "the engine {argv} cannot be started: {strerror}; see [tts] in agi-app.toml"
    return t(told, argv=program, strerror=error.strerror)


def _run(argv: Sequence[str], time_limit: float, out: Path) -> None:
    """Run an engine's program, end it with all its children when it is late, and see that it wrote something."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)}
    try:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=kept,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if "/" in argv[0]:
            raise PromptFault(_cannot_start(argv[0], error)) from error
        told = "the program {argv} is not installed: run `apt-get install {argv}` as root, or change [tts] engine"
        raise PromptFault(t(told, argv=argv[0])) from error
    except OSError as error:
        raise PromptFault(_cannot_start(argv[0], error)) from error
    with child:
        try:
            _, said = child.communicate(timeout=time_limit)
        except subprocess.TimeoutExpired as error:
            os.killpg(child.pid, signal.SIGKILL)
            raise PromptFault(
                t(
                    "the engine {argv} needs more than tts.time_limit, {time_limit:g} s",
                    argv=argv[0],
                    time_limit=time_limit,
                )
            ) from error
    if child.returncode:
        last = said.decode(errors="replace").strip().splitlines() or [t("no reason given")]
        raise PromptFault(
            t(
                "the engine {argv} failed with exit {returncode}: {last}",
                argv=argv[0],
                returncode=child.returncode,
                last=last[-1][-200:],
            )
        )
    if not out.is_file() or not out.stat().st_size:
        raise PromptFault(t("the engine {argv} wrote nothing into {{out_file}}; try its command by hand", argv=argv[0]))
