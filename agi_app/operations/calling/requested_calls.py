"""Calls that one of our people asks for: rows that a running worker takes and the gate decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agi_app.config.trunks import TrunkSettings
from agi_app.errors import AgiAppError, AsteriskError, ConfigError, InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.store.calling import nodes
from agi_app.store.requested_calls.requests import EXPIRED, REFUSED, RequestStatus

Show = Callable[[str], None]
NOT_REACHED = {  # of the person's side: result -> the words
    "no_answer": "nobody answered",
    "busy": "the line was busy",
    "rejected": "the call was declined",
    "invalid_number": "the network says that there is no such number",
}
_EXPIRED = "no worker took the request; does one that is running have this trunk in its settings?"


async def worker_runs(inst: Installation) -> None:
    """Raises ConfigError when no worker runs."""
    if not any(n.alive for n in await nodes.all_nodes(inst.store)):
        raise ConfigError(t("no worker is running, and only a worker makes calls: start `agi-app run`, then try again"))


def unwanted_end(
    status: RequestStatus, theirs: Mapping[str, str] = NOT_REACHED, expired: str = _EXPIRED
) -> AgiAppError:
    """The error for a call that ended otherwise than wanted: AsteriskError, unless the gate or ``theirs`` is why."""
    result, note = status.result or "", retold(status.note or "")
    if result == REFUSED:
        return InputError(t("not called: {note}", note=note))
    what = {EXPIRED: expired, **theirs}.get(result, f"the call ended with {result}") + (f" ({note})" if note else "")
    return InputError(what) if result in theirs else AsteriskError(what)


def pick_trunk(trunks: dict[str, TrunkSettings], wanted: str | None, *, reserved: bool) -> str:
    """The trunk to ring through: ``wanted``, else the only one that fits the number. Raises InputError."""
    if wanted is not None:
        if wanted not in trunks:
            raise InputError(
                t(
                    "--trunk {wanted}: there is no trunk of that name; trunks here: {list}",
                    wanted=wanted,
                    list=_list(trunks),
                )
            )
        if trunks[wanted].ports:
            raise InputError(
                t(
                    "--trunk {wanted}: its ports carry calls of campaigns only; ring through another trunk",
                    wanted=wanted,
                )
            )
        return wanted
    trunks = {name: trunk for name, trunk in trunks.items() if not trunk.ports}
    fitting = [name for name, trunk in trunks.items() if trunk.sandbox == reserved]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting and trunks:
        return next(iter(trunks))  # the gate says why not, in a decision row
    raise InputError(t("--trunk NAME: say through which trunk to ring; trunks here: {list}", list=_list(trunks)))


def _list(trunks: dict[str, TrunkSettings]) -> str:
    return ", ".join(sorted(trunks)) or "none"
