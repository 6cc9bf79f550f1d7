"""A project with a real Asterisk, a worker as a user starts it, and lines to its servers that can break."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import signal
import struct
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sandbox.agents import phone_conf
from sandbox.asterisk import Asterisk
from sandbox.root import ensure_root, ensure_tools
from sandbox.watchdog import Invite, read_ledger, unexplained
from sandbox.world import settings_toml
from tests.store.conftest import Cluster
from tests.strangers.exchange import Exchange, Leg
from tests.strangers.shop import CLOCK, OURS, Shop, clean_environment
from tests.strangers.wires import AriWire, Wire

COMMAND = str(Path(sys.executable).with_name("agi-app"))
DESKS = ("ringing-desk", "talking-desk", "agent-one", "agent-two")
TONES = {"hello": 1.0, "ask": 0.5, "piece": 1.5, "long": 40.0, "when": 0.5}
HELLO = "Hello, this is an automated, artificial voice call from Sunshine Dental. To stop these calls, press 9."
WORDS = {
    "hello": HELLO,
    "ask": "Press 1, 2, 3, 4 or 5, or 9 to stop these calls.",
    "piece": "We tell you more.",
    "long": "We tell you a long story.",
    "when": "Press 1 for a call in two hours.",
}
FLOW = """\
flow: ward
languages: [en]
identify: {business: {en: Sunshine Dental}}
opt_out: {key: "9"}
start: hello
nodes:
  hello:
    - play: hello
    - gather:
        prompt: ask
        keys: {"1": desk, "2": talk, "3": back, "4": tell, "5": pieces}
        timeout: 60s
        attempts: 1
        save: answer
      on: {desk: desk, talk: talk, back: back, tell: tell, pieces: pieces, no_input: bye}
  desk:
    - transfer: {to: ringing-desk, timeout: 60s}
      on: {done: bye, failed: bye}
  talk:
    - transfer: {to: talking-desk, timeout: 30s}
      on: {done: bye, failed: bye}
  back:
    - call_back: {prompt: when, offer: [{in: 2h}], timeout: 60s, attempts: 1}
      on: {chosen: bye, no_input: bye}
  tell:
    - play: long
    - hangup
  pieces:
PIECES    - hangup
  bye:
    - hangup
""".replace("PIECES", "    - play: piece\n" * 16)
SHORT = """\
flow: short
languages: [en]
identify: {business: {en: Sunshine Dental}}
start: hello
nodes:
  hello:
    - play: hello
    - hangup
"""
CAMPAIGN = f"""\
campaign: {{name}}
purpose: transactional
jurisdictions: [CN]
flow: {{flow}}
trunk: {{trunk}}
caller_id: "{OURS}"
pace: {{{{calls_per_second: 20, concurrent: 60}}}}
ring_time: 45s
max_call: 90s
"""
NARROW = """
[trunks.narrow]
endpoint = "PJSIP/{number}@sandbox-carrier"
calls_per_second = 20
concurrent = 2
plus = true
sandbox = true
"""
SLOWEST_SWITCH_S = 3.0  # 0081: "we promise 3.0 s"


def number(name: str) -> str:
    """A test number in China for that name."""
    return f"+9998613{int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10**8:08d}"


def until(true: Callable[[], object], seconds: float, every: float = 0.05) -> bool:
    """Wait for it; whether it came to that."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


