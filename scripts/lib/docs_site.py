"""Builds the documents as a site in both languages, for a web server, and checks every link of it.

``scripts/docs --site DIR``: DIR/en and DIR/zh have the pages, each with its Markdown beside it, and a search; nothing
is loaded from elsewhere. DIR/llms.txt lists the pages for programs that read. Zensical makes them.
"""

from __future__ import annotations

import json
import posixpath
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CHECK = Path(__file__).with_name("docs_site_check.py")
FILES = "files"  # what pages link to outside docs/
ABOUT = "Consent-first automated calling for Asterisk: campaigns by ARI, call flows in YAML, every decision provable."
CONFIG = """\
[project]
site_name = "agi-app"
docs_dir = "{docs}"
site_dir = "{out}"
use_directory_urls = false
nav = {nav}
[project.theme]
language = "{language}"
font = false
features = ["navigation.top", "navigation.indexes", "content.code.copy", "search.highlight"]
[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
[project.plugins.search]
[[project.extra.alternate]]
name = "English"
link = "../en/index.html"
lang = "en"
[[project.extra.alternate]]
name = "中文"
link = "../zh/index.html"
lang = "zh"
[project.markdown_extensions.toc]
permalink = true
slugify = {{ object = "pymdownx.slugs.slugify", kwds = {{ case = "lower" }} }}
[project.markdown_extensions.tables]
[project.markdown_extensions.sane_lists]
[project.markdown_extensions.pymdownx.superfences]
[project.markdown_extensions.pymdownx.highlight]
"""
START = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>agi-app</title>
<p><a href="en/index.html" hreflang="en">English</a>
<p><a href="zh/index.html" hreflang="zh" lang="zh">中文</a>
</html>
"""
_LINK = re.compile(r"(?<=\]\()(?P<path>[^()\s#:]+)(?P<anchor>#[^()\s]+)?(?=\))")
_CHINESE = ".zh-CN.md"
_ITEM_MARK = re.compile(r"([-*]|[0-9]\.) +")
_SECTION = re.compile(r"^\*\*(?P<name>[^*：:]+)(?P<items>.*?)(?=^\*\*|\Z)", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"\[(?P<title>[^\]]+)\]\((?P<path>[^)#]+\.md)\)(?: ·\s*\[[^\]]+\]\([^)]+\))?(?P<told>:[^\[]*)?")


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the site: its folder, and which pages of docs/ are its own."""

    folder: str
    is_ours: Callable[[str], bool]
    contents: str


LANGUAGES = (
    Language("en", lambda path: not path.endswith(_CHINESE), "README.md"),
    Language("zh", lambda path: path.endswith(_CHINESE), "README.zh-CN.md"),
)


def build(out: Path) -> list[str]:
    """Write the site into ``out``, a new or empty folder; returns what is wrong with it.

    Raises CalledProcessError, FileExistsError when there is something in the folder.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out}: there is something in it; name a new or an empty folder")
    with tempfile.TemporaryDirectory() as name:
        made = Path(name) / "site"
        for language in LANGUAGES:
            staged = Path(name) / language.folder
            _stage(language, staged)
            _render(language, staged, made / language.folder)
            shutil.copytree(staged, made / language.folder, dirs_exist_ok=True)
        _copy_files(made / FILES)
        (made / "index.html").write_text(START, "utf-8")
        (made / "llms.txt").write_text(llms(), "utf-8")
        shutil.copytree(made, out, dirs_exist_ok=True)
    return list(runpy.run_path(str(CHECK))["faults"](out))


def contents(language: Language) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Each section of the contents page with title, page (its place in the site) and what is said of it."""
    text = (DOCS / language.contents).read_text("utf-8")
    for section in _SECTION.finditer(text):
        part = section["items"]
        items = [
            (" ".join(one["title"].split()), _place(one["path"]), " ".join((one["told"] or "").lstrip(":").split()))
            for one in _ITEM.finditer(part)
            if language.is_ours(one["path"])
        ]
        if items:
            yield section["name"].strip(), items


def llms() -> str:
    """The list of all pages for programs that read (llmstxt.org), English first."""
    lines = ["# agi-app", "", f"> {ABOUT}"]
    for language in LANGUAGES:
        for section, items in contents(language):
            lines += ["", f"## {section}", ""]
            lines += [f"- [{title}]({language.folder}/{page}){told and f': {told}'}" for title, page, told in items]
    return "\n".join(lines) + "\n"


