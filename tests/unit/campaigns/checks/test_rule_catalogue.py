"""Every check rule has an example that breaks exactly it and one that keeps all rules."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agi_app.authoring.yaml_lines import load
from agi_app.campaigns.calling_rules.rule_files import read_rulebook, shipped_files
from agi_app.campaigns.campaign_file.load import check_campaign, parse_campaign
from agi_app.campaigns.checks.campaign_for_agents import check_agents, check_agents_destination
from agi_app.campaigns.checks.campaign_times import check_over, check_times
from agi_app.campaigns.checks.country_rules import check_against_rules
from agi_app.campaigns.checks.first_prompt_law import check_law
from agi_app.campaigns.checks.gateway_ports import check_ports
from agi_app.campaigns.checks.machine_message import check_message
from agi_app.campaigns.checks.quota_dispositions import with_dispositions
from agi_app.campaigns.checks.rule_catalogue import EXAMPLES, LintRule, catalogue, explanation, find_rule
from agi_app.campaigns.project.meanings_files import parse_meanings, shipped_meanings
from agi_app.campaigns.project.read_project import read_project
from agi_app.config.destinations import DestinationSettings
from agi_app.config.trunks import PortSettings, TrunkSettings
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.consent_file import parse_consents
from agi_app.contacts.contacts_file import parse_contacts
from agi_app.contacts.guard_file import CellFormats, parse_guard_list
from agi_app.contacts.stop_file import parse_stop_list
from agi_app.contacts.tables.csv_table import Table
from agi_app.contacts.time_columns import TimeColumns
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.flow.check.alike_meanings import check_words
from agi_app.flow.check.flow_rules import check_flow, check_structure
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.check.prompt_files import unused_prompts
from agi_app.flow.load import parse_flow
from agi_app.flow.simulation.expected_calls import check_cases, parse_cases
from agi_app.gate.ruleset import RuleSet

ROOT = Path(__file__).resolve().parents[4]
NOW = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
SOUND = PromptFacts(True, None, 8000, 1, 2, 4.0)
SAID = {
    "greeting": "Hello, this is an automated call from Sunshine Dental. To stop these calls, press 9.",
    "question": "Is the time good? Press 1 for yes, 2 for no.",
}
SHORTER_RINGING = "ring_time: {at_most: 30s, basis: house, as_of: 2026-11-24, source: ours}"
RULES = "jurisdiction: GB\n"
IN_LONDON = TimeColumns(ZoneInfo("Europe/London"), "GB", None, NOW)


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    """The shipped rules, and a project that lets no phone in China ring longer than 30 s."""
    own = {"rules/cn.yaml": f"jurisdiction: CN\n{SHORTER_RINGING}\n".encode()}
    return read_rulebook(shipped_files() | own).ruleset


def merged(base: str, example: str) -> str:
    """The base with the top-level keys of the example instead; a key that stands twice there keeps both."""

    def parts(text: str) -> dict[str, str]:
        return {p.split(":")[0]: p for p in re.split(r"^(?=\S)", text, flags=re.MULTILINE) if p.strip()}

    return "".join((parts(base) | parts(example)).values())


def prompts_of(example: str) -> dict[tuple[str, str], PromptFacts]:
    """The prompts of the flow ``example`` with those of the example instead."""
    found = {("en", name): replace(SOUND, transcript=text, seconds=6.0) for name, text in SAID.items()}
    for name, told in load(example, "x").value.items():
        found.pop(("en", name), None)
        if told is not None:
            rate, lasts = told.get("rate", 8000), float(told.get("lasts", 6))
            found["en", name] = replace(SOUND, transcript=told.get("says"), sample_rate=rate, seconds=lasts)
    return found


def _prompts(example: str, rules: RuleSet) -> list[Problem]:
    flow, prompts = parse_flow(EXAMPLES["flow"], "f"), prompts_of(example)
    law = check_law(parse_campaign(EXAMPLES["campaign"], "c"), flow, prompts, rules)
    return [*check_flow(flow, prompts), *unused_prompts([flow], prompts), *law]


FOR_AGENTS = """\
abandoned: sorry
nodes:
  greeting:
    - play: greeting
    - transfer: {to: advisers}
    - transfer: {to: front-desk}
    - hangup
