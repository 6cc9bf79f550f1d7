"""All that `agi-app doctor` looks at, when somebody asks for it on a page: a worker lets it look, in its own process.

The service's user sees neither Asterisk nor keys nor the journal. The worker's loop goes on dialling meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from agi_app.errors import ConfigError, InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.finding import Finding
from agi_app.operations.acting import noted, reads
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import Ask, NewAsk

__all__ = ["KIND", "VERB", "Ask", "ask", "asked", "findings", "newest", "take"]
KIND, VERB, ALL = "doctor", "examine", "all"
LIMIT_S = 120.0
MOST, MOST_TEXT = 1000, 2000  # findings, characters of a text
NODE = [sys.executable, "-P", "-m", "agi_app.cli.main", "--lang", "en", "doctor", "--json", "--project"]


@noted(Scope.SERVICE_MANAGE, "doctor ask")
async def ask(inst: Installation) -> int:
    """Ask a worker to look at everything; the ask's id, that of one that waits already. Raises StoreError."""
    last = await newest(inst)
    if last is not None and last.state == "waiting":
        return last.ask_id
    return await asks.add(inst.store, NewAsk(KIND, VERB, ALL, VERB), inst.actor)


@reads(Scope.SERVICE_MANAGE)
async def asked(inst: Installation, ask_id: int) -> Ask:
    """Such an ask. Raises InputError when there is none, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    if found is None or found.kind != KIND:
        raise InputError(t("there is no ask {number}", number=ask_id))
    return found


@reads(Scope.SERVICE_MANAGE)
async def newest(inst: Installation) -> Ask | None:
    """The last one; None: nobody has asked yet. Raises StoreError."""
    return next(iter(await asks.of_object(inst.store, KIND, ALL)), None)


def findings(found: Ask) -> Sequence[Finding]:
    """What was found, in English: a page tells it again in the reader's language."""
    told = (found.answer or {}).get("findings", []) if found.state == "done" else []
    return [Finding(one["check"], one["text"], one["fix"]) for one in told]


@noted(Scope.SERVICE_MANAGE, "doctor")
async def take(inst: Installation) -> Mapping[str, Any]:
    """The worker's part. Raises ConfigError when it cannot look."""
    none, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *NODE, str(inst.settings.project), stdin=none, stdout=pipe, stderr=none
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        raise ConfigError(t("`agi-app doctor` took longer than {seconds:g} s and was ended", seconds=LIMIT_S)) from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    try:
        read = json.loads(said)
        told = [{name: str(one[name] or "")[:MOST_TEXT] for name in ("check", "text", "fix")} for one in read[:MOST]]
    except (ValueError, KeyError, TypeError):
        raise ConfigError(t("`agi-app doctor` ended without its lines; run it on the node")) from None
    return {"findings": told}
