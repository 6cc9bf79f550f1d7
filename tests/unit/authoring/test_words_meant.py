"""What people write, and what they meant: signs of Chinese keyboards, names of places, other words for a key."""

from __future__ import annotations

import pytest

from agi_app.authoring import country_and_zone_names, full_width, synonyms
from agi_app.authoring.misplaced_files import misplaced
from agi_app.authoring.yaml_lines import load


def test_a_full_width_sign_is_named_with_the_key_to_type() -> None:
    assert full_width.ascii_of("：“”，") == ':"",'
    assert full_width.first("ab：c") == 2
    assert full_width.naming("：") == "： (U+FF1A) is full-width; type the ASCII :"
    assert full_width.hint("这是：中文") == "", "prose may have it"


@pytest.mark.parametrize("name", ["Asia/Beijing", "Shanghai"])
def test_a_city_gets_its_time_zone(name: str) -> None:
    assert not country_and_zone_names.is_zone(name)
    assert country_and_zone_names.zone_meant(name) == '; did you mean "Asia/Shanghai"?'


@pytest.mark.parametrize(("name", "code"), [("China", "CN"), ("瑞士", "CH"), ("UK", "GB"), ("Atlantis", None)])
def test_a_country_gets_its_code(name: str, code: str | None) -> None:
    assert country_and_zone_names.country_meant(name) == code


def test_a_key_has_an_example_and_its_spelling_does_not_matter() -> None:
    assert synonyms.example("goto") == "goto: NODE"
    assert synonyms.small_word("Ｐhone Number") == "phone_number"
    assert synonyms.other_word("xyzzy", ("number",)) is None


def test_a_campaign_among_the_flows_is_one_fault() -> None:
    found = misplaced(load("campaign: x\npurpose: survey\nflow: f\n", "flows/x.yaml"))
    assert found is not None
    assert "put it into campaigns/" in found.message
    assert misplaced(load("flow: f\nnodes: {a: [hangup]}\n", "flows/x.yaml")) is None
