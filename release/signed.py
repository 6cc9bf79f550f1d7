"""Signs a release and checks one: SHA256SUMS of all its files, and a signature of that by a maintainer's key.

By `ssh-keygen -Y`: it is on every machine that has ssh, and the key may be in an agent or on a token
(docs/decisions/0121-signed-releases.md).
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from release.errors import PackageError

ROOT = Path(__file__).resolve().parents[1]
SIGNERS = ROOT / "packaging" / "release" / "signers"
SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"
WHO, WHAT_FOR = "agi-app-maintainer", "agi-app-release"
INSTALLED = "/usr/share/doc/agi-app/release-signers"
VERIFY = (
    f"ssh-keygen -Y verify -f {INSTALLED} -I {WHO} -n {WHAT_FOR} -s {SIGNATURE} <{SUMS}"
    f" && sha256sum --check --ignore-missing {SUMS}"
)
_BLOCK = 1 << 20


def sign(folder: Path, key: Path, signers: Path = SIGNERS) -> None:
    """Write the sums of every file of the folder and their signature; then check them as a user does.

    ``key`` is a secret key, or the public one of a key that an agent or a token has. Raises PackageError.
    """
    sums = "".join(f"{_digest(file)}  {file.name}\n" for file in _files(folder))
    if not sums:
        raise PackageError(f"{folder}: has no file to sign")
    (folder / SUMS).write_text(sums, "utf-8")
    (folder / SIGNATURE).unlink(missing_ok=True)
    _run(["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", WHAT_FOR, str(folder / SUMS)])
    try:
        verify(folder, signers)
    except PackageError as error:
        (folder / SIGNATURE).unlink(missing_ok=True)
        raise PackageError(f"{error}. A maintainer's key is a line of {signers}") from error


def verify(folder: Path, signers: Path = SIGNERS) -> list[str]:
    """The names of the files in a folder that a maintainer signed, all of which are as they were then.

    Raises PackageError when one is not, or the signature is no maintainer's.
    """
    try:
        sums = (folder / SUMS).read_bytes()
    except OSError as error:
        raise PackageError(f"{folder / SUMS}: {error.strerror}: it comes with each release") from error
    words = ["-f", str(signers), "-I", WHO, "-n", WHAT_FOR, "-s", str(folder / SIGNATURE)]
    _run(["ssh-keygen", "-Y", "verify", *words], sums)
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in sums.decode().splitlines())}
    found = [file for file in _files(folder) if file.name in listed]
    for file in found:
        if _digest(file) != listed[file.name]:
            raise PackageError(f"{file}: is not the file that was signed: get it again, and do not install it")
    if not found:
        raise PackageError(f"{folder}: has none of the files that {SUMS} lists")
    return [file.name for file in found]


def _files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.name not in (SUMS, SIGNATURE) and not file.name.startswith("."):
            yield file


def _digest(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as source:
        while block := source.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def _run(command: list[str], given: bytes = b"") -> None:
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise PackageError(f"{command[0]} is not here: apt-get install openssh-client") from error
    if done.returncode:
        said = (done.stderr + done.stdout).decode("utf-8", "replace").strip().splitlines() or ["no word why"]
        raise PackageError(f"{' '.join(command[:3])}: {said[-1]}")
