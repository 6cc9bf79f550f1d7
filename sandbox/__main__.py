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
from contextlib import ExitStack
from pathlib import Path

from sandbox import standing
from sandbox.borrowed import Borrowed, own_settings
from sandbox.callees import CALLEES, Callees, project_callees, read_callees
from sandbox.desks import DOES, desks_of
from sandbox.errors import SandboxError
from sandbox.phone import Phone
from sandbox.root import ensure_root, ensure_tools
from sandbox.standing import FIRST
from sandbox.world import World, facts_json, line_toml, phone_toml, settings_toml

DOWN_TIMEOUT_S = 20.0
CLOCK = "2026-03-03T10:00:00+08:00"  # a Tuesday morning inside every window of the project that `agi-app init` makes


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 nothing to do it to, 2 the environment is wrong."""
    parser = argparse.ArgumentParser(prog="scripts/sandbox", description="A private Asterisk and a carrier to call.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start both, print how to reach them, and wait for Ctrl-C")
    up.add_argument("--project", type=Path, help="a project, whose settings are the sandbox's until it ends")
    up.add_argument("--prompts", type=Path, help="a folder with prompts, when there is no --project")
    up.add_argument(
        "--callees", type=Path, help=f"who is called, and who is at the desks (default: {CALLEES} of the project)"
    )
    up.add_argument(
        "--desk",
        action="append",
        default=[],
        metavar="NAME=DOES",
        help=f"what a destination of flows does: {', '.join(DOES)}; may be given several times",
    )
    called = [
        up,
        commands.add_parser("down", help="end one that is up"),
        commands.add_parser("status", help="say whether one is up, and how to reach it"),
        commands.add_parser("shell", help="open the Asterisk console of one that is up"),
        commands.add_parser("phone", help="answer a call of the trunk `phone`, and key what is typed"),
    ]
    for command in called:
        command.add_argument("--name", help=f"which sandbox, when there are several (default: {FIRST})")
    options = parser.parse_args(arguments)
    try:
        if options.command == "up":
            desks = _desks(options.desk)
            return _up(options.name or FIRST, options.project, options.prompts, options.callees, desks)
        commanded = {"down": _down, "status": _status, "shell": _shell, "phone": _phone}
        return commanded[options.command](options.name)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _desks(given: list[str]) -> dict[str, str]:
    desks = dict(one.partition("=")[::2] for one in given)
    for name, does in desks.items():
        if does not in DOES or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
            raise SandboxError(f"--desk {name}={does}: write NAME=DOES, and DOES is one of {', '.join(DOES)}")
    return desks


def _up(name: str, project: Path | None, prompts: Path | None, callees: Path | None, desks: dict[str, str]) -> int:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
        raise SandboxError(f"--name {name!r}: use letters, digits, - and _ (at most 32)")
    standing.refuse_a_second(name, project)
    if project is not None and prompts is not None:
        raise SandboxError("--project has prompts of its own: leave --prompts out")
    if project is not None and not project.is_dir():
        raise SandboxError(f"{project}: is not a folder; `agi-app init DIR` makes a project")
    prompts = project / "prompts" if project is not None else prompts
    if callees is not None and prompts is None:
        raise SandboxError("--callees needs --project or --prompts: they wait as long as what they hear lasts")
    called = _called(project, prompts, callees)
    desks = desks_of(project, {**called.desks, **desks})

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    for stop in signal.SIGINT, signal.SIGTERM:
        signal.signal(stop, _interrupt)
    try:
        ensure_tools(say)
        root = ensure_root(say)
        folder = Path(tempfile.mkdtemp(prefix="agi-app-sandbox-"))
        with ExitStack() as standing_up:
            world = World(root, folder, prompts_dir=prompts, speaking=called.people, desks=desks)
            standing_up.enter_context(world)
            if project is not None:
                standing_up.enter_context(Borrowed(project, _settings(world, project), say))
            about = {"project": str(project.resolve())} if project is not None else {}
            standing.announce(name, {**json.loads(facts_json(world)), **about})
            print(_description(world) if project is not None else _description(world) + _settings(world), flush=True)
            while world.asterisk.running and world.carrier.running:
                time.sleep(0.5)
            raise SandboxError(f"a part of the world has ended by itself; its logs are in {folder}")
    except KeyboardInterrupt:
        say("stopped")
        return 0
    finally:
        standing.file_of(name).unlink(missing_ok=True)


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
    yours = f"; of your callees: {', '.join(world.carrier.speaking)}" if world.carrier.speaking else ""
    return (
        f"# Asterisk {asterisk.version()} and the carrier are up. Ctrl-C ends them.\n"
        f"#   ARI       {asterisk.ari_url}   user {asterisk.ari_user}   password {asterisk.ari_password}\n"
        f"#   log       {asterisk.log_path}\n"
        f"#   carrier   127.0.0.1:{world.carrier.port}/udp   capture {world.capture.file}\n"
        f"#   people    the last two digits of a number say who answers: docs/how-to/try-in-the-sandbox.md"
        f"{yours}\n"
        f"#   desks     {', '.join(f'{desk} {DOES[does]}' for desk, does in world.desks.items())}\n"
        f"#   phone     scripts/sandbox phone answers calls of the trunk `phone`, such as those of agi-app rehearse\n"
    )


def _settings(world: World, project: Path | None = None) -> str:
    asterisk = world.asterisk
    has_rule = project is not None and "approval" in own_settings(project)
    alone = "" if has_rule else 'approval = "alone"    # one person tries it, who approves their own starts\n'
    lines = f"{line_toml(asterisk.prompts_dir.parent, world.desks)}\n" if asterisk.prompts_dir is not None else ""
    return (
        f"# Written by scripts/sandbox: an Asterisk and trunks that lead nowhere but into this machine.\n"
        f"{alone}"
        f"{settings_toml(asterisk, trunk='sandbox', calls_per_second=10, concurrent=60)}\n{phone_toml()}\n{lines}"
        f'[sandbox]\nclock = "{_clock(project)}"    # calls are judged as if this were the time now, so not at night\n'
    )


def _clock(project: Path | None) -> str:
    """The project's own one, so that it is the same after each start; else a time when people may be called."""
    own = own_settings(project).get("sandbox", {}) if project is not None else {}
    return str(own.get("clock", CLOCK)) if isinstance(own, dict) else CLOCK


