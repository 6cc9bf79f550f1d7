"""A name that changed works for one release more, and whoever uses it is told the new one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agi_app.authoring import renames
from agi_app.authoring.renames import GONE_IN, OldName


@contextmanager
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize(
    ("given", "meant", "old", "new"),
    [
        ("consent revoke +1 --at x", "stop +1 --at x", "`agi-app consent revoke`", "`agi-app stop`"),
        ("consent revoke --file f", "stop --file f", "`agi-app consent revoke`", "`agi-app stop`"),
        ("suppression add +1", "stop +1", "`agi-app suppression add`", "`agi-app stop`"),
        (
            "consent revoke +1 --purpose=survey",
            "consent withdraw +1 --purpose=survey",
            "`agi-app consent revoke`",
            "`agi-app consent withdraw`",
        ),
        ("diagram x --lang en", "diagram x --language en", "--lang", "--language"),
        ("consent show +1 --lang=zh", "consent show +1 --language=zh", "--lang", "--language"),
        ("rehearse f +1 --show +2", "rehearse f +1 --caller-id +2", "--show", "--caller-id"),
        ("report x --out f", "report x --output f", "--out", "--output"),
    ],
)
def test_an_old_command_or_option_is_the_new_one(given: str, meant: str, old: str, new: str) -> None:
    assert renames.command_line(given.split()) == (
        meant.split(),
        [f"{old} is called {new} now; the old name works until agi-app {GONE_IN}"],
    )
    assert renames.command_line(meant.split()) == (meant.split(), [])


@pytest.mark.parametrize(
    "words", ["complaint add +1 --text revoke", "guard report --language zh", "simulate f -- --lang", "report --lang"]
)
def test_other_words_stay(words: str) -> None:
    assert renames.command_line(words.split()) == (words.split(), [])


def test_old_settings_are_the_new_ones() -> None:
    old = {
        "speech": {"taps": 2},
        "trunks": {
            "gsm": {"endpoint": "PJSIP/{number}@gsm-{line}", "lines": {"p1": {"number": "+1"}}},
            "a": {"endpoint": "PJSIP/{number}@a"},
        },
        "lines": {"main": {"number": "+1"}},
    }
    with pytest.warns(OldName) as said:
        found = renames.in_settings(old)
    assert found == {
        "speech": {"snoop_channels": 2},
        "trunks": {
            "gsm": {"endpoint": "PJSIP/{number}@gsm-{port}", "ports": {"p1": {"number": "+1"}}},
            "a": {"endpoint": "PJSIP/{number}@a"},
        },
        "lines": {"main": {"number": "+1"}},
    }
    assert [str(one.message) for one in said] == [
        f"taps in [speech] is called snoop_channels now; the old name works until agi-app {GONE_IN}",
        f"lines in [trunks.gsm] is called ports now; the old name works until agi-app {GONE_IN}",
        f"{{line}} in endpoint of [trunks.gsm] is called {{port}} now; the old name works until agi-app {GONE_IN}",
    ]
    with quiet():
        assert renames.in_settings(found) == found


def test_settings_of_another_shape_stay_as_they_are() -> None:
    """Who judges them says what is wrong."""
    odd = {"speech": 3, "trunks": {"a": "x", "b.c": {"endpoint": 4}}}
    with quiet():
        assert renames.in_settings(odd) == odd
        both = {"speech": {"taps": 1, "snoop_channels": 2}}
        assert renames.in_settings(both) == both


def test_a_fault_in_an_old_table_is_found_where_it_stands() -> None:
    known = {("trunks", "gsm", "lines", "p1", "number"): (3, 1), ("lines", "main"): (9, 1)}
    assert renames.paths_today(known) == known | {("trunks", "gsm", "ports", "p1", "number"): (3, 1)}


def test_programs_read_both_names_of_what_a_command_prints() -> None:
    assert renames.in_json("doctor", {"check": "worker", "ok": False, "fix": "start it"}) == {
        "check": "worker",
        "ok": False,
        "fix": "start it",
        "well": False,
        "mend": "start it",
    }
