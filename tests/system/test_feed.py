"""A feed with its real processes, judged by the carrier: cancelled while it rings, too old, killed at any moment."""

from __future__ import annotations

import csv
import json
import random
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest

from sandbox.commands import COMMAND
from sandbox.project import write_settings
from sandbox.supervise import Child
from tests.system.conftest import NewSite
from tests.system.site import CLOCK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
RINGS_ON, CONFIRMS = 21, 1
FEED = """\
[sandbox]
clock = "{clock}"
[feeds.office]
campaign = "spring"
folder = "out"
max_age = "{max_age}"
every = "10s"
most_a_day = 500
"""
WITHIN_S = 1.0  # of the commit of a run that brought a change


class FedSite:
    """A project whose contacts come by files in a folder."""

    def __init__(self, site: Site, max_age: str) -> None:
        self.site, self.out = site, site.project / "out"
        self.out.mkdir()
        site.write_campaign("spring")
        write_settings(site.project, site.settings(FEED.format(clock=CLOCK, max_age=max_age)))
        site.app.ask("exchange", "setup")
        site.app.ask("feed", "start", "office")
        self._files = 0
        self.env = {name: value for name, value in (site.app._env or {}).items() if name != "DATABASE_URL"}

    @contextmanager
    def exchange(self) -> Iterator[Child]:
        """``agi-app exchange`` until the block ends."""
        self._files += 1
        log = self.site.folder / f"exchange-{self._files}.log"
        child = Child([*COMMAND, "exchange", "--json-logs"], log=log, env=self.env, cwd=self.site.project)
        try:
            yield child
        finally:
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


@pytest.fixture
def fed(new_site: NewSite) -> Callable[[str], FedSite]:
    return lambda max_age: FedSite(new_site("fed"), max_age)


def test_who_is_cancelled_while_it_rings_is_rung_no_longer(fed: Callable[[str], FedSite]) -> None:
    office = fed("1h")
    site = office.site
    ringing, late = people(*[RINGS_ON] * 12), people(CONFIRMS)
    site.consent([*ringing, *late])
    with site.worker(), office.exchange():
        office.brings(ringing)
        site.app.ask("campaign", "start", "spring")
        until("all ring", lambda: len([c for c in site.calls(ringing) if c.ringing_at]) == len(ringing))
        gone, stay = ringing[0], ringing[1:]
        committed = office.brings([*stay, *late])
        until("the call was cancelled", lambda: site.call(gone).cancel_at is not None)
        assert (site.call(gone).cancel_at or 0) - committed < WITHIN_S
        until("the new one was called", lambda: site.calls(late) != [])
        assert all(site.call(number).cancel_at is None for number in stay)


def test_nobody_is_called_on_old_facts_and_it_goes_on_by_itself(fed: Callable[[str], FedSite]) -> None:
    office = fed("12s")
    site = office.site
    first, second = people(*[CONFIRMS] * 3), people(*[CONFIRMS] * 3)
    site.consent([*first, *second])
    with site.worker():
        with office.exchange():
            office.brings(first)
            site.app.ask("campaign", "start", "spring")
            until("they were called", lambda: len(site.calls(first)) == 3)
            site.settle("spring")
            site.sql_do("UPDATE contact SET state = 'pending', due_at = 'infinity'")
        time.sleep(13)  # the exchange is away for longer than max_age
        site.sql_do("UPDATE contact SET due_at = 'epoch'")
        until(
            "the status says so", lambda: "feed office had no good run" in site.app.ask("campaign", "status", "spring")
        )
        time.sleep(3)
        assert len(site.calls(first)) == 3, "due again, and called by nobody"
        with office.exchange():
            office.brings([*first, *second])
            until("the others are called", lambda: len(site.calls(second)) == 3)


def test_killed_at_any_moment_nobody_is_called_twice_or_after_the_cancellation(fed: Callable[[str], FedSite]) -> None:
    """Processes die by SIGKILL, at moments of chance, while the office changes its list."""
    office = fed("1h")
    site, lot = office.site, random.Random(18)
    everybody = people(*[CONFIRMS] * 60)
    site.consent(everybody)
    cancelled: dict[str, str] = {}  # number -> the first list that no longer has it
    site.write_campaign("spring", rate=1)
    with site.worker() as worker, office.exchange() as exchange:
        office.brings(everybody[:40])
        site.app.ask("campaign", "start", "spring")
        dying = [worker, exchange]
        listed = list(everybody[:40])
        for turn in range(8):
            waiting = {f"+{i}" for (i,) in site.sql("SELECT external_id FROM contact WHERE state = 'pending'")}
            gone = [number for number in listed if number in waiting][-1:]  # lists passed over: in all under 10 %
            listed = [number for number in listed if number not in gone] + [everybody[40 + turn]]
            cancelled |= dict.fromkeys(gone, office.put(listed))
            time.sleep(lot.uniform(1.5, 4.5))
            victim = turn % 2
            dying[victim].send(signal.SIGKILL)
            dying[victim].wait(5)
            dying[victim] = again(office, victim)
        until("the last list is imported", lambda: set(listed) <= known(site), 40)
        assert all(state == "done" for state, *_ in office.runs())
        query = "SELECT count(*) FROM contact WHERE state = 'pending' AND due_at < 'infinity'"
        until("nobody else is due", lambda: site.sql(query) == [(0,)], 90)
        for child in dying:
            child.end(20)
    calls = site.calls(everybody)
    assert len({call.to_user for call in calls}) == len(calls), "nobody twice"
    query = "SELECT file, extract(epoch FROM ended_at)::float8 FROM feed_run WHERE state = 'done' ORDER BY run_id"
    ended = site.sql(query)
    for number, file in cancelled.items():
        committed = next(at for name, at in ended if name >= file)
        late = [call for call in site.calls([number]) if call.invite_at > committed + WITHIN_S]
        assert late == [], f"{number} was cancelled by {file}"
    assert len(cancelled) == 8
    assert not [*(office.out / "taken").iterdir()], "each file is where it belongs"
    kept = {path.name for part in ("done", "refused") for path in (office.out / part).glob("list-???.csv")}
    assert len(kept) >= 7, "no list is lost"
    assert site.sql("SELECT count(*) FROM feed_content") == [(0,)]


def again(office: FedSite, which: int) -> Child:
    """The process that was killed begins again."""
    site = office.site
    if which == 0:
        log = site.folder / f"worker-again-{time.monotonic_ns()}.log"
        child = Child([*COMMAND, "run", "--json-logs"], log=log, env=site.app._env, cwd=site.project)
        site.app._wait_until_dialling(child, log)
        return child
    log = site.folder / f"exchange-again-{time.monotonic_ns()}.log"
    return Child([*COMMAND, "exchange", "--json-logs"], log=log, env=office.env, cwd=site.project)


def known(site: Site) -> set[str]:
    return {f"+{external}" for (external,) in site.sql("SELECT external_id FROM contact")}
