"""What callers hear, prepared and looked over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from agi_app.errors import InputError
from agi_app.flow.check.recorded_pieces import needed_pieces
from agi_app.flow.language.no_such_flow import no_such_flow
from agi_app.flow.saying import numbers_and_dates
from agi_app.messages import t
from agi_app.operations.project.project_files import read_files
from agi_app.prompts import prepare as prepared_cache
from agi_app.prompts.catalog import read_catalog
from agi_app.prompts.fixed_say_texts import said_texts
from agi_app.prompts.prepare import Result
from agi_app.prompts.settings import voice_settings
from agi_app.prompts.sources import find_sources

__all__ = ["Result", "look", "pieces", "prepare", "write_words"]


def prepare(
    project: Path, *, only: Path | None = None, again: bool = False, progress: Callable[[int, int], None]
) -> list[Result]:
    """Make recordings and texts ready for Asterisk; returns what happened to each. Nothing recorded is changed. Blocks.

    ``again``: also what is there already. Raises InputError when there is none, ConfigError.
    """
    said = said_texts(flow.parsed.flow for flow in read_files(project).flows.values())
    folder = project / "prompts" if said else _folder(project)
    settings, tts = voice_settings(project)
    return prepared_cache.prepare(
        folder, settings, tts, said=() if only else said, only=only, again=again, progress=progress
    )


def look(project: Path) -> list[Result]:
    """Every prompt: which file Asterisk plays, how long and how loud it is. Changes nothing. Raises as ``prepare``."""
    folder, (settings, tts) = _folder(project), voice_settings(project)
    return prepared_cache.look(folder, settings, tts)


def pieces(project: Path, language: str, *, flow: str | None = None, missing: bool = False) -> Mapping[str, str]:
    """What must be recorded so that every value is spoken by one voice: name -> words. Blocks.

    ``flow``: only what this one says; ``missing``: only what is not there. Raises InputError, ConfigError.
    """
    if flow is None:
        known = numbers_and_dates.pieces(language)
    else:
        found = read_files(project)
        if flow not in found.flows:
            raise InputError(f"--flow: {no_such_flow(flow, found.flows, found.unread_flows)}")
        known = needed_pieces(found.flows[flow].parsed.flow, language)
    there: set[str] = set()
    if missing:
        catalog = read_catalog(_folder(project), *voice_settings(project))
        there = {name for (of, name), facts in catalog.items() if of == language and facts.has_audio}
    return {name: text for name, text in known.items() if name not in there}


def write_words(project: Path, language: str, wanted: Mapping[str, str]) -> list[str]:
    """Write the words of each piece beside where its recording belongs, if none are there; the new files. Blocks."""
    written = []
    for name, text in wanted.items():
        file = project / "prompts" / language / f"{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text(f"{text}\n", "utf-8")
            written.append(file.relative_to(project).as_posix())
    return written


def _folder(project: Path) -> Path:
    folder = project / "prompts"
    if not find_sources(folder):
        raise InputError(t("{folder}: has no prompts; --project names the project folder", folder=folder))
    return folder
