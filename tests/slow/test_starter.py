"""`agi-app init`: the new project checks clean and can be talked to at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import read_project
from agi_app.config.settings import load_settings, trunk_names
from agi_app.errors import InputError
from agi_app.flow.simulation.simulator import Simulation

pytestmark = pytest.mark.slow  # writes whole projects: not part of the fast unit tests


def test_a_new_project_has_no_fault_at_all(tmp_path: Path) -> None:
    lines = make_project(tmp_path / "mine")
    project = read_project(tmp_path / "mine", trunk_names(tmp_path / "mine"))
    assert project.problems == []
    assert set(project.campaigns) == {"march-checkup"}
    assert any("agi-app check" in line for line in lines)


def test_its_settings_are_read_and_its_secrets_are_not_committed(tmp_path: Path) -> None:
    make_project(tmp_path)
    settings = load_settings(tmp_path)
    assert all(trunk.sandbox for trunk in settings.trunks.values())
    ignored = (tmp_path / ".gitignore").read_text().split()
    assert {"var/", "ari-password"} <= set(ignored)


def test_every_campaign_of_it_can_be_simulated(tmp_path: Path) -> None:
    make_project(tmp_path)
    project = read_project(tmp_path, None)
    for campaign in project.campaigns.values():
        flow = project.flows[campaign.parsed.campaign.flow].parsed.flow
        simulation = Simulation(flow, project.prompts, {}, None)
        assert simulation.start()
        while not simulation.finished:
            simulation.feed("silence")


def test_a_file_in_the_way_is_called_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        make_project(tmp_path / "notes")
    with pytest.raises(InputError, match=r"cannot be (read|written): Not a directory"):
        make_project(tmp_path / "notes" / "mine")
