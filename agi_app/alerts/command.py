"""Tells an alert to a program of the admin's: JSON on its standard input, a bounded time, nothing of our secrets."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from agi_app.messages import t

LIMIT_S = 30.0
LET_GO_S = 1.0  # for a pipe that a child of it, which left its session, holds open
SHOWN = 500  # bytes of what it says when it fails
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")  # of our environment, as docs/how-to/monitor.md says


async def run(command: Sequence[str], told: bytes, folder: Path, limit_s: float = LIMIT_S) -> str | None:
    """Why it failed, in words; None: it took the alert.

    It runs in ``folder`` without a shell, and it and its children are killed when they take longer than ``limit_s``.
    """
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    pipe, none = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=none, stderr=pipe, cwd=folder, env=env, start_new_session=True
        )
    except OSError as error:
        return t("{command} cannot be started: {why}", command=command[0], why=error.strerror or error)
    try:
        async with asyncio.timeout(limit_s):
            said = await _talk(process, told)
            status = await process.wait()
    except TimeoutError:
        return t("{command} took longer than {limit_s:g} s and was ended", command=command[0], limit_s=limit_s)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await _let_go(process)
    if status == 0:
        return None
    what = said.decode(errors="replace").strip()
    more = f": {what}" if what else ""
    return t("{command} ended with status {status}{more}", command=command[0], status=status, more=more)


async def _let_go(process: asyncio.subprocess.Process) -> None:
    """Read what a killed one had still said: its pipe is only closed at the end of that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LET_GO_S):
            while process.stderr is not None and await process.stderr.read(65536):
                pass
            await process.wait()


async def _talk(process: asyncio.subprocess.Process, told: bytes) -> bytes:
    """Give it the alert, and read what it says as an error until it closes that; only the beginning is kept."""
    if process.stdin is None or process.stderr is None:
        raise RuntimeError("a process without pipes")
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(told + b"\n")
        await process.stdin.drain()
    process.stdin.close()
    said = b""
    while more := await process.stderr.read(65536):
        said = (said + more)[:SHOWN]
    return said
