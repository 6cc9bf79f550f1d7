"""Every figure has its line in the reference, in both languages; none names a person, and none is told twice."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client.metrics import MetricWrapperBase

from agi_app.api import metrics as service
from agi_app.dialer.circuit_breaker import PAUSES, Breaker
from agi_app.dialer.worker.figures import WorkerFigures
from agi_app.monitoring.holding import CODES, Holding
from agi_app.monitoring.measures import Measures
from agi_app.operations.service.service_figures import ServiceFigures

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
ROW = re.compile(r"^\| `(agi_app_\w+)` \|([^|]*)\|", re.MULTILINE)
PERSONAL = {"number", "contact", "person", "external_id", "name", "caller", "account", "actor"}
LABELS = dict[str, tuple[str, ...]]  # of each name


def worker_figures(measures: Measures, breakers: dict[str, Breaker]) -> WorkerFigures:
    """Those of a worker that has these trunks."""
    dialer = SimpleNamespace(
        waiting_reason=None,
        open_on=Counter({"carrier": 3}),
        lines=SimpleNamespace(breakers=breakers),
        agents=SimpleNamespace(
            told=lambda: {"desk": {"free": 2, "busy": 1, "wrap_up_s": 3.0}, "lost": {"unknown": "?"}}
        ),
    )
    node = SimpleNamespace(measures=measures, ruleset=SimpleNamespace(version="2026-01"))
    worker, stops = SimpleNamespace(all_holdings=list), SimpleNamespace(pending=False)
    parts = cast(Any, node), cast(Any, worker), cast(Any, dialer), cast(Any, stops)
    return WorkerFigures(*parts, queued=lambda: 4, unanswered=lambda: 5, audit_ages=lambda: {"checkpoint": 0.5})


def of_worker() -> LABELS:
    measures = Measures()
    wrapped = [one for one in vars(measures).values() if isinstance(one, MetricWrapperBase)]
    figures = worker_figures(measures, {"carrier": Breaker()})
    return _named(wrapped) | _named(figures._look())


def of_service() -> LABELS:
    made = service.Metrics(cast(Any, SimpleNamespace(readers=0)))
    empty: dict[str, Any] = {field.name: () for field in dataclasses.fields(ServiceFigures)}
    made._found = ServiceFigures(
        **empty
        | {
            "calls": {},
            "webhook_tries": {},
            "leaves": 1,
            "idle_s": 0.0,
            "consents_ending": {},
            "schema": 88,
            "backup_age_s": 1.0,
            "backup_failed": False,
            "sessions": 2,
            "abandoned": {},
        }
    )
    database = service._Database(made, cast(Any, SimpleNamespace(readers=0)))
    return _named([made.requests, made.logins, made.seconds]) | _named(database.collect())


def _named(found: Any) -> LABELS:
    """Names as they are on the page, with their labels."""
    labels = {}
    for one in found:
        kind = one._type if isinstance(one, MetricWrapperBase) else one.type
        name = one._name if isinstance(one, MetricWrapperBase) else one.name
        suffix = {"counter": "_total", "info": "_info"}.get(str(kind), "")
        names = tuple(one._labelnames)
        if kind == "info":
            names = tuple(one.samples[0].labels)
        labels[name + suffix] = names
    return labels


@pytest.mark.parametrize(("page", "comma"), [("metrics.md", ", "), ("metrics.zh-CN.md", "、")])
def test_the_reference_has_each_figure_with_its_labels(page: str, comma: str) -> None:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    _, worker, service_part = re.split(r"^## .*$", text, maxsplit=2, flags=re.MULTILINE)
    for part, wanted in ((worker, of_worker()), (service_part, of_service())):
        told = {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in ROW.findall(part)}
        assert told == wanted
        assert all(labels.strip() == comma.join(f"`{one}`" for one in told[name]) for name, labels in ROW.findall(part))
    assert set(re.findall(r"^\| `([a-z_]+)` \| [^`|]", worker, re.MULTILINE)) == set(CODES)


def test_no_figure_is_told_by_both_and_none_has_a_personal_label() -> None:
    worker, of_database = of_worker(), of_service()
    base = [name.removesuffix("_total").removesuffix("_info") for name in (*worker, *of_database)]
    assert len(base) == len(set(base))
    for labels in (*worker.values(), *of_database.values()):
        assert not PERSONAL & set(labels)


async def test_a_worker_that_ends_dials_nobody() -> None:
    """As it says to who asks for its health, so to Prometheus."""
    figures = worker_figures(Measures(), {})
    figures._worker.all_holdings = lambda: iter([Holding("ending", "it was told to end")])  # type: ignore[method-assign]
    page = (await figures.text()).decode()
    assert "agi_app_dialling 0.0" in page
    assert 'agi_app_worker_holding{reason="ending"} 1.0' in page


async def test_a_page_tells_what_is_so_when_it_is_asked_for() -> None:
    breaker = Breaker()
    figures = worker_figures(Measures(), {"carrier": breaker})
    page = (await figures.text()).decode()
    assert "_created" not in page
    assert 'agi_app_permits_total{result="late"} 0.0' in page
    assert 'agi_app_open_calls{trunk="carrier"} 3.0' in page
    assert 'agi_app_trunk_registered{trunk="carrier"} 1.0' in page
    assert 'agi_app_agents{destination="desk",state="free"} 2.0' in page
    assert 'destination="lost"' not in page
    assert "agi_app_speech_queue 4.0" in page
    assert "agi_app_audit_checkpoint_age_seconds 0.5" in page
    assert "\nagi_app_audit_witness_age_seconds" not in page, "there is no witness"
    assert "agi_app_guard_unanswered_total 5.0" in page
    assert "agi_app_worker_process_resident_memory_bytes" in page
    breaker.down, breaker.mute_until = "it is not registered", 900.0
    page = (await figures.text()).decode()
    assert 'agi_app_trunk_registered{trunk="carrier"} 0.0' in page
    told = dict(re.findall(r'agi_app_trunk_paused\{reason="(\w+)",trunk="carrier"\} (\S+)', page))
    assert told == {"faults": "0.0", "no_sound": "1.0", "not_registered": "1.0"}
    assert Breaker(open_until=1.0).paused_by == PAUSES[:1]
