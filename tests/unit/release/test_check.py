"""The figures of a check of the package: what was not measured is null with its reason, and never taken for good."""

from __future__ import annotations

import pytest

from release.check import Check
from release.errors import PackageError


def test_a_part_that_fails_is_null_with_its_reason_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    found = Check()
    with found.part("watchdog", "killed"):
        _fail(PackageError("the worker does not come back\nits log"))
    with found.part("deb_mb"):
        found.figures["deb_mb"] = 47.8
    assert found.figures == {"watchdog": None, "killed": None, "deb_mb": 47.8}
    assert found.reasons["watchdog"] == "the worker does not come back"
    assert found.faults() == ["killed", "watchdog"]
    assert "its log" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("deb_mb", 60.0, 60.1),
        ("unit_score", 2.0, 2.1),
        ("reproducible", True, False),
        ("purged_clean", True, False),
        ("campaign_under_unit", "ok", "failed"),
        ("upgrade_n3", "ok", "failed"),
        ("image", "ok", "failed"),
        ("compose_campaign", "ok", "failed"),
        ("two_nodes", "ok", "failed"),
    ],
)
def test_each_figure_has_its_limit(name: str, good: object, bad: object) -> None:
    found = Check()
    assert found.faults() == []
    for value, faults in ((good, []), (bad, [name]), (None, [name])):
        found.figures[name] = value
        assert found.faults() == faults


def test_other_faults_than_those_of_a_check_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), Check().part("deb_mb"):
        _fail(ZeroDivisionError())


def _fail(error: Exception) -> None:
    raise error
