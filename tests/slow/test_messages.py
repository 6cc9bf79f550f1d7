"""The messages for mistakes that people make: what is wrong, where, and what to type, word for word."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import pytest

from agi_app.campaigns.changed_files import differs
from agi_app.campaigns.project.called_flows import parts_of
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import read_project
from agi_app.cli.main import main
from agi_app.clock import Clock
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.consent_file import parse_consents
from agi_app.contacts.contacts_file import parse_contacts
from agi_app.contacts.guard_file import CellFormats, parse_guard_list
from agi_app.contacts.tables.csv_table import Table
from agi_app.errors import AuthorError
from agi_app.model.campaign import CampaignState
from agi_app.printable import count_of
from agi_app.store.calling.campaigns import StoredCampaign

pytestmark = pytest.mark.slow  # whole commands
FLOW, CAMPAIGN, SETTINGS = "flows/checkup.yaml", "campaigns/march-checkup.yaml", "agi-app.toml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("messages") / "mine"
    make_project(folder)
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "mine"))


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """A command's exit code and all that it said."""
    monkeypatch.setattr(sys, "argv", ["agi-app", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    assert isinstance(ended.value.code, int)
    return ended.value.code, printed.out + printed.err


# file, what stands there, what somebody wrote, the place and message
UNKNOWN = "schema/unknown-key unknown key"
WIDE_COLON, CURLY = "： (U+FF1A) is full-width; type the ASCII :", '“ (U+201C) is a typographic quote; type the ASCII "'
KEY = "does not fit; a key is one of 0-9, * and #, in quotes"
NO_SETTING = "there is no such setting"
COMMENT = "＃ (U+FF03) is full-width and does not begin a comment; type the ASCII #"
NOT_QUOTED = f"{COMMENT}; put text that contains it in quotes"
MISTAKES = [
    (FLOW, "  bye:\n", "  bye: ＃ 结束\n", f"{FLOW}:32:8: yaml/syntax {COMMENT}"),
    (FLOW, "flow: checkup", "＃ 复查\nflow: checkup", f"{FLOW}:3:1: yaml/syntax {COMMENT}"),
    (FLOW, "flow: checkup", "＃ note: a\nflow: checkup", f"{FLOW}:3:1: yaml/syntax {NOT_QUOTED}"),
    (FLOW, "timeout: 4s", "timeout: 4s ＃ 等", f"{FLOW}:17:21: yaml/syntax {NOT_QUOTED}"),
    (
        *(FLOW, '{"1": yes, "2": change}', '{"1": yes, "2": change}＃ 键'),
        f"{FLOW}:16:38: yaml/syntax {COMMENT}, with a space before it",
    ),
    (CAMPAIGN, "max_call: 60s", "max_call: 60s ＃ 上限", f"{CAMPAIGN}:12:15: yaml/syntax {NOT_QUOTED}"),
    (FLOW, "  bye:\n", "  bye：\n", f"{FLOW}:32:6: yaml/syntax {WIDE_COLON}"),
    (FLOW, "flow: checkup", "flow：checkup", f"{FLOW}:3:5: yaml/syntax {WIDE_COLON}"),
    (FLOW, "timeout: 4s", "timeout：4s", f"{FLOW}:17:16: yaml/syntax {WIDE_COLON}"),
    (FLOW, '"9"', "“9”", f'{FLOW}:8:8: schema/name key: "“9”" {KEY}; write "9"; {CURLY}'),
    (FLOW, '{"1": yes', "{“1”: yes", f'{FLOW}:16:16: schema/name “1”: "“1”" {KEY}; write "1"; {CURLY}'),
    (
        *(FLOW, "[zh-CN, en]", "[zh-CN，en]"),
        f'{FLOW}:4:18: schema/name languages: "zh-CN，en" does not fit; write a language tag such as zh-CN or en;'
        " each is its own item: write zh-CN, en",
    ),
    (
        *(FLOW, "[zh-CN, en]", "［zh-CN, en］"),
        f'{FLOW}:4:12: schema/value languages: this must be a list, not "［zh-CN, en］";'
        " write languages: [zh-CN, en];"
        " ［ (U+FF3B) is full-width; type the ASCII [",
    ),
    (
        *(FLOW, '{"1": yes, "2": change}', '｛"1": yes, "2": change｝'),
        f"{FLOW}:16:15: yaml/syntax ｛ (U+FF5B) is full-width; type the ASCII {{",
    ),
    (
        *(FLOW, "attempts: 2", "attempts: ２"),
        f'{FLOW}:18:19: schema/value attempts: this must be a whole number, not "２";'
        " write 2, without quotes or unit;"
        " ２ (U+FF12) is full-width; type the ASCII 2",
    ),
    (FLOW, "    - hangup", "    － hangup", f"{FLOW}:34:5: yaml/syntax － (U+FF0D) is full-width; type the ASCII -"),
    (
        *(FLOW, "    - hangup", "\u3000\u3000- hangup"),
        f"{FLOW}:34:1: yaml/syntax this is not an ordinary space (U+3000); type ordinary spaces",
    ),
    (FLOW, "attempts: 2", "atempts: 2", f'{FLOW}:18:9: {UNKNOWN} "atempts"; did you mean "attempts"?'),
    (
        *(FLOW, "goto: bye", "goto: “bye”"),
        f'{FLOW}:24:7: flow/unknown-target goto: there is no node "“bye”"; {CURLY}; did you mean "bye"?',
    ),
    (
        *(CAMPAIGN, "from:", "zone: Asia/Shanghai, from:"),
        f'{CAMPAIGN}:9:43: {UNKNOWN} "zone": windows are in the time of the person called,'
        " wherever they are; delete this key",
    ),
    (
        *(CAMPAIGN, '"09:30"', '"09：30"'),
        f'{CAMPAIGN}:9:52: campaign/time from: "09：30" is not a time of day; write "09:30"; {WIDE_COLON}',
    ),
    (CAMPAIGN, "purpose:", "purpos:", f'{CAMPAIGN}:3:1: {UNKNOWN} "purpos"; did you mean "purpose"?'),
    (CAMPAIGN, "ring_time:", "Ring-Time:", f'{CAMPAIGN}:11:1: {UNKNOWN} "Ring-Time"; did you mean "ring_time"?'),
    (
        *(CAMPAIGN, "trunk: sandbox", "trunk: sandbax"),
        f"{CAMPAIGN}:6:1: campaign/unknown-trunk trunk: the settings have no trunk with the name"
        ' "sandbax"; did you mean "sandbox"?',
    ),
    (
        *(SETTINGS, "\nusername", "\nusrname"),
        f'{SETTINGS}:9:1: settings asterisk.usrname: {NO_SETTING}; did you mean "username"?',
    ),
    (
        *(SETTINGS, "\n[asterisk]", "\n[astersik]"),
        f'{SETTINGS}:7:2: settings astersik: {NO_SETTING}; did you mean "asterisk"?',
    ),
    (
        *(SETTINGS, "concurrent = 60", 'prompts_path = "x"'),
        f"{SETTINGS}:22:1: settings trunks.sandbox.prompts_path: {NO_SETTING}; it belongs to [asterisk]",
    ),
    (
        *(SETTINGS, "concurrent = 60", "concurrent ＝ 60"),
        f"{SETTINGS}:22:12: settings is not valid TOML: ＝ (U+FF1D) is full-width; type the ASCII =",
    ),
    (
        *(SETTINGS, "\n[trunks.sandbox]", "\n[trunk.sandbox]"),
        f'{SETTINGS}:19:2: settings trunk: {NO_SETTING}; did you mean "trunks"?',
    ),
    (
        *(FLOW, "- play: greeting ", "- play： greeting "),
        f'{FLOW}:13:11: flow/verb greeting: "play： greeting" alone is not a step; {WIDE_COLON} and a space:'
        " write - play: greeting",
    ),
    (SETTINGS, '"ari-password"', "“ari-password”", f"{SETTINGS}:10:17: settings is not valid TOML: {CURLY}"),
    (
        *(SETTINGS, '"PJSIP/front-desk"', "PJSIP/front-desk"),
        f'{SETTINGS}:34:12: settings is not valid TOML: put text in quotes, as in name = "value"; write numbers in'
        ' digits only, and true and false in small letters; write "PJSIP/front-desk"',
    ),
]


@pytest.mark.parametrize(("file", "right", "wrong", "message"), MISTAKES)
def test_check_says_what_is_wrong_where_and_what_to_type(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    right: str,
    wrong: str,
    message: str,
) -> None:
    text = (project / file).read_text(encoding="utf-8")
    assert right in text
    (project / file).write_text(text.replace(right, wrong, 1), encoding="utf-8")
    code, told = said(monkeypatch, capsys, "check", "-p", str(project))
    assert message in told.splitlines(), told
    assert code == 1


def test_signs_that_people_hear_are_nobody_s_mistake(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chinese punctuation in spoken text is right; a mistake elsewhere is not blamed on it."""
    text = (project / FLOW).read_text(encoding="utf-8")
    spoken = text.replace("阳光口腔", '"阳光口腔（上海），您好：“早”"').replace("attempts: 2", "atempts: 2")
    (project / FLOW).write_text(spoken, encoding="utf-8")
    _, told = said(monkeypatch, capsys, "check", str(project))
    assert "full-width" not in told
    assert "typographic" not in told


def test_broken_settings_hide_no_fault_of_a_flow(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both are told in one run, and no recording is called missing for want of the settings."""
    for file, right, wrong in ((SETTINGS, "\n[asterisk]", "\n[asterisk"), (FLOW, "attempts: 2", "atempts: 2")):
        (project / file).write_text((project / file).read_text(encoding="utf-8").replace(right, wrong, 1), "utf-8")
    code, told = said(monkeypatch, capsys, "check", str(project))
    assert code == 1
    assert f"{SETTINGS}:7:10: settings is not valid TOML: put a table's name in brackets, as in [asterisk]" in told
    assert f'{FLOW}:18:9: {UNKNOWN} "atempts"' in told
    assert "recording" not in told


@pytest.mark.parametrize(
    ("named", "hint"),
    [
        ("Thanks", "; rename prompts/en/Thanks.wav to thanks.wav"),
        ("thanks.wav", "; rename prompts/en/thanks.wav.wav to thanks.wav"),
        ("thanks (1)", "; rename prompts/en/thanks (1).wav to thanks.wav"),
        (
            "谢谢",
            "; is prompts/en/谢谢.wav its recording? Then rename it to thanks.wav: names of prompts have Latin letters",
        ),
    ],
)
def test_a_recording_whose_name_is_nearly_right_is_to_be_renamed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], named: str, hint: str
) -> None:
    (project / "prompts/en/thanks.wav").rename(project / f"prompts/en/{named}.wav")
    code, told = said(monkeypatch, capsys, "check", str(project))
    assert code == 1
    assert f'flow/prompt-missing "thanks" has no recording prompts/en/thanks.wav{hint}' in told


@pytest.mark.parametrize("arguments", [("--input", "１"), ("--input", "1,2", "--json")])
def test_a_talk_with_an_input_that_was_not_understood_ends_with_1(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    for inputs, code in ((arguments, 1), (("--input", "1"), 0)):
        ended, told = said(monkeypatch, capsys, "simulate", "checkup-reminder", "--project", str(project), *inputs)
        assert ended == code
        assert ("not understood" in told) == (code == 1)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("1,000", "write a number in digits only: 1000"),
        ("60路", "write a number in digits only: 60, without 路"),
        ("６０", "６ (U+FF16) is full-width; type the ASCII 6: write 60"),
    ],
)
def test_a_setting_that_is_a_number_with_more(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str, told: str
) -> None:
    (project / SETTINGS).write_text(f"[trunks.sandbox]\nconcurrent = {value}\n", "utf-8")
    code, words = said(monkeypatch, capsys, "check", str(project))
    assert code == 1
    assert f"{SETTINGS}:2:" in words
    assert told in words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[trunks.sandbox]\nconcurrent = 1\n[ami]\n[trunks.sandbox]\nconcurrent = 2\n",
            ":4:16: settings is not valid TOML: this table is here twice, first in line 1; put its settings"
            " together, or for another trunk give it another name: [trunks.NAME]",
        ),
        ("[ami]\nport = 1\nport = 2\n", "this name is set twice, first in line 2; keep one"),
        (
            '[ami]\ndata_folder = "var"\n',
            "ami.data_folder: there is no such setting: it belongs at the top of the file",
        ),
        ('asterisk_password = "x"\n', "there is no such setting: write password below [asterisk]"),
        (
            '[lines.main]\nnumber = "+862155500001"\nflow = "x"\nmax_call = "10m"\n',
            'lines.main.max_call: must be a number of seconds, not "10m"; write 600, without quotes or unit',
        ),
        (
            '[lines.main]\nnumber = "+862155500001"\nflow = "x"\nmax_call = 10\n',
            "lines.main.max_call: must be greater than or equal to 30; it counts seconds",
        ),
        ('[speech]\npause = "0.5s"\n', 'speech.pause: must be a number of milliseconds, not "0.5s"'),
    ],
)
def test_a_setting_at_a_wrong_place_or_in_another_unit(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    (project / SETTINGS).write_text(text, "utf-8")
    code, words = said(monkeypatch, capsys, "check", str(project))
    assert code == 1
    assert told in words


def test_a_variable_with_one_underscore_too_few(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGI_APP_ASTERISK_PASSWORD", "x")
    code, words = said(monkeypatch, capsys, "check", str(project))
    assert code == 2
    assert "write AGI_APP_ASTERISK__PASSWORD: put two underscores" in words


def test_what_is_to_be_parted_needs_no_other_comma() -> None:
    number = rejected("contacts", "external_id,number\n1,13800138000、13900139000\n")
    assert number[0].endswith("has more than one number in it: write each in full in its own row"), number
    purpose = rejected(
        "consent", f"{CONSENT}+999861380000101,transactional、survey,yes,form,2026-01-05T10:00:00Z,desk\n"
    )
    assert purpose[0].endswith("is not a purpose; a row has one purpose: write two rows"), purpose


def test_it_tells_its_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(monkeypatch, capsys, "--version") == (0, f"agi-app {version('agi-app')}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("contacts.csv", "march-checkup"),
            "contacts.csv: is a file, and the name comes first: agi-app contacts import CAMPAIGN FILE",
        ),
        (("march-chekup", "contacts.csv"), "there is no campaign 'march-chekup'; did you mean \"march-checkup\"?"),
    ],
)
def test_import_says_which_name_is_meant(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, str],
    message: str,
) -> None:
    monkeypatch.chdir(project)
    code, told = said(monkeypatch, capsys, "contacts", "import", *arguments)
    assert (code, told.splitlines()) == (1, [message])


