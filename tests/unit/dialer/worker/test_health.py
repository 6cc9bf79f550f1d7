"""A worker dials only while all is well, says the first thing that is not, and obeys stops whatever else fails."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.consent import known_journal, opt_outs, restored_backup
from agi_app.consent.known_journal import JournalWatch
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.opt_outs import Stops
from agi_app.dialer.worker.health import Health, Worker
from agi_app.errors import SafetyError, StoreError
from agi_app.store.calling import nodes, pauses
from agi_app.store.calling.nodes import KnownJournal
from agi_app.store.database import checks
from agi_app.store.database import progress as progress_table
from agi_app.store.database.listen import CONTROL_CHANNEL, STOP_CHANNEL, Listening, ListenLost, Notification
from agi_app.store.database.progress import DatabaseProgress, RestoredFrom
from agi_app.store.people import stops as stop_table
from agi_app.store.requested_calls.asks import WantedEnd
from tests.fake_clock import FakeClock
from tests.unit.gate_cases import NOW


class Live:
    """The live calls as a worker sees them; remembers who was stopped."""

    attempt_ids = ("a1", "a2")

    def __init__(self) -> None:
        self.stopped: list[tuple[str, bool]] = []

    def attempts_of(self, person_id: int) -> list[str]:
        return ["a1"] if person_id == 1 else []

    def stop_attempt(self, attempt_id: str, reason: str, *, even_if_up: bool) -> int:
        self.stopped.append((attempt_id, even_if_up))
        return 1

    def end_by_hand(self, attempt_id: str, reason: str) -> None:
        self.stopped.append((f"{attempt_id} {reason}", True))

    def stop_campaign(self, campaign: str) -> int:
        self.stopped.append((campaign, False))
        return 1


class World:
    """A worker whose surroundings can be spoilt one by one."""

    def __init__(self, folder: Path) -> None:
        self.live = Live()
        self.ends: list[WantedEnd] = []  # what the database says of calls to be ended by hand
        self.connected = True
        self.clock = FakeClock(NOW)
        self.stops = SimpleNamespace(broken=None, doubt=None, overdue=False, pending=False, replayed=0)
        self.stops.replay = self._replay
        self.health = Health()
        self.health.deaf = self.health.peers = self.health.keys = None
        self.unsealed: str | None = None
        self.dialer = SimpleNamespace(changes=0)
        self.dialer.control_changed = self._change
        world = self

        class FakeAri:
            settings = SimpleNamespace(url="http://127.0.0.1:8088/ari", username="agi-app", app="agi-app")
            is_refused = False

            @property
            def is_connected(self) -> bool:
                return world.connected

        node = SimpleNamespace(live=self.live, ari=FakeAri(), clock=self.clock, store=self, entityid="n")
        self.worker = Worker(cast(Any, node), cast(Any, self.stops), cast(Any, None), self.health, folder, self.sealing)

    async def rows(self, *_: object) -> list[WantedEnd]:
        """As the store: no other query of it is asked here."""
        return self.ends

    def sealing(self) -> str | None:
        return self.unsealed

    def _replay(self) -> None:
        self.stops.replayed += 1

    def _change(self) -> None:
        self.dialer.changes += 1

    async def hears(self, heard: Any) -> None:
        await self.worker._obey(heard, cast(Any, self.dialer))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_worker_that_ends_lets_no_call_leave(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is made ready already; why nobody is dialled is not told anew."""
    monkeypatch.setattr(world.worker, "waiting_reason", lambda: None)
    assert world.worker.may_dial()
    closed: list[bool] = []
    world.worker.calls_end_within = 0.0
    monkeypatch.setattr(world.worker._node, "live", _Nobody())
    await world.worker.drain(cast(Any, SimpleNamespace(close=lambda: closed.append(world.worker.may_dial()))))
    assert closed == [False]


def test_those_who_watch_see_that_it_ends_and_its_live_calls_may_still_ring_an_agent(world: World) -> None:
    assert [*world.worker.all_holdings()] == []
    world.worker.begin_to_end(cast(Any, SimpleNamespace(close=lambda: None)))
    assert [(one.code, one.wanted) for one in world.worker.all_holdings()] == [("ending", False)]
    assert world.worker.waiting_reason() is None


