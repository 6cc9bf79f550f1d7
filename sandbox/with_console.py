"""A worker and the console beside a sandbox that is up, so that all else is done by clicks.

In a project that never called anybody, the sample's number is proved by its letter and the sample's consents are
imported: both are of people who do not exist. What the console then asks for, the worker does.
"""

from __future__ import annotations

import json
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agi_app.messages import t
from sandbox.commands import COMMAND, AgiApp
from sandbox.errors import SandboxError
from sandbox.supervise import Child, tail

LETTER, CONSENTS, SAMPLE_NUMBER = (
    "caller-id-letter.txt",
    "consent.csv",
    "+999862155500001",
)  # as `agi-app init` makes them
STARTS_S, ENDS_S = 180.0, 20.0
PORT = 8710  # that of the console, unless the settings say another


@contextmanager
def worker_and_console(project: Path, logs: Path, say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Until the block ends; gives what says whether both run. Raises SandboxError when one does not come up."""
    project = project.resolve()
    app = AgiApp(project, logs, say)
    app.ask("console", "setup")
    _begin(app, project)
    with app.worker("worker.log") as worker:
        log = logs / "console.log"
        console = Child([*COMMAND, "console"], log=log, cwd=project)
        try:
            _until_it_serves(console, log, _port(project))
            say(t("Open this link in a browser, set a password, and go on there: First steps."))
            say(app.ask("account", "link").strip())
            yield lambda: worker.returncode is None and console.returncode is None
        finally:
            console.end(ENDS_S)
    app.end_database()


def _begin(app: AgiApp, project: Path) -> None:
    """Once: a number that is proved already shows that somebody has begun otherwise."""
    if json.loads(app.ask("callerid", "list", "--json")):
        return
    if (project / LETTER).is_file():
        app("callerid", "prove", SAMPLE_NUMBER, "--letter", LETTER)
    if (project / CONSENTS).is_file():
        app("consent", "import", CONSENTS)


def _port(project: Path) -> int:
    settings = tomllib.loads((project / "agi-app.toml").read_text(encoding="utf-8"))
    return int(settings.get("console", {}).get("port", PORT))


def _until_it_serves(console: Child, log: Path, port: int) -> None:
    end = time.monotonic() + STARTS_S
    while console.returncode is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=2).close()
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
        else:
            return
    raise SandboxError(t("the console did not come up; its log:\n{end}", end=tail(log)))
