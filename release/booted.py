"""A clean root booted with systemd as PID 1, in namespaces of its own: mounts, processes, network, host name, cgroups.

It sees neither the machine's network nor its services; a folder of the machine is seen only where it is bound. All of
it ends with the process that started it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from release.errors import PackageError

BOOT_S = 90.0
LIMIT_S = 600.0  # of one command: a busy machine unpacks slowly
END_S = 20.0
_BOOT = """
set -e
lower=$1 layer=$2 group=$3
echo $$ >"$group/cgroup.procs"
exec unshare --mount --pid --fork --kill-child --cgroup --uts --ipc --net sh -ec '
lower=$1 layer=$2
mount --make-rprivate /
root=$layer/root
mkdir -p "$layer/upper" "$layer/work" "$root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$layer/upper,workdir=$layer/work" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 none "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for n in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${n%%:*}" "$root/dev/${n#*:}"; done
mount -t tmpfs -o mode=755 tmpfs "$root/run"
for bind in $BINDS; do
    mkdir -p "$root${bind#*:}"
    mount --bind "${bind%%:*}" "$root${bind#*:}"
    mount -o remount,bind,ro "$root${bind#*:}"
done
ip link set lo up
# A card, whose address names an Asterisk here; it leads nowhere.
ip link add eth0 address 02:00:00:00:00:01 type veth peer name nowhere
ip address add 192.0.2.1/24 dev eth0
ip link set eth0 up
hostname agi-app-check
mkdir "$root/run/before"
cd "$root"
pivot_root . run/before
umount -l /run/before
# As on a host: services with mounts of their own see those that come later, and get credentials.
mount --make-rshared /
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 /lib/systemd/systemd systemd.show_status=0
' sh "$lower" "$layer"
"""
_ENVIRONMENT = (
    "env",
    "-i",
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
    "HOME=/root",
    "DEBIAN_FRONTEND=noninteractive",
)


class Booted:
    """A running Debian 13 over the root ``lower``; a context manager, whose ``run`` works inside.

    ``binds``: folders of the machine, read-only, and where they are seen. Raises PackageError when it does not boot.
    """

    def __init__(self, lower: Path, binds: Mapping[Path, str] | None = None) -> None:
        self._lower = lower
        self._binds = " ".join(f"{here}:{there}" for here, there in (binds or {}).items())
        self._layer = Path(tempfile.mkdtemp(prefix="agi-app-boot-"))
        self._group = _cgroups() / f"agi-app-check-{os.getpid()}-{self._layer.name[-6:]}"
        self._child: subprocess.Popen[bytes] | None = None
        self.pid = 0
        self.log = self._layer / "console.log"

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, *command: str, check: bool = True, user: str = "", limit_s: float = LIMIT_S) -> str:
        """What a command printed in there, as root or as ``user``. Raises PackageError when it fails and ``check``."""
        return self.tried(*command, check=check, user=user, limit_s=limit_s)[1]

    def tried(self, *command: str, check: bool = False, user: str = "", limit_s: float = LIMIT_S) -> tuple[int, str]:
        """The same, with its exit status."""
        ours = ["runuser", "-u", user, "--", "env", "HOME=/nonexistent"] if user else []
        words = [*self.enter(), *_ENVIRONMENT, *ours, *command]
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=limit_s,
            )
        except subprocess.TimeoutExpired as error:
            said = (error.stdout or b"").decode(errors="replace")[-2000:]
            raise PackageError(f"{shlex.join(command)}: not within {limit_s:.0f} s\n{said}") from error
        text = done.stdout.decode(errors="replace")
        if check and done.returncode:
            raise PackageError(f"{shlex.join(command)}: status {done.returncode}\n{text[-4000:]}")
        return done.returncode, text

    def enter(self) -> Sequence[str]:
        """The words before a command that is to run in there."""
        return (
            "nsenter",
            "--target",
            str(self.pid),
            "--mount",
            "--pid",
            "--net",
            "--uts",
            "--ipc",
            "--cgroup",
            "--root",
            "--wdns=/",
        )

    def file(self, path: str) -> Path:
        """A file in there, as it is seen from outside."""
        return Path(f"/proc/{self.pid}/root{path}")

    def wait(self, what: str, *command: str, limit_s: float = 60) -> str:
        """Run a command until it succeeds, and return what it printed then. Raises PackageError when it never does."""
        end = time.monotonic() + limit_s
        while True:
            status, text = self.tried(*command)
            if status == 0:
                return text
            if time.monotonic() > end:
                raise PackageError(f"{what}: not within {limit_s:.0f} s\n{text[-2000:]}")
            time.sleep(0.5)

    def _start(self) -> None:
        self._group.mkdir()
        ended = ["setpriv", "--pdeathsig", "KILL"]  # with us, however we end
        words = [*ended, "sh", "-c", _BOOT, "sh", str(self._lower), str(self._layer), str(self._group)]
        with self.log.open("wb") as log:
            environment = {**os.environ, "BINDS": self._binds}
            self._child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        end = time.monotonic() + BOOT_S
        while not (self._find() and self._is_up()):
            if self._child.poll() is not None or time.monotonic() > end:
                raise PackageError(f"the root does not boot:\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.2)

    def _find(self) -> bool:
        """The process that is systemd: the one child of unshare, once it is no shell any longer."""
        own = self._child.pid if self._child else 0
        found = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        self.pid = int(found[0]) if found else 0
        return bool(self.pid) and Path(f"/proc/{self.pid}/comm").read_text().strip() == "systemd"

    def _is_up(self) -> bool:
        return self.tried("systemctl", "is-system-running")[1].strip() in ("running", "degraded")

    def _end(self) -> None:
        if self._child is not None:
            if self.pid:
                os.kill(self.pid, signal.SIGRTMIN + 4)  # power off
            try:
                self._child.wait(END_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        for group in sorted(self._group.rglob("*/"), key=lambda path: -len(path.parts)):
            group.rmdir()
        if self._group.is_dir():
            self._group.rmdir()
        shutil.rmtree(self._layer, ignore_errors=True)


def _cgroups() -> Path:
    """Where the machine has cgroups of version 2."""
    hybrid = Path("/sys/fs/cgroup/unified")
    return hybrid if hybrid.is_dir() else Path("/sys/fs/cgroup")
