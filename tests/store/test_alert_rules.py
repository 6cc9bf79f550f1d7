"""The rules and the board for Prometheus on what our processes really serve: each fault fires its alert, and no other.

The pages of a service and of a worker, before a fault and with it, are the samples; promtool plays them to the rules.
"""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from agi_app.api.event_stream import EventStream
from agi_app.api.metrics import Metrics
from agi_app.consent.opt_out_journal import Journal
from agi_app.dialer.circuit_breaker import FAULTS_TO_OPEN, Breaker
from agi_app.installation import Installation
from agi_app.model.call import Outcome
from agi_app.monitoring.holding import Holding
from agi_app.monitoring.measures import Measures
from agi_app.operations.service import webhooks
from agi_app.shared_files import shared
from agi_app.store.webhooks import deliveries
from sandbox.root import ensure_tools
from tests.store.alert_site import (
    AlertSite,
    backup_failed,
    backup_late,
    caller_id_ending,
    campaign_paused,
    consents_ending,
    feed_failed,
    nobody_dialled,
    node_lost,
)
from tests.store.feed_office import running_office
from tests.store.world import World, installation_for
from tests.unit.monitoring.test_metric_names import of_service, of_worker, worker_figures

pytestmark = pytest.mark.postgres
MONITORING = shared("monitoring")
RULES = yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
OF_PROMETHEUS = {"AgiAppWorkerDown", "AgiAppConsoleDown"}  # by its own figure ``up``; alerts-tests.yml has their faults
BEFORE, AFTER, STEP_S = 8, 100, 15  # samples without and with the fault, and their distance
Samples = dict[str, float]


@pytest.fixture(scope="module", autouse=True)
def promtool() -> None:
    ensure_tools(print, ("promtool",))


