"""Stored English is told again in the language of who reads; what is somebody's own stays as it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from agi_app.contacts.whole_list import ShrunkList, refuse_shrunk
from agi_app.messages import catalogue, speaking
from agi_app.messages.retold import _LEAST, _form, retold
from agi_app.model.reason_catalogue import GATE
from agi_app.printable import count_of
from agi_app.store.people.contact_changes import Missing
from tests import message_templates as source

STORED = ("dialer", "calls", "pbx", "store", "proof", "consent")  # whose sentences rows and logs have


def rendered(template: str, other: str, values: list[str]) -> tuple[str, str]:
    """A template and its Chinese, with the same words in place of values, whatever their format."""
    names = sorted(source.placeholders(template))
    given = dict(zip(names, values, strict=False))
    return _form("", template).template.format(**given), _form("", other).template.format(**given)


@pytest.mark.parametrize("package", STORED)
def test_each_sentence_is_found_again_by_its_template(package: str) -> None:
    import json

    from agi_app.messages import CATALOGUES

    texts = json.loads((CATALOGUES / "zh" / f"{package}.json").read_text(encoding="utf-8"))
    values = ["17", "x-1", "y_2", "2026-03-02", "z.3", "w4", "v5", "u6"]
    wrong = []
    with speaking("zh"):
        for english, chinese in texts.items():
            said, wanted = rendered(english, chinese, values)
            form = _form(english, chinese)
            enough = form.letters >= _LEAST[english.startswith("{")] or "{" not in english
            if enough and "\n" not in said and retold(said) != wanted:
                wrong.append(f"{said!r} is told as {retold(said)!r}, not {wanted!r}")
    assert wrong == []


def test_values_are_told_again_too() -> None:
    said = "worker one: trunk carrier: 5 calls in a row failed on the trunk's side (last: busy); a call tries it now"
    with speaking("zh"):
        assert retold(said).count("中继") == 2
        assert "连续 5 通呼叫" in retold(said)
        assert "正用一次呼叫试它" in retold(said)


def counted() -> Iterator[tuple[str, str]]:
    """What the code counts: the words for one and for many."""
    for found in source.modules("agi_app"):
        for node in ast.walk(found.tree):
            if isinstance(node, ast.Call) and source.name_of(node) == "count_of":
                words = [one.value for one in node.args[1:] if isinstance(one, ast.Constant)]
                if words:
                    yield str(words[0]), str(words[1]) if len(words) > 1 else ""


@pytest.mark.parametrize("number", [1, 7])
def test_what_was_counted_is_told_again(number: int) -> None:
    every = sorted(set(counted()))
    assert ("contact", "") in every
    assert ("entry is", "entries are") in every
    for one, many in every:
        english = count_of(number, one, many)
        with speaking("zh"):
            assert retold(english) == count_of(number, one, many), english
            assert retold(english) != english
    with speaking("zh"):
        assert retold("7 wise men") == "7 wise men", "somebody's own words"


def test_a_count_within_a_sentence_is_told_again_too() -> None:
    """As `feed log`, `feed status`, doctor and the worker's log have it."""
    with pytest.raises(ShrunkList) as stored:
        refuse_shrunk(Missing(waiting=17, missing=7), "list.csv", "office")
    assert "7 contacts" in str(stored.value)
    with speaking("zh"), pytest.raises(ShrunkList) as wanted:
        refuse_shrunk(Missing(waiting=17, missing=7), "list.csv", "office")
    with speaking("zh"):
        assert retold(str(stored.value)) == str(wanted.value)
        assert "7 个联系人" in retold(str(stored.value))


def test_reasons_of_the_gate_are_told_again() -> None:
    english = f"campaign_not_running: {GATE['campaign_not_running'].en.format(state='paused')}"
    with speaking("zh"):
        assert retold(english) == "campaign_not_running：活动paused"
        later = "cap_per_day: 1 of 1 calls in 24 hours were already made (again from 2026-03-04 02:00 UTC)"
        assert retold(later) == "cap_per_day：24 小时内已呼叫 1 次，上限 1 次（2026-03-04 02:00 UTC 起可再问）"


def test_own_words_and_english_readers_have_it_as_it_is() -> None:
    own = "the office is closed until Tuesday"
    with speaking("zh"):
        assert retold(own) == own
        assert retold("") == ""
    for text in catalogue("zh"):
        assert retold(text) == text
