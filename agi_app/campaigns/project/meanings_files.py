"""Reads the table of meanings: the program's own files, and those of a project's ``meanings/`` folder."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path

from agi_app.authoring.schema import validate
from agi_app.authoring.yaml_lines import load
from agi_app.errors import AuthorError, Problem
from agi_app.file_kinds import why
from agi_app.flow.answers.meanings import Meanings, MeaningsFile, ShippedFile, joined
from agi_app.flow.check.alike_meanings import check_file
from agi_app.messages import t

SHIPPED, OWN_FOLDER = "agi_app/meanings/", "meanings"


def load_meanings(project: Path | None = None) -> Meanings:
    """The shipped meanings with those of the project; raises AuthorError with all faults of its files."""
    own: list[MeaningsFile] = []
    problems: list[Problem] = []
    for path in sorted((project / OWN_FOLDER).glob("*.y*ml")) if project is not None else ():
        try:
            own.append(parse_meanings(path.read_bytes(), f"{OWN_FOLDER}/{path.name}"))
        except OSError as error:
            message = t("cannot be read: {strerror}", strerror=why(error))
            problems.append(Problem(f"{OWN_FOLDER}/{path.name}", 1, 1, "yaml/unreadable", message))
        except AuthorError as error:
            problems += error.problems
    if problems:
        raise AuthorError(*problems)
    return joined((*shipped_files(), *own)) if own else shipped_meanings()


def parse_meanings(text: str | bytes, file: str) -> MeaningsFile:
    """One file of a project; raises AuthorError with every fault and its place."""
    document = load(text, file)
    parsed = validate(MeaningsFile, document)
    problems = check_file(parsed, document, shipped_meanings())
    if problems:
        raise AuthorError(*problems)
    return parsed


@lru_cache(maxsize=1)
def shipped_meanings() -> Meanings:
    """The meanings that come with the program."""
    return joined(shipped_files())


@lru_cache(maxsize=1)
def shipped_files() -> tuple[ShippedFile, ...]:
    """The program's own files in the order of their names."""
    folder = resources.files("agi_app") / "meanings"
    items = sorted((item for item in folder.iterdir() if item.name.endswith(".yaml")), key=lambda item: item.name)
    return tuple(validate(ShippedFile, load(item.read_bytes(), SHIPPED + item.name)) for item in items)
