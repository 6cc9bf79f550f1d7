"""``python -m sandbox up|down|status|shell|phone``: a test world to play with, called by scripts/sandbox."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn, TextIO

from agi_app.messages import choose, speak, spoken, t
from agi_app.shared_files import cited
from sandbox import standing
from sandbox.borrowed import Borrowed, clock_of, own_settings
from sandbox.callees import CALLEES, Callees, project_callees, read_callees
from sandbox.desks import DOES, desks_of
from sandbox.errors import SandboxError
from sandbox.phone import Phone
from sandbox.root import ensure_root, ensure_tools
from sandbox.standing import FIRST
from sandbox.world import World, facts_json, line_toml, phone_toml, settings_toml

ABOUT = """\
# Asterisk {version} and the carrier are up. Ctrl-C ends them.
#   ARI       {ari_url}   user {ari_user}   password {ari_password}
#   log       {log}
#   carrier   127.0.0.1:{port}/udp   capture {capture}
#   people    the last two digits of a number say who answers: docs/how-to/try-in-the-sandbox.md{yours}
#   desks     {desks}
#   phone     scripts/sandbox phone answers calls of the trunk `phone`, such as those of agi-app rehearse
"""
DOWN_TIMEOUT_S = 20.0
COMMANDS = ("up", "carrier", "down", "status", "shell", "phone")
HELP = """\
A private Asterisk and a carrier (SIPp) to try things with; nothing that is dialled leaves this machine.

Usage: scripts/sandbox up [--name NAME] [--project DIR | --prompts DIR] [--callees FILE] [--console]
                          [--desk NAME=DOES …]
       scripts/sandbox carrier --project DIR [--name NAME] [--callees FILE] [--desk NAME=DOES …]
                               [--asterisk PROGRAM] [--config-dir DIR]
       scripts/sandbox down | status | shell | phone [--name NAME]

  up       start both and say how to reach them; Ctrl-C ends them. With --project that project's agi-app.toml has the
           sandbox's Asterisk and trunks until then, and your own settings come back; without it, settings are printed.
           --callees says who is called and what they say and key; without it callees.toml of the project, if there
           is one. --desk says what a destination of flows does: answers, busy, no_answer, or phone (see below).
           --console also runs a worker and the console, and prints a link: all else is done by clicks, from "First
           steps" on. A second sandbox beside the first needs a --name. All of it: docs/how-to/try-in-the-sandbox.md
  carrier  start the carrier alone, as the trunk `sandbox` of this host's own Asterisk, which agi-app asterisk setup
           made ready (as root); the project's settings have its trunks and desks until Ctrl-C
  down     end one that is up, from another terminal
  status   say whether one is up, and how to reach it (exit 1 if none is)
  shell    open the Asterisk console of one that is up
  phone    answer a call of the trunk `phone`, or of a desk that is `phone`, in this terminal: what is typed is keyed,
           and `say FILE.wav` plays a recording (agi-app rehearse --trunk phone)

The first "up" on a machine builds an Asterisk root (about a minute, 300 MB, needs root) in AGI_APP_CACHE or
~/.cache/agi-app. An Asterisk of this machine in a supported version, or a root named by AGI_APP_ASTERISK_ROOT, is
used instead. AGI_APP_DEBIAN_MIRROR names another Debian mirror."""


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 nothing to do it to, or no such command, 2 the environment is wrong."""
    speak(choose(None, os.environ))
    given = sys.argv[1:] if arguments is None else arguments
    if {"-h", "--help"} & set(given):
        _say(t(HELP))
        return 0
    if not given or given[0] not in COMMANDS:
        _say(
            t("error: {error}", error=t("up, carrier, down, status, shell or phone; see scripts/sandbox --help")),
            file=sys.stderr,
        )
        return 1
    options = _parser().parse_args(given)
    try:
        if options.command == "up":
            desks = _desks(options.desk)
            return _up(options, desks)
        if options.command == "carrier":
            return _carrier(options)
        commanded = {"down": _down, "status": _status, "shell": _shell, "phone": _phone}
        return commanded[options.command](options.name)
    except SandboxError as error:
        _say(t("error: {error}", error=error), file=sys.stderr)
        return 2


def _say(text: str, *, file: TextIO | None = None) -> None:
    print(cited(text), file=file, flush=True)


