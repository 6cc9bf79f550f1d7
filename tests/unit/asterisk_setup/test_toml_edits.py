"""agi-app.toml is edited in place: comments stay, nothing else changes, and what cannot be done safely is told."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.asterisk_setup.toml_edits import with_settings, without_table, written
from agi_app.errors import ConfigError

NAME = st.from_regex(r"[a-z][a-z0-9_-]{0,6}", fullmatch=True)
VALUE = st.one_of(
    st.integers(-99, 99_999), st.booleans(), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
)
TABLES = st.dictionaries(NAME, st.dictionaries(NAME, VALUE, max_size=4), max_size=4)


def toml(tables: dict[str, dict[str, object]]) -> str:
    return "".join(
        f"# of {name}\n[{name}]\n" + "".join(f"{key} = {written(value)}  # {key}\n" for key, value in keys.items())  # type: ignore[arg-type]
        for name, keys in tables.items()
    )


@given(TABLES, NAME, NAME, VALUE)
def test_one_value_is_set_and_no_other(
    tables: dict[str, dict[str, object]], table: str, key: str, value: str | int | bool
) -> None:
    text = toml(tables)
    after = with_settings(text, {(table, key): value}, "x.toml")
    assert tomllib.loads(after) == {**tables, table: {**tables.get(table, {}), key: value}}
    assert text.count("#") == after.count("#") - str(value).count("#") + str(tables.get(table, {}).get(key, "")).count(
        "#"
    )
    assert with_settings(after, {(table, key): value}, "x.toml") == after, "again changes nothing"


@given(TABLES, NAME)
def test_a_table_comes_and_goes(tables: dict[str, dict[str, object]], name: str) -> None:
    text = toml(tables)
    after = (
        with_settings(text, {("trunks", name, "endpoint"): "PJSIP/{number}@x"}, "x.toml")
        if "trunks" not in tables
        else ""
    )
    if after:
        assert tomllib.loads(without_table(after, ("trunks", name), "x.toml")) == tables


@pytest.mark.parametrize(
    "text",
    ["asterisk = {url = 'a'}\n", "[asterisk]\nurl = '''a\nb'''\n", '[asterisk]\nurl = """a"""\n'],
)
def test_what_cannot_be_edited_safely_is_told_with_the_lines(text: str) -> None:
    with pytest.raises(ConfigError, match=r'\[asterisk\] url = "http://x"'):
        with_settings(text, {("asterisk", "url"): "http://x"}, "x.toml")


def test_line_ends_of_windows_stay() -> None:
    assert with_settings("[a]\r\nb = 1\r\n", {("a", "c"): 2}, "x") == "[a]\r\nc = 2\r\nb = 1\r\n"
    assert with_settings("[a]", {("a", "c"): 2}, "x") == "[a]\nc = 2\n"
