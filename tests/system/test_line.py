"""People call our number back: they say stop, for themselves or another number, reach a person, or the dialplan.

Real Asterisk, a SIPp caller, and the carrier's capture, which says what became of the calls to those people.
"""

from __future__ import annotations

import itertools
import json
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sandbox.asterisk import Asterisk
from sandbox.line_caller import LineCaller
from sandbox.supervise import Child
from sandbox.world import World
from tests.asterisk.talker import in_turn, pcap_of
from tests.system.conftest import NewDatabase
from tests.system.site import BULK, CALLER_ID, EXAMPLES, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

RINGS, LISTENS = 21, 10  # what the carrier's people do (sandbox/scenarios/carrier.xml)
CLOSING_S = 12.0  # calls that go on have eight seconds
TAKEN_S = 6.5  # Asterisk waits five seconds for a worker that is frozen
RECEPTION = (
    "[agi-app-local]\nexten => _[+0-9].,1,Log(NOTICE,reception takes ${EXTEN})\n"
    " same => n,Answer()\n same => n,Wait(2)\n same => n,Hangup()\n"
)
_serial = itertools.count(1)


@pytest.fixture(scope="module")
def site(world: World, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A project with a line on its caller ID, and an Asterisk whose dialplan has a reception."""
    folder = tmp_path_factory.mktemp("line")
    prompts = folder / "prompts"
    for example in (EXAMPLES / "clinic", BULK):
        shutil.copytree(example / "prompts", prompts, dirs_exist_ok=True)
    with Asterisk(
        world.asterisk.root,
        folder / "asterisk",
        name="l",
        carrier=world.carrier.address,
        prompts_dir=prompts,
        extra_dialplan=RECEPTION,
    ) as asterisk:
        made = Site(folder, world, asterisk, new_database())
        shutil.rmtree(made.project / "prompts")
        (made.project / "prompts").symlink_to(prompts)
        shutil.copy(EXAMPLES / "clinic" / "flows" / "who-called.yaml", made.project / "flows")
        made.prepare()
        yield made


def add_line(site: Site, desk: str, concurrent: int = 10) -> None:
    """Write the line and its desk into the settings; workers started later serve it."""
    file = site.project / "agi-app.toml"
    text = file.read_text("utf-8").partition("\n[lines.")[0]
    lines = (
        f'\n[lines.main]\nnumber = "{CALLER_ID}"\nflow = "who-called"\nconcurrent = {concurrent}\n'
        f'\n[destinations.front-desk]\nendpoint = "PJSIP/{desk}@sandbox-carrier"\n'
    )
    file.write_text(text + lines, "utf-8")
    site.our_phones(desk)


def calls_in(
    site: Site, shown: str | None, *keys: tuple[float, str], stays_s: float = 40.0, audio: bytes | None = None
) -> LineCaller:
    """Somebody who calls the line, and keys or says something."""
    run_dir = site.folder / f"caller-{next(_serial)}"
    return LineCaller(run_dir, site.asterisk.sip_port, CALLER_ID, shown, keys, stays_s=stays_s, audio=audio)


def reports(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(site.app.ask("line", "report", "--json"))
    return found


def receptions(site: Site) -> int:
    """How many calls have gone on to reception."""
    return site.asterisk.log_path.read_text(errors="replace").count(f"reception takes {CALLER_ID}")


def in_stasis(site: Site) -> bool:
    return "Stasis" in site.asterisk.cli("core show channels concise")


@contextmanager
def serving(site: Site) -> Iterator[Child]:
    """A worker that serves the line already."""
    with site.worker() as worker:
        log = max(site.folder.glob("worker-*.log"), key=lambda file: file.stat().st_mtime_ns)
        until("the worker dials", lambda: "dialling" in log.read_text(errors="replace"), poll_s=0.1)
        yield worker


def test_a_stop_on_the_line_ends_what_rings_and_prevents_what_waits(site: Site) -> None:
    """9 for the number that the call shows; 2 for another one, which also a caller without a number can key in."""
    rings, keyed, nameless, waits, other = people(RINGS, RINGS, RINGS, LISTENS, LISTENS)
    ringing = [rings, keyed, nameless]
    add_line(site, desk=other)
    site.consent([*ringing, waits])
    site.add("line", [*ringing, waits], concurrent=3)
    with serving(site):
        until("three ring, and the fourth waits for a free place", lambda: len(_ringing(site, ringing)) == 3)
        with calls_in(site, waits, (0.3, "2"), (0.3, "3"), (0.3, "1")) as call:  # complains: that is a stop, too
            call.wait(20)
        with (
            calls_in(site, rings, (0.3, "9")) as first,
            calls_in(site, other, (0.3, "2"), (0.3, "2"), (0.3, _keys(keyed)), (0.5, "1"), stays_s=8) as second,
            calls_in(site, None, (0.3, "9"), (0.3, _keys(nameless)), (0.5, "1"), stays_s=8) as third,
        ):
            for call in (first, second, third):
                call.wait(20)
        stops = site.stops(*ringing, waits)
        for number in ringing:
            seen = site.call(number)
            assert seen.cancel_at is not None, f"{number} was not cancelled"
            assert seen.cancel_at - stops[number] <= 1.0
            assert seen.answered_at is None
        site.settle("line")
        assert site.calls([waits]) == [], "the place was free, and nobody was called"
        assert "suppressed" in site.refused_by("line")[waits]
        until("all are written down", lambda: len(reports(site)["calls"]) == 4)
        (case,) = json.loads(site.app.ask("complaint", "list", "--json"))
        assert (case["kind"], case["state"], case["source"]) == ("ours", "open", "line")
    (line,) = reports(site)["lines"]
    assert (line["answered"], line["nameless"], line["stops"], line["stops_keyed"]) == (4, 1, 4, 2)
    assert {tuple(c["stops"]) for c in reports(site)["calls"]} == {("key",), ("keyed",), ("step",)}
    assert json.loads(site.app.ask("audit", "verify", "--json"))["ok"] is True
    logs = "".join(file.read_text(errors="replace") for file in site.folder.glob("worker-*.log"))
    assert not [n for n in (*ringing, waits, other) if n.removeprefix("+") in logs]


def _keys(number: str) -> str:
    return f"00{number.removeprefix('+')}#"


def _ringing(site: Site, numbers: list[str]) -> list[str]:
    return [call.to_user for call in site.calls(numbers) if call.ringing_at is not None]


def test_a_spoken_stop_counts_where_somebody_understands(site: Site) -> None:
    """Talk breaks the welcome off; what was said is a stop, for the number of the call."""
    desk, caller = people(LISTENS, LISTENS)
    flow, file = site.project / "flows" / "who-called.yaml", site.project / "agi-app.toml"
    before, settings = flow.read_text("utf-8"), file.read_text("utf-8")
    flow.write_text(
        before.replace('  key: "9"\n', '  key: "9"\n  phrases: {zh-CN: [别再打了], en: [leave me alone]}\n'), "utf-8"
    )
    (site.project / "said.txt").write_text("别再打了\n", "utf-8")
    add_line(site, desk=desk)
    with file.open("a", encoding="utf-8") as more:
        more.write('\n[speech]\nengine = "scripted"\nmodel = "said.txt"\n')
    try:
        with serving(site), calls_in(site, caller, audio=pcap_of(in_turn((1.0, 1.2)))) as call:
            call.wait(20)
    finally:
        flow.write_text(before, "utf-8")
        file.write_text(settings, "utf-8")
    assert site.stops(caller), "what was said is a stop"


def test_key_0_leads_to_a_person_and_back(site: Site) -> None:
    """Both talk until one hangs up; the desk is shown the line's number."""
    desk, busy, caller = (*people(LISTENS, 20), people(LISTENS)[0])
    add_line(site, desk=desk)
    with serving(site), calls_in(site, caller, (0.3, "1"), (0.3, "0"), stays_s=4) as call:
        until("the desk has answered", lambda: [c.answered_at for c in site.calls([desk])] not in ([], [None]))
        assert site.call(desk).from_user == CALLER_ID
        call.wait(20)
        until("the desk's leg has ended with the caller", lambda: site.call(desk).bye_at is not None, 3.0)
    add_line(site, desk=busy)
    with serving(site), calls_in(site, caller, (0.3, "1"), (0.3, "0"), (2.5, "9")) as call:
        call.wait(20)
    assert site.stops(caller), "the desk was busy, and the caller was ours again"


def test_the_dialplan_takes_what_the_line_cannot(site: Site) -> None:
    """A full line, a frozen worker, one killed in the middle of a call that comes back, none at all, one that ends."""
    (desk, caller, other) = people(LISTENS, LISTENS, LISTENS)
    add_line(site, desk=desk, concurrent=1)
    before = receptions(site)
    with serving(site) as worker, calls_in(site, caller) as held:
        until("the line is busy", lambda: in_stasis(site))
        with calls_in(site, other) as second:
            until("reception has the second", lambda: receptions(site) == before + 1, 3.0)
            second.wait(10)
        worker.send(signal.SIGSTOP)
        with calls_in(site, other) as frozen:
            until("reception has the third", lambda: receptions(site) == before + 2, TAKEN_S)
            frozen.wait(10)
        worker.send(signal.SIGKILL)
        with calls_in(site, other) as without:
            until("reception has the fourth", lambda: receptions(site) == before + 3, 3.0)
            without.wait(10)
        with serving(site) as again:
            until("reception has the first", lambda: receptions(site) == before + 4, 5.0)
            held.wait(10)
            until("the full line is reported", lambda: any(_full(c) for c in reports(site)["calls"]))
            with calls_in(site, caller) as last:  # and a worker that ends in order
                until("the line is busy again", lambda: in_stasis(site))
                again.send(signal.SIGTERM)
                until("reception has it, too", lambda: receptions(site) == before + 5, CLOSING_S)
                last.wait(10)
    assert "the worker is shutting down" in {c["note"] for c in reports(site)["calls"]}


def _full(call: dict[str, Any]) -> bool:
    return call["result"] == "given_back" and "at once" in call["note"]
