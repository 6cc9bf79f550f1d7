"""Reads who is called in the sandbox: a TOML file of the project, one table for each pair of last digits.

    [41]
    language = "zh-CN"                    # of the prompts they hear, and of their own voice
    codec = "alaw"                        # else ulaw
    turns = [
      {hears = ["greeting", "ask-overall"], says = "very-satisfied"},
      {hears = ["ask-score"], keys = "9#", waits = 1},    # seconds between the last prompt and the keys; else 2
      {says = "voices/on-monday.wav"},    # a recording of your own, beside this file
    ]
    hangs_up_after = 20                   # seconds after the answer; without it they stay until we hang up

    [desks]
    front-desk = "no_answer"              # what a destination of flows does; see sandbox/desks.py

docs/how-to/try-in-the-sandbox.md has it all.

Before a turn they wait as long as the prompts last that they hear, and two seconds more (``waits``): long enough for a
recogniser to be quick or slow, since talk in the last words of a question is an answer, too.
"""

from __future__ import annotations

import re
import tomllib
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agi_app.authoring import full_width
from agi_app.authoring.suggestions import suggest
from agi_app.config.toml_lines import find, places, syntax_faults
from agi_app.file_kinds import not_utf8
from agi_app.flow.check.spoken_seconds import seconds_to_say
from sandbox import g711
from sandbox.carrier import SCENARIO
from sandbox.desks import DOES, misspelt_desk
from sandbox.errors import SandboxError
from sandbox.speaker import STAYS_S, Keys, Person, Says, known_voices, voice

CALLEES = "callees.toml"
THINKS_S = 2.0
TAKEN = frozenset(re.findall(r'assign_to="is_([0-9]{2})"', SCENARIO.read_text("utf-8")))  # of the carrier
FREE = "00, 03 to 08, 13 to 19 and 36 to 99"
_LAWS = {"ulaw": g711.ULAW, "alaw": g711.ALAW}


Fault = tuple[tuple[int, int], str]  # line and column, and what is wrong


@dataclass(frozen=True, slots=True)
class Callees:
    """Who is called, by the last two digits of the number, and what the desks do."""

    people: dict[str, Person]
    desks: dict[str, str]


def read_callees(file: Path, prompts: Path) -> Callees:
    """The people of a file, who hear the recordings of ``prompts``; SandboxError has each fault with its place."""
    found, faults = _read(file, prompts, None)
    if faults:
        raise SandboxError(_told(file, faults))
    return found


def project_callees(file: Path, project: Path) -> Callees:
    """As ``read_callees``, of a project: a desk that is a misspelt destination of it is a fault, too."""
    found, faults = _read(file, project / "prompts", project)
    if faults:
        raise SandboxError(_told(file, faults))
    return found


def faults_of_project(project: Path) -> list[Fault]:
    """What is wrong with ``callees.toml`` of a project; none without that file."""
    file = project / CALLEES
    return _read(file, project / "prompts", project)[1] if file.is_file() else []


def _told(file: Path, faults: list[Fault]) -> str:
    return "\n".join(f"{file}:{line}:{column}: {message}" for (line, column), message in faults)


def _read(file: Path, prompts: Path, project: Path | None) -> tuple[Callees, list[Fault]]:
    nobody, text = Callees({}, {}), ""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return nobody, syntax_faults(text, error)
    except UnicodeDecodeError:
        return nobody, [((1, 1), not_utf8(file.read_bytes()))]
    except OSError as error:
        return nobody, [((1, 1), f"cannot be read: {error.strerror}")]
    found: dict[str, Person] = {}
    desks = table.pop("desks", {})
    told = [*_faults_of(desks), *_misspelt(desks, project)]
    for suffix, given in table.items():
        reader = _Reader(prompts, file.parent)
        if (person := reader.person(suffix, given)) is not None:
            found[suffix] = person
        told += reader.faults
    known = places(text.replace("\r\n", "\n"))
    faults = sorted((find(known, path) or (1, 1), message) for path, message in told)
    return Callees(found, desks), faults


def _misspelt(desks: object, project: Path | None) -> list[tuple[tuple[str, ...], str]]:
    names = desks if isinstance(desks, dict) and project is not None else {}
    told = ((name, misspelt_desk(name, project)) for name in names)
    return [(("desks", name), words) for name, words in told if words]


def _faults_of(desks: object) -> list[tuple[tuple[str, ...], str]]:
    if not isinstance(desks, dict):
        return [(("desks",), '[desks]: must be a table, such as front-desk = "no_answer"')]
    known = ", ".join(f'"{does}"' for does in DOES)
    return [
        (("desks", name), f"{name}: {does!r} is not one of them; write one of {known}")
        for name, does in desks.items()
        if does not in DOES
    ]


