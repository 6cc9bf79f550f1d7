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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agi_app.authoring import full_width
from agi_app.authoring.suggestions import suggest
from agi_app.config.toml_lines import find, places, syntax_faults
from agi_app.file_kinds import not_utf8
from agi_app.flow.check.spoken_seconds import seconds_to_say
from agi_app.messages import of_system, spoken, t, template
from sandbox import g711
from sandbox.carrier import SCENARIO
from sandbox.desks import DOES, misspelt_desk
from sandbox.errors import SandboxError
from sandbox.speaker import STAYS_S, Keys, Person, Says, known_voices, voice

CALLEES = "callees.toml"
THINKS_S = 2.0
TAKEN = {"01"} | set(re.findall(r'assign_to="is_([0-9]{2})"', SCENARIO.read_text("utf-8")))  # by the carrier
FREE = template("00, 03 to 08, 13 to 19 and 36 to 99")
_LAWS = {"ulaw": g711.ULAW, "alaw": g711.ALAW}


_SIGNS = re.compile(r"""#[^\n]*|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\[\]{}]""")  # brackets, and what hides one

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
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return nobody, syntax_faults(text, error)
    except UnicodeDecodeError:
        return nobody, [((1, 1), not_utf8(file.read_bytes()))]
    except OSError as error:
        return nobody, [((1, 1), t("cannot be read: {why}", why=of_system(error)))]
    found: dict[str, Person] = {}
    desks = table.pop("desks", {})
    told = [*_faults_of(desks), *_misspelt(desks, project)]
    for suffix, given in table.items():
        reader = _Reader(prompts, file.parent)
        if (person := reader.person(suffix, given)) is not None:
            found[suffix] = person
        told += reader.faults
    known = {**places(text), **_places_of_turns(text)}
    faults = sorted((find(known, path) or (1, 1), message) for path, message in told)
    return Callees(found, desks), faults


