"""Claim: who may be called now? One transaction that locks, reads facts, lets the gate decide, and reserves.

The order is what keeps a person from being called twice: slots, then contacts *and the heads of their
persons* are locked (passing over what others hold), and only then, in a further statement that sees
everything committed meanwhile, the facts are read (DESIGN §5 "Store" has the figures).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
from psycopg.rows import DictRow

from agi_app.due.planner import Planner
from agi_app.due.points import urgency
from agi_app.gate.replay import inputs_of
from agi_app.gate.stored_reasons import reasons_of
from agi_app.model.call import Claim
from agi_app.model.campaign import Campaign, CampaignState
from agi_app.model.contact_times import NEVER
from agi_app.store.calling import concurrent_slots, gateway_ports
from agi_app.store.calling.agents import AgentTerms, may_begin
from agi_app.store.calling.decision_texts import spec_of, version_of_spec
from agi_app.store.calling.facts import Begin, Decide, DueContact, JudgedContact, Missing, begin_claim, judge, times_of
from agi_app.store.calling.gateway_ports import GatewayPorts
from agi_app.store.calling.quotas import of_groups
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, as_json, load_queries, records

Q = load_queries("calling/claims")
OF_GROUPS = {name: of_groups(Q[name]) for name in ("lock", "lock_for_ports")}  # of a campaign with a quota
SOONEST_RETRY = dt.timedelta(seconds=1)  # a refusal is not decided again at once, whatever the rule says
BEHIND_OTHERS = dt.timedelta(seconds=1)  # a contact of a person whose other one had no call yet, which comes first
CEILING = "abandoned_ceiling"  # the gate's rule
TIME_IS_OVER = {"contact_too_late", "campaign_over"}  # the gate's rules: such a contact has expired
USUAL, URGENT = "c.urgency = 0", "c.urgency = %(urgency)s AND c.urgency > 0"  # the latter in terms of its index
_FIELDS = msgspec.json.Decoder(dict[str, str])
_RETRIES = msgspec.json.Decoder(dict[str, int])


@dataclass(frozen=True, slots=True)
class ClaimTerms:
    """What stays the same over all claims of one worker."""

    node: str
    lease: dt.timedelta  # real time until which the claim is ours
    trunk_limit: int  # calls at once through the campaign's trunk, over all nodes
    offset: dt.timedelta  # rules time minus real time
    clock_name: str
    ports: tuple[gateway_ports.GatewayPort, ...] = ()  # of the trunk, when it is a gateway with ports
    agents: AgentTerms | None = None  # of a campaign that calls for some
    missing: Missing | None = None  # which of a contact's columns the flow cannot say; None: it says none
    plan: Planner | None = None  # a contact's next point of time


class Nobody(Enum):
    """Nobody can be called for this campaign now."""

    DUE = "due"
    WHILE_IT_STANDS_STILL = "while it stands still"  # the campaign, or all calling
    FOR_AGENTS = "for agents"  # for all who are free, or soon will be, calls are under way
    BY_OLD_FACTS = "by old facts"  # the campaign's feed had no good run for too long
    BY_QUOTA = "by quota"  # calls under way may fill the groups of all who are due


@dataclass(frozen=True, slots=True)
class NoPlaces:
    """All places were taken."""

    of: str  # trunk | campaign


@dataclass(frozen=True, slots=True)
class OverCeiling:
    """Too many calls were abandoned."""

    why: str  # in the gate's words


Short = Nobody | NoPlaces | GatewayPorts | OverCeiling  # ports: how they stand, when none is free


@dataclass(frozen=True, slots=True)
class ClaimBatch:
    """What one claim brought, and why it brought no more; no reason: so many were looked at."""

    claims: tuple[Claim, ...] = ()
    refused: int = 0
    short: Short | None = None


async def claim(
    store: Store, campaign: Campaign, limit: int, terms: ClaimTerms, decide: Decide, *, look_at: int = 0
) -> ClaimBatch:
    """Reserve up to ``limit`` due contacts that the gate allows; examine as many, or ``look_at``, if that is more.

    ``decide`` must be pure; it gets the facts and the rules time by the database's clock. Raises StoreError.
    """
    async with store.transaction() as connection:
        start = await begin_claim(connection, campaign, terms.offset)
        if start is None or start.state is not CampaignState.RUNNING or start.feed_late:
            runs = start is not None and start.state is CampaignState.RUNNING
            return ClaimBatch(short=Nobody.BY_OLD_FACTS if runs else Nobody.WHILE_IT_STANDS_STILL)
        no_agent = False
        if campaign.agents is not None:
            for_agents = await _for_agents(connection, campaign, start.now, terms)
            no_agent, limit = for_agents <= limit, min(limit, for_agents)
            if limit <= 0:
                return ClaimBatch(short=Nobody.FOR_AGENTS)
        places = await concurrent_slots.lease_both(connection, campaign, terms.trunk_limit, limit)
        if not (free := places.free):
            return ClaimBatch(short=NoPlaces(places.short_of or "trunk"))
        ports = None
        if terms.ports:
            ports = await gateway_ports.lease(connection, terms.ports, start.now, terms.offset)
            if not ports.free:
                return ClaimBatch(short=ports)
        if not (due := await _lock(connection, campaign, start, max(limit, look_at), ports)):
            waits = ports is not None and len(ports.free) < len(terms.ports)  # perhaps for a port that is taken
            full = start.quota is not None and start.quota.full
            return ClaimBatch(short=ports if waits else Nobody.BY_QUOTA if full else Nobody.DUE)
        later = PutOffContacts(terms.plan, start.now)
        most = len(free) if ports is None else len(due)
        judged = await judge(connection, due, start, decide, most, terms.missing, later.takes)
        if ports is not None:
            judged = _one_a_port(judged, ports.free, len(free))
        claims = await reserve(connection, campaign, judged, free, start.now, terms, later=later.rows)
    short: Short | None = None
    if (over := next((r.text for j in judged for r in j.decision.reasons if r.rule == CEILING), None)) is not None:
        short = OverCeiling(over)
    elif no_agent and len(claims) == limit:
        short = Nobody.FOR_AGENTS
    elif len(claims) == len(free):
        short = NoPlaces(places.short_of or "trunk")
    return ClaimBatch(tuple(claims), len(judged) - len(claims), short)


async def _for_agents(connection: Connection, campaign: Campaign, now: dt.datetime, terms: ClaimTerms) -> int:
    """How many calls may be made for the campaign's agents; none without a look at them."""
    if campaign.agents is None or terms.agents is None:
        return 0
    return await may_begin(
        connection, terms.agents, agents=campaign.agents.to, campaign=campaign.name, node=terms.node, now=now
    )


