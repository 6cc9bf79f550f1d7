"""The files of a project as they are now: what other operations begin with."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agi_app.authoring.suggestions import no_such, suggest
from agi_app.campaigns.project.read_project import Project, Source, read_project
from agi_app.config.settings import SETTINGS_FILE, load_settings, trunk_names
from agi_app.errors import AuthorError, InputError
from agi_app.flow.language.definition import FlowDocument
from agi_app.messages import current, t

__all__ = ["Kind", "Project", "ProjectFile", "file_of", "find_flow", "read", "read_files", "read_ready", "unchanged"]
Kind = Literal["campaign", "flow"]
_READ = ("campaigns", "flows", "meanings", "prompts", "rules", "simulations")  # the folders that a project is read from


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A file of the project as it is now; ``name`` is relative to its folder."""

    name: str
    content: bytes


def file_of(project: Project, kind: Kind, name: str) -> ProjectFile:
    """The file of this flow or campaign, also one that cannot be parsed, by its own name. Blocks. Raises InputError."""
    known = {one: source.file for one, source in _sources(project, kind).items()}
    file = known.get(name, f"{kind}s/{name}.yaml")
    if file in known.values() and name not in known:  # it is called otherwise
        raise no_such(kind, name, known)
    try:
        return ProjectFile(file, (project.folder / file).read_bytes())
    except FileNotFoundError:
        raise no_such(kind, name, known) from None
    except OSError as error:
        raise InputError(t("{file}: cannot be read: {strerror}", file=file, strerror=error.strerror)) from error


def _sources(project: Project, kind: Kind) -> Mapping[str, Source[Any]]:
    return project.flows if kind == "flow" else project.campaigns


def read(folder: Path) -> Project:
    """The project in this folder, with all that is wrong in it. Blocks. Raises InputError, ConfigError."""
    return read_project(folder, load_settings(folder).trunks)


_kept: dict[tuple[Path, str], tuple[frozenset[tuple[str, int, int]], Project]] = {}
_MOST_KEPT = 8


def unchanged(folder: Path) -> Project:
    """As ``read``, and what was read before while no file has changed since: for who looks again and again."""
    key, now = (folder, current()), _as_it_is(folder)
    if key not in _kept or _kept[key][0] != now:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[key] = now, read(folder)
    return _kept[key][1]


def _as_it_is(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Each file that a project is read from, with its size and when it was written."""
    found = set()
    for here, folders, files in os.walk(folder):
        if Path(here) == folder:
            folders[:] = [one for one in folders if one in _READ]
        if ".prepared" in folders:  # its index says what was prepared
            files.append(".prepared/index.json")
        folders[:] = [one for one in folders if not one.startswith(".")]
        for file in files:
            with contextlib.suppress(OSError):
                seen = os.stat(os.path.join(here, file))
                found.add((os.path.join(here, file), seen.st_size, seen.st_mtime_ns))
    return frozenset(found)


def read_files(folder: Path) -> Project:
    """As ``read``, of a project that may have no settings yet."""
    return read_project(folder, trunk_names(folder))


def read_ready(folder: Path) -> Project:
    """As ``read``, once all that callers hear is prepared; what cannot be is a fault of each flow that plays it."""
    from agi_app.campaigns.prompts_ready import make_ready  # takes long to load, and few operations need it

    return make_ready(folder, load_settings(folder).trunks)


def _none_in(folder: Path) -> str:
    """The words for a folder without flows: it may be one of a project's own folders."""
    whole = folder.resolve()
    if (whole / SETTINGS_FILE).exists() or not (whole.parent / SETTINGS_FILE).exists():
        return "; this project has none"
    return f": {whole.name} is a folder of a project; name the project, --project {folder / '..'}"


def find_flow(project: Project, name: str, language: str | None) -> Source[FlowDocument]:
    """The flow of this name, which speaks ``language``; InputError says what there is instead.

    Nothing is suggested while a flow file cannot be read, since it may be that one: AuthorError has its faults.
    """
    if name not in project.flows and project.unread_flows:
        raise AuthorError(*(problem for problem in project.errors if problem.file in project.unread_flows))
    if name not in project.flows:
        raise InputError(
            t(
                "there is no flow {name!r}{suggest}",
                name=name,
                suggest=suggest(name, project.flows) or _none_in(project.folder),
            )
        )
    source = project.flows[name]
    languages = source.parsed.flow.languages
    if language is not None and language not in languages:
        raise InputError(
            t(
                "flow {name} does not speak {language!r}; it speaks {languages}",
                name=name,
                language=language,
                languages=", ".join(languages),
            )
        )
    return source
