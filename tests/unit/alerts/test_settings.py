"""Settings of alerts that could tell nobody are refused, with what is missing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agi_app.config.monitor import AlertSettings

MAIL: dict[str, Any] = {"mail_to": ("ops@example.com",), "mail_host": "mail", "mail_from": "agi@example.com"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mail_to": ("ops@example.com",)}, "mail_to needs mail_host and mail_from"),
        ({"mail_host": "mail"}, "need mail_to"),
        (MAIL | {"mail_user": "agi"}, "mail_user and mail_password_file"),
        ({"nobody_dialled": "soon"}, "90s, 5min, 1h or 2d"),
        ({"mail_tls": "perhaps"}, "starttls"),
        (MAIL | {"mail_tls": "none"}, "in the clear"),
        (MAIL | {"mail_to": ("nomail",)}, "'nomail' is no mail address"),
        (MAIL | {"mail_to": ("ops@example.com, li@example.com",)}, "is no mail address"),
        (MAIL | {"mail_from": "agi app"}, "is no mail address"),
    ],
)
def test_a_half_setting_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        AlertSettings(**given)


def test_what_is_given_is_used() -> None:
    assert AlertSettings().channels == ()
    assert AlertSettings(**MAIL, command=("page",)).channels == ("command", "mail")
    named = AlertSettings(**MAIL | {"mail_from": "The clinic <agi@example.com>"})
    assert named.mail_from == "The clinic <agi@example.com>"
    for host in ("127.0.0.1", "::1", "localhost"):
        assert AlertSettings(**MAIL | {"mail_host": host, "mail_tls": "none"}).channels == ("mail",)
    assert AlertSettings(nobody_dialled="1h").nobody_dialled_s == 3600
