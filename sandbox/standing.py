"""Which sandboxes are up on this machine: one state file each, by its name."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from agi_app.messages import t
from sandbox.errors import SandboxError
from sandbox.root import cache_folder

FIRST = "main"
State = dict[str, Any]


def file_of(name: str) -> Path:
    """Where the facts of the sandbox with this name are written."""
    return cache_folder() / f"sandbox-up-{name}.json"


def all_up() -> dict[str, State]:
    """Those that are up, by name; what a crash left behind is none."""
    found = {}
    for file in sorted(cache_folder().glob("sandbox-up-*.json")):
        try:
            state: State = json.loads(file.read_text())
            command = Path(f"/proc/{state['pid']}/cmdline").read_bytes()
        except (OSError, ValueError, KeyError):
            continue
        if b"sandbox" in command:
            found[file.stem.removeprefix("sandbox-up-")] = state
    return found


def the_one(name: str | None) -> State | None:
    """The one that is meant: of this name, or the only one; None when none is up."""
    found = all_up()
    if name is not None:
        return found.get(name)
    if len(found) > 1:
        raise SandboxError(t("several are up ({found}): say which by --name", found=", ".join(found)))
    return next(iter(found.values()), None)


def announce(name: str, facts: State) -> None:
    """Write that it is up."""
    file = file_of(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps({"pid": os.getpid(), **facts}))


def forget(name: str) -> None:
    """It is up no longer."""
    file_of(name).unlink(missing_ok=True)
    with suppress(OSError):  # something else is kept there, or nothing ever was
        file_of(name).parent.rmdir()


def refuse_a_second(name: str, project: Path | None) -> None:
    """SandboxError when one of this name is up already, or one for this project."""
    for other, state in all_up().items():
        if other == name:
            raise SandboxError(
                t(
                    "a sandbox with the name {name} is up already (process {pid}): see scripts/sandbox status;"
                    " a second one beside it needs a name of its own: --name OTHER",
                    name=name,
                    pid=state["pid"],
                )
            )
        if project is not None and state.get("project") == str(project.resolve()):
            raise SandboxError(
                t(
                    "the sandbox {other} has the settings of {project} already: end it first",
                    other=other,
                    project=project,
                )
            )
