"""The pages in a real browser: every page in both languages, two sizes, two themes; what comes by itself; no fault.

Debian's Chromium, driven by Playwright. axe-core looks for what keeps people with a disability out. A page that breaks
its own policy, asks another host for anything, or writes a fault to the browser's console fails.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from agi_app.operations.calling import pauses
from agi_app.store.service import alerts
from agi_app.store.service.alerts import Condition
from tests.api.site import Site, answer_asks
from tests.console.browser import PASSWORD
from tests.console.looked_at import BEFORE_THE_SIGN_IN, LOOKED_AT

pytestmark = [pytest.mark.postgres, pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")]
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-quic"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1440, "height": 900}}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(event.violatedDirective + " " + event.blockedURI);
});
"""


@dataclasses.dataclass
class Seen:
    """What happened in a browser beside what was looked for."""

    foreign: list[str] = dataclasses.field(default_factory=list)
    faults: list[str] = dataclasses.field(default_factory=list)


@pytest.fixture(scope="module")
def axe() -> str:
    spec = find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    return next(Path(spec.origin).parent.rglob("axe.min.js")).read_text(encoding="utf-8")


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*ARGUMENTS])
        yield browser
        await browser.close()


@asynccontextmanager
async def somebody(chromium: Browser, site: Site, **settings: Any) -> AsyncIterator[tuple[BrowserContext, Seen]]:
    """A browser of its own."""
    context, seen = await chromium.new_context(base_url=site.url, **settings), Seen()
    await context.add_init_script(VIOLATIONS)
    context.on("request", lambda r: seen.foreign.append(r.url) if not r.url.startswith(site.url) else None)
    context.on("console", lambda m: seen.faults.append(m.text) if _is_fault(m) else None)
    context.on("weberror", lambda e: seen.faults.append(str(e.error)))
    yield context, seen
    await context.close()
    assert (seen.foreign, seen.faults) == ([], [])


def _is_fault(message: ConsoleMessage) -> bool:
    """What a page says of itself; that a page of a fault has a status of one is expected."""
    return message.type in ("error", "warning") and "Failed to load resource" not in message.text


async def signed_in(context: BrowserContext, account: str) -> Page:
    page = await context.new_page()
    await page.goto("/sign-in")
    await page.fill("#account", account)
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_url("/")
    return page


async def look_at(page: Page, axe: str, name: str, folder: Path) -> None:
    """No fault of axe, no violation of the policy, no sideways scroll, also at 320 pixels."""
    await page.evaluate(axe)
    found = await page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
    faults = [f"{one['id']}: {node['html']}" for one in found["violations"] for node in one["nodes"]]
    await page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert (name, faults) == (name, [])
    assert await page.evaluate("window.violations") == []
    wide = page.viewport_size
    assert wide is not None
    await page.set_viewport_size({"width": 320, "height": 640})
    sideways = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (name, sideways) == (name, 0)
    await page.set_viewport_size(wide)


def looks() -> Iterator[tuple[str, str, str]]:
    for language in ("en-GB", "zh-CN"):
        for size in SIZES:
            for theme in ("light", "dark"):
                yield language, size, theme


@pytest.mark.parametrize(("language", "size", "theme"), [*looks()], ids="-".join)
async def test_every_page_is_whole_for_everybody(
    chromium: Browser, site: Site, axe: str, tmp_path: Path, language: str, size: str, theme: Any
) -> None:
    failed = [Condition("feed_failed", "appointments", {"reason": "the server does not answer"})]
    site.run(lambda inst: alerts.update(inst.store, "often", alerts.LOST * 0, ["feed_failed"], failed, []))
    settings = {"locale": language, "viewport": SIZES[size], "color_scheme": theme}
    async with somebody(chromium, site, **settings) as (context, _):
        page = await context.new_page()
        for account, paths in [("", BEFORE_THE_SIGN_IN), *LOOKED_AT.items()]:
            if account:
                await context.clear_cookies()
                page = await signed_in(context, account)
            for path in paths:
                await page.goto(path)
                name = re.sub(r"\W+", "-", path.strip("/")) or "today"
                await look_at(page, axe, f"{name}-{language}-{size}-{theme}", tmp_path)


async def test_everything_is_paused_from_a_telephone_and_by_keys_alone(chromium: Browser, site: Site) -> None:
    settings: Any = {"locale": "zh-CN", "viewport": SIZES["phone"], "has_touch": True, "is_mobile": True}
    async with somebody(chromium, site, **settings) as (context, _):
        page = await signed_in(context, "the-operator")
        await page.get_by_role("link", name="全部暂停").tap()
        await page.fill("#reason", "电话线路故障")
        await page.get_by_role("button", name="全部暂停").tap()
        await page.get_by_text("已全部暂停。").first.wait_for()
        box = await page.get_by_role("link", name="恢复呼叫").bounding_box()
        assert box is not None
        assert box["height"] >= 44
    pause = site.run(pauses.current)
    assert pause is not None
    assert pause.reason == "电话线路故障"
    async with somebody(chromium, site, locale="en-GB") as (context, _):
        page = await signed_in(context, "the-operator")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        for _ in range(12):
            await page.keyboard.press("Tab")
            if "Go on" in await page.evaluate("document.activeElement.textContent"):
                break
        await page.keyboard.press("Enter")
        await page.wait_for_url("/resume")
        await page.get_by_label("Why").focus()
        await page.keyboard.type("mended")
        await page.keyboard.press("Enter")
        await page.get_by_text("A worker was asked to go on").wait_for()
    site.run(answer_asks)
    assert site.run(pauses.current) is None


async def test_eight_tabs_of_one_browser_see_what_happens(chromium: Browser, site: Site) -> None:
    """With a stream in each, the seventh would never load: a browser has six connections to a host."""
    async with somebody(chromium, site, locale="en-GB") as (context, _):
        tabs = [await signed_in(context, "the-operator")]
        for _ in range(7):
            tabs.append(await context.new_page())
            await tabs[-1].goto("/", timeout=10_000)
        site.run(lambda inst: pauses.pause_all(inst, "a fault of the line"))
        for tab in tabs:
            await tab.get_by_text("a fault of the line").first.wait_for(timeout=15_000)
        site.run(lambda inst: pauses.resume_all(inst, "mended"))
        for tab in tabs:
            await tab.get_by_text("a fault of the line").first.wait_for(state="detached", timeout=15_000)


async def test_what_a_page_loads_is_small_and_kept(chromium: Browser, site: Site) -> None:
    loaded = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    async with somebody(chromium, site, locale="en-GB") as (context, _):
        page = await signed_in(context, "the-operator")
        first = await page.evaluate(f"{loaded}.map(one => [new URL(one.name).pathname, one.decodedBodySize])")
        await page.goto("/me")
        again = await page.evaluate(f"{loaded}.filter(one => one.transferSize).map(one => new URL(one.name).pathname)")
    assert sum(size for _, size in first) <= 150_000
    assert sum(size for path, size in first if path.endswith(".js")) <= 60_000
    assert {path.rpartition(".")[2] for path, size in first if size} >= {"/", "css", "js"}
    assert again == ["/me"]
