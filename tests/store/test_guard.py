"""Calls that come in, judged on a real database: what is known of a caller, what is kept, and how it fails open."""

from __future__ import annotations

import asyncio
import datetime as dt

import psycopg
import pytest

from agi_app.config.screening import GuardSettings
from agi_app.guard.case import Action
from agi_app.guard.replay import Replay, replay
from agi_app.screening.judge import Question, Screening, Verdict
from agi_app.store.database.pool import Store
from agi_app.store.screening import guard_lists, guard_report
from agi_app.store.screening import screened_calls as table
from agi_app.store.screening.caller_lookup import explain
from agi_app.store.screening.guard_changes import ChangedBy
from agi_app.store.screening.guard_lists import NewEntry
from agi_app.store.screening.screened_calls import EndedCall, SubscriberLine
from tests.fake_clock import FakeClock
from tests.store.world import World, campaign, number

pytestmark = pytest.mark.postgres

START = dt.datetime(2026, 3, 3, 10, tzinfo=dt.UTC)
STRANGER = "+999861380001101"
SAID = ChangedBy("test", START)
DEADLINE_S = GuardSettings().deadline


class Desk:
    """A worker's judgement, with a clock that the test moves."""

    def __init__(self, store: Store, **settings: object) -> None:
        self.store = store
        self.clock = FakeClock(START)
        self.settings = GuardSettings.model_validate(settings)
        self.screening = Screening(store, self.clock, self.settings)

    async def call(
        self, caller: str | None = STRANGER, called: str = "100", endpoint: str = "PJSIP/carrier"
    ) -> Verdict:
        """Somebody calls; everything is stored when this returns."""
        verdict = await self.screening.judge(Question(caller, called, endpoint))
        await self.screening.records.finish()
        return verdict

    async def end(self, verdict: Verdict, *, talked_s: float = 0.0, rang_s: float = 8.0) -> None:
        """The call is over."""
        self.screening.ended(EndedCall(verdict.call_id, talked_s > 0, rang_s, talked_s, True))
        await self.screening.records.finish()

    async def put(self, pattern: str, allow: bool = False, line: str = "", **more: object) -> None:
        """Write on a list."""
        entry = NewEntry(pattern, allow, line, **more)  # type: ignore[arg-type]
        await guard_lists.put(self.store, [entry], "test", self.clock.now())


@pytest.fixture
async def desk(store: Store) -> Desk:
    return Desk(store)


def rules(verdict: Verdict) -> set[str]:
    assert verdict.decision is not None
    return {reason.rule for reason in verdict.decision.reasons}


async def test_a_stranger_rings_and_is_known_afterwards(desk: Desk) -> None:
    first = await desk.call()
    assert first.action is Action.ALLOW
    assert "first_contact" in rules(first)
    await desk.end(first, talked_s=60)
    desk.clock.advance(3600)
    second = await desk.call()
    assert "first_contact" not in rules(second)
    assert "talked" in rules(second)


async def test_a_sequential_dialler_is_caught_by_the_third_call(desk: Desk) -> None:
    actions = []
    for called in ("101", "102", "103"):
        verdict = await desk.call(called=called)
        await desk.end(verdict, rang_s=2)
        desk.clock.advance(20)
        actions.append(verdict.action)
    assert actions[0] is Action.ALLOW
    assert actions[2] is not Action.ALLOW


async def test_a_restarted_worker_remembers_the_day(desk: Desk) -> None:
    for called in ("101", "102"):
        await desk.end(await desk.call(called=called), rang_s=2)
        desk.clock.advance(20)
    successor = Desk(desk.store)
    successor.clock.advance(40)
    await successor.screening.remember()
    assert (await successor.call(called="103")).action is not Action.ALLOW


async def test_a_number_that_a_campaign_dialled_may_always_call(desk: Desk, world: World) -> None:
    await desk.put("+99986138*")
    called = await world.running(campaign(), [1, 2])
    assert (await desk.call(number(1))).action is Action.REJECT  # in a campaign, not called yet
    await world.call(await world.claim_one(called))
    assert {(await desk.call(number(n))).action for n in (1, 2)} == {Action.ALLOW, Action.REJECT}


