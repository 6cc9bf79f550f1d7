"""What a worker knows of itself at this moment, for Prometheus: why it holds, its calls, trunks, agents and journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from agi_app.consent.opt_outs import Stops
from agi_app.dialer.circuit_breaker import PAUSES
from agi_app.dialer.loop import Dialer
from agi_app.dialer.node import Node
from agi_app.dialer.worker.health import Worker
from agi_app.monitoring.holding import CODES
from agi_app.monitoring.measures import PREFIX

AUDIT_AGES = {
    "checkpoint": "How long rows have waited for a signed checkpoint of the audit tree",
    "witness": "How long a checkpoint has waited for the witness copy",
}


class WorkerFigures(Collector):
    """One worker's page; what it counts and times is in the measures of its node."""

    def __init__(
        self,
        node: Node,
        worker: Worker,
        dialer: Dialer,
        stops: Stops,
        queued: Callable[[], int],
        unanswered: Callable[[], int],
        audit_ages: Callable[[], Mapping[str, float]],
    ) -> None:
        """``queued``: utterances that wait for the recogniser. ``unanswered``: questions that got no answer.

        ``audit_ages``: seconds for which rows, and checkpoints, have waited; of those that are known.
        """
        self._node, self._worker, self._dialer, self._stops = node, worker, dialer, stops
        self._queued, self._unanswered, self._audit_ages = queued, unanswered, audit_ages
        self._seen: list[Metric] = []
        node.measures.registry.register(self)

    async def text(self) -> bytes:
        """The page of a scrape: seen at one moment, and written beside the calls."""
        self._seen = list(self._look())
        return await asyncio.to_thread(generate_latest, self._node.measures.registry)

    def collect(self) -> Iterable[Metric]:
        """What there was when the scrape began."""
        return self._seen

    def describe(self) -> Iterable[Metric]:
        """Nothing before the first scrape."""
        return []

    def _look(self) -> Iterator[Metric]:
        info = InfoMetricFamily(f"{PREFIX}_worker", "The version, and the calling rules that it judges by")
        info.add_metric([], {"version": metadata.version("agi-app"), "ruleset": self._node.ruleset.version})
        yield info
        holds = {one.code for one in self._worker.all_holdings()}
        yield _gauge("dialling", "1: it may dial", float(not holds and self._dialer.waiting_reason is None))
        holding = _gauge("worker_holding", "1: it dials nobody because of this", labels=("reason",))
        for code in CODES:
            holding.add_metric([code], float(code in holds))
        yield holding
        calls = _gauge("open_calls", "Calls of this worker that were claimed and have not ended", labels=("trunk",))
        for trunk in self._dialer.lines.breakers:
            calls.add_metric([trunk], self._dialer.open_on[trunk])
        yield calls
        yield from self._trunks()
        yield from self._agents()
        pending = float(self._stops.pending)
        yield _gauge("journal_unflushed", "1: the journal may hold stops that the database does not have", pending)
        ages = self._audit_ages()
        for name, words in AUDIT_AGES.items():
            age = _gauge(f"audit_{name}_age_seconds", words, labels=())
            if name in ages:
                age.add_metric([], ages[name])
            yield age
        yield _gauge("speech_queue", "Utterances that wait to be understood", self._queued())
        yield CounterMetricFamily(
            f"{PREFIX}_guard_unanswered", "Questions about calls that come in which got no answer", self._unanswered()
        )

    def _trunks(self) -> Iterator[Metric]:
        paused = _gauge("trunk_paused", "1: nobody is called through it because of this", labels=("trunk", "reason"))
        registered = _gauge("trunk_registered", "1: Asterisk says nothing against it", labels=("trunk",))
        for trunk, breaker in self._dialer.lines.breakers.items():
            for reason in PAUSES:
                paused.add_metric([trunk, reason], float(reason in breaker.paused_by))
            registered.add_metric([trunk], float(breaker.cut_off is None))
        yield from (paused, registered)

    def _agents(self) -> Iterator[Metric]:
        agents = _gauge("agents", "Agents whom running campaigns call for", labels=("destination", "state"))
        for name, told in self._dialer.agents.told().items():
            for state in ("free", "busy"):
                if isinstance(number := told.get(state), int):
                    agents.add_metric([name, state], number)
        yield agents


def _gauge(
    name: str, words: str, value: float | None = None, labels: tuple[str, ...] | None = None
) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", words, value, labels)
