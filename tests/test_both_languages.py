"""Every Chinese page tells what the English one tells: the same sections, tables, lists, commands, files and keys."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agi_app.campaigns.checks.rule_catalogue import catalogue
from agi_app.messages import speaking
from agi_app.messages.retold import retold
from agi_app.model.reason_catalogue import GATE

pytestmark = pytest.mark.slow  # with the other tests of documents

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("docs", "examples", "agi_app")
CHINESE = [ROOT / "README.zh-CN.md", *sorted(p for f in FOLDERS for p in (ROOT / f).rglob("*.zh-CN.md"))]
BLOCK = re.compile(r"^ *```([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
KEY_AND_MEANING = re.compile(r"^\| (`[^|]+`) \| (.*) \|$", re.MULTILINE)
OWN_SCRIPT = "from-script-to-flow.zh-CN.md"  # has a script of its own in each language: tests/test_docs.py tries both
# Words not used, decisions, rules of other countries and examples of faults are listed otherwise.
OWN_LISTS = ("glossary.zh-CN.md", "docs/README.zh-CN.md")
GUIDES = "agi_app"  # what is handed out with records, without links to pages


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _english(page: Path) -> Path:
    return page.with_name(page.name.replace(".zh-CN", ""))


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _prose(page: Path) -> str:
    return BLOCK.sub("", _text(page))


def _shape(page: Path) -> dict[str, object]:
    """What a page has, in whichever language."""
    prose = _prose(page)
    return {
        "sections": [len(marks) for marks in re.findall(r"^(#+) ", prose, re.MULTILINE)],
        "table rows": len(re.findall(r"^\|", prose, re.MULTILINE)),
        "list items": len(re.findall(r"^ *(?:- |\d\. )", prose, re.MULTILINE)),
        "blocks": [info.strip() for info, _ in BLOCK.findall(_text(page))],
    }


def _commands(page: Path) -> list[tuple[str, set[str]]]:
    """Each command with its options. What is said and written in them may be in the reader's language."""
    shown = "".join(body for _, body in BLOCK.findall(_text(page))).replace("\\\n", " ")
    lines = re.findall(r"^ *\$ (\S+(?: [a-z][a-z-]*)*)(.*)$", shown, re.MULTILINE)
    return [
        (words, set(re.findall(r"(?<= )--[a-z-]+", rest.partition(" #")[0])) - {"--language"}) for words, rest in lines
    ]


def _files(page: Path) -> list[str]:
    """The files of a page without comments, and without what is only for people who read them."""
    kinds = ("yaml", "toml", "csv", "ini")
    files = [body for info, body in BLOCK.findall(_text(page)) if info.strip() in kinds]
    return [re.sub(r"(?m)(^|\s+)[#;] .*$|^who = .*$", "", body) for body in files]


@pytest.mark.parametrize("page", CHINESE, ids=_name)
def test_a_chinese_page_is_built_like_the_english_one(page: Path) -> None:
    english = _english(page)
    assert english.exists()
    assert _name(page).endswith(OWN_LISTS) or _shape(page) == _shape(english)


@pytest.mark.parametrize("page", CHINESE, ids=_name)
def test_a_chinese_page_shows_the_commands_and_files_of_the_english_one(page: Path) -> None:
    assert _commands(page) == _commands(_english(page))
    if page.name != OWN_SCRIPT:
        assert _files(page) == _files(_english(page))
    plain = [[body for info, body in BLOCK.findall(_text(p)) if not info.strip()] for p in (page, _english(page))]
    assert [x for x, y in zip(*plain, strict=True) if x != y and not re.search(r"[\u4e00-\u9fff]", x)] == []


@pytest.mark.parametrize("page", [page for page in CHINESE if GUIDES not in _name(page)], ids=_name)
def test_both_pages_lead_to_each_other_and_the_chinese_one_to_chinese_ones(page: Path) -> None:
    english = _english(page)
    assert f"]({page.name})" in _prose(english)
    assert f"]({english.name})" in _prose(page)
    for target in re.findall(r"\]\(([^)#]+\.md)[^)]*\)", _prose(page)):
        translated = page.parent / target.replace(".md", ".zh-CN.md")
        assert target == english.name or ".zh-CN." in target or not translated.exists(), f"{target} is there in Chinese"


@pytest.mark.parametrize("name", ["cli", "flow-language", "settings"])
def test_the_reference_has_every_key_and_default_in_chinese(name: str) -> None:
    """The English page is made from the code; whoever adds a key there has to add it here."""
    page = ROOT / "docs" / "reference" / f"{name}.zh-CN.md"
    rows = [
        [
            (row[0], set(re.findall(rf"{word} (`[^`]+`)", row[1])))
            for row in re.findall(KEY_AND_MEANING, _prose(from_page))
        ]
        for from_page, word in ((page, "默认"), (_english(page), "[Dd]efault:?"))
    ]
    assert rows[0] == rows[1]
    assert BLOCK.findall(_text(page)) == BLOCK.findall(_text(_english(page)))


def test_the_gate_rules_are_there_in_chinese_with_what_the_gate_says() -> None:
    page = ROOT / "docs" / "reference" / "gate-rules.zh-CN.md"
    rows = [re.findall(r"(?m)^\| (`\w+`) \| (.+) \| (.+) \| (.+) \|$", _text(p)) for p in (page, _english(page))]
    assert [row[0] for row in rows[0]] == [row[0] for row in rows[1]]
    assert [row[3] == "会" for row in rows[0]] == [row[3] == "yes" for row in rows[1]]
    said = {re.sub(r"{\w+}(?: {\w+})*", "…", reason.zh) for reason in GATE.values()}
    assert {row[2] for row in rows[0]} <= said


def test_every_check_rule_is_there_in_chinese() -> None:
    page = _text(ROOT / "docs" / "reference" / "check-rules.zh-CN.md")
    for rule in catalogue().values():
        entry = page.partition(f"\n### {rule.id}\n")[2].partition("\n##")[0]
        assert rule.zh in entry, f"check-rules.zh-CN.md lacks {rule.id}"


@pytest.mark.parametrize("page", CHINESE, ids=_name)
def test_the_reader_is_addressed_with_one_word_and_sentences_end_as_chinese_ones(page: Path) -> None:
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "", _prose(page))
    assert re.findall(r".{0,8}你.{0,8}", prose) == []
    assert re.findall(r".{0,8}[\u4e00-\u9fff] ?[,;:?!](?!\S).{0,8}", prose) == []


@pytest.mark.parametrize("page", CHINESE, ids=_name)
def test_a_chinese_page_shows_what_commands_print_in_chinese(page: Path) -> None:
    """A line that the catalogue would tell in Chinese was printed by a version, or for a reader, of English."""
    shown = [body for info, body in BLOCK.findall(_text(page)) if info.strip() == "console"]
    lines = [line for body in shown for line in body.splitlines() if not re.match(r" *(\$|>)|.*[\u4e00-\u9fff{]", line)]
    with speaking("zh"):
        assert [line for line in lines if retold(line) != line] == []


def test_the_chinese_index_leads_to_every_chinese_page() -> None:
    docs = ROOT / "docs"
    named = set(re.findall(r"\]\(([^)#]+\.zh-CN\.md)\)", _text(docs / "README.zh-CN.md")))
    assert {p.relative_to(docs).as_posix() for p in docs.rglob("*.zh-CN.md")} - {"README.zh-CN.md"} == named
