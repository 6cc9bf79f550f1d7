"""Deliveries to a real receiver: each event at least once, by one id, stops first, and only to allowed addresses."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from standardwebhooks import Webhook, WebhookVerificationError

from agi_app.store.database.pool import Store
from agi_app.store.people import stops
from agi_app.store.webhooks import deliveries
from agi_app.store.webhooks import endpoints as stored
from agi_app.webhooks import delivery, schedule
from agi_app.webhooks.delivery import Deliverer
from agi_app.webhooks.post import Poster
from agi_app.webhooks.signature import shown
from tests.fake_clock import FakeClock
from tests.store.test_webhook_events import a_call
from tests.store.world import World, number

pytestmark = pytest.mark.postgres
SECRET = bytes(range(32))
LOOPBACK = [ip_network("127.0.0.0/8")]
PATIENCE_S = 60.0
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def ok(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=204)


def status(number_: int, text: str = "", **headers: str) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=number_, text=text, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer


@dataclass
class Receiver:
    """What it got: headers, body and path of each request; ``answer`` can be exchanged."""

    answer: Answer = ok
    got: list[tuple[dict[str, str], bytes, str]] = field(default_factory=list)
    port: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def has(self, count: int) -> None:
        """Returns when it has got that many requests."""
        while len(self.got) < count:
            self.arrived.clear()
            await self.arrived.wait()

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body, _ in self.got]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _, _ in self.got]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.got.append(({k.lower(): v for k, v in request.headers.items()}, await request.read(), request.path))
        self.arrived.set()
        return await self.answer(request)


@asynccontextmanager
async def listening(receiver: Receiver) -> AsyncIterator[Receiver]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 0).start()  # every address of this host, as a careless receiver is reached by
    receiver.port = runner.addresses[0][1]
    with suppress(OSError):  # without IPv6
        await web.TCPSite(runner, "::", receiver.port).start()
    try:
        yield receiver
    finally:
        await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening(Receiver()) as opened:
        yield opened


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(dt.datetime.now(dt.UTC))


@dataclass
class Sender:
    """A process that delivers, one round at a time: until nothing is on its way."""

    store: Store
    clock: FakeClock
    allowed: list[Any] = field(default_factory=lambda: LOOPBACK)
    resolver: AbstractResolver | None = None

    async def rounds(self, count: int = 3) -> None:
        async with Poster(self.clock, self.allowed, resolver=self.resolver) as poster:
            made = Deliverer(self.store, poster, self.clock, sender="test", keep_days=90, lot=lambda: 0.0)
            for _ in range(count):
                async with asyncio.TaskGroup() as group:
                    await made.once(group)


@pytest.fixture
def sender(store: Store, clock: FakeClock) -> Sender:
    return Sender(store, clock)


async def endpoint(store: Store, url: str, *types: str, with_values: bool = False) -> int:
    return await stored.add(store, url, types or ["*"], SECRET, with_values=with_values, by="anna")


async def tell(store: Store, count: int = 1) -> None:
    for n in range(count):
        await deliveries.tell(store, "contact.done", {"contact": n})


async def stop(store: Store, n: int) -> None:
    await stops.revoke(store, number(n), None, dt.datetime.now(dt.UTC), reason="said so", via="key")


async def states(store: Store) -> list[str]:
    return [row.state for row in await deliveries.deliveries(store)]


async def test_a_receiver_can_verify_what_it_gets(
    world: World, store: Store, sender: Sender, receiver: Receiver
) -> None:
    await endpoint(store, receiver.url(), "attempt.ended", "answer.saved")
    await a_call(world)
    await sender.rounds()
    assert sorted(event["type"] for event in receiver.events) == ["answer.saved", "attempt.ended"]
    for headers, body, _ in receiver.got:
        event = Webhook(shown(SECRET)).verify(body, headers)
        assert event["data"]["contact"] == 1
        assert "values" not in event["data"]
        assert headers["content-type"] == "application/json"
        with pytest.raises(WebhookVerificationError):
            Webhook(shown(SECRET)).verify(body.replace(b"1", b"2"), headers)
    assert await states(store) == ["delivered", "delivered"]
    await sender.rounds()
    assert len(receiver.got) == 2


@pytest.mark.parametrize("page", ["webhooks.md", "webhooks.zh-CN.md"])
async def test_the_receiver_of_the_guide_takes_what_is_sent_and_refuses_what_is_forged(
    store: Store, sender: Sender, receiver: Receiver, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[2] / "docs/how-to" / page).read_text(encoding="utf-8")
    code = text.partition("```python\n")[2].partition("web.run_app")[0].replace("whsec_…", shown(SECRET))
    there: dict[str, Any] = {}
    exec(code, there)  # noqa: S102 - our own page
    receiver.answer = there["hook"]
    made = await endpoint(store, receiver.url())
    await stop(store, 1)
    await sender.rounds()
    await deliveries.replay(store, sender.clock.now())
    await sender.rounds()
    assert capsys.readouterr().out == "never call again: None\n"
    await stored.rotate(store, made, bytes(40), sender.clock.now())
    await tell(store)
    await sender.rounds()
    assert [row.status for row in await deliveries.deliveries(store)] == [401, 204]


async def test_answers_go_only_to_who_may_see_them_and_not_after_an_erasure(
    world: World, store: Store, sender: Sender, receiver: Receiver
) -> None:
    receiver.answer = status(500, "I got: yes")
    await endpoint(store, receiver.url("/plain"), "answer.saved")
    await endpoint(store, receiver.url("/trusted"), "answer.saved", with_values=True)
    await a_call(world)
    await sender.rounds(1)
    values = {path: json.loads(body)["data"].get("values") for _, body, path in receiver.got}
    assert values == {"/plain": None, "/trusted": {"menu": "yes"}}
    assert {(row.endpoint_id, row.text) for row in await deliveries.deliveries(store)} == {(1, "I got: yes"), (2, "")}
    await store.execute("UPDATE attempt SET answers = '{}'")
    receiver.got.clear()
    sender.clock.advance(10)
    await sender.rounds(1)
    assert {path: json.loads(body)["data"].get("values") for _, body, path in receiver.got} == {
        "/plain": None,
        "/trusted": {},
    }


async def test_two_secrets_sign_while_one_is_rotated_out(store: Store, sender: Sender, receiver: Receiver) -> None:
    made = await endpoint(store, receiver.url())
    now = sender.clock.now()
    await stored.rotate(store, made, bytes(40), now + dt.timedelta(hours=1))
    await tell(store)
    await sender.rounds()
    headers, body, _ = receiver.got[0]
    for secret in (SECRET, bytes(40)):
        Webhook(shown(secret)).verify(body, headers)
    sender.clock.advance(3601)
    await tell(store)
    await sender.rounds()
    assert len(receiver.got[1][0]["webhook-signature"].split()) == 1


async def test_a_receiver_that_is_dead_for_three_days_gets_every_event_by_its_first_id(
    store: Store, sender: Sender, receiver: Receiver
) -> None:
    """Clock moved: it is tried by the schedule, neither more often nor more rarely, and not disabled too early."""
    receiver.answer = status(503)
    made = await endpoint(store, receiver.url(), "contact.done")
    await tell(store)
    await sender.rounds(1)
    for n, pause in enumerate(schedule.PAUSES_S[:-1], start=1):
        sender.clock.advance(pause - 1)
        await sender.rounds(1)
        assert len(receiver.got) == n
        sender.clock.advance(2)
        await sender.rounds(1)
        assert len(receiver.got) == n + 1
    sender.clock.advance(20 * 3600)
    await tell(store, 2)
    receiver.answer = ok
    await sender.rounds()
    sender.clock.advance(1)
    await sender.rounds()
    assert set(await states(store)) == {"delivered"}
    assert len(set(receiver.ids)) == 3
    assert len(set(receiver.ids[:9])) == 1
    (one,) = await stored.endpoints(store, sender.clock.now(), made)
    assert (one.enabled, one.failing_since) == (True, None)


async def test_after_three_days_of_failures_it_is_disabled_others_are_told_and_no_stop_is_lost(
    world: World, store: Store, sender: Sender, receiver: Receiver
) -> None:
    receiver.answer = status(500)
    dead = await endpoint(store, receiver.url(), "contact.done", "person.stopped")
    async with listening(Receiver()) as other:
        await endpoint(store, other.url(), "webhook.disabled")
        await stop(store, 1)
        await tell(store)
        for _ in range(80):
            await sender.rounds(1)
            sender.clock.advance(3600)
        (one,) = await stored.endpoints(store, sender.clock.now(), dead)
        assert (one.enabled, one.disabled_why) == (False, "failed")
        await sender.rounds()
        assert [event["data"] for event in other.events] == [{"endpoint": dead, "why": "failed"}]
        receiver.got.clear()
        await stop(store, 2)
        await tell(store)  # not kept for it while it is disabled, but can be sent again
        sender.clock.advance(7 * 24 * 3600)
        await sender.rounds()
        assert receiver.got == []
        receiver.answer = ok
        await stored.enable(store, dead, sender.clock.now())
        await sender.rounds()
        assert [event["type"] for event in receiver.events].count("person.stopped") == 2
        found = len(receiver.got)
        await deliveries.replay(store, sender.clock.now(), since=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))
        await sender.rounds()
        assert len({event["data"].get("contact") for event in receiver.events}) >= 1
        assert len(receiver.got) > found


async def test_a_stop_is_tried_for_ever_and_another_event_ten_times(
    store: Store, sender: Sender, receiver: Receiver
) -> None:
    """Others do well meanwhile, so the endpoint is not disabled."""

    async def refuses_two(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        return web.Response(status=400 if b"person.stopped" in body or b"node.holds" in body else 200)

    receiver.answer = refuses_two
    await endpoint(store, receiver.url(), "person.stopped", "node.holds", "contact.done")
    await stop(store, 1)
    await deliveries.tell(store, "node.holds", {"node": "node-1"})
    for _ in range(40):
        await tell(store)
        await sender.rounds(1)
        sender.clock.advance(24 * 3600 + 1)
    rows = await deliveries.deliveries(store, state="waiting")
    assert [row.type for row in rows] == ["person.stopped"]
    assert rows[0].tries > schedule.TRIES
    (failed,) = await deliveries.deliveries(store, state="failed")
    assert (failed.type, failed.tries) == ("node.holds", schedule.TRIES)


async def test_410_disables_at_once(store: Store, sender: Sender, receiver: Receiver) -> None:
    receiver.answer = status(410)
    made = await endpoint(store, receiver.url())
    await tell(store)
    await sender.rounds()
    (one,) = await stored.endpoints(store, sender.clock.now(), made)
    assert (one.enabled, one.disabled_why) == (False, "gone")
    sender.clock.advance(10**6)
    await sender.rounds()
    assert len(receiver.got) == 1


async def test_retry_after_is_obeyed(store: Store, sender: Sender, receiver: Receiver) -> None:
    """For a day at most, and never to try sooner."""
    waits = {"120": 120, "not-a-time": 5, "1": 5, "99999999": 24 * 3600}

    async def later(request: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": request.path[1:]})

    receiver.answer = later
    for asked in waits:
        await endpoint(store, receiver.url(f"/{asked}"))
    await tell(store)
    await sender.rounds()
    now = sender.clock.now()
    rows = {row.endpoint_id: row.next_try_at for row in await deliveries.deliveries(store)}
    assert [(rows[n] - now).total_seconds() for n in sorted(rows)] == list(waits.values())  # type: ignore[operator]


async def test_a_redirect_is_a_failure_and_not_followed(store: Store, sender: Sender, receiver: Receiver) -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        return web.Response(status=int(request.path[1:]), headers={"Location": receiver.url("/elsewhere")})

    receiver.answer, codes = elsewhere, (301, 302, 303, 307, 308)
    for code in codes:
        await endpoint(store, receiver.url(f"/{code}"))
    await tell(store)
    await sender.rounds()
    assert sorted(path for _, _, path in receiver.got) == [f"/{code}" for code in codes]
    rows = await deliveries.deliveries(store)
    assert {row.state for row in rows} == {"waiting"}
    assert {row.status for row in rows} == set(codes)


async def test_no_notation_reaches_this_host(store: Store, sender: Sender, receiver: Receiver) -> None:
    """The endpoints are in the database, as if no check had been made when they were registered."""
    hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "localhost",
        "[::1]",
        "0.0.0.0",
        "[::]",
        "0",
    ]
    hosts += ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "localhost.", "LOCALHOST"]
    for host in hosts:
        await endpoint(store, f"http://{host}:{receiver.port}/hook")
    await tell(store)
    sender.allowed = []
    await sender.rounds()
    assert receiver.got == []
    rows = await deliveries.deliveries(store)
    assert len(rows) == len(hosts)
    assert {(row.state, row.status, row.tries) for row in rows} == {("waiting", None, 1)}


class Rebinding(AbstractResolver):
    """Answers with a public address first, and with this host from the second time on; or with both at once."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = answers, 0

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
        found = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            {"hostname": host, "host": ip, "port": port, "family": 10 if ":" in ip else 2, "proto": 6, "flags": 4}
            for ip in found
        ]

    async def close(self) -> None:
        pass


