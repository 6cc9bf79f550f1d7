"""Reports by requests: made for who shows a token, sent as they were written, and no whole number leaves the node."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Never

import aiohttp
import psycopg
import pytest

from agi_app.api.resources import jobs as resource
from agi_app.api.routes import BASE
from agi_app.audit.standalone_verifier import CannotSay, NotGenuine, check_proof_file, root_from_inclusion
from agi_app.model.actors import Role, Scope
from agi_app.operations.people import consents
from agi_app.operations.reporting import job_files, jobs
from agi_app.operations.reporting.calls import CallsRequest
from agi_app.operations.reporting.table_requests import TableFormat
from agi_app.operations.service import audit
from agi_app.store.database import service_rights
from tests.api.site import CAMPAIGN, Json, Site, report_of, token_of
from tests.api.test_writing import sent
from tests.store.world import number

pytestmark = pytest.mark.postgres
DAYS = {"since": "2020-01-01", "until": "2100-01-01"}


def made(site: Site) -> jobs.JobRow | None:
    return site.run(jobs.run_next)


def shared(site: Site) -> list[Path]:
    return [file for file in (site.inst.settings.console_folder / "reports").rglob("*") if file.is_file()]


def private(site: Site) -> list[Path]:
    return [file for file in (site.inst.settings.data / "reports").rglob("*") if file.is_file()]


async def got(http: aiohttp.ClientSession, site: Site, path: str, role: Role = Role.VIEWER) -> tuple[int, bytes]:
    async with http.get(BASE + path, headers=site.headers(role)) as answer:
        return answer.status, await answer.read()


async def deleted(http: aiohttp.ClientSession, site: Site, job: int, role: Role) -> tuple[int, bytes]:
    headers = site.headers(role) | {"If-Match": "*"}
    async with http.delete(f"{BASE}/jobs/{job}", headers=headers) as answer:
        return answer.status, await answer.read()


async def test_a_report_is_asked_for_made_and_sent_by_requests(http: aiohttp.ClientSession, site: Site) -> None:
    status, asked = await sent(http, site, {**DAYS, "format": "csv"}, Role.VIEWER, path="/exports")
    assert status == 202
    path = f"/jobs/{asked['job']}"
    status, problem = await got(http, site, path + "/file")
    assert (status, json.loads(problem)["type"]) == (409, "urn:agi-app:no_file")
    await asyncio.to_thread(made, site)
    told = json.loads((await got(http, site, path))[1])
    assert (told["state"], told["asked_by"], told["rows"]) == ("done", "the-viewer", 1)
    async with http.get(f"{BASE}{path}/file", headers=site.headers(Role.VIEWER)) as answer:
        sent_file = await answer.read()
        assert answer.status == 200
        assert answer.headers["Content-Disposition"] == f'attachment; filename="calls-{asked["job"]}.csv"'
        assert answer.headers["Cache-Control"] == "no-store"
    assert hashlib.sha256(sent_file).hexdigest() == told["sha256"]
    assert CAMPAIGN.encode() in sent_file
    assert number(1).encode() not in sent_file
    noted = "SELECT count(*) FROM action WHERE verb = 'job fetch' AND account = 'the-viewer' AND object = %(job)s"
    assert site.run(lambda inst: inst.store.value(int, noted, {"job": str(asked["job"])})) == 2  # with the first look


async def test_whole_numbers_stay_on_the_node(http: aiohttp.ClientSession, site: Site) -> None:
    whole = {**DAYS, "format": "csv", "whole_numbers": True, "reason": "complaint 7"}
    assert (await sent(http, site, whole, Role.VIEWER, path="/exports"))[0] == 403
    assert (await sent(http, site, {**whole, "reason": None}, Role.COMPLIANCE, path="/exports"))[0] == 422
    status, asked = await sent(http, site, whole, Role.COMPLIANCE, path="/exports")
    assert status == 202
    before = shared(site)
    done = await asyncio.to_thread(made, site)
    assert done is not None
    assert done.state == "done"
    assert shared(site) == before
    (file,) = private(site)
    assert number(1).encode() in file.read_bytes()
    assert file.stat().st_mode & 0o77 == 0
    status, problem = await got(http, site, f"/jobs/{asked['job']}/file", Role.COMPLIANCE)
    told = json.loads(problem)
    assert (status, told["command"]) == (409, f"agi-app report job {asked['job']} --output FILE")
    seen = "SELECT count(*) FROM access_log WHERE reason = 'complaint 7' AND entered_by = 'the-compliance'"
    assert site.run(lambda inst: inst.store.value(int, seen)) == 1
    noted = (
        "SELECT string_agg(verb, ', ' ORDER BY action_id) FROM action"
        " WHERE reason = 'complaint 7' AND object LIKE '%, whole numbers'"
    )
    assert site.run(lambda inst: inst.store.value(str, noted)) == "job ask, calls.export"
    copy = site.inst.settings.data / "fetched.csv"
    await asyncio.to_thread(site.run, lambda inst: jobs.fetch(inst, asked["job"], copy))
    assert copy.read_bytes() == file.read_bytes()


async def test_a_report_of_others_is_not_sent_or_deleted(http: aiohttp.ClientSession, site: Site) -> None:
    job = await asyncio.to_thread(site.run, lambda inst: report_of(site, inst, Role.OPERATOR))
    for path in (f"/jobs/{job}", f"/jobs/{job}/file"):
        assert (await got(http, site, path))[0] == 403
        assert (await got(http, site, path, Role.OPERATOR))[0] == 200
    assert (await deleted(http, site, job, Role.VIEWER))[0] == 403
    assert (await got(http, site, f"/jobs/{job}/file", Role.OPERATOR))[0] == 200


async def test_a_file_that_is_not_what_was_written_is_not_sent(http: aiohttp.ClientSession, site: Site) -> None:
    job = await asyncio.to_thread(site.run, lambda inst: report_of(site, inst, Role.OPERATOR))
    row = (await asyncio.to_thread(site.run, lambda inst: jobs.jobs(inst, job)))[0]
    assert row.file is not None
    file = job_files.shared(site.inst.settings, row.file)
    file.write_bytes(file.read_bytes() + b" ")
    status, problem = await got(http, site, f"/jobs/{job}/file", Role.OPERATOR)
    assert (status, json.loads(problem)["type"]) == (409, "urn:agi-app:no_file")
    file.unlink()
    assert (await got(http, site, f"/jobs/{job}/file", Role.OPERATOR))[0] == 409


async def test_a_report_is_deleted_with_its_file_if_it_was_asked_for_here(
    http: aiohttp.ClientSession, site: Site
) -> None:
    job = await asyncio.to_thread(site.run, lambda inst: report_of(site, inst, Role.OPERATOR))
    assert any(file.parent.name.startswith(f"{job}-") for file in shared(site))
    assert await deleted(http, site, job, Role.OPERATOR) == (204, b"")
    await asyncio.to_thread(site.run, jobs.remove_expired)
    assert not any(file.parent.name.startswith(f"{job}-") for file in shared(site))
    assert (await deleted(http, site, job, Role.OPERATOR))[0] == 404
    days = CallsRequest(dt.date(2020, 1, 1), dt.date(2100, 1, 1))
    ours = await asyncio.to_thread(site.run, lambda inst: jobs.ask(inst, days, TableFormat.CSV))
    status, problem = await deleted(http, site, ours, Role.COMPLIANCE)
    assert (status, json.loads(problem)["command"]) == (409, f"agi-app report job {ours} --delete")
    await asyncio.to_thread(site.run, lambda inst: jobs.delete(inst, ours))


async def test_which_calls_went_where_is_one_request(http: aiohttp.ClientSession, site: Site) -> None:
    async def run() -> None:
        while not await asyncio.to_thread(made, site):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    running = asyncio.create_task(run())
    wanted = {**DAYS, "zone": "Asia/Shanghai", "regions": ["Beijing"]}
    status, found = await sent(http, site, wanted, Role.VIEWER, path="/exports/rows")
    await running
    assert (status, found["state"], found["rows"]) == (200, "done", len(found["data"]))
    assert {(row["what"], row["country"], row["number"]) for row in found["data"]} == {("call", "CN", "+99986…01")}
    assert {(row["place"], bool(row["consent_words"])) for row in found["data"]} == {("Beijing", True)}
    assert {row["rule_set"] for row in found["data"]} != {""}
    running = asyncio.create_task(run())
    _, none = await sent(http, site, {**wanted, "regions": ["Sichuan"]}, Role.VIEWER, path="/exports/rows")
    await running
    assert (none["state"], none["data"]) == ("done", [])
    assert (await got(http, site, f"/jobs/{found['job']}/file"))[0] == 200


async def test_rows_that_nobody_makes_are_left_as_a_job(
    http: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "PATIENCE_S", 0.2)
    status, found = await sent(http, site, DAYS, Role.VIEWER, path="/exports/rows")
    assert (status, found["state"], found["data"]) == (200, "waiting", [])
    await asyncio.to_thread(made, site)
    assert (await got(http, site, f"/jobs/{found['job']}/file"))[0] == 200
    late = {"since": "2020-01-01", "until": "9999-12-31"}
    assert (await sent(http, site, late, Role.VIEWER, path="/exports/rows"))[0] == 422


@pytest.mark.attack("a report, also with whole numbers, asked for by a taken-over service as somebody who is away")
async def test_a_name_without_its_token_gets_no_report(site: Site) -> None:
    whole = json.dumps({**DAYS, "whole_numbers": True, "reason": "made up"})
    viewer = site.tokens[Role.VIEWER].encode()
    url = psycopg.conninfo.make_conninfo(site.inst.settings.database_url, user=service_rights.CONSOLE.name)
    with psycopg.connect(url, autocommit=True) as connection:
        for sealed in (None, b"agia_12345678_made-up_0000", viewer):
            for parameters in (whole, json.dumps(DAYS)):
                connection.execute("SELECT ask_job('calls', %s, 'csv', 'the-compliance', %s)", [parameters, sealed])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT sealed FROM job")
    before = (shared(site), private(site))
    looks = site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM access_log"))
    for _ in range(6):
        done = made(site)
        assert done is not None
        assert done.state == "failed"
        assert "token" in str(done.error)
    assert (shared(site), private(site)) == before
    assert site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM access_log")) == looks
    assert site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM job WHERE sealed IS NOT NULL")) == 0


@pytest.mark.attack("what the service asks for ends the process that makes reports")
def test_a_report_that_there_is_not_ends_nothing(site: Site) -> None:
    token = site.tokens[Role.COMPLIANCE].encode()
    wrong = [
        ("calls", "{}", "csv"),
        ("../../x", json.dumps(DAYS), "csv"),
        ("calls", json.dumps(DAYS), "../csv"),
        ("calls", json.dumps({**DAYS, "zone": "../../etc/passwd"}), "csv"),
        ("calls", json.dumps({**DAYS, "language": "xx", "refused": True}), "csv"),
        ("quarter", json.dumps({"name": "0000Q9"}), "csv"),
        ("handout", "[]", "zip"),
    ]
    query = "SELECT ask_job(%(kind)s, %(parameters)s::jsonb, %(format)s, 'the-compliance', %(token)s)"
    for kind, parameters, form in wrong:
        values = {"kind": kind, "parameters": parameters, "format": form, "token": token}
        site.run(lambda inst, values=values: inst.store.execute(query, values))  # type: ignore[misc]
    states = [made(site) for _ in wrong]
    assert all(one is not None and one.state in ("failed", "done") for one in states)
    assert [one.kind for one in states if one is not None and one.state == "done"] in ([], ["calls"])
    assert made(site) is None


def test_a_fault_of_ours_in_a_report_ends_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fault(*_: object) -> Never:
        raise KeyError("what nobody thought of")

    broken = {**jobs.KINDS, "calls": dataclasses.replace(jobs.KINDS["calls"], write=fault)}
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "KINDS", broken)
        site.run(lambda inst: report_of(site, inst))
    newest = site.run(jobs.jobs)[0]
    assert newest.state == "failed"
    assert str(newest.error).startswith("a fault of agi-app: ")
    assert "nobody thought" not in str(newest.error)


async def test_a_narrow_or_ended_token_makes_no_report(http: aiohttp.ClientSession, site: Site) -> None:
    narrow = site.run(lambda inst: token_of(inst, Role.COMPLIANCE, Scope.EXPORTS_MASKED))
    whole = {**DAYS, "whole_numbers": True, "reason": "complaint 7"}
    headers = {"Authorization": f"Bearer {narrow}"}
    async with http.post(f"{BASE}/exports", json=whole, headers=headers) as answer:
        assert answer.status == 403
    async with http.post(f"{BASE}/exports", json=DAYS, headers=headers) as answer:
        assert answer.status == 202
    end = f"UPDATE api_token SET ended_at = now() WHERE token_id = '{narrow.split('_')[1]}'"
    await asyncio.to_thread(site.run, lambda inst: inst.store.execute(end))
    done = await asyncio.to_thread(made, site)
    assert done is not None
    assert done.state == "failed"


async def test_the_export_for_an_outsider_is_made_and_stays(http: aiohttp.ClientSession, site: Site) -> None:
    status, asked = await sent(http, site, {}, Role.COMPLIANCE, path="/exports/handouts")
    assert status == 202
    done = await asyncio.to_thread(made, site)
    assert done is not None
    assert (done.state, done.error, done.format) == ("done", None, "zip")
    assert not any(file.suffix == ".zip" for file in shared(site))
    status, problem = await got(http, site, f"/jobs/{asked['job']}/file", Role.COMPLIANCE)
    assert (status, json.loads(problem)["command"]) == (409, f"agi-app report job {asked['job']} --output FILE")
    (packed,) = [file for file in private(site) if file.suffix == ".zip"]
    assert hashlib.sha256(packed.read_bytes()).hexdigest() == done.sha256


async def test_who_imported_a_file(http: aiohttp.ClientSession, site: Site) -> None:
    query = """INSERT INTO import_file (kind, name, sha256, rows, rejected, account, os_user, at)
        VALUES ('consents', 'november.csv', sha256('x'), 3, 0, 'root', 'root', '2026-11-02')"""
    await asyncio.to_thread(site.run, lambda inst: inst.store.execute(query))
    status, raw = await got(http, site, "/reports/imports?kind=consents&since=2026-11-01&until=2026-11-03")
    found: Json = json.loads(raw)
    (row,) = found["data"]
    assert (status, found["complete"]) == (200, True)
    assert (row["name"], row["account"], row["sha256"], row["rows"]) == (
        "november.csv",
        "root",
        hashlib.sha256(b"x").hexdigest(),
        3,
    )
    assert json.loads((await got(http, site, "/reports/imports?kind=stops"))[1])["data"] == []
    assert (await got(http, site, "/reports/imports?until=9999-12-31"))[0] == 422


async def test_one_row_is_proved_without_its_nonce(http: aiohttp.ClientSession, site: Site) -> None:
    headers = site.headers(Role.COMPLIANCE)
    async with http.get(f"{BASE}/audit/checkpoint", headers=headers) as answer:
        signed = await answer.json()
    assert signed["message"].count(signed["note"].splitlines()[2]) == 1
    status, proof = await sent(http, site, {"kind": "consent", "row": 1}, Role.COMPLIANCE, path="/audit/proof")
    assert (status, proof["checkpoint"]) == (200, signed)
    path = [bytes.fromhex(step) for step in proof["path"]]
    root = root_from_inclusion(bytes.fromhex(proof["hash"]), proof["leaf"], signed["size"], path)
    assert base64.b64encode(root).decode() == signed["note"].splitlines()[2]
    nonce = site.run(lambda inst: inst.store.value(bytes, f"SELECT nonce FROM audit_leaf WHERE leaf = {proof['leaf']}"))
    assert nonce is not None
    assert bytes(nonce).hex() not in json.dumps(proof)
    other = {"kind": "consent", "row": 999_999}
    assert (await sent(http, site, other, Role.COMPLIANCE, path="/audit/proof"))[0] == 422


async def test_an_outsider_checks_by_one_answer_that_nothing_changed_since(
    http: aiohttp.ClientSession, site: Site
) -> None:
    """With the verifier that needs Python alone. Another checkpoint than was signed, or other hashes: not genuine."""
    monday = json.loads((await got(http, site, "/audit/checkpoint", Role.COMPLIANCE))[1])
    for turn in range(3):
        label = f"since-monday/{turn}"
        await asyncio.to_thread(
            site.run, lambda inst, label=label: consents.add_wording(inst, label, f"I agree, {label}.")
        )
    await asyncio.to_thread(site.run, audit.checkpoint)
    status, raw = await got(http, site, f"/audit/consistency?since={monday['size']}", Role.COMPLIANCE)
    answer = json.loads(raw)
    assert (status, answer["checkpoint"]["size"] >= monday["size"] + 3) == (200, True)
    found = check_proof_file(raw, monday["public_key"], monday["message"])
    assert f"({monday['size']} entries)" in found.text
    forged = monday["message"].replace(f"\n{monday['size']}\n", f"\n{monday['size'] - 1}\n")
    wrong = json.dumps(answer | {"path": [*answer["path"][:-1], "00" * 32]})
    for text, since in ((wrong.encode(), monday), (raw, monday | {"message": forged})):
        with pytest.raises(NotGenuine):
            check_proof_file(text, monday["public_key"], since["message"])
    with pytest.raises(CannotSay):
        check_proof_file(raw, monday["public_key"], None)
    assert (await got(http, site, "/audit/consistency?since=999999", Role.COMPLIANCE))[0] == 422
    assert b"nonce" not in raw
