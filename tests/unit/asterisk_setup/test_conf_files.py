"""Asterisk's .conf files are read as Asterisk reads them, and faults are told with their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.asterisk_setup.conf_files import Conf, read_conf
from agi_app.asterisk_setup.plan import with_include, without_include
from tests.unit.asterisk_setup.asterisk_files import Texts

WORD = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
VALUE = st.from_regex(r"[A-Za-z0-9./@${}()|,:-]{1,20}", fullmatch=True)
OPTIONS = st.lists(st.tuples(WORD, VALUE), max_size=5)
SECTIONS = st.lists(st.tuples(WORD, OPTIONS), max_size=6, unique_by=lambda one: one[0])
NOISE = st.sampled_from(["", "; a comment", "  ", ";-- of\nseveral [x\nlines --;", ";--- a line"])


def read(text: str, **more: str) -> Conf:
    """``more``: other files, by names without .conf."""
    return read_conf(Texts({"x.conf": text} | {f"{name}.conf": other for name, other in more.items()}), "x.conf")


@given(SECTIONS, st.data())
def test_what_is_written_is_read(sections: list[tuple[str, list[tuple[str, str]]]], data: st.DataObject) -> None:
    """With comments and blanks anywhere, and either sign."""
    lines = []
    for name, options in sections:
        lines += [data.draw(NOISE), f" [{name}]  ; of {name}"]
        for key, value in options:
            sign = data.draw(st.sampled_from(["=", " = ", "=>", " => "]))
            lines += [data.draw(NOISE), f"{key}{sign}{value}{data.draw(st.sampled_from(['', ' ; = no', '  ']))}"]
    conf = read("\n".join(lines))
    assert not conf.problems
    assert [(s.name, [(o.name, o.value) for o in s.options]) for s in conf.sections] == sections


@given(st.text(alphabet=st.sampled_from('ab=[];-+()!#\\ \n\r"include'), max_size=200))
def test_no_text_ends_the_reader(text: str) -> None:
    conf = read(text)
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in conf.problems)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200), st.booleans())
def test_a_line_of_ours_is_found_and_taken_out_again(text: str, windows: bool) -> None:
    text = text.replace("\r", "").rstrip("\n") + "\n"
    text = text.replace("\n", "\r\n") if windows else text
    assert without_include(with_include(text, "http.conf")) == text
    assert without_include(text) == text, "there is nothing of ours"


def test_the_last_value_counts_and_later_files_add_to_a_section() -> None:
    """So a file of ours that comes last has the last word."""
    conf = read('[general]\nenabled=no\n[b]\n#include "y.conf"\n', y="[general](+)\nenabled=yes\nport => 1\n")
    assert (found := conf.option("general", "enabled")) is not None
    assert (found.value, found.place, found.true) == ("yes", "y.conf:2", True)
    assert len(conf.sections) == 2


def test_an_option_behind_an_include_goes_on_in_the_section_that_it_opened() -> None:
    conf = read("[a]\n#include y.conf\nx=1\n", y="[b]\n")
    assert conf.option("b", "x") is not None
    assert conf.option("a", "x") is None


def test_a_section_has_what_its_templates_have() -> None:
    conf = read("[base](!)\ntype=transport\nport=1\n[a](base)\nport=2\n[c](base)\n")
    assert [one.name for one in conf.of_type("transport")] == ["a", "c"]
    assert [conf.value(one, "port").value for one in conf.of_type("transport")] == ["2", "1"]  # type: ignore[union-attr]


def test_files_of_ours_are_not_followed() -> None:
    """Else a second setup would find its own settings and take them for those of others."""
    texts = Texts({"x.conf": '[general]\n#tryinclude "agi-app/x.conf"\n', "agi-app/x.conf": "[general](+)\na=1\n"})
    conf = read_conf(texts, "x.conf")
    assert conf.option("general", "a") is None
    assert conf.includes_of_ours("x.conf")
    assert not conf.includes_of_ours("y.conf")


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("[general\nx=1\n", 1, "]"),
        ("a=1\n[x]\n", 1, "above the first"),
        ("[x]\n[y](+)\n", 2, "[y]"),
        ('[x]\n#include "gone.conf"\n', 2, "gone.conf"),
        ("[x]\n;-- begins\nb=1\n", 2, "--;"),
    ],
)
def test_what_asterisk_refuses_is_told_with_its_place(text: str, line: int, word: str) -> None:
    (problem,) = read(text).problems
    assert (problem.file, problem.line) == ("x.conf", line)
    assert word in problem.message


@pytest.mark.parametrize(
    "text",
    ['[x]\n#tryinclude "gone.conf"\n', '[x]\n#include "gone.d/*.conf"\n', "[x]\nno sign here\n", "", "[x]\na=\\;b\n"],
)
def test_what_asterisk_takes_is_no_fault(text: str) -> None:
    assert not read(text).problems


def test_includes_that_include_each_other_end() -> None:
    assert read('[a]\n#include "y.conf"\n', y='b=1\n#include "x.conf"\n').option("a", "b") is not None


def test_a_bom_is_skipped_as_asterisk_skips_it() -> None:
    conf = read_conf(
        Texts({"x.conf": "\ufeff[general]\nenabled = yes\n#include y.conf\n", "y.conf": "\ufeffa=1\n"}), "x.conf"
    )
    assert conf.problems == []
    assert [(o.name, o.value) for o in conf.sections[0].options] == [("enabled", "yes"), ("a", "1")]
