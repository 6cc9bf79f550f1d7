"""E5: call streams of a PBX with 100 and with 500 numbers, seeded: who is caught, and who is stopped by mistake.

A tenth of the numbers are decoys: nobody has them. On every working day one robot dials through the range
(``guard_attacks``) while honest callers call (``guard_callers``). Points and thresholds were set on other seeds
(``DEV_SEEDS``) than those that are reported.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from agi_app.guard.case import Action
from bench.guard import attacks as guard_attacks
from bench.guard import callers as guard_callers
from bench.guard.callers import DAY, HOUR, Planned, Town
from bench.guard.intervals import Figure, share, wilson
from bench.guard.world import STOPPED, World

SEEDS = (1, 2, 3)
DEV_SEEDS = (101, 102, 103)
PBXS = {100: 72, 500: 48}  # numbers -> days
DECOYS = 0.1
THIRD = 3  # the call by which a robot that dials in order has to be caught
LEAST_HONEST = 90_000  # calls of strangers: 0 mistakes in so many say at most 1 in 30,000


@dataclass
class Tally:
    """What was decided, counted."""

    honest: dict[str, Counter[Action]] = field(default_factory=lambda: defaultdict(Counter))  # kind -> action
    attacks: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))  # attack -> caught, call by call
    kinds: dict[str, str] = field(default_factory=dict)  # attack -> its kind


def run(seeds: tuple[int, ...] = SEEDS) -> list[Figure]:
    """All figures of E5."""
    tally = Tally()
    for seed in seeds:
        for lines, days in PBXS.items():
            _play(tally, lines, days, seed)
    return [*_attack_figures(tally), *_honest_figures(tally)]


def _play(tally: Tally, lines: int, days: int, seed: int) -> None:
    rng = random.Random(f"{seed} {lines}")
    town = Town.of(lines, rng)
    decoys = rng.sample(range(guard_callers.FIRST_LINE, guard_callers.FIRST_LINE + lines), int(lines * DECOYS))
    world = World(decoys, town.friends, random.Random(f"{seed} {lines} world"))
    for call, decision in world.play(_stream(tally, town, days, seed, set(decoys))):
        if call.group in tally.kinds:
            tally.attacks[call.group].append(decision.action in STOPPED)
        else:
            tally.honest[call.group][decision.action] += 1


def _stream(tally: Tally, town: Town, days: int, seed: int, decoys: set[int]) -> Iterator[Planned]:
    """The days of the town, one after another. Nobody was told a decoy: honest callers reach one by a slip."""
    late: list[Planned] = []
    for day in range(days):
        calls = late + [_slip(call, town, decoys) for call in guard_callers.day_of(town, day)]
        if day % 7 < 5:
            attack = guard_attacks.attack_of(day - day // 7 * 2, town.rng)
            name = f"attack {seed} {town.lines} {day}"
            tally.kinds[name] = attack.kind
            start = day * DAY + town.rng.uniform(9, 15) * HOUR
            planned = guard_attacks.calls_of(attack, town.lines, start, town.rng)
            calls += [_renamed(call, name, decoys) for call in planned]
        calls.sort(key=lambda call: call.at)
        end = (day + 1) * DAY
        late = [call for call in calls if call.at >= end]
        yield from (call for call in calls if call.at < end)


def _slip(call: Planned, town: Town, decoys: set[int]) -> Planned:
    """Nobody was ever told a decoy; wrong numbers alone reach one, and numbers a digit off."""
    if call.line not in decoys:
        return call
    if call.group == "wrong_number" or town.rng.random() < 0.02:
        return _with(call, call.line, call.group, answered=False)
    line = call.line
    while line in decoys:
        line = town.line()
    return _with(call, line, call.group, answered=True)


def _renamed(call: Planned, name: str, decoys: set[int]) -> Planned:
    return _with(call, call.line, name, answered=call.line not in decoys)


def _with(call: Planned, line: int, group: str, answered: bool) -> Planned:
    talk = call.talk if answered else 0.0
    return Planned(call.at, call.caller, call.kind, line, group, call.presses, call.rings, talk)


def _attack_figures(tally: Tally) -> Iterator[Figure]:
    by_kind: dict[str, list[list[bool]]] = defaultdict(list)
    for name, caught in tally.attacks.items():
        by_kind[tally.kinds[name]].append(caught)
    ordered = [caught for kind, found in by_kind.items() if kind.startswith("sequential") for caught in found]
    by_third = sum(any(caught[:THIRD]) for caught in ordered)
    yield share("sequential_caught_by_third_call", by_third, len(ordered), 1.0)
    yield _recall("sequential_recall", ordered, 0.95)
    for kind in sorted(by_kind):
        yield _recall(f"recall_{kind}", by_kind[kind])


def _recall(name: str, attacks: list[list[bool]], target: float | None = None) -> Figure:
    """Share of an attack's calls that were stopped, its first ones counted; the interval is that of the calls."""
    return share(name, sum(map(sum, attacks)), sum(map(len, attacks)), target)


def _honest_figures(tally: Tally) -> Iterator[Figure]:
    strangers = {group: actions for group, actions in tally.honest.items() if group != "dialled"}
    total = sum((actions for actions in strangers.values()), Counter[Action]())
    calls, rejected = total.total(), total[Action.REJECT]
    yield Figure("strangers_calls", calls, calls, calls, calls, LEAST_HONEST)
    yield share("strangers_rejected", rejected, calls, 0.0, at_most=True)
    stopped = sum(total[action] for action in STOPPED)
    yield share("strangers_challenged", stopped, calls, 0.01, at_most=True)
    yield share("strangers_marked", total[Action.MARK], calls)
    for group in sorted(strangers):
        actions = strangers[group]
        yield share(f"challenged_{group}", sum(actions[a] for a in STOPPED), actions.total())
        low, high = wilson(actions[Action.REJECT], actions.total())
        yield Figure(f"rejected_{group}", actions[Action.REJECT] / actions.total(), low, high, actions.total())
    dialled = tally.honest["dialled"]
    touched = dialled.total() - dialled[Action.ALLOW]
    yield share("dialled_not_let_through", touched, dialled.total(), 0.0, at_most=True)
