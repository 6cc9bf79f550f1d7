"""The watchdog catches whatever makes an Asterisk send an INVITE behind agi-app's back: shown, to be believed."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from sandbox.asterisk import ORIGINATOR, TRUNK, Asterisk
from sandbox.capture import Capture
from sandbox.carrier import Carrier
from sandbox.root import ensure_root, ensure_tools
from tests.system.site import people, until
from tests.system.watched import Watched

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

BUSY = 20  # what the last two digits mean
OUTSIDE = "[outside]\nexten => _+X.,1,Dial(PJSIP/${EXTEN}@" + TRUNK + ",5)\n same => n,Hangup()\n"


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """An Asterisk of its own, which no project drives."""
    ensure_tools(print)
    folder = tmp_path_factory.mktemp("watchdog-asterisk")
    with (
        Carrier(folder / "carrier") as carrier,
        Asterisk(
            ensure_root(print), folder / "asterisk", carrier=carrier.address, originator=True, extra_dialplan=OUTSIDE
        ) as running,
    ):
        running.cli("module load res_clioriginate.so")  # not loaded where nobody asks for it
        yield running


def by_ari(asterisk: Asterisk, number: str) -> None:
    """A raw originate, as somebody with the ARI password could ask for."""
    token = base64.b64encode(f"{asterisk.ari_user}:{asterisk.ari_password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", asterisk.http_port, timeout=60)
    body = {"endpoint": f"PJSIP/{number}@{TRUNK}", "context": "agi-app-when-down", "extension": "s", "priority": 1}
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    connection.request("POST", "/ari/channels", json.dumps(body), headers)
    assert connection.getresponse().status == 200
    connection.close()


def by_console(asterisk: Asterisk, number: str) -> None:
    """What AMI's Originate does, too."""
    asterisk.cli(f"channel originate PJSIP/{number}@{TRUNK} application Wait 1")


def by_ami(asterisk: Asterisk, number: str) -> None:
    """The manager interface, as a user who may originate."""
    with socket.create_connection(("127.0.0.1", asterisk.ami_port), timeout=60) as line:
        answer = ""
        for action in (
            f"Action: Login\r\nUsername: {ORIGINATOR}\r\nSecret: {asterisk.originator_password}\r\nEvents: off",
            f"Action: Originate\r\nChannel: PJSIP/{number}@{TRUNK}\r\nApplication: Wait\r\nData: 1\r\nAsync: true",
        ):
            line.sendall(f"{action}\r\n\r\n".encode())
            time.sleep(0.3)
            answer = line.recv(65536).decode()
        assert "Success" in answer, answer


def by_dialplan(asterisk: Asterisk, number: str) -> None:
    """A Dial() of the site's own."""
    asterisk.cli(f"channel originate Local/{number}@outside application Wait 1")


@pytest.mark.parametrize("call", [by_ari, by_console, by_ami, by_dialplan])
def test_an_invite_behind_our_back_is_caught_and_named(
    call: Callable[[Asterisk, str], None], asterisk: Asterisk, all_invites: Capture
) -> None:
    """By its number, whoever made it; the people of other projects are no excuse."""
    watched = Watched(judged_until=time.time())
    watched.ports.add(asterisk.sip_port)
    (number,) = people(BUSY)
    call(asterisk, number)
    told: list[str] = []

    def seen() -> bool:
        told.extend(watched.judge(all_invites.file)[1])
        return told != []

    until("it leaves", seen)
    (line,) = told
    assert line.startswith(f"INVITE to {number} at 127.0.0.1:")
    assert line.endswith("no mark of this number in any database")


def test_a_phone_of_ours_that_is_rung_anonymously_is_caught(asterisk: Asterisk, all_invites: Capture) -> None:
    """Such as by a redirect into the dialplan."""
    watched = Watched(judged_until=time.time())
    watched.ports.add(asterisk.sip_port)
    watched.phone_ports.add(asterisk.trunks[TRUNK][1])
    (number,) = people(BUSY)
    by_dialplan(asterisk, number)
    told: list[str] = []

    def seen() -> bool:
        told.extend(watched.judge(all_invites.file)[1])
        return told != []

    until("it leaves", seen)
    assert told[0].endswith("a phone of ours sees a number that is not proved to be ours")
