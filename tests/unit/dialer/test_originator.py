"""A stop finds every call of this worker, whatever moment of its life it meets; what never left is given back."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.calls.rendered_speech import Voice
from agi_app.calls.runner import LiveCall
from agi_app.calls.speech_services import SpeechServices
from agi_app.config.ami import AmiSettings
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer import attempt_writer
from agi_app.dialer import originator as module
from agi_app.dialer.agents.availability import AgentWatch
from agi_app.dialer.circuit_breaker import Breaker
from agi_app.dialer.live_calls import LiveCalls
from agi_app.dialer.node import Node
from agi_app.dialer.originator import Originator, RunningCampaign
from agi_app.dialer.pacing import Pacer, Turn
from agi_app.errors import RequestFailed, SafetyError, StoreError
from agi_app.flow.load import load_flow
from agi_app.gate.permit import MarkReceipt, Permit
from agi_app.model.call import CallResult, Claim, Outcome
from agi_app.monitoring.measures import Measures
from agi_app.store.calling import attempts
from tests.fake_clock import FakeClock
from tests.unit.calls.test_runner import FLOW, World
from tests.unit.fake_voice import recorded_only
from tests.unit.gate_cases import CAMPAIGN, CLAIM, NOW

LINE = RunningCampaign(CAMPAIGN, FLOW, TrunkSettings(endpoint="PJSIP/{number}@test", sandbox=True), Breaker())
TRUNK_IS_DEAF = RequestFailed("originate", 0, "no connection to Asterisk; nothing was dialled")
DEAF = SpeechServices(cast(Any, None), None)


class FakeStore:
    """What the originator asks of the store, with hooks for what happens meanwhile."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.marked: list[str] = []
        self.given_back: list[str] = []
        self.finished: list[Outcome] = []
        self.at_mark: Callable[[], object] = lambda: None
        self.mark_says: MarkReceipt | StoreError | None = MarkReceipt(CLAIM.attempt_id, 0.0)
        self.away = 0  # how many writes fail

    def hash_number(self, number: str) -> bytes:
        return number.encode()

    async def mark(self, _: Any, claims: Sequence[Claim], node: str) -> list[MarkReceipt | None]:
        self.at_mark()
        if isinstance(self.mark_says, StoreError):
            raise self.mark_says
        self.marked += [claim.attempt_id for claim in claims]
        return [self.mark_says for _ in claims]

    async def release(self, _: Any, attempt_id: str, reason: str) -> bool:
        self._write()
        self.given_back.append(reason)
        return True

    async def finish(self, _: Any, ends: Sequence[attempts.Ended]) -> list[bool]:
        self._write()
        self.finished += [end.result.outcome for end in ends]
        return [True for _ in ends]

    def _write(self) -> None:
        if self.away:
            self.away -= 1
            raise StoreError("database x: is away")