class _Parser(argparse.ArgumentParser):
    """Says in the language of who reads that it cannot read the arguments; why, it says in English."""

    def error(self, message: str) -> NoReturn:
        _say(t("error: {error}", error=t("{why}; see scripts/sandbox --help", why=message)), file=sys.stderr)
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=cited("scripts/sandbox"), add_help=False)
    commands = parser.add_subparsers(dest="command", required=True)
    called = {name: commands.add_parser(name, add_help=False) for name in COMMANDS}
    for option in ("--project", "--prompts", "--callees"):
        called["up"].add_argument(option, type=Path)
    called["up"].add_argument("--console", action="store_true")
    called["up"].add_argument("--desk", action="append", default=[])
    called["carrier"].add_argument("--desk", action="append", default=[])
    called["carrier"].add_argument("--project", type=Path, required=True)
    for option in ("--callees", "--asterisk", "--config-dir"):
        called["carrier"].add_argument(option, type=Path)
    for command in called.values():
        command.add_argument("--name")
    return parser


def _desks(given: list[str]) -> dict[str, str]:
    desks = dict(one.partition("=")[::2] for one in given)
    for name, does in desks.items():
        if does not in DOES or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
            raise SandboxError(
                t(
                    "--desk {name}={does}: write NAME=DOES, and DOES is one of {known}",
                    name=name,
                    does=does,
                    known=", ".join(DOES),
                )
            )
    return desks


def _up(options: argparse.Namespace, desks: dict[str, str]) -> int:
    name, project, prompts, callees = options.name or FIRST, options.project, options.prompts, options.callees
    _refuse(name, project)
    if options.console and project is None:
        raise SandboxError(t("--console needs --project: its pages are those of a project"))
    if project is not None and prompts is not None:
        raise SandboxError(t("--project has prompts of its own: leave --prompts out"))
    prompts = project / "prompts" if project is not None else prompts
    if callees is not None and prompts is None:
        raise SandboxError(t("--callees needs --project or --prompts: they wait as long as what they hear lasts"))
    called = _called(project, prompts, callees)
    desks = desks_of(project, {**called.desks, **desks})

    def stand(folder: Path, standing_up: ExitStack) -> Callable[[], bool]:
        world = World(ensure_root(_tell), folder, prompts_dir=prompts, speaking=called.people, desks=desks)
        standing_up.enter_context(world)
        if project is not None:
            standing_up.enter_context(Borrowed(project, _settings(world, project), _tell))
        about = {"project": str(project.resolve())} if project is not None else {}
        standing.announce(name, {**json.loads(facts_json(world)), **about})
        _say(_description(world) if project is not None else _description(world) + _settings(world))
        runs = _beside(project, folder, standing_up) if options.console else lambda: True
        return lambda: world.asterisk.running and world.carrier.running and runs()

    return _until_told(name, stand)


def _beside(project: Path, folder: Path, standing_up: ExitStack) -> Callable[[], bool]:
    from sandbox.with_console import worker_and_console  # which needs agi-app's libraries; without it none is needed

    return standing_up.enter_context(worker_and_console(project, folder, _say))


def _carrier(options: argparse.Namespace) -> int:
    from sandbox.on_host import HostCarrier, HostSandbox, describe  # which need agi-app's libraries; the others do not

    name, project = options.name or FIRST, options.project
    _refuse(name, project)
    called = _called(project, project / "prompts", options.callees)
    desks = desks_of(project, {**called.desks, **_desks(options.desk)})
    given = HostSandbox(project, called.people, desks, options.asterisk, options.config_dir)

    def stand(folder: Path, standing_up: ExitStack) -> Callable[[], bool]:
        world = standing_up.enter_context(HostCarrier(given, folder, _tell))
        standing.announce(name, world.facts())
        _say(describe(world))
        return lambda: world.carrier.running

    return _until_told(name, stand)


