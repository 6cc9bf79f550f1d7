"""The province, state or city that a number's digits tell, asked for in English or Chinese."""

from __future__ import annotations

import pytest

from agi_app.model.number_places import NOWHERE, NumberPlace, place_of


@pytest.mark.parametrize(
    ("number", "en", "zh"),
    [
        ("+8613880012345", "Chengdu, Sichuan", "四川省成都市"),
        ("+99986138800123456", "Chengdu, Sichuan", "四川省成都市"),  # a test number that looks like one
        ("+861012345678", "Beijing", "北京市"),
        ("+12125550101", "New York, NY", ""),
        ("+442079460001", "London", ""),
    ],
)
def test_the_digits_tell_province_or_city(number: str, en: str, zh: str) -> None:
    assert place_of(number) == NumberPlace(en, zh)


@pytest.mark.parametrize("number", ["+447700900001", "erased:5", "", "+"])
def test_what_tells_nothing_is_nowhere(number: str) -> None:
    assert place_of(number) == NOWHERE


@pytest.mark.parametrize("wanted", ["Sichuan", "sichuan ", "Chengdu", "四川", "四川省", "成都市"])
def test_a_place_is_found_by_its_province_and_its_city(wanted: str) -> None:
    assert NumberPlace("Chengdu/Ziyang, Sichuan", "四川省成都市、资阳市").is_in(wanted)


@pytest.mark.parametrize("wanted", ["Si", "Sich", "", " ", "重庆", "Guangdong"])
def test_another_place_or_a_part_of_a_word_is_not_it(wanted: str) -> None:
    assert not NumberPlace("Chengdu, Sichuan", "四川省成都市").is_in(wanted)
    assert not NOWHERE.is_in(wanted)