@dataclasses.dataclass
class Place:
    """A originator on fakes; ``made`` and ``dial`` are what Asterisk does for it."""

    store: FakeStore
    live: LiveCalls
    may_dial: bool = True
    permits: list[Permit] = dataclasses.field(default_factory=list)
    measures: Measures = dataclasses.field(default_factory=Measures)
    fault: Exception | None = None
    refused: bool = False
    making: Callable[[], None] = lambda: None
    ended: object = "destroyed"  # how the channel ended; None: its end was never heard of
    forgotten: list[str] = dataclasses.field(default_factory=list)
    hung_up: list[str] = dataclasses.field(default_factory=list)
    running: Callable[[LiveCall], Awaitable[CallResult]] | None = None

    @contextlib.asynccontextmanager
    async def made(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        self.making()
        channel = SimpleNamespace(id="agi-app-x", ended=self.ended)
        yield SimpleNamespace(refused=self.refused, channel=channel, dial=partial(self.dial, channel))

    async def dial(self, channel: Any, permit: Permit, _: Any) -> Any:
        if self.fault is not None:
            raise self.fault
        self.permits.append(permit)
        return channel

    def counted(self) -> dict[str, float]:
        """The marks that were counted, by what came of them."""
        (family,) = self.measures.permits.collect()
        return {one.labels["result"]: one.value for one in family.samples if one.value}

    async def attempt(
        self, start_at: float = 0.0, line: RunningCampaign = LINE, turn: Turn | None = None
    ) -> CallResult | None:
        ari = SimpleNamespace(hang_up_soon=self.hung_up.append)
        router = SimpleNamespace(forget=self.forgotten.append)
        ruleset = SimpleNamespace(jurisdictions={}, version="x")
        node = Node(
            "n",
            cast(Any, self.store),
            cast(Any, ari),
            cast(Any, router),
            self.store.clock,
            cast(Any, ruleset),
            self.live,
            measures=self.measures,
        )

        async def opt_out(number: str, how: str) -> None:
            """Nobody presses 9 here."""

        voice = Voice(recorded_only(lambda *_: ""))
        originator = Originator(
            node,
            media=lambda *_: "",
            store_opt_out=opt_out,
            may_dial=lambda: self.may_dial,
            voice=voice,
            agents=AgentWatch(node, {}, AmiSettings(), str),
            speech=DEAF,
        )
        return await originator.attempt(CLAIM, line, turn or Turn([], start_at))


async def test_a_call_that_cannot_say_what_it_must_is_not_made(place: Place) -> None:
    """The attempt has failed, before its mark: no phone rings, and its reason is kept."""
    flow = load_flow(
        "flow: f\nlanguages: [en]\nidentify: {business: {en: A}}\nstart: n\nnodes:\n"
        "  n:\n    - say: {text: {en: Hello}}\n    - hangup\n",
        "f.yaml",
    )
    assert await place.attempt(line=dataclasses.replace(LINE, flow=flow)) is None
    assert place.store.finished == [Outcome.FAILED]
    assert (place.store.marked, place.store.given_back, place.permits, len(place.live)) == ([], [], [], 0)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(FakeStore(), LiveCalls())
    for name in ("mark", "release", "finish"):
        monkeypatch.setattr(attempts, name, getattr(made.store, name))
    monkeypatch.setattr(module, "made", made.made)
    for name in ("FIRST_RETRY_S", "MARKED_S", "ENDED_S"):
        monkeypatch.setattr(attempt_writer, name, 0.001)

    async def run(call: LiveCall, _: Any) -> CallResult:
        return await made.running(call) if made.running else CallResult(Outcome.ANSWERED, cause=16)

    monkeypatch.setattr(LiveCall, "run", run)
    return made


async def test_a_good_call_is_marked_dialled_and_stored(place: Place) -> None:
    result = await place.attempt()
    assert result is not None
    assert result.outcome is Outcome.ANSWERED
    assert (place.store.marked, len(place.permits)) == ([CLAIM.attempt_id], 1)
    assert (place.store.finished, place.store.given_back) == ([Outcome.ANSWERED], [])
    assert len(place.live) == 0


async def test_a_stop_between_mark_and_place_dials_nobody_and_is_no_attempt(place: Place) -> None:
    """It was not dialled, so it may not stand among the calls: the carrier never saw it."""
    place.store.at_mark = lambda: place.live.stop_all("the person said stop")
    assert await place.attempt() is None
    assert place.permits == []
    assert place.store.finished == []
    assert place.store.given_back == ["stopped before it was dialled: the person said stop"]


async def test_a_call_that_would_break_the_rate_by_being_late_is_given_back(place: Place) -> None:
    """Others that were late too have just left."""
    pacer = Pacer(1.0)
    turn = Turn([pacer], 0.0)
    pacer.left(0.2)
    assert await place.attempt(turn=turn) is None
    assert (len(place.permits), len(place.store.given_back)) == (0, 1)
    assert "above the rate" in place.store.given_back[0]
    assert place.counted() == {"late": 1.0}


async def test_a_call_whose_mark_became_too_old_is_counted_as_late(place: Place) -> None:
    """The database took its time, so its permit is never given: such calls must be seen by those who watch."""
    place.store.at_mark = lambda: place.store.clock.advance(1.0)
    assert await place.attempt() is None
    assert (len(place.permits), len(place.store.given_back)) == (0, 1)
    assert any(words in place.store.given_back[0] for words in ("the mark is older than", "it was late"))
    assert place.counted() == {"late": 1.0}


async def test_a_stop_while_the_call_waits_for_its_turn_dials_nobody(place: Place) -> None:
    """The pace may hold a claim back; a stop finds it there already."""
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(place.attempt(start_at=0.02))
        await asyncio.sleep(0)
        assert place.live.attempts_of(CLAIM.person_id) == [CLAIM.attempt_id]
        assert not place.live.quiet.is_set()
        assert place.live.stop_attempt(CLAIM.attempt_id, "stop", even_if_up=False) == 1
    assert waiting.result() is None
    assert place.permits == []


async def test_a_hold_before_or_after_the_mark_dials_nobody(place: Place) -> None:
    def hold() -> None:
        place.may_dial = False

    place.store.at_mark = hold
    assert await place.attempt() is None  # after the mark
    assert await place.attempt() is None  # before it
    assert place.permits == []
    assert len(place.store.marked) == 1
    assert len(place.store.given_back) == 2


async def test_a_mark_that_said_no_or_nothing_dials_nobody(place: Place) -> None:
    place.store.mark_says = None
    assert await place.attempt() is None
    place.store.mark_says = StoreError("database x: the answer was lost")
    assert await place.attempt() is None
    assert place.permits == []
    assert place.store.given_back == ["the mark failed"]


@pytest.mark.parametrize("fault", [TRUNK_IS_DEAF, SafetyError("the permit expired before the request left")])
async def test_what_surely_did_not_leave_is_given_back(place: Place, fault: Exception) -> None:
    place.fault = fault
    assert await place.attempt() is None
    assert place.store.given_back == [str(fault)]
    assert place.store.finished == []


async def test_an_originate_that_asterisk_refused_is_no_attempt(place: Place) -> None:
    """HTTP 500 for an unknown endpoint: no INVITE, nobody's phone rang."""

    async def refused(_: LiveCall) -> CallResult:
        return CallResult(Outcome.FAILED, note="Allocation failed (status 500)")

    place.running, place.refused = refused, True
    assert await place.attempt() is None
    assert place.store.given_back == ["Allocation failed (status 500)"]
    assert (place.store.marked, place.permits) == ([], [])


async def test_a_channel_that_takes_long_to_make_costs_the_call_nothing(place: Place) -> None:
    """An Asterisk that has much to do: the mark, whose permit lives for a moment only, waits for the channel."""
    marked_at = []

    def mark() -> None:
        marked_at.append(place.store.clock.monotonic())
        place.store.mark_says = MarkReceipt(CLAIM.attempt_id, marked_at[0])

    place.making = lambda: place.store.clock.advance(2.0)
    place.store.at_mark = mark
    assert await place.attempt() is not None
    assert marked_at == [2.0]
    assert len(place.permits) == 1


async def test_a_result_waits_for_the_database(place: Place) -> None:
    place.store.away = 2
    await place.attempt()
    assert place.store.finished == [Outcome.ANSWERED]


async def test_a_channel_whose_end_was_never_heard_of_is_hung_up(place: Place) -> None:
    """The hangup may be lost on the way; nobody runs the channel any more."""
    place.ended = None
    await place.attempt()
    assert (place.forgotten, place.hung_up) == (["agi-app-x"], ["agi-app-x"])
    assert place.store.finished == [Outcome.ANSWERED]


async def test_our_own_fault_in_a_call_hangs_it_up_and_is_stored(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: LiveCall) -> CallResult:
        raise ZeroDivisionError

    place.running, place.ended = broken, None
    monkeypatch.setattr(module._log, "exception", lambda *_: None)  # a traceback takes long to print
    result = await place.attempt()
    assert result is not None
    assert (result.outcome, place.hung_up) == (Outcome.INTERRUPTED, ["agi-app-x"])
    assert place.store.finished == [Outcome.INTERRUPTED]


def call(attempt_id: str, campaign: str, person: int) -> tuple[Claim, LiveCall]:
    """A call without a channel yet."""
    claim = dataclasses.replace(CLAIM, attempt_id=attempt_id, campaign=campaign, person_id=person)
    return claim, LiveCall(dataclasses.replace(World().call._plan, party=claim.party), FakeClock(NOW))


def test_stops_reach_whom_they_mean_and_nobody_else() -> None:
    live = LiveCalls()
    added = [call("a1", "spring", 1), call("a2", "spring", 2), call("a3", "autumn", 1)]
    for each in added:
        live.add(*each)
    one, two, three = (live_call for _, live_call in added)
    assert live.attempts_of(1) == ["a1", "a3"]
    assert live.stop_campaign("spring") == 2
    assert [c.stopped is not None for c in (one, two, three)] == [True, True, False]
    assert one.stopped is not None
    assert not one.stopped.even_if_up  # an answered call of a stopped campaign finishes
    assert live.stop_attempt("a3", "the person said stop", even_if_up=True) == 1
    assert three.stopped is not None
    assert three.stopped.even_if_up
    assert live.stop_attempt("unknown", "x", even_if_up=True) == 0
    assert live.stop_all("the worker is shutting down") == 3


def test_it_is_quiet_only_without_calls() -> None:
    live = LiveCalls()
    one, two = call("a1", "spring", 1), call("a2", "spring", 2)
    assert live.quiet.is_set()
    live.add(*one)
    live.add(*two)
    live.discard(one[0])
    live.discard(one[0])
    assert not live.quiet.is_set()
    live.discard(two[0])
    assert live.quiet.is_set()
