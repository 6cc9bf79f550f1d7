"""Flows: the list, one with its picture and faults, the editor that loses nothing, drafts, versions, calls tried."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from agi_app.authoring.typed_text import in_editor
from agi_app.console.app import PAGES
from agi_app.console.flows import editing, expected_calls, listing, one_flow, prompts, publishing, trying, versions
from agi_app.console.flows.reading import text_of
from agi_app.model.actors import Role
from agi_app.model.campaign import CampaignState
from agi_app.operations.project import drafts, project_files
from agi_app.operations.project.drafts import DraftOf, sha256_of
from agi_app.store.calling.campaigns import save_campaign, set_state
from tests.api.site import CAMPAIGN, FLOW, Site, answer_asks
from tests.console.browser import FROM_HERE, HTML, post, sign_in

pytestmark = pytest.mark.postgres
JSON = {"Accept": "application/json"}
CHINESE = "zh-CN,zh;q=0.9"
LINE = "who-called"
PLANTED = "# <script>alert(1)</script> \u202eمرحبا 😀 &amp; \"'`{{ 7 * 7 }}"


def file(site: Site, name: str = "who-called.yaml") -> Path:
    return site.inst.settings.project / "flows" / name


@pytest.fixture
def kept(site: Site) -> Iterator[None]:
    """The files of flows are afterwards as they were."""
    before = {path: path.read_bytes() for path in file(site).parent.iterdir()}
    yield
    for path in file(site).parent.iterdir():
        path.unlink()
    for path, content in before.items():
        path.write_bytes(content)


async def shown(http: aiohttp.ClientSession, path: str, status: int = 200, *, language: str = "en") -> str:
    async with http.get(path, headers=HTML | {"Accept-Language": language}) as answer:
        text = await answer.text()
        assert answer.status == status, text
        return text


async def found(http: aiohttp.ClientSession, path: str) -> Any:
    async with http.get(path, headers=JSON) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def typed(http: aiohttp.ClientSession, path: str, text: str, **fields: str) -> aiohttp.ClientResponse:
    """Send the editor's form as a browser does: every line end is CRLF."""
    form = aiohttp.FormData(fields | {"text": text.replace("\n", "\r\n")}, default_to_multipart=True)
    return await http.post(path, data=form, headers=FROM_HERE | HTML, allow_redirects=False)


def test_each_module_of_flows_has_its_pages_in_the_console() -> None:
    for module in (listing, one_flow, editing, publishing, expected_calls, trying, versions, prompts):
        assert module.pages.declared
        assert set(module.pages.declared) <= set(PAGES)


async def test_the_list_says_what_is_wrong_and_where_each_is_used(
    operator: aiohttp.ClientSession, site: Site, kept: None
) -> None:
    file(site, "broken.yaml").write_text("flow: broken\nnodes: [\n", encoding="utf-8")
    data = await found(operator, "/flows")
    flows = {one["name"]: one for one in data["flows"]}
    assert set(flows) == {FLOW, LINE}
    assert CAMPAIGN in flows[FLOW]["campaigns"]
    assert flows[FLOW]["errors"] == 0
    (unread,) = {one["file"] for one in data["unread"]}
    assert unread == "flows/broken.yaml"
    assert "流程" in (chinese := await shown(operator, "/flows", language=CHINESE))
    assert "读不了的文件" in chinese
    assert "A new flow" in await shown(operator, "/flows")
    assert "flows/broken.yaml:" in await shown(operator, "/flows/broken")  # its faults, although it cannot be read
    for name in ("no such", "../x", "", "x" * 64):
        assert (await post(operator, "/flows", name=name)).status == 422
    assert (await post(operator, "/flows", name="courier")).headers["Location"] == "/flows/courier/edit"
    assert not file(site, "courier.yaml").exists()