def rejected(kind: str, text: str) -> list[str]:
    """What an import says of a file."""
    table = Table(io.BytesIO(text.encode()), "list.csv")
    try:
        rows: Iterable[object]
        if kind == "contacts":
            rows = parse_contacts(table, None, ("en",))
        elif kind == "consent":
            rows = parse_consents(table, None, "a clerk", Clock().now())
        else:
            rows = parse_guard_list(table, CellFormats("CN", "Asia/Shanghai"))
        return [str(row.problem("list.csv")) for row in rows if isinstance(row, RejectedRow)]
    except AuthorError as error:
        return str(error).splitlines()


CONSENT = "number,purpose,wording,method,time,source\n"
NO_COUNTRY = "has no country code: begin it with + and the country's code, such as +86, +44 or +1"


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        *(
            ("contacts", f"external_id,{title}\n1,+999861380000101\n", None)
            for title in ("phone", "Mobile", "tel", "telephone", "Phone Number", "手机", "电话", "手机号")
        ),
        (
            *("contacts", "external_id,phone,mobile\n1,+999861380000101,+999861380000102\n"),
            'list.csv:1:19: contacts/duplicate-column "phone" and "mobile" both mean number; rename or delete one',
        ),
        (
            *("contacts", "external_id,name\n1,x\n"),
            "list.csv:1:1: contacts/missing-column the column number (or phone, mobile, tel, telephone, 手机, 电话, …)"
            " is missing; found: external_id, name",
        ),
        (
            *("contacts", "external_id,Phone 1 - Value\n1,x\n"),
            "list.csv:1:1: contacts/missing-column the column number (or phone, mobile, tel, telephone, 手机, 电话, …)"
            ' is missing; is it "Phone 1 - Value"? Then rename it to number',
        ),
        (
            *("contacts", "external_id,投诉人电话\n1,x\n"),
            "list.csv:1:1: contacts/missing-column the column number (or phone, mobile, tel, telephone, 手机, 电话, …)"
            ' is missing; is it "投诉人电话"? Then rename it to number',
        ),
        (
            *("contacts", "external_id，number\n1,+999861380000101\n"),
            "list.csv:1:12: contacts/missing-column columns are not separated here:"
            " ， (U+FF0C) is full-width; type the ASCII ,",
        ),
        (
            *("contacts", "external_id,number\n1，+999861380000101\n"),
            "list.csv:2:19: table/cells the row has 1 cell, the header has 2;"
            " ， (U+FF0C) is full-width; type the ASCII ,",
        ),
        (
            *("contacts", "external_id,number\n1,999861380000101\n"),
            f'list.csv:2:3: contacts/number number "999861…01" {NO_COUNTRY}; or give the campaign a region',
        ),
        (
            *("consent", f"{CONSENT}999861380000101,survey,yes,form,2026-01-05,desk\n"),
            f'list.csv:2:1: consent/number number "999861…01" {NO_COUNTRY}',
        ),
        (
            *("consent", f"{CONSENT}+999861380000101,surveys,yes,form,2026-01-05,desk\n"),
            'list.csv:2:18: consent/purpose purpose "surveys" is not a purpose; did you mean "survey"?',
        ),
        (
            *("consent", f"{CONSENT}+999861380000101,survey,yes,form,2026-01-05T10：00Z,desk\n"),
            'list.csv:2:34: consent/time time "2026-01-05T10：00Z" is not in the form of ISO 8601; write'
            f" 2026-01-05T10:00:00Z; {WIDE_COLON}",
        ),
    ],
)
def test_a_table_says_what_is_wrong_where_and_what_to_type(kind: str, text: str, message: str | None) -> None:
    told = rejected(kind, text)
    assert (told == []) if message is None else (message in told), told


