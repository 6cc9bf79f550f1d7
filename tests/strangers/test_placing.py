"""How a call is placed: a channel is made, the mark is stored, the INVITE leaves. What comes between, step by step."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from tests.store.conftest import Cluster
from tests.strangers.shop import Shop
from tests.strangers.ward import SLOWEST_SWITCH_S, Ward, make_ward, number, until

pytestmark = [pytest.mark.asterisk, pytest.mark.slow]

PERMIT_S = 0.3  # safety.md: "only for 0.3 seconds and one use"
AWAY_S = 0.4  # from the dial to the INVITE, on a busy machine
AWAY = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"}
DATABASE = "stranger_placing"

# What becomes of which request, or of its answer, once.
FAULTS = {
    "create answered late": ("create", True, "1.0"),
    "create answered when it was given up": ("create", True, "3.0"),
    "answer to create lost": ("create", True, "lose"),
    "create lost": ("create", False, "lose"),
    "create late": ("create", False, "1.0"),
    "create refused": ("create", False, "refuse"),
    "dial answered late": ("dial", True, "1.0"),
    "answer to dial lost": ("dial", True, "lose"),
    "dial lost": ("dial", False, "lose"),
    "dial late": ("dial", False, "1.0"),
    "dial refused": ("dial", False, "refuse"),
}
CALLED_ALL_THE_SAME = [
    "create answered late",
    "create answered when it was given up",
    "answer to create lost",
    "create lost",
    "create late",
    "dial answered late",
    "answer to dial lost",
    "dial late",
]


@pytest.fixture(scope="module")
def ward(pattern: Shop, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """Made once."""
    yield from make_ward(pattern, cluster, tmp_path_factory.mktemp("placing"), DATABASE)


# ---------------------------------------------------------------------- single requests and answers


@pytest.fixture(scope="module")
def faults(ward: Ward) -> dict[str, str]:
    """One person for each; the calls were made as far as they will be within some seconds."""
    people = {name: number(f"placing: {name}") for name in FAULTS}
    for name, (what, answer, does) in FAULTS.items():
        ward.ari.rule(people[name], what, does, answer=answer)
    ward.exchange.plans[people["answer to dial lost"]] = "ring"
    ward.add("short", *people.values())
    ward.settled(*(people[name] for name in CALLED_ALL_THE_SAME), seconds=15)
    return people


def _happened(ward: Ward, one: str, name: str) -> bool:
    what, answer, does = FAULTS[name]
    return any(seen[1:] == (what, one.removeprefix("+"), answer, does) for seen in ward.ari.seen)


@pytest.mark.parametrize("name", FAULTS)
def test_a_call_is_made_once_and_counted_only_if_it_was_made(ward: Ward, faults: dict[str, str], name: str) -> None:
    """0050: "What is made and not dialled was surely not dialled: it is hung up and the claim given back, also when the
    answer to `create` is lost. Only the lost answer of a `dial` counts as a call"."""
    one = faults[name]
    assert _happened(ward, one, name), ward.ari.seen[-30:]
    lost = name == "dial lost"  # counts as made
    assert until(lambda: ward.counted(one) == ward.calls(one) or (lost and ward.counted(one) == 1), 10), ward.attempts(
        one
    )
    assert ward.calls(one) <= 1


@pytest.mark.parametrize("name", CALLED_ALL_THE_SAME)
def test_a_person_is_called_although_an_answer_was_late_or_lost(ward: Ward, faults: dict[str, str], name: str) -> None:
    """crash-safety.md: "what breaks before it gives the claim back and hangs the channel up"."""
    assert until(lambda: ward.calls(faults[name]) == 1, 10), ward.attempts(faults[name])


@pytest.mark.parametrize("name", ["create refused", "dial refused"])
def test_nobody_is_used_up_when_asterisk_refuses(ward: Ward, faults: dict[str, str], name: str) -> None:
    """safety.md: "none of it ends a contact, and none counts against a cap unless the phone rang"."""
    assert ward.calls(faults[name]) or ward.contact(faults[name]) != "done", ward.attempts(faults[name])


