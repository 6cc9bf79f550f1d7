"""The people of a campaign, and the project folder and database that every run begins with."""

from __future__ import annotations

import csv
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from chaos.database import Database
from chaos.supervisor import environment
from sandbox.asterisk import TRUNK
from sandbox.commands import AgiApp
from sandbox.project import write_settings

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "bulk"
CALLER_ID = "+999862155500001"
CAMPAIGNS = ("chaos-a", "chaos-b")  # the same people in both, so each run also shows that a cap holds
CLOCK = "2026-03-03T15:30:00+08:00"  # a Tuesday; an hour more or less is inside the calling hours
CONGESTION_RETRIES = 2
_NUMBERS = "numbers.json"
# suffix -> people in a hundred; who they are stands in sandbox/scenarios/carrier.xml
MIX = {
    "01": 14, "40": 4, "41": 4, "42": 4, "43": 4, "44": 4, "45": 4, "46": 4, "47": 4, "02": 8, "09": 8, "12": 4,
    "10": 8, "11": 6, "20": 5, "24": 3, "21": 2, "27": 4, "28": 3, "22": 1, "34": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """What ``make_template`` made; runs copy it."""

    folder: Path
    numbers: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path) -> Template:
        """The one that another process made in ``folder``."""
        return cls(folder, tuple(json.loads((folder / _NUMBERS).read_text())))

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def database(self) -> Path:
        return self.folder / "database" / "data"


def people(count: int, seed: int) -> list[str]:
    """Numbers of ``count`` people in the mix above, each kind at least once, in a random but repeatable order."""
    chosen = list(MIX)
    scale = [suffix for suffix, share in MIX.items() for _ in range(share)]
    shuffled = random.Random(seed)
    shuffled.shuffle(chosen)
    while len(chosen) < count:
        chosen.append(shuffled.choice(scale))
    chosen = chosen[:count]
    shuffled.shuffle(chosen)
    chosen.sort(key=lambda suffix: suffix != "21")  # who lets it ring out takes longest: first
    return [f"+99986138{place:05d}{suffix}" for place, suffix in enumerate(chosen)]


def make_template(folder: Path, code: Path, count: int, seed: int) -> Template:
    """A project and a stopped database in which ``count`` people agreed and wait for a call in two campaigns."""
    numbers = people(count, seed)
    project = folder / "project"
    shutil.copytree(EXAMPLE, project)
    (project / "campaigns" / "bulk.yaml").unlink()
    flow = project / "flows" / "bulk.yaml"  # its silence while it waits for a key must not pass for dead air
    flow.write_text(flow.read_text("utf-8").replace("timeout: 3s", "timeout: 2s"), "utf-8")
    for name in CAMPAIGNS:
        (project / "campaigns" / f"{name}.yaml").write_text(_campaign(name))
    _write_rows(project / "consent.csv", [_consent(number) for number in numbers])
    rows = [{"external_id": f"P{n}", "number": number, "language": "zh-CN"} for n, number in enumerate(numbers)]
    _write_rows(project / "contacts.csv", rows)
    (project / "letter.txt").write_text(f"An invented letter: {CALLER_ID} is ours.\n")
    write_settings(project, settings("http://127.0.0.1:1/ari", "none", "none", "/nowhere", 10, 10))
    database = Database(folder / "database")
    database.create()
    try:
        app = AgiApp(project, folder, lambda _: None, env=environment(database.url(), code))
        app("migrate")
        app("audit", "key")  # made here, for nodes that share a database share it
        app("callerid", "prove", CALLER_ID, "--letter", "letter.txt")
        app("consent", "import", "consent.csv")
        for name in CAMPAIGNS:
            app("contacts", "import", name, "contacts.csv")
            app("campaign", "start", name)
    finally:
        database.stop()
    (folder / _NUMBERS).write_text(json.dumps(numbers))
    return Template(folder, tuple(numbers))


def settings(url: str, password: str, entityid: str, prompts: str, calls_per_second: float, concurrent: int) -> str:
    """The text of agi-app.toml."""
    return (
        f'[asterisk]\nurl = "{url}"\nusername = "agi-app"\npassword = "{password}"\nentityid = "{entityid}"\n'
        f'prompts_path = "{prompts}"\n\n'
        f'[trunks.sandbox]\nendpoint = "PJSIP/{{number}}@{TRUNK}"\ncalls_per_second = {calls_per_second}\n'
        f'concurrent = {concurrent}\nplus = true\nsandbox = true\n\n[sandbox]\nclock = "{CLOCK}"\n'
    )


def _campaign(name: str) -> str:
    return (
        f"campaign: {name}\npurpose: transactional\njurisdictions: [CN]\nflow: bulk\ntrunk: sandbox\n"
        f'caller_id: "{CALLER_ID}"\npace: {{calls_per_second: 60, concurrent: 100}}\n'
        f"retry: {{congestion: [{', '.join(['2s'] * CONGESTION_RETRIES)}]}}\nring_time: 15s\nmax_call: 20s\n"
    )


def _consent(number: str) -> dict[str, str]:
    return {
        "number": number,
        "purpose": "transactional",
        "wording": "You may remind me by automated call. I can press nine to refuse.",
        "method": "paper form",
        "time": "2026-01-05T12:00:00+08:00",
        "source": "front desk",
        "language": "zh-CN",
        "expires": "",
        "evidence": "form",
    }


def _write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
