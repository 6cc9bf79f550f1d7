"""Recordings by the API: listed without numbers, heard by who asked alone, for a while, and never after an erasure."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import io
import os
import stat
import wave
from pathlib import Path

import aiohttp
import pytest

from agi_app.api.routes import BASE
from agi_app.installation import Installation
from agi_app.model.actors import Role, Scope
from agi_app.model.call import CallResult, Outcome
from agi_app.operations.calling import listening
from agi_app.operations.people import erasure
from agi_app.recordings.copies import KEPT, Copies
from agi_app.recordings.files import RecordingFiles
from agi_app.store.people.access_log import log_access
from agi_app.store.requested_calls.asks import OpenAsk
from tests.api.site import CAMPAIGN, Json, Site, answer_asks, token_of
from tests.api.test_writing import rows, sent
from tests.store.world import World, campaign, number

pytestmark = pytest.mark.postgres
WHY = {"reason": "complaint 7"}


async def recorded(inst: Installation, n: int) -> int:
    """The message that a person left in a call; the number of its recording."""
    sound = await asyncio.to_thread(
        RecordingFiles(inst.settings.data).keep_call, "message", "message", bytes(1600) * 10
    )
    world = World(inst.store)
    claim = await world.claim_one(await world.running(campaign("recorded"), [n]))
    await world.call(claim, CallResult(Outcome.ANSWERED, answers={"message": "recorded"}, recordings=(sound,)))
    return await inst.store.value(int, "SELECT max(recording_id)::integer FROM recording") or 0


def kept(site: Site, n: int) -> int:
    """A recording of the n-th person."""
    return site.run(lambda inst: recorded(inst, n))


def copies(site: Site) -> list[Path]:
    return sorted((site.inst.settings.console_folder / "recordings").glob("*"))


async def shown(
    http: aiohttp.ClientSession, site: Site, path: str, role: Role = Role.SUPERVISOR, token: str = ""
) -> tuple[int, Json]:
    headers = {"Authorization": f"Bearer {token}"} if token else site.headers(role)
    async with http.get(BASE + path, headers=headers) as answer:
        found: Json = await answer.json(content_type=None)
        return answer.status, found


async def sound(http: aiohttp.ClientSession, site: Site, ask: int, role: Role = Role.SUPERVISOR) -> tuple[int, bytes]:
    async with http.get(f"{BASE}/recordings/asks/{ask}/sound", headers=site.headers(role)) as answer:
        if answer.status == 200:
            assert answer.content_type == "audio/wav"
            assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.read()


async def asked(http: aiohttp.ClientSession, site: Site, recording: int, *, work: bool = True) -> int:
    status, made = await sent(http, site, WHY, Role.SUPERVISOR, f"/recordings/{recording}/listen")
    assert status == 202
    if work:
        site.run(lambda inst: answer_asks(inst, after=made["ask"] - 1))
    return int(made["ask"])


async def test_a_recording_is_heard_once_it_is_noted_who_listens(http: aiohttp.ClientSession, site: Site) -> None:
    recording = kept(site, 401)
    ask = await asked(http, site, recording, work=False)
    assert (await sound(http, site, ask))[0] == 409
    assert (copies(site), rows(site, "SELECT count(*) FROM access_log WHERE command LIKE 'recording%'")) == ([], 0)
    site.run(lambda inst: answer_asks(inst, after=ask - 1))
    _, found = await shown(http, site, f"/recordings/asks/{ask}")
    assert (found["state"], found["recording"], found["reason"]) == ("done", recording, "complaint 7")
    until = dt.datetime.fromisoformat(found["until"]) - dt.datetime.fromisoformat(found["answered_at"])
    assert until == KEPT == dt.timedelta(minutes=15)
    status, content = await sound(http, site, ask)
    assert status == 200
    with wave.open(io.BytesIO(content)) as heard:
        assert (heard.getframerate(), heard.readframes(heard.getnframes())) == (8000, bytes(16000))
    noted = "SELECT count(*) FROM access_log WHERE command = 'recording listen {}' AND entered_by = 'the-supervisor'"
    assert rows(site, noted.format(recording) + " AND reason = 'complaint 7' AND person_ids <> '{}'") == 1
    assert rows(site, f"SELECT count(*) FROM action WHERE verb = 'recording sound' AND object = '{ask}'") == 2
    assert rows(site, f"SELECT count(*) FROM ask_answer WHERE ask_id = {ask} AND answer <> '{{}}'") == 0


async def test_nothing_is_copied_before_the_look_is_noted(
    http: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, before = kept(site, 402), copies(site)

    async def away(*given: object) -> None:
        raise OSError("the note was not kept")

    monkeypatch.setattr(listening, "log_access", away)
    ask = await asked(http, site, recording)
    assert (await shown(http, site, f"/recordings/asks/{ask}"))[1]["state"] == "refused"
    assert copies(site) == before
    monkeypatch.setattr(listening, "log_access", log_access)

    async def fails(inst: Installation, ask: OpenAsk, prepared: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(listening, "do", fails)
    ask = await asked(http, site, recording)
    assert copies(site) == before
    query = f"SELECT count(*) FROM access_log WHERE command = 'recording listen {recording}'"
    assert rows(site, query) == 1  # what follows cannot undo it


async def test_only_who_asked_hears_it(http: aiohttp.ClientSession, site: Site) -> None:
    ask = await asked(http, site, kept(site, 403))
    assert (await sound(http, site, ask))[0] == 200
    assert (await sound(http, site, ask, Role.COMPLIANCE))[0] == 404
    assert (await shown(http, site, f"/recordings/asks/{ask}", Role.COMPLIANCE))[0] == 404
    for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN, Role.AGENT):
        assert (await sound(http, site, ask, role))[0] == 403
        assert (await sent(http, site, WHY, role, "/recordings/1/listen"))[0] == 403
    assert (await shown(http, site, "/recordings/asks/1"))[0] == 404  # an ask about a campaign
    assert (await shown(http, site, f"/asks/{ask}"))[0] == 404  # nor is it shown as one of those


async def test_a_copy_is_there_for_a_quarter_of_an_hour(http: aiohttp.ClientSession, site: Site) -> None:
    ask = await asked(http, site, kept(site, 404))
    (copy,) = (file for file in copies(site) if file.name.startswith(f"{ask}-"))
    half = copy.with_name(".0123.part")
    half.write_bytes(b"RIFF")
    shared, now = Copies(site.inst.settings.console_folder), dt.datetime.now(dt.UTC)
    shared.remove_old(now + KEPT - dt.timedelta(minutes=1))
    assert copy.exists()
    query = "UPDATE ask_answer SET answered_at = answered_at - interval '16 min' WHERE ask_id = {}"
    site.run(lambda inst: _unguarded(inst, query.format(ask)))
    status, problem = await sound(http, site, ask)
    assert (status, b"quarter of an hour" in problem) == (409, True)
    shared.remove_old(now + KEPT + dt.timedelta(minutes=1))
    assert not copy.exists()
    assert not half.exists()


async def _unguarded(inst: Installation, query: str) -> None:
    async with inst.store.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(query.encode())


async def test_an_erasure_removes_the_copy_and_ends_what_was_asked(http: aiohttp.ClientSession, site: Site) -> None:
    recording = kept(site, 405)
    ask, later = await asked(http, site, recording), await asked(http, site, recording, work=False)
    (copy,) = (file for file in copies(site) if file.name.startswith(f"{ask}-"))
    content = copy.read_bytes()
    site.run(lambda inst: erasure.erase(inst, number(405), reason="a letter"))
    assert not copy.exists()
    copy.write_bytes(content)  # even if it lay there still
    status, problem = await sound(http, site, ask)
    assert (status, b"was erased" in problem) == (409, True)
    copy.unlink()
    site.run(lambda inst: answer_asks(inst, after=later - 1))
    _, found = await shown(http, site, f"/recordings/asks/{later}")
    assert (found["state"], found["until"]) == ("refused", None)
    assert "was erased" in found["told"]
    status, refused = await sent(http, site, WHY, Role.SUPERVISOR, f"/recordings/{recording}/listen")
    assert (status, refused["type"]) == (409, "urn:agi-app:no_file")
    assert [file for file in copies(site) if file.name.startswith((f"{ask}-", f"{later}-"))] == []
    _, page = await shown(http, site, "/recordings?campaign=recorded")
    assert next(row for row in page["data"] if row["recording_id"] == recording)["erased_at"] is not None


async def test_an_erasure_that_was_asked_for_removes_the_copy_with_the_files(
    http: aiohttp.ClientSession, site: Site
) -> None:
    ask = await asked(http, site, kept(site, 415))
    (copy,) = (file for file in copies(site) if file.name.startswith(f"{ask}-"))

    async def rows_first(inst: Installation) -> erasure.LeftFiles:
        return (await erasure.erase_rows(inst, number(415), reason="a letter"))[1]

    left = site.run(rows_first)
    assert copy.exists()
    assert (await sound(http, site, ask))[0] == 409  # at once
    site.run(lambda inst: erasure.remove_left(inst.settings, inst.store, left))
    assert not copy.exists()


async def test_a_worker_that_read_it_before_an_erasure_writes_no_copy(http: aiohttp.ClientSession, site: Site) -> None:
    recording, before = kept(site, 406), copies(site)
    ask = OpenAsk(
        9999,
        "recording",
        "listen",
        str(recording),
        {},
        "",
        None,
        "api",
        None,
        None,
        "why",
        dt.datetime.now(dt.UTC),
        None,
        None,
    )
    read = site.run(lambda inst: listening.prepare(inst, ask))
    site.run(lambda inst: erasure.erase(inst, number(406), reason="a letter"))
    with pytest.raises(listening.NoSound, match="erased"):
        site.run(lambda inst: listening.do(inst, ask, read))
    assert copies(site) == before


async def test_a_copy_that_was_changed_or_taken_away_is_not_sent(http: aiohttp.ClientSession, site: Site) -> None:
    ask = await asked(http, site, kept(site, 407))
    (copy,) = (file for file in copies(site) if file.name.startswith(f"{ask}-"))
    content = copy.read_bytes()
    copy.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert (await sound(http, site, ask))[0] == 409
    copy.unlink()
    status, problem = await sound(http, site, ask)
    assert (status, b"not where the console may read it" in problem) == (409, True)


async def test_a_recording_whose_file_is_gone_is_refused_with_the_reason(
    http: aiohttp.ClientSession, site: Site
) -> None:
    recording = kept(site, 408)
    query = f"SELECT encode(sha256, 'hex') FROM recording WHERE recording_id = {recording}"
    name = site.run(lambda inst: inst.store.value(str, query))
    next((site.inst.settings.data / "recordings").rglob(f"{name}.enc")).unlink()
    ask = await asked(http, site, recording)
    _, found = await shown(http, site, f"/recordings/asks/{ask}")
    assert (found["state"], f"the file of recording {recording} is missing" in found["told"]) == ("refused", True)
    assert (await sound(http, site, ask))[0] == 409
    assert (await sent(http, site, WHY, Role.SUPERVISOR, "/recordings/99999/listen"))[0] == 404


async def test_no_worker_copies_for_a_token_that_has_ended_or_without_one(
    http: aiohttp.ClientSession, site: Site
) -> None:
    recording, before = kept(site, 409), copies(site)
    token = site.run(lambda inst: token_of(inst, Role.SUPERVISOR, Scope.RECORDINGS_LISTEN))
    headers, path = {"Authorization": f"Bearer {token}"}, f"{BASE}/recordings/{recording}/listen"
    async with http.post(path, json=WHY, headers=headers) as answer:
        ask = (await answer.json())["ask"]
    site.run(
        lambda inst: inst.store.execute(
            f"UPDATE api_token SET ended_at = now() WHERE token_id = '{token.split('_')[1]}'"
        )
    )
    site.run(lambda inst: answer_asks(inst, after=ask - 1))
    forged = site.run(
        lambda inst: listening.ask(
            dataclasses.replace(inst, actor=dataclasses.replace(inst.actor, shown=None)), recording, reason="forged"
        )
    )
    site.run(lambda inst: answer_asks(inst, after=forged - 1))
    assert (await shown(http, site, f"/recordings/asks/{ask}"))[1]["state"] == "refused"
    assert rows(site, f"SELECT count(*) FROM ask_answer WHERE ask_id = {forged} AND state = 'refused'") == 1
    assert copies(site) == before
    assert rows(site, f"SELECT count(*) FROM access_log WHERE command = 'recording listen {recording}'") == 0


async def test_the_group_of_the_console_reads_a_copy_as_it_reads_its_folder(
    http: aiohttp.ClientSession, site: Site
) -> None:
    console = site.inst.settings.console_folder
    console.chmod(0o750)
    try:
        ask = await asked(http, site, kept(site, 410))
        (copy,) = (file for file in copies(site) if file.name.startswith(f"{ask}-"))
        assert [stat.S_IMODE(one.stat().st_mode) for one in (copy.parent, copy)] == [0o750, 0o640]
        assert copy.stat().st_gid == console.stat().st_gid
    finally:
        console.chmod(0o700)
    os.chmod(copy.parent, 0o700)
    ask = await asked(http, site, kept(site, 411))
    (copy,) = (file for file in copies(site) if file.name.startswith(f"{ask}-"))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


async def test_the_list_goes_by_pages_and_shows_no_number_and_no_hash(http: aiohttp.ClientSession, site: Site) -> None:
    made = [kept(site, n) for n in (412, 413, 414)]
    found: list[int] = []
    path = "/recordings?campaign=recorded&limit=2"
    _, page = await shown(http, site, path, Role.VIEWER)
    for _ in range(20):
        assert len(page["data"]) <= 2
        found += [row["recording_id"] for row in page["data"]]
        assert "+99986" not in str(page)
        assert all("sha256" not in row for row in page["data"])
        if page["next"] is None:
            break
        _, page = await shown(http, site, f"{path}&after={page['next']}", Role.VIEWER)
    assert found == sorted(set(found), reverse=True)
    assert found[:3] == made[::-1]
    _, none = await shown(http, site, f"/recordings?campaign={CAMPAIGN}", Role.VIEWER)
    assert none["data"] == []
