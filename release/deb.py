"""Builds agi-app_VERSION_amd64.deb: an environment of its own in /opt/agi-app, made in a clean root, by dpkg-deb.

Two builds of a commit are the same byte for byte: every date is the commit's, every mode and owner is set, and nothing
is compiled before it is installed.
"""

from __future__ import annotations

import email.utils
import gzip
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from release import roots
from release.errors import PackageError
from release.version import Version, version_of
from sandbox.root import cache_folder

ROOT = Path(__file__).resolve().parents[1]
FILES = ROOT / "packaging"
HOME = "opt/agi-app"
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
CONFFILES = ("/etc/agi-app/agi-app.env",)
COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/agi-app",
    "zsh": "usr/share/zsh/vendor-completions/_agi-app",
    "fish": "usr/share/fish/vendor_completions.d/agi-app.fish",
}
CHANGES = """\
agi-app ({version}) trixie; urgency=medium

  * What has changed is in CHANGELOG.md beside this file.

 -- The agi-app project <agi-app@invalid.example>  {date}
"""
_INSTALL = """
set -e
python3 -m venv --without-pip /opt/agi-app
python3 -m venv /tmp/tools
pip="/tmp/tools/bin/pip --python /opt/agi-app/bin/python install --quiet --no-compile --root-user-action ignore"
$pip --require-hashes --only-binary :all: --requirement /in/requirements.lock
$pip --no-deps --no-index /in/*.whl
rm -rf /opt/agi-app/lib/python3*/site-packages/agi_app-*.dist-info/direct_url.json /tmp/tools
"""
_COMPLETE = """
for shell in bash zsh fish; do
    _AGI_APP_COMPLETE=source_$shell /opt/agi-app/bin/agi-app >/completion.$shell || exit 1
    grep -q agi-app /completion.$shell || exit 1
done
"""


def build(out: Path, source: Path = ROOT, version: Version | None = None, *, level: int = 6) -> Path:
    """Build the package of the tree ``source`` into the folder ``out`` and return its file.

    ``packaging/`` is always this tree's; ``level`` is xz's (1: in a seventh of the time, and a seventh larger). Needs
    root and the network. Raises PackageError.
    """
    version = version or version_of(source)
    lower = roots.root("build")
    with roots.layer() as folder:
        given = folder / "in"
        given.mkdir()
        _wheel(source, given, version)
        shutil.copy(source / "requirements.lock", given)
        cache = cache_folder() / "pip-in-roots"
        cache.mkdir(parents=True, exist_ok=True)
        environment = {"PYTHONDONTWRITEBYTECODE": "1", "SOURCE_DATE_EPOCH": str(version.epoch)}
        binds = {given: "/in", cache: "/root/.cache/pip"}
        roots.run_in(lower, folder, ["sh", "-c", _INSTALL], online=True, environment=environment, binds=binds)
        roots.run_in(lower, folder, ["sh", "-c", _COMPLETE], environment=environment)
        tree = folder / "package"
        _lay_out(folder / "upper", tree, source, version)
        _control(tree, version)
        return _pack(tree, out, version, level)


def check_style(deb: Path) -> str:
    """What lintian finds, errors and warnings; empty when there is nothing."""
    with roots.layer() as folder:
        return roots.run_in(
            roots.root("build"),
            folder,
            ["sh", "-c", "lintian --allow-root --tag-display-limit 5 /in/*.deb || true"],
            binds={deb.parent: "/in"},
        )


def _wheel(source: Path, out: Path, version: Version) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    words = ["env", "-C", str(source), f"SOURCE_DATE_EPOCH={version.epoch}", *command]
    roots.output(words)


