"""A pause of everything holds in the database itself: whoever has not heard of it dials nobody either."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.installation import Installation
from agi_app.operations.calling.pauses import WorkerPause, pause_all, resume_all
from agi_app.operations.calling.reports import status_of
from agi_app.reports.why_waiting import why_nobody
from agi_app.store.calling import nodes, pauses
from agi_app.store.calling.claims import Nobody
from agi_app.store.database.listen import CONTROL_CHANNEL, Listening, Notification
from tests.store import one
from tests.store.world import World, campaign, installation_for

pytestmark = pytest.mark.postgres
CLOCK = Clock()


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Installation:
    return installation_for(world.store, Journal(tmp_path, CLOCK), CLOCK)


async def test_nobody_is_claimed_or_marked_during_a_pause(world: World, desk: Installation) -> None:
    """What was claimed before is not marked; the end of the pause lets all go on."""
    wanted = await world.running(campaign(), [1, 2])
    claim = await world.claim_one(wanted)
    heard = world.store.listen(CONTROL_CHANNEL)
    assert await anext(heard) == Listening()
    await pauses.change(world.store, True, "an audit", "wang", await world.now())
    assert await anext(heard) == Notification(CONTROL_CHANNEL, '{"everything": "paused"}')
    await heard.aclose()  # type: ignore[attr-defined]
    assert await one.mark(world.store, claim, "node-1") is None
    assert (await world.claim(wanted)).short is Nobody.WHILE_IT_STANDS_STILL
    (_, view) = await status_of(world.store, CLOCK, wanted.name)
    assert "by wang: an audit; `agi-app resume --all` ends it" in why_nobody(view)[0]
    assert await resume_all(desk, "")
    batch = await world.claim(wanted)
    assert len(batch.claims) == 2
    assert await one.mark(world.store, batch.claims[0], "node-1")


async def test_it_says_what_each_worker_has_heard(world: World, desk: Installation) -> None:
    """One holds, one has not said so yet, one is away; a pause is complete without all three."""
    for name, holding in (("holds", "everything is paused"), ("busy", None), ("away", None)):
        await nodes.register_node(world.store, name, name)
        await nodes.beat(world.store, name, 0, flushed=True, waiting_reason=holding)
    await world.value("UPDATE node SET seen_at = clock_timestamp() - interval '1 min' WHERE name = 'away' RETURNING 1")
    heard = await pause_all(desk, "")
    assert sorted(heard, key=lambda worker: worker.name) == [
        WorkerPause("away", False, 60),
        WorkerPause("busy", False, None),
        WorkerPause("holds", True, None),
    ]
    assert await pauses.in_force(world.store) is not None
    assert await resume_all(desk, "")
    assert not await resume_all(desk, ""), "nothing is paused any more"


async def test_every_change_is_in_the_audit_tree(world: World) -> None:
    await pauses.change(world.store, True, "x", "wang", await world.now())
    assert await world.value("SELECT count(*) FROM audit_queue WHERE kind = 'calling_pause'") == 1
