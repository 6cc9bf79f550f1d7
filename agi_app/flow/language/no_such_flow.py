"""What is said of a flow that is not there; never another name while a flow file cannot be read: it may be that one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from agi_app.authoring.suggestions import suggest
from agi_app.messages import spoken, t, template

CONSEQUENCE = template("no flow that can be read has the name")


def no_such_flow(name: str, known: Collection[str], unread: Iterable[str] = ()) -> str:
    """``known`` are the names of those that can be read, ``unread`` the files that cannot.

    An author who follows a suggestion starts other calls than those that were meant.
    """
    files = ", ".join(sorted(unread))
    if files:
        return t('{consequence} "{name}"; fix {files} first', consequence=spoken(CONSEQUENCE), name=name, files=files)
    return t('no flow file has the name "{name}"{suggest}', name=name, suggest=suggest(name, known))
