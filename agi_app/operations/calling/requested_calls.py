"""Calls that one of our people asks for: rows that a running worker takes and the gate decides."""

from __future__ import annotations

from collections.abc import Callable

from agi_app.config.trunks import TrunkSettings
from agi_app.errors import ConfigError, InputError
from agi_app.installation import Installation
from agi_app.store.calling import nodes

Show = Callable[[str], None]


async def a_worker_runs(inst: Installation) -> None:
    """Raises ConfigError when none does."""
    if not any(n.alive for n in await nodes.all_nodes(inst.store)):
        raise ConfigError("no worker is running, and only a worker makes calls: start `agi-app run`, then try again")


def pick_trunk(trunks: dict[str, TrunkSettings], wanted: str | None, *, reserved: bool) -> str:
    """The trunk to ring through: ``wanted``, else the only one that fits the number. Raises InputError."""
    if wanted is not None:
        if wanted not in trunks:
            raise InputError(f"--trunk {wanted}: there is no trunk of that name; trunks here: {_list(trunks)}")
        if trunks[wanted].ports:
            raise InputError(f"--trunk {wanted}: its ports carry calls of campaigns only; ring through another trunk")
        return wanted
    trunks = {name: trunk for name, trunk in trunks.items() if not trunk.ports}
    fitting = [name for name, trunk in trunks.items() if trunk.sandbox == reserved]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting and trunks:
        return next(iter(trunks))  # the gate says why not, in a decision row
    raise InputError(f"--trunk NAME: say through which trunk to ring; trunks here: {_list(trunks)}")


def _list(trunks: dict[str, TrunkSettings]) -> str:
    return ", ".join(sorted(trunks)) or "none"