def _down(name: str | None) -> int:
    state = standing.the_one(name)
    if state is None:
        print("no sandbox is up")
        return 1
    os.kill(state["pid"], signal.SIGTERM)
    deadline = time.monotonic() + DOWN_TIMEOUT_S
    while any(other["pid"] == state["pid"] for other in standing.all_up().values()):
        if time.monotonic() > deadline:
            raise SandboxError(f"process {state['pid']} did not end within {DOWN_TIMEOUT_S:.0f} s: kill it")
        time.sleep(0.1)
    print("ended")
    return 0


def _status(name: str | None) -> int:
    state = standing.the_one(name)
    if state is None:
        print("no sandbox is up")
        return 1
    print(json.dumps({key: value for key, value in state.items() if key != "console"}, indent=2))
    return 0


def _shell(name: str | None) -> int:
    state = standing.the_one(name)
    if state is None:
        print("no sandbox is up: start one with scripts/sandbox up")
        return 1
    if not sys.stdin.isatty():
        print("the console needs a terminal")
        return 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the console
    return subprocess.call([*state["console"], "-r"])


def _phone(name: str | None) -> int:
    state = standing.the_one(name)
    if state is None:
        print("no sandbox is up: start one with scripts/sandbox up")
        return 1
    return Phone(state["phone_port"]).run(sys.stdin)


if __name__ == "__main__":
    sys.exit(main())
