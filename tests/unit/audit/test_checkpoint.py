"""Signed checkpoints and the key: what is accepted, what is not, and the files they lie in."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app.audit import checkpoint_files, erasures
from agi_app.audit.checkpoint import Checkpoint, key_id, newest, origin_of, public_line, sign, split, thinned, verify
from agi_app.audit.entries import canonical
from agi_app.audit.findings import in_force
from agi_app.audit.signing_key import audit_folder, load_or_make
from agi_app.audit.standalone_verifier import NotGenuine, PublicKey
from agi_app.errors import ConfigError

ORIGIN = origin_of("11111111-2222-3333-4444-555555555555")
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
AT = dt.datetime(2026, 3, 3, 10, 0, 0, 250000, tzinfo=dt.UTC)
MADE = Checkpoint(ORIGIN, 42, b"r" * 32, AT, "0a1b2c3d")


def test_a_signed_checkpoint_is_read_back_as_it_was() -> None:
    restart = replace(MADE, lost=50)
    for made in (MADE, restart):
        assert verify(sign(made, KEY), ORIGIN, KEY.public_key()) == made


def test_it_is_a_c2sp_note() -> None:
    lines = sign(MADE, KEY).split("\n")
    assert lines[:3] == [ORIGIN, "42", base64.b64encode(b"r" * 32).decode()]
    assert lines[3:5] == ["time 2026-03-03T10:00:00.250000Z", "by 0a1b2c3d"]
    assert lines[5] == ""
    assert lines[6].startswith(f"— {ORIGIN} ")
    raw = KEY.public_key().public_bytes_raw()
    assert public_line(ORIGIN, KEY.public_key()) == (
        f"{ORIGIN}+{key_id(ORIGIN, raw).hex()}+{base64.b64encode(bytes([1]) + raw).decode()}"
    )


def test_the_key_id_of_the_published_example() -> None:
    """The key of sum.golang.org, whose id everybody knows."""
    line = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    assert PublicKey(line).id == "033de0ae"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda note: note.replace("\n42\n", "\n43\n"), "wrong signature"),
        (lambda note: note.replace("10:00:00", "09:00:00"), "wrong signature"),
        (lambda note: note.replace(ORIGIN, "agi-app/else"), "not a checkpoint of"),
        (lambda note: note.replace("\n\n", "\n"), "not a signed note"),
        (lambda note: note.replace("—", "-"), "not a checkpoint of"),
        (lambda _: sign(MADE, OTHER), "another key"),
        (lambda _: "", "not a signed note"),
    ],
)
def test_a_changed_or_foreign_checkpoint_is_refused(change: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        verify(change(sign(MADE, KEY)), ORIGIN, KEY.public_key())  # type: ignore[operator]
    with pytest.raises(NotGenuine):
        PublicKey(public_line(ORIGIN, KEY.public_key())).read(change(sign(MADE, KEY)))  # type: ignore[operator]


def test_a_file_keeps_all_notes_and_drops_what_a_crash_left(tmp_path: Path) -> None:
    file = tmp_path / "checkpoints"
    notes = [sign(replace(MADE, size=n), KEY) for n in (1, 2, 3)]
    checkpoint_files.Writer(file).append(notes[0])
    for torn in (notes[1][:40], notes[1][: notes[1].index("—")], notes[1][:-1], notes[1].encode()[:-40].decode()):
        before = file.read_bytes()
        with file.open("a", encoding="utf-8") as out:
            out.write(torn)
        assert checkpoint_files.read(file) == [notes[0]]
        checkpoint_files.Writer(file).append(notes[2])
        assert checkpoint_files.read(file) == [notes[0], notes[2]]
        file.write_bytes(before)
    writer = checkpoint_files.Writer(file)
    writer.append(notes[1])
    writer.append(notes[2])
    assert checkpoint_files.read(file) == notes
    assert file.stat().st_mode & 0o777 == 0o600
    assert split("".join(n + "\n" for n in notes))[1] == ""


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    """A share that is not mounted must not turn into a folder of this disk."""
    with pytest.raises(FileNotFoundError):
        checkpoint_files.Writer(tmp_path / "share" / "checkpoints").append(sign(MADE, KEY))
    assert not (tmp_path / "share").exists()


def test_of_earlier_days_one_checkpoint_an_hour_is_kept() -> None:
    times = [AT + dt.timedelta(minutes=20 * n) for n in range(100)]
    made = [(replace(MADE, size=n, at=at), str(n)) for n, at in enumerate(times)]
    kept = thinned(made, times[-1].date())
    today = [str(n) for n, at in enumerate(times) if at.date() == times[-1].date()]
    assert kept[-len(today) :] == today
    earlier = [made[int(n)][0].at for n in kept[: -len(today)]]
    assert [at.minute for at in earlier] == [40] * len(earlier)
    restart = (replace(MADE, size=1, lost=3), "restart")
    assert "restart" in thinned([restart, (MADE, "later")], times[-1].date())


def test_a_restart_gives_up_what_was_signed_beyond_it_before_and_nothing_after() -> None:
    def at(minute: int, size: int, lost: int | None = None) -> Checkpoint:
        return replace(MADE, size=size, at=AT + dt.timedelta(minutes=minute), lost=lost)

    early, given_up, restart, later = at(0, 5), at(1, 9), at(2, 7, 9), at(3, 12)
    assert in_force([later, given_up, early, restart]) == [early, restart, later]
    assert newest([later, given_up]) == later


def test_the_key_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    first = load_or_make(tmp_path)
    file = audit_folder(tmp_path) / "key.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    assert load_or_make(tmp_path).private_bytes_raw() == first.private_bytes_raw()
    for mode in (0o640, 0o604):
        file.chmod(mode)
        with pytest.raises(ConfigError, match=r"other users can read .*chmod 600"):
            load_or_make(tmp_path)


def test_a_lost_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    load_or_make(tmp_path)
    (audit_folder(tmp_path) / "key.pem").unlink()
    (audit_folder(tmp_path) / "checkpoints").write_text("x")
    with pytest.raises(ConfigError, match="the audit key is gone"):
        load_or_make(tmp_path)
    assert not (audit_folder(tmp_path) / "key.pem").exists()


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_damaged_key_says_so(tmp_path: Path, content: str) -> None:
    file = audit_folder(tmp_path) / "key.pem"
    file.parent.mkdir()
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="damaged"):
        load_or_make(tmp_path)


def test_an_erasure_is_signed_word_for_word() -> None:
    said = erasures.Erasure(AT, "person", 5, {"consent": [12, 13], "person": [5]}, "letter of 1 March", "admin")
    signature = erasures.sign(said, KEY)
    assert erasures.is_signed(said, signature, KEY.public_key())
    for changed in (
        replace(said, erased={"consent": [12, 13, 14], "person": [5]}),
        replace(said, at=AT + dt.timedelta(microseconds=1)),
        replace(said, reason="another"),
        replace(said, person_id=6),
    ):
        assert not erasures.is_signed(changed, signature, KEY.public_key())
    assert not erasures.is_signed(said, signature, OTHER.public_key())


def test_canonical_json_has_one_form() -> None:
    value = {"bb": [True, None, -1], "a": 'ü\n"\x01', "aa": {}, "c": "é"}
    assert canonical(value) == '{"a": "ü\\n\\"\\u0001", "c": "é", "aa": {}, "bb": [true, null, -1]}'
    with pytest.raises(TypeError, match="float"):
        canonical({"a": 1.5})
