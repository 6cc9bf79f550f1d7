"""`agi-app init --template`: each project checks clean, makes its expected calls, and tells nobody what is personal."""

from __future__ import annotations

import csv
import datetime as dt
import re
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from agi_app.campaigns.project import project_templates
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.project_templates import TEMPLATES, listed
from agi_app.campaigns.project.read_project import Project, checked_project
from agi_app.contacts.contacts_file import parse_contacts
from agi_app.contacts.tables.csv_table import Table
from agi_app.contacts.time_columns import TimeColumns
from agi_app.errors import InputError
from agi_app.flow.check.disclosure_words import seconds_after_name
from agi_app.flow.check.graph import first_prompts
from agi_app.flow.check.spoken_seconds import seconds_to_say
from agi_app.flow.language.asking_steps import GatherStep
from agi_app.flow.language.definition import Flow
from agi_app.flow.simulation.expected_calls import run_case
from agi_app.flow.simulation.simulator import Simulation
from agi_app.messages import speaking
from agi_app.model.campaign import Purpose
from agi_app.model.contact_times import NEVER
from agi_app.model.person import ContactRow
from agi_app.model.phone import reserved_number
from agi_app.operations.project import projects
from sandbox.borrowed import CLOCK
from sandbox.callees import faults_of_project, read_callees

pytestmark = pytest.mark.slow  # writes whole projects: not part of the fast unit tests

LANGUAGES = ("zh-CN", "en")
TOLD_TO_EVERYBODY = {"survey", "closing-notice", "school-notice"}  # nothing personal is in what they say
WHENEVER = {"recall", "survey", "payment-reminder"}  # no time after which the call would be of no use
SANDBOX_STARTS = dt.datetime.fromisoformat(CLOCK)
FITS_S = 0.35, 2.5  # of the length that a text takes, about


@pytest.fixture(scope="module", params=TEMPLATES)
def name(request: pytest.FixtureRequest) -> str:
    """Each template in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def project(name: str, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A new project of it, as `check` reads it."""
    folder = tmp_path_factory.mktemp("new") / "mine"
    lines = make_project(folder, name)
    assert any(f"agi-app simulate {name}" in line for line in lines)
    return checked_project(folder)


def _flow(project: Project, name: str) -> Flow:
    return project.flows[name].parsed.flow


def _people(project: Project) -> list[dict[str, str]]:
    return _rows(project.folder / "contacts.csv")


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_it_has_no_fault_and_no_warning(project: Project, name: str) -> None:
    assert project.problems == []
    assert faults_of_project(project.folder) == []
    assert set(project.campaigns) == {name}
    assert set(project.flows) == {name, "who-called"}


def test_its_expected_calls_come_out_in_both_languages(project: Project, name: str) -> None:
    spoken_in = set()
    for file in project.simulations.values():
        cases, flow = file.parsed, _flow(project, file.parsed.file.flow)
        for index, case in enumerate(cases.file.cases):
            verdict = run_case(cases, index, flow, project.prompts, case.contact)
            assert verdict.differences == (), f"{file.file}: {case.name}\n" + "\n".join(verdict.call)
            spoken_in |= {case.language} if flow.flow == name else set()
    assert set(LANGUAGES) <= spoken_in


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_hears_what_is_personal_before_they_said_who_they_are(
    project: Project, name: str, language: str
) -> None:
    """Silence, a key that nobody offered and "not me" lead to the end, and only words from before that are heard."""
    if name in TOLD_TO_EVERYBODY:
        return
    person = next(row for row in _people(project) if row["language"] == language)
    own = {"who", "stranger", "goodbye", "opted_out", "payment-birthday", "payment-again", "payment-not-told"}
    for inputs in ([], ["3"], ["listen", "7"], ["listen", "9"], ["listen", "1", "9999#", "8888#"]):
        if inputs[1:2] == ["1"] and name != "payment-reminder":
            continue  # 1 is how the others are told who it is
        call = Simulation(_flow(project, name), project.prompts, person, language)
        call.start()
        for given in [*inputs, *["listen"] * 20]:
            if not call.finished:
                call.feed(given)
        played = {heard.prompt for heard in call.heard}
        assert {one for one in played if not one.endswith("-greeting")} <= own, inputs


