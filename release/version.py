"""The package's version, of the project's version and the commit."""

from __future__ import annotations

import re
import subprocess
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

REVISION = "1~deb13"  # one package a Debian release, each older than the next one's


@dataclass(frozen=True, slots=True)
class Version:
    """``upstream`` as pyproject.toml has it, ``debian`` as dpkg compares it, ``epoch``: seconds of the commit."""

    upstream: str
    debian: str
    epoch: int


def version_of(source: Path) -> Version:
    """0.3.0 is 0.3.0-1~deb13; 0.3.0.dev0, which comes before it, has the time and the commit too."""
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    upstream = str(project["version"])
    commit, _, epoch = _git(source, "log", "-1", "--format=%h %ct").partition(" ")
    debian = re.sub(r"\.?(a|b|rc|dev)(\d+)$", r"~\1\2", upstream)
    if debian != upstream:
        debian += f"+{time.strftime('%Y%m%d%H%M%S', time.gmtime(int(epoch)))}.g{commit}"
    return Version(upstream, f"{debian}-{REVISION}", int(epoch))


def _git(source: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(source), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()
