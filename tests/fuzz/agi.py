"""Hostile peers of the FastAGI server: half headers, huge lines, early ends, noise, slow drips; honest ones between.

Every honest session must be answered whatever the others do, and no other one may be told anything. The server's loop
must never stand still for more than STALL_S, and at the end it may hold at most GROWTH of what it held after WARM_UP.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tests.agi_request import agi_request
from tests.fuzz.agi_target import ACTION, NAME, SESSION_S, TOKEN

AT_ONCE = 150  # sessions; the server takes 300
WARM_UP = 1_000
STALL_S = 0.05
GROWTH = 1.05
PATIENCE_S = 10.0  # in which an honest session must be over; the machine may be busy
ENOUGH = 5  # failing cases that are shown
COMMANDS = [f'SET VARIABLE AGI_APP_NAME "{NAME}"\n'.encode(), f'SET VARIABLE AGI_APP_ACTION "{ACTION}"\n'.encode()]


class Peer:
    """One connection, and the chances of its case."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chance: random.Random) -> None:
        self.reader, self.writer, self.chance = reader, writer, chance

    async def say(self, *parts: bytes) -> None:
        """Send; a server that has gone is no fault."""
        with suppress(ConnectionError):
            for part in parts:
                self.writer.write(part)
                await self.writer.drain()

    async def heard(self) -> bytes:
        """All that the server says until it ends the connection."""
        with suppress(ConnectionError):
            return await self.reader.read()
        return b""

    def reset(self) -> None:
        """End it with a TCP reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def header(self, token: str = TOKEN, script: str = "screen") -> bytes:
        """A request as Asterisk makes it."""
        name = self.chance.choice(("Ann", "阳光口腔", "", "unknown", '"; DROP', "agi_arg_1: x", "𝔘" * 20))
        return agi_request(script, token, str(self.chance.randrange(1000)), name=name).encode()


Verdict = str | None  # what went wrong


async def honest(peer: Peer) -> Verdict:
    """As Asterisk does it, in pieces of any size."""
    header = peer.header()
    cut = peer.chance.randrange(len(header))
    await peer.say(header[:cut], header[cut:])
    for command in COMMANDS:
        try:
            said = await peer.reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return "an honest session was not answered"
        if said != command:
            return f"an honest session was told {said!r}"
        await peer.say(peer.chance.choice((b"", b"HANGUP\n" if command == COMMANDS[1] else b"")) + b"200 result=1\n")
    return f"more was said: {more!r}" if (more := await peer.heard()) else None


async def half_header(peer: Peer) -> Verdict:
    """Begins a request and waits."""
    header = peer.header()
    await peer.say(header[: peer.chance.randrange(len(header) - 1)])
    return await _nothing(peer)


async def early_end(peer: Peer) -> Verdict:
    """Goes away at any byte, with or without good manners, also in the middle of its answers."""
    whole = peer.header() + b"200 result=1\n" * peer.chance.randrange(3)
    await peer.say(whole[: peer.chance.randrange(len(whole) + 1)])
    if peer.chance.random() < 0.5:
        peer.reset()
    return None


async def huge_line(peer: Peer) -> Verdict:
    """A line, or a number of lines, without end."""
    start = peer.header()[: peer.chance.randrange(60)]
    piece = peer.chance.choice((b"a", b"agi_x: y\n", b"\n" + b"a" * 50, b"\x00")) * 4000
    for _ in range(peer.chance.choice((1, 5, 50))):
        await peer.say(start, piece)
        start = b""
        if peer.reader.at_eof():
            break
    return await _nothing(peer)


async def noise(peer: Peer) -> Verdict:
    """Any bytes, also ones that end like a request does."""
    await peer.say(peer.chance.randbytes(peer.chance.choice((1, 100, 3000, 30_000))), b"\n\n")
    return await _nothing(peer)


async def drip(peer: Peer) -> Verdict:
    """A byte now and then, for ever."""
    for byte in peer.header() * 2:
        await peer.say(bytes([byte]))
        if peer.reader.at_eof() or peer.writer.is_closing():
            break
        await asyncio.sleep(0.02)
    return await _nothing(peer)


async def silence(peer: Peer) -> Verdict:
    """Connects and says nothing."""
    return await _nothing(peer)


async def stranger(peer: Peer) -> Verdict:
    """A request with another token, or for another script."""
    if peer.chance.random() < 0.7:
        await peer.say(peer.header(token=peer.chance.choice(("", "x", TOKEN[:-1], TOKEN + "0", "é" * 16))))
    else:
        await peer.say(peer.header(script=peer.chance.choice(("", "other", "../screen", "screen/x"))))
    return await _nothing(peer)


async def bad_answers(peer: Peer) -> Verdict:
    """Knows the token, and answers nonsense."""
    answer = peer.chance.choice(
        (b"\n", b"OK\n", b"200\n", b"999 result=x\n", b"200 result=-1\n", b"511 dead\n", b"HANGUP\n" * 5,
         b"520-a\n" * 500, b"520-", b"a" * 50_000, b"200 result=", peer.chance.randbytes(500))
    )  # fmt: skip
    await peer.say(peer.header(), answer)
    said = await peer.heard()
    return None if b"".join(COMMANDS).startswith(said) else f"was told {said!r}"


async def deaf(peer: Peer) -> Verdict:
    """Sends answer upon answer and reads none of the commands."""
    await peer.say(peer.header(), b"200 result=0\n" * 5000)
    await asyncio.sleep(peer.chance.random() * SESSION_S)
    return None


async def _nothing(peer: Peer) -> Verdict:
    said = await peer.heard()
    return f"was told {said!r}" if said else None


KINDS: tuple[tuple[Callable[[Peer], Awaitable[Verdict]], int], ...] = (
    (honest, 20), (half_header, 6), (early_end, 30), (huge_line, 8), (noise, 12), (drip, 2), (silence, 2),
    (stranger, 12), (bad_answers, 8), (deaf, 2),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """What the server held and how its loop fared."""

    failed: int
    memory_ratio: float
    stall: float
    stall_by_the_clock: float
    answered: int

    @property
    def faults(self) -> list[str]:
        """Which promise does not hold."""
        found = [f"{self.failed} cases failed"] if self.failed else []
        if self.stall > STALL_S:
            found.append(f"the loop stood still for {self.stall * 1000:.0f} ms")
        if self.memory_ratio > GROWTH:
            found.append(f"memory grew to {self.memory_ratio:.3f} of what it was")
        return found


class Target:
    """The server's process."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process, self.port = process, port

    async def state(self) -> dict[str, Any]:
        """What it holds, once no connection is open."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        while True:
            self._process.stdin.write(b"?\n")
            line = await self._process.stdout.readline()
            if not line:
                raise RuntimeError("the server has ended; its words are above")
            state: dict[str, Any] = json.loads(line)
            if not state["open"]:
                return state
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _target() -> AsyncIterator[Target]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fuzz.agi_target", stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield Target(process, int(await process.stdout.readline()))
    finally:
        process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 5)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def one(port: int, seed: int, index: int) -> Verdict:
    """One session; the same seed and index make the same one."""
    chance = random.Random(f"{seed}/{index}")
    kind = chance.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0]
    writer = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            verdict = await kind(Peer(reader, writer, chance))
    except TimeoutError:
        verdict = "was not let go"
    except OSError as error:
        verdict = f"could not connect: {error}"
    finally:
        if writer is not None:
            writer.transport.abort()
    return f"{kind.__name__}: {verdict}" if verdict else None


async def attack(cases: range, seed: int, warm_up: int = WARM_UP) -> Figures:
    """All these sessions, AT_ONCE at once; prints each that went wrong."""
    failed = 0
    async with _target() as target:
        numbers = iter(cases)

        async def work(most: int) -> None:
            nonlocal failed
            for index in numbers:
                if (verdict := await one(target.port, seed, index)) is not None:
                    failed += 1
                    if failed <= ENOUGH:
                        print(f"scripts/fuzz agi --seed {seed} --only {index}: {verdict}")
                if index >= most:
                    return

        async def until(most: int) -> dict[str, Any]:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work(most))
            return await target.state()

        first = await until(cases.start + warm_up)
        last = await until(cases.stop)
    return Figures(
        failed, last["memory"] / first["memory"], last["stall"], last["stall_by_the_clock"], last["answered"]
    )


def run(cases: int, seed: int, only: int | None) -> int:
    """Exit status 0 when every promise holds."""
    wanted = range(cases) if only is None else range(only, only + 1)
    figures = asyncio.run(attack(wanted, seed))
    print(
        f"{len(wanted)} sessions, {figures.answered} of them answered; the loop stood still for at most"
        f" {figures.stall * 1000:.1f} ms ({figures.stall_by_the_clock * 1000:.1f} ms by the clock, with what the system"
        f" ran meanwhile); memory at the end {figures.memory_ratio:.3f} of that after {min(WARM_UP, len(wanted))}"
    )
    for fault in figures.faults:
        print(fault)
    return 1 if figures.faults else 0