def _refuse(name: str, project: Path | None) -> None:
    """SandboxError for a name or a project that cannot be."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
        raise SandboxError(t("--name {name!r}: use letters, digits, - and _ (at most 32)", name=name))
    standing.refuse_a_second(name, project)
    if project is not None and not project.is_dir():
        raise SandboxError(t("{project}: is not a folder; `agi-app init DIR` makes a project", project=project))


def _tell(line: str) -> None:
    _say(line, file=sys.stderr)


def _until_told(name: str, stand: Callable[[Path, ExitStack], Callable[[], bool]]) -> int:
    """What ``stand`` starts is up until we are told to end; it returns what says whether all of it runs."""
    for stop in signal.SIGINT, signal.SIGTERM:
        signal.signal(stop, _interrupt)
    try:
        ensure_tools(_tell)
        folder = Path(tempfile.mkdtemp(prefix="agi-app-sandbox-"))
        with ExitStack() as standing_up:
            runs = stand(folder, standing_up)
            while runs():
                time.sleep(0.5)
            raise SandboxError(t("a part of the world has ended by itself; its logs are in {folder}", folder=folder))
    except KeyboardInterrupt:
        _tell(t("stopped"))
        return 0
    finally:
        standing.forget(name)


def _called(project: Path | None, prompts: Path | None, callees: Path | None) -> Callees:
    if callees is None and project is not None and (project / CALLEES).is_file():
        callees = project / CALLEES
    if callees is None or prompts is None:
        return Callees({}, {})
    return read_callees(callees, prompts) if project is None else project_callees(callees, project)


def _interrupt(*_: object) -> None:
    """`with` ends everything in order; a second Ctrl-C must not break into that."""
    for stop in signal.SIGINT, signal.SIGTERM:
        signal.signal(stop, signal.SIG_IGN)
    raise KeyboardInterrupt


def _description(world: World) -> str:
    asterisk = world.asterisk
    speaking = ", ".join(world.carrier.speaking)
    desks = ", ".join(f"{desk} {spoken(DOES[does])}" for desk, does in world.desks.items())
    return t(
        ABOUT,
        version=asterisk.version(),
        ari_url=asterisk.ari_url,
        ari_user=asterisk.ari_user,
        ari_password=asterisk.ari_password,
        log=asterisk.log_path,
        port=world.carrier.port,
        capture=world.capture.file,
        yours=t("; of your callees: {speaking}", speaking=speaking) if speaking else "",
        desks=desks,
    )


def _settings(world: World, project: Path | None = None) -> str:
    asterisk = world.asterisk
    has_rule = project is not None and "approval" in own_settings(project)
    alone = "" if has_rule else f'approval = "alone"    # {t("one person tries it, who approves their own starts")}\n'
    lines = f"{line_toml(asterisk.prompts_dir.parent, world.desks)}\n" if asterisk.prompts_dir is not None else ""
    now = t("calls are judged as if this were the time now, so not at night")
    return (
        f"# {t('Written by scripts/sandbox: an Asterisk and trunks that lead nowhere but into this machine.')}\n"
        f"{alone}"
        f"{settings_toml(asterisk, trunk='sandbox', calls_per_second=10, concurrent=60)}\n{phone_toml()}\n{lines}"
        f'[sandbox]\nclock = "{clock_of(project)}"    # {now}\n'
    )


def _down(name: str | None) -> int:
    state = standing.the_one(name)
    if state is None:
        _say(t("no sandbox is up"))
        return 1
    os.kill(state["pid"], signal.SIGTERM)
    deadline = time.monotonic() + DOWN_TIMEOUT_S
    while any(other["pid"] == state["pid"] for other in standing.all_up().values()):
        if time.monotonic() > deadline:
            raise SandboxError(
                t(
                    "process {pid} did not end within {seconds:.0f} s: kill it",
                    pid=state["pid"],
                    seconds=DOWN_TIMEOUT_S,
                )
            )
        time.sleep(0.1)
    _say(t("ended"))
    return 0


def _status(name: str | None) -> int:
    state = standing.the_one(name)
    if state is None:
        _say(t("no sandbox is up"))
        return 1
    print(json.dumps({key: value for key, value in state.items() if key != "console"}, indent=2))
    return 0


def _shell(name: str | None) -> int:
    state = standing.the_one(name)
    if state is None:
        _say(t("no sandbox is up: start one with scripts/sandbox up"))
        return 1
    if not sys.stdin.isatty():
        _say(t("the console needs a terminal"))
        return 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the console
    return subprocess.call([*state["console"], "-r"])


def _phone(name: str | None) -> int:
    state = standing.the_one(name)
    if state is None:
        _say(t("no sandbox is up: start one with scripts/sandbox up"))
        return 1
    return Phone(state["phone_port"]).run(sys.stdin)


if __name__ == "__main__":
    sys.exit(main())
