"""A pytest plugin: after the moment TESTS_BEGIN_UNTIL (seconds since 1970) no test begins; what is left is told."""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest

LEFT_OUT = "no time left"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Before any fixture."""
    if time.time() > float(os.environ["TESTS_BEGIN_UNTIL"]):  # noqa: TID251 - both processes have the same one
        pytest.skip(LEFT_OUT)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which files, and how many tests of each."""
    skipped = terminalreporter.stats.get("skipped", [])
    left = Counter(report.location[0] for report in skipped if LEFT_OUT in str(report.longrepr))
    if left:
        terminalreporter.section(f"NOT RUN: {left.total()} tests, for the time was over")
        for file, number in left.items():
            terminalreporter.line(f"{number:5} of {file}")
