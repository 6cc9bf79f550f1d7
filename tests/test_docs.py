"""The documents keep step with the product: nothing missing, nothing stale, every example tried."""

from __future__ import annotations

import datetime as dt
import importlib.util
import inspect
import json
import re
import runpy
import sys
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel

from agi_app.authoring.bound_statement import fault_in
from agi_app.campaigns.calling_rules.rule_files import load_rulebook
from agi_app.campaigns.calling_rules.rule_texts import lines_of
from agi_app.campaigns.campaign_file.load import CampaignFile, PaceFile, WindowFile, parse_campaign
from agi_app.campaigns.campaign_file.schema import KEYS as CAMPAIGN_KEYS
from agi_app.campaigns.campaign_file.times_part import DueFile
from agi_app.campaigns.checks.gateway_ports import check_ports
from agi_app.campaigns.checks.rule_catalogue import catalogue
from agi_app.campaigns.project.meanings_files import parse_meanings, shipped_meanings
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import read_project
from agi_app.config.results import FIELDS, ResultsSettings
from agi_app.config.settings import load_settings
from agi_app.contacts.contacts_file import parse_contacts
from agi_app.contacts.tables.csv_table import Table
from agi_app.errors import AuthorError
from agi_app.flow.answers.grammar import Kind
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.answers.understanding import Understood, understand
from agi_app.flow.check.alike_meanings import check_words
from agi_app.flow.check.flow_rules import check_structure
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.language.asking_steps import (
    CallBack,
    CallBackStep,
    Collect,
    CollectStep,
    Confirm,
    Digits,
    Gather,
    GatherStep,
)
from agi_app.flow.language.call_back_offer import CallAgain, CallAgainStep, Offer
from agi_app.flow.language.call_step import Call, CallStep
from agi_app.flow.language.definition import Flow, Identify, OptOut
from agi_app.flow.language.say_step import Say, SayStep
from agi_app.flow.language.steps import Else, Play, When
from agi_app.flow.language.transfer_step import Transfer, TransferStep
from agi_app.flow.language.wrong_number_step import WrongNumber, WrongNumberStep
from agi_app.flow.load import load_flow, parse_flow
from agi_app.flow.reference.json_schema import NO_MORE, PROMPT_NAME
from agi_app.flow.reference.key_help import KEYS
from agi_app.flow.reference.verb_help import VERB_HELP
from agi_app.flow.simulation.expected_calls import parse_cases, run_case
from agi_app.flow.syntax.names_and_limits import VERBS
from agi_app.gate.decide import ALL_RULES
from agi_app.messages import CATALOGUES, speaking
from agi_app.messages import catalogue as catalogue_of
from agi_app.model.call import RETRIED, Outcome

pytestmark = pytest.mark.slow  # reads every page and example: not part of the fast unit tests

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "examples").glob("*.md")])
README, README_ZH = ROOT / "README.md", ROOT / "README.zh-CN.md"
MEANING, MEANING_ZH = DOCS / "how-to" / "answers-with-meaning.md", DOCS / "how-to" / "answers-with-meaning.zh-CN.md"
SCRIPT, SCRIPT_ZH = DOCS / "how-to" / "from-script-to-flow.md", DOCS / "how-to" / "from-script-to-flow.zh-CN.md"
QUICKSTART, QUICKSTART_ZH = DOCS / "quickstart.md", DOCS / "quickstart.zh-CN.md"
CHECK_RULES = DOCS / "reference" / "check-rules.md"
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _generator() -> Any:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "lib" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["reference"] = module
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _blocks(page: Path, kind: str) -> list[str]:
    return [body for info, body in BLOCK.findall(_text(page)) if info.strip() == kind]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


# ---- complete


def test_pages_made_from_the_code_are_up_to_date() -> None:
    for name, text in GENERATOR.pages().items():
        assert _text(DOCS / "reference" / name) == text, f"{name} is stale: run scripts/docs"


def test_the_command_line_page_has_both_names_of_a_flag() -> None:
    """One that takes what the other gave is a name of its own, such as --disable beside --enable."""
    flags = {name for _, one in GENERATOR.commands() for param in one.params for name in param.secondary_opts}
    assert "--disable" in flags
    for page in ("cli.md", "cli.zh-CN.md"):
        rows = [line for line in _text(DOCS / "reference" / page).splitlines() if line.startswith("| `--")]
        assert {name for name in flags if not any(f", `{name}` |" in row for row in rows)} == set()


