"""A second project with the same Asterisk: whoever comes later goes away, and the first one's calls go on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from agi_app.errors import OtherWorkerError
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.asterisk_owner import LOOK_S, Owner
from sandbox.asterisk import Asterisk
from tests.asterisk.client import connected, settings_of

pytestmark = pytest.mark.asterisk
OURS, THEIRS = "project /srv/ours on host-a", "project /srv/theirs on host-b"


@pytest.fixture
async def at(asterisk: Asterisk) -> AsyncIterator[AriSettings]:
    settings = settings_of(asterisk)
    yield settings
    for who in (OURS, THEIRS):
        await Owner(settings, who).release()


async def test_the_newcomer_is_refused_and_told_who_has_it(at: AriSettings) -> None:
    """As long as the first one is at work; when it has ended, at once."""
    first, newcomer = Owner(at, OURS), Owner(at, THEIRS)
    await first.claim()
    async with connected(at) as client:
        keeping = asyncio.create_task(first.keep(client.ari))
        with pytest.raises(OtherWorkerError, match=r"the worker of project /srv/ours on host-a\. One Asterisk"):
            await newcomer.claim()
        assert not keeping.done()
        keeping.cancel()
    await first.release()
    begun = time.monotonic()
    await newcomer.claim()
    assert time.monotonic() - begun < 1


async def test_a_worker_that_died_keeps_nobody_out_for_long_and_itself_not_at_all(at: AriSettings) -> None:
    """After a crash people are on the line in silence: the same worker waits for nothing."""
    await Owner(at, OURS).claim()
    begun = time.monotonic()
    await Owner(at, OURS).claim()
    assert time.monotonic() - begun < 1
    await Owner(at, THEIRS).claim()
    assert time.monotonic() - begun >= LOOK_S - 1


async def test_whose_word_was_taken_over_ends(at: AriSettings) -> None:
    """It was cut off for long enough to be taken for dead, and is back: two would hang up each other's calls."""
    await Owner(at, THEIRS).claim()
    async with connected(at) as client:
        with pytest.raises(OtherWorkerError, match="theirs"):
            await asyncio.wait_for(Owner(at, OURS).keep(client.ari), 5)


async def test_of_two_that_come_at_once_not_both_stay(at: AriSettings) -> None:
    """Whichever of them reads and writes first; at the latest the next renewal tells one that it has lost."""
    async with connected(at) as client:

        async def work(who: str) -> None:
            owner = Owner(at, who)
            await owner.claim()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(owner.keep(client.ari), LOOK_S + 3)

        came = await asyncio.gather(*(work(who) for who in (OURS, THEIRS)), return_exceptions=True)
    assert sum(isinstance(result, OtherWorkerError) for result in came) >= 1
    assert not any(result is not None and not isinstance(result, OtherWorkerError) for result in came)


async def test_an_asterisk_that_does_not_answer_is_left_to_the_connection(at: AriSettings) -> None:
    gone = AriSettings("http://127.0.0.1:9/ari", at.username, at.password)
    await Owner(gone, OURS).claim()
    await Owner(gone, OURS).release()
