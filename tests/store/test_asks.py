"""What is asked for by the service: done by a worker as the account that asks, once, or refused."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agi_app import asked
from agi_app.clock import Clock
from agi_app.consent.number_hashes import SuppressionKey
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.opt_outs import Stops
from agi_app.dialer.worker.asks import Asks
from agi_app.errors import Forbidden, InputError
from agi_app.installation import Installation
from agi_app.model.actors import ALLOWED, Actor, Role
from agi_app.model.campaign import CampaignState
from agi_app.operations.calling import asks
from agi_app.operations.people import consents, stop_links
from agi_app.operations.service import tokens
from agi_app.store.calling.campaigns import load_campaign
from agi_app.store.database import service_rights
from agi_app.store.database.pool import Store
from agi_app.store.ledger import accounts
from agi_app.store.people import stops
from agi_app.store.requested_calls.asks import OpenAsk, Unfinished
from tests.store.conftest import Cluster, open_store
from tests.store.world import World, campaign, installation_for, number

pytestmark = pytest.mark.postgres
PAUSED, RUNNING = CampaignState.PAUSED, CampaignState.RUNNING


@pytest.fixture
async def console(cluster: Cluster, database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """As the service works: its role in the database, and who asks; li.na is an operator."""
    cluster.run("ALTER ROLE agi_app_console LOGIN")
    opened = await open_store(psycopg.conninfo.make_conninfo(database_url, user=service_rights.CONSOLE.name))
    yield as_account(
        installation_for(opened, Journal(tmp_path / "not-ours", Clock()), data=tmp_path / "not-ours"),
        "li.na",
        Role.OPERATOR,
    )
    await opened.close()
    cluster.run("ALTER ROLE agi_app_console NOLOGIN")


def as_account(inst: Installation, name: str, *roles: Role) -> Installation:
    """Who asks by the API, with what the service says of them."""
    return dataclasses.replace(inst, actor=Actor(name, frozenset(roles), "api", token="t1"))


@pytest.fixture
async def inst(store: Store, tmp_path: Path) -> Installation:
    """A worker's; li.na and a viewer are known."""
    await accounts.add(store, "li.na", None, [Role.OPERATOR], None)
    await accounts.add(store, "bo", None, [Role.VIEWER], None)
    return installation_for(store, Journal(tmp_path, Clock()), data=tmp_path)


def worker(inst: Installation, node: str = "node-1", **changed: Any) -> Asks:
    """One that does what is asked for."""
    keep = Stops(inst.store, inst.journal, Clock(), node).keep
    given: dict[str, Any] = {"prepare": partial(asked.prepare, inst), "do": partial(asked.do, inst)} | changed
    return Asks(inst.store, node, keep, **given)


async def state(store: Store) -> CampaignState | None:
    found = await load_campaign(store, "checkup")
    return None if found is None else found.state


