"""A project whose alerts go to a program and to a mail server of the test, both real."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import email
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

from agi_app.alerts.watch import AlertWatch
from agi_app.clock import Clock, SandboxClock
from agi_app.config.settings import Settings, load_settings
from agi_app.store.calling import nodes
from agi_app.store.calling.nodes import PausedTrunk
from agi_app.store.database.pool import Store
from agi_app.store.people import caller_ids, consents
from agi_app.store.service import alerts, backups
from tests.store.feed_office import FEED, FeedOffice, row, running_office
from tests.store.world import LONG_AGO, World, campaign, consent

HEARD = "heard.jsonl"
LISTENER = f"import sys; open({HEARD!r}, 'a').write(sys.stdin.read())"


@dataclass
class MailServer:
    """Speaks as much SMTP as a mail needs; ``refuses`` is what it says to a sender instead of taking the mail."""

    port: int = 0
    refuses: str = ""
    hangs: bool = False
    mails: list[Message] = field(default_factory=list)
    _open: list[asyncio.StreamWriter] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.append(writer)
        if self.hangs:
            return
        writer.write(b"220 mail.example ready\r\n")
        while line := (await reader.readline()).decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append(email.message_from_bytes(await reader.readuntil(b"\r\n.\r\n"), policy=default))
            if word == "MAIL" and self.refuses:
                writer.write(self.refuses.encode() + b"\r\n")
            else:
                writer.write(b"221 bye\r\n" if word == "QUIT" else b"250 ok\r\n")
            if word == "QUIT":
                break
        writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[MailServer]:
        server = await asyncio.start_server(self.talk, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        try:
            yield self
        finally:
            server.close()
            for writer in self._open:
                writer.close()


@dataclass
class AlertProject:
    """A folder with agi-app.toml, and what its program heard."""

    folder: Path

    def write(self, *command: str, mail_port: int = 0, more: str = "", before: str = "") -> Settings:
        """Its settings: this command (default: a program that notes what it hears), and a mail server."""
        words = json.dumps(command or (sys.executable, "-c", LISTENER))
        lines = [before, "[alerts]", f"command = {words}" if command != ("",) else "", more]
        if mail_port:
            lines += ['mail_to = ["ops@example.com"]', 'mail_from = "agi-app@example.com"', 'mail_host = "127.0.0.1"']
            lines += [f"mail_port = {mail_port}", 'mail_tls = "none"']
        self.folder.mkdir(exist_ok=True)
        (self.folder / "agi-app.toml").write_text("\n".join(lines) + "\n")
        settings = load_settings(self.folder)
        quick = settings.alerts.model_copy(update={"look_every_seconds": 0})  # a test says when it looks
        return settings.model_copy(update={"alerts": quick})

    @property
    def heard(self) -> list[dict[str, Any]]:
        """What the program was told, in order."""
        file = self.folder / HEARD
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """The same in short: kind, subject, phase."""
        return [(one["kind"], one["subject"], one["phase"]) for one in self.heard]


Act = Callable[["AlertSite"], Awaitable[object]]


class AlertSite:
    """A database with a project, and processes that watch it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.store, self.project = world, world.store, AlertProject(folder / "project")
        self.settings = self.project.write()
        self.clock: Clock = Clock()
        self.office: FeedOffice | None = None

    def watch(self, store: Store | None = None) -> AlertWatch:
        """One more process."""
        return AlertWatch(store or self.store, self.clock, lambda: self.settings)

    async def round(self, of: AlertWatch | None = None) -> None:
        """A process looks, and tells what is to be told."""
        one = of or self.watch()
        await one.look()
        await one.tell()

    async def shown(self) -> list[tuple[str, str, bool]]:
        """The alerts: kind, subject, whether they stand."""
        return [(one.kind, one.subject, one.ended_at is None) for one in await alerts.shown(self.store)]


# ---- each fault, made and mended


async def nobody_dialled(site: AlertSite) -> None:
    await site.world.running(campaign(), [1, 2])
    await site.store.execute("UPDATE contact SET due_at = due_at - interval '20 minutes'")
    await site.store.execute("UPDATE campaign SET changed_at = changed_at - interval '20 minutes'")


async def somebody_dialled(site: AlertSite) -> None:
    await site.world.call(await site.world.claim_one(campaign()))


