"""A missing space, or the marks of a merge, is told where it stands, not where YAML gives up."""

from __future__ import annotations

import pytest

from agi_app.authoring.yaml_lines import load
from agi_app.errors import AuthorError

FLOW = """\
flow: checkup
purpose: transactional
nodes:
  bye:
    - play: thanks
    - hangup
"""


def told(text: str) -> str:
    with pytest.raises(AuthorError) as caught:
        load(text, "f.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("purpose: tr", "purpose:tr", "f.yaml:2:8: yaml/syntax a space is missing after the colon: write purpose: tr"),
        ("- play: th", "- play:th", None),  # a text that YAML takes; the schema says what is wrong with it
        ("    - play", "    -play", "f.yaml:5:5: yaml/syntax a space is missing after the dash: write - play: thanks"),
        ("flow: checkup\n", "<<<<<<< HEAD\nflow: a\n=======\nflow: b\n>>>>>>> x\n", "f.yaml:1:1: yaml/syntax <<<<<<<"),
        ("flow: checkup\n", "flow: checkup\n=======\n", "f.yaml:2:1: yaml/syntax ======= is left from a merge"),
        (
            "flow: checkup\n",
            "flow: checkup\nsays: 'Don't forget, {contact.name}'\n",
            "f.yaml:2:11: yaml/syntax this apostrophe ends a text in single quotes: put the text in double quotes,"
            ' "Don\'t forget, {contact.name}"',
        ),
        (
            "flow: checkup\n",
            "flow: checkup\nsays: {zh-CN: '好', en: 'It's on'}\n",
            "f.yaml:2:27: yaml/syntax this apostrophe ends a text in single quotes: put the text in double",
        ),
        (
            "flow: checkup\n",
            "李敏 2026/3/2 10:15\n# a reminder\nflow: checkup\n",
            "f.yaml:1:1: yaml/syntax this line is no key with a value: remove it, or begin it with # as a comment",
        ),
        ("nodes:", "nodes: [", "f.yaml:"),  # no slip of this kind: what the parser says
    ],
)
def test_a_slip_is_told_where_it_stands(old: str, new: str, said: str | None) -> None:
    text = FLOW.replace(old, new, 1)
    assert text != FLOW
    if said is None:
        load(text, "f.yaml")
    else:
        assert told(text).startswith(said)


def test_a_time_an_address_and_a_text_with_a_colon_are_no_slips() -> None:
    """Something else is wrong there, and they are not blamed."""
    for line in ("at: 09:30", "url: http://a.example", "says: 'Note:this'"):
        assert "space is missing" not in told(f"{line}\nbroken: [\n")
