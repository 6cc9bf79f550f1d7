"""`agi-app check` reads the project's own calling rules, and judges the campaigns by them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agi_app.campaigns.campaign_file.load import load_campaign
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import find_project, read_project
from agi_app.errors import AuthorError, InputError
from tests.unit.campaigns.calling_rules.test_rule_files import GOOD, own


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that ``agi-app init`` makes."""
    project = tmp_path_factory.mktemp("made") / "p"
    make_project(project)
    return project


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """A copy of it, but for the recordings, which no test here changes."""
    shutil.copytree(made, tmp_path / "p", ignore=shutil.ignore_patterns("prompts"))
    (tmp_path / "p" / "prompts").symlink_to(made / "prompts")
    (tmp_path / "p" / "rules").mkdir()
    return tmp_path / "p"


def problems(project: Path) -> str:
    """All that is wrong with it."""
    return "\n".join(str(p) for p in read_project(project, None).problems)


def campaign_of(project: Path) -> Path:
    """Its one campaign file."""
    (file,) = (project / "campaigns").glob("*.yaml")
    return file


def put(project: Path, key: str, value: str) -> str:
    """The campaign's text with another value of one key, which is in its file now."""
    file = campaign_of(project)
    text = "".join(line for line in file.read_text().splitlines(keepends=True) if not line.startswith(f"{key}:"))
    file.write_text(f"{text}\n{key}: {value}\n")
    return file.read_text()


def test_own_rules_that_narrow_are_no_problem(project: Path) -> None:
    (project / "rules" / "cn.yaml").write_text(own("caps", "calls: 1, per: 7d"))
    assert problems(project) == ""


def test_own_rules_that_loosen_are_an_error_of_the_project(project: Path) -> None:
    (project / "rules" / "cn.yaml").write_text(own("caps", "calls: 9, per: 7d"))
    assert "rules/cn.yaml:2:8: rules/loosens caps: allows 9 calls in 7d, the shipped rules 2" in problems(project)


def test_a_campaign_that_rings_longer_than_an_own_rule_allows_is_refused(project: Path) -> None:
    (project / "rules" / "cn.yaml").write_text(own("ring_time", "at_most: 20s"))
    put(project, "ring_time", "30s")
    said = problems(project)
    assert f"campaigns/{campaign_of(project).name}:" in said
    assert "campaign/ring-time ring_time: 30s is not within 15s to 20s (rule ring_time of CN)" in said


def test_a_ring_time_that_no_rule_may_allow_is_refused_by_the_name_of_the_rule(project: Path) -> None:
    text = put(project, "ring_time", "10s")
    with pytest.raises(AuthorError, match=r'"10s" is not within 15s to 45s \(rule ring_time\)'):
        load_campaign(text, "c.yaml")


def test_a_country_without_rules_is_warned_about_until_the_project_adds_some(project: Path) -> None:
    put(project, "jurisdictions", "[CN, FR]")
    said = problems(project)
    assert "campaign/no-rules (warning) there are no calling rules for FR" in said
    (project / "rules" / "fr.yaml").write_text(GOOD)
    assert "no-rules" not in problems(project)


def test_a_rule_file_can_be_checked_alone(project: Path) -> None:
    file = project / "rules" / "cn.yaml"
    file.write_text(own("caps", "calls: 9, per: 7d"))
    assert find_project(file) == (project, "rules/cn.yaml")
    other = project / "flows.yaml"
    other.write_text("")
    with pytest.raises(InputError, match="a rule file in rules/"):
        find_project(other)
