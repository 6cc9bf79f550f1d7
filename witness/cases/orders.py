"""What an operator does while people ring and talk: revoke, list, pause, stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from witness.book import Book, Record
from witness.cases.model import ISSUE, Case, Expect, Seen
from witness.leg import Leg
from witness.people import answered, confirms, rings_for_ever, stays_in_talk
from witness.project import Project, ProjectError
from witness.site import Script

WITHIN_S = 1.0
AT_ONCE = f"{ISSUE}: ringing calls are cancelled, answered ones ended, within a second"
# On a slow machine not all are there at once: who is not, is none of the order's.
PATIENCE_S = {"ringing": 9.0, "talking": 9.0}
SLACK_S = 1.0  # the machine is busy with the run itself


@dataclass(slots=True)
class Order:
    """One command, given when all its people are in ``state``; ``began`` and ``done`` are when it ran."""

    name: str
    state: str  # ringing, talking, waiting
    numbers: list[str] = field(default_factory=list)
    began: float = 0.0
    done: float = 0.0
    each: dict[str, tuple[float, float]] = field(default_factory=dict)  # of a command for one number
    said: str = ""
    problems: list[str] = field(default_factory=list)
    met: set[str] = field(default_factory=set)  # whom the order found where it wanted them


def in_state(record: Record, state: str) -> bool:
    if record.ended:
        return False
    return bool(record.acked) if state == "talking" else bool(record.rang) and not record.answered


async def _run(project: Project, order: Order, *argv: str) -> None:
    began = time.time()
    order.began = order.began or began
    try:
        done = await project.command(*argv)
        order.said = done.out.strip()
    except ProjectError as error:
        order.problems.append(str(error))
    order.done = time.time()
    for number in argv:
        if number in order.numbers:
            order.each[number] = (began, order.done)


def _list(project: Project, order: Order) -> str:
    path = project.folder / f"{order.name}.txt"
    path.write_text("number\n" * (order.name.startswith("import")) + "\n".join(order.numbers) + "\n", "utf-8")
    return str(path)


async def _wait(book: Book, order: Order, limit: float) -> None:
    """Until all people of the order are in its state, or some have been for so long that they would give up."""
    ends, first, need = time.time() + limit, 0.0, len(order.numbers)
    while time.time() < ends:
        there = sum(any(in_state(record, order.state) for record in book.of(number)) for number in order.numbers)
        called = sum(bool(book.of(number)) for number in order.numbers)
        first = first or (time.time() if there else 0.0)
        if there >= need or (order.state == "waiting" and called >= need // 4):
            return
        if order.state in PATIENCE_S and first and time.time() - first > PATIENCE_S[order.state]:
            return
        await asyncio.sleep(0.05)


async def give(project: Project, book: Book, order: Order, limit: float = 60.0) -> None:
    """Waits until the people are where the order finds them, and gives it."""
    await _wait(book, order, limit)
    if order.state != "waiting":
        order.numbers = [one for one in order.numbers if any(in_state(record, order.state) for record in book.of(one))]
    order.met = set(order.numbers)
    if not order.numbers:
        return
    kind = order.name.split("-")[0]
    if kind == "revoke":
        await _run(project, order, "stop", "--file", _list(project, order))
    elif kind == "single":
        for number in order.numbers:
            await _run(project, order, "stop", number, "--reason", "said so at the desk")
    elif kind == "purpose":
        for number in order.numbers:
            await _run(project, order, "consent", "withdraw", number, "--purpose", "transactional")
    elif kind == "import":
        await _run(
            project,
            order,
            "suppression",
            "import",
            order.name,
            _list(project, order),
            "--region",
            "CN",
            "--as-of",
            "2026-03-02",
        )
    elif kind == "add":
        for number in order.numbers:
            await _run(project, order, "stop", number, "--reason", "said so by letter")
    elif kind in {"pause", "stop"}:
        await _run(project, order, "campaign", kind, f"{kind}d" if kind == "pause" else "halted")


def _waits() -> Script:
    return rings_for_ever()


def _long_talk() -> Script:
    async def script(leg: Leg) -> None:
        await leg.ring(0.2)
        await leg.answer()
        await leg.wait_end(130.0)

    return script


def _rings_then_confirms(seconds: float) -> Script:
    async def script(leg: Leg) -> None:
        media = await answered(leg, ring=seconds)
        await confirms(leg, media)

    return script


def ended_in_time(orders: dict[str, Order]) -> Callable[[Seen], list[str]]:
    """The call ended within a second of the command's end, and no INVITE came after it."""

    def check(seen: Seen) -> list[str]:
        order = orders[seen.case.orders]
        problems = list(order.problems)
        began, done = order.each.get(seen.number, (order.began, order.done))
        for record in seen.records:
            if record.invited > done:
                problems.append(f"INVITE {record.invited - done:.2f} s after the command had ended")
            late = record.ended - done if record.ended else 999.0
            if late > WITHIN_S + SLACK_S:
                problems.append(f"the call went on for {late:.1f} s after the command had ended")
            if record.ended and record.ended < began:
                problems.append("the call was over before the command began")
        return problems

    return check


