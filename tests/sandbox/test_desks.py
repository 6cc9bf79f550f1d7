"""Who is behind a destination of flows in the sandbox: the project's own are there, and each does what was said."""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.cli.main import main as agi_app_main
from agi_app.config.settings import load_settings
from agi_app.messages import speak, speaking
from agi_app.operations.project import projects
from sandbox.__main__ import _settings, main
from sandbox.borrowed import Borrowed
from sandbox.callees import faults_of_project, read_callees
from sandbox.desks import desks_of
from sandbox.errors import SandboxError
from sandbox.world import World

OWN = '[destinations.depot]\nendpoint = "PJSIP/depot"\n[destinations.advisers]\nqueue = "advisers"\n'


def test_the_projects_own_desks_are_there_and_do_what_was_said(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "prompts").mkdir(parents=True)
    (project / "agi-app.toml").write_text(f'{OWN}[sandbox]\nclock = "2026-03-03T10:00:00+00:00"\n', "utf-8")
    (project / "callees.toml").write_text('[desks]\ndepot = "busy"\nnight-desk = "no_answer"\n', "utf-8")
    called = read_callees(project / "callees.toml", project / "prompts")
    desks = desks_of(project, {**called.desks, "night-desk": "phone"})
    assert desks == {"front-desk": "answers", "depot": "busy", "night-desk": "phone"}
    world = World(Path("/nowhere"), tmp_path, prompts_dir=project / "prompts", desks=desks)
    with Borrowed(project, _settings(world, project), lambda _: None):
        assert desks_of(project, {}) == {"front-desk": "answers", "depot": "answers"}, "yours, not the sandbox's"
        settings = load_settings(project)
    assert settings.sandbox.clock == dt.datetime(2026, 3, 3, 10, tzinfo=dt.UTC), "your own clock stays"
    there = settings.destinations
    assert {name: one.endpoint for name, one in there.items()} == {name: f"PJSIP/{name}" for name in desks}
    conf = world.asterisk.phones
    assert f"contact = sip:depot-20@127.0.0.1:{world.carrier.port}\n" in conf
    assert f"contact = sip:night-desk@127.0.0.1:{world.phone_port}\n" in conf


def test_a_misspelt_desk_is_refused(tmp_path: Path) -> None:
    (tmp_path / "agi-app.toml").write_text(OWN, "utf-8")
    for wrong, right in (("frontdesk", "front-desk"), ("Depot", "depot")):
        with pytest.raises(SandboxError, match=f'{wrong}: .* has no destination of that name; did you mean "{right}"'):
            desks_of(tmp_path, {wrong: "no_answer"})


@pytest.mark.parametrize("given", ["depot", "depot=away", "de pot=busy"])
def test_a_desk_that_does_no_such_thing_is_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--desk", given]) == 2
    assert "write NAME=DOES, and DOES is one of answers, busy, no_answer, phone" in capsys.readouterr().err


def test_faults_of_callees_are_told_where_they_stand_also_by_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the sandbox that would start, and by `agi-app check`, which needs no sandbox."""
    project = tmp_path / "mine"
    make_project(project)
    (project / "callees.toml").write_text(
        '# Who is called\n[desks]\nfrontdesk = "busy"\nnight-desk = "away"\n[41]\nlanguage = "fr"\nturns = []\n',
        "utf-8",
    )
    faults = [
        ("3:1", "frontdesk: ", 'agi-app.toml has no destination of that name; did you mean "front-desk"?'),
        ("4:1", "night-desk: 'away' is not one of them; write one of ", '"answers", "busy", "no_answer", "phone"'),
        ("6:1", "language: must name a folder of ", "prompts, such as zh-CN or en"),
    ]
    assert main(["up", "--name", "faulty", "--project", str(project)]) == 2
    told = capsys.readouterr().err.removeprefix("error: ").splitlines()
    assert len(told) == len(faults)
    for line, (place, begin, end) in zip(told, faults, strict=True):
        assert line.startswith(f"{project / 'callees.toml'}:{place}: {begin}")
        assert line.endswith(end)
    monkeypatch.setattr(sys, "argv", ["agi-app", "check", "-p", str(project)])
    with pytest.raises(SystemExit) as ended:
        agi_app_main()
    *lines, counted = capsys.readouterr().out.splitlines()
    assert ended.value.code == 1
    for line, (place, begin, end) in zip(lines, faults, strict=True):
        assert line.startswith(f"callees.toml:{place}: callees {begin}")
        assert line.endswith(end)
    assert counted.startswith("3 errors, 0 warnings")


CALLEES_WITH_FAULTS = """\
[01]
language = "en"
turns = []
[41]
language = "en"
turns = [
  {hears = ["greeting"], keys = "1"},  # { here is no turn
  {hears = ["greetin"], keys = "1"},
  {keys = "1a"}, {says = "friday"},
  {keys = "1", waits = -1},
]
[42]
language = "en"
turns = []
lang = 2
[desks]
front-desk = "noanswer"
frontdesk = "busy"
"""


def test_faults_of_callees_are_told_in_chinese_each_turn_at_its_own_place(tmp_path: Path) -> None:
    project = tmp_path / "mine"
    make_project(project)
    (project / "callees.toml").write_text(CALLEES_WITH_FAULTS, "utf-8")
    with speaking("zh"):
        faults = faults_of_project(project)
    assert [place for place, _ in faults] == [(1, 2), (8, 3), (9, 3), (9, 18), (10, 3), (15, 1), (17, 1), (18, 1)]
    assert [message.partition("：")[0] for _, message in faults[1:5]] == ["第 2 轮", "第 3 轮", "第 4 轮", "第 5 轮"]
    assert faults[1][1] == '第 2 轮：hears：en 没有提示音 "greetin"；是否指 "greeting"？'
    assert [message for _, message in faults if re.search("[A-Za-z]+ [a-z]+ [a-z]+", message)] == []


def test_the_sandbox_speaks_chinese(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_APP_LANG", "zh")
    try:
        assert main(["up", "--help"]) == 0
        helped = capsys.readouterr().out
        assert "try-in-the-sandbox.zh-CN.md" in helped
        assert "按 Ctrl-C 结束" in helped
        assert main(["away"]) == 1
        assert main(["up", "--desk", "depot=away"]) == 2
        with pytest.raises(SystemExit) as ended:
            main(["up", "--nothing"])
    finally:
        speak("en")
    assert ended.value.code == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert all(line.startswith("错误：") for line in told)


def test_a_desk_of_the_command_line_is_said_to_be_that(tmp_path: Path) -> None:
    (tmp_path / "agi-app.toml").write_text(OWN, "utf-8")
    with pytest.raises(SandboxError, match=r"^--desk depott: .* has no destination"):
        desks_of(tmp_path, {"depott": "busy"})


def test_check_says_so_where_no_sandbox_can_read_the_callees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package has none; nobody shall believe that the file was found right."""
    (tmp_path / "callees.toml").write_text("[41", "utf-8")
    monkeypatch.setitem(sys.modules, "sandbox.callees", None)
    (told,) = projects.callee_faults(tmp_path)
    assert str(told).startswith("callees.toml:1:1: callees (warning) not checked: ")
