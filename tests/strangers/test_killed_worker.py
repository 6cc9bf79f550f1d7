"""A worker dies, stands still, or loses Asterisk, with people in every phase of a call. Judged by their telephones."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.store.conftest import Cluster
from tests.strangers.exchange import Leg
from tests.strangers.shop import OURS, Shop
from tests.strangers.ward import SLOWEST_SWITCH_S, Ward, make_ward, number, until

pytestmark = [pytest.mark.asterisk, pytest.mark.slow]

PLANS = {
    "no response": "silent",
    "trying": "trying",
    "ringing": "ring",
    "early media": "early",
    "just answered": "ring",
    "prompt": "answer",
    "pieces": "answer",
    "gather": "answer",
    "transfer rings": "answer",
    "talk": "answer",
    "call-back": "answer",
    "detection": "answer",
    "agent-first rings": "ring",
    "agent-first talk": "answer",
}
KEYS = {"transfer rings": "1", "talk": "2", "call-back": "3", "prompt": "4", "pieces": "5"}
PARTNERS = {
    "transfer rings": "ringing-desk",
    "talk": "talking-desk",
    "agent-first rings": "agent-one",
    "agent-first talk": "agent-two",
}
TALKS = {"talk", "agent-first talk"}
KILLED = [phase for phase in PLANS if phase not in ("pieces", "no response")]
INHERITED = ["ringing", "early media", "prompt", "gather", "transfer rings", "talk", "call-back"]
GONE = ["ringing", "early media", "prompt", "gather", "talk"]


def _hears(leg: Leg | None, seconds: float = 8.0) -> bool:
    return leg is not None and until(lambda: leg.sounds, seconds)


def _picked_up(leg: Leg | None, seconds: float = 8.0) -> bool:
    return leg is not None and until(lambda: leg.acked_at, seconds)


def _ended(command: subprocess.Popen[str]) -> bool:
    return command.poll() is not None


class Scene:
    """People of its own in a ward, one for each phase, and when what was done to them."""

    def __init__(self, ward: Ward, name: str) -> None:
        ward.exchange.clear()
        ward.ready()
        self.ward, self.name, self.began = ward, name, time.time()
        self.at = 0.0  # when it was done
        self.back = 0.0  # when what was gone came back
        self.reached: set[str] = set()
        self.exits: list[int | None] = []
        self.commands: list[subprocess.Popen[str]] = []
        self.facts: dict[str, Any] = {}
        ward.exchange.plans |= {"ringing-desk": "ring"}

    def number(self, who: str) -> str:
        """Of somebody of this scene."""
        return number(f"{self.name}: {who}")

    def leg(self, who: str) -> Leg:
        """The only call of somebody."""
        found = self.ward.exchange.of(self.number(who))
        assert len(found) == 1, f"{who}: {len(found)} calls"
        return found[0]

    def legs(self, phase: str) -> list[Leg]:
        """The person's, and that of the desk or agent who belongs to it."""
        desk = self.ward.exchange.of(PARTNERS.get(phase, "nobody"))
        return [*self.ward.exchange.of(self.number(phase)), *(leg for leg in desk if leg.invite_at > self.began)]

    def bring(self, *phases: str) -> None:
        """Somebody into each phase, as far as it goes."""
        exchange, ward = self.ward.exchange, self.ward
        by_hand = [phase for phase in phases if phase.startswith("agent-first")]
        others = [phase for phase in phases if phase not in (*by_hand, "detection", "line")]
        exchange.plans |= {self.number(phase): PLANS[phase] for phase in phases if phase in PLANS}
        if by_hand:
            ward.add("byhand", *map(self.number, by_hand))
        self.commands = [
            ward.command("call-person", "byhand", self.number(phase), "--agent", PARTNERS[phase]) for phase in by_hand
        ]
        if "line" in phases:
            exchange.call_in(OURS, self.number("line"), ward.asterisk.sip_port)
        ward.add("ward", *map(self.number, others))
        for phase in others:
            leg = exchange.leg(self.number(phase), 12)
            if PLANS[phase] == "answer" and _hears(leg) and leg is not None and phase in KEYS:
                exchange.press(leg, KEYS[phase])
        for phase in (*others, *by_hand):
            until(partial(self._whole, phase), 12)
            if phase in TALKS:
                for leg in self.legs(phase):
                    _picked_up(leg)
        time.sleep(1.5)  # the short prompts end
        if "detection" in phases:
            ward.add("detect", self.number("detection"))
            _picked_up(exchange.leg(self.number("detection"), 10))
        if "just answered" in phases and (late := exchange.leg(self.number("just answered"), 1)):
            exchange.answer(late)
            _picked_up(late)

    def _whole(self, phase: str) -> bool:
        return len(self.legs(phase)) > (phase in PARTNERS)

    def done(self, at: float, *phases: str) -> None:
        """It was done to them; who was in their phases then."""
        self.at = at
        for phase in phases:
            legs = self.legs(phase)
            if len(legs) == 1 + (phase in PARTNERS) and all(not leg.over_at or leg.over_at >= at for leg in legs):
                self.reached.add(phase)

    def ends(self, phase: str) -> list[float]:
        """How long after it each telephone of this phase was free again; infinity for one that is not."""
        assert phase in self.reached, f"nobody came to {phase}: {self.ward.told()}"
        return [leg.ended_at - self.at if leg.ended_at else float("inf") for leg in self.legs(phase)]

    def recorded(self, who: str) -> tuple[int, int, str]:
        """How many calls were made, how many count, and what became of the last one."""
        one = self.number(who)
        return self.ward.calls(one), self.ward.counted(one), self.ward.outcome(one)

    def next_one(self, who: str = "next", seconds: float = 20.0) -> bool:
        """Whether somebody who is new is called."""
        self.ward.add("short", self.number(who))
        return self.ward.exchange.leg(self.number(who), seconds) is not None


