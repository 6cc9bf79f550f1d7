"""What setup would do, as text: unified diffs without secrets. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from agi_app.asterisk_setup.manifest import UndoPlan
from agi_app.asterisk_setup.plan import FileChange
from agi_app.messages import t

HIDDEN = "********"
_SECRET = re.compile(r"(?i)((?:secret|password|passwd|token)\s*=>?\s*)\S.*")


def diff(change: FileChange, secrets: Sequence[str]) -> list[str]:
    """The lines of a change. A copy of our file is named only; what is for its owner alone is not shown."""
    lines = len(change.after.splitlines())
    if change.before is None and change.verbatim:
        return [t("new file {file}: {lines} lines, as in {own}", file=change.file, lines=lines, own=change.verbatim)]
    if change.private:
        return [t("new file {file}: a new password, for its owner alone", file=change.file)]
    return list(unified(str(change.file), change.before, change.after, secrets))


def undo_diff(plan: UndoPlan) -> Iterator[str]:
    """What undoing would do: files of ours that go by their names, and the diffs of those of others."""
    for one in plan.files:
        if one.after is None:
            yield t("remove {file}", file=one.entry.path)
        else:
            before, after = (text.decode("utf-8", "replace") for text in (one.now or b"", one.after))
            yield from unified(one.entry.path, before, after, ())


def unified(name: str, before: str | None, after: str, secrets: Sequence[str]) -> Iterator[str]:
    """A unified diff in which no password is shown, ours or one of others."""
    source = "/dev/null" if before is None else name
    for line in difflib.unified_diff(_lines(before or ""), _lines(after), source, name, lineterm=""):
        yield _hidden(line, secrets)


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _hidden(line: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        for form in (secret, secret.replace(";", "\\;")):
            line = line.replace(form, HIDDEN)
    return _SECRET.sub(rf"\g<1>{HIDDEN}", line)
