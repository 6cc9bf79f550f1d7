"""A project as the documents say how to make one, and the commands that a user types in it."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import re
import shutil
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
CALLER_ID = "+999862155500001"
CLOCK = "2026-03-03T10:00:00+08:00"
LEASH = ("setpriv", "--pdeathsig", "INT", "--")  # who starts a worker and dies tells it to end
PROMPTS = {"greeting": "greeting", "key": "key", "goodbye": "goodbye", "opted_out": "opted_out"}  # of examples/bulk
LONG_PROMPTS = {"long-greeting": "greeting", "long-key": "confirm"}  # of the project that `init` makes


class ProjectError(RuntimeError):
    """A documented command did not do what its page says; the message has what it printed."""


@dataclass(slots=True)
class Done:
    """What a command said."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str


class Numbers:
    """Numbers of the test range, drawn and never counted: a list that looks generated is refused, and rightly."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._given: set[str] = {CALLER_ID}

    def draw(self) -> str:
        while True:
            number = f"+99986138{self._random.randrange(10_000_000):07d}"
            if number not in self._given:
                self._given.add(number)
                return number


class Project:
    """One project folder; ``command`` runs agi-app in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log_path = folder.parent / "run.log"
        self._worker: asyncio.subprocess.Process | None = None
        self._log: Any = None

    @property
    def program(self) -> str:
        """The agi-app beside this Python."""
        return str(Path(sys.executable).with_name("agi-app"))

    async def command(self, *argv: str, ok: Iterable[int] = (0,), limit: float = 120.0) -> Done:
        """Raises ProjectError when it ends with another code than ``ok``."""
        process = await asyncio.create_subprocess_exec(
            self.program, *argv, cwd=self.folder if self.folder.is_dir() else self.folder.parent,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        try:
            out, err = await asyncio.wait_for(process.communicate(), limit)
        except TimeoutError as error:
            process.kill()
            await process.wait()
            raise ProjectError(f"agi-app {' '.join(argv)} did not end within {limit:.0f} s") from error
        done = Done(argv, process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))
        if done.code not in tuple(ok):
            raise ProjectError(f"agi-app {' '.join(argv)} ended with {done.code}:\n{done.out}{done.err}")
        return done

    async def json(self, *argv: str, ok: Iterable[int] = (0,), limit: float = 120.0) -> Any:
        done = await self.command(*argv, ok=ok, limit=limit)
        return json.loads(done.out)

    # ------------------------------------------------------------------ files

    def fill(self, settings: str, flows: Mapping[str, str], campaigns: Mapping[str, str]) -> None:
        """Puts settings, prompts, flows and campaigns into the folder that ``init`` made."""
        for old in (
            *self.folder.glob("campaigns/*.yaml"),
            *self.folder.glob("simulations/*.yaml"),
            self.folder / "flows/checkup.yaml",
        ):
            old.unlink()
        path = self.folder / "agi-app.toml"
        path.write_text(settings + self._identity(path.read_text("utf-8")), "utf-8")
        self._prompts()
        for name, text in flows.items():
            (self.folder / "flows" / f"{name}.yaml").write_text(text, "utf-8")
        for name, text in campaigns.items():
            (self.folder / "campaigns" / f"{name}.yaml").write_text(text, "utf-8")

    @staticmethod
    def _identity(made: str) -> str:
        """What `init` wrote about whose data these are: it is kept (docs/reference/settings.md, [identity])."""
        found = re.search(r"^\[identity\]\n(?:(?!\[).*\n?)*", made, re.MULTILINE)
        return f"\n{found[0]}" if found else ""

    def _prompts(self) -> None:
        bulk, mine = REPOSITORY / "examples/bulk/prompts/en", self.folder / "prompts/en"
        for new, old in LONG_PROMPTS.items():
            for ending in ("wav", "txt"):
                shutil.copy(mine / f"{old}.{ending}", mine / f"{new}.{ending}")
        for new, old in PROMPTS.items():
            for ending in ("wav", "txt"):
                shutil.copy(bulk / f"{old}.{ending}", mine / f"{new}.{ending}")
        shutil.copy(bulk / "key.wav", mine / "enter.wav")
        (mine / "enter.txt").write_text("Key in your number. To stop these calls, press star and 9.\n", "utf-8")

    def write_consents(self, name: str, numbers: Sequence[str]) -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as handle:
            rows = csv.writer(handle)
            rows.writerow(["number", "purpose", "wording", "method", "time", "source", "evidence"])
            for index, number in enumerate(numbers):
                rows.writerow(
                    [number, "transactional", "I agree to automated calls of Sunshine Dental.", "web form",
                     "2026-02-01T10:00:00+08:00", "booking site", f"form-{index:05d}"]
                )  # fmt: skip
        return path

    def write_contacts(self, name: str, people: Sequence[Mapping[str, str]]) -> Path:
        path = self.folder / name
        columns = [
            "external_id",
            "number",
            "language",
            *sorted({key for one in people for key in one} - {"external_id", "number", "language"}),
        ]
        with path.open("w", encoding="utf-8", newline="") as handle:
            rows = csv.DictWriter(handle, columns, restval="")
            rows.writeheader()
            rows.writerows(people)
        return path

    # ------------------------------------------------------------------ the worker

    async def start_worker(self) -> None:
        self._log = self.log_path.open("ab")
        self._worker = await asyncio.create_subprocess_exec(
            *LEASH, self.program, "run", "--json-logs", cwd=self.folder, stdin=asyncio.subprocess.DEVNULL,
            stdout=self._log, stderr=asyncio.subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip

    @property
    def worker_ended(self) -> int | None:
        """Its exit code, None while it runs."""
        return None if self._worker is None else self._worker.returncode

    async def stop_worker(self) -> int:
        if self._worker is None:
            return 0
        if self._worker.returncode is None:
            self._worker.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(self._worker.wait(), 60)
            except TimeoutError:
                self._worker.kill()
                await self._worker.wait()
        self._log.close()
        code = self._worker.returncode or 0
        self._worker = None
        return code