@pytest.mark.parametrize(
    ("file", "state", "said_of_it"),
    [
        (None, CampaignState.RUNNING, None),
        (FLOW, CampaignState.DRAFT, None),
        (FLOW, CampaignState.RUNNING, f"{FLOW} differs from what march-checkup runs with;"),
        (FLOW, CampaignState.PAUSED, f"{FLOW} differs from what march-checkup runs with;"),
        (CAMPAIGN, CampaignState.RUNNING, f"{CAMPAIGN} differs from what march-checkup runs with;"),
    ],
)
def test_a_file_edited_while_it_runs_is_told(
    project: Path, file: str | None, state: CampaignState, said_of_it: str | None
) -> None:
    """Status and doctor say it: what was edited holds only after the next start."""
    found = read_project(project, {"sandbox"})
    campaign, flow = found.campaigns["march-checkup"].parsed.campaign, found.flows["checkup-reminder"]
    parts = {part.file: part.text for part in parts_of(found, flow)}
    stored = StoredCampaign(campaign, state, None, flow.file, flow.text, parts)
    if file is not None:
        text = (project / file).read_text(encoding="utf-8")
        edited = text.replace("attempts: 2", "attempts: 1").replace("ring_time: 20s", "ring_time: 25s")
        (project / file).write_text(edited, encoding="utf-8")
    told = differs(read_project(project, {"sandbox"}), stored)
    if said_of_it is None:
        assert told is None
    else:
        assert told == f"{said_of_it} `agi-app campaign start march-checkup` stores what is there"


def test_one_is_one() -> None:
    """Counts are told as people say them."""
    assert [count_of(n, "contact") for n in (0, 1, 2)] == ["0 contacts", "1 contact", "2 contacts"]
    assert count_of(1, "contact is", "contacts are") == "1 contact is"
