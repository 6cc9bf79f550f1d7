"""Which requests may use the event socket."""

from __future__ import annotations

import pytest

from agi_app.pbx.ari.socket_verbs import is_non_blocking, shape


@pytest.mark.parametrize(
    ("method", "uri", "expected"),
    [
        ("GET", "asterisk/ping", "GET asterisk/ping"),
        ("POST", "channels", "POST channels"),
        ("POST", "channels/agi-app-1/play/p1", "POST channels/*/play/*"),
        ("PUT", "applications/agi-app/eventFilter", "PUT applications/*/eventFilter"),
        ("POST", "channels/agi-app-1/dial", "POST channels/*/dial"),
        ("GET", "bridges", "GET bridges"),
        ("POST", "bridges/agi-app-1-talk/addChannel", "POST bridges/*/addChannel"),
        ("POST", "bridges/agi-app-dial-7f-1/addChannel", "POST bridges/dial/addChannel"),
    ],
)
def test_identifiers_are_left_out_of_the_shape(method: str, uri: str, expected: str) -> None:
    assert shape(method, uri) == expected


@pytest.mark.parametrize(
    ("method", "uri"),
    [
        ("POST", "channels/agi-app-1/variable"),
        ("POST", "channels/agi-app-1/answer"),
        ("POST", "bridges/b1"),
        ("POST", "bridges/agi-app-1-talk/addChannel"),
        ("POST", "bridges/agi-app-1-talk/removeChannel"),
        ("GET", "recordings/stored/r1/file"),
        ("POST", "channels/agi-app-1/somethingNew"),
    ],
)
def test_what_may_wait_for_a_prompt_or_is_unknown_goes_over_http(method: str, uri: str) -> None:
    assert not is_non_blocking(method, uri)
