"""Whoever asks a command for help is told what it does, and what each option is for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.main import get_command

pytestmark = pytest.mark.slow  # imports all commands
CLI = Path(__file__).resolve().parents[2] / "agi_app" / "cli"
MODULES = sorted(path.relative_to(CLI.parents[1]).with_suffix("") for path in CLI.rglob("*.py") if path.stem[0] != "_")


def _commands(command: Any) -> Iterator[Any]:
    for one in getattr(command, "commands", {}).values():
        yield from _commands(one)
    if not hasattr(command, "commands"):
        yield command


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_every_command_and_every_option_says_what_it_is_for(path: Path) -> None:
    module = importlib.import_module(".".join(path.parts))
    for app in (value for value in vars(module).values() if isinstance(value, Typer)):
        for command in _commands(get_command(app)):
            assert command.help, command.name
            silent = [one.name for one in command.params if one.param_type_name == "option" and not one.help]
            assert silent == [], command.name
