"""A clinic's morning in Chinese on telephones, from today's list to the day's calls as a file: by links and buttons of
the pages alone, and each step stands in who did what."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from agi_app.installation import Installation
from agi_app.model.campaign import CampaignState
from agi_app.operations.reporting import jobs
from agi_app.store.calling.campaigns import set_state
from tests.api.site import CAMPAIGN, FLOW, Site, answer_asks
from tests.api.test_complaints import worker_works
from tests.console.browser import PASSWORD, working
from tests.console.calling import make_startable
from tests.console.test_browser import SIZES, chromium, says, signed_in, somebody
from tests.console.test_browser_flows import go_to_line
from tests.console.test_prompts import a_sound
from tests.store.world import number

__all__ = ["chromium"]
pytestmark = [pytest.mark.postgres, pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")]
PHONE: dict[str, Any] = {"locale": "zh-CN", "viewport": SIZES["phone"], "has_touch": True, "is_mobile": True}
NUMBER = number(8140007)  # far from the others: a list that looks counted is refused
LIST = f"编号,手机,语言,name\nm-1,{NUMBER},zh-CN,王芳\nm-2,138,zh-CN,李强\n"
PROMPT = "prompts/zh-CN/thanks.wav"
STEPS = {  # as the page has them: who, what, why; the reason of what a worker does is that of its ask
    ("the-operator", "导入联系人", "–"),
    ("the-operator", "请求预览活动", "–"),
    ("the-operator", "请求更改活动", "今天的名单"),
    ("the-supervisor", "活动获批", "–"),
    ("the-operator", "请求更改活动", "提示音听不清"),
    ("the-operator", "提交提示音", "–"),
    ("the-supervisor", "替换提示音", "更清楚"),
    ("the-operator", "保存草稿", "–"),
    ("the-operator", "请求发布草稿", "多等一会儿"),
    ("the-operator", "发布草稿", "–"),
    ("the-operator", "请求更改活动", "已改好"),
    ("the-operator", "请求更改活动", "新的流程"),
    ("the-compliance", "登记投诉", "–"),
    ("the-compliance", "投诉备注", "–"),
    ("the-operator", "请求报表", "–"),
    ("the-operator", "取走报表", "–"),
}


async def works(inst: Installation) -> None:
    """What a worker does with asks, and `agi-app report run-jobs` with reports."""
    await worker_works(inst)
    await jobs.run_next(inst)


async def begin(inst: Installation) -> None:
    """The campaign ran yesterday; what starts it again is there but the second person."""
    await answer_asks(inst)
    await make_startable(inst)
    await set_state(inst.store, CAMPAIGN, CampaignState.STOPPED, "yesterday's list is done", inst.clock.now())


async def go(page: Page, section: str, *titles: str) -> None:
    """By the navigation: a section, and one of its pages."""
    await page.get_by_role("navigation", name="页面", exact=True).get_by_role("link", name=section, exact=True).tap()
    pages = page.get_by_role("navigation", name=section, exact=True)
    await pages.wait_for()
    for title in titles:
        await pages.get_by_role("link", name=title, exact=True).tap()
        await pages.locator("[aria-current=page]").get_by_text(title, exact=True).wait_for()


async def link(page: Page, name: str | re.Pattern[str]) -> None:
    await page.get_by_role("link", name=name, exact=isinstance(name, str)).first.tap()


async def press(page: Page, name: str | re.Pattern[str], **fields: str) -> None:
    for field, text in fields.items():
        await page.fill(f"#{field}", text)
    await page.get_by_role("button", name=name, exact=isinstance(name, str)).first.tap()


async def telephone(context: BrowserContext, account: str) -> Page:
    """Signed in; what comes live is asked for by a worker of the browser's own language, so the page's is chosen."""
    page = await signed_in(context, account)
    await page.goto("/language/zh?next=/")
    return page


async def start(page: Page, other: Page, list_: Path) -> None:
    """Today's list, who would be called, and the start, which a second person approves."""
    await go(page, "号主")
    await link(page, f"向 {CAMPAIGN} 导入名单……")
    await page.set_input_files("#list", list_)
    await press(page, "检查名单")
    await says(page, "还没有存入任何内容")
    await says(page, "今天.csv:3:5")
    await press(page, "导入 1 行")
    await says(page, "名单已导入")
    await press(page, "会呼叫谁？")
    await says(page, "没有同意记录")
    await link(page, "按这些数字启动……")
    await says(page, "这次启动需要第二人")
    await press(page, "启动", reason="今天的名单")
    await says(page, "等待第二人批准。批准之前不会呼叫任何人。")
    assert await other.get_by_text("正在运行").count() == 0
    await go(other, "呼叫", "待批准的启动")
    await link(other, CAMPAIGN)
    await says(other, "the-operator")
    await press(other, "批准", secret=PASSWORD)
    await says(other, "您已批准：活动正在运行。")
    await link(page, f"前往活动 {CAMPAIGN}")
    await page.locator(".state.running").first.wait_for()


async def watch_and_pause(page: Page) -> None:
    await go(page, "呼叫", "实时")
    await says(page, "正在进行的呼叫列表")
    await go(page, "今日")
    await link(page, CAMPAIGN)
    await link(page, "暂停……")
    await press(page, "暂停", reason="提示音听不清")
    await says(page, "完成。")


