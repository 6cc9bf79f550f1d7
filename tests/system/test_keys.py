"""A worker that cannot hear the start of a key calls nobody, says why, and goes on by itself when it can.

It is started by somebody who reads Chinese: rows and its log for programs are English all the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.asterisk.proxy import Proxy
from tests.system.conftest import NewSite
from tests.system.site import Site, people, until
from tests.system.test_agents import wire_to

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
PATIENT = 10  # says nothing until BYE


@pytest.fixture
def wired(new_site: NewSite) -> Iterator[tuple[Site, Proxy]]:
    """A site whose manager interface is reached over a wire."""
    site = new_site("keys", env={"AGI_APP_LANG": "zh"})
    with wire_to(f"http://127.0.0.1:{site.asterisk.ami_port}") as wire:
        file = site.project / "agi-app.toml"
        file.write_text(file.read_text().replace(f"port = {site.asterisk.ami_port}\n", f"port = {wire.port}\n"))
        yield site, wire


def test_without_the_manager_interface_nobody_is_called_and_live_calls_go_on(wired: tuple[Site, Proxy]) -> None:
    site, wire = wired
    first, second = people(PATIENT, PATIENT)
    site.consent([first, second])
    with site.worker():
        site.add("before", [first])
        until("the first is called", lambda: bool(site.calls([first])))
        wire.freeze = True
        site.add("after", [second], start=False)
        until("the worker holds", lambda: '"nobody is dialled"' in site.folder.joinpath("worker-1.log").read_text())
        site.app.ask("campaign", "start", "after")
        until("it says why", lambda: "听不到按键的开始" in str(site.status("after")["waiting_reasons"]))
        assert "start of a key is not heard" in str(site.sql("SELECT waiting_reason FROM node")), "what is stored"
        assert site.calls([second]) == []
        assert "听不到按键的开始，可能丢失停呼" in site.app.ask("campaign", "status", "after")
        assert "start of a key is not heard" in site.app.ask("--lang", "en", "campaign", "status", "after")
        site.settle("before")
        assert site.attempts("before")[first]["outcome"] in ("answered", "no_media"), "the live call went on to its end"
        assert site.calls([second]) == []
        wire.freeze = False
        until("the second is called", lambda: bool(site.calls([second])))
        site.settle("after")
