"""A megabyte of YAML in whatever shape ends within two seconds of the processor, with a place in the file."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest

from agi_app.authoring.yaml_lines import MAX_BYTES, MAX_VALUES, MOST_PROBLEMS, load
from agi_app.errors import AuthorError
from agi_app.flow.check.flow_rules import check_flow
from agi_app.flow.load import parse_flow

pytestmark = pytest.mark.slow

SECONDS = 6.0  # what grows with the square of the text takes minutes; the machine may be slow
HEAD = 'flow: x\nlanguages: [en]\nidentify: {business: {en: S}}\nopt_out: {key: "9", confirm: a}\nstart: n0\n'
LINES: dict[str, str] = {
    "items on lines of their own": "- a\n",
    "keys of no value": "? \n",
    "a key again and again": "k: v\n",
    "documents": "---\n",
    "comments": "#\n",
    "next lines": "\x85",
    "colons": "a:",
    "numbers": "- 1e9\n",
    "keys within brackets": "[[[[[[[[[[[[]]]]]]]]]]]]: 1\n",
    "brackets": "[",
    "braces": "{a: ",
    "dashes": "- ",
    "anchors": "- &a 1\n",
    "aliases": "- *a\n",
    "directives": "%a\n",
    "pictures": "- \U0001f600\n",
}


def in_time(work: Callable[[], object]) -> list[str]:
    """The lines of the error, none when there is no error.

    In this process's own time, as if it held nothing of other tests; a core that is shared with others may be slow
    once, and what takes long by itself takes long again.
    """
    gc.collect()
    gc.freeze()
    try:
        said, took = _timed(work)
        if took >= SECONDS:
            said, took = _timed(work)
    finally:
        gc.unfreeze()
    assert took < SECONDS
    return said


def _timed(work: Callable[[], object]) -> tuple[list[str], float]:
    began = time.process_time()
    try:
        work()
        said = []
    except AuthorError as error:
        said = str(error).splitlines()
    return said, time.process_time() - began


@pytest.mark.attack("row 19: a megabyte of YAML")
@pytest.mark.parametrize("part", LINES.values(), ids=LINES)
def test_a_megabyte_of_one_thing_ends_soon(part: str) -> None:
    text = part * (MAX_BYTES // len(part.encode()))
    assert len(in_time(lambda: load(text, "f.yaml"))) <= MOST_PROBLEMS


@pytest.mark.attack("row 19: a megabyte of YAML")
@pytest.mark.parametrize(
    "text", ["[" + "a," * 500_000 + "]", "{" + "a: 1, " * 170_000 + "}", "[" * 39 + "a," * 500_000]
)
def test_more_values_than_people_write_are_refused_with_their_place(text: str) -> None:
    (said,) = in_time(lambda: load(text, "f.yaml"))
    assert "yaml/too-large" in said
    assert str(MAX_VALUES) in said


@pytest.mark.attack("row 19: names that nobody has, by the thousand")
@pytest.mark.parametrize(
    "text",
    [
        HEAD + "nodes:\n" + "".join(f"  n{i}: [{{goto: x{i}}}]\n" for i in range(15_000)),
        HEAD + "nodes:\n" + "".join(f"  n{i}: [{{plai: x{i}}}]\n" for i in range(15_000)),
        HEAD + "".join(f"key{i}: 1\n" for i in range(48_000)),
        HEAD + "nodes:\n" + "".join(f"  n{i}: [{{goto: {'w' * 1000}{i}}}]\n" for i in range(900)),
        HEAD + "nodes:\n  n0:\n" + "".join(f"  - goto: {'n' * (i % 60)}x{i}\n" for i in range(30_000)),
    ],
)
def test_thousands_of_faults_are_told_up_to_a_limit_and_soon(text: str) -> None:
    def check() -> None:
        if problems := check_flow(parse_flow(text.encode(), "f.yaml"), {}):
            raise AuthorError(*problems)

    assert 1 <= len(in_time(check)) <= 3 * MOST_PROBLEMS
