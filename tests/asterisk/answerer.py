"""``python -m tests.asterisk.answerer PORT TOKEN MODE``: something on agi-app's port, good or bad.

``honest`` answers by the last digit of the number called; the others are what agi-app might be in trouble, or a
stranger on its port: ``mute`` takes questions and says nothing, ``nonsense`` talks without end, ``refuses`` closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

from agi_app import log
from agi_app.clock import SystemClock
from agi_app.pbx.agi import AgiServer, AgiSession
from agi_app.screening_config import AgiSettings

DIGIT = "5"
ACTIONS = {
    "1": {},
    "2": {"AGI_APP_PREFIX": "骚扰? "},
    "3": {"AGI_APP_DIGIT": DIGIT, "AGI_APP_FAILED": "voicemail"},
    "4": {},
    "5": {},
    "6": {"AGI_APP_DIGIT": DIGIT, "AGI_APP_FAILED": "reject"},
}
NAMES = {"1": "allow", "2": "mark", "3": "challenge", "4": "voicemail", "5": "reject", "6": "challenge"}


async def screen(session: AgiSession) -> None:
    """What the last digit of the called number says."""
    which = session.request.arguments[1][-1]
    for name, value in ACTIONS[which].items():
        await session.set(name, value)
    await session.set("__AGI_APP_CALL", f"call-{session.request.arguments[1]}")
    await session.set("AGI_APP_ACTION", NAMES[which])


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
    await AgiServer(AgiSettings(port=port), token, hooks, SystemClock()).run(lambda _: print("ready", flush=True))


if __name__ == "__main__":
    log.configure()
    asyncio.run(main())
