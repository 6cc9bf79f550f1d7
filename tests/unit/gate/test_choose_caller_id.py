"""Which number a person sees: hangs on their number and what they saw, and on nothing else."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agi_app.gate.caller_id_rules import choose_caller_id, numbers_of
from agi_app.gate.facts import ProofFact
from tests.unit.gate_cases import CALLER_ID, CAMPAIGN, NOW, YEAR, judge

LONDON, SHANGHAI, PUDONG = "+442079460001", "+999862155500002", "+999862158880003"
LOCAL = replace(
    CAMPAIGN,
    local_caller_ids=(("+44207", LONDON), ("+9998621", SHANGHAI), ("+99986215888", PUDONG)),
)
callees = st.sampled_from(["+442079460999", "+447700900123", "+999862150000009", "+999862158881234", "+9998613800001"])
ours = st.sampled_from([LONDON, SHANGHAI, PUDONG, CALLER_ID])
prefixes = st.sampled_from(["+4", "+44", "+44207", "+9998621", "+99986215888", "+9998613"])
lists = st.dictionaries(prefixes, ours, max_size=5).map(lambda found: tuple(found.items()))


def test_the_longest_prefix_wins_else_the_campaigns_own() -> None:
    assert choose_caller_id(LOCAL, "+442079460999", None) == LONDON
    assert choose_caller_id(LOCAL, "+999862150000009", None) == SHANGHAI
    assert choose_caller_id(LOCAL, "+999862158881234", None) == PUDONG
    assert choose_caller_id(LOCAL, "+447700900123", None) == CALLER_ID


def test_who_has_seen_one_of_them_sees_it_again_wherever_they_are() -> None:
    """Also after a refusal: nothing but the number that was seen is ever shown."""
    for seen in numbers_of(LOCAL):
        for callee in ("+442079460999", "+999862158881234", "+447700900123"):
            assert choose_caller_id(LOCAL, callee, seen) == seen


def test_every_number_of_a_campaign_once() -> None:
    twice = replace(LOCAL, local_caller_ids=(("+1", LONDON), ("+44", LONDON), ("+86", CALLER_ID)))
    assert numbers_of(twice) == (CALLER_ID, LONDON)


@given(first=lists, second=lists, callee=callees, own=ours, other=ours)
def test_no_list_ever_changes_what_a_person_sees(
    first: tuple[tuple[str, str], ...], second: tuple[tuple[str, str], ...], callee: str, own: str, other: str
) -> None:
    """Add, remove, change entries, change the campaign's own number: the one seen, or (by the rule) no call."""
    seen = choose_caller_id(replace(CAMPAIGN, caller_id=own, local_caller_ids=first), callee, None)
    later = replace(CAMPAIGN, caller_id=other, local_caller_ids=second)
    shown = choose_caller_id(later, callee, seen)
    assert shown == seen or seen not in numbers_of(later)


@given(entries=lists, callee=callees, seen=st.none() | ours)
def test_the_order_of_the_entries_does_not_matter(
    entries: tuple[tuple[str, str], ...], callee: str, seen: str | None
) -> None:
    forward, backward = (replace(CAMPAIGN, local_caller_ids=e) for e in (entries, entries[::-1]))
    assert choose_caller_id(forward, callee, seen) == choose_caller_id(backward, callee, seen) in numbers_of(forward)


def test_the_gate_names_the_number_and_asks_for_its_proof() -> None:
    number = "+999862150000009"
    own, local = (ProofFact(n, "call", NOW + YEAR) for n in (CALLER_ID, SHANGHAI))
    unproved = judge(campaign=LOCAL, number=number, caller_id_proofs=(own,))
    assert (unproved.rules, unproved.caller_id) == (("caller_id_unproved",), SHANGHAI)
    assert judge(campaign=LOCAL, number=number, caller_id_proofs=(local,)).allowed
    gone = judge(number=number, caller_id_proofs=(own,), caller_id_seen=SHANGHAI)
    assert gone.rules == ("caller_id_changed",)