def _lay_out(upper: Path, tree: Path, source: Path, version: Version) -> None:
    """Put everything where it is installed."""
    home = tree / HOME
    home.parent.mkdir(parents=True)
    (upper / HOME).rename(home)
    for program in (home / "bin").iterdir():
        if not program.name.startswith("python") and program.name != "agi-app":
            program.unlink()
    pages = home / "share" / "man"
    if pages.is_dir():
        for page in pages.rglob("agi-app.1"):
            _zip(page.read_bytes(), tree / "usr/share/man" / page.parent.relative_to(pages) / "agi-app.1.gz")
    for spare in (home / "share", home / "include", *home.glob("lib/python3*/site-packages/numpy/**/tests")):
        shutil.rmtree(spare, ignore_errors=True)
    (home / ".gitignore").unlink(missing_ok=True)
    _copy(ROOT / "release" / "bring_up_to_date.py", home / "libexec" / "bring_up_to_date.py")
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "usr/bin/agi-app").symlink_to(f"/{HOME}/bin/agi-app")
    for shell, place in COMPLETIONS.items():
        _copy(upper / f"completion.{shell}", tree / place)
    for unit in sorted((FILES / "systemd").glob("*.*")):
        _copy(unit, tree / "usr/lib/systemd/system" / unit.name)
    ours = FILES / "deb"
    _copy(ours / "sysusers.conf", tree / "usr/lib/sysusers.d/agi-app.conf")
    _copy(ours / "tmpfiles.conf", tree / "usr/lib/tmpfiles.d/agi-app.conf")
    _copy(ours / "agi-app.env", tree / "etc/agi-app/agi-app.env")
    _copy(ours / "lintian-overrides", tree / "usr/share/lintian/overrides/agi-app")
    _documents(tree / "usr/share/doc/agi-app", home, source, version)


def _documents(folder: Path, home: Path, source: Path, version: Version) -> None:
    _copy(FILES / "deb" / "copyright", folder / "copyright")
    date = email.utils.formatdate(version.epoch)
    _zip(CHANGES.format(version=version.debian, date=date).encode(), folder / "changelog.Debian.gz")
    _copy(FILES / "release" / "signers", folder / "release-signers")
    for readme in ("CHANGELOG.md", "README.md", "README.zh-CN.md"):
        _copy(source / readme, folder / readme)
    (package,) = home.glob("lib/python3*/site-packages/agi_app")
    for name in ("docs", "examples"):
        (folder / name).symlink_to(f"/{HOME}/{package.relative_to(home)}/share/{name}")


def _control(tree: Path, version: Version) -> None:
    """The package's control files; of a tree whose modes are set."""
    for path in sorted(tree.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or (path.stat().st_mode & 0o111 and ".so" not in path.suffixes)
            path.chmod(0o755 if runs else 0o644)
    folder = tree / "DEBIAN"
    folder.mkdir()
    sizes = [path.lstat().st_size for path in _files(tree)]
    control = (FILES / "deb" / "control").read_text("utf-8")
    installed = sum((size + 1023) // 1024 for size in sizes)
    (folder / "control").write_text(control.format(version=version.debian, installed_kb=installed), "utf-8")
    (folder / "conffiles").write_text("".join(f"{name}\n" for name in CONFFILES), "utf-8")
    sums = (
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(tree)}\n"
        for path in _files(tree)
    )
    (folder / "md5sums").write_text("".join(sums), "utf-8")
    for name in SCRIPTS:
        shutil.copyfile(FILES / "deb" / name, folder / name)
    for path in folder.iterdir():
        path.chmod(0o755 if path.name in SCRIPTS else 0o644)


def _files(tree: Path) -> Iterator[Path]:
    """The files that are installed, in order."""
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.parent.name != "DEBIAN":
            yield path


def _pack(tree: Path, out: Path, version: Version, level: int) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    deb = out / f"agi-app_{version.debian}_amd64.deb"
    # With a number of threads of its own dpkg-deb would write what this machine's number of cores makes of it.
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", f"-z{level}", "--threads-max=2"]
    roots.output([*command, "--build", str(tree), str(deb)], {**os.environ, "SOURCE_DATE_EPOCH": str(version.epoch)})
    if not deb.is_file():
        raise PackageError(f"dpkg-deb wrote no {deb}")
    return deb


def _copy(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, to)


def _zip(text: bytes, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(gzip.compress(text, 9, mtime=0))
