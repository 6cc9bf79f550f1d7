"""A database that the version before migration 0051 filled: calls over a gateway that are on go on, and count."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from agi_app.model.call import CallResult, Outcome
from agi_app.store.calling import nodes
from agi_app.store.calling.gateway_ports import GatewayPort, GatewayPorts
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.database.versions import FOLDER
from agi_app.store.requested_calls import rehearsals
from tests.store import one
from tests.store.conftest import open_store
from tests.store.world import CALLER_ID, World, campaign, number, rule_set

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("before_0059")]
PORTS = (GatewayPort(CALLER_ID, 1, 0.0),)
ON = "on-over-the-port"
# As the version before wrote them: a call that is on, by its number's line, and what its worker said of itself.
CALL = """
INSERT INTO attempt (attempt_id, contact_id, person_id, campaign, decision_id, node, trunk, caller_id, line, state,
                     lease_until, marked_at, rules_at, dialled)
SELECT %(on)s, contact_id, person_id, campaign, 0, 'node-1', 'carrier', %(shown)s, %(shown)s, 'dialling',
       clock_timestamp() + interval '5 min', clock_timestamp(), clock_timestamp(), true
FROM contact ORDER BY contact_id LIMIT 1
"""
BESIDE = (
    "UPDATE contact SET state = 'claimed' WHERE contact_id = (SELECT contact_id FROM attempt)",
    "INSERT INTO slot (scope, n, attempt_id) VALUES ('line:' || %(shown)s, 1, %(on)s), ('trunk:carrier', 1, %(on)s),"
    " ('campaign:checkup', 1, %(on)s)",
    "INSERT INTO node (entityid, name, holding, holds) VALUES ('e', 'here', 'no connection to Asterisk',"
    """ '{"checkup": {"by": "breaker", "text": "trunk paused"}}')""",
    "INSERT INTO rehearsal_call (person_id, trunk, entered_by, state, result, lines)"
    """ SELECT person_id, 'carrier', 'admin', 'ended', 'answered', '["plays greeting"]' FROM attempt""",
)


@pytest.fixture
async def store(new_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    before = tmp_path / "schema"
    before.mkdir()
    for file in FOLDER.glob("*.sql"):
        if file.name < "0051":
            shutil.copy(file, before)
    opened = await open_store(new_url, check_schema=False)
    try:
        await migrate(opened, before)
        yield opened
    finally:
        await opened.close()


async def test_a_call_that_is_on_keeps_its_port_and_counts(store: Store) -> None:
    world = World(store, rule_set(cap=3))
    wanted = await world.running_before(campaign(), range(1, 4))
    async with store.transaction() as connection:
        for statement in (CALL, *BESIDE):
            await connection.execute(statement, {"on": ON, "shown": CALLER_ID})
    assert "0051_words" in await migrate(store)

    (node,) = await nodes.all_nodes(store)
    assert node.waiting_reason == "no connection to Asterisk"
    assert (why := node.waiting_reason_of("checkup")) is not None
    assert why.text == "trunk paused"
    assert (await rehearsals.REQUESTS.status(store, 1)).progress == ["plays greeting"]

    busy = (await world.claim(wanted, 10, ports=PORTS)).short
    assert isinstance(busy, GatewayPorts)
    assert busy.in_call == {CALLER_ID}
    ended = replace(CallResult(Outcome.BUSY), ended_at=await world.now())
    assert await one.finish(store, ON, ended, None, True)
    resting = (await world.claim(wanted, 10, ports=PORTS)).short
    assert isinstance(resting, GatewayPorts)
    assert set(resting.resting) == {CALLER_ID}, "its call of this day is counted"
    (claimed,) = (await world.claim(wanted, 10, ports=(GatewayPort(CALLER_ID, 2, 0.0),))).claims
    assert claimed.number != number(1)
