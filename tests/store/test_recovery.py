"""A restored backup: the journal goes in again, nobody is called for a day after the last note."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.consent import restored_backup
from agi_app.consent.dialled_calls import ENDS_NAME, DialledCalls
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.restored_backup import CAP_LOOKS_BACK, FILE_NAME, read, write
from agi_app.operations.service.recovery import accept, look
from agi_app.operations.service.recovery_words import Recovery, Tree
from agi_app.store.database.pool import Store
from agi_app.store.database.progress import DatabaseProgress, hold_until, progress
from agi_app.store.people import stops
from tests.fake_clock import FakeClock
from tests.store.world import World, campaign, hash_number, number

pytestmark = pytest.mark.postgres


class Node:
    """One node's data folder and clock, on a database that has decided about three people."""

    def __init__(self, store: Store, folder: Path, now: dt.datetime) -> None:
        self.store, self.folder = store, folder
        self.clock = FakeClock(now)
        self.journal = Journal(folder, self.clock)

    async def note(self, ahead: int = 0, **changes: object) -> DatabaseProgress:
        """Leave a note that is ``ahead`` decisions before the database."""
        found = await progress(self.store)
        (self.folder / ENDS_NAME).touch()  # of a worker that has called nobody
        noted = replace(found, decisions=found.decisions + ahead, **changes)  # type: ignore[arg-type]
        write(self.folder, noted, self.clock.now())
        return found

    def dialled(self, *calls: tuple[int, str, str]) -> None:
        """Note calls as a worker does: contact, attempt, number."""
        notes = DialledCalls(self.folder, self.clock, hash_number)
        notes.soon(cast(Any, [SimpleNamespace(contact_id=c, attempt_id=a, number=n) for c, a, n in calls]))
        notes.close()

    async def states(self) -> dict[str, str]:
        """Where each contact stands, by its number."""
        rows = await self.store.records("SELECT e164, state FROM contact JOIN person USING (person_id)")
        return {row["e164"]: row["state"] for row in rows}

    async def look(self) -> Recovery:
        return await look(self.store, self.journal, self.folder, self.clock)

    async def accept(self) -> Recovery:
        return await accept(self.store, self.journal, self.folder, self.clock)


@pytest.fixture
async def node(world: World, store: Store, tmp_path: Path) -> Node:
    await world.claim(await world.running(campaign(), [1, 2, 3]))
    return Node(store, tmp_path, await world.now())


async def test_an_up_to_date_database_needs_nothing(node: Node) -> None:
    """Also when accepted by mistake: nobody is held back for a day."""
    await node.note()
    for found in (await node.look(), await node.accept()):
        assert found.well
        assert found.lines == ("the database is up to date (decision 3); nothing to recover",)
    assert (await progress(node.store)).hold_until is None


async def test_a_database_behind_is_explained_and_left_as_it_is(node: Node) -> None:
    node.journal.append(node.store.hash_number(number(1)), "key")
    await node.note(ahead=5)
    found = await node.look()
    assert not found.well
    text = "\n".join(found.lines)
    assert "ends at decision 3, but had 8" in text
    assert "1 stops" in text
    assert "agi-app recover --accept-restored" in text
    assert not await stops.is_suppressed(node.store, number(1))
    noted = read(node.folder)
    assert noted is not None
    assert noted.decisions == 8


async def test_accepting_replays_the_journal_and_holds_for_25_hours(node: Node, world: World) -> None:
    node.journal.append_all([node.store.hash_number(number(n)) for n in (1, 2)], "key")
    await stops.revoke(node.store, number(2), None, node.clock.now(), reason="x", via="key")
    await node.note(ahead=5)
    found = await node.accept()
    assert found.well
    assert "1 stops of the journal were missing" in found.lines[0]
    assert await stops.is_suppressed(node.store, number(1))
    until = (await progress(node.store)).hold_until
    assert until == node.clock.now() + CAP_LOOKS_BACK
    restored_backup.compare(read(node.folder), await progress(node.store))  # a worker starts now


async def test_the_hold_counts_from_the_last_note(node: Node) -> None:
    """The database was being restored for ten hours: nobody can have been called meanwhile."""
    await node.note(ahead=5)
    noted_at = node.clock.now()
    node.clock.advance(10 * 3600)
    await node.accept()
    assert (await progress(node.store)).hold_until == noted_at + CAP_LOOKS_BACK


async def test_a_damaged_note_holds_the_longest(node: Node) -> None:
    (node.folder / FILE_NAME).write_text("{")
    found = await node.look()
    assert not found.well
    assert "damaged" in found.lines[0]
    await node.accept()
    assert (await progress(node.store)).hold_until == node.clock.now() + CAP_LOOKS_BACK
    assert (await node.look()).well


async def test_another_database_can_be_accepted_too(node: Node) -> None:
    await node.note(database_id="another")
    assert "another database" in (await node.look()).lines[0]
    assert (await node.accept()).well
    assert (await node.look()).well


