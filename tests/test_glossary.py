"""One word for each thing: both pages name the same terms, the pages use them, and nobody uses the others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agi_app.model.reason_catalogue import GATE

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
