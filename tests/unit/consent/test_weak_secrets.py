"""Secrets that anybody would try first are refused with the reason, and long ones of one's choice are not."""

from __future__ import annotations

import pytest

from agi_app.consent.weak_secrets import fault_in


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("short", "12 to 200"),
        ("x" * 201, "12 to 200"),
        ("a secret with \x00 in it", "12 to 200"),
        (" " * 12, "repeats"),
        ("a" * 40, "repeats"),
        ("abcdefghijklmn", "repeats"),
        ("123456789012", "repeats"),
        ("qwertyuiop123456", "repeats"),
        ("hello hello hello ", "repeats"),
        ("112233445566778899", "repeats"),
        ("password1234", "tried first"),
        ("PASSWORD-2026!", "tried first"),
        ("P@ssw0rd1234", "tried first"),
        ("passwordpassword", "tried first"),
        ("my new password", "tried first"),
        ("Administrator1", "tried first"),
        ("woaini5201314", "tried first"),
        ("ｐａｓｓｗｏｒｄ1234", "tried first"),
        ("li.na-li.na-2026", "account's name"),
        ("Li.Na12345678", "account's name"),
        ("lina password 1", "tried first"),
    ],
)
def test_what_is_tried_first_is_refused(secret: str, why: str) -> None:
    assert why in (fault_in(secret, "li.na") or "")


@pytest.mark.parametrize(
    "secret",
    [
        "correct horse battery",
        "correct horse battery staple",
        "hvdkqzrmtbwy",
        "na klar, li trinkt tee",
        "我们家的猫喜欢在雨天看书",
        "password of the seven green goats",
    ],
)
def test_words_without_digits_or_signs_are_taken(secret: str) -> None:
    assert fault_in(secret, "li.na") is None
    assert fault_in(secret, "li") is None
