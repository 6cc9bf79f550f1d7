"""The figures of ``scripts/bench service``: the slowest kind of question counts, not the average of all."""

from __future__ import annotations

from typing import Any

from bench.service import console
from bench.service.main import faults
from bench.service.population import Sizes
from bench.service.trial import figures


def test_the_slowest_kind_counts() -> None:
    found = figures({"quick": [0.001] * 990, "slow": [0.2] * 10})
    assert (found["p95_ms"], found["p99_ms"], found["slowest_kind"]) == (200.0, 200.0, "slow")
    assert found["all"] == {"p50": 1.0, "p95": 1.0, "p99": 200.0}
    rest = {"stream_cores": 0.1, "idle_mib": 99.0, "start_s": 1.0, "export_million_s": 60.0}
    rest |= {"export_million_xlsx_s": 300.0, "export_csv_mib": 200.0, "export_xlsx_mib": 256.0}
    calls: dict[str, Any] = {"rate_ratio": 0.99, "mark_to_invite_p99_ms": {"alone": 9.0, "beside": 19.0}}
    assert faults(found | rest | calls | {"slowest_statement_ms": 99.0}) == ["p95_ms is 200.0, more than 150"]
    calls = {"rate_ratio": 0.9, "mark_to_invite_p99_ms": {"alone": 20.0, "beside": 26.0}}
    assert len(faults(found | rest | calls | {"slowest_statement_ms": 101.0})) == 4


def test_the_console_is_judged_by_its_own_limits() -> None:
    good = {"p95_ms": 150.0, "p99_ms": 400.0, "slowest_statement_ms": 100.0, "viewer_cores": 0.1}
    good |= {"event_to_page_p95_s": 1.0, "console_mib": 180.0, "rate_ratio": 0.98}
    assert console.faults(good) == []
    for name, bad in (("viewer_cores", 0.11), ("event_to_page_p95_s", 1.1), ("rate_ratio", 0.97), ("p95_ms", 151.0)):
        (told,) = console.faults(good | {name: bad})
        assert told.startswith(f"{name} is {bad}")


def test_every_contact_belongs_to_a_campaign() -> None:
    sizes = Sizes(10_000_000)
    ends = [(base, number) for _, base, number in sizes.of_campaigns()]
    assert sum(number for _, number in ends) == 10_000_000
    assert [base for base, _ in ends] == [0, 8_000_000, 9_200_000, 9_700_000]
    assert sizes.persons == 8_000_000
