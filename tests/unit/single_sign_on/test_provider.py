"""What an issuer says: which signatures are taken, how often its keys are asked, which addresses, and who it is."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwk, jwt

from agi_app.config.console import OidcSettings
from agi_app.config.settings import load_settings
from agi_app.errors import ConfigError
from agi_app.model.actors import Role
from agi_app.single_sign_on import keys as provider_keys
from agi_app.single_sign_on.asking import checked
from agi_app.single_sign_on.faults import ProviderFault
from agi_app.single_sign_on.id_token import TokenHead, WantedToken, head_of, keys_for, verified
from agi_app.single_sign_on.keys import MOST_ASKED, ProviderKeys
from agi_app.single_sign_on.person import name_of, roles_of, stranger

ISSUER, NOW = "https://id.example.com/realms/clinic", 1_800_000_000
WANTED = WantedToken(ISSUER, "agi-app", "n")
SAID = {"iss": ISSUER, "aud": "agi-app", "sub": "s", "nonce": "n", "iat": NOW, "exp": NOW + 300}
MADE: dict[str, Any] = {
    "RS256": lambda: jwk.RSAKey.generate_key(2048),
    "PS256": lambda: jwk.RSAKey.generate_key(2048),
    "ES256": lambda: jwk.ECKey.generate_key("P-256"),
    "EdDSA": lambda: jwk.OKPKey.generate_key("Ed25519"),
}


def settings(**more: Any) -> OidcSettings:
    given = {"name": "Clinic", "issuer": ISSUER, "client_id": "agi-app", "roles": {"callers": "operator"}}
    return OidcSettings.model_validate(given | more)


@pytest.mark.parametrize("algorithm", MADE)
def test_each_algorithm_with_a_public_key_is_taken_and_no_other_key_fits(algorithm: str) -> None:
    key, other = MADE[algorithm](), MADE[algorithm]()
    with warnings.catch_warnings(action="ignore"):  # of the name EdDSA
        token = jwt.encode({"alg": algorithm, "kid": "k"}, SAID, key, algorithms=[algorithm])
    assert head_of(token) == TokenHead(algorithm, "k")
    assert verified(token, key.as_dict(private=False), WANTED, NOW)["sub"] == "s"
    with pytest.raises(ProviderFault, match="not good"):
        verified(token, other.as_dict(private=False), WANTED, NOW)
    with pytest.raises(ProviderFault, match="exp"):
        verified(token, key.as_dict(private=False), WANTED, NOW + 400)


def test_a_short_key_and_a_shared_one_are_none() -> None:
    secret = jwk.OctKey.import_key("k" * 32)
    with pytest.raises(ProviderFault, match="'HS256', which is not taken"):
        head_of(jwt.encode({"alg": "HS256"}, SAID, secret))
    assert keys_for(TokenHead("RS256", None), [{"kty": "oct", "k": "x"}, {"kty": "RSA", "use": "enc"}]) == []
    two = [{"kty": "RSA", "kid": "a"}, {"kty": "RSA", "kid": "b"}]
    assert keys_for(TokenHead("RS256", "b"), two) == two[1:]
    assert keys_for(TokenHead("RS256", None), two) == []  # it does not say which


async def test_its_keys_are_asked_again_for_an_unknown_one_and_not_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = [1000.0], []

    async def ask(*_given: object, **_more: object) -> tuple[int, dict[str, Any]]:
        asked.append(now[0])
        return 200, {"keys": [{"kty": "RSA", "kid": "here"}, "no key"]}

    monkeypatch.setattr(provider_keys, "ask", ask)
    keys = ProviderKeys(settings(), f"{ISSUER}/keys", lambda: now[0])
    for _ in range(20):
        assert (await keys.of(TokenHead("RS256", "here")))["kid"] == "here"
        with pytest.raises(ProviderFault):
            await keys.of(TokenHead("RS256", "not here"))
    assert len(asked) == MOST_ASKED
    now[0] += 3601
    await keys.of(TokenHead("RS256", "here"))  # one that was withdrawn is not good for ever
    assert len(asked) == MOST_ASKED + 1


def test_nothing_but_its_own_hosts_is_asked_and_nothing_without_tls() -> None:
    oidc = settings(hosts=["keys.example.com"])
    for good in (f"{ISSUER}/token", "https://keys.example.com/v1"):
        assert checked(oidc, good, "x") == good
    for bad in (
        "http://id.example.com/token",
        "https://evil.example/token",
        "https://id.example.com@evil.example/",
        "https://evil.example#id.example.com",
        "https://a@id.example.com/",
        "https://127.0.0.1/",
        "file:///etc/passwd",
        "",
        None,
    ):
        with pytest.raises(ProviderFault):
            checked(oidc, bad, "x")
    local = settings(issuer="http://127.0.0.1:8080")
    assert checked(local, "http://127.0.0.1:8080/token", "x")
    with pytest.raises(ProviderFault):
        checked(settings(), "http://127.0.0.1/token", "x")


def test_roles_are_those_of_the_map_wherever_the_claim_is() -> None:
    roles = {"callers": "operator", "boss": "supervisor"}
    oidc = settings(roles=roles, roles_claim="realm_access.roles", name_claim="upn")
    said = {"realm_access": {"roles": ["callers", "boss", "admin", 7]}, "upn": " li.na ", "roles": ["x"]}
    assert roles_of(oidc, said) == {Role.OPERATOR, Role.SUPERVISOR}
    assert name_of(oidc, said) == "li.na"
    for claim in (None, "callers-2", {"callers": True}, [["callers"]], True):
        assert roles_of(oidc, {"realm_access": {"roles": claim}}) == frozenset()
    dotted = settings(roles_claim="https://clinic.example/roles")
    assert roles_of(dotted, {"https://clinic.example/roles": "callers"}) == {Role.OPERATOR}


@pytest.mark.parametrize(
    ("claimed", "name"),
    [
        ("王芳", "wang.fang"),
        ("曾 国藩", "zeng.guo.fan"),
        ("王芳@clinic.example", "wang.fang@clinic.example"),
        ("ｃhen．jing", "chen.jing"),
        ("\u0441hen", "w.f"),  # a Cyrillic letter
        ("a\x00b", "w.f"),
        ("王芳（外包）", "w.f"),
        ("\U00020bb7", "w.f"),  # no known sound
        ("王" * 30, "w.f"),  # more than 64
        ("", "w.f"),
        (7, "w.f"),
    ],
)
def test_a_name_is_one_that_the_database_takes_or_that_of_a_verified_mail_address(claimed: object, name: str) -> None:
    said = {"preferred_username": claimed, "email": "w.f@clinic.example"}
    assert name_of(settings(), said | {"email_verified": True}) == name
    assert name_of(settings(), said | {"email_verified": "true"}) == ("" if name == "w.f" else name)
    assert name_of(settings(), said | {"email": "王@clinic.example", "email_verified": True}) in ("", name)


def test_with_domains_only_a_verified_address_in_one_of_them_counts() -> None:
    oidc = settings(email_domains=["clinic.example"])
    assert stranger(settings(), {}) == ""
    assert stranger(oidc, {"email": "li@Clinic.example", "email_verified": True}) == ""
    for said in (
        {},
        {"email": "li@clinic.example"},
        {"email": "li@clinic.example", "email_verified": "true"},
        {"email": "li@evil.example", "email_verified": True},
        {"email": "li@clinic.example.evil.example", "email_verified": True},
        {"email": "clinic.example", "email_verified": False},
    ):
        assert stranger(oidc, said)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('issuer = "http://id.example.com"', ":2:1: console.oidc.issuer: 'http://id.example.com': only an issuer on"),
        ('issuer = "id.example.com"', ":2:1: console.oidc.issuer: 'id.example.com' is no address of an issuer"),
        ('roles = { "callers" = "boss" }', "console.oidc.roles.callers"),
        ('client_secret_file = "secret"', "give client_secret or client_secret_file, not both"),
        ('email_domains = ["@example.com"]', "console.oidc.email_domains"),
        ('hosts = ["https://keys.example.com"]', "console.oidc.hosts"),
        ('isuer = "x"', "did you mean"),
    ],
)
def test_a_wrong_setting_is_told_with_its_place(tmp_path: Path, line: str, fault: str) -> None:
    given = {
        "issuer": f'issuer = "{ISSUER}"',
        "name": 'name = "Clinic"',
        "client_id": 'client_id = "agi-app"',
        "client_secret": 'client_secret = "s"',
        "roles": 'roles = { "callers" = "operator" }',
    } | {line.partition(" ")[0]: line}
    first = line.partition(" ")[0]
    lines = ["[console.oidc]", given.pop(first), *given.values()]
    (tmp_path / "agi-app.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load_settings(tmp_path)
    assert fault in str(told.value)
    assert "agi-app.toml:" in str(told.value)


def test_the_secret_comes_from_a_file_or_a_credential_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f'[console.oidc]\nissuer = "{ISSUER}"\nname = "C"\nclient_id = "a"\nroles = {{ "a" = "viewer" }}\n'
    (tmp_path / "agi-app.toml").write_text(text + 'client_secret_file = "oidc.secret"\n', encoding="utf-8")
    (tmp_path / "oidc.secret").write_text("of the file\n", encoding="utf-8")
    assert load_settings(tmp_path).sign_on_secret() == "of the file"
    (tmp_path / "agi-app.toml").write_text(text, encoding="utf-8")
    assert load_settings(tmp_path).sign_on_secret() == ""
    (given := tmp_path / "credentials").mkdir()
    (given / "agi-app.console.oidc.client_secret").write_text("of the service\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    found = load_settings(tmp_path)
    assert found.sign_on_secret() == "of the service"
    assert "of the service" not in repr(found)
