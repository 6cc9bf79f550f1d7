"""The read-only root that every sandbox Asterisk runs from, built once a machine.

In this order: a root named by AGI_APP_ASTERISK_ROOT, an ``asterisk`` of this machine in a supported version, a root
built here by debootstrap and ``asterisk-docker/install.sh`` (needs root, about a minute, 300 MB). The built one lies in
AGI_APP_CACHE or ~/.cache/agi-app under a name that holds the hash of its recipe, so a changed recipe builds anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from agi_app.messages import t
from agi_app.shared_files import shared
from sandbox.errors import SandboxError
from sandbox.supervise import Child, tail

Say = Callable[[str], None]

INSTALL = shared("asterisk-docker/install.sh").resolve()
TOOLS = ("sipp", "tcpdump")
PACKAGES = {
    "debootstrap": "debootstrap",
    "sipp": "sip-tester",
    "tcpdump": "tcpdump",
    "baresip": "baresip-core",
    "linphonec": "linphone-cli",
    "php": "php-cli php-sqlite3",
    "promtool": "prometheus",
    "chromium": "chromium fonts-noto-cjk",
}
PROGRESS_EVERY_S = 5.0
# The build runs in its own namespaces: when it ends, or we do, its processes and mounts are gone.
_BUILD = """
set -e
target=$1 install=$2 mirror=$3
mount --make-rprivate /
debootstrap --variant=minbase sid "$target" $mirror
cp "$install" "$target/install.sh"
mount -t proc proc "$target/proc"
chroot "$target" /bin/bash /install.sh --trim --allow-old-mirror
umount "$target/proc"
rm "$target/install.sh"
rm -f "$target/etc/resolv.conf" "$target/etc/hosts"
: >"$target/etc/resolv.conf"
echo "127.0.0.1 localhost" >"$target/etc/hosts"
"""


def ensure_root(say: Say = print) -> Path:
    """The root to give to ``sandbox.asterisk.Asterisk``; builds it if this machine has none yet.

    ``Path("/")`` means the machine's own Asterisk. Raises SandboxError if none can be had.
    """
    configured = os.environ.get("AGI_APP_ASTERISK_ROOT")
    if configured:
        return _configured(Path(configured))
    local = shutil.which("asterisk")
    if local is not None:
        version = _version_of([local, "-V"])
        if is_supported(version):
            return Path("/")
        say(
            t(
                "this machine's Asterisk {version} is not supported (20.16 or 22.6 or later is):"
                " building a private one",
                version=version,
            )
        )
    return _built(say)


def is_supported(version: str) -> bool:
    """20.16 and later 20.x, 22.6 and later 22.x, and every LTS (even) release after those."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if found is None:
        return False
    major, minor = int(found[1]), int(found[2])
    return (major == 20 and minor >= 16) or (major == 22 and minor >= 6) or (major >= 24 and major % 2 == 0)


def cache_folder() -> Path:
    """Where the root is kept, outside the clone."""
    named = os.environ.get("AGI_APP_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "agi-app"


def recipe_hash() -> str:
    """Changes when the root would be built differently."""
    return hashlib.sha256(INSTALL.read_bytes() + _BUILD.encode()).hexdigest()[:12]


def ensure_tools(say: Say = print, names: Sequence[str] = TOOLS) -> None:
    """Installs the Debian packages of the named commands if they are absent (as root)."""
    missing = [name for name in names if shutil.which(name) is None]
    if not missing:
        return
    packages = [package for name in missing for package in PACKAGES[name].split()]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SandboxError(
            t(
                "the sandbox needs {missing}: install {packages} and try again",
                missing=", ".join(missing),
                packages=" ".join(packages),
            )
        )
    say(t("installing {packages}", packages=" ".join(packages)))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    log = cache_folder() / "apt.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    apt = "apt-get -q -o DPkg::Lock::Timeout=300"  # another installation, such as of updates, may be under way
    install = f"{apt} update && exec {apt} install -y --no-install-recommends {' '.join(packages)}"
    _run_with_progress(
        ["sh", "-c", install], log, say, t("installing {packages}", packages=" ".join(packages)), environment
    )


def _configured(root: Path) -> Path:
    if not (root / "usr/sbin/asterisk").exists():
        raise SandboxError(
            t("AGI_APP_ASTERISK_ROOT={root} has no usr/sbin/asterisk: unset it, or name a root that has", root=root)
        )
    command = ["/usr/sbin/asterisk", "-V"] if root == Path("/") else ["chroot", str(root), "/usr/sbin/asterisk", "-V"]
    version = _version_of(command)
    if not is_supported(version):
        raise SandboxError(
            t(
                "AGI_APP_ASTERISK_ROOT={root} holds Asterisk {version}; 20.16 or 22.6 or later is needed",
                root=root,
                version=version,
            )
        )
    return root


def _version_of(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Asterisk (\S+)", done.stdout)
    return found[1] if found else "(unknown)"


def _built(say: Say) -> Path:
    folder = cache_folder()
    root = folder / f"asterisk-{recipe_hash()}"
    if root.is_dir():
        return root
    if os.geteuid() != 0:
        raise SandboxError(
            t(
                "no supported Asterisk here, and building a private one needs root: run as root,"
                " install Asterisk 20.16 or 22.6 or later, or set AGI_APP_ASTERISK_ROOT to a root folder that has one"
            )
        )
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder / f"{root.name}.lock", say):
        if not root.is_dir():  # another process may have built it while we waited
            ensure_tools(say, ("debootstrap", *TOOLS))
            _build(root, say)
    return root


@contextmanager
def _only_one(lock: Path, say: Say) -> Iterator[None]:
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(t("another process is building the Asterisk root: waiting for it"))
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(root: Path, say: Say) -> None:
    half_built = root.with_name(root.name + ".building")
    if half_built.exists():
        say(t("throwing away a half-built root"))
        shutil.rmtree(half_built)
    say(t("building the Asterisk root in {root} (once a machine, about a minute)", root=root))
    started = time.monotonic()
    mirror = os.environ.get("AGI_APP_DEBIAN_MIRROR", "")
    argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    argv += ["sh", "-c", _BUILD, "sh", str(half_built), str(INSTALL), mirror]
    log = root.with_name(root.name + ".log")
    _run_with_progress(argv, log, say, t("building the Asterisk root"), {**os.environ, **_apt_proxy()})
    half_built.rename(root)
    say(t("the Asterisk root is built ({seconds:.0f} s)", seconds=time.monotonic() - started))


def _apt_proxy() -> dict[str, str]:
    """debootstrap and the chroot do not read the machine's apt settings: hand its proxy on."""
    done = subprocess.run(["apt-config", "dump", "Acquire::http::Proxy"], capture_output=True, text=True, check=False)
    found = re.match(r'Acquire::http::Proxy "([^"]+)";', done.stdout)
    return {"http_proxy": found[1]} if found else {}


def _run_with_progress(argv: Sequence[str], log: Path, say: Say, what: str, environment: Mapping[str, str]) -> None:
    log.write_bytes(b"")
    child = Child(argv, log=log, env=environment)
    try:
        while not child.wait(PROGRESS_EVERY_S):
            say(f"  … {tail(log, 1)[:100]}")
    finally:
        child.end(2.0)
    if child.returncode != 0:
        raise SandboxError(t("{what} failed; the end of {log}:\n{end}", what=what, log=log, end=tail(log)))
