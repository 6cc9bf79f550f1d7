"""What the check of images must see: a secret in any layer, and a folder of secrets that goes along into none."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from release import deb, roots
from release.errors import PackageError
from release.image import PLANTED, _copy_of_clone, _look_into_layer


def layer(files: dict[str, bytes]) -> tarfile.TarFile:
    """A layer of an image that has these files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as made:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    written.seek(0)
    return tarfile.open(fileobj=written)


def test_a_secret_is_found_in_the_middle_of_a_file_of_a_layer() -> None:
    found = pytest.raises(PackageError, match="opt/notes holds a secret")
    with layer({"etc/hosts": b"localhost", "opt/notes": b"old: s3cret-of-mine\n"}) as one, found:
        _look_into_layer("app", one, [b"s3cret-of-mine"])
    with layer({"etc/hosts": b"localhost"}) as clean:
        _look_into_layer("app", clean, [b"s3cret-of-mine"])


@pytest.mark.parametrize("name", ["run/secrets/ari-password", "project/var/suppression.key"])
def test_a_file_where_secrets_and_data_belong_is_in_no_layer(name: str) -> None:
    with layer({name: b"x"}) as one, pytest.raises(PackageError, match=name):
        _look_into_layer("app", one, [])


def test_secrets_are_planted_where_people_leave_them_each_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    (clone / "containers").mkdir(parents=True)
    (clone / "containers" / "compose.yaml").write_text("services: {}\n")
    monkeypatch.setattr(deb, "ROOT", clone)
    monkeypatch.setattr(roots, "output", lambda _words: "containers/compose.yaml\0gone\0")
    planted = _copy_of_clone(tmp_path / "context")
    assert len(set(planted)) == len(PLANTED)
    assert [(tmp_path / "context" / name).read_bytes() for name in PLANTED] == planted
    assert (tmp_path / "context" / "containers" / "compose.yaml").is_file()
