"""Files that are something else, stand elsewhere or have other columns: what is wrong, where, and what to do."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from pydantic import BaseModel

from agi_app.authoring import shape_hints
from agi_app.campaigns.campaign_file.load import CampaignFile
from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import checked_project
from agi_app.cli.common import write
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.complaint_file import parse_complaints
from agi_app.contacts.consent_file import parse_consents
from agi_app.contacts.contacts_file import contact_columns, header_notes, parse_contacts
from agi_app.contacts.guard_file import CellFormats, parse_guard_list
from agi_app.contacts.importer import read_stop_list_file
from agi_app.contacts.tables.opening import open_table
from agi_app.errors import AuthorError, InputError
from agi_app.file_kinds import no_such_file
from agi_app.flow.simulation.expected_calls import CasesFile
from agi_app.gate.rule_file import JurisdictionFile
from agi_app.operations.project.projects import check
from agi_app.prompts import catalog

pytestmark = pytest.mark.slow  # whole projects
JPEG, MP3, OGG, ZIP = b"\xff\xd8\xff\xe0\0\x10JFIF", b"ID3\x04\0\0\0\0", b"OggS\0\x02\0\0", b"PK\x03\x04\x14\0\x06\0"
CASE = "flow: checkup-reminder\ncases:\n  - {name: a, input: [%s], expect: {disposition: confirmed}}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "mine"
    make_project(folder)
    return folder


@pytest.mark.parametrize(
    ("file", "content", "where", "said"),
    [
        ("flows/x.yaml", b"", "flows/x.yaml:1:1", "the file is empty; fill it, or delete it"),
        (
            "flows/x.yaml",
            "# 中\nflow: 王".encode("gbk"),
            "flows/x.yaml:1:3",
            'GBK or another old code, some editors say "ANSI"',
        ),
        (
            "flows/x.yaml",
            "flow: x\n".encode("utf-16"),
            "flows/x.yaml:1:1",
            'UTF-16 (some editors say "Unicode"); save it as UTF-8',
        ),
        ("flows/x.yaml", ZIP, "flows/x.yaml:1:1", "this is a workbook or document of Office"),
        ("flows/x.yaml", b"{\\rtf1 flow: x}", "flows/x.yaml:1:1", "this is a text with formats (RTF)"),
        ("flows/x.yaml", b"<html>", "flows/x.yaml:1:1", "this is a page (HTML)"),
        (
            "flows/x.yaml.txt",
            b"flow: x",
            "flows/x.yaml.txt:1:1",
            "(warning) this file is not read; a file that is read ends",
        ),
        ("flow/x.yaml", b"flow: x", "flow/:1:1", "this folder is not read; its name must be flows"),
        ("rule/x.yaml", b"x: y", "rule/:1:1", "this folder is not read; its name must be rules"),
        ("prompt/en/x.txt", b"x", "prompt/:1:1", "this folder is not read; its name must be prompts"),
        ("campaigns/old/x.yaml", b"campaign: x", "campaigns/old/:1:1", "put its files into campaigns/ itself"),
        ("agi-app.toml", "# 中".encode("gbk"), "agi-app.toml:1:3", "save it as UTF-8"),
        ("agi-app.toml", "a = 1".encode("utf-16"), "agi-app.toml:1:1", "the file is UTF-16"),
        ("agi-app.toml", ZIP, "agi-app.toml:1:1", "this is a workbook or document of Office"),
        (
            "agi-app.toml",
            b"asterisk:\n  username: x\n",
            "agi-app.toml:1:9",
            "write [asterisk], and what belongs to it below",
        ),
        ("agi-app.toml", b"[asterisk]\nusername: x\n", "agi-app.toml:2:9", 'write username = "x"'),
        ("agi-app.toml", b"[trunks.a]\nplus = yes\n", "agi-app.toml:2:8", "write true"),
        ("agi-app.toml", b"[asterisk]\nusername = me\n", "agi-app.toml:2:12", 'write "me"'),
        ("agi-app.toml", b"[asterisk]\nhost = 'x'\n", "agi-app.toml:2:1", 'write url = "http://HOST:8088/ari"'),
        (
            "agi-app.toml",
            b"[trunks]\nendpoint = 'x'\n",
            "agi-app.toml:2:1",
            "write [trunks.carrier-a] above it, not [trunks]",
        ),
        (
            "prompts/en/thanks.wav",
            JPEG,
            "flows/checkup.yaml:23:7",
            "thanks.wav: is a picture (JPEG) and not a recording",
        ),
        (
            "prompts/en/thanks.wav",
            MP3,
            "flows/checkup.yaml:23:7",
            "prompts/en/thanks.wav: is an MP3, despite its name; ",
        ),
        (
            "prompts/en/thanks.wav",
            OGG,
            "flows/checkup.yaml:23:7",
            "name it thanks.ogg, then run `agi-app prompts prepare`",
        ),
        (
            "prompts/en/thanks.wav",
            MP3,
            "flows/checkup.yaml:23:7",
            "name it thanks.mp3, then run `agi-app prompts prepare`",
        ),
        ("prompts/en/thanks.wav", b"", "flows/checkup.yaml:23:7", "thanks.wav: is empty; record or copy it again"),
        (
            "simulations/x.yaml",
            (CASE % "挂断").encode(),
            "simulations/x.yaml:3:23",
            "write hangup, or '\"挂断\"' if the person says",
        ),
        ("simulations/x.yaml", (CASE % "不按").encode(), "simulations/x.yaml:3:23", "write silence"),
        ("simulations/x.yaml", (CASE % "press 1").encode(), "simulations/x.yaml:3:23", 'write "1"'),
        (
            "simulations/x.yaml",
            (CASE % '"２"').encode(),
            "simulations/x.yaml:3:24",
            '"２" is not an input; write "2"; ２ (U+FF12)',
        ),
        ("simulations/x.yaml", (CASE % "＊９").encode(), "simulations/x.yaml:3:23", 'write "*9"'),
        ("simulations/x.yaml", (CASE % "1").encode(), "simulations/x.yaml:3:23", 'put keys in quotes: "1"'),
    ],
)
def test_a_file_of_another_kind_is_told(
    made: Path, tmp_path: Path, file: str, content: bytes, where: str, said: str
) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(content)
    told = [str(problem) for problem in checked_project(folder).problems]
    assert any(line.startswith(f"{where}: ") and said in line for line in told), told


@pytest.mark.parametrize(
    ("file", "to", "what", "home"),
    [
        ("campaigns/march-checkup.yaml", "flows/a.yaml", 'a campaign (it has "campaign")', "campaigns"),
        ("flows/checkup.yaml", "campaigns/a.yaml", 'a flow (it has "nodes")', "flows"),
        ("flows/checkup.yaml", "simulations/a.yaml", 'a flow (it has "nodes")', "flows"),
        ("simulations/checkup.yaml", "meanings/a.yaml", 'a file of expected calls (it has "cases")', "simulations"),
        ("simulations/checkup.yaml", "rules/a.yaml", 'a file of expected calls (it has "cases")', "simulations"),
    ],
)
def test_a_file_in_the_folder_of_another_kind_is_told_once(
    made: Path, tmp_path: Path, file: str, to: str, what: str, home: str
) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    (folder / to).parent.mkdir(exist_ok=True)
    (folder / file).rename(folder / to)
    (told,) = [str(problem) for problem in checked_project(folder).problems if problem.file == to]
    assert told.endswith(f"this is {what}: put it into {home}/")


def test_a_column_with_other_capitals_is_told(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    flow, case = folder / "flows/checkup.yaml", CASE.replace("input: [%s]", "contact: {name: Ann}, input: [listen]")
    said = "- say: {text: {zh-CN: '{contact.Name}', en: '{contact.Name}'}}"
    flow.write_text(flow.read_text("utf-8").replace("- play: thanks", said, 1), "utf-8")
    (folder / "simulations/x.yaml").write_text(case, "utf-8")
    (line,) = [str(p) for p in checked_project(folder).problems if p.file == "simulations/x.yaml"]
    assert line.startswith("simulations/x.yaml:3:25: simulation/contact (warning)")
    assert 'contact: the flow reads contact.Name, which is not here; did you mean "name"?' in line


def test_settings_by_another_name_are_told(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    (folder / "agi-app.toml").rename(folder / "agi-app.toml.txt")
    (said,) = [str(problem) for problem in checked_project(folder).errors if problem.rule == "settings"]
    assert "this file is missing; is it agi-app.toml.txt? Then name that file agi-app.toml" in said
    (folder / "agi-app.toml.txt").unlink()
    assert any("is missing; trunks and destinations" in str(p) for p in checked_project(folder).problems)


@pytest.mark.parametrize(
    ("ffmpeg", "said"),
    [
        (None, "its name; save it as WAV; or install ffmpeg (`apt install ffmpeg`), name it thanks.mp3, then run"),
        ("/usr/bin/ffmpeg", "its name; name it thanks.mp3, then run"),
    ],
)
def test_what_only_ffmpeg_can_read_is_told_with_it(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ffmpeg: str | None, said: str
) -> None:
    """Nobody renames the file first and learns of ffmpeg afterwards."""
    monkeypatch.setattr(catalog, "ffmpeg", lambda: ffmpeg)
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    (folder / "prompts/en/thanks.wav").write_bytes(MP3)
    assert any(said in str(problem) for problem in checked_project(folder).problems)
    (folder / "prompts/en/thanks.wav").rename(folder / "prompts/en/thanks.mp3")
    now = [str(problem) for problem in checked_project(folder).problems if "thanks.mp3" in str(problem)]
    assert now
    assert all(("install ffmpeg" in line) == (ffmpeg is None) for line in now)


@pytest.mark.parametrize("name", ["zh_CN", "zh-cn", "中文", "chinese"])
def test_a_folder_of_prompts_that_is_no_language_is_told_once(made: Path, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    (folder / "prompts/zh-CN").rename(folder / "prompts" / name)
    told = [str(problem) for problem in checked_project(folder).errors]
    assert told == [
        f"prompts/{name}/:1:1: yaml/not-read this folder is not read; its name must be zh-CN",
    ]


def test_delays_without_brackets_are_told_once(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    file = folder / "campaigns/march-checkup.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("no_answer: [1d, 2d]", "no_answer: 1d, 2d"), encoding="utf-8")
    (told,) = [str(problem) for problem in checked_project(folder).errors]
    assert "no_answer: this must be a list" in told


def test_a_sound_file_that_is_not_prepared_is_told_as_that(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "ffmpeg", lambda: "/usr/bin/ffmpeg")
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    (folder / "prompts/en/thanks.wav").rename(folder / "prompts/en/thanks.m4a")
    (told,) = [problem.message for problem in checked_project(folder).errors]
    recording = "is not yet a recording that Asterisk plays"
    assert told == f"prompts/en/thanks.m4a {recording}: run `agi-app prompts prepare`"


@pytest.mark.parametrize("name", ["greeting.txt.txt", "Greeting.txt"])
def test_a_text_whose_name_is_nearly_right_is_to_be_renamed(made: Path, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    (folder / "prompts/en/greeting.txt").rename(folder / "prompts/en" / name)
    (told,) = [problem.message for problem in checked_project(folder).problems]
    assert told.endswith(f"into prompts/en/greeting.txt; rename prompts/en/{name} to greeting.txt")


def test_a_recording_to_be_renamed_is_not_unused_as_well(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    (folder / "prompts/en/thanks.wav").rename(folder / "prompts/en/thanks(1).wav")
    (told,) = [problem.message for problem in checked_project(folder).problems]
    assert told.endswith("; rename prompts/en/thanks(1).wav to thanks.wav")
    shutil.copy(folder / "prompts/en/thanks(1).wav", folder / "prompts/en/thanks.wav")
    assert [p.rule for p in checked_project(folder).problems] == ["flow/unused-prompt"]


def test_a_text_that_cannot_be_read_is_not_missing_as_well(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    file = folder / "prompts/en/greeting.txt"
    file.write_bytes(file.read_text("utf-8").encode("utf-16"))
    rules = [problem.rule for problem in checked_project(folder).problems if problem.file == "flows/checkup.yaml"]
    assert rules == ["flow/prompt-format"]


@pytest.mark.parametrize("title", ["lang", "locale", "语种"])
def test_a_column_that_may_be_the_language_is_told(title: str) -> None:
    table = open_table(io.BytesIO(f"external_id,number,{title}\n1,13800138000,en\n".encode()), "list.csv")
    (note,) = header_notes(contact_columns(table))
    assert note.startswith(f'the column "{title}" is kept as your own column; is it language?')


def test_settings_with_a_byte_order_mark_are_read(made: Path, tmp_path: Path) -> None:
    """Editors of Windows write one."""
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    (folder / "agi-app.toml").write_bytes(b"\xef\xbb\xbf" + (folder / "agi-app.toml").read_bytes())
    assert not checked_project(folder).errors


def told(kind: str, content: bytes) -> list[str]:
    try:
        table, now = open_table(io.BytesIO(content), "list.csv"), Clock().now()
        rows: Iterable[object]
        if kind == "contacts":
            rows = parse_contacts(table, "CN", ("en", "zh-CN"))
        elif kind == "consent":
            rows = parse_consents(table, None, "a clerk", now)
        elif kind == "guard":
            rows = parse_guard_list(table, CellFormats("CN", "Asia/Shanghai"))
        else:
            rows = parse_complaints(table, now)
        return [str(row.problem("list.csv")) for row in rows if isinstance(row, RejectedRow)]
    except AuthorError as error:
        return str(error).splitlines()


ROW = "+8613800138000,transactional,yes,form,%s,desk\n"
HEAD = "number,purpose,wording,method,time,source\n"


@pytest.mark.parametrize(
    ("kind", "content", "place", "said"),
    [
        ("contacts", b"", "1:1", "the file is empty; its first line has the titles of the columns"),
        ("contacts", b"external_id,number\n", "1:1", "no rows; write them below it"),
        ("contacts", JPEG, "1:1", "this is a picture (JPEG), not CSV"),
        ("contacts", b"<html><table>", "1:1", "this is a page (HTML), not CSV"),
        ("contacts", b'{"number": 1}', "1:1", "this is JSON, not CSV"),
        ("contacts", b"external_id|number\n1|+8613800138000\n", "1:1", "separated by |, which is not read: put commas"),
        ("contacts", b"external_id number\n1 2\n", "1:1", "not by spaces"),
        ("contacts", b"1,13800138000\n", "1:1", "this line has a number and no titles: put a line with the titles"),
        ("contacts", b"id,phone\n1,13800138000\n", "1:1", 'is it "id"? Then rename it to external_id'),
        (
            "contacts",
            "编号,联系方式\n1,13800138000\n".encode(),
            "1:1",
            'is it "联系方式"? Then rename it to number',
        ),
        (
            "contacts",
            b"external_id,number\n1;13800138000\n",
            "2:14",
            "a semicolon is here where the header has a comma",
        ),
        (
            "contacts",
            b"external_id,number,name\n1,13800138000\n",
            "2:14",
            "leave a cell empty, two delimiters side by side",
        ),
        ("contacts", b'external_id,number\n"1,13800138000\n', "2:1", "close it, or remove it"),
        (
            "contacts",
            b"external_id,number\n1,8.61E+12\n",
            "2:3",
            "format that column as text and enter the number again",
        ),
        ("contacts", b"external_id,number\n1,5550141\n", "2:3", '"\u202641" is not a valid number (too short by'),
        ("contacts", b"external_id,number\n1,62345678\n", "2:3", "; write its area code before it"),
        (
            "contacts",
            b"external_id,number\n1,10086\n",
            "2:3",
            "emergency lines have, not a person's; write the person's",
        ),
        ("contacts", b"external_id,number\n1,021-62345678-801\n", "2:3", "if its last digits are an extension, leave"),
        ("contacts", "编号,电话\n合计,1人\n".encode(), "2:4", ", or remove the row if it is a total or a note"),
        ("contacts", "编号,电话\n合计,3\n".encode(), "2:4", "or remove the row if it is a total or a note"),
        (
            "contacts",
            b"external_id,number\nexternal_id,number\n",
            "2:1",
            "this line has the titles of the columns again",
        ),
        ("consent", HEAD.encode() * 2, "2:1", "this line has the titles of the columns again; remove it"),
        ("contacts", b"Name,Mobile\nAnn,13800138000\n", "1:1", "add it, with your own id of each contact; found: Name"),
        ("consent", ("区号," + HEAD).encode() + b"86,1,a,b,c,d,e\n", "1:1", "write the code in front of each number"),
        ("contacts", b"external_id,number\n1,\n", "2:3", "is empty; write the number, or remove the row"),
        ("contacts", "external_id,number,language\n1,13800138000,中文\n".encode(), "2:15", "write zh-CN"),
        ("consent", HEAD.replace("time", "date").encode() + b"1,a,b,c,d,e\n", "1:1", "Then rename it to time"),
        ("consent", (HEAD + ROW % "03/04/2026").encode(), "2:39", "can mean two days; write 2026-04-03 or 2026-03-04"),
        ("consent", (HEAD + ROW % "46085").encode(), "2:39", "write 2026-03-04"),
        (
            "consent",
            (HEAD + ROW.replace("form", "") % "2026-03-04").encode(),
            "2:34",
            "such as web form or signed form",
        ),
        (
            "consent",
            (HEAD + ROW.replace("transactional", "提醒") % "2026-03-04").encode(),
            "2:16",
            'did you mean "transactional"?',
        ),
        ("consent", (HEAD.strip() + ",name\n").encode() + b"1,a,b,c,d,e,f\n", "1:43", "delete the column"),
        ("consent", (HEAD + ROW % "2026-02-30").encode(), "2:39", "that month ends with 2026-02-28"),
        (
            "consent",
            (HEAD + ROW.replace("transactional", "transactional/survey") % "2026-03-04").encode(),
            "2:16",
            "a row has one purpose: write two rows",
        ),
        ("consent", b"external_id,number\n1,13800138000\n", "1:1", "this looks like contacts: agi-app contacts import"),
        ("contacts", (HEAD + ROW % "2026-03-04").encode(), "1:1", "this looks like consents: agi-app consent import"),
        ("contacts", b"external_id,number\n1,138001380001\n", "2:3", "a mobile of China has 11 digits: 1 more here"),
        ("guard", b"number,what\n+8613800138000,ban\n", "2:16", "write block"),
        ("guard", "number,what\n+8613800138000,允许\n".encode(), "2:16", "write allow"),
        ("guard", b"number,what,until\n+8613800138000,block,31/12/2026\n", "2:22", "is not a day; write 2026-12-31"),
        ("complaints", b"number,complaint\n+8613800138000,x\n", "1:1", "Then rename it to text"),
    ],
)
def test_a_table_says_what_to_do(kind: str, content: bytes, place: str, said: str) -> None:
    found = told(kind, content)
    assert any(line.startswith(f"list.csv:{place}: ") and said in line for line in found), found


def test_exchanged_columns_are_told_once() -> None:
    row = ROW.replace("form", "2026-03-04T10:00:00+08:00") % "纸质签名"
    (line,) = told("consent", (HEAD + row).encode())
    assert "are method and time exchanged?" in line
    assert "ISO 8601" not in line


@pytest.mark.parametrize("name", ["list.docx", "list.doc", "list.pdf"])
def test_a_document_is_copied_into_a_spreadsheet(name: str) -> None:
    with pytest.raises(AuthorError, match='copy its table into a spreadsheet and save it as "CSV UTF-8"'):
        open_table(io.BytesIO(ZIP), name)


def test_no_stop_is_taken_from_a_document(tmp_path: Path) -> None:
    (tmp_path / "list.docx").write_bytes(ZIP)
    with pytest.raises(AuthorError, match="NO STOP TAKEN from this file"):
        read_stop_list_file(tmp_path / "list.docx")


def test_a_note_names_a_column_of_country_codes() -> None:
    table = open_table(io.BytesIO("区号,编号,号码\n86,7,13800138000\n".encode()), "list.csv")
    assert "write it in front of each number" in str(header_notes(contact_columns(table)))


def test_a_result_needs_a_folder_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no/x.svg: cannot be written: there is no folder .*no; make it first"):
        write(tmp_path / "no" / "x.svg", b"")


def test_a_name_without_its_folder_and_a_folder_too_deep(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(shutil.copytree(made, tmp_path / "mine")))
    with pytest.raises(InputError, match=r"write campaigns/march-checkup\.yaml"):
        check([Path("march-checkup")])
    with pytest.raises(InputError, match=r"name the project folder, flows/\.\."):
        check([Path("flows")])


def test_the_nearest_file_is_named(tmp_path: Path) -> None:
    for name in ("contacts.csv", "Consent.CSV", "letter.pdf"):
        (tmp_path / name).touch()
    for wrong, right in (("contcts.csv", "contacts.csv"), ("consent.csv", "Consent.CSV"), ("letter", "letter.pdf")):
        assert no_such_file(tmp_path / wrong).endswith(f'did you mean "{tmp_path / right}"?')
    assert "check its name and folder" in no_such_file(tmp_path / "something.else")
    assert f"there is no folder {tmp_path / 'lists'}" in no_such_file(tmp_path / "lists/contacts.csv")


def patterns(model: object, seen: set[object]) -> Iterator[str]:
    """Every pattern of the fields of a model, and of those within it."""
    for kind in (model, *get_args(model)):
        for part in getattr(kind, "metadata", ()):
            yield from [str(found)] if (found := getattr(part, "pattern", None)) else []
            yield from patterns(part, seen)
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
            seen.add(kind)
            for name, field in kind.model_fields.items():
                yield from patterns(field, seen)
                yield from patterns(get_type_hints(kind, include_extras=True)[name], seen)
        elif kind is not model:
            yield from patterns(kind, seen)


@pytest.mark.parametrize("model", [Settings, JurisdictionFile, CampaignFile, CasesFile])
def test_every_pattern_of_a_schema_is_told_in_words(model: type[BaseModel]) -> None:
    """Nobody reads a regular expression."""
    found = {*patterns(model, set())}
    assert found or model is CampaignFile
    assert [pattern for pattern in sorted(found) if not shape_hints.pattern_words(pattern, "x")] == []
