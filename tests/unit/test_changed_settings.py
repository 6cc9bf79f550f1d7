"""What of changed settings a running process takes over, and what it names for a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agi_app.changed_settings import BY_CONSOLE, BY_DELIVERY, BY_WORKER, changed, taken_over
from agi_app.config.setting_faults import tables
from agi_app.config.settings import Settings

CARRIER = {"endpoint": "PJSIP/{number}@carrier", "calls_per_second": 1, "concurrent": 5}


def settings(**given: Any) -> Settings:
    return Settings(project=Path("/srv/clinic"), **{"trunks": {"carrier": CARRIER}, **given})


def test_nothing_has_changed() -> None:
    assert changed(settings(), settings()) == []
    assert taken_over(settings(), settings(), BY_WORKER) == settings()


def test_a_worker_takes_limits_over_and_not_where_its_asterisk_is() -> None:
    old = settings()
    new = settings(
        trunks={"carrier": {**CARRIER, "concurrent": 9, "prefix": "00"}},
        asterisk={"concurrent": 3, "url": "http://127.0.0.1:9/ari"},
        approve_above=100,
    )
    holds = taken_over(old, new, BY_WORKER)
    assert changed(old, holds) == ["approve_above", "asterisk.concurrent", "trunks.carrier.concurrent"]
    assert changed(holds, new) == ["asterisk.url", "trunks.carrier.prefix"]
    assert holds.trunks["carrier"].concurrent == 9
    assert holds.trunks["carrier"].prefix == ""
    assert old.trunks["carrier"].concurrent == 5, "the old ones are as they were"


def test_a_new_trunk_and_one_that_is_gone_need_a_restart() -> None:
    """A campaign must not be dialled by a trunk that nobody has looked at, nor lose one in the middle."""
    new = settings(trunks={"other": CARRIER})
    holds = taken_over(settings(), new, BY_WORKER)
    assert list(holds.trunks) == ["carrier"]
    assert changed(holds, new) == ["trunks.carrier", "trunks.other"]


def test_lines_come_and_go() -> None:
    line = {"number": "+862155500001", "flow": "who-called"}
    new = settings(lines={"front": line})
    assert list(taken_over(settings(), new, BY_WORKER).lines) == ["front"]
    assert taken_over(new, settings(), BY_WORKER).lines == {}
    holds = taken_over(new, settings(lines={"front": {**line, "flow": "other"}}), BY_WORKER)
    assert holds.lines["front"].flow == "other"


def test_ports_of_a_gateway_take_their_limits_over() -> None:
    def gateway(per_day: int, number: str) -> dict[str, Any]:
        port = {"number": number, "calls_per_day": per_day}
        return {"gsm": {"endpoint": "PJSIP/{number}@gsm-{port}", "ports": {"one": port}}}

    new = settings(trunks=gateway(20, "+862155500002"))
    holds = taken_over(settings(trunks=gateway(10, "+862155500001")), new, BY_WORKER)
    assert holds.trunks["gsm"].ports["one"].calls_per_day == 20
    assert changed(holds, new) == ["trunks.gsm.ports.one.number"]


def test_a_password_is_named_and_not_shown() -> None:
    assert changed(settings(), settings(ami={"password": "secret"})) == ["ami.password"]


@pytest.mark.parametrize(
    ("live", "given"),
    [
        (BY_DELIVERY, {"webhooks": {"keep_days": 50}}),
        (BY_CONSOLE, {"console": {"certificate": "a.pem", "certificate_key": "a.key"}}),
    ],
)
def test_other_processes_have_their_own(live: tuple[str, ...], given: dict[str, Any]) -> None:
    new = settings(**given, ami={"port": 5039})
    assert changed(taken_over(settings(), new, live), new) == ["ami.port"]


def test_all_that_is_taken_over_are_settings() -> None:
    """One that is renamed would else need a restart without a word."""
    known = {f"{table}.{name}" for table, names in tables(Settings) for name in names} | set(Settings.model_fields)
    for path in (*BY_WORKER, *BY_DELIVERY, *BY_CONSOLE):
        whole = path.removesuffix(".*").replace(".ports.*", "").replace("*", "NAME")
        assert whole in known or path.count(".*.") == 2, path
