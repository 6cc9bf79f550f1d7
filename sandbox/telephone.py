"""Starts SIPp as a telephone: one scenario on a port of 127.0.0.1."""

from __future__ import annotations

import time
from pathlib import Path

from agi_app.messages import t
from sandbox.carrier import MEDIA_HOST, START_TIMEOUT_S
from sandbox.errors import SandboxError
from sandbox.ports import is_taken
from sandbox.supervise import Child


def start(name: str, scenario: str, folder: Path, port: int, media_port: int) -> Child:
    """SIPp, answering on ``port``; its files are called by ``name``. Raises SandboxError when it does not come up."""
    (folder / f"{name}.xml").write_text(scenario, "utf-8")
    argv = ["sipp", "-nostdin", "-sf", f"{name}.xml", "-i", "127.0.0.1", "-p", str(port), "-mi", MEDIA_HOST]
    argv += ["-mp", str(media_port), "-default_behaviors", "all,-abortunexp"]
    child = Child(argv, log=folder / f"{name}.log", cwd=folder)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_taken(port):
        if child.returncode is not None:
            raise child.died("SIPp")
        if time.monotonic() > deadline:
            child.end(2.0)
            raise SandboxError(
                t("SIPp did not open port {port} within {seconds:.0f} s", port=port, seconds=START_TIMEOUT_S)
            )
        time.sleep(0.02)
    return child