async def test_a_flow_is_a_picture_a_list_and_its_text(operator: aiohttp.ClientSession, site: Site, kept: None) -> None:
    file(site).write_text(file(site).read_text(encoding="utf-8") + PLANTED + "\n  bad: here\n", encoding="utf-8")
    text = await shown(operator, f"/flows/{LINE}", language=CHINESE)
    assert "<script>alert" not in text
    assert PLANTED in html.unescape(text)
    file(site).write_text(file(site).read_text(encoding="utf-8").replace("\n  bad: here\n", "\n"), encoding="utf-8")
    text = await shown(operator, f"/flows/{LINE}")
    assert "<style" not in text
    assert 'data-node="menu_shown"' in text
    data = await found(operator, f"/flows/{LINE}?language=en")
    assert [node["name"] for node in data["nodes"]][:2] == ["welcome", "menu"]
    lines = file(site).read_text(encoding="utf-8").split("\n")
    assert all(f"{node['name']}:" in lines[node["line"] - 1] for node in data["nodes"])
    assert {"label": "1 about", "target": "about"} in next(n for n in data["nodes"] if n["name"] == "menu_shown")[
        "ways"
    ]
    await shown(operator, "/flows/none-such", 404)


async def test_what_runs_and_is_not_the_file_is_shown_with_what_differs(
    operator: aiohttp.ClientSession, site: Site
) -> None:
    project = project_files.read(site.inst.settings.project)
    source = project.campaigns[CAMPAIGN].parsed.campaign

    async def store(inst: Any) -> None:
        was = file(site, "checkup.yaml").read_text(encoding="utf-8").replace("timeout: 4s", "timeout: 9s")
        await save_campaign(inst.store, source, "flows/checkup.yaml", was)
        await set_state(inst.store, CAMPAIGN, CampaignState.RUNNING, None, inst.clock.now(), None)

    site.run(store)
    (campaign,) = [one for one in (await found(operator, f"/flows/{FLOW}"))["campaigns"] if one["campaign"] == CAMPAIGN]
    assert (campaign["state"], campaign["same"], campaign["runs"]) == ("running", False, True)
    data = await found(operator, f"/flows/{FLOW}/stored/{CAMPAIGN}")
    assert [(one["sign"], one["text"].strip()) for one in data["changes"] if one["sign"] in "+-"] == [
        ("-", "timeout: 9s"),
        ("+", "timeout: 4s"),
    ]
    assert "运行的内容与此不同" in await shown(operator, f"/flows/{FLOW}/versions", language=CHINESE)
    await shown(operator, f"/flows/{FLOW}/stored/none-such", 404)


async def test_a_fault_is_told_at_its_line_and_nothing_typed_is_lost(
    operator: aiohttp.ClientSession, site: Site, kept: None
) -> None:
    edit = f"/flows/{LINE}/edit"
    data = await found(operator, edit)
    broken = data["text"].replace("prompt: line-menu\n", "promt: line-menu\n")
    at = broken.split("\n").index("        promt: line-menu") + 1
    for do, status in (("check", 200), ("save", 422)):
        answer = await typed(operator, edit, broken, do=do, seen=data["seen"])
        text = await answer.text()
        assert (answer.status, f'data-line="{at}"' in text) == (status, True)
        area = re.search(r"<textarea id=\"text\"[^>]*>\n(.*?)</textarea>", text, re.DOTALL)
        assert area is not None
        assert html.unescape(area[1]) == broken
    assert (await found(operator, edit))["is_draft"] is False
    answer = await typed(operator, edit, data["text"] + "# one\n", do="save", seen="0" * 64)
    assert (answer.status, "meanwhile" in await answer.text()) == (422, True)
    assert (await typed(operator, edit, "x" * 700_000, do="check")).status == 413
    assert (await typed(operator, edit, "x" * 300_000, do="check")).status == 422
    assert (await found(operator, edit))["text"] == data["text"]


async def test_comments_order_and_line_ends_stay_byte_for_byte(
    operator: aiohttp.ClientSession, site: Site, kept: None
) -> None:
    """Random edits of comments and line ends, saved one after another: saved is what was typed."""
    file(site).write_bytes(
        b"\xef\xbb\xbf" + file(site).read_bytes().replace(b"\n", b"\r\n").rstrip() + b"\r\n\r\n# no end"
    )
    edit, dice = f"/flows/{LINE}/edit", random.Random("editor")
    expected = file(site).read_bytes().decode()
    assert text_of(file(site).read_bytes()) == expected.removeprefix("\ufeff")
    for _ in range(12):
        data = await found(operator, edit)
        assert data["text"] == in_editor(expected.encode())
        line = dice.randrange(1, data["text"].count("\n"))
        lines = data["text"].split("\n")
        word = dice.choice(("# 注释\t \u202e😀", "", "#\x85\u2028 \xa0 x", "  # <b>&amp;</b>"))
        lines.insert(line, word)
        expected = "\r\n".join(lines)
        answer = await typed(operator, edit, "\n".join(lines), do="save", seen=data["seen"])
        if answer.status == 422:  # a comment in the middle of a value
            expected = data["text"].replace("\n", "\r\n")
            continue
        draft = site.run(lambda inst: drafts.draft(inst, DraftOf("flow", LINE)))
        assert draft is not None
        assert draft.content.decode() == expected
    assert (await post(operator, f"/flows/{LINE}/discard")).status == 303


