"""``scripts/fuzz api``: generated requests as each role to a real console, beside campaigns that dial on an Asterisk.

All answers are held against the API's document; all INVITEs that the carrier saw, against the consents and stops.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from sandbox.capture import Capture
from sandbox.errors import SandboxError
from sandbox.root import ensure_root, ensure_tools
from sandbox.watchdog import invites, read_ledger, unexplained
from tests.api.generated import NEED_FILES
from tests.fuzz import api_client, api_judge
from tests.fuzz.api_campaigns import Campaigns
from tests.fuzz.api_client import Share, ShareTried
from tests.fuzz.api_stage import Stage, stage

CLIENTS = 2
SHOWN = 40  # faults
CALLS_END_S = 60.0
FLUSH_S = 1.0  # of the capture
_DONE = """
SELECT k.kind || ' ' || k.verb || ' ' || coalesce(a.state, 'waiting'), count(*)
FROM ask k LEFT JOIN ask_answer a USING (ask_id) GROUP BY 1
UNION ALL SELECT 'delivery ' || state, count(*) FROM webhook_delivery GROUP BY 1 ORDER BY 1
"""
_DIALLED = "SELECT count(*) FROM attempt WHERE dialled AND trunk = 'sandbox'"
_OPEN = "SELECT count(*) FROM attempt WHERE state IN ('claimed', 'dialling') AND trunk = 'sandbox'"


def run(cases: int, seed: int, only: int | None) -> int:
    """Exit status 1 when an answer, or a call, was not as it has to be, or an operation never succeeded."""
    if only is not None:
        print("api: --only is not known here; the same --seed makes the same requests", file=sys.stderr)
        return 2
    os.environ.pop("DATABASE_URL", None)  # the project has a database of its own
    try:
        ensure_tools(_say)
        root = ensure_root(_say)
        record, faults = asyncio.run(_beside(root, Path(tempfile.mkdtemp(prefix="agi-app-fuzz-")), cases, seed))
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for fault in faults[:SHOWN]:
        print(fault, file=sys.stderr)
    print(json.dumps(record, ensure_ascii=False, indent=2))
    return 1 if faults else 0


async def _beside(root: Path, folder: Path, cases: int, seed: int) -> tuple[dict[str, Any], list[str]]:
    with Capture(folder / "invites.pcap", invites=True) as seen:
        async with stage(root, folder) as ready:
            _say(f"logs and captures: {folder}")
            campaigns = Campaigns(ready.site, ready.project, folder / "there.json", ready.receiver)
            await campaigns.tell()
            began = time.monotonic()
            with ready.processes():
                done = await _ask(ready, campaigns, folder / "there.json", cases, seed)
                took = time.monotonic() - began
                await _calls_end(ready)
            await asyncio.sleep(FLUSH_S)
            record, faults = _answers(done, took, NEED_FILES - campaigns.saved)
            called, more = _calls(ready, seen.file, campaigns, done)
            return {**record, **called}, [*faults, *more]


async def _ask(ready: Stage, campaigns: Campaigns, there: Path, cases: int, seed: int) -> ShareTried:
    """The clients ask, each in a process of its own, while campaigns dial."""
    done, made, over = ShareTried(), Counter[int](), asyncio.Event()

    async def client(number: int) -> None:
        drafts = {kind: text.decode() for kind, text in ready.site.drafts.items()}
        exists = str(there), ready.named, drafts
        share = Share(ready.site.url, ready.tokens, *exists, -(-cases // CLIENTS), seed, number, CLIENTS)
        argv = [sys.executable, "-m", api_client.__name__, api_client.as_argument(share)]
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE, limit=2**30)
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                told = json.loads(line)
                if "cases" in told:
                    made[number] = told["cases"]
                    print(f"\r{made.total()} requests, {campaigns.made} campaigns", end="", file=sys.stderr, flush=True)
                else:
                    done.take(told)
            if await process.wait():
                raise SandboxError(f"a client ended with {process.returncode}")
        finally:
            if process.returncode is None:
                process.kill()

    async with aiohttp.ClientSession(base_url=ready.site.url) as http, asyncio.TaskGroup() as group:
        calling = group.create_task(campaigns.run(http, over))
        asking = [group.create_task(client(number)) for number in range(CLIENTS)]
        await asyncio.gather(*asking)
        over.set()
        await calling
    print(file=sys.stderr)
    return done


async def _calls_end(ready: Stage) -> None:
    """Nobody new is called; those who are have time to end."""
    until = time.monotonic() + CALLS_END_S
    await ready.site.inst.store.execute("UPDATE campaign SET state = 'paused' WHERE state = 'running'")
    while await ready.site.inst.store.value(int, _OPEN) and time.monotonic() < until:  # noqa: ASYNC110 - others' rows
        await asyncio.sleep(1.0)


def _answers(done: ShareTried, took: float, never_saved: set[str]) -> tuple[dict[str, Any], list[str]]:
    tried, by_status = done.tried, Counter[int]()
    never = sorted({*tried.never_done, *never_saved})
    for (_, status), number in tried.statuses.items():
        by_status[status] += number
    errors = sum(number for status, number in by_status.items() if status >= 500)
    record = {
        "cases": tried.cases,
        "cases_a_second": round(tried.cases / took, 1),
        "share_2xx": round(tried.share(200, 300), 3),
        "statuses": {str(status): number for status, number in sorted(by_status.items())},
        "operations": len({name for name, _ in tried.statuses}),
        "operations_never_2xx": never,
        "deviations": len(tried.faults),
        "answers_5xx": errors,
    }
    faults = [*tried.faults, *(f"{name}: no request succeeded" for name in never)]
    return record, faults + [f"{errors} answers of 5xx"] * bool(errors)


def _calls(ready: Stage, seen: Path, campaigns: Campaigns, done: ShareTried) -> tuple[dict[str, Any], list[str]]:
    data, calls = ready.project / "var", ready.world.capture.calls()
    left = invites(seen, {asterisk.sip_port for asterisk in ready.world.asterisks})
    ledger = read_ledger(ready.database_url, data)
    without_mark = unexplained(left, ledger, {ready.world.desk.port} if ready.world.desk else ())
    papers = api_judge.read(ready.database_url, bytes.fromhex((data / "suppression.key").read_text().strip()))
    answered: dict[str, float] = {}
    for number, at in done.stops:
        answered[number] = min(at, answered.get(number, at))
    inst = ready.site.inst
    judged = api_judge.judge(calls, papers, campaigns.purposes, answered, inst.clock.now() - inst.clock.real_now())
    with psycopg.connect(ready.database_url) as connection:
        (dialled,) = connection.execute(_DIALLED).fetchone() or (0,)
        record = {
            "campaigns": campaigns.made,
            "invites": len(calls),
            "attempts_dialled": dialled,
            "invites_to_own_telephones": judged.own,
            "invites_without_consent": len(judged.without_consent),
            "invites_after_stop": len(judged.after_stop),
            "invites_without_mark": len(without_mark),
            "stops_by_request": len(answered),
            "asks": dict(connection.execute(_DONE).fetchall()),
        }
    faults = [*judged.without_consent, *judged.after_stop, *without_mark]
    if not calls or len(calls) - judged.own != dialled:
        faults.append(f"the carrier saw {len(calls)} INVITEs, the database has {dialled} calls that were dialled")
    return record, faults


def _say(line: str) -> None:
    print(line, file=sys.stderr)
