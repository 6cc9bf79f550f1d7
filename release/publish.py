"""Makes the files of a release: the Debian package, the wheel, their sums and a maintainer's signature.

Only of a tagged commit whose number, changelog and table of releases say the same.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from release import deb, roots, signed
from release.errors import PackageError
from release.version import version_of

ROOT = deb.ROOT
RELEASES = "agi_app/store/database/releases.toml"
SCHEMA = "agi_app/store/database/schema"
NUMBER = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def release(key: Path, out: Path, source: Path = ROOT, signers: Path | None = None) -> Path:
    """Make and sign all files of the release that ``source`` is at; their folder below ``out``. Raises PackageError."""
    signers = signers or source / signed.SIGNERS.relative_to(ROOT)
    number = ready(source, signers)
    folder = out / number
    if folder.exists():
        raise PackageError(f"{folder}: is there already; a release is made once: give a mended one a new number")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".release-") as work:
        made = Path(work) / "files"
        deb.build(made, source)
        wheel(source, made)
        signed.sign(made, key, signers)
        made.rename(folder)
    return folder


def ready(source: Path, signers: Path) -> str:
    """The number of the release that ``source`` is at. Raises PackageError with what is missing."""
    number = version_of(source).upstream
    if not NUMBER.fullmatch(number):
        raise PackageError(
            f"pyproject.toml: {number} is no release; set its number, such as 0.3.0, and tag that commit"
        )
    if changed := _git(source, "status", "--porcelain"):
        raise PackageError(f"commit this first, for a release is what the tag names:\n{changed}")
    tag = f"v{number}"
    if tag not in _git(source, "tag", "--points-at", "HEAD").splitlines():
        raise PackageError(f"this commit has no tag {tag}: git tag -s {tag} -m 'agi-app {number}'")
    trusted = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={signers}")
    if not _well(source, *trusted, "verify-tag", tag):
        raise PackageError(f"the tag {tag} is not signed by a key of {signers} (namespace git)")
    if f"\n## [{number}]" not in (source / "CHANGELOG.md").read_text("utf-8"):
        raise PackageError(f"CHANGELOG.md: has no section [{number}]")
    known = tomllib.loads((source / RELEASES).read_text("utf-8"))["migrations"]
    last = max(int(file.name[:4]) for file in (source / SCHEMA).glob("[0-9]*.sql"))
    if known.get(number) != last:
        raise PackageError(f'{RELEASES}: add "{number}" = {last}, so that later versions know this one')
    return number


def wheel(source: Path, out: Path) -> None:
    """Build the wheel into a folder. Raises PackageError."""
    epoch = version_of(source).epoch
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out.resolve())]
    roots.output(["env", "-C", str(source), f"SOURCE_DATE_EPOCH={epoch}", *command])


def _git(source: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(source), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def _well(source: Path, *words: str) -> bool:
    return subprocess.run(["git", "-C", str(source), *words], capture_output=True, check=False).returncode == 0
