"""Where passkeys can be used: under a name with TLS, or as localhost; never under an address."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from agi_app.console import passkey_site
from agi_app.console.passkey_site import offer_of
from agi_app.messages import LANGUAGES, speaking
from agi_app.operations.administration import webauthn


def offered(host: str, *, secure: bool, origin: str = "") -> passkey_site.PasskeyOffer:
    headers = {"Host": host} | ({"Origin": origin} if origin else {})
    return offer_of(make_mocked_request("GET", "/", headers=headers), secure=secure)


@pytest.mark.parametrize(
    ("host", "secure", "origin", "site"),
    [
        ("localhost:8710", False, "", ("localhost", "http://localhost:8710")),
        ("localhost", True, "", ("localhost", "https://localhost")),
        ("Console.Clinic.example", True, "", ("console.clinic.example", "https://console.clinic.example")),
        ("console.clinic.example:8710", True, "", ("console.clinic.example", "https://console.clinic.example:8710")),
        # behind a proxy that tells the name without its port
        *(
            ("clinic.example", True, origin, ("clinic.example", told))
            for origin, told in (
                ("https://clinic.example:8443", "https://clinic.example:8443"),
                ("http://clinic.example", "https://clinic.example"),
                ("https://evil.example", "https://clinic.example"),
                ("null", "https://clinic.example"),
            )
        ),
    ],
)
def test_a_name_with_tls_or_this_machine(host: str, secure: bool, origin: str, site: tuple[str, str]) -> None:
    found = offered(host, secure=secure, origin=origin).site
    assert found is not None
    assert (found.rp_id, found.origin) == site


@pytest.mark.parametrize(
    ("host", "secure", "fault"),
    [
        *((host, True, "address") for host in ("127.0.0.1:8710", "[::1]:8710", "[::1]", "192.0.2.7", "127.1", "a b")),
        ("127.0.0.1:8710", False, "address"),
        ("console.clinic.example", False, "plain"),
        ("localhost.evil.example", False, "plain"),
    ],
)
def test_elsewhere_none_and_the_reason_in_each_language(host: str, secure: bool, fault: str) -> None:
    found = offered(host, secure=secure)
    assert (found.site, found.fault, found.there) == (None, fault, True)
    told = set()
    for language in LANGUAGES:
        with speaking(language):
            told.add(found.why_not)
    assert len(told) == len(LANGUAGES)


def test_without_the_library_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webauthn, "is_installed", lambda: False)
    found = offered("localhost", secure=True)
    assert (found.site, found.there) == (None, False)
    assert "agi-app[passkeys]" in found.why_not