def test_every_text_of_a_reference_page_is_there_in_chinese() -> None:
    """Whoever adds a key, a verb or a setting writes its Chinese into agi_app/messages/zh/reference.json."""
    settings = {" ".join(GENERATOR.about_of(table).split()) for table, _, _ in GENERATOR.settings()} - {""}
    wanted = {text for keys in KEYS.values() for text in keys.values()} | {help_.about for help_ in VERB_HELP.values()}
    wanted |= {text for keys in CAMPAIGN_KEYS.values() for text in keys.values()} | {NO_MORE, PROMPT_NAME}
    wanted |= {" ".join((inspect.getdoc(rule) or "").split()) for rule in ALL_RULES}
    book = load_rulebook()
    wanted |= {line.source for region in book.ruleset.jurisdictions for line in lines_of(book, region)}
    wanted |= {*runpy.run_path(str(GENERATOR.MAN_PAGE))["TEXTS"]} - {"Commands"}  # which is of the help
    wanted |= settings | {str(field.description) for _, _, field in GENERATOR.settings()}
    assert sorted(text for text in wanted if text not in catalogue_of("zh")) == []
    own = json.loads((CATALOGUES / "zh" / "reference.json").read_text(encoding="utf-8"))
    assert sorted(text for text in own if text not in wanted) == []


