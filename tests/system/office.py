"""A project with a telephone on the desk besides the carrier's people, and the codes that prove telephones."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.asterisk import Asterisk
from sandbox.capture import Capture
from sandbox.keypad import Keypad
from sandbox.ports import free_port
from sandbox.sip import CarrierCall
from sandbox.world import World
from tests.system.site import Site

PHONE = "phone"
MOST_S = 40.0


@dataclass
class Office:
    """A project with two trunks: ``sandbox`` to the carrier's people, ``phone`` to the telephone on the desk."""

    site: Site
    phone_port: int
    capture: Capture
    folder: Path

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command that may fail."""
        return self.site.app.run(*arguments)

    @contextmanager
    def command(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that runs on beside the test, and not beyond the block."""
        command = self.site.app.start(*arguments)
        try:
            yield command
        finally:
            command.kill()
            command.wait()

    @contextmanager
    def proving(
        self, number: str, *options: str, by: tuple[str, ...] = ("callerid", "prove")
    ) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """``callerid prove`` while it waits for the call, and the code that it shows."""
        with self.command(*by, number, *options) as command:
            assert command.stdout is not None
            found = re.search(r"code: (\d{6})$", command.stdout.readline().strip())
            assert found, command.communicate()
            yield command, found[1]

    def phone(self, digits: str, *, after_s: float = 1.0) -> Keypad:
        """The telephone, keying these."""
        return Keypad(self.folder / "keypad", self.phone_port, digits, media_port=free_port(), after_s=after_s)

    def calls(self, number: str) -> list[CarrierCall]:
        """What was dialled to this number, on either trunk."""
        return [c for c in self.capture.calls() if c.to_user == number] + self.site.calls([number])

    def proofs(self) -> list[dict[str, object]]:
        """``callerid list --json``."""
        found: list[dict[str, object]] = json.loads(self.site.app.ask("callerid", "list", "--json"))
        return found

    def all_logs(self) -> str:
        """What workers and Asterisk have logged."""
        logs = [*self.folder.glob("worker-*.log"), self.site.asterisk.log_path]
        return "".join(path.read_text(errors="replace") for path in logs)


@contextmanager
def open_office(world: World, database_url: str, folder: Path, name: str) -> Iterator[Office]:
    """An Asterisk of its own with both trunks; nobody has proved anything yet, and no worker runs."""
    port = free_port()
    with (
        Asterisk(
            world.asterisk.root,
            folder / "asterisk",
            name=name,
            carrier=world.carrier.address,
            prompts_dir=world.asterisk.prompts_dir,
            extra_trunks={PHONE: ("127.0.0.1", port)},
        ) as asterisk,
        Capture(folder / "phone.pcap", port) as capture,
    ):
        site = Site(folder, world, asterisk, database_url)
        office = Office(site, port, capture, folder)
        set_clock(office, None)
        site.app.ask("migrate")
        yield office


def set_clock(office: Office, clock: str | None) -> None:
    """Write the settings with both trunks; workers and commands started later go by this clock (None: the usual)."""
    if clock is not None:
        office.site.set_clock(clock)
    more = f'[trunks.{PHONE}]\nendpoint = "PJSIP/{{number}}@{PHONE}"\nplus = true\nsandbox = true\n'
    file = office.site.project / "agi-app.toml"
    text = file.read_text("utf-8")
    if f"[trunks.{PHONE}]" not in text:
        file.write_text(f"{text}\n{more}", "utf-8")