@pytest.mark.parametrize("key", ["1", "7"])
def test_a_key_in_the_greeting_neither_says_who_somebody_is_nor_that_the_number_is_wrong(
    project: Project, name: str, key: str
) -> None:
    """People press keys in greetings. Until the question was begun, nobody has said anything with one."""
    flow = _flow(project, name)
    (asks,) = (step.gather for _, step in flow.steps_of(GatherStep) if "7" in (step.gather.keys or {}))
    for person in _people(project)[:2]:
        call = Simulation(flow, project.prompts, person, person["language"])
        call.start()
        while not call.finished and call.heard[-1].prompt != asks.prompt:
            call.feed(key)
            call.feed("listen")
        before = [heard.prompt for heard in call.heard]
        assert before.count(asks.prompt) == 1
        assert before[0].endswith("-greeting")
        assert name in TOLD_TO_EVERYBODY or before[1:] == ["who"]
        call.feed("7")
        assert call.heard[-1].prompt == "stranger", "in the question the key counts"


def test_the_way_to_stop_is_said_soon_also_by_a_slower_voice(project: Project, name: str) -> None:
    """Prompts that an office makes anew have another voice: espeak-ng says a third fewer syllables in a second."""
    _judge_slow(project, name)


def test_the_way_to_stop_is_said_soon_in_the_sample_too(tmp_path: Path) -> None:
    make_project(tmp_path / "mine")
    _judge_slow(checked_project(tmp_path / "mine"), "checkup-reminder")


def _judge_slow(project: Project, name: str) -> None:
    flow = _flow(project, name)
    (first,) = first_prompts(flow)
    for language, business in flow.identify.business.items():
        facts = project.prompts[language, first.prompt]
        slow = 2 * seconds_to_say(facts.transcript or "")
        late = seconds_after_name(facts.transcript or "", business, "9", language, slow)
        assert late is not None
        assert late < 1.5, (language, late)


def test_the_opt_out_key_ends_every_call_wherever_it_is(project: Project, name: str) -> None:
    flow = _flow(project, name)
    for person in _people(project)[:2]:
        for before in range(12):
            call = Simulation(flow, project.prompts, person, person["language"])
            call.start()
            for _ in range(before):
                if not call.finished:
                    call.feed("1" if before % 2 else "listen")
            if not call.finished:
                call.feed("*9")
                assert call.session.opted_out, f"{name}, {before} inputs before"


def test_the_appointment_reminder_calls_two_days_and_three_hours_before_and_never_after(project: Project) -> None:
    for name, source in project.campaigns.items():
        due = source.parsed.campaign.due
        assert (due is not None) == (name == "appointment")
        assert due is None or due.before == (dt.timedelta(hours=48), dt.timedelta(hours=3))


def test_purposes_are_right(project: Project, name: str) -> None:
    wanted = Purpose.SURVEY if name == "survey" else Purpose.TRANSACTIONAL
    assert project.campaigns[name].parsed.campaign.purpose == wanted
    with (project.folder / "consent.csv").open(encoding="utf-8", newline="") as file:
        consents = list(csv.DictReader(file))
    assert {one["purpose"] for one in consents} == {str(wanted)}
    assert [one["number"] for one in consents] == [one["number"] for one in _people(project)]


def test_its_people_are_of_a_test_range_in_both_languages_and_the_sandbox_knows_them(
    project: Project, name: str
) -> None:
    campaign, languages = project.campaigns[name].parsed.campaign, _flow(project, name).languages
    with (project.folder / "contacts.csv").open("rb") as file:
        table, times = Table(file, "contacts.csv"), TimeColumns.of(campaign, SANDBOX_STARTS)
        rows = list(parse_contacts(table, "CN", languages, times=times))
    assert [type(row) for row in rows] == [ContactRow] * 4
    ends = {row.times.last(campaign) for row in rows if isinstance(row, ContactRow)}
    assert (NEVER in ends) == (name in WHENEVER)
    assert all(end > SANDBOX_STARTS for end in ends)
    people = _people(project)
    assert {row["language"] for row in people} == set(LANGUAGES)
    assert all(reserved_number(row["number"]) for row in people)
    called = read_callees(project.folder / "callees.toml", project.folder / "prompts").people
    assert {row["number"][-2:] for row in people} == {*called, "09"}


def test_each_recording_is_as_long_as_its_words(project: Project) -> None:
    """One that was not made again after its words changed would be too long or too short."""
    for (language, prompt), facts in project.prompts.items():
        likely = seconds_to_say(facts.transcript or "")
        assert FITS_S[0] * likely < facts.seconds < FITS_S[1] * likely, (language, prompt, facts.seconds, likely)
        with wave.open(str(project.folder / "prompts" / language / f"{prompt}.wav"), "rb") as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)


