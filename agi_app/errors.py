"""Every error that agi-app raises on purpose; each class says whose fault it is.

The message is written for the person who can fix it: what is wrong, where,
and what to do. ``exit_code`` is what the command line ends with: 1 the input is
wrong, 2 the environment is wrong, 3 another worker owns this Asterisk.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from agi_app.messages import of_system, t, template
from agi_app.printable import one_line

_REACH = template(
    "work as the user who owns it, from a folder that this user may enter, or name the project by --project; in a"
    " service, its folder must be in ReadWritePaths= (`systemctl edit` the unit)"
)
_MENDED_BY = {
    errno.EACCES: _REACH,
    errno.EPERM: _REACH,
    errno.EROFS: template(
        "a service writes only where its unit says: add the folder as ReadWritePaths= by `systemctl edit`, and start"
        " it again"
    ),
    errno.ENOSPC: template("free some space, and do it again"),
    errno.EDQUOT: template("free some space, and do it again"),
}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in a file that a person wrote; printed as ``file:line:column: rule message``."""

    file: str
    line: int
    column: int
    rule: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        mark = "" if self.severity == "error" else t(" (warning)")
        return one_line(f"{self.file}:{self.line}:{self.column}: {self.rule}{mark} {self.message}")


class AgiAppError(Exception):
    """Base of all errors raised on purpose; never raised itself."""

    exit_code = 2


class AuthorError(AgiAppError):
    """A flow, campaign, contacts or consent file is wrong; ``problems`` has every fault at once."""

    exit_code = 1

    def __init__(self, *problems: Problem) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(p) for p in self.problems))


class InputError(AgiAppError):
    """A command's argument is wrong: an unknown campaign, an invalid number."""

    exit_code = 1


class NotThere(InputError):
    """What was named is not there."""


class LimitReached(InputError):
    """So many may be done in some time, and were; nothing was done or shown."""


class Forbidden(AgiAppError):
    """Who asks has no role, or no token, that allows it; ``scope`` is what it would take, empty: any account.

    Nothing was done."""

    exit_code = 1

    def __init__(self, message: str, scope: str) -> None:
        self.scope = scope
        super().__init__(message)


class ConfigError(AgiAppError):
    """The settings file or the environment variables are wrong; ``problems`` are those that the file has."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        self.problems = problems
        super().__init__(message)


class StoreError(AgiAppError):
    """PostgreSQL cannot be reached, refuses, or holds something it should not."""


class ExchangeFault(StrEnum):
    """Of which kind a fault of a database or a folder of others is, for programs."""

    UNREACHABLE = "unreachable"  # it may be well later
    SLOW = "slow"  # so too
    REFUSED = "refused"  # user, password, certificate
    ADDRESS = "address"
    OURS = "ours"  # it is a database of agi-app
    RIGHTS = "rights"  # its role may do too much
    STATEMENT = "statement"
    VALUES = "values"
    ROWS = "rows"  # it changed none, or more than one
    TOO_MUCH = "too_much"
    FOLDER = "folder"
    OLDER = "older"  # than what was read before


class ExchangeError(AgiAppError):
    """A database or a folder of others cannot be used as it is, or holds something it should not.

    ``placed``: the message says which database or folder.
    """

    def __init__(self, message: str, kind: ExchangeFault, *, placed: bool = False) -> None:
        self.kind, self.placed = kind, placed
        super().__init__(message)


class AsteriskError(AgiAppError):
    """Asterisk cannot be reached, refuses our password, or is not a version we support."""


class RequestFailed(AsteriskError):
    """Asterisk answered a request with an error status, or not in time (status 0)."""

    def __init__(self, request: str, status: int, reason: str) -> None:
        self.status = status
        super().__init__(
            t("{request}: {reason} (status {status})", request=request, reason=reason, status=status)
            if status
            else f"{request}: {reason}"
        )


class OtherWorkerError(AgiAppError):
    """Another worker drives this Asterisk; this one must not dial and must not be restarted."""

    exit_code = 3


class SafetyError(AgiAppError):
    """Something that protects people is missing or broken (journal, suppression key, clocks): no dialling."""


def first_of_ours(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The fault to show of those that ended the worker: another worker first, then our own."""
    fault: BaseException | None = group.subgroup(OtherWorkerError) or group.subgroup(AgiAppError)
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[-1]
    return fault or group


def fault_of(error: OSError) -> str:
    """What the system refused and how to fix that, for a fault that nothing else says."""
    words = of_system(error)
    said = f"{error.filename}: {words}" if error.filename else words
    mend = _MENDED_BY.get(error.errno or 0)
    return said if mend is None else f"{said}; {t(mend)}"
