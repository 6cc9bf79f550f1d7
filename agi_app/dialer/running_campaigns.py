"""The campaigns that are running now, ready to dial on this node: flow parsed, trunk known, pacers kept."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass

from agi_app import log
from agi_app.calls.speech_services import SpeechServices
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.channel_reserve import Reserve
from agi_app.dialer.circuit_breaker import Breaker
from agi_app.dialer.node import Node
from agi_app.dialer.originator import RunningCampaign
from agi_app.dialer.pacing import Pacer
from agi_app.due.planner import planner
from agi_app.errors import AuthorError
from agi_app.flow.check.speech_answers import by_voice_alone
from agi_app.flow.engine.say_texts import missing_columns, said_columns
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import load_with_parts
from agi_app.gate.caller_id_rules import numbers_of
from agi_app.gate.decide import Decision, decide
from agi_app.gate.facts import Facts
from agi_app.messages import t
from agi_app.model.waiting_reason import NOBODY_DUE, PLACES, UNUSABLE, WaitingReason
from agi_app.store.calling import claims, concurrent_slots, pace_shares
from agi_app.store.calling.campaigns import StoredCampaign, load_busy_campaigns
from agi_app.store.calling.facts import Decide
from agi_app.store.calling.gateway_ports import GatewayPort
from agi_app.store.calling.nodes import PausedTrunk
from agi_app.store.database.pool import Store

SOON = dt.timedelta(seconds=3)  # who is due by then: the next look is a second away, and clocks may differ by two
SHARE_S = 4.0  # how long a share of a rate is ours; a node that dies leaves it to the others after that

_log = log.get("dialer")


@dataclass(slots=True)
class Running:
    """A running campaign with what the loop remembers about it."""

    line: RunningCampaign
    pacer: Pacer
    trunk_pacer: Pacer
    node_pacer: Pacer | None = None  # None: this Asterisk has no limit of its own
    idle_until: float = 0.0  # monotonic: nothing was due, or no place was free; look again then
    only_refusals: bool = False  # the last look found nobody who may be called: look at more at once
    short: WaitingReason | None = None  # why the last claim brought fewer calls than there was room for

    @property
    def pacers(self) -> dict[str, Pacer]:
        """The limits that a call start must respect, by what they are of."""
        found = {"campaign": self.pacer, "trunk": self.trunk_pacer}
        return found if self.node_pacer is None else {**found, "node": self.node_pacer}

    @property
    def name(self) -> str:
        """The campaign's name."""
        return self.line.campaign.name

    @property
    def trunk(self) -> str:
        """The trunk's name."""
        return self.line.campaign.trunk

    @property
    def waits_for_room(self) -> bool:
        """Whether the end of some call may be what its next one waits for."""
        return self.short is not None and self.short.by != NOBODY_DUE

    @property
    def node_is_full(self) -> bool:
        """Whether this Asterisk had no place for it when it was last looked at."""
        return self.short is not None and self.short.by == PLACES["node"]

    def is_dialled(self, now: float) -> bool:
        """Whether the loop is to look for somebody to call; not when agents ask for each call."""
        return now >= self.idle_until and not self.line.campaign.by_agents

    @property
    def wants(self) -> tuple[str, int]:
        """What campaigns compete for: its trunk, and its part where they do."""
        return self.trunk, self.line.campaign.pace.priority


