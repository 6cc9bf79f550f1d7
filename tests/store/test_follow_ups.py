"""A campaign's list made of another one's contacts: who is taken, who never is, and what is written about it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import AuthorError, Forbidden, InputError, NotThere
from agi_app.installation import Installation
from agi_app.model.actors import Role
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import Campaign, CampaignState, Purpose, Quota
from agi_app.model.person import Consent, FurtherNumber
from agi_app.operations.people import contacts, follow_ups
from agi_app.operations.people.contacts import WrittenCampaign
from agi_app.operations.people.follow_ups import FollowUp, FollowUpSummary
from agi_app.operations.project import project_files
from agi_app.operations.reporting.imports import ImportsRequest, imports
from agi_app.store.calling import campaigns
from agi_app.store.database.pool import Store
from agi_app.store.people import consents, contact_changes, stops, wrong_numbers
from tests.store import one
from tests.store.world import World, campaign, contact, hash_number, import_contacts, installation_for, number

pytestmark = pytest.mark.postgres
LATER = CallResult(Outcome.HUMAN, disposition="later", answers={"day": "3", "time": "14:00"})
OLD, NEW = "march", "april"
WHERE = 'disposition == "later"'
CAMPAIGN_FILE = """\
campaign: april
purpose: transactional
jurisdictions: [CN]
flow: {flow}
trunk: carrier
caller_id: "+99986210000001"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the campaign ``april``."""
    folder = tmp_path_factory.mktemp("follow") / "p"
    make_project(folder)
    (old,) = (folder / "campaigns").glob("*.yaml")
    flow = next(line.split(":")[1].strip() for line in old.read_text().splitlines() if line.startswith("flow:"))
    old.unlink()
    (folder / "campaigns" / "april.yaml").write_text(CAMPAIGN_FILE.format(flow=flow))
    return folder


@pytest.fixture
def desk(world: World, made: Path, tmp_path: Path) -> Installation:
    """Somebody with every role, in that project."""
    desk = installation_for(world.store, Journal(tmp_path, Clock()), data=tmp_path)
    settings: Any = desk.settings
    settings.project = made
    return desk


@pytest.fixture
def april(made: Path) -> WrittenCampaign:
    """The new campaign."""
    return contacts.campaign_of(project_files.read(made), NEW)


async def called(world: World, people: range | list[int], result: CallResult = LATER, **changes: object) -> Campaign:
    """The old campaign, in which these people were called with this result."""
    wanted = await world.running(campaign(OLD, **changes), people)
    for claimed in (await world.claim(wanted, len(people))).claims:
        await world.call(claimed, result)
    return wanted


async def listed(store: Store) -> dict[str, dict[str, Any]]:
    """The contacts of the new campaign by their ids."""
    found = await store.records(
        "SELECT c.*, p.e164 FROM contact c JOIN person p USING (person_id) WHERE campaign = 'april' ORDER BY contact_id"
    )
    return {row["external_id"]: row for row in found}


async def test_those_whom_the_condition_names_are_on_the_new_list_in_their_order(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    await called(world, [5, 1, 3])
    other = await world.running(campaign(OLD), [7, 8])
    for claimed in (await world.claim(other, 2)).claims:
        await world.call(claimed)
    consents_before = await world.value("SELECT count(*) FROM consent")
    looked = await follow_ups.look(desk, april, FollowUp(OLD, WHERE))
    assert (looked.contacts, looked.matched, looked.chosen, looked.added) == (5, 3, 3, 0)
    assert await listed(store) == {}, "a look stores nothing"
    done = await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))
    assert (done.matched, done.added, done.rejected, done.left_out) == (3, 3, 0, {})
    there = await listed(store)
    assert [*there] == ["row-5", "row-1", "row-3"]
    row = there["row-1"]
    assert (row["e164"], row["language"], row["fields"]) == (number(1), "zh-CN", {"name": "Person 1"})
    assert (row["state"], row["attempts_made"], row["disposition"]) == ("pending", 0, None)
    assert await world.value("SELECT count(*) FROM consent") == consents_before, "nothing of consent is copied"
    stored = await campaigns.known_campaign(store, NEW)
    assert stored.state is CampaignState.DRAFT


@pytest.mark.attack("a follow-up calls whose consent ended meanwhile")
async def test_consent_is_judged_anew_when_they_are_called(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    await called(world, [1, 2])
    await stops.revoke(store, number(2), Purpose.TRANSACTIONAL, await world.now(), reason="letter", via="letter")
    await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))
    world.rules = dataclasses.replace(world.rules, version="rules-2")
    wanted = april.source.parsed.campaign
    await campaigns.set_state(store, NEW, CampaignState.RUNNING, None, await world.now())
    batch = await world.claim(dataclasses.replace(wanted, windows=()), 5)
    rules = await store.records("SELECT rules FROM decision WHERE campaign = 'april'")
    assert batch.claims == ()
    refused = {rule for row in rules for rule in row["rules"]}
    assert "cap_per_day" in refused, "they were called today"
    assert "consent_revoked" in refused, "one withdrew meanwhile"


async def test_run_again_it_changes_nobody_who_is_there(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    await called(world, [1, 2])
    await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))
    async with store.connection() as connection:
        await connection.execute(
            "UPDATE contact SET state = 'done', fields = '{\"name\": \"Ann\"}'"
            " WHERE campaign = 'april' AND external_id = 'row-1'"
        )
    other = await world.running(campaign(OLD), [3])
    await world.call(await world.claim_one(other), LATER)
    done = await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))
    assert (done.matched, done.there, done.chosen, done.added) == (3, 2, 1, 1)
    row = (await listed(store))["row-1"]
    assert (row["state"], row["fields"]) == ("done", {"name": "Ann"})
    again = await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))
    assert (again.there, again.chosen, again.added) == (3, 0, 0)


async def out(
    world: World, desk: Installation, april: WrittenCampaign, where: str = "attempts >= 0"
) -> FollowUpSummary:
    """A follow-up of which nobody may be taken but person 1."""
    done = await follow_ups.follow_up(desk, april, FollowUp(OLD, where))
    assert [*await listed(world.store)] == ["row-1"]
    assert done.matched == 1 + sum(done.left_out.values())
    return done


@pytest.mark.attack("a follow-up calls who said stop, at any number of theirs")
async def test_who_said_stop_is_left_out(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    """In that call, in another one, or at another of their numbers."""
    wanted = await called(world, [1])
    await world.running(wanted, [2, 3, 4])
    (two, three, four) = (await world.claim(wanted, 3)).claims
    await world.call(two, CallResult(Outcome.HUMAN, disposition="opted_out"))
    await world.call(three, LATER)
    await world.call(four, LATER)
    await stops.revoke(store, number(3), None, await world.now(), reason="letter", via="letter")
    joined = dataclasses.replace(contact(4), person_key="k")
    await import_contacts(store, OLD, [joined], await world.now())
    await world.running(campaign("elsewhere"), [])
    await import_contacts(store, "elsewhere", [dataclasses.replace(contact(9), person_key="k")], await world.now())
    await stops.revoke(store, number(9), None, await world.now(), reason="letter", via="letter")
    assert (await out(world, desk, april)).left_out == {"stopped": 3}


@pytest.mark.attack("a follow-up calls who declined")
async def test_who_declined_is_left_out(world: World, desk: Installation, april: WrittenCampaign) -> None:
    """The call, or what it was about; also when a later call brought something else."""
    wanted = await called(world, [1])
    await world.running(wanted, [2, 3])
    (two, three) = (await world.claim(wanted, 2)).claims
    await world.call(two, CallResult(Outcome.REJECTED))
    await world.call(three, CallResult(Outcome.HUMAN, disposition="declined"))
    async with world.store.connection() as connection:
        await connection.execute(
            "UPDATE contact SET last_outcome = 'busy', disposition = 'later' WHERE campaign = 'march'"
        )
    assert (await out(world, desk, april)).left_out == {"declined": 2}


@pytest.mark.attack("a follow-up calls the wrong person")
async def test_the_wrong_person_is_left_out(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    """By the flow's word, or by anybody's since; not when somebody consented for that number later."""
    wanted = await called(world, [1])
    await world.running(wanted, [2, 3])
    (two, three) = (await world.claim(wanted, 2)).claims
    await world.call(two, CallResult(Outcome.HUMAN, disposition="wrong_number"))
    await world.call(three, LATER)
    for n in (1, 3):
        assert await wrong_numbers.end_consents(store, hash_number(number(n)), await world.now(), "not them") == 1
    newer = Consent(number(1), Purpose.TRANSACTIONAL, "I agree.", "web form", await world.now(), "clinic")
    await consents.import_consents(store, [newer], "admin", await world.now())
    assert (await out(world, desk, april)).left_out == {"wrong_person": 2}


@pytest.mark.attack("a follow-up calls who waits to be called back, before that time")
async def test_who_waits_to_be_called_back_is_left_out(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    wanted = await called(world, [1])
    await world.running(wanted, [2])
    claimed = await world.claim_one(wanted)
    assert await one.mark(store, claimed, world.terms.node)
    result = CallResult(Outcome.HUMAN, disposition="call_back")
    assert await one.finish(store, claimed.attempt_id, result, await world.now(), False)
    assert (await out(world, desk, april)).left_out == {"call_back": 1}


@pytest.mark.attack("a follow-up has somebody called by two campaigns at once")
async def test_who_is_still_to_be_called_or_in_a_call_is_left_out(
    world: World, desk: Installation, april: WrittenCampaign
) -> None:
    """Also with another row of the list: two children, one parent."""
    wanted = await called(world, [1, 4])
    await world.running(wanted, [2, 3])
    sibling = dataclasses.replace(contact(4), external_id="sibling")
    await import_contacts(world.store, OLD, [sibling], await world.now())
    await world.claim(wanted, 1)
    assert (await out(world, desk, april)).left_out == {"waiting": 4}


@pytest.mark.attack("a follow-up calls whom the office cancelled, or who was erased")
async def test_whom_the_office_cancelled_and_who_was_erased_are_left_out(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    await called(world, [1, 2, 3])
    await contact_changes.cancel(store, OLD, ["row-2"])
    async with store.connection() as connection:
        await connection.execute(
            "UPDATE contact SET external_id = 'erased:' || contact_id, fields = '{}' WHERE external_id = 'row-3'"
        )
    done = await out(world, desk, april)
    assert done.left_out == {"cancelled": 1}
    assert done.contacts == 2


@pytest.mark.parametrize(
    ("where", "people"),
    [
        ('disposition == "later" and attempts == 1', [1, 2]),
        ('outcome == "human" and not disposition', []),
        ('answers.day == "3"', [1, 2]),
        ("answers.day > 3 or answers.other", []),
        ('contact.name == "Person 2"', [2]),
        ('contact.name in ["Person 1", "Person 9"] and answers.time >= "12:00"', [1]),
        ("not contact.nothing", [1, 2]),
    ],
)
async def test_a_condition_asks_for_results_answers_and_columns(
    world: World, store: Store, desk: Installation, april: WrittenCampaign, where: str, people: list[int]
) -> None:
    await called(world, [1, 2])
    done = await follow_ups.follow_up(desk, april, FollowUp(OLD, where))
    assert [*await listed(store)] == [f"row-{n}" for n in people]
    assert done.added == len(people)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (
            'dispositon == "later"',
            'at character 1 of the condition: "dispositon" is no name here; there is disposition, o',
        ),
        ('attempts > 1 and answer.day == "3"', 'at character 18 of the condition: "answer.day" is no name here'),
        ("now.time > 3", 'at character 1 of the condition: "now.time" is no name here'),
        ('disposition = "later"', 'at character 13 of the condition: write "=="'),
        ('disposition == "later', "at character 16 of the condition: the quote is not closed"),
        ("", "at character 1 of the condition: a name, a number or a text in quotes is needed here, not the end"),
        ("attempts > 1; DROP TABLE contact", 'at character 13 of the condition: ";" is not allowed here'),
        ("contact.a.b", 'at character 1 of the condition: "contact.a.b" is no name here'),
    ],
)
async def test_a_faulty_condition_says_where_and_nothing_is_done(
    world: World, store: Store, desk: Installation, april: WrittenCampaign, where: str, told: str
) -> None:
    await called(world, [1])
    with pytest.raises(InputError) as fault:
        await follow_ups.follow_up(desk, april, FollowUp(OLD, where))
    assert told in str(fault.value)
    assert await listed(store) == {}


async def test_what_may_be_a_slip_is_told(world: World, desk: Installation, april: WrittenCampaign) -> None:
    await called(world, [1])
    where = 'disposition in ["latr", "later"] and contact.nam == "x"'
    done = await follow_ups.look(desk, april, FollowUp(OLD, where))
    assert done.notes == (
        'no contact of march has the disposition "latr"; did you mean "later"?',
        'no contact of march has the column nam; did you mean "name"?',
    )


@pytest.mark.attack("a follow-up uses a list for another purpose")
async def test_a_list_cannot_cross_purposes(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    """Neither by the new campaign's file, nor by what is stored of it; and both campaigns must exist."""
    wanted = await called(world, [1])
    marketing = dataclasses.replace(wanted, purpose=Purpose.MARKETING)
    await campaigns.save_campaign(store, marketing, "f", "flow: f\n")
    for operation in (follow_ups.look, follow_ups.follow_up):
        with pytest.raises(InputError, match="march is for marketing calls and april for transactional ones"):
            await operation(desk, april, FollowUp(OLD, WHERE))
    await campaigns.save_campaign(store, wanted, "f", "flow: f\n")
    await campaigns.save_campaign(
        store, dataclasses.replace(april.source.parsed.campaign, purpose=Purpose.SURVEY), "f", "flow: f\n"
    )
    with pytest.raises(InputError, match="march is for transactional calls and april for survey ones"):
        await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))
    with pytest.raises(NotThere, match="there is no campaign 'marsh'"):
        await follow_ups.follow_up(desk, april, FollowUp("marsh", WHERE))
    with pytest.raises(InputError, match="cannot follow up itself"):
        await follow_ups.follow_up(desk, april, FollowUp(NEW, WHERE))
    assert await listed(store) == {}


