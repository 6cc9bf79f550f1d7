"""How much a page of a list reads, at 200,000 contacts: a range of an index, and no more the deeper it is."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agi_app.consent.opt_out_journal import Journal
from agi_app.model.actors import Role
from agi_app.model.lists import encode
from agi_app.operations.calling import calls_now, contact_lists, reports
from agi_app.operations.calling.call_lists import attempts, decisions
from agi_app.operations.calling.contact_lists import contacts
from agi_app.store.database import statements
from agi_app.store.ledger import accounts
from agi_app.store.lists import paging
from tests.store.conftest import Cluster, open_store
from tests.store.list_cases import CASES, NOW, List, filled
from tests.store.world import installation_for

pytestmark = pytest.mark.postgres
BIG = 200_000
READ = 3 * paging.WALK  # rows, of any node of a plan
GROW = {"contact", "decision", "attempt", "person", "suppression", "revocation", "line_call", "guard_call", "complaint"}


@pytest.fixture(scope="module")
def big(cluster: Cluster) -> Iterator[str]:
    """A database with two hundred thousand contacts."""
    yield asyncio.run(filled(cluster, "lists_big", BIG))
    cluster.run("DROP DATABASE lists_big WITH (FORCE)")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The plans of all statements that are asked, as they were carried out."""
    found: list[tuple[str, dict[str, Any]]] = []
    asked = {name: getattr(statements, name) for name in ("rows", "records", "record")}

    def explained(name: str) -> Any:
        async def ask(connection: Any, *arguments: Any) -> Any:
            query, parameters = [*(arguments[1:] if name == "rows" else arguments), None][:2]
            explain = f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {query.rstrip().rstrip(';')}"
            row = await (await connection.execute(explain, parameters)).fetchone()
            found.append((query, row["QUERY PLAN"][0]["Plan"]))
            return await asked[name](connection, *arguments)

        return ask

    for name in asked:
        monkeypatch.setattr(statements, name, explained(name))
    return found


MIDDLE: dict[str, list[Any]] = {  # of what lists are sorted by
    "contact_id": [80_000],
    "decision_id": [NOW - dt.timedelta(days=15), 0],
    "attempt_id": [NOW - dt.timedelta(days=15), ""],
    "line_call_id": [NOW - dt.timedelta(hours=3), 0],
    "call_id": [NOW - dt.timedelta(hours=2), ""],
    "complaint_id": [NOW, 80],
    "stop_id": [NOW, 1000],
    "withdrawal_id": [NOW, 1000],
}
RARE: dict[str, tuple[List, dict[str, Any], str]] = {
    "rare rule": (contacts, {"campaign": "autumn", "rule": "zone_unknown"}, "contact_id"),
    "rare outcome": (contacts, {"campaign": "autumn", "outcome": "abandoned"}, "contact_id"),
    "rare decisions": (decisions, {"campaign": "autumn", "rule": "zone_unknown"}, "decision_id"),
    "rare attempts": (attempts, {"campaign": "autumn", "outcome": "abandoned"}, "attempt_id"),
    "a small campaign": (decisions, {"campaign": "survey", "allowed": False}, "decision_id"),
    "none at all": (attempts, {"campaign": "autumn", "disposition": "never"}, "attempt_id"),
}


async def test_no_page_reads_more_the_bigger_the_list(
    cluster: Cluster, big: str, tmp_path: Path, plans: list[tuple[str, dict[str, Any]]]
) -> None:
    """Each is a range of an index: no table is read as a whole, nothing big is sorted, and deep pages cost no more."""
    store = await open_store(big)
    inst = installation_for(store, Journal(tmp_path, store.clock))
    await accounts.add(store, inst.actor.account, None, [Role.COMPLIANCE], None)  # a search by number is a look
    lists = {name: (case.of, case.filters, case.key) for name, case in CASES.items()} | RARE
    key = await paging.secret(store)
    for name, (of, filters, sorted_by) in lists.items():
        plans.clear()
        first = await of(inst, **filters, limit=100)
        check(f"{name}, page 1", plans)
        if first.next is not None:
            plans.clear()
            told = of.__name__.replace("_", " ")
            middle = encode(key, told, filters, MIDDLE[sorted_by])
            await of(inst, **filters, limit=100, after=middle)
            check(f"{name}, a page in the middle", plans)
    for filters in ({"outcome": "human"}, {"state": "pending", "rule": "cap_per_week"}, {}):
        plans.clear()
        await contact_lists.count_contacts(inst, "autumn", **filters)
        check(f"count {filters}", plans)
    plans.clear()
    await reports.figures(inst, "autumn")
    check("figures", plans, 20_000)
    plans.clear()
    await calls_now.now(inst)
    await calls_now.last_hour(inst)
    check("live", plans)
    plans.clear()
    await contact_lists.contact(inst, "autumn", "C00000005")
    await contact_lists.find_contacts(inst, "C00000005")
    await contact_lists.find_contacts_by_number(inst, "+999861300000005", reason="x")
    check("search", plans)
    await store.close()


def check(what: str, plans: list[tuple[str, dict[str, Any]]], most: int = READ) -> None:
    """Nothing of these plans grows with the tables."""
    assert plans, what
    for query, plan in plans:
        for node in nodes(plan):
            told = f"{what}: {node['Node Type']} {node.get('Relation Name', '')}\n{query}"
            whole = node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROW
            assert not whole, told
            times = node["Actual Loops"]
            read = times * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
            assert read <= most, f"{read} rows: {told}"
