"""The secrets with which accounts approve: kept as Argon2id, and sealed to the workers where they are typed.

A sealed secret has with it what it is good for, and only a worker reads either (HPKE, RFC 9180). The key pair is made
of the suppression key, which every worker of an installation has and the service has not.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidKey, InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from agi_app.consent.number_hashes import SuppressionKey
from agi_app.errors import InputError
from agi_app.messages import t

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_INFO = b"agi-app approval 1"
_PARAMETERS = re.compile(r"\$argon2id\$v=19\$m=([0-9]{5,7}),t=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{22,64})")


def workers_key(key: SuppressionKey) -> X25519PrivateKey:
    """The workers' key, derived from the key that all of them have."""
    return X25519PrivateKey.from_private_bytes(key.derived(_INFO))


def seal(public: bytes, secret: str, bound_to: Mapping[str, str | int]) -> bytes:
    """The secret with what it is good for; only a worker reads either."""
    plain = json.dumps({"secret": secret, "for": dict(bound_to)}, sort_keys=True).encode()
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public), _INFO)


def unseal(key: X25519PrivateKey, sealed: bytes, bound_to: Mapping[str, str | int]) -> str:
    """The secret; InputError when it was sealed to another key, altered, or for something else."""
    try:
        told = json.loads(_SUITE.decrypt(sealed, key, _INFO))
    except (InvalidTag, ValueError):
        raise InputError(t("this approval was not sealed to this installation's workers, or was altered")) from None
    if told.get("for") != dict(bound_to) or not isinstance(told.get("secret"), str):
        raise InputError(t("this approval was given for something else"))
    return str(told["secret"])


def hash_secret(secret: str) -> str:
    """Argon2id of a secret, as PHC text. Blocks for some 50 ms. (RFC 9106; OWASP: 19 MiB, 2 passes.)"""
    kdf = Argon2id(salt=os.urandom(16), length=32, iterations=2, lanes=1, memory_cost=19 * 1024)
    return kdf.derive_phc_encoded(secret.encode())


def derive(secret: str, parameters: str) -> str:
    """The credential that this secret has with the algorithm, costs and salt of a PHC text without its hash.

    Blocks for some 50 ms. Raises ValueError for parameters of another form.
    """
    found = _PARAMETERS.fullmatch(parameters)
    if found is None:
        raise ValueError("no parameters of Argon2id")
    memory, iterations, lanes, salt = found.groups()
    kdf = Argon2id(
        salt=base64.b64decode(salt + "=" * (-len(salt) % 4)),
        length=32,
        iterations=int(iterations),
        lanes=int(lanes),
        memory_cost=int(memory),
    )
    return kdf.derive_phc_encoded(secret.encode())


def fits(secret: str, credential: str) -> bool:
    """Whether this is the secret of a stored credential. Blocks for some 50 ms."""
    try:
        Argon2id.verify_phc_encoded(secret.encode(), credential)
    except InvalidKey:
        return False
    return True
