"""Where the console may listen, and by which names it is reached."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from agi_app.config.console import ConsoleSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_loopback_needs_no_tls(host: str) -> None:
    assert ConsoleSettings(host=host).names >= {"localhost", "127.0.0.1"}


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "agi.example"])
def test_elsewhere_tokens_are_not_sent_in_the_clear(host: str) -> None:
    with pytest.raises(ValidationError, match="certificate"):
        ConsoleSettings(host=host)
    pem = {"certificate": Path("tls.pem"), "certificate_key": Path("tls.key")}
    assert ConsoleSettings(host=host, hosts=("Agi.Example",), **pem).names == {
        host,
        "agi.example",
        "localhost",
        "127.0.0.1",
        "[::1]",
    }
    assert ConsoleSettings(host=host, plain_http="I know").host == host
    with pytest.raises(ValidationError):
        ConsoleSettings(host=host, plain_http="yes")


def test_a_certificate_has_its_key() -> None:
    with pytest.raises(ValidationError, match="together"):
        ConsoleSettings(certificate=Path("tls.pem"))
