"""Which addresses of an office's database are taken, and that none leads out of the machine without TLS."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from agi_app.exchange import others_address
from agi_app.exchange.others_address import fault_in, is_local, place, prepared

FAR = "postgresql://feeds:s3cret@db.clinic.example/clinic"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The authorities that this machine knows, in one file."""
    file = tmp_path / "known.pem"
    file.touch()
    monkeypatch.setattr("ssl.get_default_verify_paths", lambda: Paths(str(file)))
    return file


class Paths:
    def __init__(self, cafile: str | None) -> None:
        self.cafile = cafile


@pytest.mark.parametrize("more", ["", "?sslmode=verify-full", "?sslrootcert=system"])
def test_another_machine_is_verified_without_being_asked_for(authority: Path, more: str) -> None:
    assert fault_in(FAR + more) is None
    parts = conninfo_to_dict(prepared(FAR + more, 10))
    assert (parts["sslmode"], parts["sslrootcert"]) == ("verify-full", str(authority))
    assert parts["password"] == "s3cret"


def test_the_authority_of_the_address_counts() -> None:
    parts = conninfo_to_dict(prepared(f"{FAR}?sslrootcert=/etc/clinic.pem", 10))
    assert (parts["sslmode"], parts["sslrootcert"]) == ("verify-full", "/etc/clinic.pem")


@pytest.mark.attack("an address whose connection another one could read or answer")
@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_less_than_verified_is_refused(mode: str, authority: Path) -> None:
    told = fault_in(f"{FAR}?sslmode={mode}")
    assert told is not None
    assert f"sslmode is {mode}" in told
    assert "s3cret" not in told


def test_without_any_authority_one_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssl.get_default_verify_paths", lambda: Paths(None))
    monkeypatch.setattr(others_address, "_AUTHORITIES", ())
    assert "sslrootcert=FILE" in (fault_in(FAR) or "")


@pytest.mark.parametrize(
    ("hosts", "local"),
    [
        ("host=127.0.0.1", True),
        ("host=127.8.9.1", True),
        ("host=::1", True),
        ("host=localhost", True),
        ("host=/run/postgresql", True),
        ("host=db.example", False),
        ("host=10.0.0.5", False),
        ("host=localhost,db.example", False),
        ("host=localhost hostaddr=10.0.0.5", False),
        ("host=127.0.0.1.example", False),
        ("host=127.1", False),
        ("host=localhost.", False),
        ("host=db.example hostaddr=127.0.0.1", True),
    ],
)
def test_what_stays_in_this_machine(hosts: str, local: bool, authority: Path) -> None:
    address = f"{hosts} user=u dbname=d password=p"
    assert is_local(address) is local
    assert ("sslmode" in conninfo_to_dict(prepared(address, 10))) is not local


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "must be written"),
        ("db.example", "must be written"),
        ("postgresql://u:p@ss@h/d", "must be written"),
        ("postgresql://u@/d", "names no host"),
        ("postgresql://localhost/d", "names no user"),
        ("postgresql://u@localhost", "names no dbname"),
        ("host=localhost user=u dbname=d options=-cdefault_transaction_read_only=off", "options: is not accepted"),
        ("host=localhost user=u dbname=d service=x", "service: is not accepted"),
        ("host=localhost user=u dbname=d replication=true", "replication: is not accepted"),
    ],
)
def test_what_an_address_lacks_is_named(address: str, words: str) -> None:
    assert words in (fault_in(address) or "")


@pytest.mark.attack("an environment that leads the connection elsewhere")
def test_nothing_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, authority: Path) -> None:
    """Each parameter that has a variable is given, if only as empty."""
    parts = conninfo_to_dict(prepared(FAR, 10))
    for name in ("hostaddr", "port", "options", "password", "passfile", "sslmode", "sslrootcert", "gssencmode"):
        assert name in parts


def test_the_place_is_told_without_the_password() -> None:
    assert str(place(FAR)) == "feeds@db.clinic.example:5432/clinic"
