"""A container engine for a check: podman with settings and images of its own, where no registry is reached.

Its images are kept between checks in the cache folder, so that layers which have not changed are not built again.
Nothing of the machine is changed: settings come by the environment, mounts are in a namespace that ends with the check.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from release import machine, roots
from release.errors import PackageError
from sandbox.root import cache_folder

PROGRAMS = {"podman": "podman", "podman-compose": "podman-compose", "debootstrap": "debootstrap"}
BASES = {"trixie": "localhost/debian:trixie-slim", "sid": "localhost/debian:sid-slim"}  # found as debian:…
LIMIT_S = 1800.0  # of one command; a build with nothing kept from before takes minutes
_INSIDE = "AGI_APP_OWN_MOUNTS"
# crun knows cgroups of version 1 or 2, and not both at once: version 2 is taken away where both are there.
_OWN_MOUNTS = """
mount --make-rprivate /
umount /sys/fs/cgroup/unified 2>/dev/null
exec "$@"
"""
_BASE = """
set -e
mount --make-rprivate /
debootstrap --variant=minbase "$1" "$2" $3
cd "$2"
rm -rf var/cache/apt/archives/*.deb var/lib/apt/lists/*
rm -rf usr/share/doc/* usr/share/info/* usr/share/locale/* usr/share/man/*
"""
_CONTAINERS = """\
[containers]
cgroups = "disabled"
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
_STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{graph}"
runroot = "{run}"
"""


def in_own_mounts() -> None:
    """Go on as this command in a mount namespace of its own; returns there. Raises PackageError when not root."""
    if os.environ.get(_INSIDE):
        return
    if os.geteuid():
        raise PackageError("images are built and run as root here: run this as root")
    again = [sys.executable, "-m", "release", *sys.argv[1:]]
    words = ["unshare", "--mount", "sh", "-c", _OWN_MOUNTS, "sh", *again]
    os.execvpe(words[0], words, {**os.environ, _INSIDE: "1"})


def ensure_programs() -> None:
    """Install what is missing of podman, podman-compose and debootstrap, as root by apt. Raises PackageError."""
    missing = [package for name, package in PROGRAMS.items() if shutil.which(name) is None]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise PackageError(f"the check of the images needs {' '.join(missing)}: install them")
    print(f"installing {' '.join(missing)}", file=sys.stderr, flush=True)
    apt = "apt-get -q -o DPkg::Lock::Timeout=300"
    install = f"{apt} update && {apt} install -y --no-install-recommends {' '.join(missing)} crun netavark"
    roots.output(["sh", "-c", install], {**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


class Engine:
    """podman, by its command line; ``folder`` is for this check alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        graph = cache_folder() / "images"
        graph.mkdir(parents=True, exist_ok=True)
        (folder / "storage.conf").write_text(_STORAGE.format(graph=graph, run=folder / "run"), "utf-8")
        limits = {"files": _most(resource.RLIMIT_NOFILE, 20_000), "processes": _most(resource.RLIMIT_NPROC, 90_000)}
        (folder / "containers.conf").write_text(_CONTAINERS.format(**limits), "utf-8")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AGI_", "DATABASE_URL"))},
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
            "BUILDAH_ISOLATION": "chroot",
        }

    def run(self, *words: str) -> str:
        """What ``podman WORDS`` printed. Raises PackageError with the end of all that it said when it fails."""
        status, errors, printed = self.tried(*words)
        text = printed.decode(errors="replace")
        if status:
            raise PackageError(f"podman {' '.join(words)}: status {status}\n{text[-2000:]}\n{errors[-2000:]}")
        return text

    def tried(self, *words: str, given: bytes = b"", limit_s: float = LIMIT_S) -> tuple[int, str, bytes]:
        """Exit status, standard error and standard output of ``podman WORDS``."""
        done = subprocess.run(
            ["podman", *words], env=self.environment, input=given, capture_output=True, check=False, timeout=limit_s
        )
        return done.returncode, done.stderr.decode(errors="replace"), done.stdout

    def clear(self) -> None:
        """Take away what an earlier check that was cut off has left, and layers that no build has used for a week."""
        self.tried("rm", "--all", "--force", "--time=1")
        self.tried("volume", "rm", "--all", "--force")
        self.tried("image", "prune", "--force", "--filter", "until=168h")

    def inspect(self, kind: str, name: str) -> Any:
        """All that the engine knows of an image or a container."""
        return json.loads(self.run(kind, "inspect", name))[0]

    def ensure_base(self, suite: str) -> None:
        """Import a debootstrapped Debian as the image that the files of this project name. Made once a machine."""
        name = BASES[suite]
        if self.tried("image", "exists", name)[0] == 0:
            return
        print(f"making {name} by debootstrap (once a machine, a minute)", file=sys.stderr, flush=True)
        building = self._folder / suite
        words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _BASE, "sh"]
        roots.output([*words, suite, str(building), machine.mirror()], {**os.environ, **machine.network()})
        archive = self._folder / f"{suite}.tar"
        roots.output(["tar", "-C", str(building), "--one-file-system", "-cf", str(archive), "."])
        self.run("import", "--quiet", str(archive), name)
        archive.unlink()
        shutil.rmtree(building)

    def build(self, context: Path, file: str, name: str, *, target: str = "") -> None:
        """Build an image; its steps that fetch something use this machine's settings, which stay out of the image."""
        pip = {
            name.removeprefix("PIP_").lower().replace("_", "-"): value
            for name, value in machine.network().items()
            if name.startswith("PIP_") and name != "PIP_CERT"
        }
        mounts = {}
        if certificates := machine.certificates():
            mounts[str(certificates)] = "/run/certificates.crt"
            pip["cert"] = "/run/certificates.crt"
        settings = self._folder / "pip.conf"
        settings.write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in pip.items()), "utf-8")
        mounts[str(settings)] = "/etc/pip.conf"
        cache = cache_folder() / "pip-in-images"
        cache.mkdir(exist_ok=True)
        binds = [f"--volume={here}:{there}:ro" for here, there in mounts.items()]
        binds.append(f"--volume={cache}:/root/.cache/pip")
        words = ["--pull=never", "--network=host", "--layers", "--build-arg=ALLOW_OLD_MIRROR=yes", *binds]
        if target:
            words.append(f"--target={target}")
        self.run("build", *words, "--tag", name, "--file", str(context / file), str(context))


def _most(kind: int, wanted: int) -> int:
    """A limit that this process may give to its children."""
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
