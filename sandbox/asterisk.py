"""A private Asterisk from the shared read-only root.

Each instance has its own run folder (configuration, spool, logs, database), its own mount and process namespace, ports,
password and entity id, so that several run from one root at the same time and none leaves anything behind.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from agi_app.messages import t
from agi_app.shared_files import shared
from sandbox.agents import Agents
from sandbox.errors import SandboxError
from sandbox.ports import free_port, free_range
from sandbox.supervise import Child, tail

CONFIGURE = shared("asterisk-docker/configure.sh")
ARI_USER = "agi-app"
AMI_USER = "agi-app-look"
ORIGINATOR = "bench-originate"  # of the manager interface
TRUNK = "sandbox-carrier"
START_TIMEOUT_S = 90.0  # several start beside each other
STOP_TIMEOUT_S = 5.0
RTP_PORTS = 4_000  # two a call, and room beside the calls of another instance

# As seen inside the chroot.
_INSIDE_RUN = "/run/agi-app"
_INSIDE_PROMPTS = "/run/prompts"
_ENTER = """
set -e
root=$1 run_dir=$2 prompts=$3
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir "$root/run/agi-app" "$root/run/prompts"
mount --bind "$run_dir" "$root/run/agi-app"
if [ -n "$prompts" ]; then
  mount --bind "$prompts" "$root/run/prompts"
  mount -o remount,bind,ro "$root/run/prompts"