@pytest.mark.attack("a column of the old list becomes a number by a follow-up")
async def test_no_column_slips_a_number_in(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    """What was a column of its own when the list was imported stays no number, whatever its title means by now."""
    await world.running(campaign(OLD), [1])
    wanted = campaign(OLD)
    nasty = {
        "number_2": number(50),
        "Phone": number(51),
        "name": f'x"\n"row-9","{number(52)}",""\n',
        "external_id": "no",
    }
    await import_contacts(store, OLD, [dataclasses.replace(contact(1), fields=nasty)], await world.now())
    await world.call(await world.claim_one(wanted), LATER)
    done = await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))
    assert done.added == 1
    assert "the column number_2 is left out: a list has its numbers and ids in it" in done.notes
    there = await listed(store)
    assert [*there] == ["row-1"]
    assert (there["row-1"]["e164"], there["row-1"]["number_ids"]) == (number(1), None)
    assert there["row-1"]["fields"] == {"name": nasty["name"].strip()}
    assert await world.value("SELECT count(*) FROM person WHERE e164 = ANY(%s)", [number(n) for n in (50, 51, 52)]) == 0


async def test_further_numbers_come_along_in_their_order(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    wanted = await world.running(campaign(OLD), [1])
    others = tuple(FurtherNumber(number(n), "CN", ("Asia/Shanghai",), kind) for n, kind in ((61, "home"), (60, None)))
    await import_contacts(
        store, OLD, [dataclasses.replace(contact(1), kind="mobile", others=others)], await world.now()
    )
    await world.call(await world.claim_one(wanted), LATER)
    await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))
    row = (await listed(store))["row-1"]
    found = await store.records(
        "SELECT e164 FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS u (person_id, n)"
        " JOIN person USING (person_id) ORDER BY n",
        {"ids": row["number_ids"]},
    )
    assert [one["e164"] for one in found] == [number(1), number(61), number(60)]
    assert row["number_kinds"] == ["mobile", "home", ""]


