"""The database verifies what the library cryptography signs, and nothing near it; and it keeps few challenges."""

from __future__ import annotations

import hashlib
import secrets

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from agi_app.model.actors import Role
from agi_app.store.database.pool import Store
from agi_app.store.ledger import accounts
from agi_app.store.service import passkeys
from agi_app.store.service.passkeys import PasskeyStepUp

pytestmark = pytest.mark.postgres
N = 115792089210356248762697446949407573529996955224135760342422259061068512044369
P = 115792089210356248762697446949407573530086143415290314195533631308867097853951
SEED = hashlib.sha256


async def fits(store: Store, algorithm: int, key: bytes, message: bytes, signature: bytes | None) -> bool:
    values = {"a": algorithm, "k": key, "m": message, "s": signature}
    query = "SELECT passkey_signature_fits(%(a)s, %(k)s, %(m)s, %(s)s)"
    return await store.the_value(bool, query, values, "no answer")


def key_of(number: int) -> tuple[ec.EllipticCurvePrivateKey, bytes]:
    private = ec.derive_private_key(number, ec.SECP256R1())
    point = private.public_key().public_numbers()
    return private, point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")


async def test_ecdsa_as_the_library_does_it(store: Store) -> None:
    """Keys from all over, also small and large ones; each signature, and a change of it, of message and key."""
    numbers = [int.from_bytes(SEED(bytes([n])).digest(), "big") % (N - 1) + 1 for n in range(24)]
    _, other = key_of(numbers[0])
    for number in [1, 2, 3, 4, N - 4, N - 3, N - 2, N - 1, N // 2, *numbers[1:]]:
        private, key = key_of(number)
        message = secrets.token_bytes(69)
        good = private.sign(message, ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(good)
        assert await fits(store, -7, key, message, good), (number, message.hex(), good.hex())
        assert await fits(store, -7, key, message, encode_dss_signature(r, N - s))  # the same of the standard
        for bad in (encode_dss_signature(s, r), encode_dss_signature(r ^ 1, s), encode_dss_signature(r, s ^ 1)):
            assert not await fits(store, -7, key, message, bad)
        assert not await fits(store, -7, key, message + b"\0", good)
        assert not await fits(store, -7, other, message, good)


async def test_what_is_no_signature_or_no_key_is_refused_and_no_fault(store: Store) -> None:
    private, key = key_of(12345)
    good = private.sign(b"m", ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(good)
    numbers = [(0, s), (r, 0), (N, s), (r, N), (r + N, s), (r, s + N), (0, 0), (1, 1), (N - 1, 1), (P % N, 1)]
    texts = [None, b"", b"0", b"\x30\x00", good[:-1], good + b"\0", b"\x31" + good[1:], secrets.token_bytes(70)]
    texts += [encode_dss_signature(*pair) for pair in numbers]
    longer = bytearray(good)  # a zero more in front of the first number
    longer[4:4] = b"\0"
    longer[1] += 1
    longer[3] += 1
    for text in [*texts, bytes(longer) if good[4] < 128 and good[4] != 0 else None]:
        assert not await fits(store, -7, key, b"m", text), text
    for bad in (bytes(64), b"\xff" * 64, key[:63] + bytes([key[63] ^ 1]), key[32:] + key[:32]):
        assert not await fits(store, -7, bad, b"m", good)


async def test_rsa_as_the_library_does_it(store: Store) -> None:
    private = rsa.generate_private_key(65537, 2048)
    modulus = private.public_key().public_numbers().n
    key = modulus.to_bytes(256, "big")
    good = private.sign(b"m", padding.PKCS1v15(), hashes.SHA256())
    assert await fits(store, -257, key, b"m", good)
    more = (int.from_bytes(good, "big") + modulus).to_bytes(257, "big")
    pss = private.sign(b"m", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    of_sha1 = private.sign(b"m", padding.PKCS1v15(), hashes.SHA384())
    for bad in (None, b"", good[:-1], b"\0" + good, more, pss, of_sha1, bytes(256), b"\0" * 255 + b"\1", b"\xff" * 256):
        assert not await fits(store, -257, key, b"m", bad)
    assert not await fits(store, -257, key, b"n", good)


async def test_an_address_has_fifty_challenges_at_most_and_each_is_new(store: Store) -> None:
    """Whoever asks for them without end fills nothing; others keep theirs."""
    others = [(await passkeys.begin_sign_in(store, bytes(32), address)).challenge for address in (None, "192.0.2.8")]
    made = [(await passkeys.begin_sign_in(store, bytes(32), "192.0.2.7")).challenge for _ in range(53)]
    assert len({*made, *others}) == 55
    rows = await store.records("SELECT challenge FROM passkey_challenge")
    assert {row["challenge"] for row in rows} == {*others, *made[3:]}
    await store.execute("UPDATE passkey_challenge SET expires_at = clock_timestamp()")
    await passkeys.begin_sign_in(store, bytes(32), None)
    assert await store.value(int, "SELECT count(*) FROM passkey_challenge") == 1


async def test_an_account_has_twenty_passkeys_at_most(store: Store) -> None:
    """Who has shown a passkey gets no challenge for the twenty-first."""
    await accounts.add(store, "li.na", None, [Role.VIEWER], None)
    session = "INSERT INTO console_session (session_id, account, sha256) VALUES ('abcdefgh', 'li.na', sha256('x'))"
    shown = "UPDATE console_session SET ended_at = NULL, passkey_proved_at = clock_timestamp()"
    make = """INSERT INTO passkey (account, credential_id, rp_id, algorithm, public_key, counter, name)
        SELECT 'li.na', int4send(n), 'localhost', -7, decode(repeat('00', 64), 'hex'), 0, 'one'
        FROM generate_series(%(first)s::int, %(last)s) n"""
    await store.execute(session)
    told = []
    for first, last in ((1, 19), (20, 20)):
        await store.execute(make, {"first": first, "last": last})
        assert await store.value(int, "SELECT count(*) FROM console_session WHERE ended_at IS NULL") == 0
        await store.execute(shown)
        told.append(await passkeys.begin(store, PasskeyStepUp("abcdefgh", None, None)))
    assert [(one.result, one.challenge is None, len(one.known_ids or ())) for one in told] == [
        ("right", False, 19),
        ("many", True, 20),
    ]
