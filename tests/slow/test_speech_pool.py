"""The pool of recognising processes: real processes, an engine that obeys (``speech_fake.py``)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agi_app.errors import ConfigError
from agi_app.flow.answers.recognition import Heard
from agi_app.speech import recognizer_pool as pool_module
from agi_app.speech.recognizer_pool import SpeechPool

pytestmark = pytest.mark.slow

FAKE = Path(__file__).with_name("speech_fake.py")


@asynccontextmanager
async def opened(count: int = 1, queue: int = 2, *more: str) -> AsyncIterator[SpeechPool]:
    async with SpeechPool((sys.executable, str(FAKE), str(os.getpid()), *more), count, queue).running() as pool:
        yield pool


async def ask(pool: SpeechPool, order: str, deadline_s: float = 10.0) -> Heard:
    return await pool.transcribe(order.encode(), "en", ("stop calling me",), deadline_s)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(pid: int, within_s: float = 5.0) -> bool:
    end = time.monotonic() + within_s
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


async def test_an_utterance_is_answered_with_its_language_and_phrases() -> None:
    async with opened() as pool:
        assert await ask(pool, "say yes") == Heard("yes", 0.5)
        assert (await ask(pool, "tell")).text == "en ('stop calling me',)"


async def test_utterances_share_the_processes_and_each_gets_its_own_answer() -> None:
    async with opened(2, 20) as pool:
        heard = await asyncio.gather(*(ask(pool, f"say {n}") for n in range(20)))
        assert [one.text for one in heard] == [str(n) for n in range(20)]
        busy = [asyncio.ensure_future(ask(pool, "wait 0.3")), asyncio.ensure_future(ask(pool, "wait 0.3"))]
        began = time.monotonic()
        await asyncio.gather(*busy)
        assert time.monotonic() - began < 0.58  # side by side


async def test_one_more_than_the_queue_holds_is_busy_at_once() -> None:
    async with opened(1, 2) as pool:
        waiting = [asyncio.ensure_future(ask(pool, "wait 0.3")) for _ in range(3)]  # one at work, two in the queue
        await asyncio.sleep(0.1)
        began = time.monotonic()
        assert await ask(pool, "say too much") == Heard("", 0.0, "busy")
        assert time.monotonic() - began < 0.05
        assert all(one.why == "" for one in await asyncio.gather(*waiting))
        assert (await ask(pool, "say later")).text == "later"


async def test_late_in_the_queue_or_at_work_is_told_at_the_deadline() -> None:
    async with opened(1, 2) as pool:
        began = time.monotonic()
        heard = await asyncio.gather(ask(pool, "wait 0.8", 0.4), ask(pool, "say never", 0.3))
        assert 0.35 < time.monotonic() - began < 0.7
        assert list(heard) == [Heard("", 0.0, "late")] * 2
        assert (await ask(pool, "say next")).text == "next"  # neither the late answer nor the dropped question


async def test_a_late_process_is_kept_and_a_hung_one_replaced() -> None:
    async with opened() as pool:
        pid = (await ask(pool, "pid")).text
        assert (await ask(pool, "wait 0.5", 0.25)).why == "late"
        assert (await ask(pool, "pid")).text == pid
        assert (await ask(pool, "wait 60", 0.2)).why == "late"
        assert await asyncio.to_thread(gone, int(pid))
        assert (await ask(pool, "pid")).text != pid


async def test_a_process_that_dies_loses_only_its_utterance() -> None:
    async with opened() as pool:
        pid = (await ask(pool, "pid")).text
        first, second = await asyncio.gather(ask(pool, "die"), ask(pool, "pid"))
        assert first == Heard("", 0.0, "failed")
        assert second.text not in ("", pid)


async def test_a_process_killed_while_it_was_free_costs_nobody_anything() -> None:
    async with opened() as pool:
        pid = int((await ask(pool, "pid")).text)
        os.kill(pid, signal.SIGKILL)
        assert await asyncio.to_thread(gone, pid)
        await asyncio.sleep(0.1)
        assert (await ask(pool, "say alive")).text == "alive"


async def test_an_engine_that_raises_or_prints_or_closes_its_pipe() -> None:
    async with opened() as pool:
        pid = (await ask(pool, "pid")).text
        assert (await ask(pool, "fail oh")).why == "failed"
        assert (await ask(pool, "print")).why == ""
        assert (await ask(pool, "pid")).text == pid
        assert (await ask(pool, "close")).why == "failed"
        assert (await ask(pool, "pid")).text != pid


async def test_processes_that_keep_dying_are_given_up_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "PAUSES_S", (0.0, 1.5))
    async with opened() as pool:
        assert (await ask(pool, "die")).why == "failed"
        await asyncio.sleep(0.2)
        began = time.monotonic()
        assert (await ask(pool, "say hello")).why == "failed"  # not held up until the deadline
        assert time.monotonic() - began < 0.1
        await asyncio.sleep(1.5)
        assert (await ask(pool, "say hello")).text == "hello"


@pytest.mark.parametrize(
    ("how", "words"), [("refuse", "there is no model"), ("crash", "ended with 1: the loader fell")]
)
async def test_what_cannot_be_loaded_is_told_when_it_is_opened(how: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        async with opened(2, 2, how):
            pytest.fail("it opened")


async def test_close_answers_everybody_and_ends_every_process() -> None:
    async with opened(2, 5) as pool:
        pids = {int((await ask(pool, "pid")).text) for _ in range(4)}
        asked = [asyncio.ensure_future(ask(pool, "wait 60")) for _ in range(4)]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await pool.close()
        assert time.monotonic() - began < 3
        assert [one.why for one in await asyncio.gather(*asked)] == ["failed"] * 4
        assert (await ask(pool, "say hello")).why == "failed"
    assert not any(alive(pid) for pid in pids)


async def test_the_body_s_own_error_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with opened():
            raise KeyError("mine")


async def test_whoever_hangs_up_leaves_the_queue() -> None:
    async with opened(1, 1) as pool:
        working = asyncio.ensure_future(ask(pool, "wait 0.4"))
        await asyncio.sleep(0.1)
        queued = asyncio.ensure_future(ask(pool, "say nobody listens"))
        await asyncio.sleep(0.05)
        queued.cancel()
        await asyncio.sleep(0.05)
        assert (await ask(pool, "say there was room")).text == "there was room"
        await working


async def test_secrets_do_not_reach_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_APP_ASTERISK__PASSWORD", "secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    async with opened() as pool:
        names = (await ask(pool, "env")).text
        assert "AGI_APP" not in names
        assert "DATABASE_URL" not in names
        assert "HF_HUB_OFFLINE" in names


def test_no_process_outlives_a_parent_that_is_killed() -> None:
    """Neither one that is free nor one in the middle of an utterance."""
    script = f"""
import asyncio, os, sys
from agi_app.speech.recognizer_pool import SpeechPool
async def main():
    async with SpeechPool((sys.executable, {str(FAKE)!r}, str(os.getpid())), 2, 2).running() as pool:
        print((await pool.transcribe(b"pid", "en", (), 10)).text, flush=True)
        working = asyncio.ensure_future(pool.transcribe(b"wait 60", "en", (), 90))
        await asyncio.sleep(0.2)
        print((await pool.transcribe(b"pid", "en", (), 10)).text, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = {int(parent.stdout.readline()) for _ in range(2)}
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text(encoding="utf-8").split()
    assert len(children) == 2
    assert pids <= set(map(int, children))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert all(gone(int(child)) for child in children)