@pytest.mark.attack("a form whose sender has no session, with markup, passwords and a file in it")
async def test_what_was_typed_when_the_session_had_ended_is_only_shown_and_can_be_sent_again(
    http: aiohttp.ClientSession, site: Site, kept: None
) -> None:
    edit, before = f"/flows/{LINE}/edit", file(site).read_bytes()
    text = f"{before.decode()}{PLANTED} </textarea><b>\n" + "# 漫长 long\n" * 10_000
    page = {"Accept-Language": CHINESE, "Referer": str(http._base_url).rstrip("/") + f"{edit}?template=a%26b"}
    form = {"text": text.replace("\n", "\r\n"), "do": "save", "seen": sha256_of(before)}

    async def sent(path: str, fields: dict[str, Any], **headers: str) -> tuple[int, str]:
        multipart = path in (edit, f"/campaigns/{CAMPAIGN}/import")
        data = aiohttp.FormData(quote_fields=False, default_to_multipart=multipart)
        for name, value in fields.items():
            data.add_field(name, value, filename="list \u202e<i>.csv" if isinstance(value, bytes) else None)
        async with http.post(
            path, data=data, headers=FROM_HERE | HTML | page | headers, allow_redirects=False
        ) as given:
            return given.status, await given.text()

    status, told = await sent(edit, form)
    assert (status, '<html lang="zh-CN">' in told, "会话已结束" in told) == (401, True, True)
    assert [part for part in ("<script>alert", "<b>", 'name="proof"') if part in told] == []
    assert f'href="/sign-in?next={quote(edit)}%3Ftemplate%3Da%2526b" target="_blank"' in told
    area = told.partition("<textarea")[2].partition(">\n")[2].partition("</textarea>")[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)">', told))
    again = hidden | {"text": html.unescape(area)}
    assert f'action="{edit}" class="stack" enctype="multipart/form-data"' in told
    assert again == form
    assert site.run(lambda inst: drafts.draft(inst, DraftOf("flow", LINE))) is None
    for headers in ({"Accept": "application/json"}, {"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Site": "cross-site"}):
        status, told = await sent(edit, form, **headers)
        assert (status, "alert(1)" in told) == (403 if "Sec-Fetch-Site" in headers else 401, False)
    secrets = {
        "password": "typed-one",
        "new": "typed-two",
        "again": "typed-two",
        "code": "typed-3",
        "recovery": "typed-4",
    }
    forms: tuple[tuple[str, dict[str, Any], bool], ...] = (
        ("/me/password", secrets, False),
        ("/service/tokens", {"account": "the-viewer", "name": PLANTED, "proof": "typed-one"}, True),
        (f"/campaigns/{CAMPAIGN}/import", {"zone": "UTC", "list": b"typed-row"}, True),
        ("/new-campaign", {"name": "x" * 70_000}, False),
        (edit, form | {"text": "x\x07\x1b[31m\x00" + "x" * 1_000_000}, False),
    )
    for path, fields, can_be_sent in forms:
        status, told = await sent(path, fields)
        assert all(value in told for value in fields.values() if isinstance(value, str) and value[0] in "xU")
        assert (status, "typed-" in told.replace('"typed-', ""), "再次发送</button>" in told) == (
            401,
            False,
            can_be_sent,
        )
    status, told = await sent(f"/campaigns/{CAMPAIGN}/import", {"zone": "UTC", "list": b"typed-row"})
    assert "<bdi>list \u202e&lt;i&gt;.csv</bdi>" in told
    assert '<input id="file-1" name="list" type="file" required>' in told
    wrong = await sign_in(http, "the-operator", "not it", next=f"{edit}?template=a%26b")
    assert f'name="next" value="{edit}?template=a%26b"' in await wrong.text()  # the way back is not lost
    assert (await sign_in(http, "the-operator")).status == 303
    assert (await sent(edit, again))[0] == 303
    draft = site.run(lambda inst: drafts.draft(inst, DraftOf("flow", LINE)))
    assert draft is not None
    assert draft.content.decode() == text
    assert (await post(http, f"/flows/{LINE}/discard")).status == 303