def test_the_shipped_holidays_are_those_of_the_library() -> None:
    spec = importlib.util.spec_from_file_location("calendars", ROOT / "scripts" / "lib" / "calendars.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.FILE.read_bytes() == module.wanted(), "run scripts/docs"


def test_every_command_is_on_its_page_and_in_use_somewhere() -> None:
    """A command that no guide shows is one that nobody finds."""
    guides = "".join(_text(p) for p in PAGES if p.parent.name != "reference")
    for name, _ in GENERATOR.commands():
        assert f"## agi-app {name}\n" in _text(DOCS / "reference" / "cli.md")
        assert f"agi-app {name}" in guides, f"no guide shows agi-app {name}"


def test_every_setting_is_documented() -> None:
    page = _text(DOCS / "reference" / "settings.md")
    for _, name, field in GENERATOR.settings():
        assert f"`{name}`" in page
        assert field.description, f"{name} has no help text"


def test_every_gate_rule_has_an_id_on_its_page() -> None:
    page = _text(DOCS / "reference" / "gate-rules.md")
    for rule in GENERATOR.ALL_RULES:
        found = GENERATOR.reasons(rule)
        assert found, f"the generator finds no reason in {rule.__name__}"
        assert all(f"| `{rule_id}` |" in page for rule_id, _, _ in found)


def test_every_verb_and_its_keys_are_in_the_flow_language() -> None:
    page = _text(DOCS / "reference" / "flow-language.md")
    guide = _text(DOCS / "how-to" / "write-a-flow.md")
    for verb in VERBS:
        assert f"### {verb}\n" in page
        assert f"\n## {verb}" in guide, f"write-a-flow.md has no section {verb}"
    steps = (
        Play,
        Gather,
        Digits,
        GatherStep,
        Say,
        SayStep,
        Collect,
        Confirm,
        CollectStep,
        CallBack,
        Offer,
        CallAgain,
        CallAgainStep,
        WrongNumber,
        WrongNumberStep,
        CallBackStep,
        Transfer,
        TransferStep,
        When,
        Else,
        Call,
        CallStep,
    )
    for model in (Flow, Identify, OptOut, *steps):
        for key in set(_keys(model)) - set(VERBS):
            assert f"`{key}`" in page, f"flow-language.md lacks {key} of {model.__name__}"


def test_every_key_of_a_campaign_is_in_the_guide() -> None:
    guide = _text(DOCS / "how-to" / "run-a-campaign.md")
    example = "".join(_blocks(DOCS / "how-to" / "run-a-campaign.md", "yaml"))
    for model in (CampaignFile, PaceFile, WindowFile, DueFile):
        for key in _keys(model):
            assert re.search(rf"\b{key}:", example), f"run-a-campaign.md lacks {key}"
    for outcome in RETRIED:
        assert f"`{outcome}`" in guide


def _keys(model: type[BaseModel]) -> list[str]:
    """The keys of a model as they are written in YAML."""
    return [field.alias or name for name, field in model.model_fields.items()]


def test_every_check_rule_has_its_entry_with_both_examples() -> None:
    """Its examples are tried in tests/unit/campaigns/checks/test_rule_catalogue.py; every rule of the code is there."""
    page = _text(CHECK_RULES)
    for rule in catalogue().values():
        entry = page.partition(f"\n### {rule.id}\n")[2].partition("\n##")[0]
        assert rule.reason in entry, f"check-rules.md lacks {rule.id}"
        assert rule.bad.strip() in entry
        assert rule.good.strip() in entry


def test_every_outcome_is_documented() -> None:
    page = _text(DOCS / "reference" / "outcomes.md")
    for word in [*Outcome, "opted_out", "flow_limit", "hung_up", "completed", "prompt_failed"]:
        assert f"`{word}`" in page, word


# ---- true


def _tagged_flows() -> list[tuple[str, str]]:
    """Every YAML block that is a whole flow, wherever it stands."""
    return [
        (f"{_name(page)}#{number}", body)
        for page in PAGES
        for number, body in enumerate(_blocks(page, "yaml"))
        if re.search(r"^flow: .*\n(.*\n)*nodes:", body, re.MULTILINE)
    ]


@pytest.mark.parametrize("name", ["results-back.md", "results-back.zh-CN.md"])
def test_the_page_on_results_lists_what_is_told_and_its_statements_can_be_sent(name: str) -> None:
    page = ROOT / "docs" / "how-to" / name
    text = page.read_text(encoding="utf-8")
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == FIELDS
    statements = _blocks(page, "sql")
    assert len(statements) == 2
    assert [fault_in(statement, FIELDS) for statement in statements] == [None, None]
    for block in _blocks(page, "toml"):
        for target in tomllib.loads(block)["results"].values():
            ResultsSettings(**target)


def test_every_flow_in_the_documents_loads() -> None:
    flows = _tagged_flows()
    assert len(flows) >= len(VERBS)
    for where, body in flows:
        load_flow(body, where)


def test_every_campaign_in_the_documents_loads() -> None:
    campaigns = [
        (f"{_name(page)}#{number}", body)
        for page in PAGES
        for number, body in enumerate(_blocks(page, "yaml"))
        if re.search(r"^campaign: ", body, re.MULTILINE)
    ]
    assert campaigns
    for where, body in campaigns:
        parse_campaign(body, where)


@pytest.mark.parametrize("readme", [README, README_ZH, QUICKSTART, QUICKSTART_ZH], ids=_name)
def test_what_the_reader_is_told_to_write_checks_clean(readme: Path, tmp_path: Path) -> None:
    """The files that the newcomer's path adds to a fresh project have no fault."""
    project = tmp_path / "mine"
    make_project(project)
    named = [(match[1], body) for body in _blocks(readme, "yaml") if (match := re.match(r"# (\S+\.yaml)\n", body))]
    assert len(named) == 2
    for file, body in named:
        (project / file).write_text(body, encoding="utf-8")
    found = read_project(project, {"sandbox"})
    assert found.problems == []
    assert (len(found.flows), len(found.campaigns)) == (3, 2)
    people = _blocks(readme, "csv")[0]
    file = project / "people.csv"
    file.write_text(people, encoding="utf-8")
    with file.open("rb") as source:
        rows = list(parse_contacts(Table(source, "people.csv"), "CN", ["en", "zh-CN"]))
    assert [type(row).__name__ for row in rows] == ["ContactRow"] * 5


@pytest.mark.parametrize("page", [SCRIPT, SCRIPT_ZH], ids=_name)
def test_the_guide_from_a_script_to_a_flow_tells_what_happens(page: Path) -> None:
    """The faulty first version, the failing case and its call are what the commands say."""
    chinese = page == SCRIPT_ZH
    plays = r"播放 (\S+)（(\S+)）：(.*)" if chinese else r"plays (\S+) \((\S+)\): (.*)"
    ok, failed, summary = (
        ("相符  ", "不符", "相符 {}，不符 {}") if chinese else ("ok    ", "FAILED", "{} ok, {} failed")
    )
    with speaking("zh" if chinese else "en"):
        _tell_what_happens(page, plays, (ok, failed, summary))


def _tell_what_happens(page: Path, plays: str, words: tuple[str, str, str]) -> None:
    ok, failed, summary = words
    flow = next(body for body in _blocks(page, "yaml") if body.startswith("# flows/recall.yaml"))
    cases = next(body for body in _blocks(page, "yaml") if body.startswith("# simulations/recall.yaml"))
    shown = "".join(_blocks(page, "console"))
    parsed = parse_flow(flow, "flows/recall.yaml")
    said = {(lang, name): text for name, lang, text in re.findall(plays, shown)}
    prompts = {key: PromptFacts(True, text, 8000, 1, 2, 5.0) for key, text in said.items()}
    first = parse_flow(flow.replace("no_input: unanswered", "no_input: unanswerd", 1), "flows/recall.yaml")
    for problem in check_structure(first):
        assert f"\n{problem}\n" in shown
    source = parse_cases(cases, "simulations/recall.yaml")
    verdicts = [run_case(source, index, parsed.flow, prompts, {}) for index in range(len(source.file.cases))]
    for verdict in verdicts:
        assert f"  {failed if verdict.differences else ok}  {verdict.name}\n" in shown
        for difference in verdict.differences:
            assert f":{difference.line}:{difference.column}: {difference.message}\n" in shown
            assert "".join(f"      {line}\n" for line in verdict.call) in shown
    well = sum(not v.differences for v in verdicts)
    assert f"\n{summary.format(well, len(verdicts) - well)}\n" in shown


@pytest.mark.parametrize("page", [MEANING, MEANING_ZH], ids=_name)
def test_the_guide_to_answers_with_meaning_is_true(page: Path, tmp_path: Path) -> None:
    """Every sentence of its tables means what they say, no meaning is left out, and check says what is shown."""
    shipped, today = shipped_meanings(), dt.date(2026, 3, 4)
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"(?m)^\|.*\|$", _text(page))]
    named = {row[0].split("`")[1]: row[1] for row in rows if len(row) == 2 and row[0].startswith("`")}
    assert named.keys() == shipped.meanings.keys()
    for name, examples in named.items():
        for said in re.split("[,，、]", examples):
            text = said.strip(' “”"')
            language = "en" if text.isascii() else "zh-CN"
            assert understand(shipped.wanted(language, {"this": name}), Heard(text, 1.0)) == Understood("this", "this")
    judged = 0
    for row in rows:
        kind = re.match(r"`\{kind: (\w+)(?:, min: 0, max: (\d+))?\}`", row[0])
        said, becomes = row[-2:]
        if kind is None and becomes not in ("yes", "no", "no_match", "opt_out"):
            continue
        language, answers = "en" if said.isascii() else "zh-CN", {} if kind else {"yes": "yes", "no": "no"}
        asked = cast(Kind, kind[1] if kind else "answers")
        most = int(kind[2]) if kind and kind[2] else None
        wanted = shipped.wanted(language, answers, kind=asked, most=most)
        assert understand(wanted, Heard(said, 1.0), today).value == becomes, said
        judged += 1
    assert judged == 24
    own = next(body for body in _blocks(page, "yaml") if body.startswith("# meanings/clinic.yaml"))
    parse_meanings(own, "meanings/clinic.yaml")
    with speaking("zh" if page == MEANING_ZH else "en"), pytest.raises(AuthorError) as caught:
        parse_meanings(own.replace("[no more robots]", "[no thanks]"), "meanings/clinic.yaml")
    assert f"\n{caught.value.problems[0]}\n" in "".join(_blocks(page, "console"))


