"""Who saw whole numbers, with which command and what for: written before they are shown, never changed."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("people/access_log")
MOST_PERSONS = 1000  # of more, only their number is noted


@dataclass(frozen=True, slots=True)
class Access:
    """One look at whole numbers. ``person_ids`` are those who are known here; ``numbers`` counts all shown."""

    command: str
    numbers: int
    person_ids: Sequence[int] = ()
    entered_by: str | None = None
    reason: str | None = None


async def log_access(store: Store, access: Access) -> None:
    """Note it, durably; show nothing before this returns. Raises StoreError."""
    await store.execute(
        Q["add"],
        {
            "os_user": os_user(),
            "entered_by": access.entered_by,
            "command": access.command,
            "reason": access.reason,
            "person_ids": list(access.person_ids) if len(access.person_ids) <= MOST_PERSONS else [],
            "numbers": access.numbers,
        },
    )


def os_user() -> str:
    """Who runs this process, for the record: the name, or the number of a user without one.

    With sudo it is who called sudo. Variables that anybody sets (LOGNAME, USER) do not count. Only the service's user
    and root can make SUDO_UID up, and they own the database and its keys.
    """
    by_sudo = os.environ.get("SUDO_UID", "")
    uid = int(by_sudo) if by_sudo.isdecimal() else os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # as in many containers
        return f"uid {uid}"
