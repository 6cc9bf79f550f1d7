"""Words that make a reader stop are found in prose, docstrings and messages, and nowhere else."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def _linter() -> Any:
    spec = importlib.util.spec_from_file_location("plain_english", ROOT / "scripts" / "lib" / "plain_english.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["plain_english"] = module
    spec.loader.exec_module(module)
    return module


LINTER = _linter()
ENGLISH = LINTER.read_list(LINTER.LISTS / "en.tsv", words=True)
CHINESE = LINTER.read_list(LINTER.LISTS / "zh.tsv", words=False)


def found(name: str, text: str, banned: Any = ENGLISH) -> list[str]:
    return list(LINTER.hits(Path(name), text, banned))


def test_a_phrase_is_named_with_its_place_and_the_better_words() -> None:
    assert found("a.md", "# Title\n\nThe stop holds for\never.\n") == [
        'a.md:3:16: "for ever"; write: permanently; never again; forever'
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "Whoever answers keys a code.",
        "The list was read anew.",
        "Give each node a name of its own.",
        "They are a number of yours.",
        "It ends. Who presses none goes on in the first language.",
        "The reason stands behind it.",
        "Set it here, which is why it fails.",
    ],
)
def test_a_literary_turn_is_found(sentence: str) -> None:
    assert len(found("a.md", sentence)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "A forever stamp; the patterns of its own metadata; when all is quiet, the worker stands by.",
        "```console\n$ whoever\n```\n\nUse `for ever` and [this](whoever.md).",
        "who is for\n\never",
        "Who answers? A clerk.",
        "| [0014 A call of its own](decisions/0014-call.md) |",
    ],
)
def test_plain_words_code_and_addresses_are_left_alone(text: str) -> None:
    assert found("a.md", text) == []


def test_of_python_the_docstrings_and_messages_count() -> None:
    source = (
        '"""What whoever reads it needs."""\n'
        "whoever = wait(for_, ever)  # mend\n"
        'fail(f"nobody is called for {n} days, or for"\n     " ever")\n'
        'KINDS = ("mend", "anew")\n'
    )
    assert [hit.split(";")[0] for hit in found("a.py", source)] == ['a.py:1:9: "whoever"', 'a.py:3:42: "for ever"']


def test_chinese_phrases_are_found_as_they_are() -> None:
    assert found("a.zh-CN.md", "每次都进行呼叫。", CHINESE) == ['a.zh-CN.md:1:4: "进行呼叫"; write: 呼叫']


def test_a_planted_phrase_fails_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("It works.\n", encoding="utf-8")
    assert LINTER.main([str(page)]) == 0
    page.write_text("It works for ever.\n", encoding="utf-8")
    assert LINTER.main([str(page)]) == 1
    assert f'{page}:1:10: "for ever"' in capsys.readouterr().out


def test_the_scope_names_files_that_exist() -> None:
    names = {str(file.relative_to(ROOT)) for file in LINTER.scope()}
    assert {"README.md", "docs/quickstart.md", "docs/how-to/write-a-flow.md", "docs/explanation/safety.md"} <= names
