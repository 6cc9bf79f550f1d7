"""Prompts: what is there and missing, how it sounds; another sound is offered, listened to, and replaced by who may."""

from __future__ import annotations

import hashlib
import html
import io
import math
import struct
import wave
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agi_app.installation import Installation
from agi_app.model.actors import Role
from agi_app.model.campaign import CampaignState
from agi_app.operations.project import project_files
from agi_app.prompts.measure import measure
from agi_app.store.calling.campaigns import save_campaign, set_state
from tests.api.site import CAMPAIGN, Site, answer_asks
from tests.console.browser import FROM_HERE, HTML, post, sign_in
from tests.console.test_flows import CHINESE, JSON, found, shown, typed

pytestmark = pytest.mark.postgres
PROMPT = "/prompts/en/thanks"
NOTICE = "This is an automatic call from Your business. Your parcel comes today. Press 9 to stop these calls."
PLANTED = "Thank you <script>alert(1)</script> مرحبا 😀 &amp; {{ 7 * 7 }}"


def folder(site: Site) -> Path:
    return site.inst.settings.project / "prompts"


def a_sound(rate: int = 16000, seconds: float = 1.0) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        tone = (round(9000 * math.sin(n / 9) * (1 + math.sin(n / 900))) for n in range(int(rate * seconds)))
        out.writeframes(b"".join(struct.pack("<h", one) for one in tone))
    return made.getvalue()


async def sent(
    http: aiohttp.ClientSession, sound: bytes | None, text: str, path: str = PROMPT
) -> aiohttp.ClientResponse:
    form = aiohttp.FormData({"text": text}, default_to_multipart=True)
    if sound is not None:
        form.add_field("sound", io.BytesIO(sound), filename="../../evil.wav", content_type="audio/wav")
    return await http.post(path, data=form, headers=FROM_HERE | HTML, allow_redirects=False)


async def offered(http: aiohttp.ClientSession, site: Site, sound: bytes | None, text: str) -> Any:
    answer = await sent(http, sound, text)
    assert answer.status == 303, await answer.text()
    site.run(answer_asks)
    async with http.get(answer.headers["Location"], headers=HTML, allow_redirects=False) as asked:
        assert asked.headers.get("Location") == f"{PROMPT}?said=offer", html.unescape(await asked.text())
    return (await found(http, PROMPT))["offer"]


async def test_what_is_there_in_which_language(operator: aiohttp.ClientSession, site: Site) -> None:
    (folder(site) / "en" / "confirm.wav").rename(folder(site) / "en" / "confirm.kept")
    data = await found(operator, "/prompts")
    (folder(site) / "en" / "confirm.kept").rename(folder(site) / "en" / "confirm.wav")
    by_name = {(one["name"], one["language"]): one for one in data["prompts"]}
    greeting = by_name["greeting", "zh-CN"]
    assert greeting["there"]
    assert greeting["seconds"] > 1
    assert -40 < greeting["loudness"] < -10
    assert (
        measure([folder(site) / "zh-CN" / "greeting.wav"])[folder(site) / "zh-CN" / "greeting.wav"]
        == greeting["loudness"]
    )
    assert "阳光口腔" in greeting["text"]
    assert by_name["confirm", "en"]["there"] is False
    assert (data["missing"], data["languages"]) == (1, ["en", "zh-CN"])
    assert all("/" in one["name"] for one in (await found(operator, "/prompts?pieces=yes"))["prompts"])
    assert "按录音原样播放" in await shown(operator, "/prompts?language=zh-CN", language=CHINESE)
    async with operator.get("/prompts/en/num.7/sound") as answer:
        assert (answer.status, (await answer.read())[:4]) == (200, b"RIFF")
    for path in ("/prompts/en/nothing", "/prompts/en/..%2F..%2Fagi-app.toml", "/prompts/en/nothing/sound"):
        async with operator.get(path, headers=HTML) as answer:
            assert answer.status in (404, 409)


async def test_another_sound_is_heard_first_and_then_replaces(operator: aiohttp.ClientSession, site: Site) -> None:
    before = (folder(site) / "en" / "thanks.wav").read_bytes()
    offer = await offered(operator, site, a_sound(), PLANTED)
    assert (folder(site) / "en" / "thanks.wav").read_bytes() == before
    assert (offer["account"], round(offer["seconds"])) == ("the-operator", 1)
    assert -24 < offer["loudness"] < -14
    text = await shown(operator, PROMPT)
    assert "<script>alert" not in text
    async with operator.get(f"{PROMPT}/sound?of=offer") as answer:
        levelled = await answer.read()
    with wave.open(io.BytesIO(levelled)) as heard:
        assert heard.getframerate() == 8000
    assert (await post(operator, f"{PROMPT}/replace", offer=str(offer["ask"]))).status == 422
    assert (await post(operator, f"{PROMPT}/replace", offer="1", reason="x")).status == 422
    answer = await post(operator, f"{PROMPT}/replace", offer=str(offer["ask"]), reason="a warmer voice")
    site.run(answer_asks)
    async with operator.get(answer.headers["Location"], headers=HTML, allow_redirects=False) as asked:
        assert asked.headers["Location"] == f"{PROMPT}?said=replace"
    assert (folder(site) / "en" / "thanks.wav").read_bytes() == a_sound()
    assert (folder(site) / "en" / "thanks.txt").read_text(encoding="utf-8").strip() == PLANTED
    assert (folder(site) / ".replaced" / "en" / "thanks.wav").read_bytes() == before
    data = await found(operator, PROMPT)
    assert (data["offer"], data["prompt"]["prepared"]) == (None, "there already")
    async with operator.get(f"{PROMPT}/sound") as answer:
        assert await answer.read() == levelled


