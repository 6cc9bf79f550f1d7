"""Drafts: checked when they are written, in the project when a worker has published them, and nowhere else before."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import aiohttp
import pytest

from agi_app.api.routes import BASE
from agi_app.model.actors import Role, Scope
from tests.api.site import CAMPAIGN, FLOW, Json, Site, answer_asks, token_of

pytestmark = pytest.mark.postgres
OPERATOR = Role.OPERATOR
DRAFT, PUBLISH = f"/flows/{FLOW}/draft", f"/flows/{FLOW}/publish"


def file(site: Site) -> Path:
    folder: Path = site.inst.settings.project
    return folder / "flows" / "checkup.yaml"


def written(folder: Path) -> dict[Path, bytes]:
    """Every file that a draft might be meant to overwrite."""
    found = [*folder.glob("*.toml"), *folder.parent.glob("*.yaml"), *folder.rglob("*.yaml")]
    return {path: path.read_bytes() for path in found}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def shown(http: aiohttp.ClientSession, site: Site, path: str = DRAFT) -> tuple[bytes, str]:
    async with http.get(BASE + path, headers=site.headers(OPERATOR)) as answer:
        assert (answer.status, answer.content_type) == (200, "application/yaml")
        return await answer.read(), answer.headers["ETag"]


async def put(
    http: aiohttp.ClientSession, site: Site, content: bytes, path: str = DRAFT, seen: str | None = "*"
) -> tuple[int, Json]:
    headers = site.headers(OPERATOR) | {"Content-Type": "application/yaml"}
    headers |= {} if seen is None else {"If-Match": seen}
    async with http.put(BASE + path, data=content, headers=headers) as answer:
        found: Json = await answer.json(content_type=None)
        return answer.status, found


async def discarded(http: aiohttp.ClientSession, site: Site, path: str = DRAFT) -> int:
    async with http.delete(BASE + path, headers=site.headers(OPERATOR) | {"If-Match": "*"}) as answer:
        return answer.status


async def published(
    http: aiohttp.ClientSession, site: Site, content: bytes, path: str = PUBLISH, **more: str
) -> tuple[int, Json]:
    """The answer of the ask once a worker was there, or why there is none."""
    body, headers = {"sha256": sha256(content), "reason": "clearer words"}, site.headers(OPERATOR) | more
    async with http.post(BASE + path, json=body, headers=headers) as answer:
        found: Json = await answer.json()
        if answer.status != 202:
            return answer.status, found
    site.run(answer_asks)
    async with http.get(f"{BASE}/drafts/asks/{found['ask']}", headers=site.headers(OPERATOR)) as answer:
        return answer.status, await answer.json()


async def test_a_draft_changes_no_file_until_it_is_published(http: aiohttp.ClientSession, site: Site) -> None:
    await discarded(http, site)
    before, seen = await shown(http, site)
    assert before == file(site).read_bytes()
    text = before + "# 更清楚\r\n".encode()
    status, found = await put(http, site, text, seen=seen)
    assert (status, found["sha256"], found["base"]) == (200, sha256(text), sha256(before))
    site.run(answer_asks)
    assert file(site).read_bytes() == before
    assert (await shown(http, site))[0] == text
    _, found = await published(http, site, text)
    assert (found["state"], found["file"], found["sha256"], found["before"]) == (
        "done", "flows/checkup.yaml", sha256(text), sha256(before),
    )  # fmt: skip
    assert file(site).read_bytes() == text  # byte for byte
    acted = "SELECT count(*) FROM action WHERE verb = 'draft publish' AND object = 'flow checkup-reminder'"
    assert (site.run(lambda inst: inst.store.value(int, acted)) or 0) > 0
    async with http.get(f"{BASE}/flows/{FLOW}/versions", headers=site.headers(OPERATOR)) as answer:
        newest = (await answer.json())["data"][0]
    assert (newest["sha256"], newest["account"], newest["reason"]) == (sha256(text), "the-operator", "clearer words")
    assert (await shown(http, site, f"/flows/{FLOW}/versions/{newest['ask']}"))[0] == text
    assert await discarded(http, site) == 404  # it is no draft now


async def test_what_runs_is_as_it_was_after_a_publication(http: aiohttp.ClientSession, site: Site) -> None:
    stored = "SELECT flow_text || spec::text FROM campaign"
    before = site.run(lambda inst: inst.store.value(str, stored))
    text = (await shown(http, site))[0] + b"# other\n"
    await put(http, site, text)
    assert (await published(http, site, text))[1]["state"] == "done"
    assert site.run(lambda inst: inst.store.value(str, stored)) == before


async def test_a_file_that_somebody_changed_is_not_overwritten(http: aiohttp.ClientSession, site: Site) -> None:
    await discarded(http, site)
    before = file(site).read_bytes()
    await put(http, site, before + b"# draft\n")
    file(site).write_bytes(before + b"# by hand\n")
    _, found = await published(http, site, before + b"# draft\n")
    assert (found["state"], "was changed since this draft began" in found["told"]) == ("refused", True)
    await put(http, site, before + b"# draft 2\n")  # a second look at the draft is none at the file
    _, found = await published(http, site, before + b"# draft 2\n")
    assert found["state"] == "refused"
    assert file(site).read_bytes() == before + b"# by hand\n"
    assert await discarded(http, site) == 204
    assert (await shown(http, site))[0] == before + b"# by hand\n"


async def test_a_draft_with_faults_is_not_kept(http: aiohttp.ClientSession, site: Site) -> None:
    text, _ = await shown(http, site)
    for wrong in (b"flow: [", text.replace(b'key: "9"', b'key: "77"'), text.replace(b"thanks", b"no-such-prompt")):
        status, found = await put(http, site, wrong)
        assert status == 422, wrong
        file_name, line, column = found["errors"][0]["pointer"].split(":")
        assert (file_name, int(line) > 0, int(column) > 0) == ("flows/checkup.yaml", True, True)
    status, found = await put(http, site, text.replace(b"flow: checkup-reminder", b"flow: another"))
    assert status == 422
    assert (await put(http, site, b"\xff\xfe"))[0] == 422
    assert (await put(http, site, text + b"#" * 300_000))[0] == 422
    assert (await shown(http, site))[0] == text


async def test_a_change_says_what_was_seen(http: aiohttp.ClientSession, site: Site) -> None:
    text, seen = await shown(http, site)
    assert (await put(http, site, text + b"# 1\n", seen=None))[0] == 428
    assert (await put(http, site, text + b"# 1\n", seen=seen))[0] == 200
    assert (await put(http, site, text + b"# 2\n", seen=seen))[0] == 412
    status, found = await published(http, site, text + b"# 2\n")
    assert (status, "has changed since you saw it" in found["detail"]) == (422, True)


async def test_a_new_flow_and_a_campaign(http: aiohttp.ClientSession, site: Site) -> None:
    folder: Path = site.inst.settings.project
    text = file(site).read_bytes().replace(b"flow: checkup-reminder", b"flow: second")
    assert (await shown(http, site, "/flows/second/draft"))[0] == b""
    assert (await put(http, site, text, "/flows/second/draft"))[0] == 200
    _, found = await published(http, site, text, "/flows/second/publish")
    assert (found["state"], found["before"]) == ("done", None)
    assert (folder / "flows" / "second.yaml").read_bytes() == text
    path, written = f"/campaigns/{CAMPAIGN}/draft", folder / "campaigns" / f"{CAMPAIGN}.yaml"
    slower = (await shown(http, site, path))[0].replace(b"calls_per_second: 5", b"calls_per_second: 4")
    assert (await put(http, site, slower, path))[0] == 200
    _, found = await published(http, site, slower, f"/campaigns/{CAMPAIGN}/publish")
    assert (found["state"], written.read_bytes()) == ("done", slower)


@pytest.mark.attack("a draft that the service makes up, of another place than the flows")
async def test_the_worker_takes_no_draft_that_it_has_not_verified(http: aiohttp.ClientSession, site: Site) -> None:
    folder: Path = site.inst.settings.project
    before = written(folder)

    async def ask(sealed: str | None, of: str, verb: str, parameters: str) -> int:
        query = (
            "SELECT add_ask('draft', %(verb)s, %(of)s, %(parameters)s, 'the-operator', '{operator}', NULL, 'api', NULL,"
            " NULL, 'x', NULL, %(sealed)s)"
        )
        values = {
            "verb": verb,
            "of": of,
            "parameters": parameters,
            "sealed": None if sealed is None else sealed.encode(),
        }
        return await site.inst.store.the_value(int, query, values, "")

    text = file(site).read_text(encoding="utf-8") + "# forged\n"
    for of, target, sealed in (
        (f"flow {FLOW}", "flows/checkup.yaml", None),
        ("flow ../agi-app", "flows/../agi-app.toml", site.tokens[OPERATOR]),
        (f"flow {FLOW}", "../outside.yaml", site.tokens[OPERATOR]),
    ):
        told = {"file": target, "text": text, "sha256": sha256(text.encode()), "base": None}
        saved = site.run(lambda _, told=told, of=of, sealed=sealed: ask(sealed, of, "save", json.dumps(told)))  # type: ignore[misc]
        wanted = json.dumps({"draft": saved, "sha256": sha256(text.encode())})
        site.run(lambda _, of=of, wanted=wanted: ask(site.tokens[OPERATOR], of, "publish", wanted))  # type: ignore[misc]
    site.run(answer_asks)
    assert written(folder) == before
    done = "SELECT count(*) FROM ask JOIN ask_answer USING (ask_id) WHERE reason = 'x' AND verb = 'publish'"
    done += " AND state = 'done'"
    assert site.run(lambda inst: inst.store.value(int, done)) == 0


async def test_a_token_without_the_scope_drafts_nothing(http: aiohttp.ClientSession, site: Site) -> None:
    token = site.run(lambda inst: token_of(inst, OPERATOR, Scope.FIGURES_READ))
    async with http.get(BASE + DRAFT, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 403


async def test_the_versions_that_contacts_were_decided_by(http: aiohttp.ClientSession, site: Site) -> None:
    async with http.get(f"{BASE}/campaigns/{CAMPAIGN}/versions", headers=site.headers(Role.VIEWER)) as answer:
        (only,) = (await answer.json())["data"]
    path = f"{BASE}/campaigns/{CAMPAIGN}/versions/{only['version']}"
    async with http.get(path, headers=site.headers(Role.VIEWER)) as answer:
        found = await answer.json()
    assert sha256(found["text"].encode()) == found["sha256"] == only["sha256"]
    assert found["sha256"].startswith(only["version"])
    assert f'"name":"{CAMPAIGN}"' in found["text"]
    for away in (f"/campaigns/{CAMPAIGN}/versions/none", "/campaigns/no-such/versions", f"/flows/{FLOW}/versions/1"):
        async with http.get(BASE + away, headers=site.headers(Role.VIEWER)) as answer:
            assert answer.status == 404
