"""Joins what the carrier saw with what the database says, and counts each broken promise of a run."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from agi_app.consent.number_hashes import load_key
from chaos.faults import Fault
from chaos.media import longest_silence, media_ports
from chaos.people import CALLER_ID, CAMPAIGNS, CONGESTION_RETRIES
from chaos.world import World
from sandbox.sip import CarrierCall, overlapping
from sandbox.watchdog import invites, unexplained

STOP_WITHIN_S = 1.0
DEAD_AIR_S = 3.0
REACHED = frozenset({"human", "machine", "answered", "abandoned"})
NOT_THE_PERSON = frozenset({404, 410, 484, 604, 488, 500, 503})  # no attempt on the person, by the carrier's answer


@dataclass(slots=True)
class Verdict:
    """Zero everywhere is well; ``problems`` says in words what is not, and what has no figure of its own."""

    calls: int = 0
    double_dials: int = 0
    lost_results: int = 0
    invites_after_stop: int = 0
    invites_without_permit: int = 0  # of all that left Asterisk, to whomever: those that no mark explains
    leaked_slots: int = 0
    stuck_calls: int = 0
    dead_air_max_s: float = 0.0
    start_s: float = 0.0  # from the first start of a worker to its first call: the pace of the machine
    invite_after_stop_max_s: float = 0.0  # the promise is STOP_WITHIN_S
    silence_max_s: float = 0.0  # of calls on when the fault struck; up to 2 s is a wait for a key
    stops: int = 0  # people who said stop, by key or by hand
    live_at_death: int = 0  # calls that were up when a worker, or its connection, died: dead air is measured on them
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Evidence:
    """What was asked of a world while it was still up."""

    rows: list[dict[str, Any]]
    suppressed: set[bytes]
    stopped_in_database: dict[str, float]  # number -> when, by the database's clock
    held_slots: int
    open_attempts: int
    channels: int


def collect(world: World) -> Evidence:
    """Ask database and Asterisk after the drain, with the workers still up."""
    ask = world.database.query
    return Evidence(
        rows=world.rows(),
        suppressed={bytes(row["number_hash"]) for row in ask("SELECT number_hash FROM suppression")},
        stopped_in_database={
            row["e164"]: row["recorded_at"].timestamp()
            for row in ask("SELECT p.e164, r.recorded_at FROM revocation r JOIN person p USING (person_id)")
        },
        held_slots=int(ask("SELECT count(*) AS n FROM slot WHERE attempt_id IS NOT NULL")[0]["n"]),
        open_attempts=world.open_attempts(),
        channels=sum(_channels(node.asterisk) for node in world.nodes if node.asterisk.running),
    )


def _channels(asterisk: Any) -> int:
    return len([line for line in asterisk.cli("core show channels concise").splitlines() if "!" in line])


def judge(world: World, fault: Fault, evidence: Evidence, start_s: float) -> Verdict:
    """Judge a run that is over; the captures must be complete. ``start_s``: how long a worker took to start."""
    verdict = Verdict(start_s=start_s)
    calls = world.sip.calls()
    verdict.calls = len(calls)
    rows = [*(world.kept_rows or ()), *evidence.rows]
    _double_dials(verdict, calls)
    _lost_results(verdict, world, calls, rows, evidence)
    _stops(verdict, world, fault, calls, evidence)
    _leftovers(verdict, fault, calls, evidence)
    _dead_air(verdict, world, fault, calls)
    wrong = [call for call in calls if call.from_user != CALLER_ID]
    if wrong:
        verdict.problems.append(f"{len(wrong)} calls with a wrong caller ID, such as {wrong[0].from_user!r}")
    _contradictions(verdict, calls, rows)
    _without_permit(verdict, world, fault)
    return verdict


def _without_permit(verdict: Verdict, world: World, fault: Fault) -> None:
    seen = invites(world.invites.file, {node.asterisk.sip_port for node in world.nodes})
    told = unexplained(seen, world.ledger(), world.phone_ports, same_clock=not fault.clock_moves)
    if len(seen) < verdict.calls:
        told.append(f"the watchdog saw {len(seen)} INVITEs, the carrier {verdict.calls}")
    verdict.invites_without_permit = len(told)
    verdict.problems += told[:5]


def _double_dials(verdict: Verdict, calls: list[CarrierCall]) -> None:
    pairs = overlapping(calls)
    counted = Counter(call.to_user for call in calls if _counts(call))
    all_of = Counter(call.to_user for call in calls)
    most = len(CAMPAIGNS) * (1 + CONGESTION_RETRIES)
    over = {n: c - 1 for n, c in counted.items() if c > 1}
    too_often = {n: c - most for n, c in all_of.items() if c > most and n not in over}
    verdict.double_dials = max(len(pairs), sum(over.values()) + sum(too_often.values()))
    for number in [*over, *too_often][:5]:
        ids = [f"{c.call_id[:8]} at {c.invite_at:.2f} → {c.final_status}" for c in calls if c.to_user == number]
        verdict.problems.append(f"double dial: {number}: {'; '.join(ids)}")


def _counts(call: CarrierCall) -> bool:
    if call.ringing_at is not None or call.answered_at is not None:
        return True
    return call.final_status is not None and call.final_status not in NOT_THE_PERSON and call.final_status != 487


def _lost_results(
    verdict: Verdict, world: World, calls: list[CarrierCall], rows: list[dict[str, Any]], evidence: Evidence
) -> None:
    seen = Counter(call.to_user for call in calls)
    final = Counter(row["e164"] for row in rows if row["state"] == "ended" and row["dialled"])
    for number, count in seen.items():
        if count > final[number]:
            verdict.lost_results += count - final[number]
            verdict.problems.append(f"{number}: {count} calls at the carrier, {final[number]} dialled in the database")
    stored = {row["attempt_id"]: row for row in rows}
    for worker in world.workers:
        for line in worker.lines():
            if line.get("event") == "call ended" and not _stored(line, stored):
                verdict.lost_results += 1
                verdict.problems.append(f"said to be stored and is not: attempt {line.get('attempt')}")
    missing = missing_stops(world, evidence)
    if missing:
        verdict.lost_results += len(missing)
        verdict.problems.append(f"{len(missing)} stops of the journals are not in the database")


def missing_stops(world: World, evidence: Evidence) -> list[str]:
    """Keyed hashes (hex) that are in a node's journal only."""
    return [h for node in world.nodes for h in node.journal.seen if bytes.fromhex(h) not in evidence.suppressed]


