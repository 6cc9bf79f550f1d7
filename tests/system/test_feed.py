"""Feeds with their real processes, judged by the carrier: a cancellation, a stopped database, two nodes, kills."""

from __future__ import annotations

import csv
import json
import random
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import copytree

import psycopg
import pytest

from agi_app.store.database import embedded
from sandbox.commands import COMMAND
from sandbox.project import write_settings
from sandbox.supervise import Child
from sandbox.world import World
from tests.store.second_server import Office as Clinic
from tests.store.second_server import office as clinic_of
from tests.store.second_server import passwords_wanted
from tests.system.conftest import NewDatabase, NewSite
from tests.system.site import CLOCK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
RINGS_ON, CONFIRMS = 21, 1
FOLDER = 'folder = "out"'
DATABASE = 'database_url_file = "clinic-db"\nquery_file = "clinic.sql"'
QUERY = "SELECT appt_no AS external_id, mobile AS number FROM appointment WHERE kept"
FEED = """\
[sandbox]
clock = "{clock}"
[feeds.office]
campaign = "spring"
{source}
max_age = "1h"
every = "10s"
most_a_day = 500
"""
AN_HOUR_LATER = "2026-03-03T18:31:00+08:00"
WITHIN_S = 1.0  # of the commit of a run that brought a change


class FedSite:
    """A project whose contacts come by a feed: files in its folder, or a query."""

    def __init__(self, site: Site, source: str = FOLDER) -> None:
        self.site, self.source, self.out = site, source, site.project / "out"
        self.out.mkdir()
        site.write_campaign("spring", rate=2)
        self.set_clock(CLOCK)
        self._files = 0
        self.env = {name: value for name, value in (site.app._env or {}).items() if name != "DATABASE_URL"}

    def set_clock(self, clock: str) -> None:
        """What starts from now on goes by this clock."""
        write_settings(self.site.project, self.site.settings(FEED.format(clock=clock, source=self.source)))

    def start(self) -> None:
        """The exchange is set up and the feed started."""
        self.site.app.ask("exchange", "setup")
        self.site.app.ask("feed", "start", "office")

    def begin(self, what: str = "exchange") -> Child:
        """``agi-app run``, ``exchange`` or ``deliver``, for the test to end."""
        self._files += 1
        log = self.site.folder / f"{what}-{self._files}.log"
        env = self.env if what == "exchange" else self.site.app._env
        child = Child([*COMMAND, what, "--json-logs"], log=log, env=env, cwd=self.site.project)
        if what == "run":
            self.site.app._wait_until_dialling(child, log)
        return child

    @contextmanager
    def runs_now(self, *what: str) -> Iterator[list[Child]]:
        """These processes until the block ends; calls under way are hung up then."""
        dying = [self.begin(one) for one in what]
        try:
            yield dying
        finally:
            for _ in range(2):  # told twice, a worker hangs up at once
                for child in dying:
                    child.send(signal.SIGTERM)
                time.sleep(0.3)
            for child in dying:
                child.end(10)

    def put(self, numbers: Iterable[str]) -> str:
        """Everybody who is to be called, as the office writes it: under another name first. Returns its name."""
        self._files += 1
        part = self.out / f"list-{self._files:03d}.csv.part"
        with part.open("w", newline="") as out:
            csv.writer(out).writerows([("external_id", "number"), *((n.removeprefix("+"), n) for n in numbers)])
        return part.rename(part.with_suffix("")).name

    def runs(self) -> list[tuple[str, float, dict[str, object]]]:
        """State, end (seconds since the epoch) and result of each run, in their order."""
        query = "SELECT state, extract(epoch FROM ended_at)::float8, result::text FROM feed_run ORDER BY run_id"
        return [(state, ended or 0.0, json.loads(told or "{}")) for state, ended, told in self.site.sql(query)]

    def good(self) -> int:
        """How many runs were taken."""
        return sum(state == "done" for state, *_ in self.runs())

    def brings(self, numbers: Iterable[str]) -> float:
        """Put a list, and wait until it is imported: when that was committed, at the latest."""
        before = self.good()
        self.put(numbers)
        until("the list is imported", lambda: self.good() > before, 30)
        return [ended for state, ended, _ in self.runs() if state == "done"][-1]

    def known(self) -> set[str]:
        """The numbers that are contacts."""
        return {f"+{external}" for (external,) in self.site.sql("SELECT external_id FROM contact")}

    def nobody_is_due(self) -> bool:
        """All who may be called were."""
        query = "SELECT count(*) FROM contact WHERE state = 'claimed' OR state = 'pending' AND due_at < 'infinity'"
        return self.site.sql(query) == [(0,)]


