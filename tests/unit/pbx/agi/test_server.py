"""The FastAGI server and those who connect to it, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agi_app.clock import Clock
from agi_app.config.screening import AgiSettings
from agi_app.errors import ConfigError
from agi_app.pbx.agi.server import AgiServer, AgiSession
from tests.agi_request import agi_request

TOKEN = "0123456789abcdef"
REQUEST = agi_request("screen", TOKEN, "100")


async def screen(session: AgiSession) -> None:
    """A hook that marks every call."""
    await session.set("AGI_APP_NAME", "垃圾? ")
    await session.set("AGI_APP_ACTION", "mark")


async def broken(_: AgiSession) -> None:
    raise ZeroDivisionError


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[AgiServer]:
    """A server on a free port, which ``server.settings`` then names."""
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    hooks = {"screen": screen, "broken": broken}
    server = AgiServer(AgiSettings(port=port, **settings), TOKEN, hooks, Clock())
    up = asyncio.Event()
    task = asyncio.create_task(server.run(lambda _: up.set()))
    await up.wait()
    try:
        yield server
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert server.open == 0


async def until(true: Callable[[], bool]) -> None:
    """Wait until it is so, for two seconds at most."""
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError


async def talk(server: AgiServer, request: str, answers: str = "200 result=1\n" * 2, eof: bool = False) -> str:
    """What the server says to this request, and to these answers sent along."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.settings.port)
    try:
        writer.write(request.encode())
        if eof:
            writer.write_eof()
        writer.write(answers.encode())
        async with asyncio.timeout(3):
            return (await reader.read()).decode()
    except ConnectionError:
        return ""
    finally:
        writer.close()


async def test_a_call_is_screened() -> None:
    async with serving() as server:
        said = await talk(server, REQUEST)
        assert said == 'SET VARIABLE AGI_APP_NAME "垃圾? "\nSET VARIABLE AGI_APP_ACTION "mark"\n'
        assert server.answered == 1


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST.replace(TOKEN, "guess"),
        REQUEST.replace(f"agi_arg_1: {TOKEN}\nagi_arg_2: 100\n", ""),
        REQUEST.replace("script: screen", "script: other"),
        "GET / HTTP/1.1\r\n\r\n\n\n",
        "agi_network: yes\n" + "agi_x: y\n" * 3000,
    ],
)
async def test_a_stranger_is_told_nothing(request_: str) -> None:
    async with serving() as server:
        assert await talk(server, request_, answers="") == ""
        assert server.answered == 0
        assert server.sent_away.total() == 1


async def test_who_says_nothing_is_let_go() -> None:
    async with serving(header_limit=0.05) as server:
        assert await talk(server, REQUEST[:40], answers="") == ""
        assert server.open == 0


async def test_who_does_not_answer_is_let_go() -> None:
    async with serving(session_limit=0.1) as server:
        assert await talk(server, REQUEST, answers="") == 'SET VARIABLE AGI_APP_NAME "垃圾? "\n'


async def test_the_caller_hangs_up_meanwhile() -> None:
    """Asterisk says so once, then takes the commands of a dead channel or refuses them."""
    async with serving() as server:
        said = await talk(server, REQUEST, "HANGUP\n200 result=1\n511 Command Not Permitted on a dead channel\n")
        assert said.count("\n") == 2
        assert server.answered == 0
        await talk(server, REQUEST)
        assert server.answered == 1


async def test_an_answer_of_many_lines() -> None:
    async with serving() as server:
        said = await talk(server, REQUEST, "520-Invalid command syntax.\nUsage: SET\n520 End of proper usage.\n")
        assert said.count("\n") == 1


async def test_a_fault_in_a_hook_ends_its_call_only() -> None:
    async with serving() as server:
        assert await talk(server, REQUEST.replace("script: screen", "script: broken")) == ""
        await talk(server, REQUEST)
        assert server.answered == 1


async def test_one_too_many_is_refused_and_room_is_made_again() -> None:
    async with serving(sessions=3, header_limit=0.3) as server:
        waiting = [await asyncio.open_connection("127.0.0.1", server.settings.port) for _ in range(3)]
        await until(lambda: server.open == 3)
        assert await talk(server, REQUEST) == ""
        assert server.sent_away["too many at once"] == 1
        waiting[0][1].close()
        await until(lambda: server.open < 3)
        assert await talk(server, REQUEST) != ""
        for _, writer in waiting:
            writer.close()


async def test_a_port_in_use_is_said() -> None:
    async with serving() as server:
        other = AgiServer(server.settings, TOKEN, {}, Clock())
        with pytest.raises(ConfigError, match="another program uses it"):
            await other.run()
