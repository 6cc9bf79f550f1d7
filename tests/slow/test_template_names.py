"""`agi-app init --name`, with a template or without: the office's own name stands in every file, whatever it is."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from agi_app.campaigns.project.business_name import MOST_CHARACTERS
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.project_templates import TEMPLATES
from agi_app.campaigns.project.read_project import Project, checked_project
from agi_app.errors import InputError
from agi_app.flow.check.graph import first_prompts
from agi_app.flow.language.definition import Flow
from agi_app.flow.simulation.expected_calls import run_case

pytestmark = pytest.mark.slow  # writes whole projects: not part of the fast unit tests
LANGUAGES = ("zh-CN", "en")
NAMES = (
    "Pots & Pans",
    "Joe's / Jane's: 1 | 2",
    'The "Old" Mill, #3 {north}',
    "Yes",
    "Parcel \\\\1 Riverside Practice",
    "海豚、商店",
)


def _flow(project: Project, name: str) -> Flow:
    return project.flows[name].parsed.flow


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("name", [*TEMPLATES, None])
@pytest.mark.parametrize("own", NAMES)
def test_any_name_is_written_into_every_file_and_read_again(name: str | None, own: str, tmp_path: Path) -> None:
    """Only the recordings that said the sample's name are missing then; every expected call is as before."""
    make_project(tmp_path / "sample", name)
    lines = make_project(tmp_path / "mine", name, [own])
    name = name or "checkup-reminder"
    sample, mine = checked_project(tmp_path / "sample"), checked_project(tmp_path / "mine")
    old = _flow(sample, name).identify.business
    assert {*_flow(mine, name).identify.business.values()} == {own}
    assert _flow(mine, "who-called").identify.business == _flow(mine, name).identify.business
    assert {problem.rule for problem in mine.problems} == {"flow/prompt-missing"}
    assert sorted(re.findall(r"prompts/[\w/-]+\.wav", "\n".join(lines))) == sorted(
        f"prompts/{language}/{prompt}.wav"
        for language in LANGUAGES
        for prompt in ("line-welcome", first_prompts(_flow(mine, name))[0].prompt)
    )
    endings = {".yaml", ".txt", ".md", ".csv", ".toml"}
    for file in (one for one in mine.folder.rglob("*") if one.suffix in endings and "var" not in one.parts):
        written = file.read_text(encoding="utf-8").replace(own, "")
        assert not any(told in written for told in old.values()) or "Riverside" in own, file
    consents, before = _rows(mine.folder / "consent.csv"), _rows(sample.folder / "consent.csv")
    assert [row | {"wording": ""} for row in consents] == [row | {"wording": ""} for row in before]
    assert all(own in row["wording"] for row in consents)
    letter = (mine.folder / "caller-id-letter.txt").read_text("utf-8")
    assert own in letter
    assert f"({own})" not in letter, "one name for both languages stands there once"
    for cases in mine.simulations.values():
        for index, case in enumerate(cases.parsed.file.cases):
            verdict = run_case(cases.parsed, index, _flow(mine, cases.parsed.file.flow), mine.prompts, case.contact)
            assert verdict.differences == (), f"{case.name}\n" + "\n".join(verdict.call)


def test_each_language_may_have_its_own_name(tmp_path: Path) -> None:
    make_project(tmp_path / "mine", "recall", ["en=Pots = Pans", "zh-cn=锅 & 盆"])
    business = _flow(checked_project(tmp_path / "mine"), "recall").identify.business
    assert business == {"zh-CN": "锅 & 盆", "en": "Pots = Pans"}
    assert "Pots = Pans" in (tmp_path / "mine/prompts/en/recall-greeting.txt").read_text("utf-8")
    assert "锅 & 盆" in (tmp_path / "mine/prompts/zh-CN/recall-greeting.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("of", "names", "why"),
    [
        ("recall", ["en=Pots"], 'the name in zh-CN is missing; write --name "zh-CN=…", too'),
        ("recall", ["  "], "is no name that a call can say"),
        ("recall", ["Pots\x07"], "is no name that a call can say"),
        ("recall", ["&&"], "is no name that a call can say"),
        ("recall", ["P" * (MOST_CHARACTERS + 1)], "at most 80 characters; this has 81"),
        (None, ["en=Pots"], 'the name in zh-CN is missing; write --name "zh-CN=…", too'),
    ],
)
def test_a_name_that_is_none_makes_no_project(of: str | None, names: list[str], why: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(why)):
        make_project(tmp_path / "mine", of, names)
    assert not (tmp_path / "mine").exists()