async def test_what_is_no_sound_or_breaks_the_project_is_not_taken(operator: aiohttp.ClientSession, site: Site) -> None:
    before = {path: path.read_bytes() for path in folder(site).rglob("*") if path.is_file()}
    for sound, text in (
        (b"MZ not a sound", "x"),
        (b"", "x"),
        (a_sound()[:-100], "x"),
        (None, ""),
        (None, "a\x07b"),
        (None, "\u202ea"),
    ):
        assert (await sent(operator, sound, text)).status == 422
    answer = await sent(operator, None, "hello, press a key", "/prompts/en/greeting")  # it says no name any longer
    assert (answer.status, "Sunshine Dental" in html.unescape(await answer.text())) == (422, True)
    assert (await sent(operator, a_sound(48000, 100), "x")).status == 413
    site.run(answer_asks)
    assert {path: path.read_bytes() for path in folder(site).rglob("*") if path.is_file()} == before


async def test_where_calls_go_on_with_it_another_person_replaces_it(
    operator: aiohttp.ClientSession, http: aiohttp.ClientSession, site: Site
) -> None:
    project = project_files.read(site.inst.settings.project)
    source, flow = project.campaigns[CAMPAIGN].parsed.campaign, project.flows["checkup-reminder"]

    async def run(inst: Installation) -> None:
        await save_campaign(inst.store, source, flow.file, flow.text)
        await set_state(inst.store, CAMPAIGN, CampaignState.RUNNING, None, inst.clock.now(), None)

    site.run(run)
    offer = await offered(operator, site, a_sound(8000), "Thank you. Goodbye, then.")
    assert (await found(operator, PROMPT))["goes_on_with"] == [CAMPAIGN]
    assert "由提交者以外的人" in await shown(operator, PROMPT, language=CHINESE)
    before = (folder(site) / "en" / "thanks.wav").read_bytes()
    refused = await post(operator, f"{PROMPT}/replace", offer=str(offer["ask"]), reason="alone")
    assert refused.status == 422
    site.run(answer_asks)
    assert (folder(site) / "en" / "thanks.wav").read_bytes() == before
    assert (await sign_in(http, "the-supervisor")).status == 303
    answer = await post(http, f"{PROMPT}/replace", offer=str(offer["ask"]), reason="heard it, good")
    assert answer.status == 303
    site.run(answer_asks)
    assert (folder(site) / "en" / "thanks.wav").read_bytes() == a_sound(8000)


async def test_all_are_prepared_and_a_viewer_only_listens(http: aiohttp.ClientSession, site: Site) -> None:
    assert (await sign_in(http, "the-operator")).status == 303
    answer = await post(http, "/prompts")
    site.run(answer_asks)
    assert (await found(http, answer.headers["Location"]))["faults"] == []
    assert (await sign_in(http, f"the-{Role.VIEWER.value}")).status == 303
    text = await shown(http, PROMPT)
    assert "<audio" in text
    assert '<form method="post" enctype' not in text
    assert (await sent(http, a_sound(), "x")).status == 403
    assert (await post(http, "/prompts")).status == 403
    async with http.get(f"{PROMPT}/sound?of=offer", headers=JSON) as answer:
        assert answer.status == 403


async def test_a_new_prompt_is_made_before_a_flow_that_plays_it(operator: aiohttp.ClientSession, site: Site) -> None:
    page, edit = "/prompts/en/parcel-notice", "/flows/parcel/edit"
    text = (await found(operator, edit))["text"].replace("play: greeting", "play: parcel-notice")
    save = {"seen": hashlib.sha256(b"").hexdigest(), "do": "save"}
    refused = await typed(operator, edit, text, **save)
    assert (refused.status, "parcel-notice" in await refused.text()) == (422, True)
    begin = {"do": "new", "language": "en"}
    assert (await post(operator, "/prompts", name="../evil", **begin)).status == 422
    made = await post(operator, "/prompts", name="parcel-notice", **begin)
    assert (made.status, made.headers["Location"]) == (303, f"{page}?new=yes")
    await shown(operator, page, 404)  # nothing of it is kept
    assert "There is no recording." in await shown(operator, f"{page}?new=yes")
    assert "没有录音" in await shown(operator, f"{page}?new=yes", language=CHINESE)
    answer = await sent(operator, a_sound(), NOTICE, page)
    site.run(answer_asks)
    await shown(operator, answer.headers["Location"])
    assert [one["name"] for one in (await found(operator, "/prompts"))["offers"]] == ["parcel-notice"]
    offer = (await found(operator, page))["offer"]
    assert not (folder(site) / "en" / "parcel-notice.wav").exists()
    await post(operator, f"{page}/replace", offer=str(offer["ask"]), reason="for the couriers")
    site.run(answer_asks)
    assert (folder(site) / "en" / "parcel-notice.wav").exists()
    assert (await found(operator, "/prompts"))["offers"] == []
    saved = await typed(operator, edit, text, **save)
    assert saved.headers.get("Location") == "/flows/parcel/draft?said=saved", await saved.text()
    assert NOTICE in await shown(operator, "/flows/parcel/try?of=draft")


async def test_a_viewer_begins_no_prompt(http: aiohttp.ClientSession) -> None:
    await sign_in(http, "the-viewer")
    await shown(http, "/prompts/en/parcel-new?new=yes", 404)
    assert "A new prompt" not in await shown(http, "/prompts")
    assert (await post(http, "/prompts", do="new", name="parcel-new", language="en")).status == 403
