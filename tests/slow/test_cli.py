"""The command line as people and scripts meet it: exit codes, one clear message, nothing half-written, no traceback."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from rich.console import Console

from agi_app.campaigns.project import new_project
from agi_app.cli import common
from agi_app.cli.main import main

pytestmark = pytest.mark.slow  # runs whole commands: not part of the fast unit tests


@dataclass(frozen=True)
class Said:
    """What a command ended with and said."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command in this process."""
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def go(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["agi-app", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in said.out + said.err
        return Said(ended.value.code, said.out, said.err)

    yield go
    structlog.reset_defaults()  # it holds the standard error of this test


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project."""
    new_project.make_project(tmp_path / "mine")
    return tmp_path / "mine"


@pytest.mark.parametrize(
    "arguments",
    [("frobnicate",), ("campaign", "dance", "x"), ("check", "--frob"), ("report",), ("report", "x", "--format", "pdf")],
)
def test_wrong_arguments_end_with_1_and_name_the_help(run: Run, arguments: tuple[str, ...]) -> None:
    said = run(*arguments)
    assert said.code == 1
    assert "--help" in said.err
    assert said.out == ""


def test_a_folder_without_settings_ends_with_2_and_says_how_to_make_them(run: Run, tmp_path: Path) -> None:
    said = run("campaign", "status", "x", "--project", str(tmp_path))
    assert said.code == 2
    assert "agi-app init" in said.err


def test_check_of_a_clean_project(run: Run, project: Path) -> None:
    said = run("check", str(project))
    assert (said.code, said.out) == (0, "0 errors, 0 warnings in 3 campaigns and flows\n")


def test_check_says_file_line_and_rule_and_ends_with_1(run: Run, project: Path) -> None:
    flow = project / "flows" / "checkup.yaml"
    flow.write_text(flow.read_text(encoding="utf-8").replace("goto: bye", "goto: nowhere", 1), encoding="utf-8")
    said = run("check", str(project))
    assert said.code == 1
    assert "flows/checkup.yaml:" in said.out
    assert "nowhere" in said.out
    listed = json.loads(run("check", str(project), "--json").out)
    assert {"file", "line", "column", "rule", "message", "severity"} == set(listed[0])


def test_check_of_one_file_works_from_inside_its_folder(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "flows")
    said = run("check", "checkup.yaml")
    assert (said.code, said.out) == (0, "0 errors, 0 warnings in 1 campaign or flow\n")


@pytest.mark.parametrize("what", ["empty folder", "flows folder", "note"])
def test_check_never_praises_what_it_did_not_look_at(run: Run, project: Path, tmp_path: Path, what: str) -> None:
    """A wrong folder has no errors in it, but nothing was checked either."""
    (tmp_path / "empty").mkdir()
    (project / "flows" / "notes.txt").write_text("to do\n")
    path = {"empty folder": tmp_path / "empty", "flows folder": project / "flows"}.get(
        what, project / "flows" / "notes.txt"
    )
    said = run("check", str(path))
    assert said.code == 1
    assert str(path) in said.err


def test_simulate_names_what_is_there_when_the_flow_is_not(run: Run, project: Path) -> None:
    said = run("simulate", "nobody", "--project", str(project))
    assert said.code == 1
    assert "checkup-reminder" in said.err


def test_simulate_shows_what_a_machine_gets(run: Run, project: Path) -> None:
    """Nothing without detection; the end of the call, or the message, and never a disposition."""
    ask = ("simulate", "--machine", "march-checkup", "--project", str(project))
    campaign = project / "campaigns" / "march-checkup.yaml"
    before = campaign.read_text("utf-8")
    assert run(*ask).code == 1
    campaign.write_text(f"{before}\nmachine_detection: {{action: hang_up}}\n", "utf-8")
    assert "hung up" in run(*ask).out
    campaign.write_text(f"{before}\nmachine_detection: {{action: leave_message, message: voicemail}}\n", "utf-8")
    (project / "prompts" / "en" / "voicemail.txt").write_text("To stop our calls, call us back.", "utf-8")
    said = json.loads(run(*ask, "--json", "--language", "en").out)
    assert said["outcome"] == "machine"
    assert any("To stop our calls, call us back." in line for line in said["call"])


@pytest.mark.parametrize(
    "wrong",
    [
        ("--language", "xx"),
        ("--field", "noequals"),
        ("--contact", "nobody"),
        ("--now", "noon"),
    ],
)
def test_simulate_refuses_what_it_cannot_use(run: Run, project: Path, wrong: tuple[str, str]) -> None:
    said = run("simulate", "checkup-reminder", "--project", str(project), *wrong, "--input", "1")
    assert said.code == 1
    assert wrong[1] in said.err


def test_check_for_github_annotates_the_file_as_seen_from_here(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path is that of the repository, and nothing in a message can end the annotation early."""
    monkeypatch.chdir(project.parent)
    flow = project / "flows" / "checkup.yaml"
    flow.write_text(flow.read_text(encoding="utf-8").replace("goto: bye", 'goto: "100%"', 1), encoding="utf-8")
    said = run("check", project.name, "--format", "github")
    assert said.code == 1
    (line,) = (line for line in said.out.splitlines() if "title=schema/name" in line)
    place, _, message = line.removeprefix("::").partition("::")
    assert place.startswith(f"error file={project.name}/flows/checkup.yaml,line=")
    assert place.endswith(",title=schema/name")
    assert message.startswith('goto: "100%25" does not fit')


def test_check_explains_a_rule_and_checks_nothing(run: Run) -> None:
    said = run("check", "no/such/folder", "--explain", "flow/opt-out-late")
    assert said.code == 0
    assert said.out.startswith("flow/opt-out-late\n")
    wrong = run("check", "--explain", "flow/opt-out-lat")
    assert wrong.code == 1
    assert 'did you mean "flow/opt-out-late"' in wrong.err


def test_expected_calls_are_run_like_tests(run: Run, project: Path) -> None:
    """All of them by default; a failing one shows the difference at its line and the call, and ends with 1."""
    fine = run("simulate", "--expect", "--project", str(project))
    assert (fine.code, fine.out.splitlines()[-1]) == (0, "16 ok, 0 failed")
    file = project / "simulations" / "checkup.yaml"
    text = file.read_text(encoding="utf-8").replace("disposition: confirmed", "disposition: confrimed", 1)
    file.write_text(text, encoding="utf-8")
    said = run("simulate", "--expect", str(file))
    assert said.code == 1
    assert "  FAILED  confirms after hearing everything" in said.out
    wrong = 'simulations/checkup.yaml:8:7: disposition: expected "confrimed", the call gave "confirmed"'
    assert f"    {wrong}" in said.out.splitlines()
    assert "      > 1" in said.out.splitlines()
    assert said.out.splitlines()[-1] == "7 ok, 1 failed"
    plain = json.loads(run("simulate", "--expect", str(file), "--json").out)
    assert (plain["ok"], plain["failed"], plain["cases"][0]["differences"][0]["line"]) == (7, 1, 8)


def test_expected_calls_with_a_fault_are_not_run(run: Run, project: Path) -> None:
    """Neither is a flow with one; a wrong line of a contacts file is told where the case names it."""
    file = project / "simulations" / "checkup.yaml"
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("flow: checkup-reminder", "flow: checkup-remider"), encoding="utf-8")
    said = run("simulate", "--expect", "--project", str(project))
    assert said.code == 1
    assert "8 ok, 0 failed; files not run: 1" in said.out, "those of another flow are run"
    assert 'did you mean "checkup-reminder"' in said.err
    said = run("simulate", "--expect", str(file))
    assert (said.code, said.out) == (1, "")
    file.write_text(good.replace("contacts.csv:2", "contacts.csv:77"), encoding="utf-8")
    said = run("simulate", "--expect", "--project", str(project))
    assert said.code == 1
    assert "simulations/checkup.yaml:13:5: simulation/contact row: " in said.err


def test_simulate_with_a_contact_of_a_file_speaks_its_language(run: Run, project: Path) -> None:
    row = f"{project / 'contacts.csv'}:3"
    said = run("simulate", "checkup-reminder", "-p", str(project), "--contact", row, "--input", "1", "--json")
    told = json.loads(said.out)
    assert told["call"][0].startswith("plays greeting (en): Hello")
    assert (told["disposition"], told["answers"], told["heard"]) == (
        "confirmed",
        {"answer": "yes"},
        ["greeting", "thanks"],
    )


def test_diagram_writes_a_picture(run: Run, project: Path, tmp_path: Path) -> None:
    out = tmp_path / "flow.svg"
    said = run("diagram", "checkup-reminder", "-p", str(project), "--output", str(out), "--language", "en")
    assert (said.code, said.out) == (0, "")
    assert "Thank you. Your check-up is" in out.read_text(encoding="utf-8")
    assert run("diagram", "checkup-remider", "-p", str(project)).code == 1
    by_its_old_name = run("diagram", "checkup-reminder", "-p", str(project), "--out", str(tmp_path))
    assert (by_its_old_name.code, "cannot be written" in by_its_old_name.err) == (1, True)


def test_init_twice_changes_nothing(run: Run, project: Path) -> None:
    before = sorted(project.rglob("*"))
    said = run("init", str(project))
    assert said.code == 1
    assert "not empty" in said.err
    assert sorted(project.rglob("*")) == before


def test_an_init_that_breaks_off_leaves_nothing_behind(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it can simply be run again when the disk has room."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copy", full)
    there = tmp_path / "there"
    there.mkdir()
    for folder in (there, tmp_path / "new"):
        said = run("init", str(folder))
        assert said.code == 1
        assert "No space left on device" in said.err
    assert list(tmp_path.rglob("*")) == [there]


def test_a_table_report_does_not_pretend_to_go_into_a_file(run: Run, project: Path, tmp_path: Path) -> None:
    said = run("report", "x", "--project", str(project), "--output", str(tmp_path / "x.txt"))
    assert said.code == 1
    assert "json or csv" in said.err


@pytest.mark.parametrize("text", ["[/] broken [markup", "[bold]Ann[/bold]", ":smiley: is no picture"])
def test_what_people_wrote_is_shown_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No column of a contact and no label of a flow is taken for a layout command."""
    common.table("Contacts", ("contact", "reason"), [("A1", text)])
    common.say(text)
    assert capsys.readouterr().out.count(text) == 2


def test_a_table_keeps_its_words_in_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long reasons go on in the next line; no line is longer than the terminal and no word is lost."""
    shown = io.StringIO()
    narrow = Console(file=shown, width=40, markup=False, emoji=False, soft_wrap=True)
    monkeypatch.setattr(common, "out", narrow)
    common.table("Contacts", ("contact", "reason"), [("A1", "there is no recorded consent for this purpose")])
    lines = shown.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 40
    assert "there is no recorded consent for this purpose" in " ".join(
        line.removeprefix("A1").strip() for line in lines[2:]
    )


def test_an_environment_that_is_older_than_the_code_is_told_how_to_renew_it() -> None:
    """As after an update, before the new packages are installed."""
    start = "import sys; sys.modules['uvloop'] = None; from agi_app.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", start, "run"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "uvloop is missing" in done.stderr
    assert "pip install --require-hashes -r requirements.lock" in done.stderr
