"""Reads the table of meanings: the program's own files, and those of a project's ``meanings/`` folder."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from agi_app.flow.meanings import Meanings, ShippedFile, joined
from agi_app.yaml_lines import load, validate

SHIPPED = "agi_app/meanings/"


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
