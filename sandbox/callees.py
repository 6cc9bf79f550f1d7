"""Reads who speaks in the sandbox: a TOML file beside an example, one table for each pair of last digits.

    [41]
    language = "zh-CN"                    # of the prompts they hear, and of their own voice
    codec = "alaw"                        # else ulaw
    turns = [
      {hears = ["greeting", "ask-overall"], says = "very-satisfied"},
      {hears = ["ask-score"], keys = "9#"},
    ]
    hangs_up_after = 20                   # seconds after the answer; without it they stay until we hang up

Before a turn they wait as long as the prompts last that they hear, and two seconds more: long enough for a recogniser
to be quick or slow, since talk in the last words of a question is an answer, too.
"""

from __future__ import annotations

import tomllib
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox import g711
from sandbox.errors import SandboxError
from sandbox.speaker import STAYS_S, Keys, Person, Says, voice

THINKS_S = 2.0
_LAWS = {"ulaw": g711.ULAW, "alaw": g711.ALAW}


def read_callees(file: Path, prompts: Path) -> dict[str, Person]:
    """The people of a file, who hear the recordings of ``prompts``; SandboxError says what is wrong with it."""
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SandboxError(f"{file}: cannot be read: {error}") from error
    found = {}
    for suffix, person in table.items():
        try:
            found[suffix] = _person(person, prompts)
        except (KeyError, TypeError, ValueError, OSError, wave.Error) as error:
            why = f"{type(error).__name__}: {error}"
            raise SandboxError(f"{file}: [{suffix}]: {why}; see sandbox/callees.py") from error
    return found


def _person(table: Mapping[str, Any], prompts: Path) -> Person:
    _only(table, "language", "codec", "turns", "who", "hangs_up_after")
    language = table["language"]
    turns = [_turn(turn, prompts / language, language) for turn in table["turns"]]
    return Person(turns, _LAWS[table.get("codec", "ulaw")], float(table.get("hangs_up_after", STAYS_S)))


def _turn(table: Mapping[str, Any], prompts: Path, language: str) -> Says | Keys:
    _only(table, "hears", "says", "keys")
    after_s = THINKS_S + sum(_seconds(prompts / f"{name}.wav") for name in table["hears"])
    if "keys" in table:
        return Keys(after_s, table["keys"])
    said = voice(table["says"], language)
    _seconds(said)
    return Says(after_s, said)


def _only(table: Mapping[str, Any], *known: str) -> None:
    unknown = set(table) - set(known)
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")


def _seconds(wav: Path) -> float:
    with wave.open(str(wav)) as source:
        frames, rate = source.getnframes(), source.getframerate()
    return float(frames / rate)
