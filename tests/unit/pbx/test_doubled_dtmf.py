"""A key that is told twice is one key; a key that is pressed twice is two."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from agi_app.pbx.doubled_dtmf import ECHO_S, KeyPairs


def typed(*events: tuple[float, str]) -> str:
    """The keys that are left of starts (``+3``) and releases (``3``) at these seconds."""
    pairs, left = KeyPairs(), ""
    for at, event in events:
        if event.startswith("+"):
            left += event[1] if pairs.began(event[1], at) else ""
        elif not pairs.is_echo(event, at):
            left += event
    return left


def test_a_release_that_is_told_again_counts_once() -> None:
    """As Asterisk told of 1234# that pjsua sent: 123344."""
    told = [(0.0, "+3"), (0.05, "3"), (0.06, "+4"), (0.07, "4"), (0.13, "3"), (0.2, "4"), (0.3, "4")]
    assert typed(*told) == "34"


def test_a_key_pressed_twice_counts_twice_however_fast() -> None:
    assert typed((0.0, "+3"), (0.01, "+3"), (0.02, "3"), (0.03, "3"), (0.04, "3")) == "33"


def test_without_starts_every_release_counts() -> None:
    """SIP INFO, and a worker whose manager interface is away."""
    assert typed((0.0, "3"), (0.01, "3"), (0.02, "3")) == "333"


def test_a_lost_start_costs_nothing_when_it_is_no_echo() -> None:
    assert typed((0.0, "+3"), (0.1, "3"), (0.2 + ECHO_S, "3")) == "33"


def test_starts_that_are_heard_of_after_their_releases_add_nothing_and_cost_nothing() -> None:
    """The two come over two connections, and a busy worker may read the second one first."""
    assert typed((0.0, "4"), (0.01, "+4"), (0.02, "4")) == "4", "the second is an echo"
    assert typed((0.0, "+4"), (0.1, "4"), (0.2, "4"), (0.21, "+4")) == "44"
    assert typed((0.0, "4"), (0.1, "4"), (0.11, "+4"), (0.12, "+4"), (0.13, "4"), (0.14, "4")) == "44"


@given(st.lists(st.tuples(st.sampled_from("34"), st.integers(0, 3)), max_size=8), st.randoms())
def test_every_start_has_one_release_whatever_echoes_there_are(keys: list[tuple[str, int]], chance: Random) -> None:
    """Keys one after another, each told up to four times, its start heard of up to two tellings late."""
    told: list[tuple[float, str]] = []
    for number, (key, echoes) in enumerate(keys):
        own = [f"+{key}", key, *([key] * echoes)]
        if chance.random() < 0.3:
            own[0], own[1] = own[1], own[0]
        told += [(number * 0.1 + place * 0.02, one) for place, one in enumerate(own)]
    assert typed(*told) == "".join(key for key, _ in keys)
