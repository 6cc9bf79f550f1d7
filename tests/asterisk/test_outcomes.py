"""Each final answer and each kind of silence on the wire: what a real Asterisk makes of it, and what we make of that.

One carrier that can answer anything (``far_end.py``), and whole calls of the runner; the table itself is tested, all of
it and by the RFCs, in ``tests/unit/calls/test_sip_and_q850_outcomes.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from agi_app.calls.call_plan import CallPlan
from agi_app.calls.runner import LiveCall
from agi_app.flow.load import load_flow
from agi_app.model.call import CallResult, Fault, Outcome
from agi_app.model.counted_calls import counts
from sandbox.asterisk import Asterisk
from tests.asterisk.client import TRUNK, Client
from tests.asterisk.far_end import COMFORT_NOISE, G722, G729, PCMU, FarEnd, Manner
from tests.unit.calls.test_sip_and_q850_outcomes import by_status, named, oracle
from tests.unit.gate_cases import CLAIM

pytestmark = pytest.mark.asterisk
AT_ONCE = 16  # calls
KEYS = 101  # the payload type of telephone events

FLOW = load_flow(
    """\
flow: long
languages: [en]
identify: {business: {en: Sunshine Dental}}
opt_out: {key: "9"}
start: talk
nodes:
  talk:
    - play: long
    - hangup
""",
    "long.yaml",
)
MEDIA: dict[str, Manner] = {
    "speech": Manner(),
    "nothing": Manner(sends=None),
    "comfort noise alone": Manner(sends=COMFORT_NOISE, payloads=(PCMU, COMFORT_NOISE)),
    "comfort noise that was not offered": Manner(sends=COMFORT_NOISE),
    "reports alone": Manner(sends="rtcp"),
    "speech after 3 s": Manner(sends_after_s=3.0),
    "ringing tone and then nothing": Manner(sends=None, provisional=183, early=PCMU),
    "ringing tone and then speech": Manner(provisional=183, early=PCMU),
    "port 0": Manner(payloads=(), sends=None),
    "no session description": Manner(payloads=None, sends=None),
    "G.729, not offered": Manner(payloads=(G729,), sends=G729),
    "G.729, not offered, and keys": Manner(payloads=(G729, KEYS), sends=G729),
    "G.722, not offered, and keys": Manner(payloads=(G722, KEYS), sends=G722),
    "a packet that cannot be decoded": Manner(sends=G729),
}
ALIVE = {name for name in MEDIA if any(word in name for word in ("speech", "comfort", "reports", "decoded"))}


class People:
    """Numbers for manners: each call to one is answered so."""

    def __init__(self, far_end: FarEnd, client: Client, asterisk: Asterisk) -> None:
        self.far_end, self._client, self._asterisk = far_end, client, asterisk
        self.manners: dict[str, Manner] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def call(self, manner: Manner) -> CallResult:
        """A whole call of the runner to somebody of this manner."""
        number = f"+99986171{len(self.manners):06d}"
        self.manners[number.removeprefix("+")] = manner
        async with self._gate:
            channel = await self._client.call(
                number, endpoint=self.far_end.endpoint(TRUNK, number), ring_timeout=20, max_call=30
            )
            return await LiveCall(self._plan(), self._client.clock).run(channel)

    async def calls(self, manners: Iterable[Manner]) -> list[CallResult]:
        return await asyncio.gather(*map(self.call, manners))

    def _plan(self) -> CallPlan:
        async def nothing(*_: object) -> list[str]:
            return []

        async def stop(_: str, __: str) -> None:
            pass

        return CallPlan(
            party=CLAIM.party, flow=FLOW, ring_time_s=20, max_call_s=30, say=nothing, store_opt_out=stop,
            transfer=lambda _: asyncio.sleep(0, "failed"), trunk_works=lambda: None,
            local_now=self._client.clock.now,
            media=lambda _, prompt: f"sound:{self._asterisk.prompts_path}/{prompt}",
        )  # fmt: skip


@pytest.fixture
async def people(client: Client, asterisk: Asterisk) -> AsyncIterator[People]:
    """A carrier of the test's own."""
    async with FarEnd(lambda number: found.manners[number]) as far_end:
        found = People(far_end, client, asterisk)
        yield found


def seen(result: CallResult) -> tuple[str, Fault | None]:
    return result.outcome.value, result.fault


def wanted(meaning: tuple[str, Fault | None] | None) -> tuple[str, Fault | None]:
    return meaning or ("no_answer", None)  # the far end spoke: the trunk is alive


async def test_every_status_from_300_to_699_has_the_outcome_of_the_table(people: People) -> None:
    """A third of them after 180, a third after 183. Nobody is dialled a second time; only who heard it ring counts."""
    elsewhere = ("Contact: <sip:999861712345@127.0.0.1:9>", 'WWW-Authenticate: Digest realm="x", nonce="y"')
    before = {status: (None, 180, 183)[status % 3] for status in range(300, 700)}
    results = await people.calls(Manner(status=s, provisional=p, headers=elsewhere) for s, p in before.items())
    wrong = []
    for (status, provisional), result in zip(before.items(), results, strict=True):
        rang = provisional is not None
        if seen(result) != wanted(named(by_status(status), rang=rang)):
            wrong.append((status, provisional, seen(result)))
        if result.outcome is Outcome.FAILED and counts(result) is not rang:
            wrong.append((status, provisional, ("counts", None)))
    assert wrong == []
    assert len(people.far_end.invites) == len(set(people.far_end.invites)) == 400


async def test_every_cause_in_a_reason_is_heard_as_far_as_this_asterisk_hands_it_on(
    people: People, asterisk: Asterisk
) -> None:
    pairs = [((480, 503)[cause % 2], cause) for cause in range(1, 128)]
    results = await people.calls(Manner(status=s, reason=f"Q.850;cause={c}") for s, c in pairs)
    hands_on = tuple(map(int, asterisk.version().split(".")[:2])) < (22, 9)
    wrong = []
    for (status, cause), result in zip(pairs, results, strict=True):
        meaning = oracle(status, cause) if hands_on else by_status(status)
        if seen(result) != wanted(named(meaning, rang=False)):
            wrong.append((status, cause, seen(result)))
    assert wrong == []


async def test_a_call_without_any_sound_ends_after_5_s_and_any_sign_of_life_lets_it_go_on(people: People) -> None:
    results = dict(zip(MEDIA, await people.calls(MEDIA.values()), strict=True))
    got = {name: result.outcome for name, result in results.items()}
    assert got == {name: Outcome.ANSWERED if name in ALIVE else Outcome.NO_MEDIA for name in MEDIA}
    assert {counts(result) for result in results.values()} == {True}
    for name in ("nothing", "ringing tone and then nothing", "G.729, not offered, and keys"):
        result = results[name]
        assert result.answered_at is not None
        assert result.ended_at is not None
        assert 4.9 < (result.ended_at - result.answered_at).total_seconds() < 6.0, name
