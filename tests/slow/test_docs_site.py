"""The documents as a site: whole, in both languages, nothing from elsewhere; and its check finds what is broken."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
LIB = ROOT / "scripts" / "lib"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "site"
    done = subprocess.run(
        [sys.executable, str(LIB / "docs_site.py"), str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(built, tmp_path / "site"))


def faults(site: Path) -> list[str]:
    """What the check of `scripts/docs --site` says."""
    found: Any = runpy.run_path(str(LIB / "docs_site_check.py"))["faults"]
    return list(found(site))


def test_each_page_is_there_in_each_language(built: Path) -> None:
    docs = ROOT / "docs"
    for page in docs.rglob("*.md"):
        name = page.relative_to(docs).as_posix()
        language, name = ("zh", name.replace(".zh-CN.md", ".md")) if ".zh-CN." in name else ("en", name)
        assert (built / language / name.replace("README.md", "index.md")).with_suffix(".html").is_file(), name
    chinese = (built / "zh" / "how-to" / "install-on-asterisk.html").read_text("utf-8")
    assert '<html lang="zh"' in chinese
    assert 'href="../../en/how-to/install-on-asterisk.html"' in chinese, "a page leads to the same one in English"


def test_programs_find_every_page_in_llms_txt(built: Path) -> None:
    text = (built / "llms.txt").read_text("utf-8")
    pages = re.findall(r"\]\(([^)]+)\)", text)
    assert all((built / page).is_file() for page in pages)
    listed = {page for page in pages if page.startswith("zh/")}
    assert listed == {f"zh/{p.relative_to(built / 'zh')}" for p in (built / "zh").rglob("*.md") if p.name != "index.md"}


BROKEN = (
    ("zh/quickstart.html", 'href="how-to/', 'href="how-too/', "leads nowhere"),
    ("en/how-to/try-in-the-sandbox.html", "#7-expected-calls", "#7-expected", "names no place there"),
    ("en/index.html", 'rel="icon" href=".', 'rel="icon" href="https://elsewhere.example', "loads https://elsewhere."),
    ("zh/reference/settings.html", "<table>", "<div>", "<table> instead of"),
)


def test_its_check_finds_what_is_broken(site: Path) -> None:
    assert faults(site) == []
    for page, before, after, _ in BROKEN:
        text = (site / page).read_text("utf-8")
        assert before in text
        (site / page).write_text(text.replace(before, after), "utf-8")
    found = faults(site)
    for page, _, _, told in BROKEN:
        assert any(told in fault for fault in found if page in fault), (page, found)


def test_it_replaces_nothing_that_is_there(built: Path) -> None:
    words = [sys.executable, str(LIB / "docs_site.py"), str(built)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "there is something in it" in done.stderr
