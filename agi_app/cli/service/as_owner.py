"""What root asks for and the project's owner does: files that root makes would be closed to him afterwards."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from agi_app.cli.owner import become


def as_owner(project: Path, work: Callable[[], bool]) -> bool:
    """Do it as the project's owner, or as ourselves unless we are root; whether it went well."""
    owner = project.stat()
    if os.geteuid() or not owner.st_uid:
        return work()
    _flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    become(owner.st_uid, owner.st_gid)
    well = work()  # what it raises ends this process as it would end the command
    _flush()
    os._exit(0 if well else 1)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