async def test_published_it_is_in_the_file_and_one_can_go_back(
    operator: aiohttp.ClientSession, site: Site, kept: None
) -> None:
    edit, draft = f"/flows/{LINE}/edit", f"/flows/{LINE}/draft"
    before = file(site).read_bytes()
    await shown(operator, draft, 404)
    for text in ("# first", "# second"):
        data = await found(operator, edit)
        answer = await typed(operator, edit, f"{data['text']}{text}\n", do="save", seen=data["seen"])
        assert answer.headers["Location"] == f"{draft}?said=saved"
        shows = await found(operator, draft)
        assert [(one["sign"], one["text"]) for one in shows["changes"] if one["sign"] == "+"] == [("+", text)]
        assert (shows["calls"]["failed"], len(shows["calls"]["cases"])) == (0, 8)
        assert (await post(operator, draft, sha256=shows["sha256"], reason=" ")).status == 422
        assert (await post(operator, draft, sha256="0" * 64, reason="clearer")).status == 422
        asked = await post(operator, draft, sha256=shows["sha256"], reason="clearer")
        assert file(site).read_bytes() == before
        site.run(answer_asks)
        assert "The check" not in await shown(operator, asked.headers["Location"])
        before = file(site).read_bytes()
        assert before.endswith(f"{text}\n".encode())
    versions = await found(operator, f"/flows/{LINE}/versions")
    newest, first = versions["published"]
    assert newest["sha256"] == versions["sha256"]
    back = await post(operator, f"/flows/{LINE}/versions/{first['ask']}")
    assert back.headers["Location"] == f"{draft}?said=saved"
    signs = [(one["sign"], one["text"]) for one in (await found(operator, draft))["changes"]]
    assert ("-", "# second") in signs
    assert (await post(operator, f"/flows/{LINE}/discard")).headers["Location"] == "/flows?said=discarded"
    await shown(operator, f"/flows/{LINE}/versions/999999", 404)


async def test_a_flow_begins_with_a_template_and_a_campaign_with_decisions(
    operator: aiohttp.ClientSession, site: Site, kept: None
) -> None:
    project = site.inst.settings.project
    before = {path: path.read_bytes() for path in (project / "prompts").rglob("*.*") if ".prepared" not in path.parts}
    for name, template in ((LINE, "delivery"), ("parcels", "no-such"), ("parcels", "../common")):
        assert (await post(operator, "/flows", name=name, template=template)).status == 422
    asked = (await post(operator, "/flows", name="parcels", template="delivery")).headers["Location"]
    site.run(answer_asks)
    assert {path: path.read_bytes() for path in before} == before
    async with operator.get(asked, headers=HTML, allow_redirects=False) as answer:
        edit = answer.headers["Location"]
    data = await found(operator, edit)
    assert (data["is_new"], data["faults"], "flow: parcels" in data["text"]) == (True, [], True)
    again = await post(operator, "/flows", name="parcels", template="delivery")
    assert again.headers["Location"] == edit  # nothing is missing any more
    await typed(operator, edit.partition("?")[0], data["text"], do="save", seen=data["seen"])
    sha256 = (await found(operator, "/flows/parcels/draft"))["sha256"]
    await post(operator, "/flows/parcels/draft", sha256=sha256, reason="parcels")
    site.run(answer_asks)
    assert file(site, "parcels.yaml").read_text(encoding="utf-8") == data["text"]
    fields = (await found(operator, "/new-campaign"))["usual"] | {"flow": "parcels", "trunk": "sandbox"}
    for name in ("", "../x", CAMPAIGN):
        assert (await post(operator, "/new-campaign", **fields | {"name": name})).status == 422
    shows = await post(operator, "/new-campaign", **fields | {"name": "spring", "other_number": "+999862155500001"})
    text = html.unescape((await shows.text()).partition("</textarea>")[0].rpartition('aria-describedby="keys">\n')[2])
    assert (shows.status, "campaign: spring\n" in text) == (200, True)
    (project / "campaigns" / "spring.yaml").write_text("mine", encoding="utf-8")  # by somebody else, meanwhile
    try:
        refused = await typed(operator, "/campaigns/spring/edit", text, do="save", seen=sha256_of(b""))
        assert refused.status in (404, 422)
        assert (project / "campaigns" / "spring.yaml").read_text(encoding="utf-8") == "mine"
        (project / "campaigns" / "spring.yaml").unlink()
        saved = await typed(operator, "/campaigns/spring/edit", text, do="save", seen=sha256_of(b""))
        assert saved.headers["Location"] == "/campaigns/spring/draft?said=saved"
        sha256 = (await found(operator, "/campaigns/spring/draft"))["sha256"]
        where = (await post(operator, "/campaigns/spring/draft", sha256=sha256, reason="parcels")).headers["Location"]
        site.run(answer_asks)
        assert "/campaigns/spring/import" in await shown(operator, where)
        assert (project / "campaigns" / "spring.yaml").read_text(encoding="utf-8") == text
    finally:
        (project / "campaigns" / "spring.yaml").unlink(missing_ok=True)