async def test_a_name_that_is_bound_to_this_host_after_the_first_look_is_refused(
    store: Store, clock: FakeClock, receiver: Receiver
) -> None:
    """The first answer is an allowed address, where the same port is listened on, so that a try does well."""
    resolver = Rebinding(["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2", "::1"])
    sender = Sender(store, clock, [ip_network("127.0.0.1/32")], resolver)
    receiver.answer = status(200, Connection="close")
    await endpoint(store, f"http://rebound.example.com:{receiver.port}/hook")
    await tell(store)
    await sender.rounds()
    assert len(receiver.got) == 1
    for _ in range(2):
        await tell(store)
        await sender.rounds()
    assert len(receiver.got) == 1
    row = (await deliveries.deliveries(store))[0]
    assert row.text is not None
    assert "is not an address of the public internet" in row.text
    assert resolver.asked >= 3


async def test_no_proxy_of_the_environment_is_asked(
    store: Store, sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(Receiver()) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        await endpoint(store, receiver.url())
        await tell(store)
        await sender.rounds()
        assert (len(proxy.got), len(receiver.got)) == (0, 1)


async def test_a_slow_endpoint_holds_up_no_other_and_no_stop(
    store: Store, receiver: Receiver, clock: FakeClock
) -> None:
    """All its places are taken by answers that do not come; the other endpoint and its own stop get through."""
    hang, reached = asyncio.Event(), asyncio.Event()

    async def hangs(request: web.Request) -> web.StreamResponse:
        if b"person.stopped" in await request.read():
            reached.set()
            return web.Response()
        await hang.wait()
        return web.Response()

    receiver.answer = hangs
    async with listening(Receiver()) as other, Poster(clock, LOOPBACK) as poster:
        await endpoint(store, receiver.url())
        await endpoint(store, other.url())
        await tell(store, 30)
        made = Deliverer(store, poster, clock, sender="test", keep_days=90)
        told = asyncio.Event()
        running = asyncio.create_task(made.run(told))
        async with asyncio.timeout(PATIENCE_S):
            await other.has(30)
            await receiver.has(delivery.PLACES)
            assert len(receiver.got) == delivery.PLACES
            await stop(store, 1)
            await reached.wait()
            hang.set()
            await receiver.has(31)
        told.set()
        await running
    assert set(await states(store)) == {"delivered"}


async def test_an_answer_is_kept_in_part_and_without_numbers(store: Store, sender: Sender, receiver: Receiver) -> None:
    receiver.answer = status(500, "no +8613800138000 \x1b[2J" + "x" * 100_000)
    await endpoint(store, receiver.url())
    await tell(store)
    await sender.rounds()
    (row,) = await deliveries.deliveries(store)
    assert row.text is not None
    assert row.text.startswith("no +86…00 \\x1b[2J")
    assert len(row.text) <= 500


async def test_an_event_sent_again_keeps_its_id(store: Store, sender: Sender, receiver: Receiver) -> None:
    await endpoint(store, receiver.url())
    await tell(store)
    await sender.rounds()
    assert await deliveries.replay(store, sender.clock.now(), event=receiver.ids[0]) == 1
    await sender.rounds()
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1
    assert [one.status for one in await deliveries.tries(store, receiver.ids[0])] == [204, 204]


async def test_what_was_claimed_by_a_sender_that_died_is_delivered_by_the_next(
    store: Store, sender: Sender, receiver: Receiver
) -> None:
    """Dead after the claim: nobody tries it before the lease has run out, somebody does then."""
    made = await endpoint(store, receiver.url())
    await tell(store)
    now = sender.clock.now()
    await deliveries.spread(store, now)
    assert len(await deliveries.claim(store, [deliveries.Places(made, 9, 9)], now, now + delivery.LEASE)) == 1
    await sender.rounds()
    assert receiver.got == []
    sender.clock.advance(delivery.LEASE.total_seconds())
    await sender.rounds()
    assert len(receiver.got) == 1
