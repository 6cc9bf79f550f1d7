"""``python -m sandbox up|down|status|shell``: a test world to play with; scripts/sandbox is the way to call it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sandbox.callees import read_callees
from sandbox.errors import SandboxError
from sandbox.root import cache_folder, ensure_root, ensure_tools
from sandbox.world import World, facts_json, line_toml, settings_toml

DOWN_TIMEOUT_S = 20.0
CLOCK = "2026-03-03T10:00:00+08:00"  # a Tuesday morning inside every window of the project that `agi-app init` makes


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 nothing to do it to, 2 the environment is wrong."""
    parser = argparse.ArgumentParser(prog="scripts/sandbox", description="A private Asterisk and a carrier to call.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start both, print how to reach them, and wait for Ctrl-C")
    up.add_argument("--prompts", type=Path, help="a folder with prompts, seen by Asterisk as prompts_path")
    up.add_argument("--callees", type=Path, help="who speaks (examples/*/callees.toml); needs --prompts")
    commands.add_parser("down", help="end the one that is up")
    commands.add_parser("status", help="say whether one is up, and how to reach it")
    commands.add_parser("shell", help="open the Asterisk console of the one that is up")
    options = parser.parse_args(arguments)
    try:
        if options.command == "up":
            return _up(options.prompts, options.callees)
        return {"down": _down, "status": _status, "shell": _shell}[options.command]()
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _state_file() -> Path:
    return cache_folder() / "sandbox-up.json"


def _state() -> dict[str, Any] | None:
    """The facts of the world that is up; None if none is, also after a crash."""
    try:
        state: dict[str, Any] = json.loads(_state_file().read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    command = Path(f"/proc/{state['pid']}/cmdline")
    return state if command.exists() and b"sandbox" in command.read_bytes() else None


def _up(prompts: Path | None, callees: Path | None) -> int:
    running = _state()
    if running is not None:
        raise SandboxError(f"one is up already (process {running['pid']}): see scripts/sandbox status")

    if callees is not None and prompts is None:
        raise SandboxError("--callees needs --prompts: they wait as long as the prompts last that they hear")
    speaking = read_callees(callees, prompts) if callees is not None and prompts is not None else {}

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    for stop in signal.SIGINT, signal.SIGTERM:
        signal.signal(stop, _interrupt)
    try:
        ensure_tools(say)
        root = ensure_root(say)
        folder = Path(tempfile.mkdtemp(prefix="agi-app-sandbox-"))
        with World(root, folder, prompts_dir=prompts, speaking=speaking, desk=True) as world:
            _write_state(world)
            print(_description(world), flush=True)
            while world.asterisk.running and world.carrier.running:
                time.sleep(0.5)
            raise SandboxError(f"a part of the world has ended by itself; its logs are in {folder}")
    except KeyboardInterrupt:
        say("stopped")
        return 0
    finally:
        _state_file().unlink(missing_ok=True)


def _interrupt(*_: object) -> None:
    """`with` ends everything in order; a second Ctrl-C must not break into that."""
    for stop in signal.SIGINT, signal.SIGTERM:
        signal.signal(stop, signal.SIG_IGN)
    raise KeyboardInterrupt


def _write_state(world: World) -> None:
    state = {"pid": os.getpid(), **json.loads(facts_json(world))}
    file = _state_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(state))


def _description(world: World) -> str:
    asterisk = world.asterisk
    lines = f"{line_toml(asterisk.prompts_dir.parent)}\n" if asterisk.prompts_dir is not None else ""
    return (
        f"# Asterisk {asterisk.version()} and the carrier are up. Ctrl-C ends them.\n"
        f"#   ARI       {asterisk.ari_url}   user {asterisk.ari_user}   password {asterisk.ari_password}\n"
        f"#   log       {asterisk.log_path}\n"
        f"#   carrier   127.0.0.1:{world.carrier.port}/udp   capture {world.capture.file}\n"
        f"#   people    the last two digits of a number say who answers: sandbox/scenarios/carrier.xml\n"
        f"# This whole text is an agi-app.toml for the project whose prompts were given.\n"
        f"{settings_toml(asterisk, trunk='sandbox', calls_per_second=10, concurrent=60)}\n{lines}"
        f'[sandbox]\nclock = "{CLOCK}"    # calls are judged as if it were then: without it night is no time to call\n'
    )


def _down() -> int:
    state = _state()
    if state is None:
        print("none is up")
        return 1
    os.kill(state["pid"], signal.SIGTERM)
    deadline = time.monotonic() + DOWN_TIMEOUT_S
    while _state() is not None:
        if time.monotonic() > deadline:
            raise SandboxError(f"process {state['pid']} did not end within {DOWN_TIMEOUT_S:.0f} s: kill it")
        time.sleep(0.1)
    print("ended")
    return 0


def _status() -> int:
    state = _state()
    if state is None:
        print("none is up")
        return 1
    print(json.dumps({key: value for key, value in state.items() if key != "console"}, indent=2))
    return 0


def _shell() -> int:
    state = _state()
    if state is None:
        print("none is up: start one with scripts/sandbox up")
        return 1
    if not sys.stdin.isatty():
        print("the console needs a terminal")
        return 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the console
    return subprocess.call([*state["console"], "-r"])


if __name__ == "__main__":
    sys.exit(main())