class _Nobody:
    """No call is on."""

    def __init__(self) -> None:
        self.quiet = asyncio.Event()

    def __len__(self) -> int:
        return 0

    def stop_all(self, _: str) -> int:
        return 0


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the database says of the live calls; an entry ``away`` makes it fail."""
    found: dict[str, str] = {}

    async def live_check(_: Any, ids: Any) -> dict[str, str]:
        if "away" in found:
            raise StoreError("database x: is away")
        return {i: found[i] for i in ids if i in found}

    async def now(_: Any) -> dt.datetime:
        return NOW

    async def no_pause(_: object) -> None:
        return None

    monkeypatch.setattr(pauses, "in_force", no_pause)
    monkeypatch.setattr(stop_table, "live_check", live_check)
    monkeypatch.setattr(checks, "database_now", now)
    return found


def test_a_new_worker_dials_nobody_before_it_hears_stops() -> None:
    assert Health().deaf is not None
    assert Health().peers is not None


def test_a_new_worker_dials_nobody_before_it_hears_keys(world: World) -> None:
    world.health.keys = Health().keys
    assert "start of a key" in (world.worker.waiting_reason() or "")


def test_when_all_is_well_it_dials(world: World) -> None:
    assert world.worker.waiting_reason() is None


def test_each_fault_holds_and_says_how_to_mend_it(world: World) -> None:
    worker, health = world.worker, world.health
    world.unsealed = "rows wait for a signed checkpoint"
    assert worker.waiting_reason() == world.unsealed
    health.checkpoint = "the database ends at decision 3"
    assert worker.waiting_reason() == "the database ends at decision 3"
    health.checkpoint, health.switch = None, "the process that hangs up the calls of a killed worker was ended"
    assert worker.waiting_reason() == health.switch
    health.peers = "workers have not said … start them"
    assert worker.waiting_reason() == health.peers
    health.clock = "the clocks are apart; set both by NTP"
    assert worker.waiting_reason() == health.clock
    health.hold_until = NOW + dt.timedelta(hours=25)
    assert (
        worker.waiting_reason()
        == "the database was restored from a backup: nobody is called before 2026-03-05 03:00 UTC"
    )
    health.keys = "the start of a key is not heard: closed"
    assert worker.waiting_reason() == health.keys
    world.connected = False
    assert worker.waiting_reason() == "no connection to Asterisk at http://127.0.0.1:8088/ari"
    world.stops.overdue = True
    assert worker.waiting_reason() == "stops are on their way into the database"
    health.paused = "everything is paused"
    assert worker.waiting_reason() == "everything is paused"
    health.paused = None
    health.deaf = "connection lost"
    assert worker.waiting_reason() == "stops of other nodes are not heard: connection lost"
    health.database = "database x: is away"
    assert worker.waiting_reason() == "database x: is away"
    world.stops.doubt = "refusals.jsonl: has 0 bytes, but 300 were written"
    assert "has 0 bytes, but 300 were written; see `agi-app recover`" in (worker.waiting_reason() or "")
    world.stops.broken = "refusals.jsonl: No space left on device"
    assert "No space left on device; free space" in (worker.waiting_reason() or "")


def test_the_day_after_a_restored_backup_ends(world: World) -> None:
    world.health.hold_until = NOW + dt.timedelta(hours=25)
    world.clock.advance(25 * 3600)
    assert world.worker.waiting_reason() is None


def test_a_restored_database_holds_until_somebody_confirms_it(world: World) -> None:
    """However much time goes by, and told once, whatever else holds after a restore."""
    held = RestoredFrom("id", "2026-03-03T09:30:00+00:00", "2026-03-03T09:30:00+00:00", 3, (), ())
    world.health.restored = restored_backup.held_by(held)
    world.health.hold_until = NOW + dt.timedelta(hours=25)
    assert [holding.code for holding in world.worker.holdings()] == ["restored"]
    world.clock.advance(100 * 3600)
    told = world.worker.waiting_reason() or ""
    assert "the backup of 2026-03-03 09:30 UTC" in told
    assert "agi-app recover" in told
    world.health.restored = None
    assert world.worker.waiting_reason() is None


async def test_a_stop_ends_the_calls_of_that_person_only(world: World, verdicts: dict[str, str]) -> None:
    verdicts["a1"] = "person_stopped"
    await world.hears(Notification(STOP_CHANNEL, "2"))
    assert world.live.stopped == []
    await world.hears(Notification(STOP_CHANNEL, "1"))
    assert world.live.stopped == [("a1", True)]


async def test_a_withdrawal_for_another_purpose_ends_no_call(world: World, verdicts: dict[str, str]) -> None:
    await world.hears(Notification(STOP_CHANNEL, "1"))
    assert world.live.stopped == []


async def test_in_doubt_the_call_ends(world: World, verdicts: dict[str, str]) -> None:
    verdicts["away"] = "yes"
    await world.hears(Notification(STOP_CHANNEL, "1"))
    assert world.live.stopped == [("a1", True)]


async def test_a_campaign_stop_cancels_ringing_calls_a_pause_does_not(world: World) -> None:
    await world.hears(Notification(CONTROL_CHANNEL, '{"campaign": "c", "state": "paused"}'))
    assert (world.live.stopped, world.dialer.changes) == ([], 1)
    await world.hears(Notification(CONTROL_CHANNEL, '{"campaign": "c", "state": "stopped"}'))
    assert (world.live.stopped, world.dialer.changes) == ([("c", False)], 2)


async def test_a_call_that_somebody_ended_ends_at_once_or_once_we_hear_again(
    world: World, verdicts: dict[str, str]
) -> None:
    world.ends = [WantedEnd("a1", "li.na", "wrong list")]
    await world.hears(Notification(CONTROL_CHANNEL, '{"call": "of another worker"}'))
    assert world.live.stopped == []
    for heard in (Notification(CONTROL_CHANNEL, '{"call": "a1"}'), Listening()):
        await world.hears(heard)
        assert world.live.stopped.pop() == ("a1 ended by li.na: wrong list", True)


async def test_after_a_time_of_deafness_every_live_call_is_checked(world: World, verdicts: dict[str, str]) -> None:
    """What was missed is found; the journal goes in again; the other workers' journals are waited for."""
    await world.hears(ListenLost("server closed the connection"))
    assert "not heard" in (world.worker.waiting_reason() or "")
    verdicts.update(a1="person_stopped", a2="campaign_stopped")
    await world.hears(Listening())
    assert world.live.stopped == [("a1", True), ("a2", False)]
    assert world.stops.replayed == 1
    assert world.health.deaf is None
    assert "other workers" in (world.worker.waiting_reason() or "")