async def test_a_campaign_is_paused_as_the_account_that_asked(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    await world.running(campaign(), [1])
    number_of = await asks.ask(console, "checkup", "pause", reason="the script is wrong")
    waiting = await asks.asked(console, number_of)
    assert (waiting.ask.state, waiting.note) == (
        "waiting",
        "no worker runs: nobody is called, and this waits until one does",
    )
    assert await state(store) is RUNNING
    await worker(inst).take_all()
    assert await state(store) is PAUSED
    (done,) = await asks.asks(console, "checkup")
    assert (done.ask.state, done.ask.account, done.note) == ("done", "li.na", None)
    acted = await store.records("SELECT account, via, verb FROM action ORDER BY action_id DESC LIMIT 1")
    assert acted == [{"account": "li.na", "via": "api", "verb": "campaign pause"}]
    assert await store.value(int, "SELECT count(*) FROM open_ask") == 0


async def test_a_link_that_somebody_opened_stops_its_number_and_a_made_up_one_nothing(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    """The service cannot read a link; the worker takes the stop as nobody's, and the link is forgotten."""
    await world.running(campaign(), [1, 2])
    key = SuppressionKey(bytes(32))
    inst = dataclasses.replace(inst, key=key)
    link, _ = await stop_links.make_stop_link(inst, number(1))
    page = dataclasses.replace(console, actor=Actor("stop link", frozenset(), "worker"))
    for text in (link, "A" * len(link)):
        await stop_links.ask_stop_by_link(page, text, "203.0.113.7")
    await worker(inst).take_all()
    states = await store.records("SELECT state FROM ask_answer ORDER BY ask_id")
    assert [row["state"] for row in states] == ["done", "refused"]
    assert await stops.is_suppressed(store, number(1))
    assert not await stops.is_suppressed(store, number(2))
    assert await store.value(int, "SELECT count(*) FROM open_ask") == 0


async def test_a_pause_waits_for_nothing_that_takes_long_and_what_was_asked_before_it_starts_nothing(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    await world.running(campaign(), [1])
    shown = (await tokens.create(inst, "li.na", "tests", sorted(ALLOWED[Role.OPERATOR]), 1)).text
    with_token = dataclasses.replace(console, actor=dataclasses.replace(console.actor, shown=shown))
    held, goes_on = asyncio.Event(), asyncio.Event()

    async def prepare(ask: OpenAsk) -> Any:
        if ask.verb == "resume":
            held.set()
            await goes_on.wait()
        return await asked.prepare(inst, ask)

    running = asyncio.create_task(worker(inst, prepare=prepare).run())
    try:
        resume = await asks.ask(with_token, "checkup", "resume", reason="go on")
        async with asyncio.timeout(90):
            await held.wait()
        pause = await asks.ask(console, "checkup", "pause", reason="wrong list")
        async with asyncio.timeout(1):
            while (await asks.asked(console, pause)).ask.state != "done":  # noqa: ASYNC110 - another task
                await asyncio.sleep(0.02)
        assert await state(store) is PAUSED
        goes_on.set()
        async with asyncio.timeout(90):
            while (await asks.asked(console, resume)).ask.state == "waiting":  # noqa: ASYNC110 - another task
                await asyncio.sleep(0.02)
        answer = (await asks.asked(console, resume)).ask.answer
        assert answer is not None
        assert "li.na asked to pause checkup after this" in answer["text"]
        assert await state(store) is PAUSED
    finally:
        running.cancel()


async def test_a_running_worker_takes_an_ask_and_a_stop_at_once(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    await world.running(campaign(), [1])
    running = asyncio.create_task(worker(inst).run())
    try:
        await asyncio.sleep(0.2)  # it listens
        await asks.ask(console, "checkup", "stop", reason="enough")
        await console.store.execute(
            "SELECT enter_stop(%(n)s, NULL, now(), 'x', NULL, NULL, NULL, 'li.na')", {"n": number(7)}
        )
        async with asyncio.timeout(90):
            while await state(store) is not CampaignState.STOPPED or not await stops.is_suppressed(store, number(7)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.attack("roles that the service makes up in an ask")
async def test_the_worker_looks_up_what_an_account_may(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    """A viewer, nobody, and an operator whom the service calls a supervisor with every scope."""
    await world.running(campaign(), [1])
    for name in ("bo", "nobody.at.all"):
        await asks.ask(as_account(console, name, *Role), "checkup", "pause", reason="x")
    await store.execute("UPDATE account SET enabled = false WHERE name = 'li.na'")
    await asks.ask(as_account(console, "li.na", *Role), "checkup", "stop", reason="x")
    await worker(inst).take_all()
    assert await state(store) is RUNNING
    found = await asks.asks(console, "checkup")
    assert [one.ask.state for one in found] == ["refused"] * 3
    assert [(one.ask.answer or {})["fault"] for one in found] == ["Forbidden"] * 3


@pytest.mark.attack("a start, or a consent, asked for by a taken-over service in the name of somebody who is away")
async def test_without_the_token_nobody_is_started_or_consents(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    await world.running(campaign(), [1])
    await worker_pause(inst, console)
    for verb in ("start", "resume"):
        await asks.ask(as_account(console, "li.na", *Role), "checkup", verb, reason="x")
    cells = '{"number": "+999861380000009", "purpose": "transactional", "wording": "yes", "method": "x", "source": "x"}'
    for sealed in (None, b"agia_12345678_made-up_0000"):
        await console.store.execute(
            "SELECT add_ask('consent', 'add', '', '{}', 'li.na', '{compliance}', NULL, 'api', NULL, NULL, 'x',"
            " %(c)s, %(s)s)",
            {"c": cells, "s": sealed},
        )
    await worker(inst).take_all()
    assert await state(store) is PAUSED
    assert await store.value(int, "SELECT count(*) FROM consent") == 1
    assert await store.records("SELECT state, count(*) AS n FROM ask_answer GROUP BY 1 ORDER BY 1") == [
        {"state": "done", "n": 1},
        {"state": "refused", "n": 4},
    ]


async def with_token(inst: Installation, console: Installation, name: str, role: Role) -> Installation:
    """Somebody who shows a token to the service."""
    await accounts.add(inst.store, name, None, [role], None)
    made = await tokens.create(inst, name, "for tests", sorted(ALLOWED[role]), 1)
    return dataclasses.replace(console, actor=Actor(name, frozenset({role}), "api", shown=made.text))


async def test_with_the_token_a_campaign_goes_on(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    """Its account's, as long as it is good; the service cannot read it afterwards."""
    await world.running(campaign(), [1])
    await worker_pause(inst, console)
    zhao = await with_token(inst, console, "zhao", Role.SUPERVISOR)
    await asks.ask(
        dataclasses.replace(zhao, actor=dataclasses.replace(zhao.actor, account="li.na")),
        "checkup",
        "resume",
        reason="x",
    )
    await worker(inst).take_all()
    assert await state(store) is PAUSED
    await asks.ask(zhao, "checkup", "resume", reason="the script is right now")
    await worker(inst).take_all()
    assert await state(store) is RUNNING
    assert await store.value(int, "SELECT count(*) FROM open_ask") == 0
    acted = await store.records("SELECT account, via FROM action WHERE verb = 'campaign resume'")
    assert acted == [{"account": "zhao", "via": "api"}]


async def test_a_start_that_waited_for_long_is_refused(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    """Nobody expects it any more; a pause is always in time."""
    await world.running(campaign(), [1])
    await worker_pause(inst, console)
    zhao = await with_token(inst, console, "zhao", Role.SUPERVISOR)
    await asks.ask(zhao, "checkup", "resume", reason="x")
    await store.execute("ALTER TABLE ask DISABLE TRIGGER ask_append_only")
    await store.execute("UPDATE ask SET asked_at = asked_at - interval '16 minutes'")
    await worker(inst).take_all()
    assert await state(store) is PAUSED
    assert "ask again" in str((await asks.asks(console, "checkup"))[0].ask.answer)


async def test_a_consent_is_stamped_by_the_worker_and_names_who_entered_it(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    await world.running(campaign(), [1], consenting=[])
    chen = await with_token(inst, console, "chen", Role.COMPLIANCE)
    cells = {"number": number(1), "purpose": "transactional", "wording": "I agree.", "method": "form", "source": "shop"}
    with pytest.raises(InputError):
        await consents.ask(chen, {**cells, "number": "12"})
    number_of = await consents.ask(chen, cells)
    assert (await consents.asked(chen, number_of)).state == "waiting"
    await worker(inst).take_all()
    done = await consents.asked(chen, number_of)
    assert (done.state, (done.answer or {})["added"]) == ("done", 1)
    assert number(1) not in str(await store.records("SELECT * FROM ask")) + str(done)
    (kept,) = await store.records("SELECT entered_by, stamp IS NOT NULL AS stamped FROM consent")
    assert kept == {"entered_by": "chen", "stamped": True}


async def worker_pause(inst: Installation, console: Installation) -> None:
    """Pause it as somebody would."""
    await asks.ask(console, "checkup", "pause", reason="x")
    await worker(inst).take_all()


async def test_two_workers_do_it_once(world: World, store: Store, inst: Installation, console: Installation) -> None:
    await world.running(campaign(), [1])
    done: list[int] = []

    async def do(ask: OpenAsk, _prepared: object) -> Mapping[str, Any]:
        done.append(ask.ask_id)
        await asyncio.sleep(0.05)
        return {}

    for _ in range(10):
        await asks.ask(console, "checkup", "pause", reason="x")
    both = [worker(inst, node, prepare=nothing, do=do) for node in ("node-1", "node-2")]
    await asyncio.gather(*(one.take_all() for one in both))
    assert sorted(done) == list(range(1, 11))
    assert await store.value(int, "SELECT count(DISTINCT node) FROM ask_answer") == 2


DIES = """
import asyncio, pathlib, sys
from tests.store.conftest import open_store
from agi_app.dialer.worker.asks import Asks

async def nothing(*_):
    pass

async def main():
    store = await open_store(sys.argv[1])

    async def do(ask, _):
        await store.execute("UPDATE campaign SET state = 'stopped'")
        print("in it", flush=True)
        await asyncio.sleep(60)

    await Asks(store, "node-1", nothing, nothing, do).take_all()

asyncio.run(main())
"""


async def test_a_worker_that_is_killed_in_between_has_done_nothing(
    world: World, store: Store, inst: Installation, console: Installation, database_url: str
) -> None:
    """kill -9 after what it did and before its answer: the next worker does it, as if it were the first."""
    await world.running(campaign(), [1])
    await asks.ask(console, "checkup", "pause", reason="x")
    dying = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DIES, database_url, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert dying.stdout is not None
    assert await dying.stdout.readline() == b"in it\n"
    await worker(inst, "node-2").take_all()
    assert [one.ask.state for one in await asks.asks(console, "checkup")] == ["waiting"]
    dying.kill()
    await dying.wait()
    async with asyncio.timeout(90):
        while (await asks.asks(console, "checkup"))[0].ask.state == "waiting":
            await worker(inst, "node-2").take_all()  # once the server has noticed
    assert await state(store) is PAUSED
    assert await store.records("SELECT state, node FROM ask_answer") == [{"state": "done", "node": "node-2"}]


async def nothing(_ask: OpenAsk) -> None:
    """Nothing to prepare."""


async def test_an_ask_that_meets_a_fault_of_ours_is_refused_and_nothing_of_it_stays(
    world: World, store: Store, inst: Installation, console: Installation
) -> None:
    """The worker goes on with the next one."""
    await world.running(campaign(), [1])

    async def do(ask: OpenAsk, _prepared: object) -> Mapping[str, Any] | Unfinished:
        if ask.verb == "pause":
            await store.execute("UPDATE campaign SET state = 'draft'")
            raise KeyError("what nobody thought of")
        return await asked.do(inst, ask, None)

    await asks.ask(console, "checkup", "pause", reason="x")
    await asks.ask(console, "checkup", "stop", reason="x")
    await worker(inst, do=do).take_all()
    second, first = await asks.asks(console, "checkup")
    assert (first.ask.state, (first.ask.answer or {})["fault"]) == ("refused", "KeyError")
    assert "nobody thought" not in str(first.ask.answer)
    assert second.ask.state == "done"
    assert await state(store) is CampaignState.STOPPED


async def test_what_cannot_be_asked_for(world: World, console: Installation) -> None:
    await world.running(campaign(), [1])
    with pytest.raises(InputError, match="start, pause, resume, stop"):
        await asks.ask(console, "checkup", "delete", reason="x")
    with pytest.raises(InputError, match="why"):
        await asks.ask(console, "checkup", "pause", reason=" ")
    with pytest.raises(InputError, match="no campaign"):
        await asks.ask(console, "chekup", "pause", reason="x")
    with pytest.raises(Forbidden):
        await asks.ask(as_account(console, "bo", Role.VIEWER), "checkup", "pause", reason="x")
    with pytest.raises(Forbidden):
        await asks.ask(as_account(console, "zhao", Role.COMPLIANCE), "checkup", "start", reason="x")
