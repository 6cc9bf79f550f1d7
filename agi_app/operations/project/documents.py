"""The documents that come with agi-app: which there are, and the text of one, in the language of who reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agi_app.authoring.suggestions import suggest
from agi_app.errors import InputError
from agi_app.messages import current, t
from agi_app.shared_files import shared

KINDS = ("", "how-to", "explanation", "reference")  # folders, in the order of the list
_CHINESE = ".zh-CN"


def pages() -> Iterator[tuple[str, str]]:
    """Name and title of each page: ``how-to/audit``, ``Prove what was done``."""
    for kind in KINDS:
        for file in sorted((shared("docs") / kind).glob("*.md")):
            if not file.stem.endswith(_CHINESE):
                yield f"{kind}/{file.stem}".lstrip("/"), _title(_spoken(file))


def page(name: str) -> Path:
    """The file of a page, by its name, the name's last part or its path; InputError when there is none."""
    wanted = name.removeprefix("docs/").removesuffix(".md").removesuffix(_CHINESE)
    known = [known for known, _ in pages()]
    found = [one for one in known if one == wanted] or [one for one in known if one.endswith(f"/{wanted}")]
    if not found:
        raise InputError(
            t("there is no page {name!r}{hint}; `agi-app docs` lists them", name=name, hint=_near(wanted, known))
        )
    return _spoken(shared("docs") / f"{found[0]}.md")


def _near(wanted: str, known: list[str]) -> str:
    last = {one.rpartition("/")[2]: one for one in known}
    hint = suggest(wanted.rpartition("/")[2], last)
    return hint if t("did you mean") in hint else ""


def _spoken(file: Path) -> Path:
    other = file.with_name(f"{file.stem}{_CHINESE}.md")
    return other if current() == "zh" and other.is_file() else file


def _title(file: Path) -> str:
    with file.open(encoding="utf-8") as text:
        return next((line[2:].strip() for line in text if line.startswith("# ")), file.stem)