async def test_it_is_noted_as_an_import_with_where_it_comes_from(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    wanted = await called(world, [1])
    await world.running(wanted, [2])
    await world.call(await world.claim_one(wanted), CallResult(Outcome.REJECTED))
    await follow_ups.follow_up(desk, april, FollowUp(OLD, "attempts == 1"))
    (row,) = await imports(desk, ImportsRequest())
    assert (row.kind, row.name, row.about, row.account) == ("contacts", "follow-up of march.csv", NEW, "anna")
    assert (row.rows, row.added, row.finished) == (1, 1, True)
    assert (row.from_campaign, row.condition) == (OLD, "attempts == 1")
    (kept,) = await store.records("SELECT matched, left_out FROM follow_up")
    assert (kept["matched"], kept["left_out"]) == (2, {"declined": 1})
    assert await world.value("SELECT sum(cardinality(ids)) FROM audit_queue WHERE kind = 'follow_up'") == 1
    verbs = await store.records("SELECT verb, object, account FROM action ORDER BY action_id")
    assert [tuple(one.values()) for one in verbs] == [("campaign follow-up", NEW, "anna")]
    for query in ("UPDATE follow_up SET condition = 'x'", "DELETE FROM follow_up"):
        with pytest.raises(Exception, match="append-only"):
            await store.execute(query)


@pytest.mark.attack("a follow-up brings more contacts than were approved")
async def test_more_contacts_than_a_start_was_approved_for_wait_for_a_second_person(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    """A follow-up is no way around the second person: it is an import, and ends in the same limit."""
    await called(world, range(1, 6))
    await follow_ups.follow_up(desk, april, FollowUp(OLD, 'contact.name == "Person 1"'))
    await campaigns.set_state(store, NEW, CampaignState.RUNNING, None, await world.now(), 3)
    await follow_ups.follow_up(desk, april, FollowUp(OLD, 'contact.name == "Person 2"'))
    assert await campaigns.unapproved(store, NEW) == 0
    done = await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))
    assert (await campaigns.known_campaign(store, NEW)).state is CampaignState.RUNNING
    assert await campaigns.unapproved(store, NEW) == 2
    assert "2 contacts wait for a second person" in done.notes[-1]


