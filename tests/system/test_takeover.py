"""Two nodes made by copying, one dies with its Asterisk: limits hold over both, and its work is taken over within 10 s.

Who was called, when and by which node is the carrier's word.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.asterisk import Asterisk
from sandbox.commands import AgiApp
from sandbox.rates import most_at_once, most_within
from sandbox.sip import CarrierCall, overlapping
from sandbox.supervise import Child
from sandbox.world import World
from tests.system.site import Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

CAMPAIGNS = ("spring", "summer")
PEOPLE = 36  # of each campaign
TRUNK_RATE, TRUNK_CONCURRENT, CAMPAIGN_CONCURRENT, NODE_CONCURRENT = 10, 14, 9, 9
TAKEN_OVER_S = 10.0
_LEFT = (
    "SELECT p.e164, a.state FROM attempt a JOIN person p USING (person_id) WHERE a.state <> 'ended' AND a.node = '{}'"
)


class CopiedSite(Site):
    """The project of the first node, and its trunk is small."""

    def settings(self, more: str = "") -> str:
        text = super().settings(more).replace("calls_per_second = 60", f"calls_per_second = {TRUNK_RATE}")
        text = text.replace("[asterisk]\n", f"[asterisk]\nconcurrent = {NODE_CONCURRENT}\n")
        return text.replace("concurrent = 400", f"concurrent = {TRUNK_CONCURRENT}").replace("entityid", "# entityid")


@dataclass(frozen=True, slots=True)
class Story:
    """What came of it."""

    site: Site
    numbers: dict[str, list[str]]  # of each campaign
    calls: list[CarrierCall]
    ports: tuple[int, int]
    died_at: float
    settled_at: float  # nothing of the dead node was open any more
    claimed: set[str]
    dialling: set[str]

    def by_second(self) -> dict[str, CarrierCall]:
        """The second node's calls after the first one's death."""
        return {c.to_user: c for c in self.calls if c.from_port == self.ports[1] and c.invite_at > self.died_at}


@pytest.fixture(scope="module")
def story(world: World, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Play it once; the Asterisk that was killed is there again for the other tests."""
    folder = tmp_path_factory.mktemp("takeover")
    doomed, other = world.asterisks
    url = new_database()
    site = CopiedSite(folder, world, doomed, url)
    site.prepare()
    site.app.ask("audit", "key")
    site.app.ask("stop", *people(1))  # so that a journal is copied, too
    two = _copied(site, folder / "second", other)
    numbers = {name: people(*[1] * PEOPLE) for name in CAMPAIGNS}
    everybody = [number for found in numbers.values() for number in found]
    site.consent(everybody)
    try:
        with site.worker() as worker, two.worker("second.log"):
            for name in CAMPAIGNS:
                site.add(name, numbers[name], flow="bulk", rate=60, concurrent=CAMPAIGN_CONCURRENT)
            until("a third was called", lambda: len(site.calls(everybody)) >= len(everybody) // 3, poll_s=0.1)
            until("both have called", lambda: len({c.from_port for c in site.calls(everybody)}) == 2, poll_s=0.1)
            until("somebody is claimed", lambda: _held_in_a_claim(site, worker, doomed.entityid), poll_s=0.02)
            worker.send(signal.SIGKILL)
            doomed.kill()
            died_at = time.time()
            worker.wait(5.0)
            left = _open(site, doomed.entityid)
            until("all of it ended", lambda: not _open(site, doomed.entityid), 2 * TAKEN_OVER_S, 0.05)
            settled_at = time.time()
            site.settle(*CAMPAIGNS)
        named = {state: {n for n, found in left.items() if found == state} for state in ("claimed", "dialling")}
        ports = (doomed.sip_port, other.sip_port)
        yield Story(site, numbers, site.calls(everybody), ports, died_at, settled_at, **named)
    finally:
        if not doomed.running:
            doomed.start()


def _held_in_a_claim(site: Site, worker: Child, node: str) -> bool:
    """Stop the process for a look; it goes on unless somebody is claimed and not yet dialled, and another is."""
    worker.send(signal.SIGSTOP)
    if {"claimed", "dialling"} <= set(_open(site, node).values()):
        return True
    worker.send(signal.SIGCONT)
    return False


def _copied(site: Site, project: Path, asterisk: Asterisk) -> AgiApp:
    """The second node, as docs/how-to/several-nodes.md has it: the folder copied, and what leads to its Asterisk."""
    shutil.copytree(site.project, project)
    settings = {"ASTERISK__URL": asterisk.ari_url, "ASTERISK__PASSWORD": asterisk.ari_password}
    settings |= {"AGI__PORT": str(asterisk.agi_port)}  # both are on one host here
    settings |= {"AMI__PORT": str(asterisk.ami_port), "AMI__PASSWORD": asterisk.ami_password}
    env = {**os.environ, "DATABASE_URL": site.database_url, **{f"AGI_APP_{k}": v for k, v in settings.items()}}
    return AgiApp(project, site.folder, lambda _: None, env=env)


def _open(site: Site, node: str) -> dict[str, str]:
    return dict(site.sql(_LEFT.format(node)))


def test_the_claimed_are_called_by_the_other_within_ten_seconds(story: Story) -> None:
    """Those who were only claimed; for whom it was a call already, it counts as interrupted."""
    assert story.claimed
    assert story.dialling
    by_second = story.by_second()
    waits = {number: by_second[number].invite_at - story.died_at for number in story.claimed}
    assert max(waits.values()) < TAKEN_OVER_S
    assert story.settled_at - story.died_at < TAKEN_OVER_S
    assert not story.dialling & by_second.keys()
    outcomes = {n: a["outcome"] for name in CAMPAIGNS for n, a in story.site.attempts(name).items()}
    assert {outcomes[number] for number in story.dialling} == {"interrupted"}


def test_everybody_is_called_once(story: Story) -> None:
    """Those who were claimed, too; nobody is forgotten, but who was marked at that very moment."""
    everybody = {number for found in story.numbers.values() for number in found}
    called = Counter(call.to_user for call in story.calls)
    assert set(called.values()) == {1}
    # Killed between the mark, 0.15 s before the turn, and the INVITE: counts as dialled, because nobody can know.
    assert everybody - called.keys() <= story.dialling
    assert len(everybody - called.keys()) <= 3, "at ten calls a second"
    assert called.keys() <= everybody
    assert overlapping(story.calls) == []
    assert {call.from_port for call in story.calls} == set(story.ports)
    assert story.site.sql("SELECT count(*) FROM slot WHERE attempt_id IS NOT NULL") == [(0,)]


def test_limits_hold_over_both_nodes(story: Story) -> None:
    """Calls at once of a campaign and of the trunk, and calls a second of the trunk: reached, and never more."""
    together = [call for call in story.calls if call.invite_at < story.died_at]
    assert {call.from_port for call in together} == set(story.ports)
    assert most_at_once(c for c in together if c.from_port == story.ports[0]) <= NODE_CONCURRENT
    for numbers in story.numbers.values():
        assert most_at_once(c for c in together if c.to_user in numbers) <= CAMPAIGN_CONCURRENT
    assert most_at_once(together) <= TRUNK_CONCURRENT
    assert most_within((call.invite_at for call in story.calls), 2.0) <= 2 * TRUNK_RATE + 4
    afterwards = [call for call in story.calls if call.from_port == story.ports[1]]
    assert most_at_once(afterwards) <= NODE_CONCURRENT
