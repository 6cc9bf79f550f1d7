"""What is inside a backup: everything comes out as it went in, and nothing that was changed passes."""

from __future__ import annotations

import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from agi_app.backup.age_header import Openers
from agi_app.backup.archive import DATABASE, PART, ArchiveWriter, Description, Member, SealedArchive
from agi_app.errors import InputError

TOLD = Description(
    "1", "0.2", 88, "p", "k", "2026-03-03T09:30:00+00:00", "2026-03-03T09:30:00+00:00", 7, 9, False, "var", ("a",), ()
)
CONTENT = {"data/refusals.jsonl": b"{}\n", "project/flows/a b.yaml": "flow: 早\n".encode(), "project/empty": b""}


class Stream(io.RawIOBase):
    """A file that stays open."""

    def __init__(self, file: Path) -> None:
        self.file = file.open("wb")

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        return self.file.write(content)  # type: ignore[arg-type]


def written(file: Path, dump: bytes = b"PGDMP", told: Description = TOLD, *, finish: bool = True) -> Path:
    """A backup in clear."""
    stream = Stream(file)
    archive = ArchiveWriter(stream, told)
    for name, content in CONTENT.items():
        archive.put(name, content)
    assert archive.put_parts([dump[at : at + 1_000_000] for at in range(0, len(dump), 1_000_000)]) == len(dump)
    if finish:
        archive.finish()
    else:
        archive.give_up()
    stream.file.close()
    return file


def opened(file: Path) -> SealedArchive:
    """Nobody is asked for a passphrase."""

    def ask() -> Openers:
        raise AssertionError

    return SealedArchive.open(file, ask)


def test_all_comes_out_as_it_went_in(tmp_path: Path) -> None:
    dump = os.urandom(2 * PART + 17)
    sealed = opened(written(tmp_path / "x", dump))
    found: dict[str, bytes] = {}

    def take(member: Member) -> None:
        found[member.name] = member.content.read()

    assert sealed.read(take) == TOLD
    assert {name: found[name] for name in CONTENT} == CONTENT
    assert len([name for name in found if name.startswith(DATABASE)]) == 3
    assert b"".join(sealed.database()) == dump
    assert sealed.read(lambda _: None) == TOLD  # what nobody reads is checked, too


def test_what_was_not_finished_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cut short|damaged"):
        opened(written(tmp_path / "x", finish=False)).read()


def test_a_member_more_or_less_is_found(tmp_path: Path) -> None:
    """Also one that somebody added behind the end."""
    whole = written(tmp_path / "x")
    with (
        tarfile.open(whole) as old,
        tarfile.open(tmp_path / "less", "w") as less,
        tarfile.open(tmp_path / "more", "w") as more,
    ):
        for member in old:
            more.addfile(member, old.extractfile(member))
            if member.name != "data/refusals.jsonl":
                less.addfile(member, old.extractfile(member))
        added = tarfile.TarInfo("data/suppression.key")
        more.addfile(added, io.BytesIO())
    for name in ("less", "more"):
        with pytest.raises(InputError, match="damaged"):
            opened(tmp_path / name).read()


def test_a_newer_format_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"made by agi-app 0\.9"):
        opened(written(tmp_path / "x", told=replace(TOLD, format=2, version="0.9"))).read()


@pytest.mark.parametrize("content", [b"", b"hello", b"\0" * 10240, b"PGDMP" * 999])
def test_something_else_is_no_backup(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputError, match=r"damaged|not a backup"):
        opened(tmp_path / "x").read()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        opened(tmp_path / "x")