async def test_a_number_that_somebody_here_dialled_may_always_call(desk: Desk) -> None:
    await desk.put("+9998613*")
    assert (await desk.call()).action is Action.REJECT
    assert await desk.screening.dialled(STRANGER)
    assert (await desk.call()).action is Action.ALLOW


async def test_a_block_list(desk: Desk) -> None:
    for pattern, blocked in (
        (STRANGER, True),
        ("+99986138*", True),
        ("+999861380001000-+999861380001999", True),
        ("+999861380002000-+999861380002999", False),
        ("+99986139*", False),
        ("withheld", False),
    ):
        await desk.put(pattern)
        assert ((await desk.call()).action is Action.REJECT) is blocked, pattern
        assert await guard_lists.remove(desk.store, pattern, "", "test", START) == 1


async def test_a_withheld_number_can_be_blocked(desk: Desk) -> None:
    await desk.put("withheld")
    assert (await desk.call(None)).action is Action.REJECT
    assert (await desk.call()).action is Action.ALLOW


async def test_an_allow_entry_beats_every_block(desk: Desk) -> None:
    await desk.put("+999*")
    await desk.put(STRANGER, allow=True)
    assert (await desk.call()).action is Action.ALLOW
    assert (await desk.call("+999861380001102")).action is Action.REJECT


async def test_a_lines_own_list_is_of_that_line_only_and_ends(desk: Desk) -> None:
    await desk.put(STRANGER, line="100", expires_at=START + dt.timedelta(days=1))
    assert (await desk.call(called="100")).action is Action.REJECT
    assert (await desk.call(called="200")).action is Action.ALLOW
    desk.clock.advance(2 * 86400)
    assert (await desk.call(called="100")).action is not Action.REJECT


async def test_a_line_that_wants_no_guard_has_none(desk: Desk) -> None:
    await desk.put(STRANGER)
    await guard_lists.set_line(desk.store, "100", SubscriberLine(enabled=False), None, SAID)
    assert (await desk.call(called="100")).action is Action.ALLOW
    assert (await desk.call(called="200")).action is Action.REJECT
    assert await guard_lists.reset_line(desk.store, "100", SAID)
    assert (await desk.call(called="100")).action is Action.REJECT


async def test_a_strict_line_challenges_strangers(desk: Desk) -> None:
    await guard_lists.set_line(desk.store, "100", SubscriberLine(level="strict"), None, SAID)
    challenged = await desk.call(called="100")
    assert challenged.action is Action.CHALLENGE
    await desk.screening.challenged(challenged.call_id, passed=True)
    desk.clock.advance(3600)
    assert (await desk.call(called="100")).action in (Action.ALLOW, Action.MARK)


async def test_our_own_endpoints_are_neither_judged_nor_kept(store: Store) -> None:
    desk = Desk(store, internal=["PJSIP/front-desk"])
    await desk.put("+999*")
    verdict = await desk.call(endpoint="PJSIP/front-desk")
    assert verdict.action is Action.ALLOW
    assert not await guard_report.calls(store, START - dt.timedelta(1))


async def test_a_report_after_the_call_counts_and_can_be_taken_back(desk: Desk) -> None:
    verdict = await desk.call(called="600")
    for line in ("100", "200", "300", "400"):
        verdict = await desk.call(called=line)
        assert await desk.screening.vote(verdict.call_id, nuisance=True)
        await desk.end(verdict, talked_s=5)
        desk.clock.advance(7200)
    assert "votes" in rules(await desk.call(called="500"))
    assert await desk.screening.vote(verdict.call_id, nuisance=False)
    assert "votes" not in rules(await desk.call(called="500"))
    assert not await desk.screening.vote("unknown", nuisance=True)