async def test_a_check_that_fails_keeps_the_worker_deaf(world: World, verdicts: dict[str, str]) -> None:
    await world.hears(ListenLost("gone"))
    verdicts["away"] = "yes"
    await world.hears(Listening())
    assert world.worker.waiting_reason() == "stops of other nodes are not heard: database x: is away"


async def test_a_backup_restored_under_a_running_worker_is_recognised(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database comes back behind the note: nobody is dialled until somebody accepts it, without a restart."""
    found = DatabaseProgress("db", 7, None)

    async def progress(_: Any) -> DatabaseProgress:
        return found

    monkeypatch.setattr(progress_table, "progress", progress)
    await world.worker._note_progress()
    assert world.worker.waiting_reason() is None
    found = DatabaseProgress("db", 3, None)
    await world.worker._note_progress()
    assert "restored old copy" in (world.worker.waiting_reason() or "")
    noted = restored_backup.read(tmp_path)
    assert noted is not None
    assert noted.decisions == 7
    restored_backup.write(tmp_path, found, NOW)  # `agi-app recover --accept-restored`
    await world.worker._note_progress()
    assert world.worker.waiting_reason() is None


class Stopping:
    """The stops of a node over a journal on disk and a database that may be away."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stored: list[bytes] = []
        self.away = False
        store = SimpleNamespace(hash_number=lambda number: number.encode().rjust(32, b"0"))
        self.journal = Journal(folder, FakeClock(NOW))
        self.known: KnownJournal | None = None  # to the database
        self.stops = Stops(cast(Any, store), self.journal, FakeClock(NOW), "n")
        self.store = store
        monkeypatch.setattr(nodes, "known_journal", self.known_journal)
        monkeypatch.setattr(nodes, "note_journal", self.note_journal)
        monkeypatch.setattr(nodes, "journals_at", self.journals_at)
        monkeypatch.setattr(nodes, "miss_journal", self.miss_journal)
        monkeypatch.setattr(stop_table, "revoke", self.revoke)
        monkeypatch.setattr(stop_table, "suppress", self.suppress)
        monkeypatch.setattr(opt_outs, "LOOK_EVERY_S", 0.005)

    async def revoke(self, store: Any, number: str, *_: Any, **__: Any) -> None:
        await self.suppress(store, [SimpleNamespace(number_hash=store.hash_number(number))])

    async def suppress(self, _: Any, entries: list[Any]) -> int:
        if self.away:
            raise StoreError("database x: is away")
        self.stored += [e.number_hash for e in entries]
        return len(entries)

    async def known_journal(self, *_: Any) -> KnownJournal | None:
        if self.away:
            raise StoreError("database x: is away")
        return self.known

    async def journals_at(self, *_: Any) -> list[KnownJournal]:
        return [] if self.known is None else [self.known]

    async def note_journal(self, _: Any, entityid: str, length: int, last_line: bytes, place: str) -> KnownJournal:
        accepted = None if self.known is None else self.known.accepted_at
        self.known = KnownJournal(entityid, NOW, length, last_line, place, accepted)
        return self.known

    async def miss_journal(self, *_: Any) -> None:
        if (known := await self.known_journal()) is not None:
            self.known = replace(known, last_line=nodes.NEVER)

    def restarted(self) -> Stops:
        """Those of a worker that starts again."""
        self.stops = Stops(cast(Any, self.store), self.journal, FakeClock(NOW), "n")
        return self.stops

    def lose_journal(self) -> None:
        for file in self.journal.folder.glob("refusals.*"):
            file.unlink()

    def accept(self) -> None:
        """What `agi-app recover --accept-restored --accept-lost-stops` does."""
        assert self.known is not None
        self.journal.accept_end()
        self.known = replace(self.known, length=0, last_line=b"", accepted_at=NOW)


@pytest.fixture
def stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stopping:
    return Stopping(tmp_path, monkeypatch)


async def until(true: Callable[[], bool]) -> None:
    """Let the other tasks go on until something is so; fails after two seconds."""
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to be so")


HASH = b"+999".rjust(32, b"0")


async def test_nobody_is_dialled_before_the_journal_is_in_the_database(stopping: Stopping) -> None:
    stopping.journal.append(HASH, "key")
    assert stopping.stops.pending
    assert await stopping.stops.flush() == 1
    assert not stopping.stops.pending


async def test_a_journal_whose_end_is_gone_is_doubted_until_it_is_accepted(stopping: Stopping) -> None:
    stopping.journal.append(HASH, "key")
    await stopping.stops.flush()
    assert stopping.stops.doubt is None
    (stopping.journal.folder / "refusals.end").unlink()
    await stopping.stops.flush()
    assert "refusals.end beside it is missing" in str(stopping.stops.doubt)
    stopping.accept()
    await stopping.stops.flush()
    assert stopping.stops.doubt is None


@pytest.mark.parametrize("begun_anew", [False, True])
@pytest.mark.parametrize("stops_before", [0, 2])
async def test_a_journal_that_is_gone_with_its_end_is_missed(
    stopping: Stopping, stops_before: int, *, begun_anew: bool
) -> None:
    """Also by a worker that starts again, and also when no stop was in it while the database was there."""
    await stopping.stops.flush()
    for number in range(stops_before):
        stopping.journal.append(bytes([number]) * 32, "key")
    await stopping.stops.flush()
    stopping.journal.append(HASH, "by hand")  # the database is away, and no worker runs
    stopping.lose_journal()
    if begun_anew:
        stopping.journal.append(bytes([9]) * 32, "by hand")
    await stopping.restarted().flush()
    told = str(stopping.stops.doubt)
    (found,) = await known_journal.look(cast(Any, stopping.store), stopping.journal, "")
    assert (found.well, found.text) == (False, told)  # of doctor, which needs no worker
    lost = "is not the journal that worker n had" if begun_anew else "is missing, and the database knows that worker n"
    assert f"refusals.jsonl: {lost}" in told
    assert stopping.journal.place in told
    stopping.journal.append(HASH, "by hand")  # hides nothing
    await stopping.stops.flush()
    assert stopping.stops.doubt is not None
    stopping.accept()
    await stopping.stops.flush()
    assert (stopping.stops.doubt is None) is True
    stopping.lose_journal()
    await stopping.restarted().flush()
    assert (stopping.stops.doubt is None) is False


async def test_a_stop_that_the_journal_loses_before_the_database_has_it_is_not_lost_while_the_worker_lives(
    stopping: Stopping,
) -> None:
    await stopping.stops.flush()
    stopping.away = True
    await stopping.stops.take("+999", "key")
    stopping.lose_journal()
    with pytest.raises(StoreError):
        await stopping.stops.flush()
    stopping.away = False
    await stopping.stops.flush()
    assert stopping.stored == [HASH]
    assert stopping.stops.doubt is not None
    async with asyncio.timeout(60):
        await stopping.stops._write_what_was_refused()
    assert [one.number_hash for one in stopping.journal.unflushed(0)] == [HASH]


async def test_a_stop_hides_no_journal_that_is_gone_but_for_the_mark_of_its_beginning(stopping: Stopping) -> None:
    await stopping.stops.flush()
    stopping.journal.append(HASH, "by hand")  # the database is away, and no worker runs
    for name in ("refusals.jsonl", "refusals.end"):
        (stopping.journal.folder / name).unlink()
    stopping.journal.append(bytes([9]) * 32, "by hand")
    await stopping.restarted().flush()
    assert stopping.stops.doubt is not None
    stopping.accept()
    await stopping.stops.flush()
    assert (stopping.stops.doubt is None) is True


async def test_an_older_copy_that_is_put_there_is_noticed_by_a_worker_that_saw_more(
    stopping: Stopping, tmp_path: Path
) -> None:
    """Also while the database is away, and for good: the next worker is told, too."""
    stopping.journal.append(bytes(32), "key")
    await stopping.stops.flush()
    older = shutil.copytree(stopping.journal.folder, tmp_path / "older")
    stopping.away = True
    stopping.journal.append(HASH, "by hand")
    with pytest.raises(StoreError):
        await stopping.stops.flush()
    stopping.away = False
    for _ in range(2):  # the second one takes away the note of the first
        for file in older.iterdir():
            shutil.copy(file, stopping.journal.folder)
        await stopping.stops.flush()
        assert stopping.stops.doubt is not None
    for file in older.iterdir():
        shutil.copy(file, stopping.journal.folder)
    await stopping.restarted().flush()
    assert stopping.stops.doubt is not None
    (found,) = await known_journal.look(cast(Any, stopping.store), stopping.journal, "")
    assert not found.well
    stopping.accept()
    await stopping.stops.flush()
    assert (stopping.stops.doubt is None) is True


async def test_the_journal_of_another_worker_is_not_taken_for_this_ones(stopping: Stopping, tmp_path: Path) -> None:
    """A stop in it that is exactly where a stored one was is stored all the same."""
    stopping.journal.append(bytes(32), "key")
    await stopping.stops.flush()
    stopping.lose_journal()
    stopping.journal.append(HASH, "key")
    await stopping.stops.flush()
    assert "is not the journal that worker n had" in str(stopping.stops.doubt)
    assert HASH in stopping.stored


async def test_a_new_worker_and_one_whose_folder_was_moved_start_without_ceremony(
    stopping: Stopping, tmp_path: Path
) -> None:
    await stopping.stops.flush()
    assert stopping.stops.doubt is None
    stopping.journal.append(HASH, "key")
    await stopping.stops.flush()
    moved = shutil.copytree(stopping.journal.folder, tmp_path / "moved")
    stopping.journal = Journal(moved, FakeClock(NOW))
    await stopping.restarted().flush()
    assert stopping.stops.doubt is None
    assert stopping.known is not None
    assert stopping.known.place == stopping.journal.place
    (found,) = await known_journal.look(cast(Any, stopping.store), stopping.journal, "")
    assert found.well
    watch = JournalWatch(cast(Any, stopping.store), stopping.journal, "n")
    await watch.ask()
    assert watch.known == stopping.known
    assert not await watch.miss(), "nobody has accepted anything"
    stopping.known = None  # another database
    await stopping.restarted().flush()
    assert stopping.stops.doubt is None


async def test_a_stop_that_comes_in_the_middle_of_a_flush_is_still_pending_after_it(
    stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flush has read the journal before; its end must not say that all is stored."""
    gate = asyncio.Event()

    async def slow(*_: Any) -> Any:
        await gate.wait()

    await stopping.stops.flush()
    async with asyncio.TaskGroup() as group:
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "to_thread", slow)  # the disk is slow
            taking = group.create_task(stopping.stops.take("+999", "key"))
            await asyncio.sleep(0)
        await stopping.stops.flush()
        assert stopping.stops.pending
        gate.set()
        await taking
        assert stopping.stops.pending
    await stopping.stops.flush()
    assert not stopping.stops.pending


async def test_a_stop_waits_for_the_database_and_is_then_stored_once(stopping: Stopping) -> None:
    stopping.away = True
    await stopping.stops.take("+999", "key")
    with pytest.raises(StoreError):
        await stopping.stops.flush()
    assert stopping.stops.pending
    stopping.away = False
    await stopping.stops.flush()
    await stopping.stops.flush()
    assert stopping.stored == [HASH]


async def test_a_long_stop_list_goes_in_at_once(stopping: Stopping, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each start of a worker replays the journal; one transaction a line would take minutes."""
    calls = 0
    real = stopping.suppress

    async def counted(store: Any, entries: list[Any]) -> int:
        nonlocal calls
        calls += 1
        return await real(store, entries)

    monkeypatch.setattr(stop_table, "suppress", counted)
    stopping.journal.append_all([bytes([n]) * 32 for n in range(200)], "stop list")
    assert await stopping.stops.flush() == 200
    assert (calls, len(stopping.stored)) == (1, 200)


async def test_a_database_that_comes_back_older_gets_the_whole_journal_again(stopping: Stopping) -> None:
    await stopping.stops.take("+999", "key")
    await stopping.stops.flush()
    stopping.stored.clear()  # restored from a backup
    stopping.stops.replay()
    assert stopping.stops.pending
    await stopping.stops.flush()
    assert stopping.stored == [HASH]


async def test_a_full_disk_holds_until_it_takes_the_stop_after_all(
    stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has the stop alone; a restored backup would lose it, so the journal must get it, too."""
    real = Journal.append

    def full(*_: Any) -> Any:
        raise SafetyError("refusals.jsonl: No space left on device")

    monkeypatch.setattr(Journal, "append", full)
    await stopping.stops.take("+999", "key")
    assert stopping.stored == [HASH]
    async with asyncio.TaskGroup() as group:
        running = group.create_task(stopping.stops.run())
        await asyncio.sleep(0.03)
        assert stopping.stops.broken == "refusals.jsonl: No space left on device"
        monkeypatch.setattr(Journal, "append", real)
        await until(lambda: stopping.stops.broken is None)
        running.cancel()
    assert [e.number_hash for e in stopping.journal.unflushed(0)] == [HASH]


async def test_neither_disk_nor_database_the_stop_is_refused_but_not_forgotten(
    stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Journal.append

    def full(*_: Any) -> Any:
        raise SafetyError("refusals.jsonl: No space left on device")

    monkeypatch.setattr(Journal, "append", full)
    stopping.away = True
    with pytest.raises(SafetyError, match="did not take it either"):
        await stopping.stops.take("+999", "key")
    monkeypatch.setattr(Journal, "append", real)
    stopping.away = False
    async with asyncio.TaskGroup() as group:
        running = group.create_task(stopping.stops.run())
        await until(lambda: bool(stopping.stored))
        running.cancel()
    assert stopping.stored == [HASH]


async def test_a_journal_that_cannot_be_read_holds_and_does_not_end_the_worker(
    stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: Any) -> Any:
        raise SafetyError("refusals.jsonl: cannot be read: Input/output error")

    async with asyncio.TaskGroup() as group:
        running = group.create_task(stopping.stops.run())
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "unflushed", unreadable)
            await until(lambda: "Input/output error" in (stopping.stops.broken or ""))
            assert not running.done()
        await until(lambda: stopping.stops.broken is None)
        running.cancel()


async def test_a_change_by_the_office_ends_what_rings_on_it_and_is_asked_again_until_it_is_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[dict[str, str] | Exception] = [StoreError("away"), {"a1": "contact_changed", "a2": "person_stopped"}]

    async def live_check(_: Any, __: Any) -> dict[str, str]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(stop_table, "live_check", live_check)
    await world.hears(Notification(CONTROL_CHANNEL, '{"contacts": "checkup"}'))
    assert world.live.stopped == []
    assert world.worker._changes_open
    await world.worker._drop_changed()  # as the next round of housekeeping does
    assert world.live.stopped == [("a1", False)], "one with whom somebody talks goes on; stops come by their own way"
    assert not world.worker._changes_open
