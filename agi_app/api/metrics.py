"""Figures for Prometheus, read from the database at most every five seconds; no label names a person."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from importlib import metadata

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from agi_app.api.event_stream import EventStream
from agi_app.installation import Installation
from agi_app.operations.service import service_figures
from agi_app.operations.service.service_figures import ServiceFigures

PREFIX = "agi_app"
AGE_S = 5.0
SLOW_AGE_S = 600.0  # of what reads many rows
PROMPTS = "prompts"  # the one reason for which a campaign pauses itself
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


class Metrics:
    """All that one process tells; ``text`` is what a scrape gets."""

    def __init__(self, stream: EventStream) -> None:
        self._lock = asyncio.Lock()
        self._found: ServiceFigures | None = None
        self._at = self._consents_at = 0.0
        self._consents: dict[int, int] | None = None
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.registry.register(_Database(self, stream))
        labels = ("route", "method", "code")
        self.requests = Counter("http_requests", "Requests", labels, namespace=PREFIX, registry=self.registry)
        self.logins = Counter("login_failures", "Refused", ("reason",), namespace=PREFIX, registry=self.registry)
        self.seconds = Histogram(
            "http_request_duration_seconds", "Their time", ("route",), namespace=PREFIX, registry=self.registry
        )

    def login_failed(self, reason: str) -> None:
        """Note a sign-in that was refused: wrong (name, password or code), or wait (too many tries)."""
        self.logins.labels(reason).inc()

    def count(self, route: str, method: str, code: int, seconds: float) -> None:
        """Note one request; ``route`` as it is declared, never as it came."""
        self.requests.labels(route, method if method in METHODS else "other", str(code)).inc()
        self.seconds.labels(route).observe(seconds)

    @property
    def figures(self) -> ServiceFigures | None:
        """What the database said last; None: it does not answer."""
        return self._found

    async def text(self, inst: Installation) -> bytes:
        """The page of a scrape, for who may read figures. Raises StoreError."""
        async with self._lock:
            now = inst.clock.monotonic()
            if self._found is None or now - self._at >= AGE_S:
                if self._consents is None or now - self._consents_at >= SLOW_AGE_S:
                    self._consents, self._consents_at = await service_figures.consents_ending(inst), now
                self._found = await service_figures.read(inst, self._consents)
                self._at = now
        return generate_latest(self.registry)


class _Database(Collector):
    def __init__(self, metrics: Metrics, stream: EventStream) -> None:
        self._metrics = metrics
        self._stream = stream

    def collect(self) -> Iterable[Metric]:
        """What is true now."""
        info = InfoMetricFamily(f"{PREFIX}_build", "The version")
        found = self._metrics.figures
        schema = {} if found is None else {"schema": str(found.schema)}
        info.add_metric([], {"version": metadata.version("agi-app"), **schema})
        yield info
        yield GaugeMetricFamily(f"{PREFIX}_sse_clients", "Readers of the stream of events", self._stream.readers)
        if found is not None:
            yield from _of(found)

    def describe(self) -> Iterable[Metric]:
        """Nothing before the first scrape."""
        return []


def _of(found: ServiceFigures) -> Iterator[Metric]:
    up = GaugeMetricFamily(f"{PREFIX}_up", "Whether a worker lives", labels=["node"])
    holding = GaugeMetricFamily(f"{PREFIX}_node_holding", "Whether a worker dials nobody", labels=["node"])
    for worker in found.workers:
        up.add_metric([worker.name], float(worker.alive))
        holding.add_metric([worker.name], float(worker.alive and worker.waiting_reason is not None))
    yield up
    yield holding
    contacts = GaugeMetricFamily(f"{PREFIX}_contacts", "Contacts by state", labels=["campaign", "state"])
    ended = GaugeMetricFamily(f"{PREFIX}_calls_ended", "Calls by outcome", labels=["campaign", "outcome"])
    refused = GaugeMetricFamily(
        f"{PREFIX}_contacts_refused", "Contacts by the rules that refused them last", labels=["campaign", "rule"]
    )
    states = GaugeMetricFamily(f"{PREFIX}_campaign_state", "1: it is in this state", labels=["campaign", "state"])
    paused = GaugeMetricFamily(
        f"{PREFIX}_campaign_paused_itself", "1: it did, because of this", labels=["campaign", "reason"]
    )
    for campaign in found.campaigns:
        states.add_metric([campaign.name, campaign.state], 1)
        paused.add_metric([campaign.name, PROMPTS], float(campaign.paused_itself))
        for name, number in campaign.contacts.items():
            contacts.add_metric([campaign.name, name], number)
        for name, number in campaign.outcomes.items():
            ended.add_metric([campaign.name, name], number)
        for name, number in campaign.refused.items():
            refused.add_metric([campaign.name, name], number)
    yield from (states, paused, contacts, ended, refused)
    calls = GaugeMetricFamily(f"{PREFIX}_calls_in_progress", "Calls that go on", labels=["campaign", "trunk"])
    for (name, trunk), number in found.calls.items():
        calls.add_metric([name, trunk], number)
    yield calls
    abandoned = GaugeMetricFamily(
        f"{PREFIX}_abandoned_ratio", "Of the answered calls of 30 days, those that found no agent", labels=["campaign"]
    )
    for name, share in found.abandoned.items():
        abandoned.add_metric([name], share)
    yield abandoned
    yield from _endings(found)
    yield from _webhooks(found)
    yield from _feeds(found)


def _endings(found: ServiceFigures) -> Iterator[Metric]:
    yield GaugeMetricFamily(f"{PREFIX}_audit_leaves", "Sealed rows", found.leaves)
    expiring = GaugeMetricFamily(f"{PREFIX}_caller_id_expiry_seconds", "Of each number shown", labels=["number_index"])
    for index, seconds in enumerate(found.caller_id_expiry_s):
        expiring.add_metric([str(index)], seconds)
    yield expiring
    yield GaugeMetricFamily(
        f"{PREFIX}_nobody_dialled_seconds", "How long nobody was dialled though somebody was due", found.idle_s
    )
    age = GaugeMetricFamily(f"{PREFIX}_backup_age_seconds", "Age of the newest backup")
    if found.backup_age_s is not None:
        age.add_metric([], found.backup_age_s)
    yield age
    yield GaugeMetricFamily(f"{PREFIX}_sessions", "Sessions of the console's pages", found.sessions)
    yield GaugeMetricFamily(f"{PREFIX}_backup_failed", "Whether the last try failed", float(found.backup_failed))
    consents = GaugeMetricFamily(f"{PREFIX}_consents_ending", "Consents that end within so many days", labels=["days"])
    for days, number in found.consents_ending.items():
        consents.add_metric([str(days)], number)
    yield consents


def _webhooks(found: ServiceFigures) -> Iterator[Metric]:
    queue = GaugeMetricFamily(f"{PREFIX}_webhook_queue", "Deliveries that wait, up to 10,000", labels=["endpoint"])
    oldest = GaugeMetricFamily(f"{PREFIX}_webhook_oldest_seconds", "Age of the oldest that waits", labels=["endpoint"])
    for one in found.receivers:
        queue.add_metric([str(one.endpoint_id)], one.waiting)
        oldest.add_metric([str(one.endpoint_id)], one.oldest_s)
    tries = GaugeMetricFamily(f"{PREFIX}_webhook_deliveries", "Tries of the last five minutes", labels=["result"])
    for result, number in found.webhook_tries.items():
        tries.add_metric([result], number)
    yield from (queue, oldest, tries)


def _feeds(found: ServiceFigures) -> Iterator[Metric]:
    states = GaugeMetricFamily(f"{PREFIX}_feed_state", "1: it is in this state", labels=["feed", "campaign", "state"])
    is_read = GaugeMetricFamily(f"{PREFIX}_feed_read", "Whether a process reads it", labels=["feed"])
    late = GaugeMetricFamily(f"{PREFIX}_feed_late", "Whether its campaign calls nobody because of it", labels=["feed"])
    good = GaugeMetricFamily(f"{PREFIX}_feed_good_age_seconds", "Age of what the last good run read", labels=["feed"])
    failed = GaugeMetricFamily(f"{PREFIX}_feed_failed", "Whether its last run failed or was refused", labels=["feed"])
    rows = GaugeMetricFamily(f"{PREFIX}_feed_rows", "Rows of the last good run by result", labels=["feed", "result"])
    ends = GaugeMetricFamily(f"{PREFIX}_feed_runs", "Runs that ended in the last day", labels=["feed", "state"])
    for feed in found.feeds:
        states.add_metric([feed.name, feed.campaign, feed.state], 1)
        is_read.add_metric([feed.name], float(feed.is_read))
        late.add_metric([feed.name], float(feed.is_late))
        failed.add_metric([feed.name], float(feed.has_failed))
        if feed.good_s is not None:
            good.add_metric([feed.name], feed.good_s)
        for result, number in feed.rows.items():
            rows.add_metric([feed.name, result], number)
        for state, number in feed.runs.items():
            ends.add_metric([feed.name, state], number)
    yield from (states, is_read, late, failed, good, rows, ends)