def _places_of_turns(text: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Where each turn of an array begins, by the path of the array and its number."""
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    lines = text.split("\n")
    for path, (line, column) in places(text).items():
        if path[1:] == ("turns",):
            rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
            for number, at in enumerate(_tables_in(rest), start=1):
                before = rest[:at]
                below = before.count("\n")
                place = (line + below, len(before.rpartition("\n")[2]) + (1 if below else column))
                found[(*path, str(number))] = place
    return found


def _tables_in(array: str) -> Iterator[int]:
    """Where the inline tables of the first array of a text begin."""
    depth = 0
    for sign in _SIGNS.finditer(array):
        if sign[0] == "{" and depth == 1:
            yield sign.start()
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(sign[0], 0)
        if depth == 0 and sign[0] in "]}":
            return


def _misspelt(desks: object, project: Path | None) -> list[tuple[tuple[str, ...], str]]:
    names = desks if isinstance(desks, dict) and project is not None else {}
    told = ((name, misspelt_desk(name, project)) for name in names)
    return [(("desks", name), words) for name, words in told if words]


def _faults_of(desks: object) -> list[tuple[tuple[str, ...], str]]:
    if not isinstance(desks, dict):
        return [(("desks",), t('[desks]: must be a table, such as front-desk = "no_answer"'))]
    known = ", ".join(f'"{does}"' for does in DOES)
    return [
        (
            ("desks", name),
            t("{name}: {does!r} is not one of them; write one of {known}", name=name, does=does, known=known),
        )
        for name, does in desks.items()
        if does not in DOES
    ]


def _why(error: Exception) -> str:
    return of_system(error) if isinstance(error, OSError) else str(error)


class _Reader:
    """Reads one person and notes what is wrong, each with the path of the key."""

    def __init__(self, prompts: Path, beside: Path) -> None:
        self._prompts, self._beside = prompts, beside
        self.faults: list[tuple[tuple[str, ...], str]] = []

    def person(self, suffix: str, given: object) -> Person | None:
        at = (suffix,)
        if not re.fullmatch("[0-9]{2}", suffix):
            told = t("[{suffix}]: a person is called by the last two digits of the number, such as [41]", suffix=suffix)
            self._fault(at, told + full_width.hint(suffix))
        elif suffix in TAKEN:
            self._fault(
                at,
                t(
                    "[{suffix}]: a person whose number ends in {suffix} is there already; free are {free}",
                    suffix=suffix,
                    free=spoken(FREE),
                ),
            )
        if not isinstance(given, dict):
            self._fault(
                at,
                t("[{suffix}]: must be a table: language, turns, and perhaps codec and hangs_up_after", suffix=suffix),
            )
            return None
        self._only(at, given, "language", "codec", "turns", "who", "hangs_up_after")
        language, codec, turns = given.get("language"), given.get("codec", "ulaw"), given.get("turns")
        stays = given.get("hangs_up_after", STAYS_S)
        if not isinstance(language, str) or not (self._prompts / language).is_dir():
            self._fault(
                (*at, "language"),
                t("language: must name a folder of {prompts}, such as zh-CN or en", prompts=self._prompts),
            )
        if codec not in _LAWS:
            self._fault((*at, "codec"), t("codec: {codec!r} is not known; write ulaw or alaw", codec=codec))
        if isinstance(stays, bool) or not isinstance(stays, int | float) or stays <= 0:
            self._fault(
                (*at, "hangs_up_after"), t("hangs_up_after: must be a number of seconds, not {stays!r}", stays=stays)
            )
        if not isinstance(turns, list):
            self._fault(
                (*at, "turns"), t('turns: must be a list of turns, such as [{{hears = ["greeting"], keys = "1"}}]')
            )
        if self.faults:
            return None
        read = [
            self._turn((*at, "turns", str(n)), n, turn, str(language)) for n, turn in enumerate(turns or (), start=1)
        ]
        kept = [turn for turn in read if turn is not None]
        return Person(kept, _LAWS[codec], float(stays)) if not self.faults else None

    def _turn(self, at: tuple[str, ...], number: int, given: object, language: str) -> Says | Keys | None:
        what = t("turn {number}", number=number)
        if not isinstance(given, dict) or ("keys" in given) == ("says" in given):
            self._fault(
                at,
                t(
                    '{what}: has either keys ("9#") or says (a recording of sandbox/voices, or a .wav of yours)',
                    what=what,
                ),
            )
            return None
        self._only(at, given, "hears", "says", "keys", "waits")
        hears, waits = given.get("hears", []), given.get("waits", THINKS_S)
        if isinstance(waits, bool) or not isinstance(waits, int | float) or not 0 <= waits <= STAYS_S:
            self._fault(at, t("{what}: waits: must be a number of seconds, not {waits!r}", what=what, waits=waits))
            return None
        if not isinstance(hears, list) or not all(isinstance(name, str) for name in hears):
            self._fault(at, t('{what}: hears: must be a list of prompts, such as ["greeting"]', what=what))
            return None
        after_s = float(waits) + sum(self._heard(at, what, self._prompts / language / f"{name}.wav") for name in hears)
        if "keys" in given:
            keys = given["keys"]
            if not isinstance(keys, str) or not re.fullmatch(r"[0-9*#]{1,40}", keys):
                strange = re.sub(r"[0-9*#]", "", keys)[:1] if isinstance(keys, str) else ""
                hint = full_width.hint(keys) if isinstance(keys, str) else ""
                known = strange != "" and strange.isascii()
                why = t('"{strange}" is no key of a telephone; ', strange=strange) if known else ""
                why += t("the keys of another question are a turn of their own; ") if strange in ",; " and why else ""
                self._fault(
                    at,
                    t(
                        "{what}: keys: {keys!r} are not keys; {why}write digits, * and # in quotes{hint}",
                        what=what,
                        keys=keys,
                        why=why,
                        hint=hint,
                    ),
                )
                return None
            return Keys(after_s, keys)
        says = str(given["says"])
        said = self._beside / says if says.endswith(".wav") else voice(says, language)
        if not said.exists() and not says.endswith(".wav"):
            self._fault(
                at,
                t(
                    "{what}: says: {says!r} is not a recording of {language}; {known_voices}",
                    what=what,
                    says=says,
                    language=language,
                    known_voices=known_voices(),
                ),
            )
            return None
        self._seconds(at, what, said)
        return Says(after_s, said)

    def _heard(self, at: tuple[str, ...], what: str, wav: Path) -> float:
        """How long a prompt lasts; of one that an engine speaks, about."""
        if wav.exists() or not (words := wav.with_suffix(".txt")).exists():
            if not wav.exists() and (known := sorted({path.stem for path in wav.parent.glob("*.*")})):
                told = t(
                    '{what}: hears: there is no prompt "{name}" in {language}{hint}',
                    what=what,
                    name=wav.stem,
                    language=wav.parent.name,
                    hint=suggest(wav.stem, known),
                )
                self._fault(at, told)
                return 0.0
            return self._seconds(at, what, wav)
        return seconds_to_say(words.read_text("utf-8"))

    def _seconds(self, at: tuple[str, ...], what: str, wav: Path) -> float:
        try:
            with wave.open(str(wav)) as source:
                frames, rate = source.getnframes(), source.getframerate()
            return float(frames / rate)
        except (OSError, wave.Error, EOFError) as error:
            self._fault(at, t("{what}: {wav} cannot be played: {why}", what=what, wav=wav, why=_why(error)))
            return 0.0

    def _only(self, at: tuple[str, ...], given: Mapping[str, Any], *known: str) -> None:
        for word in sorted(set(given) - set(known)):
            self._fault(
                (*at, word),
                t(
                    "{word}: there is no such key{hint}",
                    word=word,
                    hint=suggest(word, known),
                ),
            )

    def _fault(self, at: tuple[str, ...], message: str) -> None:
        self.faults.append((at, message))
