"""A pause of everything holds in the database itself: whoever has not heard of it dials nobody either."""

from __future__ import annotations

import pytest

from agi_app.campaigns.pause_all import pause_all, resume_all
from agi_app.clock import SystemClock
from agi_app.reports.status import status_of
from agi_app.reports.why_waiting import why_nobody
from agi_app.store.calling import nodes, pauses
from agi_app.store.database.listen import CONTROL_CHANNEL, Listening, Notification
from tests.store import one
from tests.store.world import World, campaign

pytestmark = pytest.mark.postgres
CLOCK = SystemClock()


async def test_nobody_is_claimed_or_marked_during_a_pause(world: World) -> None:
    """What was claimed before is not marked; the end of the pause lets all go on."""
    wanted = await world.running(campaign(), [1, 2])
    claim = await world.claim_one(wanted)
    heard = world.store.listen(CONTROL_CHANNEL)
    assert await anext(heard) == Listening()
    await pauses.change(world.store, True, "an audit", "wang", await world.now())
    assert await anext(heard) == Notification(CONTROL_CHANNEL, '{"everything": "paused"}')
    await heard.aclose()  # type: ignore[attr-defined]
    assert await one.mark(world.store, claim, "node-1") is None
    assert (await world.claim(wanted)).not_running
    (_, view) = await status_of(world.store, CLOCK, wanted.name)
    assert "by wang: an audit; `agi-app resume --all` ends it" in why_nobody(view)[0]
    await resume_all(world.store, CLOCK, "", "wang")
    batch = await world.claim(wanted)
    assert len(batch.claims) == 2
    assert await one.mark(world.store, batch.claims[0], "node-1")


async def test_it_says_what_each_worker_has_heard(world: World) -> None:
    """One holds, one has not said so yet, one is away; a pause is complete without all three."""
    for name, holding in (("holds", "everything is paused"), ("busy", None), ("away", None)):
        await nodes.register_node(world.store, name, name)
        await nodes.beat(world.store, name, 0, flushed=True, holding=holding)
    await world.value("UPDATE node SET seen_at = clock_timestamp() - interval '1 min' WHERE name = 'away' RETURNING 1")
    lines = "\n".join(await pause_all(world.store, CLOCK, "", "wang"))
    assert "worker holds holds" in lines
    assert "worker busy has not said yet that it holds" in lines
    assert "worker away is away (not heard of for 60 s)" in lines
    assert await pauses.in_force(world.store) is not None
    assert (await resume_all(world.store, CLOCK, "", "wang"))[0].startswith("calls are made again")
    assert (await resume_all(world.store, CLOCK, "", "wang"))[0].startswith("nothing is paused")


async def test_every_change_is_in_the_audit_tree(world: World) -> None:
    await pauses.change(world.store, True, "x", "wang", await world.now())
    assert await world.value("SELECT count(*) FROM audit_queue WHERE kind = 'calling_pause'") == 1
