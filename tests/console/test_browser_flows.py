"""The pages of flows in a real browser: a flow is broken and mended, tried by keys and published, in Chinese; a prompt
is recorded from the microphone."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from agi_app.operations.project import drafts
from agi_app.operations.project.drafts import DraftOf
from tests.api.site import Site
from tests.console.browser import PASSWORD, working
from tests.console.test_browser import ARGUMENTS, FAULTS, RULES, SIZES, axe, chromium, signed_in, somebody

__all__ = ["axe", "chromium"]
pytestmark = [pytest.mark.postgres, pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")]
LINE = "who-called"
MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(autouse=True)
def kept(site: Site) -> Iterator[None]:
    """The flow is afterwards as it was."""
    before = file_of(site)
    yield
    put(site, before)


def file_of(site: Site, name: str = "flows/who-called.yaml") -> bytes:
    content: bytes = (site.inst.settings.project / name).read_bytes()
    return content


def put(site: Site, content: bytes) -> None:
    (site.inst.settings.project / "flows" / "who-called.yaml").write_bytes(content)


async def go_to_line(page: Page, text: str, *, behind: bool = True) -> None:
    """Put the cursor before or behind a text in the editor."""
    await page.evaluate(
        """([text, behind]) => {
          const area = document.querySelector("textarea[name=text]");
          const at = area.value.indexOf(text) + (behind ? text.length : 0);
          area.focus();
          area.setSelectionRange(at, at);
        }""",
        [text, behind],
    )


async def sent_again(page: Page, axe: str, typed: str) -> None:
    """The session has ended: what was typed is there, and is sent again after a sign-in in another tab."""
    await page.get_by_role("heading", name="会话已结束").wait_for()
    assert await page.get_by_label("文本").input_value() == typed
    await page.evaluate(axe)
    assert await page.evaluate(FAULTS, RULES) == []
    async with page.expect_popup() as opened:
        await page.get_by_role("link", name="在新标签页登录").click()
    other = await opened.value
    await other.fill("#account", "the-operator")
    await other.fill("#password", PASSWORD)
    await other.press("#password", "Enter")
    await other.wait_for_url(f"/flows/{LINE}/edit")  # the way back
    await other.close()
    await page.get_by_role("button", name="再次发送").click()


async def test_a_flow_is_mended_tried_and_published_in_chinese(chromium: Browser, site: Site, axe: str) -> None:
    before = file_of(site).replace(b"\n", b"\r\n")
    put(site, before)
    settings: Any = {"locale": "zh-CN", "viewport": SIZES["desktop"]}
    async with working(site), somebody(chromium, site, **settings) as (context, _):
        page = await signed_in(context, "the-operator")
        await page.get_by_role("link", name="流程", exact=True).first.click()
        await page.get_by_role("link", name=LINE, exact=True).click()
        await page.get_by_role("link", name="编辑", exact=True).click()
        await go_to_line(page, "\n        prompt: line-menu")
        await page.locator("#found [data-node=menu_shown].d-cursor").first.wait_for()  # the picture follows the cursor
        await page.keyboard.type("x")
        await page.locator(".faults .error").first.wait_for()
        line = 1 + before.decode().split("\r\n").index("        prompt: line-menu")
        assert (await page.locator(".gutter .error").first.inner_text()).strip() == f"! {line}"
        assert str(line) in await page.locator(".faults .error").first.inner_text()
        await page.keyboard.press("Backspace")
        await page.get_by_text("检查没有发现问题。").wait_for()
        await go_to_line(page, "  about:\n    - set: {disposition: told}\n")
        await page.keyboard.type("    - pl")
        await page.locator("#complete [role=option]").first.wait_for()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await page.keyboard.type("goodbye   # 先道别")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Backspace")
        for _ in range(3):
            await page.keyboard.press("Backspace")
        wanted = await page.input_value("textarea[name=text]")
        assert "\n    - play: goodbye   # 先道别\n" in wanted
        await context.clear_cookies(name="agi_app")
        await page.get_by_role("button", name="存为草稿").click()
        await sent_again(page, axe, wanted)
        await page.get_by_text("草稿已保存。").wait_for()
        await page.get_by_role("link", name="试一通").last.click()
        for key in ("1", "1"):
            await page.get_by_role("button", name=key, exact=True).click()
            await page.get_by_text(f"> {key}").last.wait_for()
        assert "d-lit" in str(await page.locator("[data-node=about]").first.get_attribute("class"))
        await page.goto(f"/flows/{LINE}/draft")
        await page.fill("#reason", "先道别")
        for box in await page.locator("[name=although]").all():
            await box.check()
        await page.get_by_role("button", name="发布").click()
        await page.get_by_text("已是新内容").wait_for()
    assert file_of(site) == wanted.replace("\n", "\r\n").encode()


async def test_what_a_browser_sends_of_random_edits_is_what_was_typed(chromium: Browser, site: Site) -> None:
    """The editor's text by keys, with its own line ends: the draft is what stands in the field."""
    before = file_of(site)
    put(site, before.replace(b"\n", b"\r\n"))
    dice, of = random.Random("keys"), DraftOf("flow", LINE)
    async with somebody(chromium, site, locale="en-GB", viewport=SIZES["desktop"]) as (context, _):
        page = await signed_in(context, "the-operator")
        for _ in range(6):
            await page.goto(f"/flows/{LINE}/edit")
            await go_to_line(page, "# The settings name it", behind=False)
            await page.keyboard.type("# ")
            await page.keyboard.insert_text(dice.choice(("注释 😀", "\t tab", "<b>&amp;</b>", "\u202eمرحبا")))
            for _ in range(dice.randrange(1, 3)):
                await page.keyboard.press("Enter")
            wanted = await page.input_value("textarea[name=text]")
            await page.keyboard.press("Control+s")
            await page.get_by_text("The draft is saved.").wait_for()
            draft = await asyncio.to_thread(site.run, lambda inst: drafts.draft(inst, of))
            assert draft is not None
            assert draft.content.decode() == wanted.replace("\n", "\r\n")


async def test_a_prompt_is_recorded_from_the_microphone_and_replaces_the_other(site: Site) -> None:
    sound = "prompts/zh-CN/thanks.wav"
    before = file_of(site, sound)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*ARGUMENTS, *MICROPHONE])
        async with working(site), somebody(browser, site, locale="zh-CN") as (context, _):
            page = await signed_in(context, "the-operator")
            await page.goto("/prompts/zh-CN/thanks")
            await page.get_by_role("button", name="用麦克风录音").click()
            await page.get_by_text(re.compile("正在录音… [1-9]")).wait_for()
            await page.get_by_role("button", name="停止录音").click()
            await page.get_by_role("button", name="试听录音").wait_for()
            await page.get_by_role("button", name="准备并比较").click()
            await page.get_by_text("B：提交的").first.wait_for()
            assert file_of(site, sound) == before
            await page.fill("#reason", "更清楚")
            await page.get_by_role("button", name="用 B 替换 A").click()
            await page.get_by_text("已替换。").wait_for()
        await browser.close()
    assert file_of(site, sound) != before