def _stored(line: dict[str, Any], stored: dict[str, dict[str, Any]]) -> bool:
    row = stored.get(line.get("attempt", ""))
    return row is not None and row["outcome"] == line["outcome"] and row["disposition"] == line["disposition"]


def _stops(verdict: Verdict, world: World, fault: Fault, calls: list[CarrierCall], evidence: Evidence) -> None:
    stops: dict[str, float] = {} if fault.clock_moves else dict(evidence.stopped_in_database)
    for node in world.nodes:
        key = load_key(node.project / "var")
        numbers = {key.hash_number(number).hex(): number for number in world.template.numbers}
        for number_hash, seen_at in node.journal.seen.items():
            at = dt.datetime.fromisoformat(node.journal.real_at[number_hash]).timestamp()
            number = numbers.get(number_hash, "")
            stops[number] = min(stops.get(number, float("inf")), seen_at if fault.clock_moves else at)
    verdict.stops = len(stops)
    late = [c for c in calls if c.to_user in stops and _last_invite(c) > stops[c.to_user] + STOP_WITHIN_S]
    verdict.invites_after_stop = len(late)
    after = [_last_invite(call) - stops[call.to_user] for call in calls if call.to_user in stops]
    verdict.invite_after_stop_max_s = max([0.0, *after])
    for call in late[:5]:
        verdict.problems.append(
            f"INVITE to {call.to_user} {_last_invite(call) - stops[call.to_user]:.2f} s after its stop"
            f" (first INVITE {call.invite_at - stops[call.to_user]:+.2f} s, {call.invites} in all)"
        )