@pytest.fixture(scope="module")
def ward(pattern: Shop, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """Made once."""
    yield from make_ward(pattern, cluster, tmp_path_factory.mktemp("killed"), "stranger_killed")


# ---------------------------------------------------------------------- kill -9, and no worker for some seconds


@pytest.fixture(scope="module")
def killed(ward: Ward) -> Scene:
    """kill -9 with somebody in each phase; the next worker comes after a stop and new people were entered."""
    scene = Scene(ward, "killed")
    scene.bring("no response", *KILLED, "line")
    scene.done(ward.kill(), "no response", *KILLED, "line")
    until(lambda: all(leg.ended_at for phase in KILLED for leg in scene.legs(phase)), 5)
    if answered_late := ward.exchange.of(scene.number("no response")):
        ward.exchange.ring(answered_late[0])
    ward.add("ward", scene.number("stopped"), scene.number("next"))
    ward.shop.ok("consent", "revoke", scene.number("stopped"))
    scene.back = time.time()
    ward.start()
    ward.exchange.leg(scene.number("next"), 15)
    ward.settled(*(scene.number(phase) for phase in KILLED), seconds=10)
    until(lambda: scene.leg("line").bye_at, 12)
    for command in scene.commands:
        until(partial(_ended, command), 10)
        scene.exits.append(command.poll())
    return scene


@pytest.mark.parametrize("phase", KILLED)
def test_the_call_of_a_killed_worker_ends(killed: Scene, phase: str) -> None:
    """crash-safety.md: "A small process beside the worker hangs up its calls at once when it is killed"; 0081: "we
    promise 3.0 s"."""
    assert max(killed.ends(phase)) <= SLOWEST_SWITCH_S, killed.ends(phase)


@pytest.mark.parametrize("phase", ["no response", *KILLED])
def test_the_call_of_a_killed_worker_is_recorded_and_never_made_again(killed: Scene, phase: str) -> None:
    """crash-safety.md: "A call whose worker died is `interrupted`: it counts against the person's cap and is not made
    again"."""
    assert killed.recorded(phase) == (1, 1, "interrupted")


def test_a_trunk_that_wakes_up_after_the_death_rings_nobody_for_long(killed: Scene) -> None:
    """crash-safety.md: "Asterisk cancels at the first answer, so a phone may ring for a moment"."""
    leg = killed.leg("no response")
    assert leg.rang_at
    assert until(lambda: leg.cancelled_at, 3), "it rings on"


def test_a_stop_entered_while_no_worker_lives_is_kept(killed: Scene) -> None:
    """safety.md: "Every claim and every mark looks at it"."""
    assert killed.ward.calls(killed.number("next")) == 1
    assert killed.ward.calls(killed.number("stopped")) == 0


def test_the_campaign_goes_on_with_the_next_worker(killed: Scene) -> None:
    """crash-safety.md, kill -9 with 62 live calls: "the other 18 are called by the new worker"."""
    assert killed.ward.calls(killed.number("next")) == 1
    assert _hears(killed.leg("next"))


def test_a_caller_of_the_line_is_given_back_by_the_next_worker(killed: Scene) -> None:
    """call-back-line.md: "If the worker is killed in the middle of a call, the next one gives that call back to the
    dialplan when it starts"."""
    assert "line" in killed.reached
    assert killed.leg("line").bye_at, "the caller is left in silence"
    assert killed.leg("line").bye_at - killed.back <= killed.ward.limit() + 10  # the message of the dialplan


def test_a_broken_off_call_of_the_line_is_in_its_report(killed: Scene) -> None:
    """call-back-line.md: "Calls by line, answered or given back with the reason … Each call and each stop is a row that
    nobody can change"."""
    ward = killed.ward
    leg = ward.exchange.call_in(OURS, killed.number("another caller"), ward.asterisk.sip_port)
    assert _hears(leg)
    ward.exchange.hang_up(leg)
    assert until(lambda: len(ward.rows("SELECT FROM line_call")) == 2, 10), ward.shop.ok("line", "report", "--json").out


def test_who_asked_for_calls_with_an_agent_is_told(killed: Scene) -> None:
    """call-for-an-agent.md: "2: no worker runs, the trunk failed, or the worker ended"; both are in the report."""
    assert killed.exits == [2, 2]
    assert len(killed.ward.report("byhand")["agent_calls"]) == 2


def test_nothing_is_left_of_the_calls_of_a_killed_worker(killed: Scene) -> None:
    """crash-safety.md: "Nothing waits forever … its place is free again"."""
    killed.ward.exchange.hang_up(killed.leg("next"))
    assert until(lambda: killed.ward.places() == 0, 15), killed.ward.places()
    assert until(lambda: not killed.ward.channels(), 15, 0.3), killed.ward.channels()


# ---------------------------------------------------------------------- worker and helper both killed


@pytest.fixture(scope="module")
def both(ward: Ward) -> Scene:
    """Worker and helper are killed together, just after somebody pressed 9 while the database was away; the next
    worker comes a second later."""
    scene = Scene(ward, "both")
    scene.bring(*INHERITED)
    ward.exchange.plans[scene.number("stopper")] = "answer"
    ward.add("ward", scene.number("stopper"))
    leg = ward.exchange.leg(scene.number("stopper"), 12)
    if _hears(leg) and leg is not None:
        ward.database.refuses = True
        ward.database.mute()
        size = ward.journal()
        ward.exchange.press(leg, "9")
        if until(lambda: ward.journal() > size, 5):
            scene.reached.add("stop")
    scene.done(ward.kill(*ward.helpers()), *INHERITED)
    ward.database.cut()
    ward.database.refuses = False
    time.sleep(1)
    ward.start()
    ward.settled(*(scene.number(phase) for phase in INHERITED), seconds=10)
    return scene


@pytest.mark.parametrize("phase", INHERITED)
def test_the_next_start_ends_what_nobody_ended(both: Scene, phase: str) -> None:
    """crash-safety.md: "a worker that starts again hangs up what is left"; "Dead air may be 3 s or, on a slow machine,
    the second that the supervisor waits and three times what the first start of the same run took"."""
    assert max(both.ends(phase)) <= both.ward.limit(), both.ends(phase)
    assert both.recorded(phase) == (1, 1, "interrupted")


def test_a_stop_pressed_just_before_is_kept(both: Scene) -> None:
    """crash-safety.md: "A stop is kept. It is on the worker's disk before the flow goes on. It reaches the database
    before a worker that knows of it claims anybody else"."""
    assert "stop" in both.reached
    assert both.ward.shop.suppressed(both.number("stopper"))
    assert both.ward.calls(both.number("stopper")) == 1


def test_others_are_called_when_both_were_killed(both: Scene) -> None:
    """The campaign goes on with the next worker."""
    assert both.next_one()


# ---------------------------------------------------------------------- the helper alone is killed


@pytest.fixture(scope="module")
def alone(ward: Ward) -> Scene:
    """The kernel's memory killer takes the small process and leaves the worker; later it takes the worker, too."""
    scene = Scene(ward, "alone")
    scene.bring("ringing", "prompt", "gather")
    helpers = ward.helpers()
    for pid in helpers:
        os.kill(pid, signal.SIGKILL)
    time.sleep(2)
    scene.facts["helpers"] = len(helpers)
    scene.facts["kept"] = [phase for phase in ("ringing", "prompt", "gather") if scene.leg(phase).is_open]
    ward.exchange.press(scene.leg("gather"), "2")
    scene.facts["talked"] = until(lambda: scene.legs("talk"), 8) and _picked_up(scene.legs("talk")[0])
    scene.facts["called"] = scene.next_one()
    scene.done(ward.kill(*ward.helpers()), "ringing", "prompt")
    time.sleep(1)
    ward.start()
    ward.settled(*map(scene.number, ("ringing", "prompt", "gather")), seconds=10)
    return scene


def test_a_worker_goes_on_without_its_helper(alone: Scene) -> None:
    """crash-safety.md: the process "waits for the end of a pipe that only the worker holds open": its own end is no
    death of the worker."""
    assert alone.facts["helpers"]
    assert alone.facts["kept"] == ["ringing", "prompt", "gather"]
    assert alone.facts["talked"], "a key does nothing any more"
    assert alone.facts["called"], "nobody is called any more"


@pytest.mark.parametrize("phase", ["ringing", "prompt"])
def test_the_next_start_ends_the_calls_of_a_worker_without_helper(alone: Scene, phase: str) -> None:
    """crash-safety.md: "and a worker that starts again hangs up what is left"."""
    assert max(alone.ends(phase)) <= alone.ward.limit(), alone.ends(phase)
    assert alone.recorded(phase) == (1, 1, "interrupted")


# ---------------------------------------------------------------------- the worker stands still for four seconds


@pytest.fixture(scope="module")
def frozen(ward: Ward) -> Scene:
    """SIGSTOP, and SIGCONT four seconds later; meanwhile people answer, press 9 and hang up, and stops are entered."""
    scene, exchange = Scene(ward, "frozen"), ward.exchange
    names = ("ringing", "prompt", "gather", "talk", "transfer rings")
    scene.bring(*names)
    plans = {"answers": "ring", "presses 9": "answer", "leaves": "answer", "revoked": "ring"}
    exchange.plans |= {scene.number(who): plan for who, plan in plans.items()}
    ward.add("ward", *map(scene.number, plans))
    for who in ("presses 9", "leaves"):
        _hears(exchange.leg(scene.number(who), 12))
    for who in ("answers", "revoked"):
        exchange.leg(scene.number(who), 12)
    scene.done(ward.signal(signal.SIGSTOP), *names)
    stopped_for = time.monotonic() + 4
    exchange.answer(scene.leg("answers"))
    exchange.press(scene.leg("presses 9"), "9")
    exchange.hang_up(scene.leg("leaves"))
    ward.add("ward", scene.number("stopped"))
    ward.shop.ok("consent", "revoke", scene.number("stopped"))
    ward.shop.ok("consent", "revoke", scene.number("revoked"))
    time.sleep(max(0.0, stopped_for - time.monotonic()))
    scene.facts["open"] = [phase for phase in names if all(leg.is_open for leg in scene.legs(phase))]
    scene.back = ward.signal(signal.SIGCONT)
    scene.facts["called"] = scene.next_one()
    until(lambda: scene.leg("presses 9").bye_at, 5)
    ward.settled(*map(scene.number, ("presses 9", "leaves", "revoked")), seconds=10)
    scene.facts["open after"] = [phase for phase in names if all(leg.is_open for leg in scene.legs(phase))]
    return scene


def test_nobody_is_hung_up_because_a_worker_stands_still(frozen: Scene) -> None:
    """0081: the helper waits for a death; crash-safety.md: "a worker that stood still itself does not blame
    Asterisk"."""
    assert frozen.facts["open"] == ["ringing", "prompt", "gather", "talk", "transfer rings"]
    assert {"ringing", "gather", "talk", "transfer rings"} <= set(frozen.facts["open after"])


def test_a_key_9_pressed_while_the_worker_stood_still_is_a_stop(frozen: Scene) -> None:
    """safety.md: "The opt-out key is live in every prompt and every gather"."""
    assert frozen.ward.shop.suppressed(frozen.number("presses 9"))
    assert frozen.leg("presses 9").bye_at


def test_who_answered_while_the_worker_stood_still_is_served_or_let_go(frozen: Scene) -> None:
    """crash-safety.md: "Nobody is left in silence for long"."""
    leg = frozen.leg("answers")
    heard = leg.heard_after(frozen.back) or leg.bye_at
    assert heard, "silence"
    assert heard - frozen.back <= SLOWEST_SWITCH_S


def test_who_hung_up_while_the_worker_stood_still_was_reached(frozen: Scene) -> None:
    """outcomes.md: `answered`, and `hung_up`: "The person hung up before the flow had set one"."""
    assert frozen.recorded("leaves") == (1, 1, "answered")
    assert frozen.ward.attempts(frozen.number("leaves"))[-1]["disposition"] == "hung_up"


def test_a_stop_entered_while_the_worker_stood_still_holds(frozen: Scene) -> None:
    """safety.md: "ringing calls to that person are cancelled, answered ones ended, within a second"."""
    assert frozen.ward.calls(frozen.number("stopped")) == 0
    cancelled = frozen.leg("revoked").cancelled_at
    assert cancelled, "it rings on"
    assert cancelled - frozen.back <= 2


def test_it_goes_on_after_it_stood_still(frozen: Scene) -> None:
    """The campaign goes on, and nobody is called twice."""
    assert frozen.facts["called"]
    assert [who for who in ("answers", "presses 9", "leaves", "revoked") if frozen.recorded(who)[0] != 1] == []


# ---------------------------------------------------------------------- the connection to Asterisk dies


def _lose(ward: Ward, name: str, how: str) -> Scene:
    """People in some phases, and then the connection to ARI is cut for 1.5 s, or is dead without a word."""
    scene, exchange = Scene(ward, name), ward.exchange
    names = ("ringing", "gather", "talk", "pieces")
    exchange.plans[scene.number("leaves")] = "answer"
    ward.add("ward", scene.number("leaves"))
    scene.bring(*names)
    scene.done(time.time(), *names)
    if how == "cut":
        ward.ari.refuses = True
        ward.ari.cut()
    else:
        ward.ari.mute()
    exchange.hang_up(scene.leg("leaves"))
    ward.add("short", scene.number("meanwhile"))
    time.sleep(max(0.0, scene.at + 1.5 - time.time()))
    scene.facts["meanwhile"] = ward.calls(scene.number("meanwhile")) if how == "cut" else 0
    ward.ari.refuses = False
    scene.back = time.time()
    time.sleep(4)
    exchange.press(scene.leg("gather"), "1")
    scene.facts["desk rings"] = until(lambda: scene.legs("transfer rings"), 6)
    exchange.leg(scene.number("meanwhile"), 15)
    ward.settled(scene.number("leaves"), seconds=5)
    return scene


@pytest.fixture(scope="module")
def cut(ward: Ward) -> Scene:
    """Reset, and refused for 1.5 s."""
    return _lose(ward, "cut", "cut")


@pytest.fixture(scope="module")
def mute(ward: Ward) -> Scene:
    """Half-open: nothing arrives in either direction, and nobody is told; new connections are possible."""
    return _lose(ward, "mute", "mute")


@pytest.fixture(params=["cut", "mute"])
def lost(request: pytest.FixtureRequest) -> Scene:
    """Either."""
    scene = request.getfixturevalue(request.param)
    assert isinstance(scene, Scene)
    return scene


def test_who_missed_nothing_goes_on(lost: Scene) -> None:
    """crash-safety.md: "One that missed nothing goes on"."""
    assert {"gather", "talk"} <= lost.reached
    assert lost.leg("talk").is_open
    assert lost.facts["desk rings"], "the key did nothing after the connection was back"


def test_who_missed_the_end_of_a_prompt_is_not_left_in_silence(lost: Scene) -> None:
    """crash-safety.md: "one whose prompt has ended, was never begun, or whose hangup was lost, is ended"; "within about
    three seconds after the way is back, such a call has ended or goes on"."""
    assert "pieces" in lost.reached
    leg = lost.leg("pieces")
    sounds = [at for at in leg.sounds if at > lost.at] + [leg.bye_at or leg.over_at or time.time()]
    silences = [later - sooner for sooner, later in zip([lost.at, *sounds], sounds, strict=False)]
    assert max(silences) <= SLOWEST_SWITCH_S + (lost.back - lost.at if lost.name == "cut" else 0), silences


def test_a_hangup_that_was_lost_is_found_out(lost: Scene) -> None:
    """crash-safety.md: "so is a call whose hangup was lost with the connection"."""
    assert until(lambda: lost.recorded("leaves")[2] in ("answered", "interrupted"), 5), lost.recorded("leaves")
    assert lost.recorded("leaves")[:2] == (1, 1)


def test_nobody_is_dialled_without_asterisk_and_somebody_afterwards(lost: Scene) -> None:
    """crash-safety.md: "after one second without any message it dials nobody, after two it … connects anew"."""
    assert lost.facts["meanwhile"] == 0
    assert lost.ward.calls(lost.number("meanwhile")) == 1
    assert lost.recorded("ringing")[0] == 1


# ---------------------------------------------------------------------- Asterisk dies


@pytest.fixture(scope="module")
def crashed(ward: Ward) -> Scene:
    """Asterisk dies and comes back; the worker lives."""
    scene = Scene(ward, "crashed")
    scene.bring(*GONE)
    scene.done(time.time(), *GONE)
    ward.asterisk.kill()
    time.sleep(1)
    ward.asterisk.start()
    scene.facts["called"] = scene.next_one(seconds=25)
    ward.settled(*map(scene.number, GONE), seconds=15)
    return scene


@pytest.fixture(scope="module")
def all_dead(ward: Ward) -> Scene:
    """The worker dies, then Asterisk; Asterisk is started, then a worker that dies while it starts, then one more."""
    scene = Scene(ward, "all dead")
    scene.bring(*GONE)
    scene.done(ward.kill(*ward.helpers()), *GONE)
    ward.asterisk.kill()
    ward.add("short", scene.number("waits"))
    ward.asterisk.start()
    ward.begin()
    time.sleep(1.2)
    ward.kill()
    ward.start()
    ward.exchange.leg(scene.number("waits"), 15)
    ward.settled(*map(scene.number, GONE), seconds=15)
    return scene


@pytest.mark.parametrize("phase", GONE)
@pytest.mark.parametrize("scene", ["crashed", "all_dead"])
def test_calls_that_went_with_asterisk_are_recorded_and_never_made_again(
    scene: str, phase: str, request: pytest.FixtureRequest
) -> None:
    """outcomes.md: "`interrupted` | The worker or Asterisk went away"; crash-safety.md: "When Asterisk comes back,
    calls that are gone or missed something are ended"."""
    found = request.getfixturevalue(scene)
    assert isinstance(found, Scene)
    assert phase in found.reached
    assert found.recorded(phase) == (1, 1, "interrupted")


def test_somebody_is_called_when_asterisk_is_back(crashed: Scene) -> None:
    """The campaign goes on."""
    assert crashed.facts["called"]


def test_a_worker_killed_while_it_starts_does_no_harm(all_dead: Scene) -> None:
    """crash-safety.md: "Nobody is called twice for one claim, whatever crashes, and whenever"."""
    assert all_dead.ward.calls(all_dead.number("waits")) == 1


# ---------------------------------------------------------------------- all of them together


def test_nobody_was_called_twice_or_without_a_mark(ward: Ward) -> None:
    """safety.md: "A call needs a Permit … for an attempt that it allowed and that was marked as dialled"."""
    people = {leg.number for leg in ward.exchange.legs if leg.number.startswith("+") and not leg.calls_in}
    assert people, "nobody was called"
    assert [one for one in people if ward.calls(one) != 1] == []
    assert ward.unexplained() == []


def test_no_place_and_no_channel_is_left(ward: Ward) -> None:
    """crash-safety.md: "Nothing waits forever"."""
    ward.ready()
    ward.shop.ok("pause", "--all", "--reason", "the end")
    ward.exchange.clear()
    assert until(lambda: not ward.places(), 15), ward.places()
    assert until(lambda: not ward.channels(), 15, 0.3), ward.channels()
