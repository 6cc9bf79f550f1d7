"""A worker as a service: what systemd hears of it, while a real Asterisk, a database and an admin do what they do."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from sandbox.commands import COMMAND
from sandbox.project import write_settings
from sandbox.supervise import Child
from tests.system.conftest import NewSite
from tests.system.site import CLOCK, Site, people, until
from tests.unit.service_manager_socket import Listener, listening

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

LISTENS = 28
STILL_S = 4.0


class Service:
    """A worker whose manager keeps what it hears."""

    def __init__(self, listener: Listener, child: Child) -> None:
        self._listener, self.child = listener, child
        self.words: list[str] = []

    def hears(self, word: str) -> bool:
        """Whether a word came by now that begins so."""
        self.words += self._listener.heard()
        return any(said.startswith(word) for said in self.words)

    def forget(self) -> None:
        """What came until now does not count."""
        self.hears("")
        self.words.clear()

    def signs_of_life(self, seconds: float) -> int:
        """How many came in that time."""
        self.forget()
        time.sleep(seconds)
        self.hears("")
        return self.words.count("WATCHDOG=1")


@contextmanager
def started(site: Site, folder: Path, **env: str) -> Iterator[Service]:
    """`agi-app run` as systemd starts it; nobody waits until it dials."""
    with listening(folder) as listener:
        environment = {**(site.app._env or {}), **listener.environment, **env}
        child = Child([*COMMAND, "run", "--json-logs"], log=folder / "service.log", env=environment, cwd=site.project)
        try:
            yield Service(listener, child)
        finally:
            child.end(40)


@pytest.fixture(scope="module")
def site(new_site: NewSite) -> Site:
    """On the second Asterisk, which these tests restart."""
    return new_site("service", asterisk=1)


def test_systemd_hears_when_it_is_ready_what_it_does_and_that_it_lives(site: Site, tmp_path: Path) -> None:
    """Not ready while a pause may end in a moment; alive while the database stands still, not when the loop does."""
    called = people(*[LISTENS] * 3)
    site.consent(called)
    site.app.ask("pause", "--all", "--reason", "the manager looks")
    with started(site, tmp_path) as service:
        until("it says what it waits for", lambda: service.hears("STATUS=starting: "), 30)
        until("the pause is told", lambda: service.hears("STATUS=starting: everything is paused"))
        assert not service.hears("READY=1")
        site.app.ask("resume", "--all")
        until("it is ready", lambda: service.hears("READY=1"))
        assert service.words[service.words.index("READY=1") - 1].startswith("STATUS=dialling: ")
        site.add("told", called, rate=10)
        until("calls are told", lambda: service.hears("STATUS=dialling: 1 campaign, 3 calls now"))
        with psycopg.connect(site.database_url) as connection:
            connection.execute("LOCK TABLE attempt, contact, campaign IN ACCESS EXCLUSIVE MODE")
            assert service.signs_of_life(STILL_S) >= 2
        service.child.send(signal.SIGSTOP)
        assert service.signs_of_life(STILL_S) == 0
        service.child.send(signal.SIGCONT)
        until("it lives again", lambda: service.hears("WATCHDOG=1"))
        site.settle("told")


def test_it_says_that_its_asterisk_is_away_and_that_it_ends(site: Site, tmp_path: Path) -> None:
    """With calls on the line it says how many it waits for, and leaves with 0."""
    called = people(*[LISTENS] * 2)
    site.consent(called)
    with started(site, tmp_path) as service:
        until("it is ready", lambda: service.hears("READY=1"), 30)
        service.forget()
        site.asterisk.stop()
        try:
            until("it says so", lambda: service.hears("STATUS=nobody is dialled: no connection to Asterisk"))
        finally:
            site.asterisk.start()
        until("it dials again", lambda: service.hears("STATUS=dialling: "), 30)
        site.add("ended", called, rate=10)
        until("both talk", lambda: len([call for call in site.calls(called) if call.answered_at]) == len(called))
        service.forget()
        service.child.send(signal.SIGTERM)
        assert service.child.wait(30)
        assert service.child.returncode == 0
        assert service.hears("STATUS=ending: 2 calls now")
        assert service.hears("STOPPING=1")
        assert not service.hears("READY=1")
    assert all(call.bye_at and call.answered_at and call.bye_at - call.answered_at > 5 for call in site.calls(called))


def test_a_worker_without_its_asterisk_is_never_ready(site: Site, tmp_path: Path) -> None:
    """And `systemctl status` shows why it ended."""
    with started(site, tmp_path, AGI_APP_ASTERISK__URL="http://127.0.0.1:9/ari") as service:
        assert service.child.wait(30)
        assert service.child.returncode == 2
        assert not service.hears("READY=1")
        assert "127.0.0.1:9" in service.words[-1]


def test_settings_change_while_calls_go_on(site: Site, tmp_path: Path) -> None:
    """A fault is refused with its place and changes nothing; a limit holds at once; what needs a restart is named."""
    called = people(*[LISTENS] * 4)
    site.consent(called)
    text = site.settings(f'[sandbox]\nclock = "{CLOCK}"\n')
    one_at_once = text.replace("concurrent = 400", "concurrent = 1")
    write_settings(site.project, one_at_once)
    try:
        with started(site, tmp_path) as service:
            until("it is ready", lambda: service.hears("READY=1"), 30)
            site.add("reloaded", called, rate=10)
            until("one talks", lambda: any(call.answered_at for call in site.calls(called)))
            _read_again(service, site, one_at_once.replace("concurrent = 1", 'concurrent = "many"'))
            refused = next(word for word in service.words if "is refused" in word)
            assert f"{site.project / 'agi-app.toml'}:" in refused
            assert "trunks.sandbox.concurrent" in refused
            assert len(site.calls(called)) == 1
            changed = text.replace("[asterisk]\n", "[asterisk]\ncalls_end_within = 1.0\n")
            _read_again(service, site, changed.replace("[ami]\n", "[ami]\ntimeout = 4.0\n"))
            assert not any("is refused" in word for word in service.words)
            assert any(word.endswith("agi-app.toml: a restart is needed for ami.timeout") for word in service.words)
            until("all others are called at once", lambda: len(site.calls(called)) == len(called), 5)
            until("they talk", lambda: all(call.answered_at for call in site.calls(called)[1:]))
            told = time.time()
            service.child.send(signal.SIGTERM)
            assert service.child.wait(10)
            assert service.child.returncode == 0
    finally:
        site.set_clock(CLOCK)
    ended = [call for call in site.calls(called) if call.ended_at and call.ended_at >= told]
    assert len(ended) >= len(called) - 1
    assert all(call.bye_from == "us" and call.ended_at and call.ended_at < told + 4 for call in ended)


def _read_again(service: Service, site: Site, text: str) -> None:
    """As `systemctl reload` does."""
    write_settings(site.project, text)
    service.forget()
    service.child.send(signal.SIGHUP)
    until("they were read", lambda: service.hears("READY=1"))
    assert service.hears("RELOADING=1\nMONOTONIC_USEC=")
    until("the status says so", lambda: service.hears("STATUS="))
