"""Each fault is told once when it begins and once when it ends, by whichever process; telling never harms who tells."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agi_app.alerts import command, conditions, mail, watch
from agi_app.alerts.conditions import KINDS
from agi_app.backup import doctor_check
from agi_app.store.calling import nodes
from agi_app.store.database import service_rights
from agi_app.store.service import alerts, figures
from tests import forked_commands
from tests.store.alert_site import (
    FAULTS,
    AlertSite,
    MailServer,
    backup_failed,
    backup_made,
    consents_ending,
    nobody_dialled,
    node_back,
    node_lost,
    somebody_dialled,
    trunk_paused,
)
from tests.store.conftest import Cluster, open_store
from tests.store.feed_office import FEED, running_office
from tests.store.world import World, campaign, number

pytestmark = pytest.mark.postgres


@pytest.fixture
def site(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AlertSite:
    monkeypatch.setattr(watch, "SELDOM_S", 0.0)
    monkeypatch.setattr(conditions, "CONFIRM_S", 0.0)
    return AlertSite(world, tmp_path)


def test_every_kind_of_alert_is_made_here() -> None:
    assert set(FAULTS) == set(KINDS)


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_fault_is_told_once_when_it_begins_and_once_when_it_ends(site: AlertSite, kind: str) -> None:
    make, mend, subject, words = FAULTS[kind]
    await site.round()
    assert site.project.told == []
    await make(site)
    for _ in range(3):
        await site.round()
    assert site.project.told == [(kind, subject, "began")]
    (heard,) = site.project.heard
    assert words in heard["text"]
    assert heard["ended_at"] is None
    assert number(1)[-9:] not in json.dumps(heard)
    await mend(site)
    for _ in range(3):
        await site.round()
    assert site.project.told == [(kind, subject, "began"), (kind, subject, "ended")]
    assert site.project.heard[1]["ended_at"] is not None
    assert await site.shown() == [(kind, subject, False)]


async def test_doctor_says_that_a_backup_failed_until_one_is_made(site: AlertSite) -> None:
    await backup_failed(site)
    (line,) = await doctor_check.look(site.store, site.clock.real_now())
    assert not line.well
    assert "failed" in line.text
    await backup_made(site)
    (line,) = await doctor_check.look(site.store, site.clock.real_now())
    assert line.well


async def test_a_fault_that_comes_again_is_told_again(site: AlertSite) -> None:
    for _ in range(2):
        await trunk_paused(site)
        await site.round()
        await node_back(site)
        await site.round()
    assert [phase for _, _, phase in site.project.told] == ["began", "ended"] * 2


# ---- nobody is alarmed without a reason


async def test_nobody_dialled_means_nobody_at_all_though_somebody_is_due(site: AlertSite) -> None:
    """Not while another campaign dials, not so soon after a start, not when all are done."""
    await nobody_dialled(site)
    await site.world.running(campaign("other"), [5])
    claimed = await site.world.claim_one(campaign("other"))
    await site.world.call(claimed)
    await site.round()
    assert site.project.told == []
    await site.store.execute("UPDATE attempt SET marked_at = marked_at - interval '1 hour'")
    await site.store.execute("UPDATE campaign SET changed_at = clock_timestamp()")
    await site.round()
    assert site.project.told == []
    await site.store.execute("UPDATE campaign SET changed_at = changed_at - interval '1 hour'")
    await site.round()
    assert [kind for kind, _, _ in site.project.told] == ["nobody_dialled"]


async def test_the_alert_says_why_nobody_is_dialled(site: AlertSite) -> None:
    await nobody_dialled(site)
    await site.round()
    assert "no worker is running" in site.project.heard[0]["text"]
    assert site.project.heard[0]["details"]["reasons"] == ["no worker is running"]
    await somebody_dialled(site)
    await site.round()
    await site.store.execute("UPDATE attempt SET marked_at = marked_at - interval '1 hour'")
    await nodes.register_node(site.store, "node-1", "one")
    await nodes.beat(site.store, "node-1", 0, flushed=True, waiting_reason="no connection to Asterisk at http://x")
    await site.round()
    assert site.project.heard[2]["details"]["reasons"] == ["no connection to Asterisk at http://x"]


async def test_a_worker_that_lives_and_says_nothing_is_not_told_as_missing(site: AlertSite) -> None:
    await nobody_dialled(site)
    await nodes.register_node(site.store, "node-1", "one")
    await site.round()
    assert site.project.heard[0]["details"]["reasons"] == ["the workers do not say why"]
    assert "no worker is running" not in site.project.heard[0]["text"]


async def test_an_alert_of_a_feed_quotes_nothing_of_its_list(site: AlertSite) -> None:
    """A title line that is a person: what the reader says of it stays in the database."""
    site.office = await running_office(site.world, site.project.folder.parent / "office")
    await site.office.brings(header="Alice Secretperson,born 1980-01-01", name="people.csv")
    await site.round()
    (heard,) = site.project.heard
    assert (heard["kind"], heard["details"]) == ("feed_failed", {"state": "refused", "why": "unreadable"})
    assert "Alice" not in json.dumps(heard)
    assert f"agi-app feed status {FEED}" in heard["text"]


async def test_a_worker_that_lived_while_the_database_stood_still_is_not_lost(
    site: AlertSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its thaw no worker could say for long that it lives; each does so within a round."""
    monkeypatch.setattr(conditions, "CONFIRM_S", 0.5)
    await node_lost(site)
    async with asyncio.TaskGroup() as group:
        group.create_task(site.round())
        await asyncio.sleep(0.1)
        await node_back(site)
    assert site.project.told == []


