"""Which tests a change touches: those near it by imports, by the command they give, and by the files they name."""

from __future__ import annotations

import grimp
import pytest

from scripts.lib import changed_tests
from scripts.lib.changed_tests import Imports, chosen

# who imports whom, in the least package that has each kind
GRAPH = {
    "tests.test_store": "agi_app.store.stops",
    "tests.test_others": "agi_app.operations.stops",
    "agi_app.operations.stops": "agi_app.store.stops",
    "agi_app.cli.people.suppression": "agi_app.operations.stops",
    "tests.far.test_far": "agi_app.far",
    "agi_app.far": "agi_app.operations.stops",
    "tests.near.test_conf": "tests.near.helper",
    "tests.unit.test_unit": "agi_app.store.stops",
}
TEXTS = {
    **dict.fromkeys(GRAPH, ""),
    "agi_app.store.stops": "",
    "tests.near.helper": "",
    "tests.near.conftest": "",
    "tests.test_command": 'run("suppression", "add")',
    "tests.test_dialplan": "extensions_agi_app.conf",
}


@pytest.fixture
def imports() -> Imports:
    graph = grimp.ImportGraph()
    for module in TEXTS:
        graph.add_module(module)
    for importer, imported in GRAPH.items():
        graph.add_import(importer=importer, imported=imported)
    return Imports(graph, TEXTS)


@pytest.mark.parametrize(
    ("file", "near"),
    [
        ("agi_app/store/stops.py", {"test_store": 1, "unit.test_unit": 1, "test_others": 2, "test_command": 2}),
        ("agi_app/store/stops.sql", {"test_store": 1, "unit.test_unit": 1, "test_others": 2, "test_command": 2}),
        ("agi_app/cli/people/suppression.py", {"test_command": 1}),
        ("agi_app/operations/stops.py", {"test_others": 1, "test_command": 1, "far.test_far": 2}),
        ("dialplan/extensions_agi_app.conf", {"test_dialplan": 0}),
        ("tests/near/helper.py", {"near.test_conf": 1}),
        ("tests/near/conftest.py", {"near.test_conf": 0}),
        ("docs/how-to/extensions_agi_app.conf", {}),
        ("agi_app/nothing.py", {}),
    ],
)
def test_near_is_two_imports_or_a_command_or_a_name(imports: Imports, file: str, near: dict[str, int]) -> None:
    found = {module.removeprefix("tests."): far for module, far in imports.near([file]).items() if ".test_" in module}
    assert found == near


def test_a_change_of_the_worker_makes_calls_and_one_of_the_docs_reads_them(imports: Imports) -> None:
    assert set(changed_tests.CALLS) <= chosen(["agi_app/dialer/loop.py"], imports).keys()
    assert chosen(["docs/quickstart.md"], imports) == dict.fromkeys(changed_tests.DOCS, 1)


def test_the_nearest_come_first_and_of_them_the_quick_and_no_unit_tests(imports: Imports) -> None:
    """Unit tests run all."""
    assert list(chosen(["agi_app/store/stops.py", "tests/near/conftest.py"], imports)) == [
        "tests/near/test_conf.py",
        "tests/test_docs.py",
        "tests/test_store.py",
        "tests/slow/test_operations_shape.py",
        "tests/test_command.py",
        "tests/test_others.py",
    ]


def test_every_test_that_is_named_exists() -> None:
    named = {test for tests in changed_tests.ALWAYS.values() for test in tests}
    assert {test for test in named if not (changed_tests.ROOT / test).is_file()} == set()
