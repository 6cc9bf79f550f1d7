"""How Chinese characters sound."""

from __future__ import annotations

from agi_app.flow.answers import pinyin
from agi_app.flow.answers.meanings import with_weekday_forms


def test_a_character_has_all_its_readings_and_a_sign_none() -> None:
    pinyin.warm()
    assert pinyin.toned("好") == ("hao3", "hao4")
    assert pinyin.plain("好") == {"hao"}
    assert pinyin.toned("?") == ()


def test_what_southern_speakers_blur_is_near() -> None:
    """zh and z, sh and s, n and l, ing and in."""
    assert pinyin.near("是") & pinyin.near("四")
    assert not pinyin.plain("是") & pinyin.plain("四")


def test_whoever_lists_a_weekday_means_its_other_forms_too() -> None:
    forms = with_weekday_forms(["Monday", "周一", "hello"])
    assert {"Monday", "on Monday", "周一", "星期一", "礼拜一", "hello"} <= set(forms)
    assert len(forms) == len(set(forms))
