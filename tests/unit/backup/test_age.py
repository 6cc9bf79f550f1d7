"""Files of age: those of another program are opened, ours by their owners only, and no changed byte passes."""

from __future__ import annotations

import base64
import gc
import io
import os
import sys

import pytest

from agi_app.backup import bech32
from agi_app.backup.age_header import (
    FILE_KEY_BYTES,
    Locks,
    Openers,
    checked_passphrase,
    identities,
    new_identity,
    read_header,
    recipient,
    write_header,
)
from agi_app.backup.age_stream import PIECE, AgeReader, AgeWriter
from agi_app.errors import InputError

PASSPHRASE = "correct horse battery staple"
# Made by rage 0.11 (pyrage 1.4): for two keys, of which this is the second, and for the passphrase above.
SECRET = "AGE-SECRET-KEY-100GRAMTLLQ8TG2JC728FEARE839RMURJCR3C9HTCSH7X5PXLCC0Q6YHQ0P"
PUBLIC = "age12zv8wxmptwcc9fed8wmwmn4qpaahdkk0kmve5qy7rxy2jx0tpszsmfpjdg"
FOR_KEYS = """
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSA1Y1FjUXRVd2Z4aUxxODRBaDV2ZHl1OE5ick93TzRQVExlQVEyQkxpbVVJCk5kcnBKWDNCcVU5
VkN2U1ZTZlowM1NWTzhwK0Y1OExvdGlidU5hRnpJN0UKLT4gWDI1NTE5IGdZYWYxeWhHcjhCdEJIVTNxbnZlYjZGK0ZMTjd2UVBlbmJZU09QR3VPM0kK
V3JqVkxhUSszYVZXd0l1cEVXODZEc2tld09sdDE0UGdhZlY2YUUvUi9zOAotPiA4JEMub0YtZ3JlYXNlIF1hUz1WCjk4SjcxZG9QOHdUOXJzc3R2b1Jk
K1Q4S3hZZUtZVzVSV2VaVEw1bkVqZm1GRUVTVFh2bkZZcHN3ZGhNRDFCVEQKSjZrQU9JZFZkTmdHOHBqa25lMzFBTVdoNVJhVW5TazF0dG1ieGxqa3Bs
bnUKLS0tIDJpNiszOVV0UXl3b2VBWXBrbmJldFJOSU1vSTdFVklSbnM4RzhCTy9ZVEEK7kVibGfc7bV5sct5HUwkiOF6DKwDYTp8lXa63ddT+33HcSLR
NfzEpfGLmcFpzjWY+X4wow==
"""
FOR_PASSPHRASE = """
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCA2WkswOXd2YTdCRmtHdm04OHdTUnZnIDE5CnQ2TXh6SUtzbW1uMnVJUlFvNmhSZFkzN2p4ZzFz
ZzZPQ1FURWxnM25ualUKLS0tIFZuTFdlb2RDNm5yeVBvdmZOV0ZQTmUyRnBhUzRGRUFWYjBlMC82SDhoNmMKo8Gwle+zfvg+4X0sslaSAZry5D1BWYK3
/9FO9EdL0rZxfdrImfoxScJft+XqABzj7ABASw==
"""


def encrypted(content: bytes, locks: Locks) -> bytes:
    """A file of ours."""
    out, key = io.BytesIO(), os.urandom(FILE_KEY_BYTES)
    write_header(out, key, locks)
    writer = AgeWriter(out, key)
    for start in range(0, len(content), 10_000):
        writer.write(content[start : start + 10_000])
    writer.close()
    return out.getvalue()


class FullDisk(io.BytesIO):
    """It has room for so much."""

    def write(self, content: object) -> int:
        if self.tell() > 3 * PIECE:
            raise OSError(28, "No space left on device")
        return super().write(content)  # type: ignore[arg-type]


