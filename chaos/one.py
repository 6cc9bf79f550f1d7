"""One piece of work, a run or the template of all runs, in a process and a network of its own; ``crew`` starts it.

So the runs that go on at the same time share neither ports nor captures nor Python's lock.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg

from chaos.catalogue import plan_of
from chaos.network import own_network
from chaos.people import Template, make_template
from chaos.run import run
from sandbox.errors import SandboxError

HARNESS_FAULTS = (SandboxError, OSError, subprocess.SubprocessError, psycopg.Error)


def main() -> int:
    """Does what the first argument says, in JSON, and writes the answer to the file that the second one names."""
    # SIGINT is for the one who started us; the kernel kills us with him.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not own_network():
        print("no network namespace to be had: the ports are everybody's", flush=True)
    order = json.loads(sys.argv[1])
    try:
        answer = _template(order) if order["do"] == "template" else _run(order)
    except HARNESS_FAULTS as error:
        answer = {"failed": f"{type(error).__name__}: {error}"}
    Path(sys.argv[2]).write_text(json.dumps(answer))
    return 0


def _template(order: dict[str, Any]) -> dict[str, Any]:
    make_template(Path(order["folder"]), Path(order["code"]), order["people"], order["seed"])
    return {}


def _run(order: dict[str, Any]) -> dict[str, Any]:
    plan = plan_of(order["fault"], order["step"], order["seed"], quick=order["quick"], nodes=order["nodes"])
    template = Template.load(Path(order["template"]))
    return asdict(run(plan, Path(order["root"]), Path(order["folder"]), template, Path(order["code"])))


if __name__ == "__main__":
    sys.exit(main())