def test_a_call_whose_dial_was_not_answered_is_ended(ward: Ward, faults: dict[str, str]) -> None:
    """crash-safety.md: "When the answer to a dial is lost, the call counts as made and its channel is ended"."""
    leg = ward.exchange.leg(faults["answer to dial lost"], 1)
    assert leg is not None
    assert until(lambda: leg.ended_at, 10), "it rings on"


def test_no_channel_and_no_place_is_left_of_requests_that_went_wrong(ward: Ward, faults: dict[str, str]) -> None:
    """0050: "it is hung up and the claim given back"."""
    assert until(lambda: not ward.channels(), 10, 0.3), ward.channels()
    assert until(lambda: not ward.places(), 10), ward.places()


# ---------------------------------------------------------------------- between two steps


@pytest.fixture
def calm(ward: Ward) -> Ward:
    """A worker that waits for Asterisk's answers longer than the tests keep them, whatever the test before did."""
    if "AGI_APP_ASTERISK__REQUEST_TIMEOUT" not in ward.environment:
        ward.environment["AGI_APP_ASTERISK__REQUEST_TIMEOUT"] = "10"
        ward.kill()
    ward.exchange.clear()
    ward.ready()
    return ward


def _between(ward: Ward, who: str, after: str = "create", plan: str = "ring") -> str:
    """Somebody whose channel is made and not marked yet (its worker does not know), or marked and not dialled yet."""
    one = number(f"placing: {who}")
    ward.exchange.plans[one] = plan
    ward.ari.rule(one, "create" if after == "create" else "dial", "hold", answer=after == "create")
    ward.add("short", one)
    assert ward.ari.waits(one, "create" if after == "create" else "dial", answer=after == "create", seconds=15), (
        ward.ari.seen[-20:],
        ward.told(),
    )
    return one


def _on(ward: Ward, one: str, after: str = "create", lose: bool = False) -> None:
    ward.ari.release(one, "create" if after == "create" else "dial", answer=after == "create", lose=lose)


def _once(ward: Ward, one: str, seconds: float = 25.0, slack: float = AWAY_S) -> None:
    """They are called in the end, once, with a permit that was good."""
    leg = ward.exchange.leg(one, seconds)
    assert leg is not None, f"never called: {ward.attempts(one)} {ward.told()}"
    ward.exchange.answer(leg)
    assert ward.settled(one)
    assert (ward.calls(one), ward.counted(one)) == (1, 1), ward.attempts(one)
    assert ward.age_of_mark(leg) <= PERMIT_S + slack


def _not_called(ward: Ward, one: str, seconds: float) -> None:
    assert ward.exchange.leg(one, seconds) is None


def test_stop_before_the_mark(calm: Ward) -> None:
    """safety.md: "Every claim and every mark looks at it"; 0076: "A stop … between the two ends the channel"."""
    one = _between(calm, "stop before the mark")
    calm.shop.ok("consent", "revoke", one)
    _on(calm, one)
    _not_called(calm, one, 2)
    assert calm.counted(one) == 0
    assert until(lambda: not calm.channels(), 5, 0.3), calm.channels()


def test_stop_before_the_invite(calm: Ward) -> None:
    """safety.md: "every node is told: ringing calls to that person are cancelled … within a second"."""
    one = _between(calm, "stop before the INVITE", "mark")
    calm.shop.ok("consent", "revoke", one)
    told = time.time()
    _on(calm, one, "mark")
    leg = calm.exchange.leg(one, 2)
    if leg is not None:
        assert leg.invite_at <= told + 1
        assert until(lambda: leg.ended_at, 3), "it rings on"
        assert leg.ended_at <= told + 2
    assert until(lambda: not calm.channels(), 5, 0.3), calm.channels()


