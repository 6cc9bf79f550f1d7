"""Comments and names of a new project's YAML and TOML files: each has Chinese words, and only they change."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from agi_app.campaigns.project.chinese_words import told, translated, words
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.project_templates import TEMPLATES
from agi_app.messages import speaking

CHINESE = words()


def files(folder: Path) -> dict[str, str]:
    """The YAML and TOML files of a project by their paths in it."""
    found = sorted((*folder.glob("*/*.yaml"), *folder.glob("*.toml")))
    return {str(file.relative_to(folder)): file.read_text("utf-8") for file in found}


def is_code(words: str) -> bool:
    """Whether a comment is a setting that may be written: ``[trunks.carrier-a]``, ``concurrent = 30``."""
    return re.fullmatch(r"\[[\w.-]+\]|\w+ = .+", words) is not None


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, tuple[dict[str, str], dict[str, str]]]:
    """Each template, and the project without one, in English and in Chinese."""
    found = {}
    for name in (None, *TEMPLATES):
        folder = tmp_path_factory.mktemp("project")
        for language in ("en", "zh"):
            with speaking(language):
                make_project(folder / language, name)
        found[name] = (files(folder / "en"), files(folder / "zh"))
    return found


@pytest.mark.parametrize("name", [None, *TEMPLATES])
def test_a_chinese_project_has_no_english_comment_and_no_english_case(
    name: str | None, both: dict[str | None, tuple[dict[str, str], dict[str, str]]]
) -> None:
    english, chinese = both[name]
    assert english.keys() == chinese.keys()
    comments = {one for text in chinese.values() for one in told(text) if not is_code(one)}
    assert {one for one in comments if not re.search("[\u4e00-\u9fff]", one) and one not in CHINESE.values()} == set()
    assert any(told(text) for text in english.values())
    assert not any(one in CHINESE.values() for text in english.values() for one in told(text) if not one.isascii())


@pytest.mark.parametrize("name", [None, *TEMPLATES])
def test_only_names_and_comments_differ(
    name: str | None, both: dict[str | None, tuple[dict[str, str], dict[str, str]]]
) -> None:
    english, chinese = both[name]
    for file in english:
        read = tomllib.loads if file.endswith(".toml") else yaml.safe_load
        first, second = read(english[file]), read(chinese[file])
        for one in (first, second):
            one.pop("identity", None)  # each project has another
        for case in (*first.get("cases", ()), *second.get("cases", ())):
            del case["name"]
        assert first == second, file


def test_no_words_are_left_that_no_file_says(
    both: dict[str | None, tuple[dict[str, str], dict[str, str]]],
) -> None:
    said = {one for english, _ in both.values() for text in english.values() for one in told(text)}
    assert CHINESE.keys() - said == set()


def test_what_is_no_comment_stays() -> None:
    text = 'digit: "#"  # says thank you\nname: a # b\n  - name: asks for another time\n'
    changed = translated(text, {"says thank you": "说声谢谢", "asks for another time": "要求改时间"})
    assert changed == 'digit: "#"  # 说声谢谢\nname: a # b\n  - name: 要求改时间\n'
