"""How loud recordings are, measured in a process beside this one: the files are strangers', and numpy is large."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from agi_app.prompts.faults import PromptFault
from agi_app.prompts.prepare import OF_EXTRA, pool


def measure(files: Sequence[Path]) -> Mapping[Path, float]:
    """LUFS of each that can be read and is not silent; blocks. Nothing where the packages for it are missing."""
    if not files or any(importlib.util.find_spec(name) is None for name in OF_EXTRA):
        return {}
    try:
        with pool(1, ()) as processes:
            return processes.submit(_measured, list(files)).result()
    except BrokenProcessPool:
        return {}


def _measured(files: list[Path]) -> dict[Path, float]:
    from agi_app.prompts.loudness import loudness  # noqa: PLC0415 - numpy: not in the process that asks
    from agi_app.prompts.sound_files import read_sound  # noqa: PLC0415

    found = {}
    for file in files:
        try:
            sound = read_sound(file)
        except PromptFault:
            continue
        if (lufs := loudness(sound.samples, sound.rate)) > float("-inf"):
            found[file] = round(lufs, 1)
    return found