def _last_invite(call: CarrierCall) -> float:
    """Repeats of an INVITE that nothing ever answered are not counted: SIP forbids a CANCEL before the first answer
    (RFC 3261, 9.1), so Asterisk must go on repeating it; the person's phone has not heard of it."""
    silent = call.ringing_at is None and call.answered_at is None and call.final_status is None
    return call.invite_at if silent else call.last_invite_at


def _leftovers(verdict: Verdict, fault: Fault, calls: list[CarrierCall], evidence: Evidence) -> None:
    if not evidence.open_attempts:
        verdict.leaked_slots = evidence.held_slots
    on_the_wire = open_calls(calls, fault)
    verdict.stuck_calls = evidence.open_attempts + evidence.channels + len(on_the_wire)
    if verdict.leaked_slots:
        verdict.problems.append(f"{verdict.leaked_slots} slots are held, and no call is on")
    if verdict.stuck_calls:
        verdict.problems.append(
            f"left over: {evidence.open_attempts} open attempts, {evidence.channels} channels in Asterisk,"
            f" {len(on_the_wire)} calls at the carrier: {', '.join(c.to_user for c in on_the_wire[:5])}"
        )


def open_calls(calls: list[CarrierCall], fault: Fault) -> list[CarrierCall]:
    """Calls that the carrier still has and somebody should have ended."""
    return [call for call in calls if call.open_until == float("inf") and not _left_behind(call, fault)]


def _left_behind(call: CarrierCall, fault: Fault) -> bool:
    """A call of an Asterisk that died: nobody is left who could say BYE."""
    return fault.asterisk_dies and fault.struck_at is not None and call.invite_at <= fault.struck_at + 2.0


def _dead_air(verdict: Verdict, world: World, fault: Fault, calls: list[CarrierCall]) -> None:
    if fault.asterisk_dies:
        return
    ports, packets = media_ports(world.sip.file), world.media.packets()

    def silences(moment: float) -> list[tuple[CarrierCall, float]]:
        """Each call that is open at ``moment`` and answered sooner or later, and its longest silence from then on."""
        return [
            (call, longest_silence(call, max(moment, call.answered_at), ports.get(call.call_id, []), packets))
            for call in calls
            if call.answered_at is not None and call.invite_at <= moment < call.open_until
        ]

    if fault.struck_at is not None:
        verdict.silence_max_s = max((silence for _, silence in silences(fault.struck_at)), default=0.0)
    deaths = [life.ended for worker in world.workers for life in worker.lives if life.ended and life.status != 0]
    silent = [] if fault.silent_since is None else [fault.silent_since]
    for death in [*deaths, *silent]:
        for call, silence in silences(death):
            verdict.live_at_death += 1
            verdict.dead_air_max_s = max(verdict.dead_air_max_s, silence)
            if silence > dead_air_limit_s(verdict.start_s, quick=fault.quick):
                verdict.problems.append(f"{call.to_user}: {silence:.2f} s of dead air")


def dead_air_limit_s(start_s: float, *, quick: bool) -> float:
    """3 s, as promised. A quick run must not fail on a slow or busy machine: it allows the second that the supervisor
    waits and three times what the first start of this run, with nothing to mend, has taken. Without the safeguard the
    silence lasts until the person or Asterisk ends the call, 20 to 35 s."""
    return max(DEAD_AIR_S, 1.0 + 3.0 * start_s) if quick else DEAD_AIR_S


def _contradictions(verdict: Verdict, calls: list[CarrierCall], rows: list[dict[str, Any]]) -> None:
    """What the database says of a person must be possible after what the carrier saw."""
    by_person: dict[str, list[CarrierCall]] = defaultdict(list)
    for call in calls:
        by_person[call.to_user].append(call)
    for row in rows:
        seen = by_person.get(row["e164"], [])
        if row["outcome"] in REACHED and not any(call.answered_at for call in seen):
            verdict.problems.append(f"{row['e164']}: {row['outcome']} in the database, never answered at the carrier")
        if row["outcome"] == "busy" and not any(call.final_status in (486, 600) for call in seen):
            verdict.problems.append(f"{row['e164']}: busy in the database, not at the carrier")