@pytest.fixture
def fed(new_site: NewSite) -> FedSite:
    made = FedSite(new_site("fed"))
    made.start()
    return made


def test_who_is_cancelled_while_it_rings_is_rung_no_longer(fed: FedSite) -> None:
    site = fed.site
    site.write_campaign("spring")
    ringing, late = people(*[RINGS_ON] * 12), people(CONFIRMS)
    site.consent([*ringing, *late])
    with fed.runs_now("run", "exchange"):
        fed.brings(ringing)
        site.app.ask("campaign", "start", "spring")
        until("all ring", lambda: len([c for c in site.calls(ringing) if c.ringing_at]) == len(ringing))
        gone, stay = ringing[0], ringing[1:]
        committed = fed.brings([*stay, *late])
        until("the call was cancelled", lambda: site.call(gone).cancel_at is not None)
        assert (site.call(gone).cancel_at or 0) - committed < WITHIN_S
        until("the new one was called", lambda: site.calls(late) != [])
        assert all(site.call(number).cancel_at is None for number in stay)


class StoppedClinic:
    """A second PostgreSQL with the office's list, which can really be stopped."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server, self._runs = embedded.acquire(folder, fast=True), True
        passwords_wanted(self._server)
        self._made = clinic_of(self._server)
        self.clinic: Clinic = self._made.__enter__()

    def stop(self) -> None:
        """Its processes end."""
        self._server.release()
        self._runs = False
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(self.clinic.owner_url)

    def start(self) -> None:
        """As it was before."""
        if not self._runs:
            self._server, self._runs = embedded.acquire(self._folder, fast=True), True

    def end(self) -> None:
        """Stop it for good."""
        self.start()
        self._made.__exit__(None, None, None)
        self._server.release()


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[StoppedClinic]:
    made = StoppedClinic(tmp_path)
    yield made
    made.end()


def test_the_other_database_is_away_for_an_hour(new_site: NewSite, stopped: StoppedClinic) -> None:
    """Nobody is called on what it said before, somebody is told, and it goes on by itself."""
    fed = FedSite(new_site("clinic"), DATABASE)
    site, clinic = fed.site, stopped.clinic
    site.write_campaign("spring")
    (site.project / "clinic-db").write_text(clinic.address("reader"))
    (site.project / "clinic.sql").write_text(QUERY)
    fed.start()
    everybody = people(*[CONFIRMS] * 8)
    site.consent(everybody)
    site.sql_do(
        "INSERT INTO webhook_endpoint (url, types, created_by)"
        " VALUES ('https://x.invalid', '{feed.failed,feed.late}', 'a')"
    )
    for number in everybody:
        clinic.run(f"INSERT INTO appointment VALUES ('{number[1:]}', '{number}', now() + interval '2 days', true)")
    with fed.runs_now("run", "exchange"):
        until("the list is imported", lambda: fed.good() > 0)
        clinic.run(f"UPDATE appointment SET kept = false WHERE mobile = '{everybody[0]}'")
        stopped.stop()
    fed.set_clock(AN_HOUR_LATER)
    with fed.runs_now("run", "exchange"):
        site.app.ask("campaign", "start", "spring")
        told = "SELECT type FROM webhook_event ORDER BY event_id"
        with fed.runs_now("deliver"):
            until("somebody is told", lambda: {one for (one,) in site.sql(told)} == {"feed.failed", "feed.late"}, 20)
        assert "feed office had no good run" in site.app.ask("campaign", "status", "spring")
        assert "its campaign calls nobody until there is a good run" in site.app.ask("feed", "status", "office")
        assert "had no good run for too long: campaign spring calls nobody" in site.app.run("doctor").stdout
        assert site.sql("SELECT count(*) FROM contact WHERE state = 'pending' AND due_at < 'infinity'") == [(8,)]
        assert site.calls(everybody) == [], "due, and called by nobody"
        stopped.start()
        until("the others are called", lambda: len(site.calls(everybody)) == 7, 30)
        until("nobody else is due", fed.nobody_is_due)
    assert Counter(call.to_user for call in site.calls(everybody)) == Counter(everybody[1:])


@pytest.fixture
def nodes(world: World, new_database: NewDatabase, tmp_path: Path) -> list[FedSite]:
    """The same project on two machines; the second has its own folder, from which nobody reads."""
    url = new_database()
    made = [FedSite(Site(tmp_path / asterisk.name, world, asterisk, url)) for asterisk in world.asterisks]
    text = made[1].site.settings(FEED.format(clock=CLOCK, source=FOLDER))
    write_settings(made[1].site.project, text, like=made[0].site.project)
    made[0].site.prepare()
    made[0].site.app.ask("audit", "key")
    made[0].start()
    copytree(made[0].site.project / "var", made[1].site.project / "var", dirs_exist_ok=True)
    return made


def test_two_of_each_at_once_take_each_list_once_and_call_nobody_twice(nodes: list[FedSite]) -> None:
    one, two = nodes
    site = one.site
    site.write_campaign("spring", rate=10)
    everybody = people(*[CONFIRMS] * 40)
    site.consent(everybody)
    with ExitStack() as stack:
        readers = stack.enter_context(one.runs_now("run", "exchange", "exchange"))[1:]
        stack.enter_context(two.runs_now("run"))
        one.brings(everybody[:20])
        site.app.ask("campaign", "start", "spring")
        ((reads,),) = site.sql("SELECT reader FROM feed_reader")
        (reader,) = [child for child in readers if str(child.pid) == reads.split()[-1]]
        reader.send(signal.SIGKILL)  # the other one goes on
        one.brings(everybody)
        until("nobody else is due", one.nobody_is_due, 60)
    assert [(state, told["added"]) for state, _, told in one.runs()] == [("done", 20)] * 2, "each list once"
    assert site.sql("SELECT count(*) FROM import_file WHERE about = 'spring'") == [(2,)]
    assert Counter(call.to_user for call in site.calls(everybody)) == Counter(everybody)
    assert site.sql("SELECT count(DISTINCT node) FROM attempt") == [(2,)], "a test of two"


def test_killed_at_any_moment_nobody_is_called_twice_or_after_the_cancellation(fed: FedSite) -> None:
    """Processes die by SIGKILL, at moments of chance, while the office changes its list."""
    site, lot, turns = fed.site, random.Random(18), 3
    everybody = people(*[CONFIRMS] * 33)
    site.consent(everybody)
    cancelled: dict[str, str] = {}  # number -> the first list that no longer has it
    with fed.runs_now("run", "exchange") as dying:
        fed.brings(everybody[:30])
        site.app.ask("campaign", "start", "spring")
        listed = list(everybody[:30])
        for turn in range(turns):
            waiting = {f"+{i}" for (i,) in site.sql("SELECT external_id FROM contact WHERE state = 'pending'")}
            gone = [number for number in listed if number in waiting][-1:]  # lists passed over: in all under 10 %
            listed = [number for number in listed if number not in gone] + [everybody[30 + turn]]
            cancelled |= dict.fromkeys(gone, fed.put(listed))
            time.sleep(lot.uniform(1.0, 2.5))
            victim = turn % 2
            dying[victim].send(signal.SIGKILL)
            dying[victim].wait(5)
            dying[victim] = fed.begin(("run", "exchange")[victim])
        until("the last list is imported", lambda: set(listed) <= fed.known(), 40)
        assert all(state == "done" for state, *_ in fed.runs())
        until("nobody else is due", fed.nobody_is_due, 60)
    calls = site.calls(everybody)
    assert len({call.to_user for call in calls}) == len(calls), "nobody twice"
    query = "SELECT file, extract(epoch FROM ended_at)::float8 FROM feed_run WHERE state = 'done' ORDER BY run_id"
    ended = site.sql(query)
    for number, file in cancelled.items():
        committed = next(at for name, at in ended if name >= file)
        late = [call for call in site.calls([number]) if call.invite_at > committed + WITHIN_S]
        assert late == [], f"{number} was cancelled by {file}"
    assert len(cancelled) == turns
    until("each file is where it belongs", lambda: not [*(fed.out / "taken").iterdir()], 5)
    kept = {path.name for part in ("done", "refused") for path in (fed.out / part).glob("list-???.csv")}
    assert len(kept) == turns + 1, "no list is lost"
    assert site.sql("SELECT count(*) FROM feed_content") == [(0,)]
