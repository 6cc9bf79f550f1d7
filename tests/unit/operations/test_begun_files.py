"""What a new flow and a new campaign begin with: each template fits into a project, which keeps all that it has."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from agi_app.atomic_files import write_whole_new
from agi_app.campaigns.project.new_project import make_project
from agi_app.errors import AuthorError, InputError
from agi_app.messages import speaking
from agi_app.operations.project import drafts, project_files, templates
from agi_app.operations.project.begun_campaign import CampaignDecisions, campaign_begun, campaign_of_template
from agi_app.operations.project.drafts import DraftOf
from agi_app.operations.project.project_files import ProjectFile

DECIDED = CampaignDecisions(
    name="parcels",
    purpose="transactional",
    flow="parcels",
    countries="CN",
    trunk="sandbox",
    caller_id="+999862155500001",
    zone="Asia/Shanghai",
    workdays="",
    since="09:00",
    until="19:30",
    per_second="1",
    at_once="10",
    longest="120",
    again="",
    due="",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("begun") / "project"
    make_project(folder)
    return folder


def test_each_template_fits_without_faults_and_replaces_nothing(project: Path) -> None:
    before = {file: file.read_bytes() for file in project.rglob("*") if file.is_file()}
    for number, template in enumerate(templates.TEMPLATES):
        language, decided = ("en", "zh")[number % 2], dataclasses.replace(DECIDED, name=template, flow=f"my-{template}")
        templates.lay_files(project, template)
        assert templates.lacking(project, template) == []
        with speaking(language):
            texts = {
                f"flows/{decided.flow}.yaml": templates.flow_text(template, decided.flow),
                f"campaigns/{template}.yaml": campaign_of_template(template, decided),
                f"campaigns/{template}-2.yaml": campaign_begun(dataclasses.replace(decided, name=f"{template}-2")),
            }
        for name, text in texts.items():
            assert (re.search("# .*[一-鿿]", text) is not None) is (language == "zh")
            (project / name).write_text(text, encoding="utf-8")
    assert project_files.read(project).errors == []
    assert {file: file.read_bytes() for file in before if ".prepared" not in file.parts} == {
        file: content for file, content in before.items() if ".prepared" not in file.parts
    }


def test_what_is_typed_stays_text_and_its_faults_are_the_checks(project: Path) -> None:
    """Norway is no truth value, and a field cannot write a line of its own."""
    templates.lay_files(project, "delivery")
    (project / "flows" / "parcels.yaml").write_text(templates.flow_text("delivery", "parcels"), encoding="utf-8")
    now = project_files.read(project)
    text = campaign_begun(dataclasses.replace(DECIDED, countries="no, cn", workdays="yes", again="yes", due="slot"))
    assert 'jurisdictions: ["NO", CN]' in text
    assert "days: [mon, tue, wed, thu, fri]" in text
    assert "due: {before: contact.slot, at: [24h]}" in text
    hostile = dataclasses.replace(DECIDED, trunk='sandbox\nmax_call: 9s"', per_second="1}", longest="many")
    with pytest.raises(AuthorError) as refused:
        drafts.check(
            now, DraftOf("campaign", "parcels"), ProjectFile("campaigns/parcels.yaml", campaign_begun(hostile).encode())
        )
    assert {one.line for one in refused.value.problems} >= {6, 9, 11}
    assert "max_call: 9s" not in campaign_begun(hostile).splitlines()
    with pytest.raises(InputError):
        templates.flow_text("../delivery", "parcels")


def test_a_new_file_is_whole_and_replaces_none(tmp_path: Path) -> None:
    file = tmp_path / "parcels.yaml"
    write_whole_new(file, b"first", 0o644)
    with pytest.raises(FileExistsError):
        write_whole_new(file, b"second", 0o644)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("parcels.yaml", b"first")]
