"""A flow file that cannot be read: its own faults are told, and no other flow is suggested in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.campaigns.project.read_project import Project, read_project
from agi_app.cli.project.simulate import run_expected
from agi_app.errors import AuthorError, InputError
from agi_app.operations.calling.campaigns import start
from agi_app.operations.project.project_files import find_flow

FLOW = """\
flow: {name}
languages: [en]
identify: {{business: {{en: Sunshine Dental}}}}
start: a
nodes:
  a:
    - say: {{text: {{en: "The artificial voice of Sunshine Dental. To stop, press 9."}}}}
    - hangup
"""
CASES = "flow: {name}\ncases:\n  - {{name: all, input: [], expect: {{disposition: null}}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("flows", "campaigns", "simulations", "prompts/en"):
        (tmp_path / part).mkdir(parents=True)
    for name in ("checkup", "checkups"):
        (tmp_path / f"flows/{name}.yaml").write_text(FLOW.format(name=name))
        (tmp_path / f"simulations/{name}.yaml").write_text(CASES.format(name=name))
    (tmp_path / "prompts/en/unused.txt").write_text("Hello.")
    (tmp_path / "campaigns/c.yaml").write_text(
        "campaign: c\npurpose: transactional\njurisdictions: [CN]\nflow: checkups\ntrunk: t\n"
        'caller_id: "+999862155500001"\npace: {calls_per_second: 1, concurrent: 1}\n'
        'window: {days: [mon], from: "09:30", to: "11:30"}\n'
    )
    return tmp_path


def broken(folder: Path, text: str = "flow: checkups\nnodes: [\n") -> Project:
    (folder / "flows/checkups.yaml").write_text(text)
    return read_project(folder, None)


@pytest.mark.parametrize("text", ["flow: checkups\nnodes: [\n", FLOW.format(name="checkups").replace("say:", "sya:")])
def test_nothing_else_is_suggested_while_it_cannot_be_read(folder: Path, text: str) -> None:
    """Whoever follows a suggestion would start the wrong calls."""
    told = [str(problem) for problem in broken(folder, text).problems]
    assert not any('"checkup"' in line for line in told)
    assert (
        sum('no flow that can be read has the name "checkups"; fix flows/checkups.yaml first' in t for t in told) == 2
    )
    assert any(line.startswith("flows/checkups.yaml:") for line in told)
    assert not any("unused-prompt" in line for line in told), "the broken flow may play it"


def test_a_name_that_is_just_wrong_is_still_helped(folder: Path) -> None:
    text = (folder / "campaigns/c.yaml").read_text().replace("flow: checkups", "flow: chekup")
    (folder / "campaigns/c.yaml").write_text(text)
    told = [str(problem) for problem in read_project(folder, None).problems]
    assert any('no flow file has the name "chekup"; did you mean "checkup"?' in line for line in told)


def test_the_commands_tell_the_broken_files_faults(folder: Path) -> None:
    project = broken(folder)
    with pytest.raises(AuthorError, match=r"flows/checkups\.yaml:"):
        find_flow(project, "checkups", None)
    mended = broken(folder, FLOW.format(name="checkups"))
    with pytest.raises(InputError, match='did you mean "checkup"'):
        find_flow(mended, "chekup", None)


def test_a_folder_of_a_project_is_not_the_project(folder: Path) -> None:
    (folder / "agi-app.toml").touch()
    with pytest.raises(InputError, match="flows is a folder of a project; name the project, --project "):
        find_flow(read_project(folder / "flows", None), "checkup", None)


async def test_a_campaign_whose_flow_is_broken_does_not_start(folder: Path) -> None:
    project = broken(folder)
    with pytest.raises(AuthorError) as caught:
        await start.__wrapped__(None, project, "c")  # type: ignore[attr-defined]
    assert "did you mean" not in str(caught.value)


def test_expected_calls_of_other_flows_still_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An error that is none of theirs stops nobody; it is told, and the exit status says so."""
    assert run_expected(None, folder, as_json=False) == 0
    broken(folder)
    assert run_expected(str(folder / "simulations/checkup.yaml"), folder, as_json=False) == 0
    assert "1 ok, 0 failed" in capsys.readouterr().out
    assert run_expected(None, folder, as_json=False) == 1
    said = capsys.readouterr()
    assert "1 ok, 0 failed; files not run: 1" in said.out
    assert "fix flows/checkups.yaml first" in said.err
    with pytest.raises(AuthorError):
        run_expected(str(folder / "simulations/checkups.yaml"), folder, as_json=False)


def test_expected_calls_need_no_recording(folder: Path) -> None:
    """The words of a prompt are enough: an office tries its script before anything is recorded."""
    flow = (folder / "flows/checkup.yaml").read_text().replace("    - hangup\n", "    - play: bye\n    - hangup\n")
    (folder / "flows/checkup.yaml").write_text(flow)
    (folder / "prompts/en/bye.txt").write_text("Goodbye.")
    assert any(problem.rule == "flow/prompt-missing" for problem in read_project(folder, None).errors)
    assert run_expected(str(folder / "simulations/checkup.yaml"), folder, as_json=False) == 0


def test_an_error_of_an_unrelated_campaign_stops_nothing(folder: Path) -> None:
    (folder / "campaigns/other.yaml").write_text("campaign: [\n")
    (folder / "rules").mkdir()
    (folder / "rules/cn.yaml").write_text("nonsense: 1\n")
    assert run_expected(None, folder, as_json=False) == 0
