"""Where a setting stands in its file, and what is wrong with an address, without any part of it."""

from __future__ import annotations

import tomllib

import pytest

from agi_app.config import database_url, toml_lines

TEXT = '[asterisk]\nurl = "x"\n[trunks.a]\nendpoint = "y"\n'


@pytest.mark.parametrize(
    ("path", "line"), [(["asterisk", "url"], 2), (["trunks", "a", "nothing"], 3), (["nothing"], None)]
)
def test_a_setting_or_the_table_that_lacks_it_is_found(path: list[str], line: int | None) -> None:
    found = toml_lines.find(toml_lines.places(TEXT), path)
    assert (found and found[0]) == line


def test_a_typographic_quote_is_named_where_it_stands() -> None:
    text = "[asterisk]\nurl = “x”\n"
    with pytest.raises(tomllib.TOMLDecodeError) as fault:
        tomllib.loads(text)
    ((place, words),) = toml_lines.syntax_faults(text, fault.value)
    assert place == (2, 7)
    assert "typographic quote" in words


def test_a_password_with_a_sign_of_addresses_is_told_without_it() -> None:
    fault = database_url.fault_in("postgresql://u:s3cr@et@h/db")
    assert fault is not None
    assert "write @ as %40" in fault
    assert "s3cr" not in fault
    assert database_url.fault_in("postgresql://u:p@h/db") is None
