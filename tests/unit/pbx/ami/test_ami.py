"""The manager interface behind its fence: what panoramisk alone would do wrong, against a bad server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agi_app.config.ami import AmiSettings
from agi_app.config.settings import Settings
from agi_app.dialer.circuit_breaker import Breaker
from agi_app.dialer.worker.trunk_watch import TrunkWatch, examine
from agi_app.errors import AsteriskError, ConfigError, SafetyError
from agi_app.pbx.ami.connection import MOST_BYTES, ActionRefused, Ami, connected
from agi_app.pbx.ami.trunks_and_queues import Contact, Queue, Registration, queue, trunk_fault

Send = Callable[[bytes], Awaitable[None]]
Behaviour = Callable[[str, str, Send], Awaitable[None]]  # action, its id, how to answer


class Server:
    """Accepts every login; a behaviour answers the rest."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self.heard: list[str] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1

        async def send(data: bytes) -> None:
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()

        await send(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while block := await reader.readuntil(b"\r\n\r\n"):
                text = block.decode()
                self.heard.append(text)
                number = re.search(r"ActionID: (.*)\r\n", text)
                action = re.search(r"Action: (.*)\r\n", text)
                assert number is not None
                assert action is not None
                if action[1] == "Login":
                    await send(f"Response: Success\r\nActionID: {number[1]}\r\n\r\n".encode())
                else:
                    await self._behave(action[1], number[1], send)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def against(
    behave: Behaviour, timeout: float = 2.0, on_key: Callable[[Mapping[str, str]], None] | None = None
) -> AsyncIterator[tuple[Ami, Server]]:
    server = Server(behave)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        async with connected(AmiSettings(port=port, username="look", timeout=timeout), "secret", on_key) as ami:
            yield ami, server
    finally:
        listening.close()


async def silent(_: str, __: str, ___: Send) -> None:
    """No answer."""


BEGIN = "Event: DTMFBegin\r\nUniqueid: agi-app-{}\r\nDigit: 9\r\nCallerIDName: 张: 伟\r\n\r\n"
RELEASE = "Event: DTMFEnd\r\nUniqueid: agi-app-{}\r\nDigit: 9\r\nDurationMs: 80\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 60, 10_000])
async def test_every_start_of_a_key_is_heard_however_the_stream_is_cut(size: int) -> None:
    """Alone, in one chunk with others, with answers between, and across the border of two chunks."""

    async def keys(_: str, number: str, send: Send) -> None:
        answer = f"Response: Success\r\nActionID: {number}\r\nPing: Pong\r\n\r\n"
        all_of_it = (BEGIN + RELEASE + BEGIN + answer + BEGIN + RELEASE).replace("{}", "1").encode()
        for at in range(0, len(all_of_it), size):
            await send(all_of_it[at : at + size])
            await asyncio.sleep(0)

    heard: list[Mapping[str, str]] = []
    async with against(keys, on_key=heard.append) as (ami, _):
        assert (await ami.ask("Ping"))[0]["Ping"] == "Pong"
        for _ in range(100):
            if sum(event["Event"] == "DTMFBegin" for event in heard) == 3:
                break
            await asyncio.sleep(0.01)
    starts = [event for event in heard if event["Event"] == "DTMFBegin"]
    assert [(event["Uniqueid"], event["Digit"]) for event in starts] == [("agi-app-1", "9")] * 3
    assert {event["CallerIDName"] for event in starts} == {"张: 伟"}


async def test_a_character_on_the_border_of_two_chunks_arrives_whole() -> None:
    async def split(_: str, number: str, send: Send) -> None:
        name = "张伟".encode()
        start = f"Response: Success\r\nActionID: {number}\r\nEventList: start\r\n\r\n"
        event = f"Event: QueueSummary\r\nActionID: {number}\r\nQueue: "
        await send((start + event).encode() + name[:1])
        await asyncio.sleep(0.02)
        await send(name[1:] + b"\r\nLoggedIn: 3\r\nAvailable: 2\r\nCallers: 1\r\n\r\n")
        await send(f"Event: QueueSummaryComplete\r\nActionID: {number}\r\nEventList: Complete\r\n\r\n".encode())

    async with against(split) as (ami, _):
        answers = await ami.ask("QueueSummary", Queue="desk")
        assert [a.get("Queue") for a in answers] == [None, "张伟", None]
        assert await queue(ami, "desk") == Queue("desk", 3, 2, 1)


@pytest.mark.parametrize("value", ["a\r\nAction: Originate", "a\nb", "a\rb", "a\0b"])
async def test_a_value_cannot_begin_another_action(value: str) -> None:
    async with against(silent) as (ami, server):
        with pytest.raises(SafetyError, match="it was not sent"):
            await ami.ask("QueueSummary", Queue=value)
        assert len(server.heard) == 1, "the login, and nothing else"


@pytest.mark.parametrize("action", ["Originate", "Redirect", "Hangup", "Command", "originate", "DBPut"])
async def test_nothing_can_be_done_over_it(action: str) -> None:
    async with against(silent) as (ami, server):
        with pytest.raises(SafetyError, match="for looking only"):
            await ami.ask(action, Channel="PJSIP/1@carrier")
        assert len(server.heard) == 1


async def test_a_question_without_an_answer_ends_in_time_and_is_never_asked_again() -> None:
    async with against(silent, timeout=0.1) as (ami, server):
        with pytest.raises(AsteriskError, match=r"did not answer Ping within 0\.1 s"):
            await ami.ask("Ping")
        with pytest.raises(AsteriskError, match="out of step"):
            await ami.ask("Ping")
        await asyncio.sleep(0.05)
        assert (server.connections, len(server.heard)) == (1, 2)


async def test_a_lost_connection_fails_who_waits_and_is_not_made_again_by_itself() -> None:
    async def leave(_: str, __: str, send: Send) -> None:
        await send(b"")

    async with against(leave) as (ami, server):
        with pytest.raises(AsteriskError, match="closed the connection"):
            await ami.ask("Ping")
        await asyncio.sleep(0.05)
        assert (server.connections, len(server.heard)) == (1, 2)


async def test_an_answer_without_end_is_broken_off() -> None:
    async def flood(_: str, __: str, send: Send) -> None:
        for _part in range(MOST_BYTES // 65536 + 2):
            await send(b"x" * 65536)

    async with against(flood, timeout=10) as (ami, _):
        with pytest.raises(AsteriskError, match="sent more than"):
            await ami.ask("Ping")


async def test_a_refusal_says_why_and_the_connection_stays() -> None:
    async def refuse(_: str, number: str, send: Send) -> None:
        await send(f"Response: Error\r\nActionID: {number}\r\nMessage: Permission denied\r\n\r\n".encode())

    async with against(refuse) as (ami, _):
        for _ in range(2):
            with pytest.raises(ActionRefused, match="refused Ping: Permission denied"):
                await ami.ask("Ping")


async def test_where_nobody_listens_the_message_says_so() -> None:
    with pytest.raises(AsteriskError, match=r"manager interface at 127\.0\.0\.1:1 cannot be reached"):
        async with connected(AmiSettings(port=1, username="a", timeout=1.0), "b"):
            pass


async def test_when_nobody_can_be_asked_nothing_is_known_against_a_trunk(tmp_path: Path) -> None:
    """The manager interface goes away while a trunk is down by its word: the trunk is dialled again."""
    settings = Settings(project=tmp_path, ami=AmiSettings(port=1, username="look", password="x", every=1))
    breakers = {"carrier": Breaker(down="registration up is Rejected")}
    assert breakers["carrier"].room(0.0) == 0
    watching = asyncio.ensure_future(TrunkWatch(settings, breakers).run())
    async with asyncio.timeout(5):
        while breakers["carrier"].down is not None:  # noqa: ASYNC110 - a breaker has no event
            await asyncio.sleep(0.01)
    watching.cancel()
    assert breakers["carrier"].room(0.0) is None
    (seen,) = await examine(settings)
    assert (seen.check, seen.well) == ("AMI", False)
    (seen,) = await examine(Settings(project=tmp_path))
    assert (seen.check, seen.well) == ("AMI", False), "without it nobody is called"


def test_the_password_of_the_interface_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n", encoding="utf-8")
    asked = AmiSettings(username="look", password_file=Path("secret"))
    assert Settings(project=tmp_path, ami=asked).ami_password() == "hush"
    with pytest.raises(ConfigError, match="password_file"):
        Settings(project=tmp_path, ami=AmiSettings(username="look")).ami_password()


def test_a_trunk_is_faulty_only_when_none_of_its_ways_works() -> None:
    up, down = Registration("a", "", "Registered"), Registration("b", "a", "Rejected")
    dead, alive = Contact("a", "sip:x", "Unreachable"), Contact("a", "sip:y", "NonQualified")
    assert trunk_fault(["a"], [], []) is None
    assert trunk_fault(["a"], [up, down], [dead, alive]) is None
    assert trunk_fault(["a"], [down], [alive]) == "registration b is Rejected"
    assert trunk_fault(["a"], [up], [dead]) == "sip:x does not answer OPTIONS"
    assert trunk_fault(["other"], [down], [dead]) is None