def _stage(language: Language, folder: Path) -> None:
    """The pages of one language with links as they are in the site, and the pictures and files beside them."""
    for path in sorted(DOCS.rglob("*")):
        name = path.relative_to(DOCS).as_posix()
        if not path.is_file() or (path.suffix == ".md" and not language.is_ours(name)):
            continue
        target = folder / _place(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            target.write_text(_page(language, name, path.read_text("utf-8")), "utf-8")
        else:
            shutil.copyfile(path, target)


def _place(name: str) -> str:
    """Where a page of docs/ is in its language's folder."""
    name = name.replace(_CHINESE, ".md")
    return "index.md" if name == "README.md" else name


def _page(language: Language, name: str, text: str) -> str:
    """A page whose links lead to where things are in the site; words behind the language of a block are for tests."""
    parts = re.split(r"(^ *```.*?^ *```[ \t]*$)", text, flags=re.MULTILINE | re.DOTALL)
    for place, part in enumerate(parts):
        if place % 2:
            parts[place] = re.sub(r"\A( *```\w+) .*", r"\1", part)
        else:
            parts[place] = _LINK.sub(lambda link: _target(language, name, link["path"]) + (link["anchor"] or ""), part)
    return _lists_deeper("".join(parts))


def _lists_deeper(text: str) -> str:
    """What belongs to an item of a list by CommonMark, by four spaces, as Python-Markdown wants it."""
    written: list[str] = []
    width = 0  # of the item's mark: what is as deep belongs to it; 0: no list
    is_loose = is_code = False  # a blank line was in the item; in a block of code that belongs to no item
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(" "))
        if line.startswith("```"):
            width, is_code = 0, not is_code
        elif not is_code and (mark := _ITEM_MARK.match(line)):
            if is_loose and written[-1]:
                written.append("")
            width, is_loose = len(mark[0]), False
        elif not line:
            is_loose = width > 0
        elif is_loose and depth < width:
            width, is_loose = 0, False
        written.append(" " * (4 - width) + line if line and is_loose and depth >= width > 0 else line)
    return "\n".join(written)


def _target(language: Language, page: str, link: str) -> str:
    """What ``link`` of a page of docs/ leads to: a page of this language, one of the other, or a file."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
    here = posixpath.dirname(_place(page)) or "."
    if path.startswith("../"):
        return posixpath.relpath(f"../{FILES}/{_file(path[3:])}", here)
    if not path.endswith(".md") or language.is_ours(path):
        return posixpath.relpath(_place(path), here)
    other = next(one for one in LANGUAGES if one.is_ours(path))
    return posixpath.relpath(f"../{other.folder}/{_place(path)[:-3]}.html", here)


def _file(name: str) -> str:
    """What the site calls a file of the repository: a folder is told by its README, and Markdown is shown as text."""
    whole = f"{name}/README.md" if (ROOT / name).is_dir() else name
    return re.sub(r"\.md$", ".txt", whole)


def _copy_files(folder: Path) -> None:
    """What the pages link to outside docs/."""
    for page in DOCS.rglob("*.md"):
        for link in _LINK.finditer(page.read_text("utf-8")):
            path = (page.parent / link["path"]).resolve()
            if path.is_relative_to(ROOT) and not path.is_relative_to(DOCS) and path.exists():
                target = folder / _file(path.relative_to(ROOT).as_posix())
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path / "README.md" if path.is_dir() else path, target)


def _render(language: Language, staged: Path, out: Path) -> None:
    nav = [{section: [{title: page} for title, page, _ in items]} for section, items in contents(language)]
    start = {"en": "Documents", "zh": "文档"}[language.folder]
    toml = [f'{{ {json.dumps(start, ensure_ascii=False)} = "index.md" }}', *map(_toml, nav)]
    config = staged.parent / f"{language.folder}.toml"
    values = {"docs": staged.name, "out": out.relative_to(staged.parent).as_posix(), "language": language.folder}
    config.write_text(CONFIG.format(nav=f"[{', '.join(toml)}]", **values), "utf-8")
    words = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "-f", config.name]
    subprocess.run(words, cwd=staged.parent, check=True, stdout=subprocess.DEVNULL)


def _toml(value: object) -> str:
    """A list or table on one line."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_toml(name)} = {_toml(one)}' for name, one in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """``docs_site.py DIR``: exit 1 when something is wrong with it."""
    try:
        found = build(Path(sys.argv[1]))
    except FileExistsError as error:
        sys.exit(f"error: {error}")
    sys.exit("\n".join(found) or None)


if __name__ == "__main__":
    main()