def run(*words: str, given: str = "") -> str:
    """What promtool says; it must be content."""
    done = subprocess.run(["promtool", *words], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Watched:
    """A service on a database, and a worker's figures: what a scrape of both gets."""

    def __init__(self, site: AlertSite, inst: Installation) -> None:
        self.site, self.inst = site, inst
        self.measures, self.breaker = Measures(), Breaker()
        self.worker = worker_figures(self.measures, {"carrier": self.breaker})

    async def pages(self) -> tuple[str, str]:
        """Of the worker and of the service, new."""
        service = await Metrics(EventStream(self.inst)).text(self.inst)
        return (await self.worker.text()).decode(), service.decode()


@pytest.fixture
async def watched(world: World, tmp_path: Path) -> Watched:
    site = AlertSite(world, tmp_path)
    inst = installation_for(world.store, Journal(tmp_path, world.store.clock))
    return Watched(site, dataclasses.replace(inst, settings=site.settings))


def samples(pages: tuple[str, str]) -> Samples:
    """Every sample as a series, as Prometheus names it."""
    found = {}
    for job, page in zip(("agi-app-worker", "agi-app-console"), pages, strict=True):
        for family in text_string_to_metric_families(page):
            for one in family.samples:
                labels = {**one.labels, "instance": "here", "job": job}
                inside = ", ".join(f"{name}={json.dumps(value)}" for name, value in sorted(labels.items()))
                found[f"{one.name}{{{inside}}}"] = one.value
    return found


def series(before: Samples, after: Samples) -> Iterator[dict[str, str]]:
    """What promtool plays: the first page for a while, then the second; a counter goes on as it grew."""
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        if re.match(r"\w+_(total|bucket|count|sum)\{", name):
            yield {"series": name, "values": f"{was or 0:f}+{(now or 0) - (was or 0):f}x{BEFORE + AFTER}"}
            continue
        first = f"_x{BEFORE}" if was is None else f"{was:f}+0x{BEFORE - 1}"
        yield {"series": name, "values": f"{first} " + (f"_x{AFTER}" if now is None else f"{now:f}+0x{AFTER - 1}")}


def fired(folder: Path, before: Samples, after: Samples) -> set[str]:
    """The alerts that fire while the fault is there: none is expected, and promtool says which it found."""
    names = [rule["alert"] for rule in RULES]
    at = f"{(BEFORE + AFTER - 1) * STEP_S}s"
    test = {
        "rule_files": [str(MONITORING / "alerts.yml")],
        "tests": [{
            "interval": f"{STEP_S}s", "input_series": list(series(before, after)),
            "alert_rule_test": [{"eval_time": at, "alertname": name, "exp_alerts": []} for name in names],
        }],
    }  # fmt: skip
    file = folder / "played.yml"
    file.write_text(json.dumps(test))
    done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    found = re.findall(r"alertname: (\w+)", said)
    assert bool(found) == bool(done.returncode), said
    return set(found)


# ---- each fault, as our processes show it


async def of_site(make: Callable[[AlertSite], Awaitable[object]], watched: Watched) -> None:
    await make(watched.site)


async def trunk_paused(watched: Watched) -> None:
    for _ in range(FAULTS_TO_OPEN):
        watched.breaker.ended(watched.breaker.started(), Outcome.CONGESTION, 1.0, 503)


async def holds(watched: Watched) -> None:
    watched.worker._worker.all_holdings = lambda: iter([Holding("asterisk", "no connection")])  # type: ignore[method-assign]


async def stops_stay(watched: Watched) -> None:
    watched.worker._stops.pending = True  # type: ignore[misc]


async def marks_late(watched: Watched) -> None:
    for _ in range(50):
        watched.measures.mark_to_invite_s.observe(0.29)


async def events_wait(watched: Watched) -> None:
    store = watched.site.store
    await deliveries.tell_one(store, 1, "webhook.test")
    assert await deliveries.spread(store, watched.site.clock.real_now()) == 1
    await store.execute("UPDATE webhook_event SET recorded_at = recorded_at - interval '1 hour'")


async def feed_late(watched: Watched) -> None:
    await running_office(watched.site.world, watched.site.project.folder.parent / "office")


FAULTS: dict[str, Callable[[Watched], Awaitable[object]]] = {
    "AgiAppNobodyDialled": partial(of_site, nobody_dialled),
    "AgiAppWorkerLost": partial(of_site, node_lost),
    "AgiAppWorkerHolds": holds,
    "AgiAppTrunkPaused": trunk_paused,
    "AgiAppCampaignPaused": partial(of_site, campaign_paused),
    "AgiAppCallerIdEnds": partial(of_site, caller_id_ending),
    "AgiAppConsentsEnd": partial(of_site, consents_ending),
    "AgiAppFeedFailed": partial(of_site, feed_failed),
    "AgiAppFeedLate": feed_late,
    "AgiAppBackupFailed": partial(of_site, backup_failed),
    "AgiAppBackupLate": partial(of_site, backup_late),
    "AgiAppStopsNotStored": stops_stay,
    "AgiAppMarksLate": marks_late,
    "AgiAppWebhooksWait": events_wait,
}


def test_each_alert_has_its_fault_here() -> None:
    assert {rule["alert"] for rule in RULES} == {*FAULTS} | OF_PROMETHEUS


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_fires_its_alert_and_no_other(watched: Watched, name: str, tmp_path: Path) -> None:
    await webhooks.add(watched.inst, "https://hooks.example/agi-app", ["person.stopped"])
    before = await watched.pages()
    await FAULTS[name](watched)
    after = await watched.pages()
    assert fired(tmp_path, samples(before), samples(before)) == set()
    assert fired(tmp_path, samples(before), samples(after)) == {name}


# ---- the files


async def test_promtool_is_content_with_pages_and_files(watched: Watched) -> None:
    await nobody_dialled(watched.site)
    for page in await watched.pages():
        assert run("check", "metrics", given=page) == ""
    assert f"{len(RULES)} rules found" in run("check", "rules", str(MONITORING / "alerts.yml"))
    run("test", "rules", str(MONITORING / "alerts-tests.yml"))
    run("check", "config", "--syntax-only", str(MONITORING / "prometheus.yml"))


def test_the_board_asks_for_figures_that_there_are(tmp_path: Path) -> None:
    board = json.loads((MONITORING / "grafana-board.json").read_text("utf-8"))
    asked = [one["expr"] for panel in board["panels"] for one in panel["targets"]]
    assert len(asked) > 15
    known = {*of_worker(), *of_service(), "agi_app_worker_process_cpu_seconds_total"}
    for text in (*asked, *(rule["expr"] for rule in RULES)):
        names = re.findall(r"\bagi_app_\w+", text)
        assert names or "up{" in text
        assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in names} <= known, text
    rules = [
        {"record": f"x:{place}", "expr": text.replace("$__rate_interval", "1m")} for place, text in enumerate(asked)
    ]
    (tmp_path / "board.yml").write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}))
    assert f"{len(asked)} rules found" in run("check", "rules", str(tmp_path / "board.yml"))
    ids: list[Any] = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
