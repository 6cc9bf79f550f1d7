"""A whole test world in one folder: the carrier, the capture of its SIP port, and one Asterisk or more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.agents import Agents
from sandbox.asterisk import AMI_USER, TRUNK, Asterisk
from sandbox.capture import Capture
from sandbox.carrier import Carrier
from sandbox.desks import ANSWERS, PHONE, destinations_toml, pjsip_conf
from sandbox.ports import free_port
from sandbox.speaker import Person

PHONE_TRUNK = "sandbox-phone"
OUR_NUMBER, LINE_FLOW = "+999862155500001", "who-called"  # what the examples show, and what answers there
DESK_TALKS_S = 8.0, 15.0  # of a desk that answers


class World:
    """Starts all of it on enter and ends all of it on exit; the folder keeps logs and the capture.

    ``root`` comes from ``sandbox.root.ensure_root``. With ``asterisks=2`` two of them call into one carrier.
    ``speaking`` has the carrier's people who speak, by the last two digits of their numbers. With ``agents`` each
    Asterisk has so many, and a queue; with ``desks`` (name -> what it does, see ``sandbox.desks``) they share those
    phones, and a trunk leads to ``sandbox.phone``, once that runs.
    """

    def __init__(
        self,
        root: Path,
        folder: Path,
        *,
        prompts_dir: Path | None = None,
        asterisks: int = 1,
        speaking: Mapping[str, Person] | None = None,
        agents: int = 0,
        talk_s: tuple[float, float] = (2.0, 5.0),
        desks: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.carrier = Carrier(self.folder / "carrier", speaking=speaking)
        self.capture = Capture(self.folder / "carrier" / "sip.pcap", self.carrier.port)
        self.agents = [
            Agents(self.folder / f"agents-{name}", agents, talk_s=talk_s)
            for name in "abcdefgh"[: asterisks if agents else 0]
        ]
        self.desks = dict(desks or {})
        self.desk = Agents(self.folder / "desk", 1, talk_s=DESK_TALKS_S) if desks else None
        self.phone_port = free_port() if desks else None
        ports = {ANSWERS: self.desk.port if self.desk else 0, PHONE: self.phone_port or 0}
        phones = pjsip_conf(self.desks, ports, self.carrier.port)
        to_phone = {PHONE_TRUNK: ("127.0.0.1", self.phone_port)} if self.phone_port is not None else None
        self.asterisks = [
            Asterisk(
                root,
                self.folder / f"asterisk-{name}",
                name=name,
                carrier=self.carrier.address,
                prompts_dir=prompts_dir,
                agents=self.agents[number] if self.agents else None,
                phones=phones,
                extra_trunks=to_phone,
            )
            for number, name in enumerate("abcdefgh"[:asterisks])
        ]
        self._running = ExitStack()

    @property
    def asterisk(self) -> Asterisk:
        """The first one."""
        return self.asterisks[0]

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(self.carrier)
            starting.enter_context(self.capture)
            for agents in (*self.agents, *([self.desk] if self.desk else ())):
                starting.enter_context(agents)
            for asterisk in self.asterisks:
                starting.enter_context(asterisk)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)


def settings_toml(
    asterisk: Asterisk, *, trunk: str = TRUNK, calls_per_second: float = 60, concurrent: int = 800
) -> str:
    """The parts of agi-app.toml that say how to reach this Asterisk and its trunk."""
    prompts = f'prompts_path = "{asterisk.prompts_path}"\n' if asterisk.prompts_dir else ""
    return (
        "[asterisk]\n"
        f'url = "{asterisk.ari_url}"\n'
        f'username = "{asterisk.ari_user}"\n'
        f'password = "{asterisk.ari_password}"\n'
        f'entityid = "{asterisk.entityid}"\n'
        f"{prompts}"
        "\n"
        "[agi]\n"
        f"port = {asterisk.agi_port}\n"
        f'token = "{asterisk.agi_token}"\n'
        "\n"
        "[monitor]\n"
        "port = 0\n"
        "\n"
        f"{ami_toml(asterisk)}"
        f"{agents_toml(asterisk)}"
        "\n"
        f"[trunks.{trunk}]\n"
        f'endpoint = "PJSIP/{{number}}@{TRUNK}"\n'
        f"calls_per_second = {calls_per_second}\n"
        f"concurrent = {concurrent}\n"
        "plus = true\n"
        "sandbox = true\n"
    )


def ami_toml(asterisk: Asterisk, port: int = 0) -> str:
    """The part of agi-app.toml for its manager interface; ``port`` is that of a wire to its own."""
    return f'[ami]\nport = {port or asterisk.ami_port}\nusername = "{AMI_USER}"\npassword = "{asterisk.ami_password}"\n'


def phone_toml() -> str:
    """The trunk to ``sandbox.phone``: for calls that a person wants to answer, such as a rehearsal's."""
    return (
        f'[trunks.phone]\nendpoint = "PJSIP/{{number}}@{PHONE_TRUNK}"\ncalls_per_second = 1\nconcurrent = 1\n'
        "plus = true\nsandbox = true\n"
    )


def agents_toml(asterisk: Asterisk) -> str:
    """The part of agi-app.toml for its agents, if it has some."""
    agents = asterisk.agents
    if agents is None:
        return ""
    return f'\n[destinations.{agents.queue}]\nqueue = "{agents.queue}"\nwrap_up = {agents.wrap_up_s}\nshared = false\n'


def line_toml(project: Path, desks: Mapping[str, str]) -> str:
    """The parts of agi-app.toml for who is called from a call: the desks, and a line if the flow for it is there."""
    desk = destinations_toml(desks)
    if not (project / "flows" / f"{LINE_FLOW}.yaml").is_file():
        return desk
    return f'{desk}\n[lines.main]\nnumber = "{OUR_NUMBER}"\nflow = "{LINE_FLOW}"\n'


def facts_json(world: World) -> str:
    """What another process needs to use this world, for the state file of ``scripts/sandbox``."""
    asterisk = world.asterisk
    return json.dumps(
        {
            "ari_url": asterisk.ari_url,
            "ari_user": asterisk.ari_user,
            "ari_password": asterisk.ari_password,
            "asterisk_pid": asterisk.pid,
            "console": asterisk.console_argv(),
            "folder": str(world.folder),
            "capture": str(world.capture.file),
            "carrier_port": world.carrier.port,
            "phone_port": world.phone_port,
        }
    )