async def test_neighbours_of_nuisances_are_seen(desk: Desk) -> None:
    for last in range(1, 5):
        verdict = await desk.call(f"+99986138000110{last}", called="100")
        await desk.screening.vote(verdict.call_id, nuisance=True)
        desk.clock.advance(3600)
    assert "block" in rules(await desk.call("+999861380001109"))


async def test_every_decision_can_be_made_again(desk: Desk) -> None:
    await desk.put("+99986139*")
    for caller in (STRANGER, "+999861390001101", None, "10086", "sip:bob"):
        await desk.call(caller)
    found = [d async for page in guard_report.decisions(desk.store, START - dt.timedelta(1)) for d in page]
    assert len(found) == 5
    assert {replay(d.inputs, d.decision) for d in found} == {Replay.SAME}
    assert not any("1380001" in d.inputs + d.decision for d in found)


async def slept(seconds: float) -> float:
    """How long the machine takes for that."""
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    return asyncio.get_running_loop().time() - began


async def test_a_database_that_does_not_answer_lets_the_call_ring(desk: Desk, database_url: str) -> None:
    """The look-up waits for a lock; the caller does not."""
    await desk.put(STRANGER)
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("LOCK TABLE guard_list IN ACCESS EXCLUSIVE MODE")
        began = asyncio.get_running_loop().time()
        question, clock = Question(STRANGER, "100", "PJSIP/carrier"), asyncio.create_task(slept(2 * DEADLINE_S))
        verdicts = [await desk.screening.judge(question) for _ in range(2)]
        took = asyncio.get_running_loop().time() - began
        assert took < max(2 * DEADLINE_S, await clock) + 0.1, "no later than this machine keeps time"
    assert {v.action for v in verdicts} == {Action.ALLOW}
    await desk.screening.records.finish()
    stored = await guard_report.calls(desk.store, START - dt.timedelta(1))
    assert ["longer than" in (c.unjudged or "") for c in stored] == [True, True]
    assert (await desk.call()).action is Action.REJECT


async def test_a_database_that_is_gone_lets_the_call_ring(desk: Desk) -> None:
    await desk.store.close()
    assert (await desk.screening.judge(Question(STRANGER, "100", "PJSIP/carrier"))).action is Action.ALLOW
    assert len(desk.screening.records) == 1


async def test_calls_go_after_ninety_days_and_dialled_numbers_stay(desk: Desk) -> None:
    await desk.call()
    await desk.screening.dialled("+999861380001199")
    desk.clock.advance(89 * 86400)
    assert await desk.screening.purge() == 0
    desk.clock.advance(2 * 86400)
    before = desk.clock.now() - dt.timedelta(days=90)
    assert await table.old(desk.store, before) == {
        "opening words": 0, "learned scripts": 0, "screened calls": 1, "callers": 1, "list entries": 0
    }  # fmt: skip
    assert await desk.screening.purge() == 2
    assert not await guard_report.calls(desk.store, START - dt.timedelta(1))
    assert (await table.lookup(desk.store, "+999861380001199", "100", desk.clock.now())).facts.dialled_at


async def test_mistakes_are_suspected(desk: Desk) -> None:
    """Blocked and then dialled by us; let through and then reported."""
    await desk.put("+99986138*")
    await desk.call()
    desk.clock.advance(60)
    await desk.screening.dialled(STRANGER)
    reported = await desk.call("+999861390001101")
    await desk.screening.vote(reported.call_id, nuisance=True)
    found = await guard_report.suspected(desk.store, START - dt.timedelta(1))
    assert {(call.action, call.mistake) for call in found} == {("reject", "dialled_later"), ("allow", "reported")}


async def test_an_explanation_knows_the_last_day_and_keeps_nothing(desk: Desk) -> None:
    for called in ("101", "102"):
        await desk.end(await desk.call(called=called), rang_s=2)
        desk.clock.advance(20)
    decision = await explain(desk.store, desk.settings, desk.clock.now(), STRANGER, "103")
    assert "run" in {reason.rule for reason in decision.reasons}
    assert len(await guard_report.calls(desk.store, START - dt.timedelta(1))) == 2
