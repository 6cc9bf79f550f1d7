"""The option --lang, and the help of all commands in Chinese."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer import core
from typer._click import core as clicks
from typer._click import formatting

from agi_app.cli import language, main
from agi_app.messages import CATALOGUES, speaking

HELP = CATALOGUES / "zh" / "help.json"


@pytest.mark.parametrize(
    ("words", "rest", "asked"),
    [
        ("report x", "report x", None),
        ("--lang zh report x", "report x", "zh"),
        ("report x --lang=zh --json", "report x --json", "zh"),
        ("report --lang zh_CN.UTF-8 x", "report x", "zh_CN.UTF-8"),
        ("--lang zh diagram x --language en", "diagram x --language en", "zh"),
        ("diagram x --lang zh", "diagram x --lang zh", "zh"),  # the old name of --language there, which renames knows
        ("simulate f -- --lang", "simulate f -- --lang", None),
    ],
)
def test_the_language_stands_anywhere(words: str, rest: str, asked: str | None) -> None:
    assert language.asked_for(words.split()) == (rest.split(), asked, None)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("report --lang", "--lang needs a value after it: write --lang en or --lang zh"),
        ("report --lang fr", "--lang fr: write one of en, zh"),
    ],
)
def test_a_language_that_is_none_is_refused(words: str, fault: str) -> None:
    assert language.asked_for(words.split())[1:] == (None, fault)


def test_help_is_wrapped_by_columns() -> None:
    text = "一二三四五，六七八 agi-app 九十"
    assert language.wrapped(text, 10) == "一二三四\n五，六七八\nagi-app 九\n十"
    assert language.wrapped(f"a b\nc\n\n{text}", 80, " ", "  ", True) == f" a b c\n\n {text}"


def _helps(command: Any) -> Iterator[str]:
    yield from filter(None, [command.help, *(getattr(one, "help", None) for one in command.params)])
    for each in getattr(command, "commands", {}).values():
        yield from _helps(each)


def _all_helps() -> set[str]:
    return set(_helps(typer.main.get_command(main.build())))


def test_each_help_text_has_its_chinese_text_and_no_text_is_left_over() -> None:
    there = json.loads(HELP.read_text(encoding="utf-8"))
    assert sorted(there.keys() - _all_helps()) == []
    assert sorted(_all_helps() - there.keys()) == []


def test_help_is_in_the_language_of_who_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((core, "_"), (formatting, "wrap_text"), (clicks.Context, "formatter_class")):
        monkeypatch.setattr(module, name, getattr(module, name))  # as before at the end
    with speaking("zh"):
        command = language.translated(main.build())
    assert command.help == "以同意为前提的 Asterisk 自动外呼。"
    assert not any(re.search("[A-Za-z]+ [a-z]+ [a-z]+", re.sub("`[^`]*`", "", text)) for text in _helps(command))