async def mend_the_prompt(page: Page, other: Page, sound: Path, there: Callable[[], bytes]) -> None:
    """Who offers it does not replace it: it is heard by calls that go on."""
    before = there()
    await go(page, "流程", "提示音")
    await link(page, re.compile(r"^thanks.*zh-CN"))
    await page.set_input_files("#sound", sound)
    await press(page, "准备并比较")
    await says(page, "B：提交的")
    for audio in ("A：现有的", "B：提交的"):
        assert await page.get_by_label(audio).count() >= 1
    assert await page.get_by_role("button", name="用 B 替换 A").count() == 0
    assert there() == before
    await go(other, "流程", "提示音")
    await other.locator(".banner").get_by_role("link", name="thanks (zh-CN)").tap()
    await press(other, "用 B 替换 A", reason="更清楚")
    await says(other, "已替换。")
    assert there() != before


async def publish_a_change(page: Page) -> None:
    await go(page, "流程", "流程")
    await link(page, FLOW)
    await link(page, "编辑")
    await page.locator("textarea[name=text]").wait_for()
    await go_to_line(page, "        timeout: ")
    await page.keyboard.press("Delete")
    await page.keyboard.type("6")
    await says(page, "检查没有发现问题。")
    await press(page, "存为草稿")
    await says(page, "草稿已保存。")
    await page.fill("#reason", "多等一会儿")
    for box in await page.locator("[name=although]").all():
        await box.check()
    await press(page, "发布")
    await says(page, "已是新内容")


async def go_on_with_the_new_text(page: Page, other: Page) -> None:
    """Going on takes the text that was started; the new one is taken by a start, which the second person approves."""
    await link(page, CAMPAIGN)
    await link(page, "继续……")
    await says(page, "启动之后对文件的改动不会使用")
    await press(page, "继续", reason="已改好")
    await says(page, "完成。")
    await link(page, f"前往活动 {CAMPAIGN}")
    await page.locator(".state.running").first.wait_for()
    await press(page, "会呼叫谁？")
    await link(page, "按文件现在的内容重新启动……")
    await press(page, "启动", reason="新的流程")
    await says(page, "等待第二人批准。批准之前不会呼叫任何人。")
    await go(other, "呼叫", "待批准的启动")
    await link(other, CAMPAIGN)
    await press(other, "批准", secret=PASSWORD)
    await says(other, "您已批准：活动正在运行。")


async def answer_a_complaint(page: Page) -> None:
    await go(page, "号主", "投诉")
    await link(page, "关于我方呼叫……")
    await press(page, "登记投诉", number=NUMBER, text="早上太早", source="电话")
    await link(page, re.compile(r"^投诉 \d+$"))
    await says(page, "早上太早")
    await page.select_option("#state", "answered")
    await press(page, "添加记录", text="已致歉，不再呼叫。")
    await link(page, re.compile(r"^投诉 \d+$"))
    await says(page, "已致歉，不再呼叫。")
    assert NUMBER not in await page.content()


async def export_the_day(page: Page) -> str:
    await go(page, "报表", "文件")
    today = str(dt.datetime.now(dt.UTC).date())
    await page.select_option("#format", "csv")
    await press(page, "提出请求", since=today, until=today)
    async with page.expect_download() as saved:
        await link(page, re.compile("^取文件"))
    return (await (await saved.value).path()).read_text("utf-8-sig")


async def who_did_what(page: Page) -> set[tuple[str, str, str]]:
    """All that the page has, from its newest to the oldest one."""
    await go(page, "记录", "操作记录")
    found: set[tuple[str, str, str]] = set()
    while True:
        rows = await page.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(c => c.innerText))"
        )
        found |= {(row[1].split("\n")[0], row[2], row[5]) for row in rows if row[4] == "完成"}
        if await page.get_by_role("link", name="下一页").count() == 0:
            return found
        older = await page.get_by_role("link", name="下一页").get_attribute("href")
        await link(page, "下一页")
        await page.wait_for_url(f"**{older}")


async def test_a_clinics_morning(chromium: Browser, site: Site, tmp_path: Path) -> None:
    site.run(begin)
    (tmp_path / "今天.csv").write_text(LIST, encoding="utf-8")
    (tmp_path / "thanks.wav").write_bytes(a_sound())
    async with (
        working(site, works),
        somebody(chromium, site, **PHONE) as (one, _),
        somebody(chromium, site, **PHONE) as (two, _),
        somebody(chromium, site, **PHONE) as (three, _),
    ):
        operator, supervisor = await telephone(one, "the-operator"), await telephone(two, "the-supervisor")
        await start(operator, supervisor, tmp_path / "今天.csv")
        await watch_and_pause(operator)
        await mend_the_prompt(
            operator, supervisor, tmp_path / "thanks.wav", (site.inst.settings.project / PROMPT).read_bytes
        )
        await publish_a_change(operator)
        await go_on_with_the_new_text(operator, supervisor)
        compliance = await telephone(three, "the-compliance")
        await answer_a_complaint(compliance)
        assert CAMPAIGN in await export_the_day(operator)
        done = await who_did_what(compliance)
        assert STEPS - done == set()