def test_no_word_of_the_sample_business_or_of_the_maker_is_left(project: Project, name: str) -> None:
    """The flow for people who call back, the letter and both pages have the template's names."""
    business = _flow(project, name).identify.business
    for file in _texts(project.folder):
        text = file.read_text(encoding="utf-8")
        assert not re.search("Sunshine Dental|阳光口腔|TEMPLATE", text), file
    assert project.flows["who-called"].parsed.flow.identify.business == business
    assert all(told in (project.folder / "caller-id-letter.txt").read_text("utf-8") for told in business.values())


def _texts(folder: Path) -> Iterator[Path]:
    endings = {".yaml", ".txt", ".md", ".csv", ".toml"}
    return (file for file in folder.rglob("*") if file.suffix in endings and "var" not in file.parts)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_its_page_names_every_column_and_every_disposition(project: Project, name: str, page: str) -> None:
    text = (project.folder / page).read_text(encoding="utf-8")
    for column in _people(project)[0].keys() - {"external_id", "number", "language", "name"}:
        assert f"`{column}`" in text, column
    source = project.flows[name].text
    for disposition in {*re.findall(r"disposition: (\w+)", source), "opted_out", "wrong_number"}:
        assert f"`{disposition}`" in text, disposition
    assert f"agi-app campaign start {name}\n" in text


def test_all_of_them_fit_into_one_project(tmp_path: Path) -> None:
    """Nothing of one has the name of a different thing of another, but for who calls back and the lists."""
    seen: dict[str, bytes] = {}
    own = {"README.md", "README.zh-CN.md", "contacts.csv", "consent.csv", "callees.toml", "agi-app.toml"}
    for name in TEMPLATES:
        folder = tmp_path / name
        make_project(folder, name)
        for file in (f for f in folder.rglob("*") if f.is_file() and "var" not in f.relative_to(folder).parts):
            where = file.relative_to(folder).as_posix()
            if where not in own and "who-called" not in where and "line-welcome" not in where and "letter" not in where:
                assert seen.setdefault(where, file.read_bytes()) == file.read_bytes(), where


