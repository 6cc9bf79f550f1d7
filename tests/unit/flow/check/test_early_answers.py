"""A question that tells who the person is must not be answered before it begins."""

from __future__ import annotations

import pytest

from agi_app.flow.check.early_answers import answered_unheard
from agi_app.flow.load import parse_flow
from agi_app.messages import speaking

HEAD = """\
flow: f
languages: [en]
identify: {business: {en: Sunshine Dental}}
start: a
nodes:
  stranger: [{wrong_number: sorry}]
  bye: [{hangup: null}]
  a:
"""
WHO = 'gather: {prompt: who, keys: {"1": me, "7": stranger}%s}\n      on: {me: bye, stranger: %s, no_input: bye}'
OPEN, SHUT = WHO % ("", "stranger"), WHO % (", early: false", "stranger")


def _found(*steps: str, more: str = "", head: str = HEAD) -> list[tuple[int, str]]:
    source = parse_flow(head + "".join(f"    - {step}\n" for step in steps) + more, "flows/f.yaml")
    return [(p.line, p.severity) for p in answered_unheard(source)]


@pytest.mark.parametrize(
    ("steps", "warned"),
    [
        (["play: hello", OPEN], [10]),
        (["play: hello", SHUT], []),
        (["play: hello", WHO % (", barge_in: false", "stranger")], []),  # no key counts in its prompt either
        ([OPEN], []),  # nothing comes before it
        (["play: {prompt: hello, barge_in: false}", OPEN], []),
        (["play: hello", "play: {prompt: more, barge_in: false}", OPEN], [11]),  # kept, heard out, and then it counts
        (["say: {text: {en: Hello}}", "set: {x: 1}", OPEN], [11]),
        (["play: hello", WHO % ("", "bye")], []),  # it ends the call, and no consent
        (["play: hello", 'gather: {prompt: x, keys: {"1": yes}}', OPEN], []),  # that question forgets all keys
        (["play: hello", "record: {prompt: x, save: y}", OPEN], []),
    ],
)
def test_it_warns_where_a_key_before_the_question_would_say_who_somebody_is(
    steps: list[str], warned: list[int]
) -> None:
    assert _found(*steps) == [(line, "warning") for line in warned]


def test_ways_are_followed_to_the_question_and_from_its_answer() -> None:
    more = (
        '  b:\n    - branch:\n        - {when: contact.vip == "yes", goto: bye}\n'
        f"    - {WHO % ('', 'c')}\n  c: [{{set: {{disposition: no}}}}, {{goto: stranger}}]\n"
    )
    assert _found("play: hello", "goto: b", more=more) == [(14, "warning")]


def test_a_flow_that_others_call_begins_behind_their_prompts() -> None:
    head = HEAD.replace("start:", "parameters: [x]\nstart:")
    assert _found(SHUT, head=head) == []
    assert _found(OPEN, head=head) == [(10, "warning")]


def test_it_says_what_to_write_in_both_languages() -> None:
    source = parse_flow(f"{HEAD}    - play: hello\n    - {OPEN}\n", "flows/f.yaml")
    with speaking("en"):
        (english,) = answered_unheard(source)
    with speaking("zh"):
        (chinese,) = answered_unheard(source)
    assert all('"stranger"' in told and "early: false" in told for told in (english.message, chinese.message))
    assert "请写" in chinese.message