async def test_no_node_shortens_the_hold_of_another(node: Node) -> None:
    far = node.clock.now() + CAP_LOOKS_BACK * 2
    await hold_until(node.store, far)
    await node.note(ahead=5)
    await node.accept()
    assert (await progress(node.store)).hold_until == far


async def test_a_hold_is_told_while_it_lasts_and_no_longer(node: Node) -> None:
    await node.note()
    await hold_until(node.store, node.clock.now() + dt.timedelta(hours=1))
    assert "nobody is called before" in (await node.look()).lines[1]
    node.clock.advance(3601)
    assert len((await node.look()).lines) == 1


@pytest.mark.attack("row 7: the notes deleted, so that only the audit tree tells of an older copy")
async def test_a_tree_that_is_behind_is_a_restored_copy_whatever_the_note_says(node: Node) -> None:
    """The note is gone or fits; the signed checkpoints know more."""
    await node.note()
    behind = "the database has 4 audit entries, but 10 were signed"
    found = await look(node.store, node.journal, node.folder, node.clock, tree=Tree(behind))
    assert not found.well
    text = "\n".join(found.lines)
    assert behind in text
    assert "were given up" in text
    accepted = await accept(node.store, node.journal, node.folder, node.clock, tree=Tree(behind))
    assert accepted.well
    until = (await progress(node.store)).hold_until
    assert until is not None
    assert until > node.clock.now()


async def test_who_was_called_after_a_copy_of_the_servers_own_tools_is_not_called_again(
    world: World, store: Store, tmp_path: Path
) -> None:
    """Nothing in such a database says that it was restored: the notes of calls are compared with it all the same."""
    batch = await world.claim(await world.running(campaign(), [1, 2, 3, 4]), limit=2)
    known, given_back = batch.claims
    await store.execute("UPDATE attempt SET state = 'ended' WHERE attempt_id = %(id)s", {"id": given_back.attempt_id})
    await store.execute("UPDATE contact SET state = 'pending' WHERE contact_id = %(id)s", {"id": given_back.contact_id})
    others = {
        row["contact_id"] for row in await store.records("SELECT contact_id FROM contact WHERE state = 'pending'")
    }
    later, _ = sorted(others - {given_back.contact_id})
    (row,) = await store.records(
        "SELECT e164 FROM contact JOIN person USING (person_id) WHERE contact_id = %(c)s", {"c": later}
    )
    node = Node(store, tmp_path, await world.now() - dt.timedelta(hours=2))
    node.dialled((given_back.contact_id, given_back.attempt_id, given_back.number))  # as the database knows it
    node.clock.advance(3 * 3600)
    node.dialled((later, "after-the-copy", row["e164"]))
    await node.note(ahead=5)
    found = await node.accept()
    assert any("cancelled so that nobody calls them again: checkup 1" in line for line in found.lines), found.lines
    states = await node.states()
    assert states[row["e164"]] == "cancelled"
    assert states[given_back.number] == "pending"
    assert states[known.number] != "cancelled"


async def test_a_clock_that_was_put_back_does_not_shorten_the_hold(node: Node) -> None:
    """The last call is noted a day ahead of the clock."""
    node.clock.advance(24 * 3600)
    node.dialled((10**6, "a-1", number(9)))
    await node.note(ahead=5)
    called_at = node.clock.now()
    node.clock.advance(-24 * 3600)
    await node.accept()
    assert (await progress(node.store)).hold_until == called_at + CAP_LOOKS_BACK


async def test_a_journal_that_turns_up_after_the_acceptance_still_counts(node: Node, tmp_path: Path) -> None:
    """Its stops are brought in, who was called there is not called again, and nothing is said to be well before."""
    await node.note()
    other = tmp_path / "other"
    other.mkdir()
    (other / ENDS_NAME).touch()
    late = Journal(other, node.clock)
    late.append(node.store.hash_number(number(9)), "key")
    first = next(iter(await node.store.records("SELECT contact_id, e164 FROM contact JOIN person USING (person_id)")))
    await node.store.execute("UPDATE contact SET state = 'pending'")
    noted = Node(node.store, other, node.clock.now())
    noted.dialled((first["contact_id"], "of-the-other", first["e164"]))
    found = await look(node.store, node.journal, node.folder, node.clock, others=[late])
    assert not found.well
    assert "1 stop and 1 call that this database does not know" in found.lines[0]
    assert not await stops.is_suppressed(node.store, number(9))
    done = await accept(node.store, node.journal, node.folder, node.clock, others=[late])
    assert done.well
    assert await stops.is_suppressed(node.store, number(9))
    assert (await node.states())[first["e164"]] == "cancelled"
    held = (await progress(node.store)).hold_until
    assert held is not None
    assert held > node.clock.now()
