"""Where the files of reports lie: masked ones where the console may read them, all others with the worker alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from agi_app.atomic_files import make_private, share_as
from agi_app.config.settings import Settings

FOLDER = "reports"
ADDRESS = "database-url"  # is in the console's folder once `agi-app console setup` has made it


def folder_of(settings: Settings, *, masked: bool) -> Path:
    """Where a new file goes. Blocks."""
    console = settings.console_folder
    return (console if masked and (console / ADDRESS).exists() else settings.data) / FOLDER


def shared(settings: Settings, file: str) -> Path:
    """Where the console would find this file."""
    return settings.console_folder / FOLDER / file


def place_of(settings: Settings, file: str) -> Path:
    """Where this file is. Blocks."""
    found = shared(settings, file)
    return found if found.is_file() else settings.data / FOLDER / file


def make(settings: Settings, name: str, *, masked: bool) -> Path:
    """A folder for one file, for the worker's user and, where the console may read, for its group. Blocks. OSError."""
    above = folder_of(settings, masked=masked)
    made = above / name
    make_private(made)
    if above.parent == settings.console_folder:
        share_as(above, above.parent)
        share_as(made, above.parent)
    return made


def finished(settings: Settings, file: Path) -> None:
    """Let the console's group read a file that is whole, if it is in their folder. Blocks. Raises OSError."""
    console = settings.console_folder.resolve()
    if file.resolve().is_relative_to(console):
        share_as(file, console)


def remove(settings: Settings, job: int) -> None:
    """Remove what there is of a job. Blocks. Raises OSError."""
    for folder in _both(settings):
        for one in folder.glob(f"{job}-*"):
            shutil.rmtree(one)


def remove_all_but(settings: Settings, kept: set[int]) -> None:
    """Remove what is of other jobs. Blocks. Raises OSError."""
    for folder in _both(settings):
        for one in folder.glob("*-*"):
            number = one.name.partition("-")[0]
            if number.isdecimal() and int(number) not in kept:
                shutil.rmtree(one)


def _both(settings: Settings) -> tuple[Path, Path]:
    return settings.data / FOLDER, settings.console_folder / FOLDER