@pytest.mark.parametrize("page", [SCRIPT, SCRIPT_ZH], ids=_name)
def test_the_guide_from_a_script_to_a_flow_takes_answers_by_voice(page: Path) -> None:
    """The flow with the nodes that the guide changes makes the spoken calls that it expects."""
    blocks = _blocks(page, "yaml")
    flow, changed = (body for body in blocks if body.startswith("# flows/recall.yaml"))
    cases = next(body for body in blocks if body.startswith("# simulations/recall-spoken.yaml"))
    listens = flow[: flow.index("  greeting:")] + changed.partition("\n")[2] + flow[flow.index("  booked:") :]
    parsed = parse_flow(listens, "flows/recall.yaml")
    assert check_structure(parsed) == []
    assert check_words(parsed, shipped_meanings()) == []
    source = parse_cases(cases, "simulations/recall-spoken.yaml")
    prompts = {
        (language, name): PromptFacts(True, name, 8000, 1, 2, 5.0)
        for language in parsed.flow.languages
        for name in ("recall-greeting", "recall-offer", "recall-half", "recall-booked", "recall-later", "goodbye")
    }
    shown = "".join(_blocks(page, "console"))
    for index in range(len(source.file.cases)):
        verdict = run_case(source, index, parsed.flow.understanding(shipped_meanings()), prompts, {})
        assert not verdict.differences, verdict.name
        assert f"\n  {'相符  ' if page == SCRIPT_ZH else 'ok    '}  {verdict.name}\n" in shown