async def _lock(
    connection: Connection, campaign: Campaign, start: Begin, limit: int, ports: GatewayPorts | None
) -> list[DueContact]:
    """Lock due contacts with the heads of their persons; one contact a person, by urgency, then who is due longest.

    With ports: whom a free one may call. With a quota: as many of each group as may be, and some of closed ones.
    """
    values: dict[str, Any] = {"campaign": campaign.name, "now": start.now}
    if ports is not None:
        prefixes, numbers = zip(("", campaign.caller_id), *campaign.local_caller_ids, strict=True)
        values |= {"free": list(ports.free), "prefixes": list(prefixes), "numbers": list(numbers)}
    query = (Q if start.quota is None else OF_GROUPS)["lock" if ports is None else "lock_for_ports"]
    rooms = {} if start.quota is None else dict(start.quota.rooms(limit))
    limit *= 1 if start.quota is None else 2
    first_of_person: dict[int, DueContact] = {}
    for level in (*start.urgencies, 0):
        turn = URGENT if level else USUAL
        values |= {"urgency": level, "limit": limit, "groups": list(rooms), "rooms": list(rooms.values())}
        found = await records(connection, query.replace("{turn}", turn), values)
        for row in found:
            first_of_person.setdefault(row["head"], DueContact(row["contact_id"], row["head"]))
            if start.quota is not None:
                rooms[row["quota_group"]] -= 1
        limit -= len(found)
        if limit <= 0:
            break
    return list(first_of_person.values())


