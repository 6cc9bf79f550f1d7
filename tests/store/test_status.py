"""Status and report on a real database: the figures add up, and nobody is left to guess why nobody is dialled."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.clock import Clock
from agi_app.errors import InputError
from agi_app.gate.decide import Decision, decide
from agi_app.gate.facts import Facts
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import CampaignState, Pace, Window
from agi_app.model.waiting_reason import WaitingReason
from agi_app.operations.calling.reports import status_of
from agi_app.reports.totals import Totals
from agi_app.reports.why_waiting import held_back, why_nobody
from agi_app.store.calling import attempts, campaigns, claims, nodes
from agi_app.store.database.pool import Store
from agi_app.store.people import consents
from tests.store import one
from tests.store.world import World, campaign, consent, contact, import_contacts, number

pytestmark = pytest.mark.postgres


async def look(world: World, name: str = "checkup") -> tuple[Totals, list[str]]:
    """The figures and the reasons."""
    totals, view = await status_of(world.store, Clock(), name)
    return totals, why_nobody(view)


async def worker(store: Store, holding: str | None = None) -> None:
    """A worker that has just said that it lives."""
    await nodes.register_node(store, "n", "here")
    await nodes.beat(store, "n", 0, flushed=True, waiting_reason=holding)


async def test_figures_add_up_at_each_moment(world: World) -> None:
    wanted = await world.running(campaign(), range(1, 6), consenting=[1, 2, 3])
    claims = (await world.claim(wanted)).claims
    await world.call(claims[0])
    await one.mark(world.store, claims[1], "node-1")
    totals, reasons = await look(world)
    assert (totals.contacts, totals.done, totals.in_call, totals.not_called, totals.waiting) == (5, 1, 2, 2, 0)
    assert totals.outcomes == {"dialling": 1, "human": 1}
    assert (totals.attempts, totals.refused) == (2, {"consent_missing": 2})
    assert totals.caller_id_proof.startswith("unverified letter until ")
    assert reasons == []  # calls are being made


async def test_a_call_that_never_left_is_none(world: World) -> None:
    """Stopped between mark and originate: given back, not counted, and due again."""
    wanted = await world.running(campaign(), [1])
    claim = await world.claim_one(wanted)
    await one.mark(world.store, claim, "node-1")
    await attempts.release(world.store, claim.attempt_id, "stopped before it was dialled")
    totals, _ = await look(world)
    assert (totals.attempts, totals.in_call, totals.waiting) == (0, 0, 1)


async def test_the_reasons_in_turn(world: World, store: Store) -> None:
    wanted = await world.running(campaign(), [1, 2, 3], consenting=[1])
    assert (await look(world))[1][0] == "no worker is running; `agi-app run` starts one"
    await worker(store, "trunk carrier: 5 calls in a row failed on the trunk's side")
    assert (await look(world))[1][0].startswith("worker here dials nobody: trunk carrier: 5 calls")
    await worker(store)
    assert (await look(world))[1] == ["3 contacts may be called now; calls start at the campaign's pace (50 a second)"]
    await campaigns.set_state(store, wanted.name, CampaignState.PAUSED, None, await world.now())
    assert (await look(world))[1][0].startswith("the campaign is paused")
    await campaigns.set_state(store, wanted.name, CampaignState.RUNNING, None, await world.now())
    await world.call(await world.claim_one(wanted), CallResult(Outcome.BUSY))
    await world.claim(wanted)
    assert (await look(world))[1] == [
        "2 contacts are refused until somebody fixes the reason",
        "  consent_missing: 2 contacts",
    ]


async def test_what_slows_a_campaign_is_told_also_while_calls_are_made(world: World, store: Store) -> None:
    """Each worker's word, as the command shows it; a dead worker's and another campaign's do not count."""
    wanted = await world.running(campaign(), [1, 2, 3])
    await world.claim(wanted, 1)
    until = await world.now()
    slow = WaitingReason("pace_of_trunk", "calls start at the pace of trunk carrier (2 a second)")
    broken = WaitingReason("breaker", "trunk carrier: 5 calls in a row failed", until)
    for name, holds in (("a", {"checkup": slow}), ("b", {"checkup": broken, "other": slow}), ("c", {"checkup": slow})):
        await nodes.register_node(store, name, name)
        await nodes.beat(store, name, 0, flushed=True, campaign_waiting_reasons=holds)
    async with store.connection() as connection:
        await connection.execute("UPDATE node SET seen_at = now() - interval '1 hour' WHERE name = 'c'")
    _, view = await status_of(store, Clock(), "checkup")
    assert why_nobody(view) == []
    assert held_back(view) == [
        WaitingReason("pace_of_trunk", f"worker a: {slow.text}", None, "a"),
        WaitingReason("breaker", f"worker b: {broken.text}", until, "b"),
    ]


async def test_a_closed_window_says_until_when(world: World, store: Store) -> None:
    today = (await world.now()).astimezone(ZoneInfo("Asia/Shanghai")).weekday()
    later = Window(frozenset({(today + 2) % 7}), dt.time(9, 30), dt.time(17))
    wanted = await world.running(campaign(windows=(later,)), [1])
    await worker(store)
    await world.claim(wanted)
    _, view = await status_of(store, Clock(), "checkup")
    (hold,) = [h for h in held_back(view) if h.by == "window_campaign"]
    assert hold.until is not None
    assert hold.until.astimezone(ZoneInfo("Asia/Shanghai")).time() == dt.time(9, 30)