class _Reader:
    """Reads one person and notes what is wrong, each with the path of the key."""

    def __init__(self, prompts: Path, beside: Path) -> None:
        self._prompts, self._beside = prompts, beside
        self.faults: list[tuple[tuple[str, ...], str]] = []

    def person(self, suffix: str, given: object) -> Person | None:
        at = (suffix,)
        if not re.fullmatch("[0-9]{2}", suffix):
            pair = f"[{suffix}]: a person is called by the last two digits of the number, such as [41]"
            self._note(at, f"{pair}{full_width.hint(suffix)}")
        elif suffix in TAKEN:
            self._note(at, f"[{suffix}]: a person whose number ends in {suffix} is there already; free are {FREE}")
        if not isinstance(given, dict):
            self._note(at, f"[{suffix}]: must be a table: language, turns, and perhaps codec and hangs_up_after")
            return None
        self._only(at, given, "language", "codec", "turns", "who", "hangs_up_after")
        language, codec, turns = given.get("language"), given.get("codec", "ulaw"), given.get("turns")
        stays = given.get("hangs_up_after", STAYS_S)
        if not isinstance(language, str) or not (self._prompts / language).is_dir():
            self._note((*at, "language"), f"language: must name a folder of {self._prompts}, such as zh-CN or en")
        if codec not in _LAWS:
            self._note((*at, "codec"), f"codec: {codec!r} is not known; write ulaw or alaw")
        if isinstance(stays, bool) or not isinstance(stays, int | float) or stays <= 0:
            self._note((*at, "hangs_up_after"), f"hangs_up_after: must be a number of seconds, not {stays!r}")
        if not isinstance(turns, list):
            self._note((*at, "turns"), 'turns: must be a list of turns, such as [{hears = ["greeting"], keys = "1"}]')
        if self.faults:
            return None
        read = [self._turn((*at, "turns"), n, turn, str(language)) for n, turn in enumerate(turns or (), start=1)]
        told = [turn for turn in read if turn is not None]
        return Person(told, _LAWS[codec], float(stays)) if not self.faults else None

    def _turn(self, at: tuple[str, ...], number: int, given: object, language: str) -> Says | Keys | None:
        what = f"turn {number}"
        if not isinstance(given, dict) or ("keys" in given) == ("says" in given):
            self._note(
                at, f'{what}: has either keys ("9#") or says (a recording of sandbox/voices, or a .wav of yours)'
            )
            return None
        self._only(at, given, "hears", "says", "keys", "waits")
        hears, waits = given.get("hears", []), given.get("waits", THINKS_S)
        if isinstance(waits, bool) or not isinstance(waits, int | float) or not 0 <= waits <= STAYS_S:
            self._note(at, f"{what}: waits: must be a number of seconds, not {waits!r}")
            return None
        if not isinstance(hears, list) or not all(isinstance(name, str) for name in hears):
            self._note(at, f'{what}: hears: must be a list of prompts, such as ["greeting"]')
            return None
        after_s = float(waits) + sum(self._heard(at, what, self._prompts / language / f"{name}.wav") for name in hears)
        if "keys" in given:
            keys = given["keys"]
            if not isinstance(keys, str) or not re.fullmatch(r"[0-9*#]{1,40}", keys):
                strange = re.sub(r"[0-9*#]", "", keys)[:1] if isinstance(keys, str) else ""
                hint = full_width.hint(keys) if isinstance(keys, str) else ""
                why = f'"{strange}" is no key of a telephone; ' if strange and strange.isascii() else ""
                why += "the keys of another question are a turn of their own; " if strange in ",; " and why else ""
                self._note(at, f"{what}: keys: {keys!r} are not keys; {why}write digits, * and # in quotes{hint}")
                return None
            return Keys(after_s, keys)
        says = str(given["says"])
        said = self._beside / says if says.endswith(".wav") else voice(says, language)
        if not said.exists() and not says.endswith(".wav"):
            self._note(at, f"{what}: says: {says!r} is not a recording of {language}; {known_voices()}")
            return None
        self._seconds(at, what, said)
        return Says(after_s, said)

    def _heard(self, at: tuple[str, ...], what: str, wav: Path) -> float:
        """How long a prompt lasts; of one that an engine speaks, about."""
        if wav.exists() or not (words := wav.with_suffix(".txt")).exists():
            if not wav.exists() and (known := sorted({path.stem for path in wav.parent.glob("*.*")})):
                told = f'there is no prompt "{wav.stem}" in {wav.parent.name}{suggest(wav.stem, known)}'
                self._note(at, f"{what}: hears: {told}")
                return 0.0
            return self._seconds(at, what, wav)
        return seconds_to_say(words.read_text("utf-8"))

    def _seconds(self, at: tuple[str, ...], what: str, wav: Path) -> float:
        try:
            with wave.open(str(wav)) as source:
                frames, rate = source.getnframes(), source.getframerate()
            return float(frames / rate)
        except (OSError, wave.Error, EOFError) as error:
            self._note(at, f"{what}: {wav} cannot be played: {error}")
            return 0.0

    def _only(self, at: tuple[str, ...], given: Mapping[str, Any], *known: str) -> None:
        for word in sorted(set(given) - set(known)):
            self._note((*at, word), f"{word}: there is no such key{suggest(word, known)}")

    def _note(self, at: tuple[str, ...], message: str) -> None:
        self.faults.append((at, message))
