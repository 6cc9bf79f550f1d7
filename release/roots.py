"""Clean Debian 13 roots, made by debootstrap once a machine and kept; whoever works in one gets a layer of their own.

``base`` has systemd and Python, ``build`` also what makes a package, ``world`` also what the sandbox's carrier needs.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from release import machine
from release.errors import PackageError
from sandbox.root import cache_folder

BASE = "ca-certificates,dbus,python3,systemd,systemd-sysv"
MORE = {
    "base": (),
    "build": ("lintian", "python3-venv"),
    "world": ("iproute2", "procps", "sip-tester", "tcpdump"),
}
_BOOTSTRAP = """
set -e
target=$1 mirror=$2 include=$3
mount --make-rprivate /
debootstrap --variant=minbase --include="$include" "$4" "$target" $mirror
rm -f "$target"/var/cache/apt/archives/*.deb
"""
# A private mount namespace: when the command ends, or we do, its mounts and processes are gone.
ENTER = """
set -e
lower=$1 layer=$2 certificates=$3
shift 3
mount --make-rprivate /
root=$lower
if [ -n "$layer" ]; then
    root=$layer/root
    mkdir -p "$layer/upper" "$layer/work" "$root"
    mount -t overlay overlay -o "lowerdir=$lower,upperdir=$layer/upper,workdir=$layer/work" "$root"
fi
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
if [ -n "$certificates" ]; then
    mkdir -p "$root/etc/ssl/certs"
    touch "$root/etc/ssl/certs/ca-certificates.crt"
    mount --bind "$certificates" "$root/etc/ssl/certs/ca-certificates.crt"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
fi
for bind in $BINDS; do
    mkdir -p "$root${bind#*:}"
    mount --bind "${bind%%:*}" "$root${bind#*:}"
done
exec chroot "$root" "$@"
"""
_CLEAN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}


def root(name: str) -> Path:
    """The kept root of this name; makes it if this machine has none yet. Raises PackageError when that fails."""
    if os.geteuid():
        raise PackageError("clean roots need root: run this as root")
    recipe = hashlib.sha256(f"{BASE} {MORE} {_BOOTSTRAP}".encode()).hexdigest()[:12]
    folder = cache_folder() / f"debian13-{recipe}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "base").is_dir():
            _bootstrap(folder / "base")
        if not (folder / name).is_dir():
            _extend(folder / "base", folder / name, MORE[name])
    return folder / name


@contextmanager
def layer() -> Iterator[Path]:
    """A folder for what is written in a root, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="agi-app-root-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def run_in(
    lower: Path,
    folder: Path | None,
    command: Sequence[str],
    *,
    online: bool = False,
    environment: Mapping[str, str] | None = None,
    binds: Mapping[Path, str] | None = None,
) -> str:
    """Run a command in ``lower`` with the layer ``folder`` over it, else in itself, and return what it printed.

    ``online``: with this machine's package settings. Raises PackageError with the end of its output when it fails.
    """
    given = {**_CLEAN, **(machine.network() if online else {}), **(environment or {})}
    bound = " ".join(f"{here}:{there}" for here, there in (binds or {}).items())
    certificates = str(machine.certificates() or "") if online else ""
    own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", *([] if online else ["--net"])]
    return output(
        [*own, "sh", "-c", ENTER, "sh", str(lower), str(folder or ""), certificates, *command],
        {**given, "BINDS": bound},
    )


def output(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a command printed. Raises PackageError with the end of it when it failed."""
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        shown = " ".join(word if "\n" not in word else "…" for word in command)
        raise PackageError(f"{shown}: status {done.returncode}\n{text[-4000:]}")
    return text


def _bootstrap(target: Path) -> None:
    if shutil.which("debootstrap") is None:
        raise PackageError("debootstrap is not installed: apt-get install debootstrap")
    print(f"making a clean Debian 13 in {target} (once a machine, about a minute)", flush=True)
    building = _anew(target)
    own = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    words = ["sh", "-c", _BOOTSTRAP, "sh", str(building), machine.mirror(), BASE, machine.SUITE]
    output([*own, *words], {**os.environ, **machine.network()})
    building.rename(target)


def _extend(base: Path, target: Path, packages: Sequence[str]) -> None:
    print(f"adding {' '.join(packages)}", flush=True)
    building = _anew(target)
    output(["cp", "-a", str(base), str(building)])
    sources = "\n".join(machine.sources())
    (building / "etc/apt/sources.list").write_text(
        f"{sources}\n" if sources else f"deb {machine.mirror()} {machine.SUITE} main\n"
    )
    (building / "etc/apt/apt.conf.d/90machine").write_text(machine.apt_settings())
    install = (
        f"apt-get -q update && apt-get -q install -y --no-install-recommends {' '.join(packages)} && apt-get clean"
    )
    run_in(building, None, ["sh", "-c", install], online=True, environment={"DEBIAN_FRONTEND": "noninteractive"})
    building.rename(target)


def _anew(target: Path) -> Path:
    """Where ``target`` is built; what an earlier try left there is thrown away."""
    building = target.with_name(f"{target.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    return building