def test_stop_before_the_first_answer_to_the_invite(calm: Ward) -> None:
    """crash-safety.md: "Asterisk cancels at the first answer"."""
    one = number("placing: silent trunk")
    calm.exchange.plans[one] = "silent"
    calm.add("short", one)
    leg = calm.exchange.leg(one, 15)
    assert leg is not None
    calm.shop.ok("consent", "revoke", one)
    time.sleep(1)
    calm.exchange.ring(leg)
    assert until(lambda: leg.cancelled_at, 3), "it rings on"
    assert calm.calls(one) == 1


@pytest.mark.parametrize("how", ["campaign stop", "pause"])
def test_halted_before_the_mark(calm: Ward, how: str) -> None:
    """run-a-campaign.md: "no new call is made"; 0028: "a hold … keeps the call from being made, and it is given
    back"."""
    halt, go = {
        "campaign stop": (("campaign", "stop", "short"), ("campaign", "start", "short")),
        "pause": (("pause", "--all", "--reason", "r"), ("resume", "--all")),
    }[how]
    one = _between(calm, how)
    calm.shop.ok(*halt)
    _on(calm, one)
    try:
        _not_called(calm, one, 2)
        assert (calm.contact(one), calm.counted(one)) == ("pending", 0)
    finally:
        calm.shop.ok(*go)
    _once(calm, one)


@pytest.mark.parametrize("stopped", [False, True])
def test_database_gone_before_the_mark(calm: Ward, stopped: bool) -> None:
    """crash-safety.md: "While the database is away nobody is dialled … a stop goes to the journal"."""
    one = _between(calm, f"database gone {stopped}")
    calm.database.refuses = True
    calm.database.cut()
    if stopped:
        calm.shop.cli("consent", "revoke", one, env=AWAY)
    _on(calm, one)
    _not_called(calm, one, 2.5)
    calm.database.refuses = False
    if stopped:
        _not_called(calm, one, 6)
    else:
        _once(calm, one)
    assert until(lambda: not calm.channels(), 5, 0.3), calm.channels()


def test_database_read_only_before_the_mark(calm: Ward, cluster: Cluster) -> None:
    """safety.md: a Permit only for an attempt "that was marked as dialled in a second transaction"."""
    broken = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{DATABASE}'"
    one = _between(calm, "read-only")
    cluster.run(f"ALTER DATABASE {DATABASE} SET default_transaction_read_only TO on")
    try:
        cluster.run(broken)
        _on(calm, one)
        _not_called(calm, one, 2.5)
    finally:
        cluster.run(f"ALTER DATABASE {DATABASE} RESET default_transaction_read_only")
        cluster.run(broken)
    _once(calm, one)


def test_mark_whose_answer_comes_when_the_permit_has_run_out(calm: Ward) -> None:
    """safety.md: "only for 0.3 seconds"; 0076: "A permit lives for 0.3 s from the commit of the mark"."""
    one = _between(calm, "late receipt")
    calm.database.hold()
    _on(calm, one)
    time.sleep(1.2)
    calm.database.flow()
    _once(calm, one)


def test_slow_database(calm: Ward) -> None:
    """The same for each of some calls, while every answer of the database comes 0.4 s late."""
    people = [number(f"placing: slow {n}") for n in range(3)]
    calm.exchange.plans |= dict.fromkeys(people, "ring")
    calm.add("short", *people)
    calm.database.delay = 0.4
    time.sleep(4)
    calm.database.delay = 0.0
    for one in people:
        _once(calm, one, slack=AWAY_S + 2 * 0.4)


def test_frozen_before_the_mark(calm: Ward) -> None:
    """0076: "Then the call's turn, the mark, the permit, and `dial`, which takes the permit"."""
    one = _between(calm, "frozen")
    calm.signal(signal.SIGSTOP)
    _on(calm, one)
    time.sleep(1.5)
    calm.signal(signal.SIGCONT)
    _once(calm, one)