def test_where_there_is_no_sandbox_its_file_is_left_out_and_nothing_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed package has none, and would warn of a file that it cannot check."""
    monkeypatch.setitem(sys.modules, "sandbox.callees", None)
    monkeypatch.setattr(project_templates, "find_spec", lambda _: None)
    lines = make_project(tmp_path / "mine", "recall")
    assert not (tmp_path / "mine" / "callees.toml").exists()
    assert not any("callees" in line for line in lines)
    assert projects.check([tmp_path / "mine"]).found == []


def test_an_unknown_one_names_all_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='did you mean "appointment"') as caught:
        make_project(tmp_path / "mine", "apointment")
    assert all(name in str(caught.value) for name in TEMPLATES)
    assert not (tmp_path / "mine").exists()


def test_without_one_the_project_is_the_sample_as_before(tmp_path: Path) -> None:
    make_project(tmp_path / "mine")
    assert checked_project(tmp_path / "mine").problems == []
    assert not (tmp_path / "mine" / "README.md").exists()
    assert (tmp_path / "mine" / "flows" / "checkup.yaml").is_file()


def test_the_list_has_a_line_for_each_in_the_language_of_who_reads() -> None:
    with speaking("en"):
        english = listed()
    with speaking("zh"):
        chinese = listed()
    assert [line.split()[0] for line in english] == [line.split()[0] for line in chinese] == list(TEMPLATES)
    assert all(re.search("[\u4e00-\u9fff]", line) for line in chinese)
    assert not any(re.search("[\u4e00-\u9fff]", line) for line in english)


# ---- the page docs/how-to/start-from-a-template.md

ROOT = Path(__file__).resolve().parents[2]
HOW_TO, TEMPLATE_FILES = ROOT / "docs" / "how-to", ROOT / "agi_app" / "campaigns" / "templates"
PAGES = {"en": HOW_TO / "start-from-a-template.md", "zh": HOW_TO / "start-from-a-template.zh-CN.md"}


@pytest.mark.parametrize("tongue", PAGES)
def test_the_page_lists_them_as_the_command_does_with_the_columns_of_their_lists(tongue: str) -> None:
    page = PAGES[tongue].read_text(encoding="utf-8")
    with speaking(tongue):
        assert "\n".join(listed()) in page
    rows = {row[0]: row[-1] for row in re.findall(r"(?m)^\| `([a-z-]+)` \|(?:.*\|)* (.*) \|$", page)}
    assert list(rows) == list(TEMPLATES)
    for name, columns in rows.items():
        header = (TEMPLATE_FILES / name / "contacts.csv").read_text(encoding="utf-8").splitlines()[0].split(",")[4:]
        assert re.findall("`([a-z_]+)`", columns) == ([] if name == "recall" else header)


@pytest.mark.parametrize("tongue", PAGES)
def test_two_of_them_become_one_project_as_the_page_says(tongue: str, tmp_path: Path) -> None:
    page = PAGES[tongue].read_text(encoding="utf-8")
    commands = re.findall(r"(?m)^\$ (.*)$", page)
    project = tmp_path / "mine"
    make_project(project, "appointment", ["Pots & Pans"])
    make_project(tmp_path / "more", "closing-notice", ["Pots & Pans"])
    copies = [line for line in commands if re.match("cp|rm|tail|cat", line)]
    assert len(copies) == 8
    for line in copies:
        subprocess.run(["bash", "-c", line], cwd=project, check=True)
    found = checked_project(project)
    assert {problem.rule for problem in found.problems} == {"flow/prompt-missing"}, (
        "recordings of another name are no use"
    )
    assert set(found.campaigns) == {"appointment", "closing-notice"}
    assert faults_of_project(project) == []
    people = {row["number"] for row in [*_people(found), *_rows(project / "closing-notice.csv")]}
    assert {row["number"] for row in _rows(project / "consent.csv")} == people
    assert len(people) == 8
    called = read_callees(project / "callees.toml", project / "prompts").people
    assert {number[-2:] for number in people} == {*called, "09"}


@pytest.mark.parametrize("tongue", PAGES)
def test_the_call_on_the_page_is_what_simulate_tells(tongue: str, tmp_path: Path) -> None:
    page = PAGES[tongue].read_text(encoding="utf-8")
    make_project(tmp_path / "mine", "appointment")
    project = checked_project(tmp_path / "mine")
    language = "zh-CN" if tongue == "zh" else "en"
    person = next(row for row in _people(project) if row["language"] == language)
    with speaking(tongue):
        call = Simulation(_flow(project, "appointment"), project.prompts, person, language)
        told = "\n".join([*call.start(), "> listen", *call.feed("listen"), "> 1", *call.feed("1")])
    assert told in page
    cases = sum(len(file.parsed.file.cases) for file in project.simulations.values())
    assert (f"相符 {cases}，不符 0" if tongue == "zh" else f"{cases} ok, 0 failed") in page


@pytest.mark.parametrize("left", LANGUAGES)
def test_a_project_of_one_language_checks_clean_as_the_page_says(project: Project, left: str, tmp_path: Path) -> None:
    """The steps of the page, without English by the Chinese page and without Chinese by the English one."""
    gone, mine = next(tag for tag in LANGUAGES if tag != left), tmp_path / "mine"
    shutil.copytree(project.folder, mine)
    for file in (mine / "flows").iterdir():
        text = file.read_text("utf-8").replace("languages: [zh-CN, en]", f"languages: [{left}]")
        text = re.sub(rf"(business: {{.*?)(?:, )?{gone}: [^,}}]*(?:, )?", r"\1", text)
        welcome = "    - play: line-welcome\n    - goto: menu\n"
        file.write_text(re.sub(r"    - language: .*\n      on: .*\n", welcome, text), "utf-8")
    for file in (mine / "simulations").iterdir():
        head, *cases = re.split(r"(?m)^(?=  - name: )", file.read_text("utf-8"))
        kept = [case for case in cases if f"language: {gone}" not in case and "both languages" not in case]
        text = "".join([head, *kept])
        if file.stem == "who-called":
            text = re.sub(r'input: \["[12]"', "input: [listen", text).replace(
                "That number will not be called again, ", ""
            )
        file.write_text(text, "utf-8")
    shutil.rmtree(mine / "prompts" / gone)
    people = re.split(r"(?m)^(?=\[)", (mine / "callees.toml").read_text("utf-8"))
    (mine / "callees.toml").write_text("".join(one for one in people if f'"{gone}"' not in one), "utf-8")
    found = checked_project(mine)
    assert found.problems == []
    assert faults_of_project(mine) == []
    for cases_file in found.simulations.values():
        for index, case in enumerate(cases_file.parsed.file.cases):
            flow = _flow(found, cases_file.parsed.file.flow)
            verdict = run_case(cases_file.parsed, index, flow, found.prompts, case.contact)
            assert verdict.differences == (), f"{case.name}\n" + "\n".join(verdict.call)
