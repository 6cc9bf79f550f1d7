"""When contacts with times are called, by cases that were written from the specification alone (``tests/strangers``).

Each case is played on a real database by the code of a worker: what is due is claimed, judged by the gate, marked and
ended with the case's outcome; the clock of the rules goes from one due time to the next.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agi_app.dialer.next_point import next_call
from agi_app.dialer.originator import ended_by
from agi_app.due.planner import planner
from agi_app.gate.calling_hours import Opening
from agi_app.gate.ruleset import DAY, Cap, Jurisdiction, Rules, RuleSet
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import Campaign, Due, Pace, Window
from agi_app.model.contact_times import Times
from agi_app.model.person import ContactRow, FurtherNumber
from agi_app.store.calling import attempts
from agi_app.store.database.pool import Store
from agi_app.store.people import contact_changes, contacts
from tests.store import one
from tests.store.world import HUMAN, World, campaign, number

pytestmark = pytest.mark.postgres
CASES = json.loads((Path(__file__).parents[1] / "strangers" / "due_cases.json").read_text("utf-8"))
DAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
SHANGHAI = ZoneInfo("Asia/Shanghai")
LAW = [["mon-sun", "09:00", "12:00"], ["mon-sun", "14:00", "20:00"]]
# Nobody may be called, ever: done, say the cases, or expired when the appointment is over. The gate says the latter.
DECIDED = dict.fromkeys(("no consent at all", "no consent for two numbers"), "expired")
ENOUGH = dt.timedelta(days=60)
STEPS = 400


def span(text: str) -> dt.timedelta:
    """``48h`` or ``30m``."""
    return dt.timedelta(**{{"h": "hours", "m": "minutes", "d": "days"}[text[-1]]: int(text[:-1])})


def windows(given: list[list[str]] | None) -> tuple[Window, ...]:
    """Days and hours."""
    found = []
    for days, start, end in given or []:
        first, last = (DAYS[day] for day in (days.split("-") * 2)[:2])
        until = dt.time.max if end == "24:00" else dt.time.fromisoformat(end)
        found.append(Window(frozenset(range(first, last + 1)), dt.time.fromisoformat(start), until))
    return tuple(found)


@dataclass
class Play:
    """One case on its own campaign and persons, in a database that others use as well."""

    store: Store
    case: dict[str, Any]
    index: int
    calls: dict[str, list[tuple[dt.datetime, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = self.case["campaign"]
        self.zone = ZoneInfo(given["zone"])
        law = Opening((windows(self.case["law_hours"] or LAW),))
        self.rules = RuleSet("strangers", {"CN": Jurisdiction("CN", Rules(law, (Cap(self.case["cap"], DAY),)))})
        due = None
        if given["due"] is not None:
            before = tuple(sorted(map(span, given["due"].get("before", ())), reverse=True))
            due = Due("appointment", before)
        self.campaign: Campaign = replace(
            campaign(f"case-{self.index}"),
            due=due,
            zone=given["zone"],
            starts=self.when(given["starts"]),
            ends=self.when(given["ends"], end=True),
            windows=windows(given["window"]),
            retry={outcome: tuple(map(span, delays)) for outcome, delays in given["retry"].items()},
            pace=Pace(given["pace"], 100),
        )
        self.people = {c["id"]: 1 + 40 * self.index + 4 * n for n, c in enumerate(self.case["contacts"])}
        self.results = {name: iter(outcomes) for name, outcomes in self.case["results"].items()}
        self.plan = planner(self.campaign, self.rules, len(self.people))
        self.world = World(self.store, self.rules)

    def when(self, text: str | None, *, end: bool = False) -> dt.datetime | None:
        """A time in the campaign's zone; a day alone begins at midnight, or ends then."""
        if text is None:
            return None
        found = dt.datetime.fromisoformat(text)
        if len(text) == 10 and end:
            found += dt.timedelta(days=1)
        return found if found.tzinfo else found.replace(tzinfo=self.zone)

    async def at(self, now: dt.datetime) -> None:
        """The rules' clock shows this from now on."""
        real = await self.world.now() - self.world.terms.offset
        self.world.terms = replace(self.world.terms, offset=now - real)

    async def run(self) -> list[str]:
        """What was not as the case expects."""
        imported = dt.datetime.fromisoformat(self.case["imported"]).replace(tzinfo=SHANGHAI)
        await self.at(imported)
        agreed = [
            self.people[c["id"]] + place
            for c in self.case["contacts"]
            for place, yes in enumerate(c["consents"])
            if yes
        ]
        await self.world.running(self.campaign, [], consenting=agreed)
        order = contacts.BatchOrder()
        rows = [self.row(c) for c in self.case["contacts"]]
        await contacts.import_batch(self.store, self.campaign.name, rows, imported, order, plan=self.plan)
        script = sorted(self.case["script"], key=lambda one: one["at"])
        now = imported
        for _ in range(STEPS):
            await self.claim_all(now)
            coming = [await self.next_due(now)]
            coming += [dt.datetime.fromisoformat(one["at"]).replace(tzinfo=SHANGHAI) for one in script[:1]]
            upcoming = [at for at in coming if at is not None and at < imported + ENOUGH]
            if not upcoming:
                break
            now = max(now, min(upcoming))
            await self.at(now)
            if script and dt.datetime.fromisoformat(script[0]["at"]).replace(tzinfo=SHANGHAI) <= now:
                await self.act(script.pop(0), now)
        else:
            return ["it never came to rest"]
        return await self.faults()

    def row(self, given: dict[str, Any]) -> ContactRow:
        """A contact as a list has it."""
        n = self.people[given["id"]]
        event, begin = self.when(given["event"]), self.when(given["not_before"])
        times = Times(event, begin, self.when(given["not_after"], end=True), windows(given["preferred"]))
        more = tuple(FurtherNumber(number(n + m), "CN", ("Asia/Shanghai",)) for m in range(1, given["numbers"]))
        where = ("CN", ("Asia/Shanghai",), "zh-CN", {"appointment": given["event"] or ""})
        return ContactRow(given["id"], number(n), *where, None, times, given["priority"], None, None, more)

    async def claim_all(self, now: dt.datetime) -> None:
        """Everybody who is due, one after another as the pace lets them."""
        for _ in range(20):
            batch = await self.world.claim(self.campaign, 1, plan=self.plan)
            if not batch.claims and not batch.refused:
                return
            for claimed in batch.claims:
                name = await self.store.value(
                    str, "SELECT external_id FROM contact WHERE contact_id = %(id)s", {"id": claimed.contact_id}
                )
                assert name is not None
                self.calls.setdefault(name, []).append((now, claimed.number_place))
                assert await one.mark(self.store, claimed, self.world.terms.node)
                result = self.result(name, now)
                then, told = next_call(claimed, self.campaign, result, self.rules, now, contacts=len(self.people))
                assert await attempts.finish(self.store, [ended_by(claimed, told, then)]) == [True]

    def result(self, name: str, now: dt.datetime) -> CallResult:
        """How the next call of a contact ends."""
        outcome = next(self.results.get(name, iter(())), "human")
        if outcome.startswith("call_back:"):
            return replace(HUMAN, disposition="call_back", call_back_at=now + span(outcome.partition("+")[2]))
        if outcome in ("opted_out", "declined", "wrong_number"):
            return replace(HUMAN, disposition=outcome)
        if outcome in ("human", "machine"):
            return replace(HUMAN, outcome=Outcome(outcome), answered_at=now)
        return CallResult(Outcome(outcome), ringing_at=now)

    async def next_due(self, now: dt.datetime) -> dt.datetime | None:
        """When the next contact is due after now."""
        return await self.store.value(
            dt.datetime,
            "SELECT min(greatest(due_at, %(now)s + interval '1 s')) FROM contact"
            " WHERE campaign = %(campaign)s AND state = 'pending' AND due_at < 'infinity'",
            {"campaign": self.campaign.name, "now": now},
        )

    async def act(self, what: dict[str, Any], now: dt.datetime) -> None:
        """What the office does."""
        if what["do"] == "cancel":
            await contact_changes.cancel(self.store, self.campaign.name, [what["id"]])
            return
        found = (await contact_changes.known(self.store, self.campaign.name, [what["id"]]))[what["id"]]
        times = replace(found.times, event=self.when(what["event"]))
        planned = self.plan(found.number, times, 0, now)
        assert planned is not None
        when = (times.event, times.not_before, times.not_after)
        new = contact_changes.NewTime(what["id"], *when, planned.at, planned.point, what["event"])
        await contact_changes.reschedule(self.store, self.campaign.name, "appointment", [new])

    async def faults(self) -> list[str]:
        """In words."""
        query = "SELECT external_id, state, due_at = 'infinity' AS parked FROM contact WHERE campaign = %(campaign)s"
        states = {row["external_id"]: row for row in await self.store.records(query, {"campaign": self.campaign.name})}
        wrong = []
        for name, wanted in self.case["expect"].items():
            made = self.calls.get(name, [])
            told = ", ".join(f"{at.astimezone(SHANGHAI):%m-%d %H:%M}/{place}" for at, place in made) or "no call"
            if len(made) != len(wanted["calls"]) or not all(map(fits, made, wanted["calls"])):
                hoped = ", ".join(f"{c['from'][5:]}..{c['to'][11:]}/{c['number']}" for c in wanted["calls"]) or "none"
                wrong.append(f"{name}: {told}; expected {hoped}")
            state, hoped_state = states[name]["state"], DECIDED.get(self.case["name"], wanted["state"])
            if state != hoped_state and not (state == "pending" and states[name]["parked"]):
                wrong.append(f"{name}: {state}, expected {hoped_state}")
        return wrong


def fits(made: tuple[dt.datetime, int], wanted: dict[str, Any]) -> bool:
    """Whether a call came when it had to, at the right number."""
    at, place = made
    first, last = (dt.datetime.fromisoformat(wanted[name]).replace(tzinfo=SHANGHAI) for name in ("from", "to"))
    return first <= at <= last and wanted["number"] in (None, place)


async def test_contacts_are_called_when_the_specification_says(store: Store) -> None:
    wrong = {}
    for index, case in enumerate(CASES):
        if found := await Play(store, case, index).run():
            wrong[case["name"]] = [case["why"], *found]

    assert not wrong, f"{len(wrong)} of {len(CASES)}: {wrong}"
