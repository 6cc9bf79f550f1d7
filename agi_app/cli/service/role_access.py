"""What `console setup` and `exchange setup` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agi_app.cli.common import say, say_json, warn
from agi_app.messages import t

if TYPE_CHECKING:
    from agi_app.operations.service.role_access import RoleAccess  # what it imports takes long


def show_access(made: RoleAccess, what: str, *, as_json: bool) -> None:
    """The file, who reads it, and what is left to do; ``what`` the file is."""
    if as_json:
        say_json(made)
        return
    readers = t("read by group {group}", group=made.group) if made.group else t("read by this user alone")
    say(t("{file}: {what} ({readers})", file=made.file, what=what, readers=readers))
    if made.statement is not None:
        say(t("the owner of the database may not make roles; let an administrator run this, then `agi-app migrate`:"))
        say(made.statement)
    if made.restart:
        say(t("the embedded database opens a socket for it at its next start: restart `agi-app run`"))
    for hint in made.hints:
        warn(t("note: {hint}", hint=hint))
