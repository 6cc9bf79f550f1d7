"""A passkey in a real browser, on a telephone and in Chinese, with an authenticator that Chromium plays itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, CDPSession, Page

from tests.api.site import Site
from tests.console.test_browser import SIZES, axe, chromium, look_at, signed_in, somebody

__all__ = ["axe", "chromium"]
pytestmark = [pytest.mark.postgres, pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def authenticator(context: BrowserContext, page: Page) -> tuple[CDPSession, str]:
    """A device with a fingerprint reader, as Chrome DevTools make one."""
    devtools = await context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    made = await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return devtools, made["authenticatorId"]


async def test_a_passkey_is_made_signs_in_is_shown_and_removed(
    chromium: Browser, site: Site, axe: str, tmp_path: Path
) -> None:
    site.url = site.url.replace("127.0.0.1", "localhost")
    phone: dict[str, Any] = {"locale": "zh-CN", "viewport": SIZES["phone"], "has_touch": True, "is_mobile": True}
    async with somebody(chromium, site, **phone) as (context, _):
        page = await signed_in(context, "the-admin")
        devtools, device = await authenticator(context, page)
        await page.goto("/me")
        await page.get_by_role("link", name="您的通行密钥").tap()
        await page.fill("#name", "我的手机")
        await page.fill("#password-add", "not the password")
        await page.get_by_role("button", name="添加通行密钥").tap()
        await page.get_by_text("口令不对").wait_for()
        await page.fill("#password-add", "correct horse battery staple")
        await page.get_by_role("button", name="添加通行密钥").tap()
        await page.wait_for_url("/sign-in?said=passkeys")
        kept = (await devtools.send("WebAuthn.getCredentials", {"authenticatorId": device}))["credentials"]
        assert [(one["rpId"], one["isResidentCredential"]) for one in kept] == [("localhost", True)]

        await unverified(devtools, device, page)
        await look_at(page, axe, "passkey-refused", "zh-CN", tmp_path)
        await page.set_viewport_size(SIZES["phone"])
        await page.get_by_role("button", name="用通行密钥登录").tap()
        await page.wait_for_url("/")
        await page.goto("/me/passkeys")
        await look_at(page, axe, "passkeys", "zh-CN", tmp_path)
        await page.set_viewport_size(SIZES["phone"])

        await shown_for_an_admins_page(site, page)
        await page.goto("/me/passkeys")
        await page.get_by_text("移除这个通行密钥…").tap()
        await page.locator(".card").get_by_role("button", name="改为出示通行密钥").tap()
        await page.locator(".card").get_by_text("已出示通行密钥").wait_for()
        await page.locator(".card").get_by_role("button", name="移除这个通行密钥").tap()
        await page.wait_for_url("/sign-in?said=passkeys")
        await page.get_by_role("button", name="用通行密钥登录").tap()
        await page.get_by_text("这里不认识或不再认识这个通行密钥").wait_for()


async def unverified(devtools: CDPSession, device: str, page: Page) -> None:
    """Somebody else holds the device, and their finger is not known to it."""
    await devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    await page.get_by_role("button", name="用通行密钥登录").tap()
    await page.get_by_text("没有出示通行密钥").wait_for()
    await devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})


async def shown_for_an_admins_page(site: Site, page: Page) -> None:
    """The password is wanted again after five minutes; a passkey is as good."""
    ago = "UPDATE console_session SET proved_at = clock_timestamp() - interval '301 seconds'"
    site.run(lambda inst: inst.store.execute(ago))
    await page.goto("/service/accounts/the-viewer")
    assert await page.locator("[name=proof]:visible").count() == 2
    await page.get_by_role("button", name="改为出示通行密钥").first.tap()
    await page.get_by_text("已出示通行密钥").first.wait_for()
    assert await page.locator("[name=proof]:visible").count() == 0
    await page.get_by_role("button", name="生成链接").tap()
    await page.locator("#once").wait_for()
