"""Refuse text that names a package registry or mirror: `python scripts/lib/no_hosts.py [FILE…]`.

A clone must install through whatever index its machine is set up with, so no file of ours names
one. Without arguments it reads every file git would commit. Exit 1 when a line is found.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The backslashes keep this file from finding itself.
_HOSTS = (
    r"pypi\.org|pythonhosted\.org|anaconda\.org",
    r"npmjs\.(?:org|com)|yarnpkg\.com|unpkg\.com|jsdelivr\.net",
    r"(?:deb|security|ftp|snapshot|packages)(?:\.\w\w)?\.debian\.org",
    r"(?:archive|security|ports)\.ubuntu\.com|launchpadcontent\.net",
    r"(?:registry-1\.|index\.|auth\.)?docker\.io/|ghcr\.io|quay\.io|(?:\w+\.)?gcr\.io|mcr\.microsoft\.com",
    r"crates\.io|proxy\.golang\.org|rubygems\.org|repo1?\.maven\.(?:apache\.)?org|nuget\.org",
    r"mirrors?\.[\w-]+\.(?:com|cn|org|net|edu)",
)
_OPTIONS = r"--(?:extra-)?index-url[ =]\S|--find-links[ =]\S|(?:PIP|UV)_(?:EXTRA_)?INDEX_URL=\S"
_FORBIDDEN = re.compile(rf"(?<![\w.-])(?:[\w-]+\.)*(?:{'|'.join(_HOSTS)})|{_OPTIONS}", re.IGNORECASE)


def committed_files(root: Path) -> Iterator[Path]:
    """Yield the files git holds or would add; a tree without git is walked."""
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        yield from (root / name for name in listing.stdout.decode().split("\0") if name)
        return
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") or name == ".ci"]
        yield from (Path(folder) / name for name in names)


def hits(path: Path) -> Iterator[str]:
    """Yield `path:line: match` for each line that names a registry; binary files have none."""
    if not path.is_file() or path.is_symlink():
        return
    data = path.read_bytes()
    if b"\0" in data[:4096]:
        return
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if found := _FORBIDDEN.search(line):
            yield f"{path}:{number}: names a registry: {found.group()}"


def main(arguments: list[str]) -> int:
    """Check the named files, or everything git would commit."""
    paths = [Path(argument) for argument in arguments] or sorted(committed_files(ROOT))
    found = [line for path in paths for line in hits(path)]
    print("\n".join(found) if found else f"{len(paths)} files name no registry")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
