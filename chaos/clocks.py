"""A wrong wall clock for our children: libfaketime, told by a file, so that it can jump while they run.

Only CLOCK_REALTIME is moved: monotonic clocks never jump on a real host either.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from pathlib import Path

from sandbox.errors import SandboxError

_PLACES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")


def library() -> str:
    """Where libfaketime is; installed from the package ``faketime`` if need be (as root)."""
    found = [path for pattern in _PLACES for path in glob.glob(pattern)]
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", "faketime"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], capture_output=True, check=False)
        subprocess.run(install, env=environment, capture_output=True, check=False)
        found = [path for pattern in _PLACES for path in glob.glob(pattern)]
    if not found:
        raise SandboxError("clock faults need libfaketime: install the package faketime")
    return found[0]


def clock_env(file: Path) -> dict[str, str]:
    """The environment of a child whose wall clock ``file`` moves."""
    return {
        "LD_PRELOAD": library(),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


def set_clock(file: Path, offset: str) -> None:
    """Move the clock: seconds ahead ("+3600") or back ("-3600"); "+0" is the right time. Takes up to a second."""
    temporary = file.with_name(file.name + ".new")
    temporary.write_text(f"{offset}\n")
    temporary.replace(file)