def test_frozen_between_mark_and_invite(calm: Ward) -> None:
    """0050: "What is made and not dialled was surely not dialled: it is hung up and the claim given back"."""
    one = _between(calm, "frozen with a mark")
    calm.database.hold()
    _on(calm, one)
    marked = until(lambda: any(row["marked_at"] for row in calm.attempts(one)), 5)
    calm.signal(signal.SIGSTOP)
    calm.database.flow()
    time.sleep(1.5)
    calm.signal(signal.SIGCONT)
    assert marked
    _once(calm, one)


@pytest.mark.parametrize("frozen", [False, True])
def test_stop_while_the_answer_to_the_mark_is_late(calm: Ward, frozen: bool) -> None:
    """safety.md: "A stop is final and immediate"; 0028: "a stop … that comes between mark and turn keeps the call from
    being made"."""
    one = _between(calm, f"stop and late receipt {frozen}")
    calm.database.hold()
    _on(calm, one)
    assert until(lambda: any(row["marked_at"] for row in calm.attempts(one)), 5)
    if frozen:
        calm.signal(signal.SIGSTOP)
    calm.shop.ok("consent", "revoke", one)
    told = time.time()
    time.sleep(1.5)
    calm.database.flow()
    if frozen:
        calm.signal(signal.SIGCONT)
    leg = calm.exchange.leg(one, 3)
    assert leg is None, f"called {leg.invite_at - told:.2f} s after the stop was stored"


def test_asterisk_out_of_reach_before_the_mark(calm: Ward) -> None:
    """crash-safety.md: "A channel is made first, then dialled. Until the dial leaves nobody is called"."""
    one = _between(calm, "ARI gone")
    calm.ari.refuses = True
    calm.ari.cut()
    time.sleep(1)
    _on(calm, one, lose=True)
    calm.ari.refuses = False
    _once(calm, one)
    assert until(lambda: not calm.channels(), 5, 0.3), calm.channels()


def test_asterisk_out_of_reach_at_the_dial(calm: Ward) -> None:
    """crash-safety.md: "When the answer to a dial is lost, the call counts as made and its channel is ended"."""
    one = _between(calm, "ARI gone at the dial", "mark")
    calm.ari.cut()
    _on(calm, one, "mark", lose=True)
    assert calm.settled(one)
    _not_called(calm, one, 3)
    assert calm.counted(one) <= 1
    assert until(lambda: not calm.channels(), 5, 0.3), calm.channels()


def test_manager_interface_gone_before_the_mark(calm: Ward) -> None:
    """safety.md: "while a worker has none it calls nobody"."""
    one = _between(calm, "AMI gone")
    calm.ami.refuses = True
    calm.ami.cut()
    time.sleep(0.7)
    _on(calm, one)
    _not_called(calm, one, 2)
    calm.ami.refuses = False
    _once(calm, one)


def test_asterisk_dead_before_the_mark(calm: Ward) -> None:
    """crash-safety.md: "what breaks before it gives the claim back"."""
    one = _between(calm, "Asterisk dead")
    calm.asterisk.kill()
    _on(calm, one, lose=True)
    time.sleep(0.5)
    calm.asterisk.start()
    _once(calm, one, 30)


# ---------------------------------------------------------------------- the worker dies between two steps


def _gone_in_time(ward: Ward, died: float) -> bool:
    return until(lambda: not ward.channels(), SLOWEST_SWITCH_S - (time.time() - died), 0.3)


def test_killed_before_the_mark(calm: Ward) -> None:
    """crash-safety.md: "a claimed attempt was surely not dialled and goes back"."""
    one = _between(calm, "killed before the mark")
    died = calm.kill()
    _on(calm, one, lose=True)
    assert _gone_in_time(calm, died), calm.channels()
    calm.start()
    _once(calm, one)


