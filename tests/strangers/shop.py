"""A shop's project in a folder, with a database of its own, driven by the command line alone."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any, Self

import psycopg

from tests.forked_commands import Commands, Done

OURS = "+999862155500001"
ANN, WANG, BEN, LI = "+999861380001101", "+999861380001202", "+999861380001309", "+999861380001420"
CLOCK = "2026-03-03T10:00:00+08:00"  # a Tuesday in Shanghai
CONSENT_TITLES = "number,purpose,wording,method,time,source"
AGREED = "transactional,I agree to automated reminder calls.,web form,2026-02-01T10:00:00+08:00,website"
SETTINGS = """\
database_url = "{url}"
[asterisk]
url = "http://127.0.0.1:9/ari"
username = "agi-app"
entityid = "02:00:00:00:00:99"
password = "none"
[trunks.sandbox]
endpoint = "PJSIP/{{number}}@sandbox-carrier"
calls_per_second = 20
concurrent = 60
plus = true
sandbox = true
[sandbox]
clock = "{clock}"
"""
CAMPAIGN = """\
campaign: {name}
purpose: {purpose}
jurisdictions: {countries}
flow: checkup-reminder
trunk: sandbox
caller_id: "{caller_id}"
pace: {{calls_per_second: 20, concurrent: 60}}
"""


def clean_environment() -> dict[str, str]:
    """That of a user without settings in it."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AGI_APP_", "PG")) and name != "DATABASE_URL"
    } | {"COLUMNS": "300"}


class Shop:
    """A project."""

    def __init__(self, folder: Path, url: str, commands: Commands) -> None:
        self.folder, self.url, self._commands = folder, url, commands

    def cli(self, *argv: str, env: dict[str, str] | None = None, seconds: float = 120.0) -> Done:
        """A command of agi-app in the project's folder."""
        return self._commands.run(argv, self.folder, clean_environment() | (env or {}), seconds)

    def ok(self, *argv: str, env: dict[str, str] | None = None) -> Done:
        """One that must succeed."""
        done = self.cli(*argv, env=env)
        assert done.code == 0, done
        return done

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """A statement of the database's owner, committed at once."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def write(self, name: str, text: str | bytes) -> Path:
        """A file in the project."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def settings(self, more: str = "", *, clock: str = CLOCK, top: str = "") -> None:
        """Write agi-app.toml anew, with the project's identity."""
        file = self.folder / "agi-app.toml"
        identity = re.search(r"\[identity\][^\[]*", file.read_text())
        assert identity is not None
        file.write_text(top + SETTINGS.format(url=self.url, clock=clock) + more + "\n" + identity[0])

    def campaign(
        self,
        name: str,
        *,
        purpose: str = "transactional",
        countries: str = "[CN, US, GB]",
        caller_id: str = OURS,
        more: str = "",
    ) -> None:
        """Write a campaign's file."""
        text = CAMPAIGN.format(name=name, purpose=purpose, countries=countries, caller_id=caller_id) + more
        self.write(f"campaigns/{name}.yaml", text)

    def consent(self, *numbers: str, agreed: str = AGREED, check: bool = True) -> Done:
        """Import a consent of each."""
        rows = "".join(f"{number},{agreed}\n" for number in numbers)
        done = self.cli("consent", "import", str(self.write("some-consent.csv", f"{CONSENT_TITLES}\n{rows}")))
        assert not check or done.code == 0, done
        return done

    def contacts(self, campaign: str, *numbers: str, check: bool = True) -> Done:
        """Import them as contacts C1, C2 …"""
        rows = "".join(f"C{place},{number}\n" for place, number in enumerate(numbers, 1))
        done = self.cli(
            "contacts", "import", campaign, str(self.write("some-people.csv", f"external_id,number\n{rows}"))
        )
        assert not check or done.code == 0, done
        return done

    def called(self, campaign: str, *rows: str, titles: str = "external_id,number") -> int:
        """Import these rows into a campaign of their own, and say how many of it would be called now."""
        if not (self.folder / "campaigns" / f"{campaign}.yaml").exists():
            self.campaign(campaign)
        self.cli("contacts", "import", campaign, str(self.write("rows.csv", f"{titles}\n" + "\n".join(rows) + "\n")))
        self.sql("UPDATE campaign SET state = 'running'")
        known = self.sql("SELECT 1 FROM campaign WHERE name = %s", campaign)
        return int(self.preview(campaign)["allowed"]) if known else 0

    def preview(self, campaign: str, env: dict[str, str] | None = None) -> Any:
        """What the gate would say of each contact."""
        return self.ok("campaign", "preview", campaign, "--json", "--limit", "5", env=env).json

    def refusals(self, campaign: str, env: dict[str, str] | None = None) -> dict[str, set[str]]:
        """By the contact's id: the rules that refuse it (five contacts of each rule); who would be called is not
        there."""
        found: dict[str, set[str]] = {}
        for rule, contacts in self.preview(campaign, env)["samples"].items():
            for contact in contacts:
                found.setdefault(contact["external_id"], set()).add(rule)
        return found

    def flush(self) -> None:
        """Start a worker, which stores the journal before anything else, and end it: it finds no Asterisk."""
        self.cli("run", seconds=4)

    def verify(self, *more: str) -> Any:
        """Seal what is new, then verify."""
        self.cli("audit", "checkpoint")
        return self.verify_now(*more)

    def verify_now(self, *more: str) -> Any:
        """What `audit verify` says; ``ok`` and ``faults``."""
        return self.cli("audit", "verify", "--json", *more).json

    def suppressed(self, number: str) -> bool:
        """Whether the story says that it is never called again."""
        return "never called again" in self.ok("consent", "show", number).out

    def copy(self, folder: Path, url: str) -> Self:
        """The same project in another folder, on a copy of its database."""
        shutil.copytree(self.folder, folder, symlinks=True)
        made = type(self)(folder, url, self._commands)
        file = folder / "agi-app.toml"
        file.write_text(file.read_text().replace(self.url, url))
        return made