"""


def _campaign(example: str, rules: RuleSet) -> list[Problem]:
    parsed = parse_campaign(merged(EXAMPLES["campaign"], example), "c")
    found = [
        *check_campaign(parsed, {"example", "for-agents"}, {"carrier-a", "gsm"}),
        *check_against_rules(parsed, rules),
        *check_over(parsed, NOW),
        *check_times(parsed, rules),
    ]
    line = PortSettings(number="+999861550000001")
    flow = parse_flow(merged(EXAMPLES["flow"], FOR_AGENTS if parsed.campaign.flow == "for-agents" else ""), "f")
    desks = {
        "advisers": DestinationSettings(queue="advisers"),
        "front-desk": DestinationSettings(endpoint="PJSIP/desk"),
    }
    found += [*check_agents(parsed, flow, rules), *check_agents_destination(parsed, desks)]
    quota = with_dispositions(parsed, flow.flow)
    found += [quota] if isinstance(quota, Problem) else []
    return [
        *found,
        *check_ports(parsed, {"gsm": TrunkSettings(endpoint="PJSIP/{number}@gsm-{port}", ports={"a": line})}),
    ]


def _message(example: str, rules: RuleSet) -> list[Problem]:
    detection = "machine_detection: {action: leave_message, message: voicemail}\n"
    campaign = parse_campaign(EXAMPLES["campaign"] + detection, "c")
    return [*check_message(campaign, parse_flow(EXAMPLES["flow"], "f").flow, prompts_of(example), rules)]


def _simulation(example: str, _: RuleSet) -> list[Problem]:
    flow = parse_flow(EXAMPLES["flow"], "f")
    return check_cases(parse_cases(merged(EXAMPLES["simulation"], example), "s"), {"example": flow}, prompts_of("{}"))


def _rules(example: str, _: RuleSet) -> list[Problem]:
    read_rulebook(shipped_files() | {"rules/a.yaml": merged(RULES, example).encode()})
    return []


def _two_rules(example: str, _: RuleSet) -> list[Problem]:
    read_rulebook(shipped_files() | {"rules/a.yaml": RULES.encode(), "rules/b.yaml": example.encode()})
    return []


def _rows(parse: Callable[[Table], Any]) -> Callable[[str, RuleSet], list[Problem]]:
    def judge(example: str, _: RuleSet) -> list[Problem]:
        table = Table(io.BytesIO(example.encode()), "people.csv")
        return [row.problem("people.csv") for row in parse(table) if isinstance(row, RejectedRow)]

    return judge


def _meanings(example: str, _: RuleSet) -> list[Problem]:
    parse_meanings(example, "m")
    return []


def _spoken_flow(example: str, _: RuleSet) -> list[Problem]:
    flow = parse_flow(merged(EXAMPLES["flow"], example), "f")
    return [*check_structure(flow), *check_words(flow, shipped_meanings())]


def _read(text: bytes) -> list[Problem]:
    load(text, "f")
    return []


JUDGES: dict[str, Callable[[str, RuleSet], list[Problem]]] = {
    "flow": lambda text, _: check_structure(parse_flow(merged(EXAMPLES["flow"], text), "f")),
    "file": lambda text, _: _read(text.encode()),
    "windows-1252": lambda text, _: _read(text.encode("cp1252")),
    "campaign": _campaign,
    "prompts": _prompts,
    "message": _message,
    "simulation": _simulation,
    "rules": _rules,
    "two rules": _two_rules,
    "meanings": _meanings,
    "spoken flow": _spoken_flow,
    "flow with prompts": lambda text, _: check_flow(parse_flow(merged(EXAMPLES["flow"], text), "f"), prompts_of("{}")),
    "contacts": _rows(lambda table: parse_contacts(table, None, ["en", "zh-CN"], times=IN_LONDON)),
    "consent": _rows(lambda table: parse_consents(table, None, "admin", NOW)),
    "guard list": _rows(lambda table: parse_guard_list(table, CellFormats("", "UTC"))),
    "stop list": lambda text, _: list(parse_stop_list(text.splitlines(), "stop.txt").problems),
}
TWO_FILES = ("flow/duplicate-name", "campaign/duplicate-name")
TRIED = [r for r in catalogue().values() if r.example_of != "words" and r.id not in TWO_FILES]


def judged(rule: LintRule, example: str, rules: RuleSet) -> set[tuple[str, str]]:
    try:
        found = JUDGES[rule.example_of](example, rules)
    except AuthorError as error:
        found = list(error.problems)
    return {(p.rule, p.severity) for p in found}


@pytest.mark.parametrize("rule", TRIED, ids=lambda rule: rule.id)
def test_the_bad_example_breaks_exactly_this_rule_and_the_good_one_none(rule: LintRule, ruleset: RuleSet) -> None:
    """What the documents and --explain show is true."""
    assert judged(rule, rule.bad, ruleset) == {(rule.id, rule.severity)}
    assert judged(rule, rule.good, ruleset) == set()


@pytest.mark.parametrize("rule", [find_rule(name) for name in TWO_FILES], ids=lambda rule: rule.id)
def test_two_files_with_one_name_are_a_fault(rule: LintRule, tmp_path: Path) -> None:
    """The example is a second file beside the one that is called ``example``."""
    kind = rule.example_of
    for folder, base in (("flows", "flow"), ("campaigns", "campaign")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.yaml").write_text(EXAMPLES[base], encoding="utf-8")
    for example, expected in ((rule.bad, True), (rule.good, False)):
        second = merged(EXAMPLES[kind], example)
        (tmp_path / f"{kind}s" / "b.yaml").write_text(second, encoding="utf-8")
        assert (rule.id in {p.rule for p in read_project(tmp_path, None).problems}) is expected


def test_the_catalogue_has_every_rule_that_the_code_reports() -> None:
    """Also those that are named in a docstring or put together."""
    parts = "flow|campaign|yaml|schema|rules|meanings|table|contacts|consent|stop-list|guard|complaints|list|simulation"
    parts += "|results"
    found = set()
    for file in (ROOT / "agi_app").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        found |= set(re.findall(rf'"((?:{parts})/[a-z]+(?:-[a-z]+)*)"', text))
        if file.name.startswith("check"):
            found |= set(re.findall(r"``(flow/[a-z-]+)``", text))
    assert found - catalogue().keys() == set()


def test_reasons_are_one_line() -> None:
    """A reason is read at a glance: one sentence that ends."""
    for rule in catalogue().values():
        assert rule.reason.endswith("."), rule.id
        assert "\n" not in rule.reason
        assert len(rule.reason) <= 150, rule.id


def test_a_rule_is_explained_with_both_examples_and_without_links() -> None:
    """``check --explain`` fits a terminal."""
    said = explanation(find_rule("flow/opt-out-late"))
    assert "the rule opt_out" not in said
    assert "](" not in said
    assert "bad:" in said
    assert "    greeting:\n" in said


def test_an_unknown_rule_gets_the_nearest() -> None:
    """People misspell rules too."""
    with pytest.raises(InputError, match='did you mean "flow/unknown-target"'):
        find_rule("flow/unknown-targt")