@pytest.mark.parametrize("page", [SCRIPT, SCRIPT_ZH], ids=_name)
def test_the_calls_that_the_guide_expects_of_a_number_read_back_are_true(page: Path) -> None:
    write = DOCS / "how-to" / "write-a-flow.md"
    flow = next(load_flow(b, "lockers.yaml") for b in _blocks(write, "yaml") if b.startswith("flow: lockers"))
    source = parse_cases(next(b for b in _blocks(page, "yaml") if b.startswith("# simulations/lockers.yaml")), "s.yaml")
    verdicts = [run_case(source, index, flow, {}, {}) for index in range(len(source.file.cases))]
    assert [v.differences for v in verdicts] == [()] * 4


# ---- together


def _commands(page: Path) -> list[str]:
    """The command lines of a page, without their comments and output."""
    lines = [line for body in _blocks(page, "console") for line in body.splitlines()]
    return [re.sub(r"\s+#.*", "", line).removeprefix("$ ").strip() for line in lines if line.startswith("$ ")]


@pytest.mark.parametrize(
    ("english", "chinese"),
    [(README, README_ZH), (QUICKSTART, QUICKSTART_ZH), (MEANING, MEANING_ZH)],
    ids=["r", "q", "m"],
)
def test_both_languages_show_the_same_commands_and_files(english: Path, chinese: Path) -> None:
    assert _commands(english) == _commands(chinese)
    assert _commands(english)
    for kind in ("yaml", "csv", "toml"):
        bare = [[_bare(b) for b in _blocks(page, kind)] for page in (english, chinese)]
        assert bare[0] == bare[1]


def test_the_guide_from_a_script_has_the_same_commands_in_both_languages() -> None:
    assert _commands(SCRIPT) == _commands(SCRIPT_ZH)
    assert len(_blocks(SCRIPT, "yaml")) == len(_blocks(SCRIPT_ZH, "yaml"))


def test_the_gateway_of_the_guide_is_accepted_and_its_campaign_fits_it(tmp_path: Path) -> None:
    page = DOCS / "how-to" / "gsm-gateway.md"
    (tmp_path / "agi-app.toml").write_text("".join(_blocks(page, "toml")), "utf-8")
    (campaign,) = _blocks(page, "yaml")
    found = parse_campaign(campaign, "c.yaml")
    assert check_ports(found, load_settings(tmp_path).trunks) == []
    assert len(
        check_ports(parse_campaign(campaign.replace("5500001", "5500009"), "c.yaml"), load_settings(tmp_path).trunks)
    )


def _bare(block: str) -> str:
    return re.sub(r"(?m)\s+# .*$", "", block)


def test_commands_in_the_documents_exist_with_their_options() -> None:
    known = dict(GENERATOR.commands())
    known["report"] = known["report campaign"]  # the word that people leave out
    for page in PAGES:
        for line in _commands(page):
            for words in re.findall(r"(?:^|\b)agi-app (?!-- )((?:[a-z-]+ ?){1,3})([^|;&>]*)", line):
                said = words[0].split()
                name = next((n for end in (3, 2, 1) if (n := " ".join(said[:end])) in known), None)
                assert name, f"{_name(page)}: {line}"
                options = {o for p in known[name].params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
                used = re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", f" {words[1]}")
                assert set(used) <= options, f"{_name(page)}: {line}"


def test_relative_links_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        prose = BLOCK.sub("", _text(page))
        for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose):
            path, _, anchor = target.partition("#")
            if "://" in path or path.startswith("mailto:"):
                continue
            there = (page.parent / path).resolve() if path else page
            if not there.exists() or (anchor and there.suffix == ".md" and anchor not in _anchors(there)):
                broken.append(f"{_name(page)}: {target}")
    assert not broken


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", BLOCK.sub("", _text(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_is_reached_from_the_index() -> None:
    index = _text(DOCS / "README.md")
    for page in DOCS.rglob("*.md"):
        path = page.relative_to(DOCS).as_posix()
        assert path == "README.md" or f"({path})" in index, f"docs/README.md does not name {path}"
