"""A worker that dials on a real Asterisk: hostile callers, hostile clients of its ports, and stops in the middle."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.asterisk import AMI_USER, Asterisk
from sandbox.world import World, settings_toml
from tests.agi_request import agi_request
from tests.asterisk.raw_caller import raw_call
from tests.store.conftest import Cluster
from tests.strangers.shop import CLOCK, OURS, Shop, clean_environment

pytestmark = [pytest.mark.asterisk, pytest.mark.slow]
LINE = (
    f'\n[lines.main]\nnumber = "{OURS}"\nflow = "who-called"\n'
    '[destinations.front-desk]\nendpoint = "PJSIP/front-desk"\n'
)


class Office:
    """The project, its Asterisk and its worker."""

    def __init__(self, shop: Shop, world: World) -> None:
        self.shop, self.world, self.asterisk = shop, world, world.asterisk
        self.log = shop.folder / "worker.log"
        self._worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the worker and wait until it dials."""
        argv = [str(Path(sys.executable).with_name("agi-app")), "run", "--json-logs"]
        with self.log.open("ab") as log:
            self._worker = subprocess.Popen(argv, cwd=self.shop.folder, env=clean_environment(), stdout=log, stderr=log)
        self.until("dialling", 40)

    def until(self, word: str, seconds: float) -> None:
        """Until its log says so."""
        deadline = time.monotonic() + seconds
        while f'"{word}' not in self.log.read_text():
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.05)

    def stop(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.send_signal(signal.SIGINT)
            self._worker.send_signal(signal.SIGINT)
            self._worker.wait(40)

    def alive(self) -> bool:
        """It runs."""
        return self._worker is not None and self._worker.poll() is None

    def invites(self) -> list[tuple[float, str]]:
        """When the carrier saw a first INVITE, and to whom."""
        time.sleep(0.3)  # the capture's buffer
        return [(call.invite_at, call.to_user) for call in self.world.capture.calls()]

    def people(self, campaign: str, count: int, *, last: str, pace: int) -> list[str]:
        """A running campaign of people who agreed; ``last``: what they do."""
        block = sum(campaign.encode()) % 90 + 10
        numbers = [f"+99986135{block}{n * 7 % 1000:03d}{last}" for n in range(count)]
        self.shop.campaign(campaign, more="ring_time: 30s\n")
        file = self.shop.folder / "campaigns" / f"{campaign}.yaml"
        file.write_text(file.read_text().replace("calls_per_second: 20", f"calls_per_second: {pace}"))
        self.shop.consent(*numbers)
        self.shop.contacts(campaign, *numbers)
        self.shop.ok("campaign", "start", campaign)
        return numbers


@pytest.fixture(scope="module")
def office(pattern: Shop, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Made once; the worker runs all the while."""
    from sandbox.root import ensure_root, ensure_tools

    ensure_tools(print)
    folder = tmp_path_factory.mktemp("office")
    cluster.run("CREATE DATABASE stranger_office TEMPLATE stranger_pattern")
    url = cluster.url("stranger_office")
    shop = pattern.copy(folder / "shop", url)
    assert shop.cli("init", str(folder / "fresh")).code == 0
    shop.write("flows/who-called.yaml", (folder / "fresh" / "flows" / "who-called.yaml").read_text())
    shop.ok("campaign", "stop", "reminder")
    with World(ensure_root(print), folder / "world", prompts_dir=shop.folder / "prompts") as world:
        file = shop.folder / "agi-app.toml"
        identity = file.read_text()[file.read_text().index("[identity]") :]
        clock = f'\n[sandbox]\nclock = "{CLOCK}"\n'
        guard = '\n[guard]\nregion = "CN"\n'
        file.write_text(
            f'database_url = "{url}"\n'
            + settings_toml(world.asterisk, trunk="sandbox", calls_per_second=20)
            + LINE
            + guard
            + clock
            + identity
        )
        made = Office(shop, world)
        made.start()
        try:
            yield made
        finally:
            made.stop()
    cluster.run("DROP DATABASE stranger_office WITH (FORCE)")


class Manager:
    """The manager interface, by hand."""

    def __init__(self, asterisk: Asterisk) -> None:
        self._socket = socket.create_connection(("127.0.0.1", asterisk.ami_port), timeout=60)
        self._file = self._socket.makefile("rwb")
        self._file.readline()
        assert "Success" in self.ask("Login", Username=AMI_USER, Secret=asterisk.ami_password, Events="off")

    def ask(self, action: str, **fields: str) -> str:
        """What it answers to an action."""
        lines = [f"Action: {action}", "ActionID: 7", *(f"{name}: {value}" for name, value in fields.items())]
        self._file.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._file.flush()
        answer: list[str] = []
        while True:
            line = self._file.readline().decode(errors="replace").strip()
            if not line and any(one.startswith("Response:") for one in answer):
                return "\n".join(answer)
            if not line and not self._file.peek(1):
                return "\n".join(answer)
            answer.append(line)

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()


def _agi(office: Office, request: str | bytes, seconds: float = 1.5) -> bytes:
    """What agi-app answers on its port."""
    with socket.create_connection(("127.0.0.1", office.asterisk.agi_port), timeout=seconds) as connection:
        connection.sendall(request.encode() if isinstance(request, str) else request)
        said = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while part := connection.recv(65_536):
                said += part
                if b"AGI_APP_ACTION" in said:
                    break
                connection.sendall(b"200 result=1\n")
        return said


@pytest.mark.attack("a command of the machine, run by an extension that the user of the manager interface adds")
def test_manager_user_runs_a_command(office: Office) -> None:
    """docs/how-to/install-on-asterisk.md: "this user may not originate, redirect or run a command"."""
    manager = Manager(office.asterisk)
    extension = {"Context": "agi-app-inbound", "Extension": "+999862155509999", "Priority": "1"}
    command = {"Application": "System", "ApplicationData": "touch /run/agi-app/owned"}
    said = manager.ask("DialplanExtensionAdd", **extension, **command)
    with raw_call(office.asterisk.sip_port, "+999862155509999", "<sip:+999861380009988@127.0.0.1>") as call:
        call.wait(200, 404, 480, 486, 603, seconds=3)
    manager.ask("DialplanExtensionRemove", **extension)
    manager.close()
    assert not (office.asterisk.run_dir / "owned").exists(), said


@pytest.mark.attack(
    "whoever has agi-app's secret of the manager interface has somebody called without a permit",
    documented="docs/how-to/install-on-asterisk.md",
)
def test_manager_user_has_somebody_called(office: Office) -> None:
    """docs/how-to/install-on-asterisk.md: "anybody with this secret can change the dialplan in memory and make Asterisk
    call somebody when a call comes in"."""
    manager = Manager(office.asterisk)
    extension = {"Context": "agi-app-inbound", "Extension": "+999862155509998", "Priority": "1"}
    dial = {"Application": "Dial", "ApplicationData": "PJSIP/+999861380007777@sandbox-carrier"}
    before = len(office.invites())
    try:
        said = manager.ask("DialplanExtensionAdd", **extension, **dial)
        with raw_call(office.asterisk.sip_port, extension["Extension"], "<sip:+999861380009988@127.0.0.1>") as call:
            call.wait(200, 404, 480, 486, 603, seconds=4)
        assert [to for _, to in office.invites()[before:]] == ["+999861380007777"], said
        originate = {"Channel": dial["ApplicationData"], "Application": "Wait", "Data": "1"}
        assert "Permission denied" in manager.ask("Originate", **originate)
        assert len(office.invites()) == before + 1
    finally:
        manager.ask("DialplanExtensionRemove", **extension)
        manager.close()


@pytest.mark.attack("questions to the AGI server without the token, with part of it, or written by nobody's Asterisk")
def test_agi_without_token(office: Office) -> None:
    """docs/how-to/screen-incoming-calls.md: "The dialplan sends the token with every question; without it agi-app does
    not answer"."""
    token = office.asterisk.agi_token
    good = agi_request("screen", token, "100", "", caller="+999861380001101")
    assert b"AGI_APP_ACTION" in _agi(office, good)
    answered = []
    requests: dict[str, str | bytes] = {
        "none": agi_request("screen", "", "100", ""),
        "half": agi_request("screen", token[:-1], "100", ""),
        "more": agi_request("screen", token + "0", "100", ""),
        "upper case": agi_request("screen", token.upper(), "100", "")
        if token.upper() != token
        else agi_request("screen", "", "100"),
        "in another argument": agi_request("screen", "x", token, ""),
        "twice": agi_request("screen", "x", "100", "").rstrip("\n") + f"\nagi_arg_1: {token}\n\n",
        "in the name": agi_request("screen", "x", "100", "", name=f"x\nagi_arg_1: {token}"),
        "NUL": agi_request("screen", "\0", "100", ""),
        "not ASCII": agi_request("screen", token.replace(token[0], "é"), "100", ""),
        "HTTP": f"GET /screen?agi_arg_1={token} HTTP/1.1\r\n\r\n",
        "nothing": "\n",
        "binary": bytes(range(256)) * 4,
        "a long line": b"agi_network: " + b"x" * 300_000,
        "many lines": "agi_x: y\n" * 20_000 + "\n",
    }
    for what, request in requests.items():
        with contextlib.suppress(ConnectionError):
            if b"AGI_APP_ACTION" in _agi(office, request):
                answered.append(what)
    assert answered == []
    assert office.alive()
    assert b"AGI_APP_ACTION" in _agi(office, good)


@pytest.mark.attack("six hundred half questions at once on the AGI server's port, and the calls of a campaign")
def test_agi_flood(office: Office) -> None:
    """docs/explanation/safety.md: "Incoming calls never depend on agi-app"; settings.md: "`header_limit` | Seconds
    within which a request must arrive whole"."""
    held = []
    try:
        for _ in range(600):
            connection = socket.create_connection(("127.0.0.1", office.asterisk.agi_port), timeout=60)
            with contextlib.suppress(OSError):
                connection.sendall(b"agi_network: yes\nagi_ne")
            held.append(connection)
        assert office.alive()
        time.sleep(3)
        good = agi_request("screen", office.asterisk.agi_token, "100", "", caller="+999861380001101")
        assert b"AGI_APP_ACTION" in _agi(office, good)  # though nobody hung up
    finally:
        for connection in held:
            connection.close()


HOSTILE = [
    "+999862155500001%0A",
    "+999862155500001%2C1",
    "+999862155500001%3A",
    "%24%7BEXTEN%7D",
    "%24%7BSHELL(touch%20/run/agi-app/owned)%7D",
    "+999862155500001%26x",
    "+999862155500001/n",
    "T",
    "h",
    "s",
    "i",
    "+9998621555000%C2%A001",
]


@pytest.mark.attack("called numbers that mean something to the dialplan")
def test_hostile_called_numbers(office: Office) -> None:
    """docs/decisions/0060-what-a-caller-writes.md: "One with anything but digits in it is no number of ours and gets
    404 before a `Goto` sees it"."""
    before = len(office.invites())
    through = []
    for called in HOSTILE:
        with raw_call(office.asterisk.sip_port, called, "<sip:+999861380009988@127.0.0.1>") as call:
            answer = call.wait(180, 183, 200, 404, 400, 484, 403, 500, 488, seconds=2)
            if answer in (180, 183, 200):
                through.append((called, answer))
    assert through == []
    assert len(office.invites()) == before
    with raw_call(office.asterisk.sip_port, OURS, "<sip:+999861380009988@127.0.0.1>") as call:
        assert call.wait(200, seconds=6) == 200  # an honest caller is served


@pytest.mark.attack("headers of a caller that would make it somebody else, or make us call somebody")
def test_smuggled_headers(office: Office) -> None:
    """docs/how-to/screen-incoming-calls.md: "They are recognised by endpoint, never by number, which can be forged";
    safety.md: "Every call needs a permit, whatever the far end says"."""
    before = len(office.invites())
    victim = "+999861380007701"
    headers = [
        f"P-Asserted-Identity: <sip:{victim}@127.0.0.1>\r\n",
        f"Remote-Party-ID: <sip:{victim}@127.0.0.1>;party=calling;screen=yes\r\n",
        f"Diversion: <sip:{victim}@127.0.0.1>;reason=unconditional\r\n"
        f"History-Info: <sip:{victim}@127.0.0.1>;index=1\r\n",
        f"Refer-To: <sip:{victim}@127.0.0.1>\r\nReferred-By: <sip:{victim}@127.0.0.1>\r\n",
        "Replaces: x@y;to-tag=1;from-tag=2\r\nJoin: x@y;to-tag=1;from-tag=2\r\nRequire: replaces\r\n",
        f"Route: <sip:{victim}@127.0.0.1:{office.world.carrier.port};lr>\r\n",
        f"Alert-Info: <sip:{victim}@127.0.0.1>\r\nCall-Info: <http://127.0.0.1:1/x>;purpose=icon\r\n"
        "X-Asterisk-HangupCause: 16\r\n",
        "X-Long: " + "y" * 5_000 + "\r\n",
    ]
    for header in headers:
        with raw_call(office.asterisk.sip_port, OURS, '"\x1b[2Jx" <sip:+999861380009988@127.0.0.1>', header) as call:
            call.wait(200, 403, 404, 420, 481, 488, 400, 413, 500, seconds=3)
    assert [to for _, to in office.invites()[before:]] == []
    assert office.alive()
    assert office.shop.sql("SELECT count(*) FROM suppression")[0][0] == 0
    assert b"\x1b" not in office.log.read_bytes()


def _until(true, seconds: float) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.attack("calls that leave after everything was paused")
def test_paused_in_the_middle(office: Office) -> None:
    """docs/how-to/run-a-campaign.md: "everything is paused: no new call is made on any node"; "within a second"."""
    numbers = office.people("paused", 40, last="21", pace=10)
    _until(lambda: len([1 for _, to in office.invites() if f"+{to.removeprefix('+')}" in numbers]) >= 5, 20)
    office.shop.ok("pause", "--all", "--reason", "the carrier asks")
    told = time.time()
    time.sleep(3)
    late = [to for at, to in office.invites() if at > told + 1 and f"+{to.removeprefix('+')}" in numbers]
    office.shop.ok("campaign", "stop", "paused")
    office.shop.ok("resume", "--all")
    assert late == []


@pytest.mark.attack("numbers and names in the worker's log")
def test_worker_log(office: Office) -> None:
    """docs/explanation/safety.md: "Logs and errors mask numbers"; consent-ledger.md: "Logs and errors never contain a
    whole number"."""
    text = office.log.read_text()
    assert re.findall(r"\+?99986135\d{6,}", text) == []
    assert office.asterisk.agi_token not in text
    assert office.asterisk.ami_password not in text
    assert office.asterisk.ari_password not in text