class PutOffContacts:
    """Contacts that were due for a look only: their next point of time was not known when their last call ended."""

    def __init__(self, plan: Planner | None, now: dt.datetime) -> None:
        self._plan, self._now = plan, now
        self.rows: list[dict[str, Any]] = []  # what is written about them

    def takes(self, row: DictRow) -> bool:
        """Whether a contact that may be called is not due now, as its points of time say."""
        if not row["replan"] or self._plan is None:
            return False
        planned = self._plan(row["e164"], times_of(row), row["point"], self._now)
        if planned is not None and planned.at <= self._now:
            return False
        then: dict[str, Any] = {"state": "done"}
        if planned is not None:
            order = urgency(row["priority"], planned.point)
            then = {"state": "pending", "due_at": planned.at, "point": planned.point, "urgency": order}
        self.rows.append({"contact_id": row["contact_id"], "news": False, **then})
        return True


def _one_a_port(judged: list[JudgedContact], free: frozenset[str], most: int) -> list[JudgedContact]:
    """Without those who may be called, but by a port that is taken; they stay due. At most ``most`` are called."""
    taken: set[str] = set()
    kept = []
    for one in judged:
        if one.decision.allowed:
            port = one.decision.caller_id
            if port not in free or port in taken or len(taken) == most:
                continue
            taken.add(port)
        kept.append(one)
    return kept


async def reserve(
    connection: Connection,
    campaign: Campaign,
    judged: list[JudgedContact],
    free: list[tuple[int, int]],
    now: dt.datetime,
    terms: ClaimTerms,
    by_hand: str | None = None,
    *,
    later: Sequence[dict[str, Any]] = (),
) -> list[Claim]:
    """Write what was judged: decisions, attempts with slots, what happens to the contacts. ``free`` are locked slots.

    ``by_hand``: somebody asked for this call. Then a refused contact keeps this state and its due time, else the gate
    says when to ask again; and it is not one of the campaign's calls for whichever agent is free. ``later``: rows of
    contacts that were not judged.
    """
    slots_left = iter(free)
    how = (bool(terms.ports), terms.plan)
    rows = [_settled(j, campaign, now, next(slots_left) if j.decision.allowed else None, *how) for j in judged]
    if by_hand is not None:
        rows = [row if row["state"] == "claimed" else row | {"state": by_hand, "due_at": None} for row in rows]
    spec = spec_of(campaign)
    values = {
        "campaign": campaign.name,
        "campaign_version": version_of_spec(spec),
        "spec": spec,
        "clock": terms.clock_name,
        "node": terms.node,
        "trunk": campaign.trunk,
        "agents": None if by_hand is not None or campaign.agents is None else campaign.agents.to,
        "now": now,
        "lease": terms.lease,
        "trunk_scope": concurrent_slots.of_trunk(campaign.trunk),
        "campaign_scope": concurrent_slots.of_campaign(campaign.name),
        "rows": as_json([*rows, *later]),
    }
    decided = {r["contact_id"]: r["decision_id"] for r in await records(connection, Q["settle"], values)}
    return [
        _claim(j, row["attempt_id"], campaign, decided[row["contact_id"]])
        for j, row in zip(judged, rows, strict=True)
        if j.decision.allowed
    ]


def _settled(
    judged: JudgedContact,
    campaign: Campaign,
    now: dt.datetime,
    slot: tuple[int, int] | None,
    by_port: bool,
    plan: Planner | None,
) -> dict[str, Any]:
    """What is written about one contact; ``slot`` (of the trunk, of the campaign) when it is to be called."""
    decision = judged.decision
    row: dict[str, Any] = {
        "contact_id": decision.contact_id,
        "person_id": decision.person_id,
        "number_id": judged.row["number_id"],
        "news": _is_news(judged),
        "revision": judged.row["revision"],
    }
    if row["news"]:
        row |= {
            "rules": decision.rules,
            "reasons": decision.reasons,
            "inputs": inputs_of(judged.facts, decision),
            "ruleset_version": decision.ruleset_version,
            "decided_at": decision.decided_at,
        }
    if slot is not None:
        attempt = {"attempt_id": uuid.uuid4().hex, "caller_id": decision.caller_id}
        attempt |= {"called_place": judged.row["number_place"]}
        if by_port:
            attempt |= {"port": decision.caller_id, "port_scope": gateway_ports.scope_of(decision.caller_id)}
        return row | attempt | {"state": "claimed", "trunk_slot": slot[0], "campaign_slot": slot[1]}
    return row | _refused(judged, campaign, now, plan)


