"""Which versions of Asterisk are accepted, and what is said about the others."""

from __future__ import annotations

import pytest

from agi_app.errors import AsteriskError
from agi_app.pbx.ari.http import check_version

URL = "http://127.0.0.1:8088/ari"


@pytest.mark.parametrize(
    "version",
    ["20.16.0", "20.20.1", "22.6.0", "22.10.1+dfsg+~cs6.17.60671434-1", "24.0.0", "26.3.1", "certified/22.8-cert1"],
)
def test_supported(version: str) -> None:
    check_version(version, URL)


@pytest.mark.parametrize(
    "version",
    ["16.28.0~dfsg-0+deb11u4", "18.20.0", "20.15.2", "21.12.0", "22.5.2", "23.1.0", "25.0.0", "certified/20.7-cert5"],
)
def test_unsupported_says_what_was_found_and_how_to_get_another(version: str) -> None:
    with pytest.raises(AsteriskError) as raised:
        check_version(version, URL)
    message = str(raised.value)
    assert version in message
    assert "20.16" in message
    assert "22.6" in message
    assert "install.sh" in message
    assert "\n" not in message


@pytest.mark.parametrize("version", ["", "GIT-master-abc123", "UNKNOWN__and_probably_unsupported"])
def test_a_version_that_cannot_be_read_is_refused(version: str) -> None:
    with pytest.raises(AsteriskError):
        check_version(version, URL)
