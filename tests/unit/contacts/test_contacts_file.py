"""Contacts files: what becomes a contact, and what each rejected row is told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.contacts.columns import RejectedRow, read_number
from agi_app.contacts.contacts_file import Called, contact_columns, find_language, header_notes, parse_contacts
from agi_app.errors import AuthorError
from agi_app.messages import speaking
from agi_app.model.person import ContactRow
from agi_app.model.phone import NotANumber
from tests.unit.contacts_helpers import FILE, table

LANGUAGES = ["zh-CN", "en"]
GOOD = "+999861380000001"


def parsed(text: str, region: str | None = "CN") -> list[ContactRow | RejectedRow]:
    return list(parse_contacts(table(text), region, LANGUAGES))


def rejected(row: str) -> RejectedRow:
    (found,) = parsed(f"external_id,number,language,name\n{row}\n")
    assert isinstance(found, RejectedRow)
    return found


def test_a_row_becomes_a_contact_with_its_other_columns_as_fields() -> None:
    (found,) = parsed(f'external_id,number,language,name,Visit day\nP1, {GOOD} ,zh-cn," 赵雅静 ",2026-03-09\n')
    fields = {"name": "赵雅静", "Visit day": "2026-03-09"}
    assert found == ContactRow("P1", GOOD, "CN", ("Asia/Shanghai",), "zh-CN", fields)


@pytest.mark.parametrize("header", ["External ID,Number,Language", "编号,电话,语言", "客户编号,手机号,language"])
def test_titles_may_be_chinese_or_in_other_letters(header: str) -> None:
    assert parsed(f"{header}\nP1,{GOOD},en\n") == [ContactRow("P1", GOOD, "CN", ("Asia/Shanghai",), "en", {})]


def test_language_may_be_absent_or_empty() -> None:
    rows = [*parsed(f"external_id,number\nP1,{GOOD}\n"), *parsed(f"external_id,number,language\nP1,{GOOD},\n")]
    assert [row.language for row in rows if isinstance(row, ContactRow)] == [None, None]


@pytest.mark.parametrize(
    ("found", "language"),
    [
        ("zh-CN", "zh-CN"),
        ("ZH_cn", "zh-CN"),
        ("zh", "zh-CN"),
        ("en-GB", "en"),
        ("zh-HK", None),
        ("fr", None),
        ("", None),
    ],
)
def test_which_language_of_the_flow_is_meant(found: str, language: str | None) -> None:
    assert find_language(found, LANGUAGES) == language


@pytest.mark.parametrize(
    ("row", "rule", "column", "field", "value", "words"),
    [
        (f",{GOOD},en,x", "contacts/external-id", 1, "external_id", "", "external_id is empty"),
        (f"{'P' * 201},{GOOD},en,x", "contacts/external-id", 1, "external_id", "P" * 201, "201 characters"),
        (f"P\u200b1,{GOOD},en,x", "table/unprintable", 1, "external_id", "P\u200b1", "ZERO WIDTH SPACE"),
        (f'"P\n1",{GOOD},en,x', "contacts/external-id", 1, "external_id", "P\n1", "line break"),
        ("P1,,en,x", "contacts/number", 4, "number", "", "number is empty"),
        ("P1,abc,en,x", "contacts/number", 4, "number", "abc", 'number "abc" '),
        (f"P1,{GOOD} / {GOOD},en,x", "contacts/number", 4, "number", f"{GOOD} / {GOOD}", "more than one number"),
        (f"P1,{GOOD}、{GOOD},en,x", "contacts/number", 4, "number", f"{GOOD}、{GOOD}", "more than one number"),
        ("P1,110,en,x", "contacts/number", 4, "number", "110", "not"),
        ("P1,1.38E+10,en,x", "contacts/number", 4, "number", "1.38E+10", "rounded by a spreadsheet"),
        (f"P1,{GOOD},fr,x", "contacts/language", 21, "language", "fr", 'language "fr" is not a language of the flow'),
        (f"P1,{GOOD},en", "table/cells", 23, "", "", "3 cells, the header has 4"),
        (f'P1,{GOOD},en,"x', "table/quote", 24, "", "", "never closed"),
    ],
)
def test_each_fault_rejects_its_row_with_place_value_and_reason(
    row: str, rule: str, column: int, field: str, value: str, words: str
) -> None:
    found = rejected(row)
    assert (found.line, found.column, found.rule, found.field, found.value) == (2, column, rule, field, value)
    assert words in found.reason
    assert str(found.problem(FILE)) == f"list.csv:2:{column}: {rule} {found.reason}"


def test_all_faults_of_a_row_are_told_at_once() -> None:
    assert rejected("P1,abc,fr,x").reason.count("; ") >= 1
    assert "language of the flow" in rejected("P1,abc,fr,x").reason


def test_numbers_are_masked_in_messages_and_whole_in_the_value() -> None:
    found = rejected("P1,+861380013800,en,x")
    assert found.value == "+861380013800"
    assert "1380013" not in found.reason


def test_the_second_row_with_an_id_is_rejected_and_names_the_first() -> None:
    first, second = parsed(f"external_id,number\nP1,{GOOD}\nP1,+999861380000077\n")
    assert isinstance(first, ContactRow)
    assert isinstance(second, RejectedRow)
    assert (second.line, second.rule) == (3, "contacts/duplicate-id")
    assert '"P1" is already on line 2' in second.reason


def test_an_id_whose_first_row_was_rejected_is_free() -> None:
    assert [type(row) for row in parsed(f"external_id,number\nP1,abc\nP1,{GOOD}\n")] == [RejectedRow, ContactRow]


def test_two_contacts_may_share_a_number() -> None:
    assert all(isinstance(row, ContactRow) for row in parsed(f"external_id,number\nP1,{GOOD}\nP2,{GOOD}\n"))


def test_the_region_reads_local_numbers_and_without_it_they_are_rejected() -> None:
    text = "external_id,number\nP1,07700 900123\n"
    (found,) = parsed(text, "GB")
    assert isinstance(found, ContactRow)
    assert found.number == "+447700900123"
    (refused,) = parsed(text, None)
    assert isinstance(refused, RejectedRow)
    assert "country code" in refused.reason


@pytest.mark.parametrize(
    ("text", "called", "may_be"),
    [
        ("(212) 555-0141", Called(("CN", "US")), "+86212…41 (CN) or +1212…41 (US)"),
        ("2125550141", Called(("CN", "US")), "+86212…41 (CN) or +1212…41 (US)"),
        ("(212) 555-0141", Called(("CN", "US"), told=True), "+86212…41 (CN) or +1212…41 (US)"),
        ("212.555.0141", Called(("CN", "GB", "US"), told=True), "+86212…41 (CN) or +1212…41 (US)"),
        ("2125550141", Called(("CN", "US"), told=True), None),
        ("(212) 555-0141", Called(("CN",)), None),
        ("+86 21 2555 0141", Called(("CN", "US")), None),
        ("0086 21 2555 0141", Called(("CN", "US")), None),
        ("+1 (212) 555-0141", Called(("CN", "US")), None),
    ],
)
def test_a_number_without_plus_that_may_be_another_person_s_is_refused(
    text: str, called: Called, may_be: str | None
) -> None:
    (found,) = parse_contacts(table(f"external_id,number\n7,{text}\n"), "CN", LANGUAGES, called)
    if may_be is None:
        assert isinstance(found, ContactRow)
        return
    assert isinstance(found, RejectedRow)
    assert f"may be {may_be}: write it with + and country code" in found.reason
    assert ("give the campaign a region" in found.reason) is not called.told


def test_an_american_number_of_an_american_campaign_is_no_other_s() -> None:
    text, called = "external_id,number\n7,(212) 555-0141\n", Called(("CN", "US"), told=True)
    (found,) = parse_contacts(table(text), "US", LANGUAGES, called)
    assert isinstance(found, ContactRow)
    assert found.number == "+12125550141"


@pytest.mark.parametrize(
    ("header", "rule", "words"),
    [
        ("external_id,name", "contacts/missing-column", "the column number (or phone, mobile, "),
        ("extrnal_id,number", "contacts/missing-column", 'is it "extrnal_id"?'),
        ("external_id|number", "contacts/missing-column", "separated by |, which is not read"),
        ("external_id,number,电话", "contacts/duplicate-column", '"number" and "电话" both mean number'),
    ],
)
def test_a_header_that_will_not_do_refuses_the_file(header: str, rule: str, words: str) -> None:
    with pytest.raises(AuthorError) as refused:
        parsed(f"{header}\n" + "1," * header.count(",") + "2\n")
    assert rule in {problem.rule for problem in refused.value.problems}
    assert words in str(refused.value)


def test_consent_columns_are_said_to_create_no_consent() -> None:
    columns = contact_columns(table("external_id,number,Consent_given,name\nP1,1,yes,x\n"))
    (note,) = header_notes(columns)
    assert note == ("contacts import never creates consent; use consent import (kept as plain fields: Consent_given)")
    assert header_notes(contact_columns(table("external_id,number,name\nP1,1,x\n"))) == ()


@pytest.mark.parametrize(
    ("title", "told"),
    [
        *((title, True) for title in ("手机号4", "Phone 5", "other phone", "家庭电话", "work mobile")),
        *((title, False) for title in ("phones", "2026", "订单号码", "手机型号", "hotel phone")),
    ],
)
def test_a_column_that_may_be_a_second_number_is_told(title: str, told: bool) -> None:
    columns = contact_columns(table(f"external_id,number,{title}\nP1,1,x\n"))
    note = (
        f'the column "{title}" is kept as your own column and never called; call it number_2 if it is to be called'
        " when the first number brings nobody"
    )
    assert header_notes(columns) == ((note,) if told else ())
    assert header_notes(columns, {title}) == (), "the flow says it"


def test_columns_of_a_rejects_file_do_not_become_fields() -> None:
    (found,) = parsed(f"rejected_line,rejected_reason,external_id,number,name\n7,was wrong,P1,{GOOD},x\n")
    assert isinstance(found, ContactRow)
    assert found.fields == {"name": "x"}


@pytest.mark.parametrize(
    "text", ["+447700900123", "'+44 7700 900123", "０７７００　９００１２３", "07700900123.0", "0044 7700 900123"]
)
def test_numbers_after_a_spreadsheet_had_them(text: str) -> None:
    assert read_number(text, "GB").e164 == "+447700900123"


@given(st.text(max_size=20))
def test_any_text_as_number_is_taken_or_explained(text: str) -> None:
    try:
        found = read_number(text, "CN")
    except NotANumber:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{6,17}", found.e164)


@pytest.mark.parametrize(
    ("title", "number", "told"),
    [
        ("手机号码", "", "手机号码是空的"),
        ("phone", "", "phone 是空的"),
        ("手机号码", "12", '手机号码 "12"'),
    ],
)
def test_no_space_stands_between_a_chinese_title_and_a_chinese_fault(title: str, number: str, told: str) -> None:
    with speaking("zh"):
        (found,) = parsed(f"external_id,{title}\nP1,{number}\n")
    assert isinstance(found, RejectedRow)
    assert found.reason.startswith(told)