def _refused(judged: JudgedContact, campaign: Campaign, now: dt.datetime, plan: Planner | None) -> dict[str, Any]:
    """What follows for a refused contact: its time is over, its next number is looked at, or it waits."""
    decision = judged.decision
    if TIME_IS_OVER & set(decision.rules):
        return {"state": "expired", "due_at": "infinity"}
    first: dict[str, Any] = {}
    if judged.row["numbers"] > 1 and decision.try_again_at is None:  # lasting, of this number
        if (place := judged.row["number_place"]) < judged.row["numbers"]:
            return {"state": "pending", "due_at": now, "number_place": place + 1}
        first = {"number_place": 1}
        if judged.row["round_outcome"] is not None and plan is not None:
            return first | _after_round(judged, campaign, now, plan)
    again, last = decision.try_again_at, judged.facts.times.last(campaign)
    due = min(max(again, now + SOONEST_RETRY) if again else NEVER, last)
    if due == NEVER:
        return first | {"state": "pending", "due_at": "infinity"}
    if again is None or due == last:
        return first | {"state": "pending", "due_at": due}
    if judged.row["attempts_made"]:
        due = min(due + BEHIND_OTHERS, last)
    return first | {"state": "pending", "due_at": due} | _point_then(judged, plan, due)


def _point_then(judged: JudgedContact, plan: Planner | None, due: dt.datetime) -> dict[str, Any]:
    """The point of time at which a refused contact is when it is due again: nearer ones may have come by then."""
    row = judged.row
    if plan is None or row["event_at"] is None or row["number_place"] > 1:
        return {}
    then = plan(row["e164"], judged.facts.times, row["point"], due)
    if then is None or then.point == row["point"] or then.at > due:
        return {}
    return {"point": then.point, "urgency": urgency(row["priority"], then.point)}


def _after_round(judged: JudgedContact, campaign: Campaign, now: dt.datetime, plan: Planner) -> dict[str, Any]:
    """Of a contact whose last number is refused for good, after others were called: its retry, or its next point."""
    row, outcome = judged.row, judged.row["round_outcome"]
    times = judged.facts.times
    delays, used = campaign.retry.get(outcome, ()), _RETRIES.decode(row["retries_used"]).get(outcome, 0)
    again = min(now + delays[used], times.last(campaign)) if used < len(delays) else None
    following = plan(row["e164"], times, row["point"] + 1, now)
    if following is not None and (again is None or following.at <= again):
        order = urgency(row["priority"], following.point)
        return {"state": "pending", "due_at": following.at, "point": following.point, "urgency": order}
    return {"state": "done"} if again is None else {"state": "pending", "due_at": again, "used": outcome}


def _is_news(judged: JudgedContact) -> bool:
    """A yes always is; a no when it is by other reasons or other rules than the last one."""
    decision, row = judged.decision, judged.row
    if decision.allowed or row["last_reasons"] is None or decision.ruleset_version != row["last_version"]:
        return True
    return [r.sort for r in decision.reasons] != [r.sort for r in reasons_of(row["last_reasons"])]


def _claim(judged: JudgedContact, attempt_id: str, campaign: Campaign, decision_id: int) -> Claim:
    row = judged.row
    return Claim(
        attempt_id=attempt_id,
        contact_id=row["contact_id"],
        person_id=row["head"],
        campaign=campaign.name,
        number=row["e164"],
        place=judged.decision.known_place,
        caller_id=judged.decision.caller_id,
        trunk=campaign.trunk,
        language=row["language"],
        fields=_FIELDS.decode(row["fields"]),
        attempt_number=row["attempts_made"] + 1,
        decision_id=decision_id,
        retries_used=_RETRIES.decode(row["retries_used"]),
        counted=tuple(call.at for call in judged.facts.counted_calls),
        times=judged.facts.times,
        point=row["point"],
        tries=row["tries"],
        priority=row["priority"],
        number_place=row["number_place"],
        numbers=row["numbers"],
    )