async def node_lost(site: AlertSite) -> None:
    await nodes.register_node(site.store, "node-1", "worker one")
    await site.store.execute("UPDATE node SET seen_at = seen_at - interval '40 seconds'")


async def node_back(site: AlertSite) -> None:
    await nodes.beat(site.store, "node-1", 0, flushed=True)


async def trunk_paused(site: AlertSite) -> None:
    await nodes.register_node(site.store, "node-1", "worker one")
    why = PausedTrunk(("faults",), "5 calls in a row failed on the trunk's side (last: congestion); next try in 15 s")
    await nodes.beat(site.store, "node-1", 0, flushed=True, trunks={"carrier": why})


async def campaign_paused(site: AlertSite) -> None:
    """By itself; the one that a person paused is no fault."""
    for name, why in (("march", "in 3 answered calls in a row a prompt could not be played"), ("april", "by command")):
        await site.world.running(campaign(name), [])
        await site.store.execute(
            "UPDATE campaign SET state = 'paused', state_reason = %(why)s WHERE name = %(name)s",
            {"why": why, "name": name},
        )


async def campaign_resumed(site: AlertSite) -> None:
    await site.store.execute("UPDATE campaign SET state = 'running', state_reason = NULL WHERE name = 'march'")


async def caller_id_ending(site: AlertSite) -> None:
    await site.world.running(campaign(), [])
    await site.store.execute("ALTER TABLE caller_id_proof DISABLE TRIGGER USER")
    await site.store.execute("UPDATE caller_id_proof SET expires_at = now() + interval '5 days'")


async def caller_id_proved(site: AlertSite) -> None:
    now = await site.world.now()
    until = now + dt.timedelta(days=300)
    number_of_ours = campaign().caller_id
    proof = caller_ids.CallerIdProof(number_of_ours, "letter", "letter.pdf", "00", "admin", LONG_AGO, until)
    await caller_ids.add_proof(site.store, proof, now)


async def consents_ending(site: AlertSite) -> None:
    now = await site.world.now()
    found = [dataclasses.replace(consent(n), expires_at=now + dt.timedelta(days=5)) for n in (1, 2, 3)]
    await consents.import_consents(site.store, found, "admin", now)


async def consents_ended(site: AlertSite) -> None:
    site.clock = SandboxClock(dt.timedelta(days=6))


async def feed_failed(site: AlertSite) -> None:
    site.office = await running_office(site.world, site.project.folder.parent / "office")
    await site.office.brings(*map(row, range(1, 21)))
    await site.office.brings(row(1), name="less.csv")


async def feed_good(site: AlertSite) -> None:
    assert site.office is not None
    await site.office.brings(*map(row, range(1, 21)), name="whole.csv")


async def backup_failed(site: AlertSite) -> None:
    await backups.note(site.store, site.clock.real_now() - dt.timedelta(hours=1), made=True)
    await backups.note(site.store, site.clock.real_now(), made=False)


async def backup_made(site: AlertSite) -> None:
    await backups.note(site.store, site.clock.real_now(), made=True)


async def backup_late(site: AlertSite) -> None:
    """A killed one left no word; without keys in the settings nobody expects one each night."""
    await backups.note(site.store, site.clock.real_now() - dt.timedelta(days=2, hours=1), made=True)
    await site.round()
    assert site.project.told == []
    site.settings = site.project.write(more='[backup]\nto_keys = ["age1x"]')


FAULTS: dict[str, tuple[Act, Act, str, str]] = {  # kind: make it, mend it, its subject, what its text tells
    "nobody_dialled": (nobody_dialled, somebody_dialled, "", "checkup"),
    "node_lost": (node_lost, node_back, "node-1", "worker one"),
    "trunk_paused": (trunk_paused, node_back, "carrier worker one", "5 calls in a row failed"),
    "campaign_paused": (campaign_paused, campaign_resumed, "march", "a prompt could not be played"),
    "caller_id_ending": (caller_id_ending, caller_id_proved, campaign().caller_id, campaign().caller_id),
    "consents_ending": (consents_ending, consents_ended, "1", "3 by the wording"),
    "feed_failed": (feed_failed, feed_good, FEED, FEED),
    "backup_failed": (backup_failed, backup_made, "", "a backup failed"),
    "backup_late": (backup_late, backup_made, "", "no backup was made for two days"),
}
