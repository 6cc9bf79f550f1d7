"""Somebody who reads only Chinese can mend a project: typical mistakes, each told without an English sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agi_app.campaigns.checks.rule_catalogue import catalogue, explanation
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import checked_project
from agi_app.errors import ConfigError
from agi_app.flow.simulation.simulator import Simulation
from agi_app.messages import speaking
from tests.forked_commands import agi_app

pytestmark = pytest.mark.slow  # whole projects
FLOW, LINE, CAMPAIGN = "flows/checkup.yaml", "flows/who-called.yaml", "campaigns/march-checkup.yaml"
CASES, SETTINGS = "simulations/checkup.yaml", "agi-app.toml"
CODE = re.compile(
    r"`[^`]*`|\"[^\"]*\"|“[^”]*”|'[^']*'|\{.*\}|\[[^\]]*\]|^\S+?:\d+:\d+: \S+|\S*[/_.:=]\S*|(?<=这里有：)[^；]*"
)
SENTENCE = re.compile(r"[A-Za-z]{2,}(?: [A-Za-z]{2,}){2}")
MISTAKES = [
    (FLOW, "play: greeting", "plya: greeting"),
    (FLOW, "play: greeting", "say: greeting"),
    (FLOW, "- play: greeting", "play: greeting"),
    (FLOW, "- play: thanks", "- play thanks"),
    (FLOW, "- play: thanks", "- if: {answer: yes}"),
    (FLOW, "- play: thanks", "- wait: 3s"),
    (FLOW, "- play: thanks", "- play:thanks"),
    (FLOW, "- play: thanks", "- play：thanks"),
    (FLOW, "play: thanks", "play: thanks.wav"),
    (FLOW, "play: thanks", "play: 谢谢您的来电，再见。"),
    (FLOW, "play: thanks", "play: thank"),
    (FLOW, "- goto: bye\n", "- goto: by\n"),
    (FLOW, "    - hangup", "    - play: goodbye"),
    (FLOW, "start: greeting", "start: begin"),
    (FLOW, "start: greeting", ""),
    (FLOW, "timeout: 4s", "timeout: 4"),
    (FLOW, "timeout: 4s", "timeout: 4 minutes"),
    (FLOW, "timeout: 4s", "timeout: 90s"),
    (FLOW, "attempts: 2", "attempts: 9"),
    (FLOW, "attempts: 2", "attempts: two"),
    (FLOW, 'keys: {"1": yes, "2": change}', 'keys: {"1": yes, "9": change}'),
    (FLOW, 'keys: {"1": yes, "2": change}', 'keys: {"1": yes, "12": change}'),
    (FLOW, 'keys: {"1": yes, "2": change}', "keys: [1, 2]"),
    (FLOW, 'keys: {"1": yes, "2": change}', 'keys: {"1": yes, "2": change'),
    (FLOW, "save: answer", "safe: answer"),
    (FLOW, "no_input: unanswered", "timeout: unanswered"),
    (FLOW, "{disposition: confirmed}", "{disposition: 已 确认}"),
    (FLOW, "languages: [zh-CN, en]", "languages: [zh-CN, en, fr]"),
    (FLOW, "languages: [zh-CN, en]", "languages: [中文, en]"),
    (FLOW, "business: {zh-CN: 阳光口腔, en: Sunshine Dental}", "business: Sunshine Dental"),
    (FLOW, "business: {zh-CN: 阳光口腔, en: Sunshine Dental}", "business: {zh-CN: 月光口腔, en: Sunshine Dental}"),
    (FLOW, 'key: "9"', "key: 9"),
    (FLOW, 'key: "9"', 'key: "8"'),
    (FLOW, "  confirmed:\n", "  confirmed:\n\t"),
    (FLOW, "flow: checkup-reminder", "flow: checkup reminder"),
    (LINE, 'contact.caller == "withheld"', 'contact.caller = "withheld"'),
    (LINE, 'contact.caller == "withheld"', "contact.caller == withheld"),
    (LINE, "to: front-desk", "to: reception"),
    (LINE, "to: front-desk", "to: +8613800138000"),
    (LINE, "without_number: other_number", "without_number: nowhere"),
    (CAMPAIGN, "purpose: transactional", "purpose: reminder"),
    (CAMPAIGN, "jurisdictions: [CN, US]", "jurisdictions: [China, US]"),
    (CAMPAIGN, "flow: checkup-reminder", "flow: checkup"),
    (CAMPAIGN, "trunk: sandbox", "trunk: carrier"),
    (CAMPAIGN, 'caller_id: "+999862155500001"', 'caller_id: "02155500001"'),
    (CAMPAIGN, "calls_per_second: 5", "calls_per_second: 0"),
    (CAMPAIGN, 'from: "09:30"', "from: 9am"),
    (CAMPAIGN, 'from: "09:30"', 'from: "18:30"'),
    (CAMPAIGN, 'from: "09:30", to: "17:30"', 'from: "22:30", to: "23:30"'),
    (CAMPAIGN, "days: [mon, tue, wed, thu, fri]", "days: mon-fri"),
    (CAMPAIGN, "no_answer: [1d, 2d]", "rejected: [1d]"),
    (CAMPAIGN, "no_answer: [1d, 2d]", "no_answer: 2"),
    (CAMPAIGN, "ring_time: 20s", "ring_time: 5s"),
    (CAMPAIGN, "max_call: 60s", "max_call: 60s\nstart_date: 2026-03-01"),
    (CAMPAIGN, "max_call: 60s", "max_call: 60s\ntimezone: Asia/Shanghai"),
    (CASES, 'input: [listen, listen, "1"]', 'input: [listen, lisen, "1"]'),
    (CASES, "language: en", "language: fr"),
    (CASES, "expect: {disposition: null, opted_out: false}", "expect: {}"),
    (SETTINGS, "prompts_path = ", "prompt_path = "),
    (SETTINGS, "calls_per_second = 10", "calls_per_second = ten"),
    (SETTINGS, "calls_per_second = 10", "calls_per_second = 0"),
    (SETTINGS, "plus = true", "plus = yes"),
    (SETTINGS, "PJSIP/{number}@sandbox-carrier", "SIP/{number}@sandbox-carrier"),
    (SETTINGS, 'endpoint = "PJSIP/front-desk"', 'endpoint = "Local/100"'),
    (SETTINGS, 'flow = "who-called"', 'flow = "who-caled"'),
    (SETTINGS, "[trunks.sandbox]", "[trunks.sand box]"),
]


def english_in(text: str) -> bool:
    """Whether a line is no Chinese, or has an English sentence beside names, keys and values."""
    return not re.search("[一-鿿]", text) or SENTENCE.search(CODE.sub(" ", text)) is not None


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chinese") / "mine"
    with speaking("zh"):
        assert [line for line in make_project(folder) if english_in(line)] == []
    return folder


@pytest.mark.parametrize(("file", "right", "wrong"), MISTAKES, ids=[f"{m[0]}: {m[2][:40]}" for m in MISTAKES])
def test_a_mistake_is_told_in_chinese(project: Path, file: str, right: str, wrong: str) -> None:
    before = (project / file).read_text(encoding="utf-8")
    assert right in before
    (project / file).write_text(before.replace(right, wrong, 1), encoding="utf-8")
    try:
        with speaking("zh"):
            told = [str(problem) for problem in checked_project(project).problems]
        assert [str(problem) for problem in checked_project(project).problems] != told
    except ConfigError as error:
        told = str(error).splitlines()
    finally:
        (project / file).write_text(before, encoding="utf-8")
    assert told != []
    assert [line for line in told if english_in(line)] == []


def test_the_command_line_tells_it_so(project: Path) -> None:
    before = (project / FLOW).read_text(encoding="utf-8")
    (project / FLOW).write_text(before.replace("- goto: bye\n", "- goto: by\n", 1), encoding="utf-8")
    try:
        done = agi_app(["--lang", "zh", "check"], cwd=project)
        english = agi_app(["--lang", "en", "check"], cwd=project)
    finally:
        (project / FLOW).write_text(before, encoding="utf-8")
    assert 'flow/unknown-target goto：没有节点 "by"；是否指 "bye"？' in done.stdout + done.stderr
    assert 'goto: there is no node "by"; did you mean "bye"?' in english.stdout + english.stderr


def test_a_simulated_call_is_told_in_chinese(project: Path) -> None:
    found = checked_project(project)
    with speaking("zh"):
        for inputs in (["listen", "listen", "7", "x", "1"], ["9"], ["silence"] * 6, ["hangup"]):
            call = Simulation(found.flows["checkup-reminder"].parsed.flow, found.prompts, {}, "zh-CN")
            lines = [call.help, *call.start(), *(line for one in inputs for line in call.feed(one))]
            assert [line for line in lines if english_in(line) and not line.startswith(">")] == []


def test_every_rule_is_explained_in_both_languages() -> None:
    for rule in catalogue().values():
        with speaking("zh"):
            text = explanation(rule)
        assert text.startswith(rule.id)
        assert re.search("[一-鿿]", rule.zh)
        assert "错误的写法：" in text
        assert rule.reason.split()[0] in explanation(rule)