def test_what_a_full_disk_did_not_take_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written behind the message when nobody holds the writer any longer."""
    told: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    disk = FullDisk()
    writer = AgeWriter(disk, os.urandom(FILE_KEY_BYTES))
    with pytest.raises(OSError, match="No space left"):
        writer.write(bytes(10 * PIECE))
    writer.give_up()
    size = disk.tell()
    writer.close()
    del writer
    gc.collect()
    assert (told, disk.tell()) == ([], size)


def opened(file: bytes, openers: Openers) -> bytes:
    """What is in it."""
    source = io.BytesIO(file)
    key = read_header(source, openers, "x.age")
    return io.BufferedReader(AgeReader(source, key, "x.age")).read()


def owner(secret: str = SECRET) -> Openers:
    """Who has this secret key."""
    return Openers(identities(f"# a comment\n\n{secret}\n", "key.txt"))


@pytest.mark.parametrize(
    ("file", "openers"), [(FOR_KEYS, owner()), (FOR_PASSPHRASE, Openers(passphrase=PASSPHRASE))], ids=["keys", "words"]
)
def test_a_file_of_another_program_is_opened(file: str, openers: Openers) -> None:
    """Also with lines in its header that are of no kind we know."""
    assert opened(base64.b64decode(file.replace("\n", "")), openers) == b"from another program"


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 200_000])
def test_each_owner_opens_ours(size: int) -> None:
    other, public = new_identity()
    content = os.urandom(size)
    file = encrypted(content, Locks((recipient(PUBLIC), recipient(public))))
    assert opened(file, owner()) == opened(file, owner(other)) == content
    assert content[:32] not in file or size < 32  # one byte of it may be there by chance


def test_nobody_else_opens_it() -> None:
    file = encrypted(b"secret", Locks((recipient(PUBLIC),)))
    with pytest.raises(InputError, match="made for other keys"):
        opened(file, owner(new_identity()[0]))
    with pytest.raises(InputError, match="--identity"):
        opened(file, Openers(passphrase=PASSPHRASE))
    words = encrypted(b"secret", Locks(passphrase=PASSPHRASE))
    assert opened(words, Openers(passphrase=PASSPHRASE)) == b"secret"
    with pytest.raises(InputError, match="the passphrase is wrong"):
        opened(words, Openers(passphrase=PASSPHRASE + "r"))
    with pytest.raises(InputError, match="none was given"):
        opened(words, owner())


def test_no_changed_byte_passes() -> None:
    """Each byte of the header and of the ends of pieces, and some between."""
    content = os.urandom(2 * PIECE + 100)
    file = encrypted(content, Locks((recipient(PUBLIC),)))
    head = file.index(b"\n---")
    for at in [*range(0, head + 70, 3), head + 40, *range(head + 70, len(file), 9_973), len(file) - 1]:
        changed = file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]
        with pytest.raises(InputError):
            opened(changed, owner())


def test_a_file_that_is_cut_is_not_taken_for_a_whole_one() -> None:
    """Also where a piece ends."""
    file = encrypted(os.urandom(3 * PIECE), Locks((recipient(PUBLIC),)))
    start = len(file) - 3 * (PIECE + 16)
    for end in (0, 10, 100, start - 1, start, start + PIECE + 16, start + 2 * (PIECE + 16), len(file) - 1):
        with pytest.raises(InputError):
            opened(file[:end], owner())


def test_keys_as_people_write_them() -> None:
    """A slip of the hand is found, and told with its line."""
    assert bech32.encode("age", recipient(PUBLIC).public_bytes_raw()) == PUBLIC
    for wrong in (PUBLIC[:-1], PUBLIC.replace("z", "q", 1), PUBLIC.upper()[:9] + PUBLIC[9:], "age1", "", SECRET):
        with pytest.raises(InputError, match="is not a public key of age"):
            recipient(wrong)
    with pytest.raises(InputError, match=r"key\.txt:3:1: is not a secret key"):
        identities(f"# x\n{SECRET}\n{PUBLIC}\n", "key.txt")
    with pytest.raises(InputError, match="has no secret key"):
        identities("# nothing\n", "key.txt")


def test_a_passphrase_that_can_be_guessed_is_refused() -> None:
    assert checked_passphrase("twelve signs") == "twelve signs"
    with pytest.raises(InputError, match="at least 12"):
        checked_passphrase("eleven sign")
