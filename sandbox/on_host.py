"""A carrier for the Asterisk of this host, which `agi-app asterisk setup` made ready: people who answer, and desks.

Its trunk and the desks are a block of agi-app's own file of trunks while it is up, and lead into this machine alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from agi_app.asterisk_setup import trunks
from agi_app.asterisk_setup.look import SetupChoices
from agi_app.errors import AgiAppError
from agi_app.messages import t
from agi_app.shared_files import shared
from sandbox.agents import Agents
from sandbox.asterisk import TRUNK
from sandbox.borrowed import Borrowed, clock_of, own_settings
from sandbox.capture import Capture
from sandbox.carrier import Carrier
from sandbox.desks import ANSWERS, PHONE, destinations_toml, pjsip_conf
from sandbox.errors import SandboxError
from sandbox.ports import free_port
from sandbox.speaker import Person
from sandbox.world import DESK_TALKS_S, PHONE_TRUNK, phone_toml

BLOCK = "agi-app-sandbox"
PREFIX = "sandbox-"  # of the desks' endpoints: the host's Asterisk has others
REPLACED = ("trunks", "destinations", "sandbox")
_SECTIONS = shared("asterisk-docker/etc/asterisk/pjsip_trunk_sandbox.conf")


@dataclass(frozen=True, slots=True)
class HostSandbox:
    """What it is for. ``program`` and ``config``: as in ``agi-app asterisk setup``."""

    project: Path
    speaking: Mapping[str, Person]
    desks: Mapping[str, str]
    program: Path | None = None
    config: Path | None = None


class HostCarrier:
    """Carrier, capture and desks on enter, with their trunk in the host's Asterisk; all of it gone on exit."""

    def __init__(self, given: HostSandbox, folder: Path, say: Callable[[str], None]) -> None:
        self._given, self._say = given, say
        self.carrier = Carrier(folder / "carrier", speaking=given.speaking)
        self.capture = Capture(folder / "carrier" / "sip.pcap", self.carrier.port)
        self.phone_port = free_port()
        self._folder = folder
        self._desk = Agents(folder / "desk", 1, talk_s=DESK_TALKS_S)
        self._running = ExitStack()

    def __enter__(self) -> HostCarrier:
        with ExitStack() as starting:
            starting.enter_context(self.carrier)
            starting.enter_context(self.capture)
            starting.enter_context(self._desk)
            starting.enter_context(self._trunk())
            starting.enter_context(Borrowed(self._given.project, self._settings(), self._say, REPLACED))
            self._running = starting.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._running.close()

    def facts(self) -> dict[str, object]:
        """What another process needs to use it."""
        program = self._given.program
        return {
            "console": [str(program or "asterisk")],
            "folder": str(self._folder),
            "capture": str(self.capture.file),
            "carrier_port": self.carrier.port,
            "phone_port": self.phone_port,
            "project": str(self._given.project.resolve()),
        }

    @contextmanager
    def _trunk(self) -> Iterator[None]:
        choices = SetupChoices(self._given.program, self._given.config)
        try:
            self._write(trunks.prepare_block(self._given.project, choices, BLOCK, self._sections))
        except AgiAppError as error:
            raise SandboxError(str(error)) from error
        try:
            yield
        finally:
            try:
                self._write(trunks.prepare_remove(self._given.project, choices, BLOCK))
            except AgiAppError as error:
                self._say(t("failed: {fault}", fault=error))

    def _write(self, prepared: trunks.PreparedTrunk) -> None:
        for fault in trunks.write_trunk(prepared):
            self._say(t("failed: {fault}", fault=fault))

    def _sections(self, transport: str) -> str:
        ports = {ANSWERS: self._desk.port, PHONE: self.phone_port}
        leads = {TRUNK: self.carrier.port, PHONE_TRUNK: self.phone_port}
        desks = pjsip_conf(self._given.desks, ports, self.carrier.port, prefix=PREFIX, transport=transport)
        return "\n".join([*(_trunk_conf(name, port, transport) for name, port in leads.items()), desks])

    def _settings(self) -> str:
        has_rule = "approval" in own_settings(self._given.project)
        alone = (
            "" if has_rule else f'approval = "alone"    # {t("one person tries it, who approves their own starts")}\n'
        )
        now = t("calls are judged as if this were the time now, so not at night")
        about = t("Written by agi-app sandbox carrier: trunks that lead nowhere but into this machine.")
        return (
            f"# {about}\n{alone}"
            f'[trunks.sandbox]\nendpoint = "PJSIP/{{number}}@{TRUNK}"\ncalls_per_second = 10\nconcurrent = 60\n'
            f"plus = true\nsandbox = true\n\n{phone_toml()}\n{destinations_toml(self._given.desks, PREFIX)}\n"
            f'[sandbox]\nclock = "{clock_of(self._given.project)}"    # {now}\n'
        )


def describe(world: HostCarrier) -> str:
    """For the person who started it."""
    told = (
        "# The carrier is up, as the trunk `sandbox` of this host's Asterisk. Ctrl-C ends it.\n"
        "#   carrier   127.0.0.1:{port}/udp   capture {capture}\n"
        "#   people    the last two digits of a number say who answers: docs/how-to/try-in-the-sandbox.md\n"
        "#   next      start the worker, or start it again: systemctl restart agi-app"
    )
    return t(told, port=world.carrier.port, capture=world.capture.file)


def _trunk_conf(name: str, port: int, transport: str) -> str:
    """The sandbox's own endpoint, without what says whose calls in are: those stay the host's."""
    text = _SECTIONS.read_text("utf-8").replace("transport-udp", transport)
    sections = text.replace("@TRUNK@", name).replace("@TRUNK_ADDRESS@", f"127.0.0.1:{port}").split(f"[{name}]\n")[1:]
    return "\n".join(f"[{name}]\n{one.strip()}\n" for one in sections if "type = identify" not in one)