@pytest.mark.attack("a generated list comes in by a follow-up")
async def test_a_list_that_looks_generated_is_refused_here_too(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    await called(world, range(100, 140))
    with pytest.raises(Exception, match="the list looks generated"):
        await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))
    assert await listed(store) == {}
    assert await world.value("SELECT count(*) FROM import_file") == 0


@pytest.mark.attack("a generated list comes in by follow-ups, some of it at a time")
async def test_slices_of_a_generated_list_are_counted_together(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    await called(world, range(100, 140))
    await store.execute(
        "UPDATE person SET created_at = created_at - interval '31 days'"
    )  # else the first is judged with all
    names = [f"Person {n}" for n in range(100, 140)]
    some = [", ".join(f'"{name}"' for name in names[at : at + 15]) for at in (0, 15)]
    await follow_ups.follow_up(desk, april, FollowUp(OLD, f"contact.name in [{some[0]}]"))
    with pytest.raises(AuthorError, match="together with contacts that came before"):
        await follow_ups.follow_up(desk, april, FollowUp(OLD, f"contact.name in [{some[1]}]"))
    assert len(await listed(store)) == 15


@pytest.mark.attack("a list that nobody approved is called by way of a campaign that was")
async def test_who_was_never_called_in_the_old_campaign_is_not_taken(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    """Its own start needs the approval: until then all of them are still to be called there."""
    await campaigns.save_campaign(store, campaign(OLD), "f", "flow: f\n")
    await import_contacts(store, OLD, [contact(n) for n in range(1, 40, 2)], await world.now())
    await campaigns.save_campaign(store, april.source.parsed.campaign, "f", "flow: f\n")
    await campaigns.set_state(store, NEW, CampaignState.RUNNING, None, await world.now())
    done = await follow_ups.follow_up(desk, april, FollowUp(OLD, "attempts == 0 or not contact.x"))
    assert (done.matched, done.left_out, done.added) == (20, {"waiting": 20}, 0)


@pytest.mark.attack("columns of the old list become consents by a follow-up")
async def test_no_column_becomes_a_consent(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    wanted = await called(world, [1])
    words = {"consent": "yes", "purpose": "marketing", "wording": "I agree.", "同意": "是", "evidence": "form 7"}
    await import_contacts(store, OLD, [dataclasses.replace(contact(1), fields=words)], await world.now())
    before = await world.value("SELECT count(*) FROM consent")
    done = await follow_ups.follow_up(desk, april, FollowUp(wanted.name, WHERE))
    assert (done.added, await world.value("SELECT count(*) FROM consent")) == (1, before)
    assert any("contacts import never creates consent" in note for note in done.notes)


async def test_groups_of_a_quota_are_those_of_the_new_campaign(
    world: World, store: Store, desk: Installation, april: WrittenCampaign
) -> None:
    await called(world, [1])
    quota = Quota("name", 1, (), ("completed",))
    wanted = dataclasses.replace(april.source.parsed.campaign, quota=quota)
    await campaigns.save_campaign(store, wanted, "f", "flow: f\n")
    await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))
    assert (await listed(store))["row-1"]["quota_group"] == "Person 1"


@pytest.mark.attack("somebody without the right to import follows up")
async def test_who_may_not_import_may_not_follow_up(
    world: World, made: Path, april: WrittenCampaign, tmp_path: Path
) -> None:
    await called(world, [1])
    viewer = installation_for(world.store, Journal(tmp_path, Clock()), None, made, Role.VIEWER)
    for operation in (follow_ups.look, follow_ups.follow_up):
        with pytest.raises(Forbidden):
            await operation(viewer, april, FollowUp(OLD, WHERE))


async def test_ten_thousand_of_a_list_are_taken_in_batches(
    world: World, store: Store, desk: Installation, april: WrittenCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command takes any number; a worker takes what is one transaction."""
    monkeypatch.setattr("agi_app.contacts.import_batches.BATCH", 2)
    monkeypatch.setattr(follow_ups, "MOST_ASKED", 2)
    await called(world, [1, 3, 5, 7, 9])
    with pytest.raises(InputError, match="5 contacts are to be added, and at most 2 are taken at once"):
        await follow_ups.follow_up_asked(desk, april, FollowUp(OLD, WHERE))
    assert await listed(store) == {}
    assert (await follow_ups.follow_up(desk, april, FollowUp(OLD, WHERE))).added == 5


def test_the_json_of_a_summary_is_whole() -> None:
    """What `--json` prints can be read by a program."""
    summary = FollowUpSummary("april", "march", WHERE, 5, 3, {"stopped": 1}, 0, 2)
    assert json.loads(json.dumps(dataclasses.asdict(summary)))["left_out"] == {"stopped": 1}
