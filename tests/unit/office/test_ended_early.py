"""A fortnight that ends early is judged as far as it was lived, and one of which nothing was lived is not."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any, cast

import pytest

from office.__main__ import before, live
from office.fortnight import Fortnight, Lived
from office.scenario.make import scenario
from sandbox.errors import SandboxError


def ended(error: BaseException | None, *moments: str) -> Fortnight:
    """One that lived these moments and then met the error."""

    def run() -> None:
        if error is not None:
            raise error

    at = [dt.datetime.fromisoformat(moment) for moment in moments]
    return cast(Fortnight, SimpleNamespace(run=run, lived=Lived(spans=[(one, one) for one in at])))


@pytest.fixture
def wanted() -> dict[str, Any]:
    return dict(scenario(1, 60))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SandboxError("no worker")])
def test_it_is_cut_short_to_the_last_span_that_was_lived(wanted: dict[str, Any], error: BaseException) -> None:
    spans = [high for _, high in wanted["run_through"]]
    said: list[str] = []
    assert not live(ended(error, "2026-03-31T09:24:00+08:00", "2026-04-01T09:24:00+08:00"), wanted, said.append)
    assert wanted["end"] == max(high for high in spans if high < "2026-04-01T09:24")
    assert f"judged until {wanted['end']}" in said[0]
    rows: list[dict[str, Any]] = [
        {"at": "2026-03-31T10:00:00+08:00"},
        {"at": "2026-04-01T10:00:00+08:00"},
        {"at": None},
    ]
    assert before(wanted["end"], rows, "at") == [rows[0], rows[2]]


def test_a_whole_one_is_not_cut_and_one_that_never_began_is_none(wanted: dict[str, Any]) -> None:
    end = wanted["end"]
    assert live(ended(None, end), wanted, lambda _: None)
    assert wanted["end"] == end
    with pytest.raises(SandboxError, match="no worker"):
        live(ended(SandboxError("no worker")), wanted, lambda _: None)