class Ward:
    """Everything that runs, and what a test wants to know of it."""

    def __init__(self, shop: Shop, exchange: Exchange, asterisk: Asterisk) -> None:
        self.shop, self.exchange, self.asterisk = shop, exchange, asterisk
        host = psycopg.conninfo.conninfo_to_dict(shop.url)
        where, port = str(host["host"]), int(host.get("port") or 5432)
        self.database = Wire(f"{where}/.s.PGSQL.{port}" if where.startswith("/") else (where, port))
        self.ari = AriWire(("127.0.0.1", asterisk.http_port))
        self.ami = Wire(("127.0.0.1", asterisk.ami_port))
        through = psycopg.conninfo.make_conninfo(shop.url, host="127.0.0.1", port=self.database.port)
        parts = psycopg.conninfo.conninfo_to_dict(through)
        user, name = parts.get("user", ""), parts["dbname"]
        secret = f":{parts['password']}" if "password" in parts else ""
        self.environment = clean_environment() | {
            "DATABASE_URL": f"postgresql://{user}{secret}@127.0.0.1:{self.database.port}/{name}",
            "AGI_APP_ASTERISK__URL": f"http://127.0.0.1:{self.ari.port}/ari",
            "AGI_APP_AMI__PORT": str(self.ami.port),
        }
        self.log = shop.folder / "worker.log"
        self.log.touch()
        self.first_start_s = 0.0
        self.worker: subprocess.Popen[bytes] | None = None
        self._kept: psycopg.Connection[dict[str, Any]] | None = None
        self._others: list[subprocess.Popen[str]] = []

    # ------------------------------------------------------------------ the worker

    def begin(self, **more: str) -> None:
        """Start the worker, and do not wait."""
        with self.log.open("ab") as log:
            self.worker = subprocess.Popen(
                [COMMAND, "run", "--json-logs"],
                cwd=self.shop.folder,
                env=self.environment | more,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def start(self, **more: str) -> float:
        """Start the worker and wait until it dials; how long that took."""
        read, began = self.log.stat().st_size, time.monotonic()
        self.begin(**more)
        dials = until(lambda: b'"dialling' in self.log.read_bytes()[read:] or not self.alive(), 40)
        assert dials and self.alive(), self.told(read)  # noqa: PT018
        took = time.monotonic() - began
        self.first_start_s = self.first_start_s or took
        return took

    def ready(self) -> None:
        """A worker runs, whatever the test before did."""
        self.database.refuses = self.ari.refuses = self.ami.refuses = False
        self.database.flow()
        self.database.delay = 0.0
        if not self.asterisk.running:
            self.asterisk.start()
        if not self.alive():
            self.start()

    def alive(self) -> bool:
        """It runs."""
        return self.worker is not None and self.worker.poll() is None

    def told(self, read: int = 0) -> str:
        """The end of its log."""
        return self.log.read_bytes()[read:].decode(errors="replace")[-3000:]

    def helpers(self) -> list[int]:
        """The processes that the worker has beside it."""
        found: list[int] = []
        waiting = [self.worker.pid] if self.worker is not None else []
        while waiting:
            children = _children(waiting.pop())
            found += children
            waiting += children
        return found

    def signal(self, number: int) -> float:
        """Send the worker a signal; when."""
        assert self.worker is not None
        os.kill(self.worker.pid, number)
        return time.time()

    def kill(self, *besides: int) -> float:
        """SIGKILL the worker, and first those besides; when it died."""
        for pid in besides:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        at = self.signal(signal.SIGKILL)
        assert self.worker is not None
        self.worker.wait(10)
        return at

    def end(self) -> None:
        """End all that was started."""
        self.forget()
        for process in self._others:
            process.kill()
            process.communicate()
        if self.alive():
            assert self.worker is not None
            self.signal(signal.SIGCONT)
            for _ in range(2):
                self.signal(signal.SIGINT)
                time.sleep(0.3)
            try:
                self.worker.wait(20)
            except subprocess.TimeoutExpired:
                self.kill(*self.helpers())

    def limit(self) -> float:
        """The dead air that crash-safety.md allows where the next start must end the calls."""
        return max(SLOWEST_SWITCH_S, 1 + 3 * self.first_start_s)

    # ------------------------------------------------------------------ people

    def add(self, campaign: str, *numbers: str) -> None:
        """More contacts of a campaign, who agreed."""
        known = {row["e164"] for row in self.rows("SELECT e164 FROM person JOIN consent USING (person_id)")}
        if new := [one for one in numbers if one not in known]:
            self.shop.consent(*new)
        rows = "".join(f"{one[-8:]},{one}\n" for one in numbers)
        self.shop.ok("contacts", "import", campaign, str(self.shop.write("more.csv", f"external_id,number\n{rows}")))

    def command(self, *argv: str) -> subprocess.Popen[str]:
        """A command that goes on beside the test."""
        process = subprocess.Popen(
            [COMMAND, *argv],
            cwd=self.shop.folder,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._others.append(process)
        return process

    def journal(self) -> int:
        """How long the journal of stops is."""
        file = self.shop.folder / "var" / "refusals.jsonl"
        return file.stat().st_size if file.exists() else 0

    # ------------------------------------------------------------------ what became of it

    def attempts(self, one: str) -> list[dict[str, Any]]:
        """The attempts at a number, the oldest first."""
        query = "SELECT a.* FROM attempt a JOIN person p USING (person_id) WHERE p.e164 = %s ORDER BY claimed_at"
        return self.rows(query, one)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """What the database says, over a connection that is kept."""
        for _ in range(2):
            try:
                if self._kept is None:
                    self._kept = psycopg.connect(self.shop.url, autocommit=True, row_factory=dict_row)
                return self._kept.execute(query, values).fetchall()
            except psycopg.OperationalError:
                self.forget()
        raise AssertionError("the database is gone")

    def forget(self) -> None:
        """Close that connection."""
        if self._kept is not None:
            self._kept.close()
        self._kept = None

    def outcome(self, one: str) -> str:
        """Of its last attempt."""
        rows = self.attempts(one)
        return str(rows[-1]["outcome"]) if rows else "never claimed"

    def counted(self, one: str) -> int:
        """How many calls to it count as made."""
        return len([row for row in self.attempts(one) if row["counts"]])

    def contact(self, one: str) -> str:
        """The state of the contact."""
        query = "SELECT state FROM contact JOIN person USING (person_id) WHERE e164 = %s"
        return str(self.rows(query, one)[0]["state"])

    def calls(self, one: str) -> int:
        """How many INVITEs with a Call-ID of their own went there."""
        return len(self.exchange.of(one))

    def settled(self, *numbers: str, seconds: float = 15.0) -> bool:
        """Until none of them has an attempt that is open, and each had one."""
        return until(lambda: all((r := self.attempts(n)) and r[-1]["state"] == "ended" for n in numbers), seconds)

    def unexplained(self, latest_s: float = 20.0) -> list[str]:
        """INVITEs to numbers that no mark explains."""
        legs = [leg for leg in list(self.exchange.legs) if leg.number.startswith("+") and not leg.calls_in]
        at = "127.0.0.1", self.exchange.port
        seen = [Invite(leg.invite_at, leg.number, leg.number, leg.shown, self.asterisk.sip_port, at) for leg in legs]
        return unexplained(seen, read_ledger(self.shop.url, self.shop.folder / "var"), latest_s=latest_s)

    def age_of_mark(self, leg: Leg) -> float:
        """Seconds from the last mark before this INVITE to it."""
        marks = [row["marked_at"].timestamp() for row in self.attempts(leg.number) if row["marked_at"]]
        return leg.invite_at - max((at for at in marks if at <= leg.invite_at), default=0.0)

    def channels(self) -> list[str]:
        """Asterisk's channels that lead somewhere."""
        lines = self.asterisk.cli("core show channels concise").splitlines()
        return [line.split("!")[0] for line in lines if line.startswith("PJSIP/")]

    def places(self) -> int:
        """Places of trunks and campaigns that are taken."""
        return int(self.rows("SELECT count(*) AS taken FROM slot WHERE attempt_id IS NOT NULL")[0]["taken"])

    def report(self, campaign: str) -> Any:
        """In JSON."""
        return json.loads(self.shop.ok("report", campaign, "--format", "json").out)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def make_ward(pattern: Shop, cluster: Cluster, folder: Path, name: str) -> Iterator[Ward]:
    """A ward whose worker dials; campaigns ``ward`` (a long flow), ``short``, ``narrow``, ``byhand`` and ``detect``."""
    ensure_tools(print)
    cluster.run(f"CREATE DATABASE {name} TEMPLATE stranger_pattern")
    shop = pattern.copy(folder / "shop", cluster.url(name))
    with ExitStack() as stack:
        stack.callback(cluster.run, f"DROP DATABASE {name} WITH (FORCE)")
        exchange = stack.enter_context(Exchange())
        phones = "\n".join(phone_conf(desk, f"sip:{desk}@127.0.0.1:{exchange.port}") for desk in DESKS)
        prepare(shop, folder)
        asterisk = Asterisk(
            ensure_root(print),
            folder / "asterisk",
            carrier=("127.0.0.1", exchange.port),
            prompts_dir=shop.folder / "prompts",
            phones=phones,
        )
        settle(shop, settings_toml(asterisk, trunk="sandbox", calls_per_second=20, concurrent=60))
        begin_campaigns(shop)
        stack.enter_context(asterisk)
        ward = Ward(shop, exchange, asterisk)
        for wire in (ward.database, ward.ari, ward.ami):
            stack.enter_context(wire)
        stack.callback(ward.end)
        ward.start()
        yield ward


def prepare(shop: Shop, folder: Path) -> None:
    """Flows, prompts and campaigns."""
    assert shop.cli("init", str(folder / "fresh")).code == 0
    shop.write("flows/who-called.yaml", (folder / "fresh" / "flows" / "who-called.yaml").read_text())
    shop.write("flows/ward.yaml", FLOW)
    shop.write("flows/short.yaml", SHORT)
    for name, words in WORDS.items():
        shop.write(f"prompts/en/{name}.txt", words)
        with wave.open(str(shop.folder / "prompts" / "en" / f"{name}.wav"), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            tone = [round(8000 * math.sin(n * 2 * math.pi * 440 / 8000)) for n in range(round(8000 * TONES[name]))]
            sound.writeframes(struct.pack(f"<{len(tone)}h", *tone))
    campaigns = {"ward": "", "byhand": "dialled_by: agents\n", "detect": "machine_detection: {action: hang_up}\n"}
    for name, more in (campaigns | {"short": "", "narrow": ""}).items():
        flow = "short" if name in ("short", "narrow") else "ward"
        trunk = "narrow" if name == "narrow" else "sandbox"
        shop.write(f"campaigns/{name}.yaml", CAMPAIGN.format(name=name, flow=flow, trunk=trunk) + more)


def settle(shop: Shop, asterisk: str) -> None:
    """Write the settings."""
    file = shop.folder / "agi-app.toml"
    identity = file.read_text()[file.read_text().index("[identity]") :]
    desks = "".join(f'[destinations.{desk}]\nendpoint = "PJSIP/{desk}"\n' for desk in (*DESKS, "front-desk"))
    desks = desks.replace("PJSIP/front-desk", "PJSIP/talking-desk")
    line = f'[lines.main]\nnumber = "{OURS}"\nflow = "who-called"\nmax_call = 30\n'
    clock = f'[sandbox]\nclock = "{CLOCK}"\n'
    first = f'approval = "alone"\ndatabase_url = "{shop.url}"'
    file.write_text("\n".join([first, asterisk, NARROW, desks, line, clock, identity]))


def begin_campaigns(shop: Shop) -> None:
    """Each runs, with nobody in it."""
    shop.ok("check")
    shop.ok("campaign", "stop", "reminder")
    for name in ("ward", "byhand", "detect", "short", "narrow"):
        shop.ok("contacts", "import", name, str(shop.write("none.csv", f"external_id,number\nN1,{number(name)}\n")))
        shop.ok("campaign", "start", name)
