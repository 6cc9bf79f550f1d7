"""Two nodes on one PostgreSQL, each capped at 20 calls a second: do they make 40, and does one take over the other?

The second node is made as docs/how-to/several-nodes.md says: a copy of the project folder and one setting. In the
middle of the campaign the first one is killed, worker and Asterisk. Who called whom, and when, is the carrier's word.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from agi_app.store.database import embedded
from bench import people
from bench.output import machine, say
from sandbox.commands import AgiApp
from sandbox.errors import SandboxError
from sandbox.project import write_settings
from sandbox.rates import most_within
from sandbox.sip import CarrierCall, overlapping
from sandbox.world import World, settings_toml

CAP = 20  # calls a second of each node
BOTH_S, ALONE_S = 30, 12  # how long the two call together, and how long one has work afterwards
SETTLED_S = 2.0  # until both have their share of the campaign's rate
TAKEN_OVER_S = 10.0
SLACK = 0.03  # of the rate
LATE = 3  # calls that a second may hold beside its 20: the fence post, and two that came up to 0.1 s late
TAIL_S = 60.0
POLL_S = 0.05
_CAMPAIGN = """\
campaign: bulk
purpose: transactional
jurisdictions: [CN]
flow: bulk
trunk: sandbox
caller_id: "+999862155500001"
pace: {calls_per_second: 60, concurrent: 600}
max_call: 30s
"""
_OF_NODE = """
SELECT a.attempt_id, p.e164, a.state FROM attempt a JOIN person p USING (person_id)
WHERE a.node = %s AND a.state <> 'ended'
"""
_LEFT = "SELECT count(*) FROM contact WHERE campaign = 'bulk' AND state <> 'done'"


@dataclass(frozen=True, slots=True)
class Death:
    """What a node left when it was killed."""

    at: float  # seconds since the epoch
    claimed: frozenset[str]  # numbers
    dialling: frozenset[str]
    settled_after_s: float  # until none of its attempts was open any more, or it was not waited for longer


def run(root: Path) -> dict[str, Any]:
    """One run in a folder of its own, kept under the temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="agi-app-nodes-"))
    before = machine()
    say(f"== {before['at']}, load {before['load']}; logs in {folder}")
    called = people.numbers(CAP * (2 * BOTH_S + ALONE_S))
    first = folder / "first"
    people.make_project(first, "")
    with ExitStack() as stack:
        world = World(root, folder, prompts_dir=first / "prompts", asterisks=2)
        for asterisk in world.asterisks[1:]:  # so that their addresses are all that differs
            asterisk.ari_password = world.asterisk.ari_password
        stack.enter_context(world)
        server = embedded.acquire(folder / "database")
        stack.callback(server.release)
        env = {**os.environ, "DATABASE_URL": server.url}
        one = _prepare(world, first, env, called)
        shutil.copytree(first, folder / "second")
        setting = {"AGI_APP_ASTERISK__URL": world.asterisks[1].ari_url}
        two = AgiApp(folder / "second", folder, say, env={**env, **setting})
        connection = stack.enter_context(psycopg.connect(server.url, autocommit=True))
        death = _play(world, connection, one, two)
        calls = world.capture.calls()
        left = _number(connection, _LEFT)
        held = _number(connection, "SELECT count(*) FROM slot WHERE attempt_id IS NOT NULL")
        interrupted = _number(connection, "SELECT count(*) FROM attempt WHERE outcome = 'interrupted'")
        fsync = connection.execute("SELECT current_setting('fsync')").fetchone()
    ports = [asterisk.sip_port for asterisk in world.asterisks]
    return {
        "bench": "nodes",
        **before,
        "load_after": machine()["load"],
        "fsync": fsync[0] if fsync else "",
        "cap": CAP,
        "settings_added": sorted(setting),
        "people": len(called),
        **rates(calls, ports, death.at),
        **taken_over(calls, ports, death),
        "interrupted": interrupted,
        "not_done": left,
        "leaked_slots": held,
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    found = []
    if abs(record["together"] / (2 * CAP) - 1) > SLACK:
        found.append(f"{record['together']} calls a second together, not {2 * CAP}")
    found += [
        f"the {name} node made {record['most_in_a_second'][name]} calls in one second"
        for name in ("first", "second")
        if record["most_in_a_second"][name] > CAP + LATE
    ]
    for name in ("double_dials", "wrong_caller_id", "not_done", "leaked_slots", "dialling_called_again"):
        if record[name]:
            found.append(f"{name}: {record[name]}")
    if not record["claimed_at_death"]:
        found.append("nobody was claimed when the node died: nothing was taken over")
    if record["claimed_not_called"] or record["taken_over_max_s"] > TAKEN_OVER_S:
        found.append(
            f"{record['claimed_not_called']} of the claimed were never called, the last after"
            f" {record['taken_over_max_s']} s"
        )
    if record["attempts_settled_s"] > TAKEN_OVER_S:
        found.append(f"the dead node's attempts were open for {record['attempts_settled_s']} s")
    return found


def rates(calls: Sequence[CarrierCall], ports: Sequence[int], until: float) -> dict[str, Any]:
    """Calls a second of each node and together, while both called; and the most of each in any second of the run."""
    starts = [[call.invite_at for call in calls if call.from_port == port] for port in ports]
    begin = max(min(of_one, default=until) for of_one in starts) + SETTLED_S
    both = [[at for at in of_one if begin <= at < until] for of_one in starts]
    seconds = max(until - begin, 0.001)
    each = dict(zip(("first", "second"), (round(len(found) / seconds, 2) for found in both), strict=True))
    most = dict(zip(("first", "second"), (most_within(of_one, 1.0) for of_one in starts), strict=True))
    return {
        "measured_s": round(seconds, 1),
        "each": each,
        "together": round(sum(map(len, both)) / seconds, 2),
        "most_in_a_second": most,
        "most_together_in_a_second": most_within((call.invite_at for call in calls), 1.0),
    }


def taken_over(calls: Sequence[CarrierCall], ports: Sequence[int], death: Death) -> dict[str, Any]:
    """What became of those whom the dead node had claimed or was dialling; nobody is called twice."""
    by_second = {c.to_user: c.invite_at for c in calls if c.from_port == ports[1] and c.invite_at > death.at}
    waits = [by_second[number] - death.at for number in death.claimed if number in by_second]
    again = len(calls) - len({call.to_user for call in calls})
    return {
        "calls": len(calls),
        "double_dials": max(again, len(overlapping(calls))),
        "wrong_caller_id": len([call for call in calls if call.from_user != people.CALLER_ID]),
        "claimed_at_death": len(death.claimed),
        "claimed_not_called": len(death.claimed) - len(waits),
        "taken_over_max_s": round(max(waits, default=0.0), 2),
        "dialling_at_death": len(death.dialling),
        "dialling_called_again": len(death.dialling & by_second.keys()),
        "attempts_settled_s": round(death.settled_after_s, 2),
    }


def _prepare(world: World, project: Path, env: dict[str, str], called: Sequence[str]) -> AgiApp:
    settings = settings_toml(world.asterisk, trunk="sandbox", calls_per_second=60, concurrent=600)
    asterisk, _, others = settings.partition("\n[agi]\n")  # nobody calls in; and a host of one's own has its own ports
    asterisk = "\n".join(line for line in asterisk.splitlines() if not line.startswith("entityid"))  # Asterisk tells
    trunks = others[others.index("[trunks.") :]
    clock = f'[sandbox]\nclock = "{people.CLOCK}"\n'
    write_settings(project, f"{asterisk}\ncalls_per_second = {CAP}\n\n{trunks}\n{clock}")
    (project / "campaigns" / "bulk.yaml").write_text(_CAMPAIGN)
    app = AgiApp(project, project.parent, say, env=env)
    people.write_contacts(project / "contacts.csv", called)
    people.write_consents(project / "consent.csv", called)
    app("migrate")
    app("audit", "key")
    app("callerid", "prove", people.CALLER_ID, "--letter", "caller-id-letter.txt")
    app("consent", "import", "consent.csv")
    app("contacts", "import", people.CAMPAIGN, "contacts.csv")
    return app


def _play(world: World, connection: psycopg.Connection[Any], one: AgiApp, two: AgiApp) -> Death:
    """Both call, the first one dies, the second one calls the others; what the first one left."""
    entityid = world.asterisk.entityid
    with one.worker("first.log") as doomed, two.worker("second.log"):
        two("campaign", "start", people.CAMPAIGN)
        time.sleep(BOTH_S)
        _until(lambda: any(row[2] == "claimed" for row in connection.execute(_OF_NODE, (entityid,))), "a claim")
        doomed.send(signal.SIGKILL)
        world.asterisk.kill()
        at = time.time()
        doomed.wait(5.0)
        rows = connection.execute(_OF_NODE, (entityid,)).fetchall()
        settled = _settled_after(connection, entityid, at)
        deadline = time.monotonic() + ALONE_S + TAIL_S
        while _number(connection, _LEFT) and time.monotonic() < deadline:
            time.sleep(0.5)
        time.sleep(1.0)  # the last BYEs
    named = {state: frozenset(row[1] for row in rows if row[2] == state) for state in ("claimed", "dialling")}
    return Death(at, named["claimed"], named["dialling"], settled)


def _settled_after(connection: psycopg.Connection[Any], entityid: str, since: float) -> float:
    while time.time() < since + 3 * TAKEN_OVER_S:
        if not connection.execute(_OF_NODE, (entityid,)).fetchall():
            return time.time() - since
        time.sleep(POLL_S)
    return time.time() - since


def _until(happened: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() > deadline:
            raise SandboxError(f"{what} did not come in {timeout_s:.0f} s")
        time.sleep(0.01)


def _number(connection: psycopg.Connection[Any], query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