def test_killed_before_the_mark_and_stopped(calm: Ward) -> None:
    """safety.md: "Every claim and every mark looks at it"."""
    one = _between(calm, "killed and stopped")
    calm.kill()
    _on(calm, one, lose=True)
    calm.shop.ok("consent", "revoke", one)
    calm.start()
    _not_called(calm, one, 3)


def test_killed_between_mark_and_invite(calm: Ward) -> None:
    """crash-safety.md: "A worker that is killed between the two leaves a channel that rings nobody …; its attempt
    counts as made"; 0081: the helper hangs it up."""
    one = _between(calm, "killed with a mark", "mark")
    died = calm.kill()
    _on(calm, one, "mark", lose=True)
    assert _gone_in_time(calm, died), calm.channels()
    calm.start()
    assert calm.settled(one)
    _not_called(calm, one, 2)
    assert (calm.counted(one), calm.outcome(one)) == (1, "interrupted")


def test_killed_with_the_dial_on_its_way(calm: Ward) -> None:
    """0081: "It looks twice, at once and after 0.4 s: Asterisk may still be making what the worker asked for with its
    last breath"."""
    one = _between(calm, "last breath", "mark")
    died = calm.kill()
    _on(calm, one, "mark")
    if (leg := calm.exchange.leg(one, 1)) is not None:
        assert until(lambda: leg.ended_at, 4), "it rings on"
        assert leg.ended_at - died <= SLOWEST_SWITCH_S
    assert _gone_in_time(calm, died), calm.channels()
    calm.start()
    assert calm.settled(one)
    assert calm.calls(one) <= 1
    assert (calm.counted(one), calm.outcome(one)) == (1, "interrupted")


# ---------------------------------------------------------------------- a trunk without room


def test_trunk_without_free_channels(calm: Ward) -> None:
    """settings.md: `concurrent`, "Most calls at once, all campaigns and nodes"; crash-safety.md: "its place is free
    again"."""
    people = [number(f"placing: narrow {n}") for n in range(4)]
    calm.exchange.plans |= dict.fromkeys(people, "ring")
    calm.add("narrow", *people)
    assert until(lambda: sum(map(calm.calls, people)) == 2, 15)
    time.sleep(1.5)
    first = [one for one in people if calm.calls(one)]
    assert len(first) == 2
    calm.kill()
    calm.start()
    assert until(lambda: sum(map(calm.calls, people)) == 4, 20), [calm.attempts(one) for one in people]
    assert [calm.calls(one) for one in people] == [1, 1, 1, 1]
    for one in people:
        for leg in calm.exchange.of(one):
            calm.exchange.answer(leg)
    assert calm.settled(*people)


def test_carrier_without_free_channels(calm: Ward) -> None:
    """outcomes.md: "`congestion` | SIP 503 … | only if it rang"."""
    people = [number(f"placing: 503 {n}") for n in range(3)]
    calm.exchange.plans |= dict.fromkeys(people, "503")
    calm.add("short", *people)
    assert calm.settled(*people)
    time.sleep(1)
    assert [(calm.calls(one), calm.counted(one), calm.outcome(one)) for one in people] == [(1, 0, "congestion")] * 3


# ---------------------------------------------------------------------- all of them together


def test_no_invite_without_a_mark(ward: Ward) -> None:
    """safety.md: "A call needs a Permit"; crash-safety.md: "Nobody is called twice for one claim"."""
    people = {leg.number for leg in ward.exchange.legs if leg.number.startswith("+")}
    assert len(people) > 20
    assert [one for one in people if ward.calls(one) != 1] == []
    assert ward.unexplained() == []


def test_nothing_is_left(ward: Ward) -> None:
    """crash-safety.md: "Nothing waits forever"."""
    ward.ready()
    assert until(lambda: not ward.places(), 10), ward.places()
    assert until(lambda: not ward.channels(), 10, 0.3), ward.channels()
