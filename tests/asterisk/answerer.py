"""``python -m tests.asterisk.answerer PORT TOKEN MODE``: something on agi-app's port, good or bad.

``honest`` answers by the last digit of the number called; the others are what agi-app might be in trouble, or a
stranger on its port: ``mute`` takes questions and says nothing, ``nonsense`` talks without end, ``refuses`` closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.screening import AgiSettings
from agi_app.pbx.agi.server import AgiServer, AgiSession

DIGITS = "5892"  # of the two tries
BLOCKED = "+998612340099"
ACTIONS = {
    "1": {},
    "2": {"AGI_APP_PREFIX": "骚扰? "},
    "3": {"AGI_APP_DIGITS": DIGITS, "AGI_APP_FAILED": "voicemail", "AGI_APP_PREFIX": "骚扰? "},
    "4": {},
    "5": {},
    "6": {"AGI_APP_DIGITS": DIGITS, "AGI_APP_FAILED": "mark", "AGI_APP_PREFIX": "骚扰? "},
    "7": {},
    "8": {"AGI_APP_DIGITS": "WXYZ", "AGI_APP_FAILED": "voicemail", "AGI_APP_PREFIX": "骚扰? "},  # no sound says them
}
NAMES = {
    "1": "allow", "2": "mark", "3": "challenge", "4": "voicemail", "5": "reject", "6": "challenge", "7": "blocked",
    "8": "challenge",
}  # fmt: skip


async def screen(session: AgiSession) -> None:
    """What the last digit of the called number says."""
    request = session.request
    print("asked", request.caller, *request.arguments[1:3], "doubtful" if request.doubtful else "", flush=True)
    which = (request.arguments[1:2] or ("1",))[0][-1:] or "1"
    for name, value in ACTIONS[which].items():
        await session.set(name, value)
    await session.set("__AGI_APP_CALL", f"call-{'-'.join(request.arguments[1:2])}")
    name = NAMES.get(which, "allow")
    if name == "blocked":
        name = "reject" if request.caller == BLOCKED else "allow"
    await session.set("AGI_APP_ACTION", name)


async def told(session: AgiSession) -> None:
    """Any other hook: say what came."""
    _, *arguments = session.request.arguments
    print("told", session.request.script, *arguments, flush=True)
    await session.set("AGI_APP_ACTION", "done")


async def hostile(port: int, mode: str) -> None:
    """Take connections and behave badly."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            if mode == "nonsense":
                while True:
                    writer.write(b"\xff\xfeWHAT IS THIS\nSET VARIABLE\n200 result=1\n")
                    await writer.drain()
            if mode == "mute":
                await asyncio.sleep(3600)
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        print("ready", flush=True)
        await server.serve_forever()


async def main() -> None:
    """Serve until killed."""
    port, token, mode = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    if mode != "honest":
        await hostile(port, mode)
    hooks = {"screen": screen, "challenged": told, "report": told, "dialled": told}
    await AgiServer(AgiSettings(port=port), token, hooks, Clock()).run(lambda _: print("ready", flush=True))


if __name__ == "__main__":
    log.configure()
    asyncio.run(main())
