"""An authenticator made by hand, as a browser speaks with one: it can also do what a good one never does."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor

from tests.console.browser import FROM_HERE, PASSWORD, post

JSON = {"Accept": "application/json"}
PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def b64(given: bytes) -> str:
    return base64.urlsafe_b64encode(given).decode().rstrip("=")


def of_b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Device:
    """One passkey on a device; what is set here goes into what it signs."""

    rp_id: str = "localhost"
    counter: int = 1
    flags: int = PRESENT | VERIFIED
    handle: bytes = b""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def made(self, asked: dict[str, Any], origin: str) -> dict[str, str]:
        """What the script sends of a new passkey."""
        self.handle = of_b64(asked["user_id"])
        point = self.key.public_key().public_numbers()
        cose = cbor.encode({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        size = len(self.credential_id).to_bytes(2, "big")
        data = self._data(self.flags | ATTESTED) + bytes(16) + size + self.credential_id + cose
        whole = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        self.counter += 1
        return {
            "client_data": b64(client_data("webauthn.create", asked["challenge"], origin)),
            "attestation": b64(whole),
        }

    def shown(self, challenge: str, origin: str, **more: Any) -> dict[str, str]:
        """What the script sends when it is shown."""
        said, data = client_data("webauthn.get", challenge, origin, **more), self._data(self.flags)
        self.counter += 1
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return {
            "credential_id": b64(self.credential_id),
            "user_handle": b64(self.handle),
            "client_data": b64(said),
            "authenticator_data": b64(data),
            "signature": b64(signature),
        }

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")


def client_data(kind: str, challenge: str, origin: str, **more: Any) -> bytes:
    """What the browser signs beside."""
    return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False, **more}).encode()


async def asked_for(http: aiohttp.ClientSession, path: str, **fields: str) -> dict[str, Any]:
    """What the console asks of the browser."""
    async with http.post(path, data=fields, headers=FROM_HERE | JSON) as answer:
        told: dict[str, Any] = await answer.json()
        assert answer.status == 200, told
        return told


async def make_passkey(http: aiohttp.ClientSession, origin: str, name: str = "telephone", **proof: str) -> Device:
    """Of who is signed in, which ends the session."""
    device = Device()
    asked = await asked_for(http, "/me/passkeys/begin", name=name, **(proof or {"password": PASSWORD}))
    kept = await post(http, "/me/passkeys", name=name, **device.made(asked["create"], origin))
    assert (kept.status, kept.headers["Location"]) == (303, "/sign-in?said=passkeys")
    return device


async def show_passkey(http: aiohttp.ClientSession, origin: str, device: Device, **more: Any) -> aiohttp.ClientResponse:
    """At the sign-in, without a name."""
    asked = await asked_for(http, "/sign-in/passkey/begin")
    assert asked["allow"] == []
    return await post(http, "/sign-in/passkey", **device.shown(asked["challenge"], origin, **more))
