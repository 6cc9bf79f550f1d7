"""What `check` says of results targets: the campaign that is not there, the statement that would not do its work."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.campaigns.checks.results_targets import check_results_targets
from agi_app.config.results import ResultsSettings

DATABASE = "postgresql://results@localhost/clinic"
UPDATE = "UPDATE appointment SET result = %(outcome)s WHERE no = %(id)s"


def found(project: Path, *campaigns: str, **target: object) -> list[tuple[str, str]]:
    """Rule and place of each problem, with one campaign `appointment`."""
    (project / "agi-app.toml").write_text("# clinic\n\n[results.clinic]\n")
    settings = ResultsSettings(campaigns=campaigns or ("appointment",), **target)
    problems = check_results_targets(project, {"clinic": settings}, {"appointment"})
    return [(problem.rule, f"{problem.file}:{problem.line}:{problem.column}") for problem in problems]


def test_a_good_target_has_no_fault(tmp_path: Path) -> None:
    assert found(tmp_path, folder="in") == []
    assert found(tmp_path, database_url=DATABASE, statement=UPDATE) == []


def test_a_campaign_that_is_not_there_is_named_at_the_target(tmp_path: Path) -> None:
    assert found(tmp_path, "apointment", folder="in") == [("results/unknown-campaign", "agi-app.toml:3:1")]


@pytest.mark.parametrize(
    ("statement", "rules"),
    [
        ("UPDATE a SET r = %(result)s", ["results/statement"]),
        ("UPDATE a SET r = 'x' WHERE i = %s", ["results/statement"]),
        ("INSERT INTO r (key) VALUES (%(key)s) ON CONFLICT (key) do\n nothing", ["results/do-nothing"]),
        ("-- results\ninsert INTO r (id) VALUES (%(id)s)", ["results/no-key"]),
        ("INSERT INTO r (id) VALUES (%(id)s) ON CONFLICT DO NOTHING", ["results/do-nothing", "results/no-key"]),
    ],
)
def test_a_statement_that_would_not_do_its_work_is_told(statement: str, rules: list[str], tmp_path: Path) -> None:
    assert [rule for rule, _ in found(tmp_path, database_url=DATABASE, statement=statement)] == rules


def test_a_fault_in_a_file_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "put.sql").write_text("UPDATE a\nSET r = 5 % 2\nWHERE i = %(id)s")
    given = {"database_url": DATABASE, "statement_file": "put.sql"}
    assert found(tmp_path, **given) == [("results/statement", "put.sql:2:11")]
    (tmp_path / "put.sql").unlink()
    assert found(tmp_path, **given) == [("results/statement", "agi-app.toml:3:1")]
