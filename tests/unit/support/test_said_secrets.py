"""What is called a password, a token or a key goes; what only speaks of one stays."""

from __future__ import annotations

import pytest

from agi_app.support.said_secrets import HIDDEN, without_said


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ('PASSWORD "correct horse battery"', f"PASSWORD {HIDDEN}"),
        ("密码：开门 三次", f"密码：{HIDDEN}"),
        ("agi-app --password open sesame", f"agi-app --password {HIDDEN} sesame"),
        ("the password file cannot be read", "the password file cannot be read"),
    ],
)
def test_of_a_line_of_others(line: str, left: str) -> None:
    assert without_said(line, ours=False) == left


def test_of_a_line_of_ours_what_follows_stays() -> None:
    assert without_said("token=abc123 node=one", ours=True) == f"token={HIDDEN} node=one"
