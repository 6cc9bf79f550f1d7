"""YAML that people write: 1.2 values, positions, and one clear message for each fault."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field
from pydantic_core import PydanticCustomError

from agi_app.authoring.schema import Authored, parse_duration, validate
from agi_app.authoring.suggestions import suggest
from agi_app.authoring.yaml_lines import MAX_BYTES, load
from agi_app.authoring.yaml_slips import TOP_KEYS
from agi_app.campaigns.campaign_file.load import CampaignFile
from agi_app.errors import AuthorError
from agi_app.flow.language.definition import Flow


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(AuthorError) as caught:
        load(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("No", "No"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0x1F", 31),
        ("0o17", 15),
        ("010", 10),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("09:30", "09:30"),
        ("2026-11-25", "2026-11-25"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("5s", "5s"),
        ("您好", "您好"),
    ],
)
def test_values_follow_yaml_1_2(written: str, value: object) -> None:
    """Words that YAML 1.1 would twist stay what was written."""
    found = load(f"key: {written}\n", "f.yaml").value["key"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_always_text() -> None:
    """A bare 1: or yes: is the key "1" or "yes"."""
    assert load("{1: a, yes: b, true: c, 07: d}", "f.yaml").value == {"1": "a", "yes": "b", "true": "c", "07": "d"}


def test_positions_lead_to_the_key_or_the_nearest_parent() -> None:
    """Lines and columns count from 1; a path that is not there is answered by its parent."""
    document = load("a:\n  b: [1, {c: 2}]\n  d:\n    - x\n", "f.yaml")
    assert document.at(("a", "b", 1, "c")) == (2, 11)
    assert document.at(("a", "d", 0)) == (4, 7)
    assert document.at(("a", "d", 7, "nothing")) == (3, 3)
    assert document.at(("zzz",)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml:1:1: yaml/empty the file is empty; fill it, or delete it"),
        ("# only this\n", "f.yaml:1:1: yaml/empty the file has only comments"),
        ("a: 1\nb: 2\na: 3\n", 'f.yaml:3:1: yaml/duplicate-key "a" is here twice, first in line 1; keep one'),
        ("1: a\n'1': b\n", 'f.yaml:2:1: yaml/duplicate-key "1" is here twice, first in line 1; keep one'),
        ("a:\n\t- b\n", "f.yaml:2:1: yaml/syntax there is a tab here; indent with spaces"),
        ("a: b: c\n", 'f.yaml:1:4: yaml/syntax text that contains a colon needs quotes: write a: "b: c"'),
        ("a: [1, 2\n", "f.yaml:2:1: yaml/syntax a bracket or brace is not closed, or a comma is missing"),
        ("a: 'x\n", "f.yaml:2:1: yaml/syntax a quote is not closed"),
        (
            "a: 1\n---\nb: 2\n",
            "f.yaml:2:1: yaml/syntax a file holds only one document: move the line --- and all below it to another"
            " file",
        ),
        (
            "key: *9\n",
            'f.yaml:1:6: yaml/not-supported *9 is a YAML alias, which is not supported; for the text write "*9"',
        ),
        (
            "a: &x 1\n",
            "f.yaml:1:4: yaml/not-supported &x is a YAML anchor, which is not supported; write the value in full",
        ),
        (
            "a: !!python/object:os.system x\n",
            "f.yaml:1:4: yaml/not-supported tag:yaml.org,2002:python/object:os.system is a YAML tag, which is not "
            "supported; put text that begins with ! in quotes",
        ),
        ("a: b\x07\n", "f.yaml:1:5: yaml/syntax the character U+0007 is not allowed in YAML; remove it"),
        ("[a, b]: 1\n", "f.yaml:1:1: yaml/key a key must be a word or a quoted text"),
        ("? {a: b}\n: 1\n", "f.yaml:1:3: yaml/key a key must be a word or a quoted text"),
        ("a: " + "9" * 5000, "f.yaml:1:4: yaml/number a number of more than 30 digits; put it in quotes"),
        ("a: " + "[" * 50, "f.yaml:1:43: yaml/not-supported nested deeper than 40 levels"),
        (
            "名: 张伟\n".encode("gb18030"),
            "f.yaml:1:1: yaml/encoding the file is not UTF-8 from here on (GBK or another old code, some editors say"
            ' "ANSI"); save it as UTF-8',
        ),
        (
            "a: 1\nb: ü\n".encode("latin-1"),
            "f.yaml:2:4: yaml/encoding the file is not UTF-8 from here on; save it as UTF-8",
        ),
    ],
)
def test_each_fault_says_where_and_how_to_mend_it(text: str | bytes, message: str) -> None:
    """One line a fault, with file, line and column."""
    assert faults(text) == [message]


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    """The size is judged before anything else."""
    assert faults("a" * (MAX_BYTES + 1))[0].startswith("f.yaml:1:1: yaml/too-large the file has 1048577 bytes")


def test_all_duplicate_keys_are_reported_at_once() -> None:
    """The author mends everything in one go."""
    assert len(faults("a: {x: 1, x: 2}\nb: {y: 1, y: 2}\n")) == 2


def test_a_byte_order_mark_is_ignored() -> None:
    """Windows editors write one; it moves no column."""
    document = load("\ufeffa: 1\n".encode(), "f.yaml")
    assert document.value == {"a": 1}
    assert document.at(("a",)) == (1, 1)


@given(st.text(max_size=60) | st.text(alphabet="ab:- \n\t[]{}\"'&*!|>#%@`,?1", max_size=40))
def test_any_text_is_read_or_refused_with_a_problem(text: str) -> None:
    """No other exception ever leaves the loader."""
    with contextlib.suppress(AuthorError):
        load(text, "f.yaml")


class Wheel(Authored):
    size: int


class Cart(Authored):
    name: str
    wheels: list[Wheel] = Field(default=[])


def test_schema_faults_come_all_at_once_in_file_order() -> None:
    """Unknown keys get a suggestion, wrong types are named in plain words."""
    document = load("nmae: x\nwheels:\n  - size: big\n  - {size: 1, colour: red}\n", "f.yaml")
    with pytest.raises(AuthorError) as caught:
        validate(Cart, document)
    assert str(caught.value).splitlines() == [
        'f.yaml:1:1: schema/unknown-key unknown key "nmae"; did you mean "name"?',
        'f.yaml:3:5: schema/value size: this must be a whole number, not "big"; write it in digits, such as 2',
        'f.yaml:4:15: schema/unknown-key unknown key "colour"; known here: size',
    ]


def test_text_that_yaml_read_as_a_number_asks_for_quotes() -> None:
    """Most type faults are forgotten quotes."""
    with pytest.raises(AuthorError, match=r"f.yaml:1:1: schema/type name: this must be text; put it in quotes"):
        validate(Cart, load("name: 12", "f.yaml"))


def test_a_file_that_is_no_mapping_is_refused() -> None:
    """A list or a word at the top fits no schema."""
    with pytest.raises(AuthorError, match="the file: this must be a mapping"):
        validate(Cart, load("- a", "f.yaml"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("5s", 5), ("5m", 300), ("2h", 7200), ("1d", 86400), ("0s", 0)]
)
def test_durations(text: str, seconds: float) -> None:
    """A number and one unit."""
    assert parse_duration(text) == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize("text", [5, "5", "5 s", "-5s", "1.5s", "s", "", None, "5S", "9999999s"])
def test_what_is_no_duration(text: object) -> None:
    """Anything else is refused, also a bare number: its unit would be a guess."""
    with pytest.raises(PydanticCustomError, match="is not a duration"):
        parse_duration(text)


def test_suggestions() -> None:
    """A near word is suggested, otherwise what is known is listed."""
    assert suggest("confirmd", ["confirmed", "bye"]) == '; did you mean "confirmed"?'
    assert suggest("x", ["b", "a"]) == "; known here: a, b"
    assert suggest("x", []) == ""


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a:\n\tb: 1\n", (2, 1), "there is a tab here"),
        ("a: b: c\n", (1, 4), "text that contains a colon needs quotes"),
        ("a: {b:{c: 1}}\n", (1, 6), "a colon needs a space after it"),
        ("a: 1\n  b: 2\n c: 3\n", (2, 4), "a colon is not allowed here"),
        ("a:\n  - x\n b: 2\n", (3, 2), "wrong indentation"),
        (" a: 1\nb: 2\n", (2, 1), "wrong indentation"),
        ("a:\n  b: 1\n c: 2\n", (3, 2), "wrong indentation"),
        ("a: @x\n", (1, 4), "found character '@' that cannot start"),
        ("a: [1, 2\nb: 3\n", (2, 2), "a bracket or brace is not closed"),
        ('a: "x\n', (1, 4), "a quote is not closed"),
        ("a: 1\n---\nb: 2\n", (2, 1), "only one document"),
        ("- a\nb\n", (2, 1), "a dash is missing: write - b"),
        ("[" * 2000, (1, 1001), "nested deeper than 40 levels"),
    ],
)
def test_faults_of_syntax_say_what_to_do_at_their_place(text: str, place: tuple[int, int], words: str) -> None:
    with pytest.raises(AuthorError) as caught:
        load(text, "f.yaml")
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == place
    assert words in problem.message


def test_a_sign_that_looks_like_a_comment_may_stand_in_text() -> None:
    for text in ("a: 按＃号键", 'a: "one ＃ two"', "a: |\n  one\n  ＃ two", "{＃: yes}", "a: [＃]"):
        assert "＃" in str(load(text, "f.yaml").value)


def test_the_keys_that_begin_at_the_edge_are_those_of_flows_and_campaigns() -> None:
    fields = {**Flow.model_fields, **CampaignFile.model_fields}
    assert {field.alias or name for name, field in fields.items()} == TOP_KEYS


def test_a_name_of_a_hundred_thousand_characters_makes_no_such_message() -> None:
    with pytest.raises(AuthorError, match="&xxx") as caught:
        load(f"a: &{'x' * 100_000} 1\n", "f.yaml")
    assert len(str(caught.value)) < 2100
