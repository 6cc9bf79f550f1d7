"""A campaign that reminds of appointments, for the tests of when contacts are due and at which number."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agi_app.dialer.next_point import next_call
from agi_app.dialer.originator import ended_by
from agi_app.due.planner import planner
from agi_app.model.call import CallResult, Claim
from agi_app.model.campaign import Due
from agi_app.model.contact_times import Times
from agi_app.model.person import ContactRow
from agi_app.store.calling import attempts
from agi_app.store.people import contacts
from tests.store import one
from tests.store.world import HUMAN, World, campaign, contact

HOUR = dt.timedelta(hours=1)
REMINDING = {"due": Due("appointment", (48 * HOUR, 3 * HOUR))}


class Clinic:
    """A world whose campaign reminds of appointments, and its list as it is now."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.campaign = campaign()

    async def opens(self, **changes: object) -> Clinic:
        """Persons 1 to 9 consent; nobody is on the list yet."""
        self.campaign = replace(campaign(), **(REMINDING | changes))  # type: ignore[arg-type]
        await self.world.running(self.campaign, [], consenting=range(1, 10))
        return self

    async def imports(self, *rows: ContactRow) -> contacts.ImportCount:
        """A list, or a part of it."""
        now, plan = await self.world.now(), planner(self.campaign, self.world.rules, 100)
        order = contacts.BatchOrder()
        return await contacts.import_batch(self.world.store, self.campaign.name, rows, now, order, plan=plan)

    async def claims(self, limit: int = 50) -> tuple[Claim, ...]:
        """Who may be called now, as a worker asks."""
        plan = planner(self.campaign, self.world.rules, 100)
        return (await self.world.claim(self.campaign, limit, plan=plan)).claims

    async def calls(self, claimed: Claim, result: CallResult = HUMAN) -> None:
        """A call from its mark to what follows from its end."""
        assert await one.mark(self.world.store, claimed, self.world.terms.node)
        await self.ends(claimed, result)

    async def ends(self, claimed: Claim, result: CallResult = HUMAN) -> None:
        """What a worker stores at a call's end."""
        then, told = next_call(claimed, self.campaign, result, self.world.rules, await self.world.now(), contacts=100)
        assert await attempts.finish(self.world.store, [ended_by(claimed, told, then)]) == [True]

    async def later(self, span: dt.timedelta) -> None:
        """So much time goes by."""
        self.world.terms = replace(self.world.terms, offset=self.world.terms.offset + span)

    async def of(self, n: int, column: str = "state") -> object:
        """A column of the n-th contact."""
        return await self.world.value(f"SELECT {column} FROM contact WHERE external_id = %s", f"row-{n}")


async def visit(clinic: Clinic, n: int, hours: float, **changes: object) -> ContactRow:
    """The n-th person's appointment, in so many hours."""
    event = await clinic.world.now() + hours * HOUR
    times = Times(event, **{name: changes.pop(name) for name in ("not_before", "not_after") if name in changes})  # type: ignore[arg-type]
    return replace(contact(n), times=times, **changes)  # type: ignore[arg-type]
