"""The pages of the installation in a real browser: somebody is let in, and it is in Who did what."""

from __future__ import annotations

import shutil

import pytest
from playwright.async_api import Browser

from tests.api.site import Site
from tests.console.browser import PASSWORD, working
from tests.console.test_browser import SIZES, chromium, signed_in, somebody

__all__ = ["chromium"]
pytestmark = [pytest.mark.postgres, pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")]


async def test_an_admin_lets_somebody_in_and_compliance_finds_it(chromium: Browser, site: Site) -> None:
    async with working(site), somebody(chromium, site, locale="en-GB") as (context, _):
        page = await signed_in(context, "the-admin")
        await page.get_by_role("link", name="Service").click()
        await page.get_by_role("link", name="Accounts").click()
        await page.fill("#name", "wang.fang")
        await page.get_by_label("viewer").check()
        await page.get_by_role("button", name="Make the account and its link").click()
        link = await page.locator("#once").inner_text()
    phone = {"locale": "zh-CN", "viewport": SIZES["phone"]}
    async with somebody(chromium, site, **phone) as (context, _):
        page = await context.new_page()
        await page.goto(f"/link/{link.rpartition('/link/')[2]}")
        await page.fill("#password", PASSWORD)
        await page.fill("#again", PASSWORD)
        await page.press("#again", "Enter")
        await page.wait_for_url("/sign-in?said=set")
        page = await signed_in(context, "wang.fang")
        assert await page.get_by_role("link", name="全部暂停").count() == 0  # a viewer may not
        assert await page.get_by_role("link", name="操作记录").count() == 0
    async with somebody(chromium, site, locale="en-GB") as (context, _):
        page = await signed_in(context, "the-compliance")
        await page.goto("/records/actions")
        await page.get_by_label("Done to").fill("wang.fang")
        await page.get_by_role("button", name="Show").click()
        rows = page.locator("tbody tr", has_text="the-admin")
        verbs = [await row.locator("td").nth(1).inner_text() for row in await rows.all()]
        assert verbs == ["account link", "account add", "account ask"]
