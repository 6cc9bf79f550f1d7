"""The list of all commands, which is printed and completed without importing any of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer import core
from typer._click import core as clicks
from typer._click import formatting

from agi_app.cli import language, main
from agi_app.messages import speaking

HEAVY = ("psycopg", "aiohttp", "phonenumbers", "pydantic", "agi_app.config.settings")


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_the_list_says_of_each_command_what_its_own_help_says(spoken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((core, "_"), (formatting, "wrap_text")):
        monkeypatch.setattr(module, name, getattr(module, name))  # as before at the end
    monkeypatch.setattr(clicks.Context, "formatter_class", clicks.Context.formatter_class)
    with speaking(spoken):
        whole, short = (_help(language.translated(app)) for app in (main.build(), main.listed()))
    assert short == whole
    assert "campaign" in short


def _help(command: Any) -> str:
    with command.make_context("agi-app", [], resilient_parsing=True) as context:
        return str(command.get_help(context))


def _run(words: str, **environment: str) -> str:
    code = (
        "import sys; sys.argv = ['agi-app', *sys.argv[1:]]\n"
        "from agi_app.cli import main\n"
        "try:\n    main.main()\n"
        "finally:\n"
        f"    print('HEAVY', [name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words.split()],
        env=os.environ | {"AGI_APP_LANG": "en"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_help_imports_nothing_that_takes_long() -> None:
    for words in ("--help", "--version"):
        assert "HEAVY []" in _run(words), words


def test_a_shell_completes_first_words_commands_and_options() -> None:
    def completed(line: str) -> list[str]:
        said = _run("", _AGI_APP_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(line.count(" ")))
        return said.partition("HEAVY")[0].split()

    assert completed("agi-app camp") == ["campaign"]
    assert {"start", "pause", "preview"} <= set(completed("agi-app campaign "))
    assert "--json" in completed("agi-app campaign preview --j")


def test_an_unknown_word_is_answered_with_what_there_is() -> None:
    said = _run("campain start x")
    assert said.startswith("agi-app has no command 'campain'; did you mean \"campaign\"")


def test_a_failure_of_a_service_is_critical_in_the_journal(tmp_path: Path) -> None:
    """Its message goes to standard error, which systemd reads line by line; a person at a terminal sees no priority."""
    reading, writing = os.pipe()
    stream = os.fstat(writing)
    command = [sys.executable, "-m", "agi_app.cli.main", "exchange", "--project", str(tmp_path)]
    for environment, begins in (({"JOURNAL_STREAM": f"{stream.st_dev}:{stream.st_ino}"}, "<2>"), ({}, str(tmp_path))):
        subprocess.run(command, env=os.environ | {"AGI_APP_LANG": "en"} | environment, stderr=writing, check=False)
        told = os.read(reading, 65536).decode()
        assert told.startswith(begins)
        assert "there is no such file" in told
    os.close(reading)
    os.close(writing)
