"""Whether calls can be sent to Asterisk's machine detection: the modules are there, and our part of the dialplan.

The place in the dialplan is tried with a Local channel, which rings nobody: where there is none, it ends at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from agi_app.clock import Clock
from agi_app.gate.permit import InternalLeg
from agi_app.messages import t
from agi_app.model.finding import Finding
from agi_app.pbx.ari.connection import Ari, connected_for_a_trial
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.events import Destroyed, Failed
from agi_app.pbx.ari.object_names import AMD, AMD_CONTEXT, SILENCE
from agi_app.pbx.event_router import Router
from agi_app.pbx.originate import place_internal
from agi_app.pbx.trunks import asker

CHECK = "machine detection"
MODULES = ("app_amd.so", "app_waitforsilence.so", "app_exec.so", "func_dialplan.so")
MEND = "copy dialplan/extensions_agi_app.conf again and reload the dialplan (docs/how-to/machine-or-person.md)"
_ENDS_AT_ONCE_S = 0.7
_LONGEST_S = 3.0
_SHOWS = "+999862155500001"  # of a test range; a Local channel shows it to nobody


async def try_detection(settings: AriSettings, clock: Clock, campaigns: Sequence[str]) -> Finding:
    """The first thing that is missing for these. Raises AsteriskError when Asterisk cannot be asked."""
    router = Router()
    async with connected_for_a_trial(settings, clock, router.handle) as ari:
        well = Finding(CHECK, t("Asterisk can tell who answers calls of {campaigns}", campaigns=", ".join(campaigns)))
        found = await _missing(ari, router) or well
        await ari.dial_bridges.remove()
        return found


async def _missing(ari: Ari, router: Router) -> Finding | None:
    for module in MODULES:
        if await asker(ari)(f"asterisk/modules/{module}") is None:
            return Finding(
                CHECK,
                t("Asterisk has not loaded {module}", module=module),
                t("load = {module} in modules.conf; app_amd needs amd.conf", module=module),
            )
    for extension in (AMD, SILENCE):
        if not await _exists(ari, router, extension):
            return Finding(
                CHECK,
                t(
                    "the dialplan has no {extension} in the context {amd_context}",
                    extension=extension,
                    amd_context=AMD_CONTEXT,
                ),
                t(MEND),
            )
    return None


async def _exists(ari: Ari, router: Router, extension: str) -> bool:
    leg = InternalLeg(
        f"doctor-{secrets.token_hex(8)}", "machine detection", f"Local/{extension}@{AMD_CONTEXT}/n", _SHOWS
    )
    channel = await place_internal(ari, router, leg, ring_timeout=_LONGEST_S, max_call=_LONGEST_S)
    if isinstance(await channel.next_event(_ENDS_AT_ONCE_S), Destroyed | Failed):
        return False
    await channel.hangup()
    await channel.next_event(_ENDS_AT_ONCE_S)  # its end
    return True