fi
mount --bind "$run_dir/hosts" "$root/etc/hosts"
mount --bind "$run_dir/resolv.conf" "$root/etc/resolv.conf"
exec chroot "$root" /usr/sbin/asterisk -C /run/agi-app/etc/asterisk.conf -f
"""

_ORIGINATOR = f"""\
[{ORIGINATOR}]
secret = {{secret}}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = system
write = originate
"""


class Asterisk:
    """One Asterisk on 127.0.0.1. A synchronous context manager; from asyncio call start and stop with ``to_thread``.

    ``root`` comes from ``sandbox.root.ensure_root``; ``Path("/")`` means the Asterisk installed on this machine.
    ``run_dir`` is made if absent and may be used again: ports, password and entity id then stay the same only if given.
    A port of 0 means a free one. ``carrier`` is where the trunk ``sandbox-carrier`` sends its calls, ``extra_trunks``
    names more trunks; ``extra_dialplan`` is appended to the dialplan. With ``agents`` a queue has their phones;
    ``phones`` is pjsip.conf of more.
    With ``originator`` the manager interface has a user who may originate: for a bench alone, never for agi-app.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own, by keyword
        self,
        root: Path,
        run_dir: Path,
        *,
        name: str = "a",
        sip_port: int = 0,
        http_port: int = 0,
        rtp: tuple[int, int] | None = None,
        carrier: tuple[str, int] = ("127.0.0.1", 5080),
        prompts_dir: Path | None = None,
        extra_trunks: Mapping[str, tuple[str, int]] | None = None,
        extra_dialplan: str = "",
        originator: bool = False,
        agents: Agents | None = None,
        phones: str = "",
    ) -> None:
        self.root = root.resolve()
        self.run_dir = run_dir.resolve()
        self.name = name
        self.sip_port = sip_port or free_port()
        self.http_port = http_port or free_port()
        self.ami_port = free_port()
        self.agi_port = free_port()
        self.rtp = rtp or free_range(RTP_PORTS)
        self.trunks = {TRUNK: carrier, **(extra_trunks or {})}
        self.prompts_dir = prompts_dir.resolve() if prompts_dir else None
        self.extra_dialplan = extra_dialplan
        self.originator = originator
        self.agents, self.phones = agents, phones
        self.ari_user = ARI_USER
        self.ari_password = _hex(24)
        self.ami_password = _hex(24)
        self.originator_password = _hex(24)
        self.agi_token = _hex(24)
        self.entityid = "02:" + re.sub("(..)(?=.)", r"\1:", _hex(5))
        self._child: Child | None = None

    # ------------------------------------------------------------------ where things are

    @property
    def is_local(self) -> bool:
        """True if it runs the machine's own Asterisk, without a chroot."""
        return self.root == Path("/")

    @property
    def ari_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/ari"

    @property
    def prompts_path(self) -> str:
        """The prompts folder as Asterisk sees it, for ``media=sound:{prompts_path}/zh-CN/greeting``."""
        if self.prompts_dir is None:
            raise SandboxError(t("this Asterisk was made without prompts_dir"))
        return str(self.prompts_dir) if self.is_local else _INSIDE_PROMPTS

    @property
    def log_path(self) -> Path:
        return self.run_dir / "log" / "messages.log"

    @property
    def recording_dir(self) -> Path:
        """Where ARI recordings land, as this machine sees it."""
        return self.run_dir / "spool" / "recording"

    @property
    def pid(self) -> int:
        """Process id of Asterisk itself."""
        if self._child is not None:
            pid = self._child.pid if self.is_local else self._child.first_child()
            if pid is not None:
                return pid
        raise SandboxError(t("Asterisk {name} is not running", name=self.name))

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    # ------------------------------------------------------------------ start and stop

    def start(self) -> None:
        """Starts it and waits until ARI answers; raises SandboxError with the end of the log after 15 s."""
        if self.running:
            raise SandboxError(t("Asterisk {name} is already running", name=self.name))
        self._write_configuration()
        self._child = Child(self._command(), log=self.run_dir / "console.log")
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._child.returncode is not None:
                raise self._child.died(f"Asterisk {self.name}")
            if time.monotonic() > deadline:
                end = tail(self.log_path)
                self.kill()
                raise SandboxError(
                    t(
                        "Asterisk {name} did not answer on {ari_url} within {seconds:.0f} s;"
                        " the end of {log_path}:\n{end}",
                        name=self.name,
                        ari_url=self.ari_url,
                        seconds=START_TIMEOUT_S,
                        log_path=self.log_path,
                        end=end,
                    )
                )
            time.sleep(0.05)
        # ARI answers a moment before the last modules are in.
        self.cli("core waitfullybooted")

    def stop(self) -> None:
        """Stops it at once, calls or not; kills it if it does not stop within 5 s."""
        if self._child is None:
            return
        if self.running:
            # A plain SIGTERM waits for calls, and the next start would be answered by this process.
            try:
                self.cli("core stop now")
            except SandboxError:
                self._child.send(signal.SIGKILL)
        if not self._child.wait(STOP_TIMEOUT_S):
            self._child.end(0.0)
        self._child = None

    def kill(self) -> None:
        """SIGKILL, as a crash would be."""
        if self._child is None:
            return
        self._child.send(signal.SIGKILL)  # unshare --kill-child takes Asterisk along
        self._child.wait(STOP_TIMEOUT_S)
        self._child = None

    def restart(self) -> None:
        """Stop and start with the same ports, password and entity id."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ------------------------------------------------------------------ talk to it

    def cli(self, command: str) -> str:
        """What the Asterisk console answers to a command, such as ``core show channels``."""
        argv = [*self.console_argv(), "-rx", command]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=STOP_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise SandboxError(
                t("Asterisk {name} did not answer on its console: {command}", name=self.name, command=command)
            ) from error
        if done.returncode != 0:
            raise SandboxError(
                t(
                    "Asterisk {name}, {command!r}: {said}",
                    name=self.name,
                    command=command,
                    said=done.stderr.strip() or done.stdout.strip(),
                )
            )
        return done.stdout

    def console_argv(self) -> list[str]:
        """The command that talks to its console; add ``-r``, or ``-rx COMMAND``."""
        config = f"{self._etc_inside()}/asterisk.conf"
        if self.is_local:
            return ["asterisk", "-C", config]
        return ["nsenter", "-t", str(self.pid), "-m", "-p", "-r", "-w", "/usr/sbin/asterisk", "-C", config]

    def version(self) -> str:
        """Such as ``22.10.1``."""
        found = self._ari_get("/ari/asterisk/info?only=system")
        system = json.loads(found or "{}").get("system", {})
        return str(system.get("version", "unknown")).split("+")[0].split("~")[0]

    def _answers(self) -> bool:
        return self._ari_get("/ari/asterisk/info?only=system") is not None

    def _ari_get(self, path: str) -> bytes | None:
        token = base64.b64encode(f"{self.ari_user}:{self.ari_password}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=2)
        try:
            connection.request("GET", path, headers={"Authorization": f"Basic {token}"})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return body if answer.status == 200 else None

    # ------------------------------------------------------------------ how it is built

    def _etc_inside(self) -> str:
        return str(self.run_dir / "etc") if self.is_local else f"{_INSIDE_RUN}/etc"

    def _command(self) -> list[str]:
        if self.is_local:
            return ["asterisk", "-C", f"{self._etc_inside()}/asterisk.conf", "-f"]
        prompts = str(self.prompts_dir or "")
        inside = ["sh", "-c", _ENTER, "sh", str(self.root), str(self.run_dir), prompts]
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", *inside]

    def _write_configuration(self) -> None:
        self.run_dir.mkdir(parents=True, exist_ok=True)
        seen = str(self.run_dir) if self.is_local else _INSIDE_RUN
        if len(f"{seen}/run/asterisk.ctl") > 107:
            raise SandboxError(
                t("{run_dir} is too long for a Unix socket: choose a shorter folder", run_dir=self.run_dir)
            )
        if self.prompts_dir is not None and not self.prompts_dir.is_dir():
            raise SandboxError(t("the prompts folder {prompts_dir} does not exist", prompts_dir=self.prompts_dir))
        # A host name that does not resolve costs a DNS look-up a call, which blocks Asterisk for seconds.
        (self.run_dir / "hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
        (self.run_dir / "resolv.conf").write_text("")
        settings = {
            "ETC_DIR": f"{seen}/etc",
            "STATE_DIR": seen,
            "ARI_PASSWORD": self.ari_password,
            "ENTITY_ID": self.entityid,
            "HTTP_PORT": self.http_port,
            "SIP_BIND": f"127.0.0.1:{self.sip_port}",
            "RTP_START": self.rtp[0],
            "RTP_END": self.rtp[1],
            "STRICT_RTP": "no",
            "SYSTEM_NAME": f"sandbox-{self.name}",
            "AMI_PORT": self.ami_port,
            "AMI_PASSWORD": self.ami_password,
            "AGI_TOKEN": self.agi_token,
            "AGI_PORT": self.agi_port,
        }
        argv = ["bash", str(CONFIGURE), "--to", str(self.run_dir / "etc"), "--state", str(self.run_dir)]
        for trunk, (host, port) in self.trunks.items():
            argv += ["--sandbox-trunk", f"{trunk}={host}:{port}"]
        argv += [f"{key}={value}" for key, value in settings.items()]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SandboxError(
                t(
                    "configuring Asterisk {name} failed: {said}",
                    name=self.name,
                    said=done.stderr.strip(),
                )
            )
        self._write_extras()

    def _write_extras(self) -> None:
        (self.run_dir / "etc" / "extensions_local.conf").write_text(self.extra_dialplan)
        if self.originator:
            (self.run_dir / "etc" / "manager_local.conf").write_text(
                _ORIGINATOR.format(secret=self.originator_password)
            )
        if self.agents is not None:
            (self.run_dir / "etc" / "queues_local.conf").write_text(self.agents.queues_conf())
        phones = [self.phones] if self.agents is None else [self.agents.pjsip_conf(), self.phones]
        (self.run_dir / "etc" / "pjsip_agents.conf").write_text("\n".join(phones))


def _hex(size: int) -> str:
    return f"{random.SystemRandom().getrandbits(size * 8):0{size * 2}x}"