async def test_calls_that_a_lost_worker_left_are_no_calls_in_progress(site: AlertSite) -> None:
    await site.world.running(campaign(), [1])
    await site.world.claim_one(campaign())
    assert sum((await figures.calls(site.store)).values()) == 1
    await site.store.execute("UPDATE attempt SET lease_until = clock_timestamp() - interval '1 s'")
    assert await figures.calls(site.store) == {}


# ---- several processes, and their ends


async def test_two_processes_tell_once_together(site: AlertSite, database_url: str) -> None:
    """Many at once, each with its own connections, for some rounds."""
    stores = [await open_store(database_url) for _ in range(3)]
    watches = [site.watch(one) for one in stores]
    await node_lost(site)
    await nobody_dialled(site)
    for _ in range(4):
        await asyncio.gather(*(site.round(one) for one in watches))
    await node_back(site)
    for _ in range(4):
        await asyncio.gather(*(site.round(one) for one in watches))
    for one in stores:
        await one.close()
    told = site.project.told
    assert sorted(told) == sorted(
        [("node_lost", "node-1", "began"), ("node_lost", "node-1", "ended"), ("nobody_dialled", "", "began")]
    )


async def test_a_process_that_died_while_it_told_leaves_it_to_another(site: AlertSite) -> None:
    await node_lost(site)
    await site.watch().look()
    assert await alerts.take_notice(site.store, ["command"], watch.LEASE) is not None
    await site.round()
    assert site.project.told == [], "it may still be under way"
    await site.store.execute("UPDATE alert_notice SET next_try_at = clock_timestamp()")
    await site.round()
    await site.round()
    assert site.project.told == [("node_lost", "node-1", "began")]


async def test_the_console_may_watch_with_the_rights_of_its_role(
    site: AlertSite, database_url: str, cluster: Cluster
) -> None:
    cluster.run(f"ALTER ROLE {service_rights.CONSOLE.name} LOGIN")
    url = psycopg.conninfo.make_conninfo(database_url, user=service_rights.CONSOLE.name)
    as_console = await open_store(url)
    for make in (nobody_dialled, node_lost, consents_ending):
        await make(site)
    await site.round(site.watch(as_console))
    await as_console.close()
    assert {kind for kind, _, _ in site.project.told} == {"nobody_dialled", "node_lost", "consents_ending"}


async def test_without_anybody_to_tell_nothing_is_looked_at(site: AlertSite) -> None:
    site.settings = site.project.write("")
    await node_lost(site)
    running = asyncio.create_task(site.watch().run())
    await asyncio.sleep(0.3)
    running.cancel()
    await asyncio.wait([running])
    assert await site.shown() == []


# ---- a command or a mail server that is not well


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with MailServer().running() as made:
        yield made


async def test_a_mail_tells_it_in_the_language_of_the_settings(site: AlertSite, server: MailServer) -> None:
    site.settings = site.project.write("", mail_port=server.port, more='language = "zh"')
    await trunk_paused(site)
    await site.round()
    await node_back(site)
    await site.round()
    await site.round()
    began, ended = server.mails
    assert began["Subject"] == "[agi-app] 中继 carrier 在 worker one 上暂停"
    assert ended["Subject"].startswith("[agi-app] 已结束：")
    assert began["To"] == "ops@example.com"
    assert "接连失败" in began.get_content() or "连续" in began.get_content()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("script", "limit_s", "fault"),
    [
        ("import sys; sys.exit('no route to the pager')", 20.0, "ended with status 1: no route to the pager"),
        ("import time, os; os.system('sleep 60 &'); time.sleep(60)", 0.6, "took longer than 0.6 s"),
        ("import sys\nwhile True: sys.stderr.write('x' * 100000)", 0.6, "took longer than 0.6 s"),
        ("raise SystemExit(0) if False else KeyboardInterrupt", 20.0, "ended with status"),
    ],
    ids=["fails", "hangs", "babbles", "dies"],
)
async def test_a_command_that_fails_or_hangs_is_told_and_harms_nothing(
    site: AlertSite, server: MailServer, monkeypatch: pytest.MonkeyPatch, script: str, limit_s: float, fault: str
) -> None:
    monkeypatch.setattr(command.run, "__defaults__", (limit_s,))
    site.settings = site.project.write(sys.executable, "-c", script, mail_port=server.port)
    await node_lost(site)
    began = time.monotonic()
    await site.round()
    assert time.monotonic() - began < 10
    assert len(server.mails) == 1, "the mail does not wait for the command"
    (shown,) = await alerts.shown(site.store)
    by = {str(one["channel"]): one for one in shown.notices}
    assert by["command"]["state"] == "waiting"
    assert fault in str(by["command"]["fault"])
    await site.round()
    assert len(server.mails) == 1
    site.settings = site.project.write(mail_port=server.port)
    await site.round()
    assert site.project.told == [], "its next try is a minute later"
    await site.store.execute("UPDATE alert_notice SET next_try_at = clock_timestamp() WHERE state = 'waiting'")
    await site.round()
    assert site.project.told == [("node_lost", "node-1", "began")]


