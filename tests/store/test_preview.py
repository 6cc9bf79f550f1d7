"""A look ahead tells what the gate would say, and leaves no trace."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agi_app.campaigns import preview as looking
from agi_app.campaigns.forecast import Limits
from agi_app.campaigns.preview import Preview
from agi_app.clock import Clock
from agi_app.errors import InputError
from agi_app.flow.engine.say_texts import missing_columns
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import load_flow
from agi_app.gate.ruleset import RuleSet
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import Campaign, CampaignState, Due, Pace, Quota, Window
from agi_app.store.calling import campaigns
from agi_app.store.calling.claims import Nobody
from agi_app.store.database.pool import Store
from agi_app.store.people import consents, stops
from tests.store import one
from tests.store.world import World, campaign, consent, contact, import_contacts, number

pytestmark = pytest.mark.postgres
HOUR = dt.timedelta(hours=1)
SAYS = """\
flow: says
languages: [zh-CN]
identify: {business: {zh-CN: 阳光口腔}}
start: greeting
nodes:
  greeting:
    - say: {text: {zh-CN: "您好 {contact.name}"}}
    - say: {value: contact.due, as: date}
    - hangup
"""


async def look(store: Store, wanted: Campaign, rules: RuleSet, flow: Flow | None = None) -> Preview:
    """A preview through a sandbox trunk."""
    terms = looking.Terms(wanted, True, Limits(50, 100), rules, flow)
    return await looking.preview(store, Clock(), terms)


async def test_who_would_be_called_and_who_not(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), range(1, 7), consenting=[1, 2, 3, 4])
    await stops.revoke(store, number(4), None, await world.now(), reason="x", via="key")
    seen = await look(store, wanted, world.rules)
    assert (seen.contacts, seen.callable_now, seen.later_today, seen.later, seen.never) == (6, 3, 0, 0, 3)
    assert dict(seen.by_rule) == {"consent_missing": 2, "suppressed": 1, "consent_revoked": 1}
    assert {s.external_id for s in seen.samples["consent_missing"]} == {"row-5", "row-6"}
    (stopped,) = seen.samples["suppressed"]
    assert stopped.external_id == "row-4"
    assert stopped.why.startswith("consent_revoked: ")
    assert "suppressed: the person said stop" in stopped.why
    assert stopped.again_at is None


async def test_it_changes_nothing(world: World, store: Store) -> None:
    """No decision, no attempt, and everybody is still due."""
    wanted = await world.running(campaign(), [1, 2], consenting=[1])
    await look(store, wanted, world.rules)
    assert await world.value("SELECT (SELECT count(*) FROM decision) + (SELECT count(*) FROM attempt)") == 0
    batch = await world.claim(wanted)
    assert (len(batch.claims), batch.refused) == (1, 1)


async def test_a_campaign_that_does_not_run_is_judged_as_if_it_did(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), [1])
    await campaigns.set_state(store, wanted.name, CampaignState.PAUSED, None, await world.now())
    assert (await look(store, wanted, world.rules)).callable_now == 1


async def test_done_contacts_are_not_counted(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), [1, 2])
    await world.call(await world.claim_one(wanted))
    assert (await look(store, wanted, world.rules)).contacts == 1


async def test_at_most_five_contacts_are_named_for_a_reason(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), range(30), consenting=[])
    seen = await look(store, wanted, world.rules)
    assert seen.by_rule["consent_missing"] == seen.never == 30
    assert len({s.external_id for s in seen.samples["consent_missing"]}) == 5


async def test_two_contacts_with_one_number_are_both_named(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), range(1, 3), consenting=[])
    async with store.connection() as connection:
        await connection.execute("UPDATE contact SET person_id = (SELECT min(person_id) FROM contact)")
    seen = await look(store, wanted, world.rules)
    assert sorted(s.external_id for s in seen.samples["consent_missing"]) == ["row-1", "row-2"]


async def test_a_retry_that_waits_is_later_and_a_person_in_a_call_is_not_now(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), [1, 2])
    first, _ = (await world.claim(wanted)).claims
    assert await one.mark(store, first, world.terms.node)
    due = await world.now() + dt.timedelta(days=3)
    assert await one.finish(store, first.attempt_id, CallResult(Outcome.BUSY), due, False)
    seen = await look(store, wanted, world.rules)
    assert (seen.contacts, seen.callable_now, seen.later) == (1, 0, 1)  # the other one is in its call
    assert seen.samples["cap_per_day"][0].again_at == due
    assert seen.projection is not None
    assert seen.projection.end is not None
    assert seen.projection.end > due


async def test_the_given_campaign_is_judged_not_the_stored_one(world: World, store: Store) -> None:
    """A window that was edited in the file counts before the campaign is started again."""
    wanted = await world.running(campaign(), [1])
    never_now = (await world.now() + dt.timedelta(days=2)).weekday()
    edited = campaign(windows=(Window(frozenset({never_now}), dt.time(9), dt.time(10)),))
    seen = await look(store, edited, world.rules)
    assert (seen.callable_now, seen.later) == (0, 1)
    assert set(seen.by_rule) == {"window_campaign"}
    assert (await look(store, wanted, world.rules)).callable_now == 1


async def test_a_campaign_that_is_not_stored_is_an_error(world: World, store: Store) -> None:
    with pytest.raises(InputError, match="contacts import other"):
        await look(store, campaign("other"), world.rules)


async def test_a_contact_whose_call_could_not_be_said_is_refused_until_its_row_is_mended(
    world: World, store: Store
) -> None:
    """Seen by the preview, refused by the gate with the column's name, and due again after an import."""
    flow = load_flow(SAYS, "says.yaml")
    wanted = await world.running(campaign(), [1, 2, 3, 4])
    told = [contact(1, due="2026-03-05"), contact(2, due=""), contact(3, due="soon")]
    await import_contacts(store, wanted.name, [*told, contact(4, due="2026-03-06", name=" ")], await world.now())
    seen = await look(store, wanted, world.rules, flow)
    assert (seen.callable_now, seen.never, dict(seen.by_rule)) == (1, 3, {"column_missing": 3})
    assert {s.external_id: s.why.partition(":")[0] for s in seen.samples["column_missing"]} == dict.fromkeys(
        ("row-2", "row-3", "row-4"), "column_missing"
    )
    assert "could not say due:" in {s.external_id: s.why for s in seen.samples["column_missing"]}["row-2"]
    batch = await world.claim(wanted, missing=missing_columns(flow))
    assert ([c.number for c in batch.claims], batch.refused) == ([number(1)], 3)
    assert (await world.claim(wanted, missing=missing_columns(flow))).short is Nobody.DUE
    await import_contacts(store, wanted.name, [contact(2, due="2026-03-07")], await world.now())
    assert [c.number for c in (await world.claim(wanted, missing=missing_columns(flow))).claims] == [number(2)]