async def test_a_call_is_tried_by_keys_and_its_way_lights_up(operator: aiohttp.ClientSession, site: Site) -> None:
    path, inputs = f"/flows/{FLOW}/try", ""
    data = await found(operator, path)
    assert data["finished"] is False
    for key in ("listen", "listen", "1", "listen", "listen"):
        fields = {"press": key, "done": inputs, "language": "en", "of": "file"}
        async with operator.post(path, data=fields, headers=FROM_HERE | JSON) as answer:
            data = await answer.json()
        inputs = "\n".join(data["inputs"])
    assert (data["finished"], data["disposition"], data["answers"]) == (True, "confirmed", {"answer": "yes"})
    assert [one["name"] for one in data["nodes"] if one["lit"]] == ["greeting", "confirmed", "bye"]
    heard = [one for turn in data["turns"] for one in turn["heard"]]
    assert [one["prompt"] for one in heard] == ["greeting", "confirm", "thanks", "goodbye"]
    async with operator.get(heard[0]["sound"]) as answer:
        assert (answer.status, answer.content_type, (await answer.read())[:4]) == (200, "audio/wav", b"RIFF")
    text = await (await post(operator, path, done=inputs, do="undo", language="zh-CN")).text()
    assert '<g class="d-node d-lit d-here" data-node="bye">' in text
    wrong = await post(operator, path, contact="no equals", done="1")
    assert (wrong.status, "NAME=VALUE" in await wrong.text()) == (422, True)
    planted = await (await post(operator, path, contact="name=<script>alert(1)</script>", done="")).text()
    assert "<script>alert" not in planted


async def test_expected_calls_are_run_and_untaken_branches_named(operator: aiohttp.ClientSession) -> None:
    data = await found(operator, f"/flows/{FLOW}/calls")
    assert (len(data["cases"]), data["failed"]) == (8, 0)
    assert [(one["node"], one["way"]) for one in data["branches"] if not one["taken"]] == []
    assert {one["way"] for one in data["branches"]} == {"yes", "change", "no_input"}
    line = await found(operator, f"/flows/{LINE}/calls")
    assert any(not one["taken"] for one in line["branches"])
    assert "没有预期通话走到" in await shown(operator, f"/flows/{LINE}/calls", language=CHINESE)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.COMPLIANCE, Role.ADMIN])
async def test_who_may_not_draft_looks_only(http: aiohttp.ClientSession, site: Site, role: Role) -> None:
    assert (await sign_in(http, f"the-{role.value}")).status == 303
    before = {path: path.read_bytes() for path in file(site).parent.iterdir()}
    text = await shown(http, f"/flows/{FLOW}")
    assert "/edit" not in text
    assert "/draft" not in text
    assert (await found(http, f"/flows/{FLOW}"))["has_draft"] is False
    assert (await found(http, f"/flows/{FLOW}/try?of=draft"))["of"] == "file"
    assert (await typed(http, f"/flows/{FLOW}/edit", "flow: x\n", do="save")).status == 403
    for path in (f"/flows/{FLOW}/draft", f"/flows/{FLOW}/discard", "/flows"):
        assert (await post(http, path, reason="I should not", name="x")).status == 403
    site.run(answer_asks)
    assert {path: path.read_bytes() for path in file(site).parent.iterdir()} == before
