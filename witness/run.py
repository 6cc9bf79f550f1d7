"""One run: phases of campaigns, orders and callers, then the judge."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from witness import judge
from witness.cases import inbound, orders
from witness.world import DECOY_TRUNK, PLANS, World

Say = Callable[[str], None]
IDLE_S = 10.0
PHASE_LIMIT_S = 780.0


async def run(folder: Path, *, quick: bool, only: str | None, seed: int, say: Say) -> judge.Verdict:
    """Plays all chosen cases and judges them. Raises what keeps the run from being one."""
    async with World(folder, quick=quick, only=only, seed=seed) as world:
        say(
            f"{len(world.cases)} kinds of people ({len(world.people)} calls), {len(world.incoming)} from outside; "
            f"Asterisk {world.asterisk.version()}"
        )
        if not world.wire.works:
            say("no packet socket (not root?): INVITEs to unknown addresses cannot be seen")
        given = world.carrier.spawn(_orders(world))
        await _phase(world, 0, say)
        await given
        outside = world.carrier.spawn(_incoming(world))
        await _phase(world, 1, say)
        stopped_on_line, from_outside = await outside
        say("all campaigns are through: the probe asks who would be called")
        await _probe(world, stopped_on_line, say)
        await world.collect()
        verdict = _judge(world, from_outside)
        await _lost_on_line(world, stopped_on_line, verdict)
        code = await world.project.stop_worker()
        if code:
            verdict.mismatches.append(f"agi-app run ended with {code}")
        verdict.mismatches += [f"a fault of the witness: {fault}" for fault in world.carrier.faults]
        world.carrier.book.flush()
        return verdict


async def _orders(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        for order in world.orders.values():
            group.create_task(orders.give(world.project, world.carrier.book, order, 90.0))


async def _phase(world: World, phase: int, say: Say) -> None:
    """Starts the campaigns of a phase, and waits until everybody was called and has hung up."""
    names = [name for name in world.campaigns if PLANS[name].phase == phase]
    if not names:
        return
    await world.side_by_side([("campaign", "start", name) for name in names])
    people = [seen for name in names for seen in world.of_campaign(name)]
    began = told = quiet_since = time.time()
    while time.time() - began < PHASE_LIMIT_S:
        await asyncio.sleep(0.5)
        world.carrier.book.flush()
        records = [one for one in world.carrier.book.records if one.direction == "out of Asterisk"]
        busy = any(not record.ended for record in records) or any(
            record.invited > time.time() - IDLE_S for record in records
        )
        if busy:
            quiet_since = time.time()
        missing = [seen for seen in people if not world.carrier.book.of(seen.number) and seen.case.expect.invites > 0]
        if world.project.worker_ended is not None:
            raise RuntimeError(f"agi-app run ended with {world.project.worker_ended}; see {world.project.log_path}")
        if time.time() - told > 20:
            told = time.time()
            say(
                f"  phase {phase}: {len(missing)} of {len(people)} people not called yet, "
                f"{sum(not one.ended for one in records)} calls on, {told - began:.0f} s"
            )
        if (not missing and time.time() - quiet_since > 3) or time.time() - quiet_since > 90:
            return
        if time.time() - max((record.invited for record in records), default=began) > 150:
            break  # what is still on by now hangs
    on = [record.call_id for record in world.carrier.book.records if not record.ended]
    say(f"  phase {phase} was broken off after {time.time() - began:.0f} s; still on: {', '.join(on[:5]) or 'no call'}")


async def _incoming(world: World) -> tuple[list[str], dict[str, list[str]]]:
    """The cases from outside, four at once. Who said stop on the line, and the problems of each case."""
    numbers: list[str] = []
    sites = world.carrier.sites
    ways = inbound.Ways(
        world.carrier,
        sites["callers"],
        ("127.0.0.1", world.asterisk.sip_port),
        world.numbers,
        f"127.0.0.1:{sites['decoy'].port}",
        DECOY_TRUNK,
        numbers,
        sites["callers6"],
        ("::1", world.port6),
    )
    found: dict[str, list[str]] = {}
    gate = asyncio.Semaphore(4)

    async def one(case: inbound.Incoming) -> None:
        async with gate:
            try:
                found[case.name] = await case.run(ways)
            except Exception as error:  # noqa: BLE001 - told, and judged as wrong
                found[case.name] = [f"the call ended too soon, or a fault of the witness: {error!r}"]

    async with asyncio.TaskGroup() as group:
        for case in world.incoming:
            group.create_task(one(case))
    return numbers, found


async def _probe(world: World, on_line: list[str], say: Say) -> None:
    """A campaign whose window is closed now: the gate judges everybody for it and calls nobody."""
    if on_line:
        rows = [
            {"external_id": f"line-{index}", "number": number, "language": "en"} for index, number in enumerate(on_line)
        ]
        await world.project.command(
            "consent", "import", str(world.project.write_consents("line-consents.csv", on_line))
        )
        await world.project.command("contacts", "import", "probe", str(world.project.write_contacts("line.csv", rows)))
    await world.project.command("campaign", "start", "probe")
    report: dict[str, Any] = {"contact_list": []}
    judged: dict[str, str] = {}
    grew = time.time()
    while time.time() - grew < 20:
        report = await world.project.json("report", "probe", "--format", "json")
        found = {one["external_id"]: str(one["refused_by"]) for one in report["contact_list"] if one["refused_by"]}
        grew = time.time() if len(found) > len(judged) else grew
        judged = found
        if len(judged) >= len(report["contact_list"]):
            break
        await asyncio.sleep(1)
    else:
        missing = [one["external_id"] for one in report["contact_list"] if one["external_id"] not in judged]
        say(f"the probe has not judged {len(missing)} of {len(report['contact_list'])}, such as {missing[:3]}")
    for seen in world.people.values():
        refused = judged.get(seen.external_id)
        seen.stopped = None if refused is None else "suppressed" in refused
    world.probe = judged


async def _lost_on_line(world: World, on_line: list[str], verdict: judge.Verdict) -> None:
    for index, number in enumerate(on_line):
        verdict.stops_given += 1
        if "suppressed" not in world.probe.get(f"line-{index}", ""):
            verdict.stops_lost.append(f"{number}: said on the line")


def _judge(world: World, from_outside: dict[str, list[str]]) -> judge.Verdict:
    verdict = judge.Verdict()
    for seen in world.people.values():
        if seen.case.orders:
            seen.met = seen.number in world.orders[seen.case.orders].met
    desk_rings = [
        (record.invited, record.acked or record.ended)
        for record in world.carrier.book.records
        if record.port == "desks"
    ]
    trunk_of = {name: plan.trunk for name, plan in PLANS.items()}
    for case in world.cases:
        people = [seen for seen in world.people.values() if seen.case is case]
        judge.case_verdict(case, people, world.rules_now, verdict)
    for seen in world.people.values():
        judge.reconcile(seen, verdict)
        if judge.given(seen):
            verdict.stops_given += 1
            if seen.stopped is not True:
                verdict.stops_lost.append(f"{seen.external_id} {seen.number}")
        for record in [] if seen.is_asterisks_fault else seen.records:
            verdict.dead_air += [
                f"{seen.case.name}: {text}" for text in judge.dead_air(record, desk_rings if seen.case.columns else [])
            ]
    own = {site.port for site in world.carrier.sites.values() if site.name not in {"decoy", "callers"}}
    verdict.intruders = judge.intruders(
        world.carrier.book.records, world.wire.sightings, world.people, trunk_of, set(world.desks), own
    )
    why = {case.name: case.why for case in world.incoming}
    for name, problems in from_outside.items():
        verdict.cases += 1
        verdict.why[name] = why[name]
        if problems:
            verdict.wrong[name] = problems
    return verdict
