"""What the library fido2 (extra ``passkeys``) says of what a browser sends about passkeys.

The database decides (docs/decisions/0123-passkeys.md); this must say the same. Pure.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agi_app.store.service.passkeys import MadePasskey, PasskeyKey, ShownPasskey

if TYPE_CHECKING:
    from fido2.cose import CoseKey
    from fido2.server import Fido2Server

ES256, RS256 = -7, -257  # COSE: ECDSA with P-256, RSASSA-PKCS1-v1_5; both with SHA-256
_EXPONENT = b"\x01\x00\x01"


@dataclass(frozen=True, slots=True)
class PasskeySite:
    """Where a passkey is good: ``rp_id`` is the console's name, ``origin`` of the page with scheme and port."""

    rp_id: str
    origin: str


@functools.cache
def is_installed() -> bool:
    """Whether there is the library; it is looked for once."""
    return importlib.util.find_spec("fido2") is not None


def made_passkey(site: PasskeySite, client_data: bytes, attestation: bytes) -> MadePasskey | None:
    """A new passkey for this site, whose owner was verified; None: it cannot be used.

    The challenge is not compared: the database knows it alone. The maker of the authenticator is not asked.
    """
    from fido2.webauthn import (
        AttestationObject,
        AuthenticatorAttestationResponse,
        CollectedClientData,
        RegistrationResponse,
    )

    try:
        said = CollectedClientData(client_data)
        answer = AuthenticatorAttestationResponse(client_data=said, attestation_object=AttestationObject(attestation))
        found = _server(site).register_complete(
            _state(said.challenge), RegistrationResponse(raw_id=b"", response=answer)
        )
        data = found.credential_data
        key = None if data is None else _key_of(data.public_key)
    except Exception:  # noqa: BLE001 - anybody sends it, and the library tells its faults in many ways
        return None
    return None if data is None or key is None else MadePasskey(data.credential_id, key, found.counter)


def is_good(site: PasskeySite, key: PasskeyKey, shown: ShownPasskey) -> bool:
    """Whether it was signed by the key on this site, and its owner was verified; the challenge is not compared."""
    from fido2.webauthn import (
        AttestedCredentialData,
        AuthenticationResponse,
        AuthenticatorAssertionResponse,
        AuthenticatorData,
        CollectedClientData,
    )

    try:
        said = CollectedClientData(shown.client_data)
        answer = AuthenticatorAssertionResponse(
            client_data=said,
            authenticator_data=AuthenticatorData(shown.authenticator_data),
            signature=shown.signature,
        )
        stored = AttestedCredentialData.create(bytes(16), shown.credential_id, _cose(key))
        _server(site).authenticate_complete(
            _state(said.challenge), [stored], AuthenticationResponse(raw_id=shown.credential_id, response=answer)
        )
    except Exception:  # noqa: BLE001 - as above
        return False
    return True


def _server(site: PasskeySite) -> Fido2Server:
    from fido2.server import Fido2Server
    from fido2.webauthn import PublicKeyCredentialRpEntity

    return Fido2Server(
        PublicKeyCredentialRpEntity(name="agi-app", id=site.rp_id), verify_origin=lambda one: one == site.origin
    )


def _state(challenge: bytes) -> dict[str, object]:
    from fido2.utils import websafe_encode
    from fido2.webauthn import UserVerificationRequirement

    return {"challenge": websafe_encode(challenge), "user_verification": UserVerificationRequirement.REQUIRED}


def _key_of(given: CoseKey) -> PasskeyKey | None:
    """None: one of an algorithm that was not asked for."""
    if given.get(3) == ES256 and given.get(-1) == 1 and len(given[-2]) == len(given[-3]) == 32:
        return PasskeyKey(ES256, bytes(given[-2]) + bytes(given[-3]))
    if given.get(3) == RS256 and given.get(-2) == _EXPONENT and 256 <= len(given[-1]) <= 512:
        return PasskeyKey(RS256, bytes(given[-1]))
    return None


def _cose(key: PasskeyKey) -> CoseKey:
    from fido2.cose import CoseKey

    if key.algorithm == ES256:
        return CoseKey.parse({1: 2, 3: ES256, -1: 1, -2: key.public_key[:32], -3: key.public_key[32:]})
    return CoseKey.parse({1: 3, 3: RS256, -1: key.public_key, -2: _EXPONENT})
