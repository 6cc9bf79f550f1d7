"""Builds of agi-app with one safeguard taken out, to show that the harness sees it: patches of a copy."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from chaos.catalogue import plan_of
from chaos.run import Plan
from sandbox.errors import SandboxError

TRIES = 3  # other moments, for what needs a little luck
PATCHES = Path(__file__).resolve().parent / "broken"


@dataclass(frozen=True, slots=True)
class Build:
    """``runs``: (fault, step) tried in turn until one of ``caught_by`` is not zero."""

    name: str
    runs: tuple[tuple[str, str | None], ...]
    caught_by: tuple[str, ...]

    def plans(self, seed: int) -> list[Plan]:
        """The runs that should catch it."""
        tries = range(seed, seed + TRIES)
        return [plan_of(fault, step, n, quick=False) for n in tries for fault, step in self.runs]


BUILDS = (
    Build("no_mark", (("kill_worker", "up"), ("kill_worker", "ringing")), ("double_dials",)),
    Build("count_instead_of_lock", (("two_nodes_rush", None),), ("double_dials",)),
    Build("resend_after_timeout", (("ari_answers_lost", None), ("ari_unreachable", None)), ("double_dials",)),
    Build("call_beside", (("ari_closed", None),), ("invites_without_permit",)),
    Build("no_leash", (("kill_worker", "up"),), ("dead_air_max_s", "stuck_calls")),
)


def apply(build: Build, code: Path) -> None:
    """Patch the copy of agi_app in ``code``; SandboxError when the patch no longer fits."""
    patch = PATCHES / f"{build.name}.patch"
    command = ["patch", "--batch", "--forward", "-p1", "-d", str(code), "-i", str(patch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SandboxError(f"{patch} no longer fits agi_app: make it anew\n{done.stdout}{done.stderr}")
