"""Lines of the settings need a flow that may answer; a worker serves no other."""

from __future__ import annotations

from pathlib import Path

from agi_app.campaigns.checks.inbound_lines import check_inbound_lines
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import read_project
from agi_app.campaigns.served_lines import served_lines
from agi_app.config.lines import InboundLineSettings
from agi_app.config.settings import SETTINGS_FILE

NUMBER = "+999862155500001"


def line(flow: str) -> InboundLineSettings:
    return InboundLineSettings.model_validate({"number": NUMBER, "flow": flow})


def test_a_line_without_a_lawful_flow_is_a_fault_and_not_served(tmp_path: Path) -> None:
    make_project(tmp_path / "mine")
    project = read_project(tmp_path / "mine", None)
    flows = {name: source.parsed.flow for name, source in project.flows.items()}
    campaign = next(name for name, flow in flows.items() if not flow.is_line)
    lawful = next(name for name, flow in flows.items() if flow.is_line)
    lines = {"good": line(lawful), "odd": line(campaign), "none": line("nothing")}
    text = "\n[lines.good]\n[lines.odd]\n[lines.none]\n"
    with (tmp_path / "mine" / SETTINGS_FILE).open("a", encoding="utf-8") as file:
        file.write(text)
    found = [*check_inbound_lines(tmp_path / "mine", lines, flows)]
    assert [problem.rule for problem in found] == ["line/flow", "line/unknown-flow"]
    good, none = served_lines(project, {"good": lines["good"], "none": lines["none"]})
    assert (good.flow is not None, good.fault) == (True, "")
    assert (none.flow, bool(none.fault)) == (None, True)