async def test_a_column_that_the_flow_misspells_is_named_once(world: World, store: Store) -> None:
    """Not only as an empty cell of each contact, which nobody can mend."""
    flow = load_flow(SAYS.replace("contact.name", "contact.nmae"), "says.yaml")
    wanted = await world.running(campaign(), [1, 2])
    told = [contact(n, due="2026-03-05", name="Ann") for n in (1, 2)]
    await import_contacts(store, wanted.name, told, await world.now())
    seen = await look(store, wanted, world.rules, flow)
    assert dict(seen.by_rule) == {"column_missing": 2}
    (said,) = seen.misspelt_columns
    assert said == 'the flow reads contact.nmae, which is not here; did you mean "name"?'
    assert (await look(store, wanted, world.rules, load_flow(SAYS, "says.yaml"))).misspelt_columns == ()


async def test_the_projected_end_is_when_the_groups_have_their_numbers(world: World, store: Store) -> None:
    """A quarter of the calls is guessed to be completed: 4 + 2 take 24 calls, though 90 contacts wait."""
    quota = Quota("group", None, (("north", 4), ("south", 2)), ("confirmed",))
    wanted = await world.running(campaign(quota=quota, pace=Pace(50, 1000)), [])
    await consents.import_consents(store, [consent(n) for n in range(90)], "admin", await world.now())
    rows = [contact(n, group=("north", "south", "west")[n % 3]) for n in range(90)]
    await import_contacts(store, wanted.name, rows, await world.now())
    seen = await look(store, wanted, world.rules)
    assert seen.projection is not None
    assert (seen.contacts, seen.projection.calls) == (90, 24)
    assert "until 2 groups of the quota have the 6 that they lack" in str(seen.projection.assumptions)
    unlimited = await look(store, replace(wanted, quota=None), world.rules)
    assert unlimited.projection is not None
    assert unlimited.projection.calls >= 90


async def test_calls_at_later_points_of_time_are_in_the_projection(world: World, store: Store) -> None:
    wanted = replace(campaign(due=Due("appointment", (HOUR * 48, HOUR * 3)), zone="Asia/Shanghai"), retry={})
    await world.running(wanted, range(1, 5))
    visit = await world.now() + HOUR * 24 * 10
    await store.execute(
        "UPDATE contact SET event_at = %(visit)s, due_at = %(visit)s - interval '48 hours'", {"visit": visit}
    )
    seen = await look(store, wanted, world.rules)
    assert seen.projection is not None
    assert seen.projection.calls == 8, "each at both"
    assert seen.projection.end is not None
    assert visit - HOUR * 24 < seen.projection.end < visit
    await store.execute("UPDATE contact SET event_at = %(visit)s - interval '250 hours'", {"visit": visit})
    gone = await look(store, wanted, world.rules)
    assert gone.projection is not None
    assert gone.projection.calls == 0
