"""One word for each thing: both pages name the same terms, the pages use them, and nobody uses the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.main import get_command

from agi_app.authoring import renames
from agi_app.authoring.schema import Authored
from agi_app.campaigns.campaign_file.load import CampaignFile
from agi_app.cli.main import build
from agi_app.config.setting_faults import tables
from agi_app.config.settings import Settings
from agi_app.flow.language.definition import Flow
from agi_app.flow.simulation.expected_calls import Cases
from agi_app.gate import rule_file
from agi_app.model.reason_catalogue import GATE
from agi_app.store.database import catalog

pytestmark = pytest.mark.slow  # with the other tests of documents

DOCS = Path(__file__).resolve().parent.parent / "docs"
ENGLISH, CHINESE = DOCS / "reference/glossary.md", DOCS / "reference/glossary.zh-CN.md"
# What was decided in the words of its time, a list of what people say on the telephone, and the glossary itself.
NOT_READ = ("decisions/", "reference/flow-language", "reference/glossary")


def terms(page: Path) -> list[tuple[str, str]]:
    """Each term and the same in the other language."""
    return re.findall(r"^\| \*\*(.+?)\*\* \| .+ \| (.+?) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)


def unused(page: Path) -> list[str]:
    """The words of the last table."""
    last = page.read_text(encoding="utf-8").rpartition("\n## ")[2]
    rows = re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", last, re.MULTILINE)[1:]
    return [word for row in rows for word in row.split(", ")]


def pages() -> dict[str, str]:
    """What people read: the pages, of which some hold what the program itself says, and the gate's reasons."""
    found = {str(path.relative_to(DOCS)): path for path in DOCS.rglob("*.md")}
    return {f"reason {key}": f"{said.en}\n{said.zh}" for key, said in GATE.items()} | {
        name: path.read_text(encoding="utf-8") for name, path in found.items() if not name.startswith(NOT_READ)
    }


def test_both_pages_have_the_same_terms_once_and_at_most_sixty() -> None:
    english, chinese = terms(ENGLISH), terms(CHINESE)
    assert [(b, a) for a, b in chinese] == english
    assert 40 <= len(english) <= 60
    for words in zip(*english, strict=True):
        assert len(set(words)) == len(words)
    assert [a for a, _ in english] == sorted((a for a, _ in english), key=str.casefold)


def test_the_pages_use_the_terms() -> None:
    text = "\n".join(pages().values())
    assert [term for term, _ in terms(ENGLISH) if not re.search(rf"\b{re.escape(term)}", text, re.IGNORECASE)] == []


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_nobody_uses_the_other_words(page: Path) -> None:
    words = unused(page)
    assert len(words) >= 5
    found = {
        (name, word)
        for name, text in pages().items()
        for word in words
        if re.search(rf"\b{re.escape(word)}s?\b" if word.isascii() else re.escape(word), text, re.IGNORECASE)
    }
    assert found == set()


FILES = (CampaignFile, Flow, Cases, rule_file)  # whose modules have all that is written by hand


def commands() -> dict[str, set[str]]:
    """Each command by its words, with its options."""
    found: dict[str, set[str]] = {}

    def walk(command: object, words: str) -> None:
        below = getattr(command, "commands", {})
        for name, one in below.items():
            walk(one, f"{words} {name}".strip())
        if not below:
            found[words] = {option for one in command.params for option in one.opts if option[:2] == "--"}  # type: ignore[attr-defined]

    walk(get_command(build()), "")
    return found


def keys_of_files() -> Iterator[str]:
    kinds = [Authored]
    for kind in kinds:  # grows while it is read
        kinds += kind.__subclasses__()
        yield from (f"{kind.__name__}.{field.alias or name}" for name, field in kind.model_fields.items())


def settings() -> dict[str, list[str]]:
    return dict(tables(Settings))


def names() -> dict[str, str]:
    """Every name that users or their programs have, with its last part, which is the name itself."""
    found = {f"{words} {option}": option for words, options in commands().items() for option in options}
    found |= {f"agi-app {words}": words for words in commands()}
    found |= {f"[{table}] {name}": name for table, inside in settings().items() for name in inside}
    found |= {f"[{table}]": table.removesuffix(".NAME") for table in settings()}
    found |= {f"key {key}": key.rpartition(".")[2] for key in keys_of_files()}
    for line in catalog.FILE.read_text(encoding="utf-8").splitlines():
        _, kind, name = [*line.split(), "", ""][:3]
        if kind in ("table", "column"):
            found[f"{kind} {name}"] = name.rpartition(".")[2]
    return found


def not_in_names(page: Path) -> list[str]:
    part = page.read_text(encoding="utf-8").rsplit("\n## ", 2)[1]
    rows = re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", part, re.MULTILINE)[1:]
    return [word.strip("`") for row in rows for word in row.split(", ")]


def test_no_name_has_a_word_that_is_not_used() -> None:
    words = not_in_names(ENGLISH)
    assert words == not_in_names(CHINESE)
    assert len(words) > 10
    whole = {where: " ".join(re.split(r"[^a-z0-9]+", name.lower())) for where, name in names().items()}
    assert len(whole) > 800, "commands, settings, keys and columns were found"
    found = {
        (where, word)
        for where, name in whole.items()
        for word in (*words, *(one for one in unused(ENGLISH) if one != "dry run"))
        if re.search(rf"\b{re.escape(word.replace('_', ' '))}s?\b", name)
    }
    assert found == set()


def test_the_new_names_are_there_and_the_old_ones_only_in_the_table_of_renames() -> None:
    there = commands()
    for old, _, new in renames.COMMANDS:
        assert new in there
        assert old not in there
    for command, options in renames.OPTIONS.items():
        known = {option for words, inside in there.items() if words.startswith(command) for option in inside}
        assert known >= set(options.values())
        assert not known & set(options)
    for path, names_of in renames.SETTINGS.items():
        inside = settings()[".".join(path).replace("*", "NAME")]
        assert set(inside) >= set(names_of.values())
        assert not set(inside) & set(names_of)


def test_the_release_in_which_old_names_go_has_not_come() -> None:
    assert version("agi-app").split(".")[:2] < renames.GONE_IN.split("."), "take the table of renames out"