class RunningCampaigns:
    """Keeps ``running`` in step with the campaign rows."""

    def __init__(
        self, store: Store, trunks: Mapping[str, TrunkSettings], speech: SpeechServices, node_rate: float | None = None
    ) -> None:
        """``node_rate``: calls a second that this Asterisk may start, whatever the campaigns and trunks."""
        self._store = store
        self._trunks = trunks
        self._speech = speech
        self._flows: dict[tuple[str, ...], Flow] = {}
        self._trunk_pacers = {name: Pacer(0.0) for name in trunks}
        self._node_pacer = None if node_rate is None else Pacer(node_rate)
        self.breakers = {name: Breaker() for name in trunks}
        self.reserve = Reserve(trunks)
        self._said: set[str] = set()
        self.running: dict[str, Running] = {}
        self.unusable: dict[str, WaitingReason] = {}  # campaign -> why this node cannot dial it
        self.shares_until = -math.inf  # monotonic: the rates of all pacers hold until then

    def change(self, trunks: Mapping[str, TrunkSettings], node_rate: float | None) -> None:
        """The same trunks with other limits; calls that go on keep their places."""
        self._trunks = trunks
        self.reserve.change(trunks)
        if node_rate is None or self._node_pacer is None:
            self._node_pacer = None if node_rate is None else Pacer(node_rate)
        else:
            self._node_pacer.set_rate(node_rate)
        for running in self.running.values():
            running.node_pacer = self._node_pacer

    async def refresh(self, node: str, now: float, rules_now: dt.datetime) -> None:
        """Read the campaigns that have something to do, and lease this node's part of every rate. Raises StoreError.

        ``now`` is monotonic. Campaigns that run and have nobody due are left out: ten thousand of them cost nothing.
        """
        stored = await load_busy_campaigns(self._store, rules_now + SOON)
        self.unusable = {}
        running: dict[str, Running] = {}
        for row in stored:
            if isinstance(line := self._line(row), str):
                self._refuse(row.campaign.name, line)
            else:
                running[row.campaign.name] = self._keep(line)
        self.running = running
        shares = await pace_shares.lease(self._store, node, self._wanted(now), dt.timedelta(seconds=SHARE_S))
        self.shares_until = now + SHARE_S
        for one in running.values():
            one.pacer.set_rate(shares.get(concurrent_slots.of_campaign(one.name), 0.0))
        for name, pacer in self._trunk_pacers.items():
            pacer.set_rate(shares.get(concurrent_slots.of_trunk(name), 0.0))

    def paused_trunks(self, now: float) -> dict[str, PausedTrunk]:
        """The trunks through which this node calls nobody at ``now`` (monotonic), and why."""
        found = {name: (breaker.paused_by, breaker.reason(now)) for name, breaker in self.breakers.items()}
        return {name: PausedTrunk(by, text) for name, (by, text) in found.items() if text is not None}

    def _wanted(self, now: float) -> dict[str, float]:
        """Every limit that this node could use a part of; a node that cannot dial leaves it to the others."""
        wanted: dict[str, float] = {}
        for running in self.running.values():
            if running.line.breaker.room(now) != 0:
                campaign = running.line.campaign
                wanted[concurrent_slots.of_campaign(campaign.name)] = campaign.pace.calls_per_second
                wanted[concurrent_slots.of_trunk(campaign.trunk)] = running.line.trunk.calls_per_second
        return wanted

    def _keep(self, line: RunningCampaign) -> Running:
        old = self.running.get(line.campaign.name)
        trunk_pacer = self._trunk_pacers[line.campaign.trunk]
        if old is None:
            return Running(line, Pacer(0.0), trunk_pacer, self._node_pacer)
        old.line, old.trunk_pacer = line, trunk_pacer
        return old

    def _line(self, row: StoredCampaign) -> RunningCampaign | str:
        """The campaign ready to be dialled, or why this node cannot."""
        if (trunk := self._trunks.get(row.campaign.trunk)) is None:
            return t("this node's settings have no trunk {trunk!r}", trunk=row.campaign.trunk)
        key = (row.flow_file, row.flow_text, *row.sub_flows.values())
        if key not in self._flows:
            try:
                flow = load_with_parts(row.flow_text, row.flow_file, row.sub_flows)
                self._flows[key] = flow.understanding(self._speech.meanings)
            except AuthorError as error:
                return t("its flow is not usable: {error}", error=error)
        flow = self._flows[key]
        if self._speech.recognizer is None and any(by_voice_alone(part) for part in (flow, *flow.parts.values())):
            return t("its flow asks for answers by voice alone, and this node has no [speech] engine")
        if lost := [n for n in numbers_of(row.campaign) if trunk.dial_string(n, n) is None]:
            return t(
                "trunk {trunk} has no line with the number {lost}, which it shows",
                trunk=row.campaign.trunk,
                lost=lost[0],
            )
        breaker = self.breakers[row.campaign.trunk]
        return RunningCampaign(row.campaign, flow, trunk, breaker, row.contacts)

    def _refuse(self, name: str, why: str) -> None:
        self.unusable[name] = WaitingReason(UNUSABLE, why)
        if why not in self._said:
            self._said.add(why)
            _log.error("campaign cannot be dialled on this node", campaign=name, reason=why)


def terms_of(node: Node, line: RunningCampaign, lease: dt.timedelta) -> claims.ClaimTerms:
    """What every claim of a node for this line has in common."""
    return claims.ClaimTerms(
        node=node.entityid,
        lease=lease,
        trunk_limit=line.trunk.concurrent,
        offset=node.clock.offset,
        clock_name=node.clock.name,
        ports=tuple(GatewayPort(p.number, p.calls_per_day, p.spacing) for p in line.trunk.ports.values()),
        missing=missing_columns(line.flow) if said_columns(line.flow) else None,
        plan=planner(line.campaign, node.ruleset, line.contacts),
    )


def gate_of(node: Node, line: RunningCampaign) -> Decide:
    """How the gate decides about this line's contacts."""

    def judge(facts: Facts, now: dt.datetime) -> Decision:
        found = decide(facts, line.campaign, line.trunk.sandbox, node.ruleset, now)
        node.measures.decided(line.campaign.name, next(iter(found.rules), None))
        return found.dialled_with(line.trunk.prefix)

    return judge


def names_of(trunk: TrunkSettings) -> dict[str, str]:
    """The names of a gateway's ports by their numbers."""
    return {port.number: name for name, port in trunk.ports.items()}
