"""What has changed in settings that were read again, and what of it a running worker can take over. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from agi_app.config.settings import Settings

ANY = "*"  # whatever name; at the end of a path: all that is below
# What a process takes over as it runs. All else, such as where Asterisk and the database are, needs a restart.
BY_DELIVERY = ("webhooks.*",)
BY_CONSOLE = ("console.certificate", "console.certificate_key")
BY_WORKER = (
    "alerts.*",
    "approval",
    "approve_above",
    "asterisk.calls_end_within",
    "asterisk.calls_per_second",
    "asterisk.concurrent",
    "feeds.*",
    "lines.*",
    "results.*",
    "trunks.*.calls_per_second",
    "trunks.*.channels",
    "trunks.*.concurrent",
    "trunks.*.ports.*.calls_per_day",
    "trunks.*.ports.*.spacing",
    "trunks.*.reserve",
)
_Below = list[tuple[str, ...]]


def changed(old: Settings, new: Settings) -> list[str]:
    """The paths of what differs, such as ``trunks.carrier-a.concurrent``; of a table that came or went its own."""
    return [".".join(path) for path in _differing(old, new, ())]


def taken_over(old: Settings, new: Settings, live: Sequence[str]) -> Settings:
    """The old ones, with what of the new ones is ``live``: holds without a restart."""
    merged = _merged(old, new, [tuple(path.split(".")) for path in live])
    return merged if isinstance(merged, Settings) else old


def _differing(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    before, after = _parts(old), _parts(new)
    if before is None or after is None:
        if old != new:
            yield path
        return
    for name in dict.fromkeys((*before, *after)):
        if name in before and name in after:
            yield from _differing(before[name], after[name], (*path, name))
        else:
            yield (*path, name)


def _merged(old: Any, new: Any, live: _Below) -> Any:
    before, after = _parts(old), _parts(new)
    if () in live or before is None or after is None:
        return new if () in live else old
    found = {}
    for name, value in before.items():
        below = [path[1:] for path in live if path[0] in (name, ANY)]
        found[name] = _merged(value, after[name], below) if below and name in after else value
    if (ANY,) in live:
        found = after
    return old.model_copy(update=found) if isinstance(old, BaseModel) else found


def _parts(value: Any) -> dict[str, Any] | None:
    """A table's settings, a named table's tables; None: it is one setting."""
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    return value if isinstance(value, dict) else None
