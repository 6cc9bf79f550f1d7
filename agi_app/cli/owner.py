"""Root in a project of another user: what it makes there would be closed to that user afterwards."""

from __future__ import annotations

import os
import pwd
from pathlib import Path


def become_owner(project: Path) -> Path:
    """The project's folder; root goes on as the user who owns it, for good in this process, if that is another one.

    What it makes is then the service's, and so is the account. The folder is absolute: that user may not reach where
    root stood. Does nothing for a folder that is not there.
    """
    if os.geteuid() or not project.is_dir() or not (owner := project.stat()).st_uid:
        return project
    folder = project.resolve()
    become(owner.st_uid, owner.st_gid)
    if not os.access(".", os.X_OK):
        os.chdir(folder)  # libraries look at where a process stands
    return folder


def become(uid: int, gid: int) -> None:
    """Go on as this user, for good in this process."""
    try:
        person = pwd.getpwuid(uid)
    except KeyError:
        os.setgroups([])
        os.setgid(gid)
    else:
        os.initgroups(person.pw_name, person.pw_gid)
        os.setgid(person.pw_gid)
        os.environ["HOME"] = person.pw_dir
    os.setuid(uid)