async def test_a_full_campaign_and_a_full_trunk(world: World, store: Store) -> None:
    """The trunk is filled by another campaign: this one has no call, and must say why."""
    small = await world.running(campaign("small", pace=Pace(50, 1)), [1, 2])
    await worker(store)
    await world.claim(small, trunk_limit=1)
    assert (await look(world, "small"))[1] == ["all 1 places of the campaign are taken by calls"]
    await world.running(campaign("next"), [3])
    assert (await look(world, "next"))[1] == ["all 1 places of trunk carrier are taken by calls"]


async def test_a_finished_campaign_says_so_first(world: World) -> None:
    wanted = await world.running(campaign(), [1])
    await world.call(await world.claim_one(wanted))
    assert (await look(world))[1] == ["every contact is done"]


async def test_an_unknown_campaign(world: World) -> None:
    with pytest.raises(InputError, match="agi-app contacts import"):
        await look(world, "nobody")


async def test_after_many_refusals_no_more_is_claimed_than_may_start_soon(world: World) -> None:
    """It looks at many and reserves few: a claim that waits a minute for its turn blocks that person elsewhere."""
    wanted = await world.running(campaign(), range(1, 21), consenting=range(5, 21))

    def judge(facts: Facts, now: dt.datetime) -> Decision:
        return decide(facts, wanted, True, world.rules, now)

    batch = await claims.claim(world.store, wanted, 2, world.terms, judge, look_at=64)
    assert (len(batch.claims), batch.refused) == (2, 4)


class Command:
    """The command line on a project whose database this test shares."""

    def __init__(self, project: Path, url: str) -> None:
        self._project = project
        self._env = {**os.environ, "DATABASE_URL": url}

    def run(self, shell: str) -> subprocess.CompletedProcess[str]:
        """Run a shell line in which ``agi-app`` is ours."""
        script = f'agi-app() {{ "{sys.executable}" -m agi_app.cli.main "$@"; }}\nset -o pipefail\n{shell}'
        return subprocess.run(
            ["bash", "-c", script], cwd=self._project, env=self._env, capture_output=True, text=True, check=False
        )


@pytest.fixture
def command(tmp_path: Path, database_url: str) -> Command:
    make_project(tmp_path / "mine")
    root = Path(__file__).resolve().parents[2]
    made = Command(tmp_path / "mine", database_url)
    made._env["PYTHONPATH"] = str(root)
    return made


async def test_reports_for_people_scripts_and_spreadsheets(world: World, command: Command, tmp_path: Path) -> None:
    """One command each: table, JSON in a pipe with --watch, CSV into a file, a reader that leaves, a full place."""
    wanted = await world.running(campaign(), [])
    evil = contact(1)
    rows = [
        type(evil)("=cmd()", number(1), "CN", ("Asia/Shanghai",), None, {}),
        type(evil)("[/] [bold]", number(2), "CN", ("Asia/Shanghai",), None, {}),
        *(contact(n) for n in range(3, 400)),
    ]
    await import_contacts(world.store, wanted.name, rows, await world.now())
    await consents.import_consents(world.store, [consent(1)], "admin", await world.now())
    await world.call(await world.claim_one(wanted))
    await campaigns.set_state(world.store, wanted.name, CampaignState.STOPPED, None, await world.now())

    shown = command.run("agi-app report checkup")
    assert shown.returncode == 0, shown.stderr
    assert "[/] [bold]" in shown.stdout

    piped = command.run("agi-app report checkup --watch --format json")
    assert piped.returncode == 0, piped.stderr
    assert json.loads(piped.stdout)["contacts"] == 399  # the live view is not in it

    filed = command.run("agi-app report checkup --format csv --output out.csv")
    assert (filed.returncode, filed.stdout) == (0, "out.csv: written\n")
    written = (tmp_path / "mine" / "out.csv").read_text("utf-8")
    assert next(csv.DictReader(io.StringIO(written)))["external_id"] == "'=cmd()"

    nowhere = command.run("agi-app report checkup --format csv --output no/such/out.csv")
    assert (nowhere.returncode, "Traceback" in nowhere.stderr) == (1, False)
    assert "no/such/out.csv: the report cannot be written: there is no folder no/such; make it first" in nowhere.stderr

    left = command.run("agi-app report checkup --format json | head -c 1")
    assert left.stdout == "{"
    assert left.stderr == ""
    assert command.run("agi-app callerid list | true").stderr == ""  # gone before the first word


async def test_forgetting_a_worker(world: World, store: Store, command: Command) -> None:
    await worker(store)
    await nodes.register_node(store, "m", "here")
    both = command.run("agi-app forget-node here")
    assert both.returncode == 1
    assert "name one by its entityid: " in both.stderr
    alive = command.run("agi-app forget-node n")
    assert (alive.returncode, "is alive" in alive.stderr) == (1, True)
    unknown = command.run("agi-app forget-node x")
    assert (unknown.returncode, "known here: here, here" in unknown.stderr) == (1, True)
    async with store.connection() as connection:
        await connection.execute("UPDATE node SET seen_at = now() - interval '1 hour' WHERE entityid = 'n'")
    assert command.run("agi-app forget-node n").returncode == 0
    assert [n.entityid for n in await nodes.all_nodes(store)] == ["m"]
