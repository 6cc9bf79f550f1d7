"""The ID token of an issuer: its signature by one of the issuer's keys, and whom, by whom and for when it is.

OpenID Connect Core 1.0, 3.1.3.7. No algorithm without a signature, and none by a shared secret: with those the public
key, which everybody has, would make tokens.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agi_app.messages import t
from agi_app.single_sign_on.faults import ProviderFault

if TYPE_CHECKING:
    from joserfc.jwk import Key
    from joserfc.jws import JWSRegistry

KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}  # of the algorithms that are taken
LEEWAY_S = 60  # between our clock and the issuer's
MOST_SUBJECT = 255  # characters, as the specification has it
LEAST_RSA = 2048  # bits


@dataclass(frozen=True, slots=True)
class WantedToken:
    """What the token must say; ``access_token``: what came beside it."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None = None


@dataclass(frozen=True, slots=True)
class TokenHead:
    """Which algorithm and which key a token names; neither is believed yet."""

    algorithm: str
    kid: str | None


def head_of(token: str) -> TokenHead:
    """The head of a token whose algorithm is taken. Raises ProviderFault."""
    first = token.partition(".")[0]
    try:
        found = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, RecursionError):
        found = None
    algorithm, kid = (found.get("alg"), found.get("kid")) if isinstance(found, dict) else (None, None)
    if not isinstance(algorithm, str) or algorithm not in KEY_TYPES:
        raise ProviderFault(
            t("the ID token is signed by {algorithm!r}, which is not taken", algorithm=str(algorithm)[:20])
        )
    return TokenHead(algorithm, kid if isinstance(kid, str) else None)


def keys_for(head: TokenHead, keys: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of the issuer's keys (JWK) that may have signed it; without an id in its head, if it is only one."""
    fitting = [
        one
        for one in keys
        if one.get("kty") == KEY_TYPES[head.algorithm]
        and one.get("use", "sig") == "sig"
        and one.get("alg", head.algorithm) == head.algorithm
    ]
    named = [one for one in fitting if head.kid is None or one.get("kid") == head.kid]
    return named if len(named) == 1 else []


def verified(token: str, key: Mapping[str, Any], wanted: WantedToken, now: float) -> Mapping[str, Any]:
    """What the token says, when all of it is right. ``now`` in seconds since 1970. Raises ProviderFault."""
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwk, jwt
    from joserfc.errors import JoseError

    algorithm = head_of(token).algorithm
    try:
        found = jwt.decode(token, _strong(jwk.import_key(dict(key))), registry=_only(algorithm))
        said = CodeIDToken(
            found.claims,
            found.header,
            {"iss": {"essential": True, "value": wanted.issuer}, "aud": {"essential": True, "value": wanted.client_id}},
            {"nonce": wanted.nonce, "client_id": wanted.client_id, "access_token": wanted.access_token},
        )
        said.validate(now=int(now), leeway=LEEWAY_S)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ProviderFault(t("the ID token is not good: {why}", why=_why(error))) from error
    if fault := _fault(said, wanted, now):
        raise ProviderFault(t("the ID token is not good: {why}", why=fault))
    return dict(said)


def _only(algorithm: str) -> JWSRegistry:
    """What takes this algorithm alone; EdDSA is what issuers call Ed25519, so there is no warning about that name."""
    from joserfc.jws import JWSRegistry

    class OneAlgorithm(JWSRegistry):
        def get_alg(self, name: str) -> Any:
            if name != algorithm:
                raise ValueError("alg")
            return self.algorithms[name]

    return OneAlgorithm(algorithms=[algorithm])


def _strong(key: Key) -> Key:
    if key.key_type == "RSA" and getattr(key.raw_value, "key_size", 0) < LEAST_RSA:
        raise ValueError(f"an RSA key of less than {LEAST_RSA} bits")
    return key


def _fault(said: Mapping[str, Any], wanted: WantedToken, now: float) -> str:
    """What is wrong, checked again by our own rules, which are narrower than the library's."""
    aud = said.get("aud")
    audiences = aud if isinstance(aud, list) else [aud]
    subject, nonce = said.get("sub"), said.get("nonce")
    if said.get("iss") != wanted.issuer:
        return "iss"
    if wanted.client_id not in audiences or (len(audiences) > 1 and said.get("azp") != wanted.client_id):
        return "aud"
    if said.get("azp", wanted.client_id) != wanted.client_id:
        return "azp"
    if not isinstance(subject, str) or not 1 <= len(subject) <= MOST_SUBJECT or not subject.isprintable():
        return "sub"
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), wanted.nonce.encode()):
        return "nonce"
    return _fault_of_times(said, now)


def _fault_of_times(said: Mapping[str, Any], now: float) -> str:
    times = {name: said.get(name) for name in ("exp", "iat", "auth_time")}
    for name, value in times.items():
        if name == "auth_time" and value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            return name
        if (value < now - LEEWAY_S) if name == "exp" else (value > now + LEEWAY_S):
            return name
    return ""


def _why(error: Exception) -> str:
    """The library's word for what is wrong: a name of an error or a claim, nothing of the token."""
    claim = getattr(error, "claim", None)
    return str(claim) if isinstance(claim, str) else str(getattr(error, "error", "")) or type(error).__name__
