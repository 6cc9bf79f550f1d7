"""Complaints: due by the rules of the country, never changed, provable; an erasure leaves only that there was one."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from agi_app.audit import standalone_verifier as verifier
from agi_app.audit.erasures import sign
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.project.new_project import make_project
from agi_app.clock import Clock
from agi_app.consent.complaints import RECEIVED, Complaint, due_at, open_case
from agi_app.consent.evidence import KeptFiles
from agi_app.consent.purge import Purger
from agi_app.errors import InputError
from agi_app.gate.ruleset import RuleSet
from agi_app.model.phone import parse
from agi_app.reports import complaint_bundle
from agi_app.store.database.pool import Store
from agi_app.store.people import complaints
from agi_app.store.people.erasure import Why, erase_person
from tests.store.audit_site import Site, every_altered_byte_is_found
from tests.store.test_audit_commands import agi_app
from tests.store.world import number

pytestmark = pytest.mark.postgres

CAME = dt.datetime(2026, 3, 2, 3, 0, tzinfo=dt.UTC)
LETTER = b"please stop"


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load_ruleset()


def complaint(n: int = 1, **changes: object) -> Complaint:
    base = {"number": parse(number(n)), "received_at": CAME, "source": "letter", "text": "too many calls"}
    return Complaint(**{**base, "entered_by": "wang", **changes})  # type: ignore[arg-type]


def grow_old(folder: Path) -> None:
    """Files that are young may belong to an import that goes on, so a purge leaves them."""
    for file in folder.rglob("*.enc"):
        os.utime(file, (1_000_000_000, 1_000_000_000))


async def test_a_case_is_due_by_the_rules_and_its_state_is_that_of_the_last_note(
    store: Store, ruleset: RuleSet
) -> None:
    case = await open_case(store, ruleset, complaint(ref="once"))
    assert await open_case(store, ruleset, complaint(ref="once")) == case, "the same one again"
    assert await complaints.note(store, case, CAME, None, "asked the carrier", "li") == "open"
    assert await complaints.note(store, case, CAME, "answered", "wrote back", "li") == "answered"
    assert await complaints.note(store, case, CAME, None, "a reply came", "li") == "answered"
    found, notes = await complaints.case_of(store, case)
    assert (found.state, found.due_at, found.region) == ("answered", CAME + dt.timedelta(days=15), "CN")
    assert [n.text for n in notes] == ["asked the carrier", "wrote back", "a reply came"]
    assert [c.complaint_id for c in await complaints.cases(store, "open")] == []
    with pytest.raises(InputError, match="no complaint 99"):
        await complaints.note(store, 99, CAME, None, "x", "li")


async def test_nothing_of_a_case_can_be_changed(store: Store, ruleset: RuleSet, database_url: str) -> None:
    case = await open_case(store, ruleset, complaint())
    await complaints.note(store, case, CAME, "closed", "done", "li")
    for query in (
        "UPDATE complaint SET text = ''",
        "DELETE FROM complaint_note",
        "UPDATE complaint_note SET state = 'open'",
    ):
        with (
            psycopg.connect(database_url) as connection,
            pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"),
        ):
            connection.execute(query)


def test_a_country_without_rules_gets_the_shortest_time(ruleset: RuleSet) -> None:
    france = parse("+33123456789")
    assert due_at(france, CAME, ruleset) == CAME + dt.timedelta(days=15)
    assert due_at(france, CAME, RuleSet("empty", {})) is None


async def test_the_bundle_proves_the_case_to_somebody_else(
    store: Store, database_url: str, tmp_path: Path, ruleset: RuleSet
) -> None:
    site, files = Site(store, database_url, tmp_path), KeptFiles.of(tmp_path)
    await site.people(1, 2)
    digest = files.evidence.keep(LETTER)
    case = await open_case(store, ruleset, complaint(1, evidence=(digest, "letter.txt"), campaign="checkup"))
    await complaints.note(store, case, CAME, "answered", "wrote back", "li")
    made = await complaint_bundle.gather(
        store, site.notary, files, Clock(), case, entered_by="wang", reason="letter of March"
    )
    out = tmp_path / "out"
    complaint_bundle.write(made, out)
    _, records = verifier.check_proof((out / "proof.json").read_text("utf-8"), site.notary.public_line)
    kinds = {r["entry"]: r for r in records}
    assert kinds["complaint"]["text"] == "too many calls"
    assert kinds["complaint_note"]["state"] == "answered"
    assert {"consent", "decision", "result", "revocation"} <= kinds.keys()
    assert (out / f"evidence/{digest.hex()[:12]}-letter.txt").read_bytes() == LETTER
    told = json.loads((out / "case.json").read_text("utf-8"))
    assert (told["case"]["state"], told["person"]["calls"][0]["campaign"]) == ("answered", "checkup")
    assert number(2) not in "".join(f.read_text("utf-8", "replace") for f in out.rglob("*") if f.is_file())
    sums = dict(line.split("  ", 1)[::-1] for line in (out / "SHA256SUMS").read_text().splitlines())
    assert sums == {
        f.relative_to(out).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in out.rglob("*")
        if f.is_file() and f.name not in ("SHA256SUMS", "SHA256SUMS.sig")
    }
    found = verifier.check_bundle(out, site.notary.public_line)
    assert found.unchecked == ["calls.csv", "case.json", "story.txt"]
    every_altered_byte_is_found(out, site.notary.public_line, verifier.check_bundle)
    with psycopg.connect(database_url) as connection:
        noted = connection.execute("SELECT command, entered_by, reason FROM access_log").fetchall()
    assert noted == [("complaint export", "wang", "letter of March")]
    with pytest.raises(InputError, match="not empty"):
        complaint_bundle.write(made, out)


async def test_calls_of_others_come_out_in_the_fields_of_a_complaint_centre(
    store: Store, database_url: str, tmp_path: Path, ruleset: RuleSet
) -> None:
    site, files = Site(store, database_url, tmp_path), KeptFiles.of(tmp_path)
    digest = files.evidence.keep(b"RIFF sound")
    times = ["2026-03-01T09:00:00+08:00", "2026-03-01T19:00:00+08:00"]
    details = {"caller": "+442079460001", "times": times, "category": "loans", "name": "Quick Money"}
    told = complaint(1, evidence=(digest, "call.wav"), details=details)
    case = await open_case(store, ruleset, told, RECEIVED)
    found, _ = await complaints.case_of(store, case)
    assert (found.kind, found.due_at) == (RECEIVED, None)
    made = await complaint_bundle.gather(store, site.notary, files, Clock(), case, entered_by="wang", reason="x")
    rows = list(csv.reader(made.files["calls.csv"].decode("utf-8-sig").splitlines()))
    assert rows[0][2] == "被举报号码 reported number"
    assert [row[3] for row in rows[1:]] == times
    assert {(row[1], row[2], row[4], row[5]) for row in rows[1:]} == {
        (f"'{number(1)}", "'+442079460001", "loans", "Quick Money")
    }
    assert all(row[7] in made.files and row[8] == digest.hex() for row in rows[1:])


async def test_an_open_case_keeps_its_evidence_and_an_erasure_takes_what_was_said(
    store: Store, database_url: str, tmp_path: Path, ruleset: RuleSet
) -> None:
    site, files, clock = Site(store, database_url, tmp_path), KeptFiles.of(tmp_path), Clock()
    digest = files.evidence.keep(LETTER)
    grow_old(tmp_path)
    long_ago = dt.datetime(2005, 1, 1, tzinfo=dt.UTC)
    case = await open_case(store, ruleset, complaint(1, received_at=long_ago, evidence=(digest, "letter.txt")))
    await complaints.note(store, case, CAME, None, "Mr Chen rang again", "li")
    purger = Purger(store, files, ruleset, clock, lambda erasure: sign(erasure, site.notary.key))
    await purger.purge("test")
    assert files.evidence.read(digest) == LETTER, "the case is open"
    gone = await erase_person(store, number(1), Why(clock.real_now(), "x", "y"), lambda e: sign(e, site.notary.key))
    assert gone is not None
    assert gone.evidence == (digest,)
    assert {"complaint", "complaint_note"} <= gone.rows.keys()
    found, notes = await complaints.case_of(store, case)
    assert (found.text, found.details, [n.text for n in notes]) == ("", {}, [""])
    with pytest.raises(InputError, match="erased"):
        await complaint_bundle.gather(store, site.notary, files, clock, case, entered_by="wang", reason="x")
    await site.seal()
    assert (await site.verify()).ok


@pytest.mark.slow
def test_the_commands_open_cases_and_take_stops(tmp_path: Path, database_url: str) -> None:
    """add and import bring a stop, --no-stop does not; list and show mask numbers."""
    project = tmp_path / "p"
    make_project(project)
    first, second, third = number(1), number(2), number(3)
    added = agi_app(project, database_url, "complaint", "add", first, "--text", "stop it", "--source", "e-mail")
    assert added.returncode == 0, added.stderr
    assert "case 1: open, to be answered by" in added.stdout
    assert "will never be called again" in added.stdout
    kept = agi_app(project, database_url, "complaint", "add", second, "--text", "too early", "--no-stop")
    assert "no stop was taken" in kept.stdout
    file = project / "complaints.csv"
    file.write_text(f"number,text,time\n{third},rude,2026-03-01\n12,x,\n{third},,\n", "utf-8")
    imported = agi_app(project, database_url, "complaint", "import", "complaints.csv")
    assert (imported.returncode, "1 case opened, 2 rows rejected" in imported.stdout) == (1, True), imported.stdout
    assert "complaints/text" in imported.stderr
    story = {n: agi_app(project, database_url, "consent", "show", n, "--json").stdout for n in (first, second, third)}
    assert [bool(json.loads(text)["suppression"]) for text in story.values()] == [True, False, True]
    listed = agi_app(project, database_url, "complaint", "list", "--json")
    assert [(c["case"], c["state"]) for c in json.loads(listed.stdout)] == [(3, "open"), (1, "open"), (2, "open")]
    assert first not in listed.stdout
    received = agi_app(
        project, database_url, "complaint", "received", "anonymous", "--on", first, "--text", "loans",
        "--time", "2026-03-01T09:00:00+08:00",
    )  # fmt: skip
    assert "case 4: 1 call to" in received.stdout, received.stderr
    noted = agi_app(project, database_url, "complaint", "note", "1", "wrote back", "--state", "closed")
    assert noted.stdout == "case 1: closed\n"
    exported = agi_app(project, database_url, "complaint", "export", "1", "--output", "case-1", "--language", "zh")
    assert exported.returncode == 0, exported.stderr
    key = agi_app(project, database_url, "audit", "key").stdout.strip()
    check = [sys.executable, "-I", "-S", "verify.py", "proof.json", "--key", key]
    assert subprocess.run(check, cwd=project / "case-1", check=False).returncode == 0
    check[4] = "."
    done = subprocess.run(check, cwd=project / "case-1", check=False, capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1] == "NOT CHECKED: calls.csv, case.json, story.txt"


@pytest.mark.slow
def test_a_stop_is_kept_while_the_database_is_away(tmp_path: Path) -> None:
    """The case is not; the command says both."""
    project = tmp_path / "p"
    make_project(project)
    done = agi_app(project, "postgresql://agi_app@127.0.0.1:1/x", "complaint", "add", number(1), "--text", "stop it")
    assert (done.returncode, "safe in the journal, but no case" in done.stderr) == (2, True), done.stderr
    assert len((project / "var" / "refusals.jsonl").read_text("utf-8").splitlines()) == 1


@pytest.mark.slow
def test_a_complaint_is_taken_in_spite_of_other_faults_and_a_day_is_over_at_its_end(
    tmp_path: Path, database_url: str
) -> None:
    """A wrong trunk keeps nobody from complaining; of a day alone the refusal counts as said at its end."""
    project = tmp_path / "p"
    make_project(project)
    settings = project / "agi-app.toml"
    settings.write_text(settings.read_text("utf-8") + "\n[trunks.b]\nendpoint = 7\n", "utf-8")
    first, second = number(1), number(2)
    (project / "complaints.csv").write_text(f"number,text,time\n{second},rude,2026-03-01\n", "utf-8")
    for words in (
        ("add", first, "--text", "stop it", "--at", "2026-03-01"),
        ("import", "complaints.csv"),
    ):
        done = agi_app(project, database_url, "complaint", *words)
        assert done.returncode == 0, done.stderr
        assert "this command does not need what has that fault" in done.stderr
    with psycopg.connect(database_url) as connection:
        stops = connection.execute("SELECT at FROM suppression ORDER BY 1").fetchall()
        cases = connection.execute("SELECT received_at FROM complaint ORDER BY 1").fetchall()
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    assert [at for (at,) in stops] == [start + dt.timedelta(hours=36)] * 2
    assert [at for (at,) in cases] == [start] * 2
