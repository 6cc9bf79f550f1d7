"""The connection to Asterisk when Asterisk, or the way to it, misbehaves."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agi_app.clock import Clock
from agi_app.errors import AsteriskError, OtherWorkerError, RequestFailed
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.ari.http import probe
from tests.unit.fake_ari import FakeAri, fake_ari

pytestmark = pytest.mark.slow  # waits on a real clock: not part of the fast unit tests

FILTER = "PUT applications/agi-app/eventFilter"


def settings(url: str, **changes: float) -> AriSettings:
    return AriSettings(url, "agi-app", "päss:word", first_retry=0.02, longest_retry=0.1, **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def running(ari: Ari) -> AsyncIterator[asyncio.Task[None]]:
    """Run the connection beside the test and end it afterwards."""
    task = asyncio.create_task(ari.run())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, AsteriskError, OtherWorkerError):
            await task


async def until_disconnected(ari: Ari, limit: float) -> float:
    """Seconds until the client noticed that it is not connected."""
    start = time.monotonic()
    async with asyncio.timeout(limit):
        while ari.is_connected:  # noqa: ASYNC110 - the client has no such event
            await asyncio.sleep(0.01)
    return time.monotonic() - start


def connection(fake: FakeAri, events: list[Frame] | None = None, **changes: float) -> Ari:
    sink = events if events is not None else []
    return Ari(settings(fake.url, **changes), Clock(), on_event=sink.append)


async def test_the_password_travels_in_the_header_and_never_in_a_url() -> None:
    async with fake_ari() as fake, running(ari := connection(fake)):
        await ari.connected(2)
        expected = "Basic " + base64.b64encode("agi-app:päss:word".encode()).decode()
        assert fake.authorizations == [expected, expected]
        assert all("word" not in url and "api_key" not in url for url in fake.event_urls)
        assert "word" not in repr(ari.settings)


async def test_the_event_filter_is_set_before_it_counts_as_connected_on_each_connect() -> None:
    async with fake_ari() as fake, running(ari := connection(fake, request_timeout=0.2)):
        await ari.connected(2)
        assert fake.seen == [FILTER]
        fake.silent_on.add(FILTER)
        await fake.drop()
        await until_disconnected(ari, 1)
        with pytest.raises(AsteriskError, match="within"):
            await ari.connected(0.1)
        fake.silent_on.clear()
        await ari.connected(3)
        assert fake.seen.count(FILTER) >= 2


async def test_requests_that_wait_fail_at_once_when_the_socket_drops() -> None:
    async with fake_ari() as fake, running(ari := connection(fake, request_timeout=30)):
        await ari.connected(2)
        fake.silent_on.update({"GET channels/a", "GET channels/b"})
        waiting = [asyncio.create_task(ari.request("GET", f"channels/{c}")) for c in "ab"]
        await asyncio.sleep(0.05)
        start = time.monotonic()
        await fake.drop()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert time.monotonic() - start < 0.5
        assert [type(r) for r in results] == [RequestFailed, RequestFailed]
        assert all(isinstance(r, RequestFailed) and r.status == 0 and "connection lost" in str(r) for r in results)


async def test_a_request_without_an_answer_ends_after_its_timeout() -> None:
    async with fake_ari() as fake, running(ari := connection(fake, request_timeout=0.1)):
        await ari.connected(2)
        fake.silent_on.add("GET channels/a")
        with pytest.raises(RequestFailed, match=r"no answer from Asterisk within 0\.1 s") as raised:
            await ari.request("GET", "channels/a")
        assert raised.value.status == 0
        await ari.request("GET", "asterisk/ping", timeout=1)  # the connection lives on


async def test_an_error_status_is_raised_with_the_words_of_asterisk() -> None:
    async with fake_ari() as fake, running(ari := connection(fake)):
        await ari.connected(2)
        fake.statuses["GET channels/a"] = 404
        with pytest.raises(RequestFailed, match=r"GET channels/a: said so \(status 404\)") as raised:
            await ari.request("GET", "channels/a")
        assert raised.value.status == 404


async def test_a_half_open_connection_is_noticed_within_the_heartbeat_and_replaced() -> None:
    assert AriSettings("", "", "").heartbeat <= 2, "the default: people wait in silence meanwhile"
    async with fake_ari() as fake, running(ari := connection(fake, heartbeat=0.2)):
        await ari.connected(2)
        fake.answers_pings = False
        assert await until_disconnected(ari, 2) <= 0.2 * 1.25 + 0.3
        fake.answers_pings = True
        await ari.connected(2)
        assert len(fake.sockets) == 2


async def test_it_reconnects_with_growing_pauses_up_to_the_limit() -> None:
    async with fake_ari() as fake, running(ari := connection(fake)):
        await ari.connected(2)
        fake.info_status = 503
        before = len(fake.authorizations)
        await fake.drop()
        await asyncio.sleep(0.36)
        tries = len(fake.authorizations) - before
        assert 3 <= tries <= 6, "after 0.02, 0.04, 0.08, then 0.1 s each"
        fake.info_status = 200
        await ari.connected(2)
        assert ari.is_connected


async def test_another_worker_ends_it_for_good() -> None:
    async with fake_ari() as fake, running(ari := connection(fake)) as task:
        await ari.connected(2)
        await fake.send({"type": "ApplicationReplaced", "application": "agi-app"})
        with pytest.raises(OtherWorkerError, match="Another worker") as raised:
            await asyncio.wait_for(task, 2)
        assert raised.value.exit_code == 3
        await asyncio.sleep(0.1)
        assert len(fake.sockets) == 1, "it does not connect again"
        with pytest.raises(RequestFailed, match="nothing was sent"):
            await ari.request("POST", "channels")


async def test_a_message_that_is_no_json_is_skipped() -> None:
    received: list[Frame] = []
    async with fake_ari() as fake, running(ari := connection(fake, received)):
        await ari.connected(2)
        for message in ("{not json", '{"type": 7}', "[]", '{"no": "type"}', '{"type": "StasisEnd"}'):
            await fake.send(message)
        await ari.request("GET", "asterisk/ping")
        assert [frame.type for frame in received] == ["StasisEnd"]


async def test_a_late_answer_to_a_request_given_up_is_ignored() -> None:
    async with fake_ari() as fake, running(ari := connection(fake)):
        await ari.connected(2)
        await fake.send({"type": "RESTResponse", "request_id": "987", "status_code": 200, "message_body": ""})
        await ari.request("GET", "asterisk/ping", timeout=1)


@pytest.mark.parametrize(
    ("status", "body", "version", "words"),
    [
        (401, None, "22.10.1", "refuses the ARI user 'agi-app' or its password"),
        (403, None, "22.10.1", "read_only"),
        (404, None, "22.10.1", "There is no ARI at"),
        (200, "<html>hello</html>", "22.10.1", "is not Asterisk's ARI"),
        (200, None, "18.10.0", "Asterisk 18.10.0"),
        (500, None, "22.10.1", "answered 500"),
    ],
)
async def test_a_first_connect_that_fails_is_fatal_with_one_clear_line(
    status: int, body: str | None, version: str, words: str
) -> None:
    async with fake_ari() as fake:
        fake.info_status, fake.info_body, fake.version = status, body, version
        for attempt in (probe(settings(fake.url)), connection(fake).run()):
            with pytest.raises(AsteriskError) as raised:
                await asyncio.wait_for(attempt, 2)
            assert words in str(raised.value)
            assert "\n" not in str(raised.value)
            assert "word:" not in str(raised.value)
            assert raised.value.exit_code == 2


async def test_an_asterisk_that_cannot_be_reached_is_named() -> None:
    with pytest.raises(AsteriskError, match=r"No Asterisk answers at http://127\.0\.0\.1:1/ari"):
        await asyncio.wait_for(probe(settings("http://127.0.0.1:1/ari")), 2)


async def test_probe_tells_version_and_entity_id() -> None:
    async with fake_ari() as fake:
        info = await probe(settings(fake.url))
        assert (info.version, info.entity_id) == ("22.10.1", "02:aa")
