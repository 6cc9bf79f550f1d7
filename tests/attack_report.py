"""A pytest plugin for scripts/attack: which attacks were made, which were held, and which the documents say are not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

PROPERTY = "attack"


@dataclass(slots=True)
class Attack:
    """One attack (a test function; its parameters are tries of it)."""

    what: str
    documented: str | None
    tries: int = 0
    broken: list[str] = field(default_factory=list)


class Report:
    """Collects the attacks of a run and prints them at its end."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._attacks: dict[str, Attack] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Every test with the mark is a try of the attack that its mark names; its reports say so, from any process."""
        for item in items:
            for mark in item.iter_markers("attack"):
                self._attack(str(mark.args[0]), mark.kwargs.get("documented"))
                item.user_properties.append((PROPERTY, (str(mark.args[0]), mark.kwargs.get("documented"))))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A failure of any part of a test breaks its attack; a skipped one was not made."""
        for name, value in report.user_properties:
            if name != PROPERTY:
                continue
            attack = self._attack(*value)  # type: ignore[misc]
            if report.when == "call" and not report.skipped:
                attack.tries += 1
            if report.failed:
                attack.broken.append(report.nodeid)

    def _attack(self, what: str, documented: str | None) -> Attack:
        return self._attacks.setdefault(what, Attack(what, documented))

    @property
    def figures(self) -> dict[str, object]:
        """What --json prints."""
        made = [attack for attack in self._attacks.values() if attack.tries or attack.broken]
        broken = [attack for attack in made if attack.broken]
        documented = [attack for attack in made if attack.documented and not attack.broken]
        return {
            "cases": len(made),
            "tries": sum(attack.tries for attack in made),
            "held": len(made) - len(broken) - len(documented),
            "broken": len(broken),
            "documented": [f"{attack.what} ({attack.documented})" for attack in documented],
            "not_made": len(self._attacks) - len(made),
        }

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """After everything else, so that the figures are the last line."""
        config = terminalreporter.config
        if config.getoption("collectonly"):
            return
        if not self._as_json:
            for attack in self._attacks.values():
                verdict = "BROKEN" if attack.broken else "documented" if attack.documented else "held"
                terminalreporter.write_line(f"{verdict if attack.tries else 'not made':10} {attack.what}")
        terminalreporter.write_line(json.dumps(self.figures, ensure_ascii=False))


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--attack-json``: figures alone."""
    parser.addoption("--attack-json", action="store_true", help="print the figures of the attacks alone")


def pytest_configure(config: pytest.Config) -> None:
    """Join the run."""
    config.pluginmanager.register(Report(bool(config.getoption("--attack-json"))), "attack-report")