async def test_a_mail_that_cannot_be_sent_for_a_day_is_given_up(site: AlertSite, server: MailServer) -> None:
    server.refuses = "550 we know no such sender"
    site.settings = site.project.write("", mail_port=server.port)
    await node_lost(site)
    await site.round()
    (shown,) = await alerts.shown(site.store)
    assert shown.notices[0]["state"] == "waiting"
    assert "we know no such sender" in str(shown.notices[0]["fault"])
    await site.store.execute("UPDATE alert_notice SET next_try_at = clock_timestamp(), give_up_at = clock_timestamp()")
    await site.round()
    (shown,) = await alerts.shown(site.store)
    assert (shown.notices[0]["state"], server.mails) == ("failed", [])


async def test_a_mail_server_that_hangs_or_is_not_there_is_not_waited_for(
    site: AlertSite, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.hangs = True
    monkeypatch.setattr(mail.send, "__defaults__", (0.5,))
    settings = site.project.write("", mail_port=server.port)
    began = time.monotonic()
    assert "took longer than 0.5 s" in str(await mail.send(settings.alerts, "", "s", "t"))
    assert time.monotonic() - began < 5
    settings = site.project.write("", mail_port=1)
    assert "127.0.0.1:1 cannot be reached" in str(await mail.send(settings.alerts, "", "s", "t"))


async def test_a_command_gets_nothing_of_our_secrets(
    site: AlertSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://anna:secret@db/agi")
    for name in ("AGI_APP_SUPPRESSION_KEY", "USER", "LOGNAME", "SYSTEMD_EXEC_PID", "TZ"):
        monkeypatch.setenv(name, "secret")
    script = "import os; open('env', 'w').write('\\n'.join(os.environ))"
    assert await command.run([sys.executable, "-c", script], b"{}", tmp_path) is None
    names = (tmp_path / "env").read_text().split()
    assert {"PATH", "TZ"} <= set(names)
    left = {"HOME", "LANG", "LC_ALL", "LC_CTYPE"}  # the last one is what Python sets for itself
    assert set(names) - {"PATH", "TZ"} <= left, "no more than docs/how-to/monitor.md says"


async def test_a_database_that_is_away_ends_no_watch(site: AlertSite, cluster: Cluster, database_url: str) -> None:
    one = asyncio.create_task(site.watch().run())
    name = database_url.split("dbname=")[1].split(maxsplit=1)[0]
    cluster.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    cluster.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    await asyncio.sleep(0.5)
    cluster.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert not one.done()
    one.cancel()
    await asyncio.wait([one])


# ---- the command line


async def test_the_command_line_tries_the_channels_and_lists_alerts(
    site: AlertSite, server: MailServer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*words: str) -> Any:
        env = {**os.environ, "DATABASE_URL": database_url}
        return forked_commands.agi_app(words, cwd=site.project.folder, env=env)

    file = site.project.folder / "agi-app.toml"
    file.write_text("")
    assert (await asyncio.to_thread(ask, "adopt", "--new")).returncode == 0
    identity = file.read_text()
    site.project.write(mail_port=server.port, before=identity)
    done = await asyncio.to_thread(ask, "alerts", "test")
    assert (done.returncode, done.stdout.splitlines()) == (0, ["command: told", "mail: told"]), done.stderr
    assert [(one["kind"], one["phase"]) for one in site.project.heard] == [("test", "test")]
    assert len(server.mails) == 1
    site.project.write("/no/such/program", mail_port=server.port, before=identity)
    done = await asyncio.to_thread(ask, "alerts", "test", "--json")
    assert done.returncode == 2
    assert "/no/such/program cannot be started" in json.loads(done.stdout)[0]["fault"]
    await node_lost(site)
    await site.round()
    done = await asyncio.to_thread(ask, "alerts", "list")
    assert "a worker is lost: worker one" in done.stdout
    assert "command began: told" in done.stdout
    file.write_text(identity)
    done = await asyncio.to_thread(ask, "alerts", "test")
    assert done.returncode == 2
    assert "[alerts] names nobody" in done.stderr