def no_new_call(orders: dict[str, Order]) -> Callable[[Seen], list[str]]:
    def check(seen: Seen) -> list[str]:
        order = orders[seen.case.orders]
        late = [record.invited - order.done for record in seen.records if record.invited > order.done]
        return [*order.problems, *(f"INVITE {seconds:.2f} s after the command had ended" for seconds in late)]

    return check


def cases(scale: int, orders: dict[str, Order]) -> Iterator[Case]:
    many = 3 * scale
    cancelled = Expect(outcome=("cancelled",), again="not soon", stop=True, reason="suppressed", why=AT_ONCE)
    ended = Expect(
        outcome=("answered",), disposition=("cut_off",), counts=True, again="not soon", stop=True, why=AT_ONCE
    )
    listed = Expect(
        outcome=("cancelled",),
        again="not soon",
        reason="external_list",
        why=f"{ISSUE}: suppression import acts as a stop does",
    )
    listed_talk = Expect(outcome=("answered",), disposition=("cut_off",), counts=True, again="not soon", why=listed.why)
    added = Expect(
        outcome=("cancelled",),
        again="not soon",
        stop=True,
        reason="suppressed",
        why=f"{ISSUE}: a stop by letter acts as any other",
    )
    withdrawn = Expect(outcome=("cancelled",), again="not soon", reason="consent_revoked", why=AT_ONCE)
    rows: Sequence[tuple[str, str, str, Script, Expect, int, bool]] = (
        ("revoke-ringing", "ringing", "o-ring", _waits(), cancelled, many, True),
        ("revoke-talking", "talking", "o-stay", _long_talk(), ended, many, True),
        ("revoke-desk", "talking", "o-talk", stays_in_talk(then="stay"), ended, many, False),
        ("single-ringing", "ringing", "o-ring", _waits(), cancelled, 2, False),
        ("single-talking", "talking", "o-stay", _long_talk(), ended, 2, False),
        ("purpose-ringing", "ringing", "o-ring", _waits(), withdrawn, 2, False),
        ("import-ringing", "ringing", "o-ring", _waits(), listed, many, True),
        ("import-talking", "talking", "o-stay", _long_talk(), listed_talk, many, True),
        ("add-ringing", "ringing", "o-ring", _waits(), added, 2, True),
        ("add-talking", "talking", "o-stay", _long_talk(), ended, 2, False),
    )
    for name, state, campaign, script, expect, times, quick in rows:
        orders[name] = Order(name, state)
        words = name.replace("-", " while ")
        desk = {"desk": "desk-stays"} if campaign == "o-talk" else {}
        yield Case(
            words,
            "orders",
            campaign,
            script,
            expect,
            times=times,
            quick=quick,
            check=ended_in_time(orders),
            orders=name,
            columns=desk,
        )
    yield from _held_back(scale, orders)


def _held_back(scale: int, orders: dict[str, Order]) -> Iterator[Case]:
    orders["revoke-waiting"] = Order("revoke-waiting", "waiting")
    waiting = Expect(stop=True, invites=-1, why="safety.md: every claim and every mark looks at a stop")
    yield Case(
        "revoke of many who wait",
        "orders",
        "slow",
        _rings_then_confirms(3.0),
        waiting,
        times=4 * scale,
        check=no_new_call(orders),
        orders="revoke-waiting",
    )
    orders["pause-ringing"] = Order("pause-ringing", "ringing")
    orders["stop-ringing"] = Order("stop-ringing", "ringing")
    on = Expect(
        outcome=("answered",),
        disposition=("confirmed",),
        counts=True,
        why="cli.md: pause: make no new call; calls in progress go on",
    )
    yield Case(
        "pause while ringing",
        "orders",
        "paused",
        _rings_then_confirms(12.0),
        on,
        times=3,
        check=no_new_call(orders),
        orders="pause-ringing",
        quick=True,
    )
    off = Expect(
        outcome=("cancelled",),
        again="not never",
        why="cli.md: stop: cancel ringing calls; outcomes.md: the contact stays to be called",
    )
    yield Case(
        "campaign stop while ringing",
        "orders",
        "halted",
        _waits(),
        off,
        times=3,
        check=ended_in_time(orders),
        orders="stop-ringing",
    )
