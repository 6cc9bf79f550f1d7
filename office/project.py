"""The clinic's project for agi-app: one flow, one campaign, a feed from its database and results back into it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from office.clinic import COLUMNS, QUERY, READER, STATEMENT, WRITER, Clinic
from sandbox.asterisk import Asterisk
from sandbox.project import write_settings
from sandbox.world import settings_toml

CAMPAIGN, FEED, TARGET = "reminder", "appointments", "clinic"
CALLER_ID = "+999862155500001"
_FLOW = """\
flow: reminder
languages: [zh-CN, en]
identify:
  business: {zh-CN: 阳光口腔, en: Sunshine Dental}
opt_out: {key: "9", confirm: opted_out}
start: greeting
nodes:
  greeting:
    - play: greeting
    - gather: {prompt: key, keys: {"1": yes, "2": later, "3": stranger}, timeout: 3s, attempts: 1, save: answer}
      on: {yes: confirmed, later: later, stranger: stranger, no_input: unanswered}
  confirmed:
    - set: {disposition: confirmed}
    - play: goodbye
    - hangup
  later:
    - set: {disposition: later}
    - play: goodbye
    - hangup
  stranger:
    - wrong_number: goodbye
  unanswered:
    - set: {disposition: no_answer_given}
    - hangup
"""


class Project:
    """Its folder; what is written here is what the clinic's staff would write."""

    def __init__(self, folder: Path, asterisk: Asterisk, scenario: Mapping[str, Any]) -> None:
        self.folder, self._asterisk, self._scenario = folder, asterisk, scenario

    def write(self, clinic: Clinic) -> None:
        """Everything but the settings, for which a time is needed."""
        campaign = self._scenario["campaign"]
        written = {
            "campaign": CAMPAIGN, "purpose": campaign["purpose"], "jurisdictions": ["CN"], "flow": "reminder",
            "trunk": "sandbox", "caller_id": CALLER_ID, "zone": self._scenario["zone"], "due": campaign["due"],
            "window": campaign["window"], "retry": campaign["retry"], "pace": campaign["pace"],
            "ring_time": campaign["ring_time"], "max_call": "30s",
        }  # fmt: skip
        self._file(f"campaigns/{CAMPAIGN}.yaml", yaml.safe_dump(written, sort_keys=False))
        self._file("flows/reminder.yaml", _FLOW)
        self._file("feeds/appointments.sql", QUERY)
        self._file("feeds/result.sql", STATEMENT)
        for role in (READER, WRITER):
            self._file(f"secrets/{role}", clinic.address(role) + "\n").chmod(0o600)

    def set_clock(self, at: str) -> None:
        """The settings; whatever starts from now on goes by this time."""
        feed = self._scenario["feed"]
        columns = "\n".join(f'{ours} = "{theirs}"' for ours, theirs in COLUMNS.items())
        text = (
            f"{settings_toml(self._asterisk, trunk='sandbox', calls_per_second=20, concurrent=600)}\n"
            f'[sandbox]\nclock = "{at}"\n\n'
            f'[feeds.{FEED}]\ncampaign = "{CAMPAIGN}"\nmode = "{feed["mode"]}"\nevery = "{feed["every"]}"\n'
            f'max_age = "{feed["max_age"]}"\nmost_a_day = 1000\ndatabase_url_file = "secrets/{READER}"\n'
            f'query_file = "feeds/appointments.sql"\n[feeds.{FEED}.columns]\n{columns}\n\n'
            f'[results.{TARGET}]\ncampaigns = ["{CAMPAIGN}"]\ndatabase_url_file = "secrets/{WRITER}"\n'
            f'statement_file = "feeds/result.sql"\n'
        )
        write_settings(self.folder, text)

    def _file(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file
