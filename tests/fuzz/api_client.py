"""One of the processes of ``scripts/fuzz api``: asks what is generated until it has made its share.

python -m tests.fuzz.api_client SHARE    (a `Share` as JSON; progress and the result are lines of JSON)
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests

from agi_app.model.actors import Role
from tests.api.generated import Asker, Tried, attempt, name_of, name_of_operation, name_seeded, plan

MOST = 20  # requests of one operation, role and kind in a row
TELL_EVERY_S = 2.0
LOOK_EVERY_S = 1.0
SEEDED = ("call_asks_", "drafts_")  # they are about what was there from the beginning
RARELY_RIGHT = {"webhooks_test", "webhooks_redeliver"}  # they name what generated requests have removed meanwhile
ACCOUNTS = 12  # of each role, in turn by their tokens, since each may look at so few numbers in an hour
OF_THE_FIRST = {"calls_listened"}  # what only the account may see that has asked for it
PAUSE = {"reason": "so that its end can be asked for"}


@dataclass(frozen=True, slots=True)
class Share:
    """What one process is to ask, and where."""

    url: str
    tokens: Mapping[str, Sequence[str]]  # role -> many, so that no limit of requests a minute is met
    there: str  # the file with what exists now
    named: Mapping[str, Any]  # what exists from the beginning
    drafts: Mapping[str, str]  # texts of the flow's and the campaign's
    cases: int
    seed: int
    number: int  # of this process, among so many
    of: int


@dataclass
class ShareTried:
    """What a process asked and was answered."""

    tried: Tried = field(default_factory=Tried)
    stops: list[tuple[str, float]] = field(default_factory=list)  # number, when it was answered that it is stopped

    def as_json(self) -> str:
        """A line for the one who started this process."""
        statuses = [[name, status, number] for (name, status), number in self.tried.statuses.items()]
        return json.dumps({"statuses": statuses, "faults": self.tried.faults, "stops": self.stops})

    def take(self, told: Mapping[str, Any]) -> None:
        """Add what another one told."""
        for name, status, number in told["statuses"]:
            self.tried.statuses[name, status] += number
        self.tried.faults += told["faults"]
        self.stops += [(number, at) for number, at in told["stops"]]

    def hear(self, case: Any, answer: requests.Response) -> None:
        """Remember whom the API called stopped, and when."""
        if answer.status_code != 201:
            return
        if name_of(case) == "stops_stop" and not case.body.get("purpose"):
            self.stops.append((case.body["number"], time.time()))
        elif name_of(case) == "stops_stop_list":
            self.stops += [(number, time.time()) for number in case.body["numbers"]]


class Existing:
    """Puts what exists now into right requests: people and campaigns that are being called, webhooks, events."""

    def __init__(self, file: Path, luck: random.Random) -> None:
        self._file = file
        self._luck = luck
        self._there: dict[str, Any] = {}
        self._read_at = float("-inf")

    def name(self, case: Any) -> None:
        """In half of the cases; the others name what `THERE` does."""
        there = self._now()
        if name_of(case) == "asks_campaign" and isinstance(case.body, dict) and "verb" in case.body:
            case.body["verb"] = self._luck.choice(("start", "pause", "resume", "stop"))
        if name_of(case) == "asks_approve" and there["approvals"] and isinstance(case.body, dict):
            case.path_parameters["campaign"], case.body["request"] = self._luck.choice(there["approvals"])
            return
        if name_of(case).startswith(SEEDED) or (name_of(case) not in RARELY_RIGHT and self._luck.random() < 0.5):
            return
        for place, names in (
            (case.path_parameters, ("campaign", "webhook", "job")),
            (case.query, ("campaign", "external_id")),
            (case.body, ("number", "event")),
        ):
            for name in names if isinstance(place, dict) else ():
                if name in place and there[name]:
                    place[name] = self._luck.choice(there[name])
        if isinstance(case.body, dict) and "numbers" in case.body and there["number"]:
            case.body["numbers"] = self._luck.sample(there["number"], min(2, len(there["number"])))
        if name_of(case) == "asks_consent":
            case.body.pop("time", None)  # now: what is in the future is refused

    def _now(self) -> dict[str, Any]:
        if time.monotonic() - self._read_at > LOOK_EVERY_S:
            self._there = json.loads(self._file.read_text("utf-8"))
            self._read_at = time.monotonic()
        return self._there


def main(share: Share) -> None:
    """Ask, one pass over all operations after another, until there were enough."""
    done, told_at = ShareTried(), time.monotonic()
    existing = Existing(Path(share.there), random.Random(share.seed + share.number))
    drafts = {kind: text.encode() for kind, text in share.drafts.items()}

    tokens = {role: itertools.cycle(share.tokens[role.value]) for role in Role}
    first = {role: itertools.cycle(share.tokens[role.value][::ACCOUNTS]) for role in Role}
    with requests.Session() as session:

        def name(case: Any) -> None:
            name_seeded(share.named, drafts, case)
            existing.name(case)
            if name_of(case) == "pauses_end":  # pauses of generated requests are over by now
                url, headers = f"{share.url}/api/v1/pauses", _headers(tokens[Role.OPERATOR])
                session.post(url, json=PAUSE, headers=headers).raise_for_status()

        for turn in itertools.count():
            entries = list(plan(min(share.cases * share.of, MOST * len(list(plan(1))))))
            random.Random(f"{share.seed} {turn}").shuffle(entries)  # in each process the same, so that all are tried
            for operation, role, mode, most in entries[share.number :: share.of]:
                if turn and done.tried.cases >= share.cases:
                    break
                mine = name_of_operation(operation) in OF_THE_FIRST
                headers = partial(_headers, first[role] if mine else tokens[role])
                asker = Asker(share.url, headers, session, role, done.tried, more=name, heard=done.hear)
                attempt(operation, mode, most, share.seed + 1000 * turn, asker)
                if time.monotonic() - told_at > TELL_EVERY_S:
                    told_at = time.monotonic()
                    print(json.dumps({"cases": done.tried.cases}), flush=True)
            if done.tried.cases >= share.cases:
                break
    print(done.as_json(), flush=True)


def _headers(tokens: itertools.cycle[str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {next(tokens)}"}


def as_argument(share: Share) -> str:
    """For the command line."""
    return json.dumps(asdict(share))


if __name__ == "__main__":
    main(Share(**json.loads(sys.argv[1])))
