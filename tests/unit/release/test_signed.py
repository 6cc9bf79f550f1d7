"""A release is signed by a maintainer's key; a changed byte, a strange key and what is no release are refused."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from release import publish, signed
from release.errors import PackageError
from release.publish import ready
from release.signed import SIGNATURE, SUMS, VERIFY, sign, verify

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="this machine has no ssh-keygen")
FILES = {"agi-app_0.3.0-1~deb13_amd64.deb": b"a package" * 999, "agi_app-0.3.0-py3-none-any.whl": b"a wheel"}


def new_key(file: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(file)], check=True)
    return file


def signers_with(file: Path, *keys: Path) -> Path:
    """A list of who may sign."""
    lines = [f'{signed.WHO} namespaces="agi-app-release,git" {key.with_suffix(".pub").read_text()}' for key in keys]
    file.write_text("# maintainers\n" + "".join(lines))
    return file


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    signers_with(folder / "signers", new_key(folder / "maintainer"))
    new_key(folder / "stranger")
    return folder


@pytest.fixture
def made(tmp_path: Path, keys: Path) -> Path:
    """A signed release."""
    folder = tmp_path / "0.3.0"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    sign(folder, keys / "maintainer", keys / "signers")
    return folder


def by_the_documents(folder: Path, signers: Path) -> int:
    """The exit status of the one command that a user types there."""
    command = VERIFY.replace(signed.INSTALLED, shlex.quote(str(signers)))
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=False).returncode


def test_what_was_signed_is_taken(made: Path, keys: Path) -> None:
    assert sorted(verify(made, keys / "signers")) == sorted(FILES)
    assert by_the_documents(made, keys / "signers") == 0
    (made / "agi_app-0.3.0-py3-none-any.whl").unlink()
    assert len(verify(made, keys / "signers")) == 1, "one file is enough"
    assert by_the_documents(made, keys / "signers") == 0


@pytest.mark.parametrize("name", [*FILES, SUMS, SIGNATURE])
def test_a_changed_byte_is_refused(made: Path, keys: Path, name: str) -> None:
    content = bytearray((made / name).read_bytes())
    content[len(content) // 2] ^= 1
    (made / name).write_bytes(content)
    with pytest.raises(PackageError):
        verify(made, keys / "signers")
    assert by_the_documents(made, keys / "signers") != 0


def test_a_strange_key_signs_nothing(made: Path, keys: Path) -> None:
    """Neither by our own command, nor when somebody puts his own signature beside the files."""
    with pytest.raises(PackageError, match="A maintainer's key is a line of"):
        sign(made, keys / "stranger", keys / "signers")
    assert not (made / SIGNATURE).exists()
    words = ["ssh-keygen", "-Y", "sign", "-f", str(keys / "stranger"), "-n", signed.WHAT_FOR, str(made / SUMS)]
    subprocess.run(words, check=True, capture_output=True)
    with pytest.raises(PackageError):
        verify(made, keys / "signers")
    assert by_the_documents(made, keys / "signers") != 0


def test_a_signature_for_something_else_is_none(made: Path, keys: Path) -> None:
    (made / SIGNATURE).unlink()
    words = ["ssh-keygen", "-Y", "sign", "-f", str(keys / "maintainer"), "-n", "git", str(made / SUMS)]
    subprocess.run(words, check=True, capture_output=True)
    with pytest.raises(PackageError):
        verify(made, keys / "signers")


def test_nothing_and_files_that_were_never_signed_are_refused(tmp_path: Path, made: Path, keys: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PackageError, match="SHA256SUMS: No such file"):
        verify(tmp_path / "empty", keys / "signers")
    for name in FILES:
        (made / name).unlink()
    (made / "other.deb").write_bytes(b"x")
    with pytest.raises(PackageError, match="none of the files"):
        verify(made, keys / "signers")


def test_the_shipped_list_is_one_that_ssh_reads(made: Path) -> None:
    """As long as it has no key, it lets nobody through."""
    with pytest.raises(PackageError):
        verify(made)


class Tree:
    """A clone with what a release looks at."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self.folder, self.signers, self._keys = folder, keys / "signers", keys
        (folder / publish.SCHEMA).mkdir(parents=True)
        (folder / publish.SCHEMA / "0007_last.sql").write_text("")
        self.write("pyproject.toml", '[project]\nversion = "0.3.0"\n')
        self.write("CHANGELOG.md", "# Changelog\n\n## [0.3.0] 2026-12-01\n")
        self.write(publish.RELEASES, 'oldest = "0.3.0"\n[migrations]\n"0.3.0" = 7\n')
        self.git("init", "-q")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def git(self, *words: str, key: str = "maintainer") -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@invalid.example", "-c", "gpg.format=ssh"]
        signing = ["-c", f"user.signingKey={self._keys / key}"]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        subprocess.run(["git", "-C", str(self.folder), *who, *signing, *words], check=True, env=environment)

    def commit(self, tag: str = "v0.3.0", key: str = "maintainer") -> None:
        self.git("add", ".")
        self.git("commit", "-q", "-m", "Release")
        self.git("tag", "-s", tag, "-m", "agi-app", key=key)

    def refused(self) -> str:
        """Why it is no release; empty when it is one."""
        try:
            assert ready(self.folder, self.signers) == "0.3.0"
        except PackageError as error:
            return str(error)
        return ""


def test_only_a_tagged_commit_that_says_everywhere_what_it_is_is_released(tmp_path: Path, keys: Path) -> None:
    tree = Tree(tmp_path, keys)
    tree.write("pyproject.toml", '[project]\nversion = "0.3.0.dev0"\n')
    tree.commit("v0")
    assert "0.3.0.dev0 is no release" in tree.refused()
    tree.write("pyproject.toml", '[project]\nversion = "0.3.0"\n')
    assert "commit this first" in tree.refused()
    tree.commit("v9.9.9")
    assert "has no tag v0.3.0" in tree.refused()
    tree.git("tag", "v0.3.0")
    assert "is not signed" in tree.refused()
    tree.git("tag", "-f", "-s", "v0.3.0", "-m", "x", key="stranger")
    assert "is not signed" in tree.refused()
    tree.git("tag", "-f", "-s", "v0.3.0", "-m", "x")
    assert tree.refused() == ""
    tree.write(publish.RELEASES, 'oldest = "0.2.0"\n[migrations]\n"0.2.0" = 6\n')
    tree.git("commit", "-q", "-a", "-m", "Forget it")
    tree.git("tag", "-f", "-s", "v0.3.0", "-m", "x")
    assert 'add "0.3.0" = 7' in tree.refused()
    tree.write("CHANGELOG.md", "# Changelog\n")
    tree.git("commit", "-q", "-a", "-m", "Forget that, too")
    tree.git("tag", "-f", "-s", "v0.3.0", "-m", "x")
    assert "has no section [0.3.0]" in tree.refused()
