"""What a worker takes away each day beside the purge; what waits, and what is short, stays."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.dialer.worker import daily_upkeep
from agi_app.dialer.worker.daily_upkeep import cut, once
from agi_app.store.database.embedded import server_log
from agi_app.store.database.pool import Store
from agi_app.store.people import stops
from agi_app.store.webhooks import deliveries
from agi_app.support import bundle
from tests.store.test_webhook_events import NOW, endpoint, told
from tests.store.world import World, number

pytestmark = pytest.mark.postgres


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a project with a data folder."""
    server_log(tmp_path / "var").parent.mkdir(parents=True)
    return Settings(project=tmp_path, data_folder=Path("var"))


async def test_events_go_where_no_process_delivers_them(world: World, store: Store, settings: Settings) -> None:
    """A stop that nobody was told yet stays, however old."""
    await endpoint(store, "*")
    await deliveries.tell_one(store, 1, "webhook.test")
    await stops.revoke(store, number(0), None, NOW, reason="said so", via="key")
    await once(store, settings)
    assert sorted(await told(store)) == ["person.stopped", "webhook.test"]
    await store.execute("UPDATE webhook_event SET recorded_at = recorded_at - interval '91 days'")
    await once(store, settings)
    assert await told(store) == ["person.stopped"]


def test_a_long_log_is_cut_while_it_is_written(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the database writes it: it goes on at the beginning, and its last words are kept."""
    monkeypatch.setattr(daily_upkeep, "LONGEST", 1000)
    monkeypatch.setattr(daily_upkeep, "KEPT", 100)
    log = server_log(settings.data)
    cut(log)
    assert not log.exists()
    writer = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(writer, b"x" * 1000)
        cut(log)
        assert log.stat().st_size == 1000
        os.write(writer, b"the last words\n")
        cut(log)
        os.write(writer, b"and on\n")
    finally:
        os.close(writer)
    assert log.read_bytes() == b"and on\n"
    old = log.with_name("server.log.old")
    assert old.read_bytes() == b"x" * 85 + b"the last words\n"
    assert old.stat().st_mode & 0o777 == 0o600


def test_old_bundles_go_and_nothing_else(tmp_path: Path) -> None:
    now = Clock().real_now()
    names = {days: (now - dt.timedelta(days=days)).strftime(bundle._NAME) for days in (29, 31)}
    for name in (*names.values(), "agi-app-support-for-the-court.tar.gz", "people.csv"):
        (tmp_path / name).write_bytes(b"x")
    bundle.remove_old(tmp_path, now)
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {names[29], "agi-app-support-for-the-court.tar.gz", "people.csv"}
