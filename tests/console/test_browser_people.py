"""The pages of people in a real browser: a list from a telephone in Chinese, its faults, the import; a stop."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from agi_app.store.people import stops
from tests.api.site import CAMPAIGN, Site
from tests.api.test_complaints import worker_works
from tests.console.browser import working
from tests.console.test_browser import SIZES, chromium, signed_in, somebody
from tests.console.test_people import counted
from tests.store.world import number

__all__ = ["chromium"]
pytestmark = [pytest.mark.postgres, pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")]
PHONE: dict[str, Any] = {"locale": "zh-CN", "viewport": SIZES["phone"], "has_touch": True, "is_mobile": True}
LIST = f"编号,手机,name\np-1,{number(71)},王芳\np-2,138,李强\np-3,,赵敏\np-4,{number(74)},😀\n"


async def test_todays_list_is_imported_from_a_telephone_in_chinese(
    chromium: Browser, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "今天.csv").write_text(LIST, encoding="utf-8")
    added = "SELECT count(*) FROM contact WHERE external_id LIKE 'p-_'"
    async with working(site, worker_works), somebody(chromium, site, **PHONE) as (context, _):
        page = await signed_in(context, "the-operator")
        await page.get_by_role("link", name="号主", exact=True).tap()
        await page.get_by_role("link", name=f"向 {CAMPAIGN} 导入名单").tap()
        await page.set_input_files("#list", tmp_path / "今天.csv")
        await page.get_by_role("button", name="检查名单").tap()
        await page.get_by_text("还没有存入任何内容").wait_for()
        assert await page.get_by_text("今天.csv:3:5").is_visible()
        assert await page.get_by_text("今天.csv:4:5").is_visible()
        assert await asyncio.to_thread(counted, site, added) == 0
        async with page.expect_download() as saved:
            await page.get_by_role("link", name="保存有错的行").tap()
        assert (await (await saved.value).path()).read_text("utf-8-sig").count("\n") == 3
        await page.get_by_role("button", name="导入 2 行").tap()
        await page.get_by_text("名单已导入").wait_for()
        await page.screenshot(path=tmp_path / "imported.png", full_page=True)
        await page.get_by_role("link", name=f"{CAMPAIGN} 的联系人").tap()
        await page.get_by_role("link", name="p-1", exact=True).wait_for()
    assert counted(site, added) == 2


async def test_a_person_is_stopped_from_their_page(chromium: Browser, site: Site) -> None:
    async with working(site, worker_works), somebody(chromium, site, **PHONE) as (context, _):
        page = await signed_in(context, "the-operator")
        await page.goto("/people")
        await page.fill("#number", number(3))
        await page.fill("#reason", "来电要求停呼")
        await page.get_by_role("button", name="按号码查找").tap()
        await page.get_by_role("link", name="停呼或撤回").tap()
        await page.get_by_text("一秒内在所有节点生效").wait_for()
        await page.fill("#reason", "来电要求停呼")
        await page.get_by_role("button", name="停呼", exact=True).tap()
        await page.get_by_text("停呼已生效").wait_for()
        assert number(3) not in await page.content()
    assert site.run(lambda inst: stops.is_suppressed(inst.store, number(3)))
