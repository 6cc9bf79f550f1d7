"""Which fields of a form come back after its session has ended: none that a page takes a password or code with."""

from __future__ import annotations

import re

from agi_app.console.rendering import HERE
from agi_app.console.typed_again import is_secret

_INPUT = re.compile(r"<input[^>]*>")
_OF_KIT = re.compile(r'kit\.field\("(\w+)"[^}]*kind="password"|kit\.second_factor\([^}]*name="(\w+)"')


def test_no_field_for_a_password_or_code_comes_back() -> None:
    names = set()
    for file in (HERE / "templates").rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        names |= {name for found in _OF_KIT.findall(text) for name in found if name}
        for field in _INPUT.findall(text):
            if 'type="password"' in field or 'class="secret"' in field or "one-time-code" in field:
                names |= set(re.findall(r' name="(\w+)"', field))
    assert names >= {"password", "new", "again", "proof", "secret"}
    for name in names | {"code", "recovery", "client_data", "attestation", "signature", "authenticator_data"}:
        assert is_secret(name, "correct horse battery staple")


def test_what_people_type_comes_back() -> None:
    for name in ("text", "reason", "name", "number", "number_shown", "zone", "countries", "wording", "transcript"):
        assert not is_secret(name, "typed")
    assert not is_secret("again", "yes")  # a box of a new campaign
