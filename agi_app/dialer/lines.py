"""The campaigns that are running now, ready to dial on this node: flow parsed, trunk known, pacers kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agi_app import log
from agi_app.calls.ears import Ears
from agi_app.config import TrunkSettings
from agi_app.dialer.breaker import Breaker
from agi_app.dialer.pacing import Pacer
from agi_app.dialer.place import Line
from agi_app.errors import AuthorError
from agi_app.flow.check_speech import by_voice_alone
from agi_app.flow.definition import Flow
from agi_app.flow.load import load_with_parts
from agi_app.model.campaign import CampaignState
from agi_app.store.campaigns import StoredCampaign, load_campaigns
from agi_app.store.pool import Store

_log = log.get("dialer")


@dataclass(slots=True)
class Running:
    """A running campaign with what the loop remembers about it."""

    line: Line
    pacer: Pacer
    trunk_pacer: Pacer
    idle_until: float = 0.0  # monotonic: nothing was due, look again then
    only_refusals: bool = False  # the last look found nobody who may be called: look at more at once

    @property
    def pacers(self) -> list[Pacer]:
        """Both limits that a call start must respect."""
        return [self.pacer, self.trunk_pacer]


class Lines:
    """Keeps ``running`` in step with the campaign rows."""

    def __init__(self, store: Store, trunks: Mapping[str, TrunkSettings], ears: Ears) -> None:
        self._store = store
        self._trunks = trunks
        self._ears = ears
        self._flows: dict[tuple[str, ...], Flow] = {}
        self._trunk_pacers = {name: Pacer(t.calls_per_second) for name, t in trunks.items()}
        self.breakers = {name: Breaker() for name in trunks}
        self._said: set[str] = set()
        self.running: dict[str, Running] = {}
        self.unusable: dict[str, str] = {}  # campaign -> why this node cannot dial it

    def pauses(self, now: float) -> list[str]:
        """Why trunks or campaigns are not dialled on this node at ``now`` (monotonic seconds), for people."""
        trunks = [f"trunk {n}: {why}" for n, b in self.breakers.items() if (why := b.reason(now)) is not None]
        return trunks + [f"campaign {n}: {why}" for n, why in self.unusable.items()]

    async def refresh(self, nodes: int) -> None:
        """Read the campaign rows; ``nodes`` workers share every rate."""
        stored = await load_campaigns(self._store, {CampaignState.RUNNING})
        self.unusable = {}
        running: dict[str, Running] = {}
        for row in stored:
            line = self._line(row)
            if line is not None:
                running[row.campaign.name] = self._keep(line, nodes)
        self.running = running
        for name, pacer in self._trunk_pacers.items():
            pacer.set_rate(self._trunks[name].calls_per_second / nodes)

    def _keep(self, line: Line, nodes: int) -> Running:
        rate = line.campaign.pace.calls_per_second / nodes
        old = self.running.get(line.campaign.name)
        if old is None:
            return Running(line, Pacer(rate), self._trunk_pacers[line.campaign.trunk])
        old.pacer.set_rate(rate)
        old.line = line
        old.trunk_pacer = self._trunk_pacers[line.campaign.trunk]
        return old

    def _line(self, row: StoredCampaign) -> Line | None:
        name = row.campaign.name
        trunk = self._trunks.get(row.campaign.trunk)
        if trunk is None:
            self._refuse(name, f"this node's settings have no trunk {row.campaign.trunk!r}")
            return None
        key = (row.flow_file, row.flow_text, *row.sub_flows.values())
        if key not in self._flows:
            try:
                flow = load_with_parts(row.flow_text, row.flow_file, row.sub_flows)
                self._flows[key] = flow.understanding(self._ears.meanings)
            except AuthorError as error:
                self._refuse(name, f"its flow is not usable: {error}")
                return None
        flow = self._flows[key]
        if self._ears.recognizer is None and any(by_voice_alone(part) for part in (flow, *flow.parts.values())):
            self._refuse(name, "its flow asks for answers by voice alone, and this node has no [speech] engine")
            return None
        return Line(row.campaign, flow, trunk, self.breakers[row.campaign.trunk])

    def _refuse(self, name: str, why: str) -> None:
        self.unusable[name] = why
        if why not in self._said:
            self._said.add(why)
            _log.error("campaign cannot be dialled on this node", campaign=name, reason=why)
