"""The pages in a real browser: every page in both languages, two sizes, two themes; what comes by itself; no fault.

Debian's Chromium, driven by Playwright. axe-core looks for what keeps people with a disability out. A page that breaks
its own policy, asks another host for anything, or writes a fault to the browser's console fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import settings
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, async_playwright
from playwright.async_api import TimeoutError as TimeoutFault

from agi_app.operations.calling import pauses
from agi_app.store.service import alerts
from agi_app.store.service.alerts import Condition
from tests.api.site import CAMPAIGN, Site, answer_asks
from tests.console.browser import PASSWORD, working
from tests.console.calling import make_startable, previewed
from tests.console.looked_at import BEFORE_THE_SIGN_IN, LOOKED_AT
from tests.console.planted import PAGES as PLANTED_PAGES
from tests.console.planted import plant

pytestmark = [pytest.mark.postgres, pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")]
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-quic"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SIZES: dict[str, ViewportSize] = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1440, "height": 900}}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
KEPT = os.environ.get("AGI_APP_SCREENSHOTS")  # where scripts/screenshots wants a picture of each page
PATIENCE_MS = 120_000  # on a busy machine
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_SIZE = ["color-contrast", "target-size", "scrollable-region-focusable"]  # what another size can change
OF_THEME = ["color-contrast"]
Look = tuple[str, Literal["light", "dark"], list[str]]
# By language; all of them, by all rules, with --hypothesis-profile=thorough.
LOOKS: dict[str, tuple[Look, ...]] = {
    "en-GB": (("desktop", "light", RULES), ("phone", "light", OF_SIZE), ("desktop", "dark", OF_THEME)),
    "zh-CN": (("phone", "light", RULES), ("phone", "dark", OF_THEME)),
}
FAULTS = """
async (rules) => {
  const found = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html}`));
}
"""
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


@pytest.fixture(scope="module")
def preview(site: Site) -> int:
    """The number of a look ahead; no ask waits for a worker, so that no page waits for one."""
    site.run(answer_asks)
    return previewed(site)


@pytest.fixture(scope="module")
def attempt(site: Site) -> str:
    """A call that is on."""
    dialled = """UPDATE attempt SET marked_at = now()
        WHERE attempt_id = (SELECT min(attempt_id) FROM attempt WHERE state <> 'ended') RETURNING attempt_id"""
    return site.run(lambda inst: inst.store.value(str, dialled)) or ""


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
    context.set_default_timeout(PATIENCE_MS)
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


async def says(page: Page, text: str | re.Pattern[str]) -> None:
    """Until the page has it; one that says that a worker has not answered yet is loaded again, as people would."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while True:
            with contextlib.suppress(TimeoutFault):
                return await page.get_by_text(text).first.wait_for(timeout=5_000)
            if await page.locator("main .said").get_by_role("link").count():
                await page.reload()


async def signed_in(context: BrowserContext, account: str) -> Page:
    page = await context.new_page()
    await page.goto("/sign-in")
    await page.fill("#account", account)
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_url("/")
    return page


def looks(language: str) -> Iterable[Look]:
    if settings().max_examples > settings.get_profile("quick").max_examples:
        return ((size, theme, RULES) for size, theme in itertools.product(SIZES, THEMES))
    return LOOKS[language]


async def look_at(page: Page, axe: str, name: str, language: str, folder: Path) -> None:
    """In each size and theme no fault of axe; no violation of the policy, no sideways scroll, also at 320 pixels."""
    await page.evaluate(axe)
    for size, theme, rules in looks(language):
        await page.set_viewport_size(SIZES[size])
        await page.emulate_media(color_scheme=theme)
        faults = await page.evaluate(FAULTS, rules)
        if faults or KEPT:
            await page.screenshot(path=Path(KEPT or folder) / f"{name}-{size}-{theme}.png", full_page=True)
        assert (name, size, theme, faults) == (name, size, theme, [])
    assert await page.evaluate("window.violations") == []
    await page.set_viewport_size({"width": 320, "height": 640})
    sideways = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if sideways:
        await page.screenshot(path=folder / f"{name}-320.png", full_page=True)
    assert (name, sideways) == (name, 0)


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
async def test_every_page_is_whole_for_everybody(
    chromium: Browser, site: Site, preview: int, attempt: str, axe: str, tmp_path: Path, language: str
) -> None:
    failed = [Condition("feed_failed", "appointments", {"reason": "the server does not answer"})]
    site.run(lambda inst: alerts.update(inst.store, "often", alerts.LOST * 0, ["feed_failed"], failed, []))
    async with somebody(chromium, site, locale=language) as (context, _):
        page = await context.new_page()
        for account, paths in [("", BEFORE_THE_SIGN_IN), *LOOKED_AT.items()]:
            if account:
                await context.clear_cookies()
                await page.close()
                page = await signed_in(context, account)
            for path in paths:
                await page.goto(path.format(preview=preview, attempt=attempt))
                name = re.sub(r"\W+", "-", path.strip("/")) or "today"
                await look_at(page, axe, f"{name}-{language}", language, tmp_path)


PRINTED = ("/reports/quarter", f"/campaigns/{CAMPAIGN}", "/complaints/1", "/people/1", "/records/rules?region=US")
ON_PAPER = """() => {
  const shown = (one) => one.checkVisibility();
  const dark = [...document.querySelectorAll("body, main *")].filter(shown)
    .filter((one) => !one.closest("svg") && one.innerText && getComputedStyle(one).color !== "rgb(0, 0, 0)"
      && getComputedStyle(one).color !== "rgb(51, 51, 51)");
  const lost = [...document.querySelectorAll("th, td")].filter(shown)
    .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1);
  return {
    shown: [...document.querySelectorAll("header, nav, main form, .button, button")].filter(shown).length,
    ground: getComputedStyle(document.body).backgroundColor,
    dark: dark.map((one) => one.outerHTML.slice(0, 80)),
    lost: lost.map((one) => one.innerText),
    tables: document.querySelectorAll("table").length,
    address: [...document.querySelectorAll(".paper")].filter(shown).map((one) => one.innerText).join(),
  };
}"""


async def test_what_is_printed_is_black_on_white_and_loses_no_column(chromium: Browser, site: Site) -> None:
    """On A4, by somebody who has the dark theme."""
    found = {}
    async with somebody(chromium, site, locale="en-GB", color_scheme="dark") as (context, _):
        page = await signed_in(context, "the-compliance")
        await page.set_viewport_size({"width": 718, "height": 1000})
        await page.emulate_media(media="print", color_scheme="dark")
        for path in PRINTED:
            await page.goto(path)
            found[path] = await page.evaluate(ON_PAPER)
    white = {"shown": 0, "ground": "rgb(255, 255, 255)", "dark": [], "lost": []}
    assert [(path, {name: one[name] for name in white}) for path, one in found.items()] == [
        (path, white) for path in PRINTED
    ]
    assert sum(one["tables"] for one in found.values()) >= 5
    assert [one["address"] for one in found.values()] == [*PRINTED]


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
        for _ in range(40):
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
            await tabs[-1].goto("/")
        site.run(lambda inst: pauses.pause_all(inst, "a fault of the line"))
        for tab in tabs:
            await tab.get_by_text("a fault of the line").first.wait_for()
        site.run(lambda inst: pauses.resume_all(inst, "mended"))
        for tab in tabs:
            await tab.get_by_text("a fault of the line").first.wait_for(state="detached")


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


async def test_two_people_start_a_campaign_from_their_telephones(chromium: Browser, site: Site) -> None:
    """Each is refused when they try alone; the figures of the preview stand where it is asked for."""
    site.run(answer_asks)
    site.run(make_startable)
    phone: Any = {"locale": "zh-CN", "viewport": SIZES["phone"], "has_touch": True, "is_mobile": True}
    async with (
        working(site),
        somebody(chromium, site, **phone) as (one, _),
        somebody(chromium, site, **phone) as (two, _),
    ):
        page = await signed_in(one, "the-operator")
        await page.goto("/language/zh?next=/")  # what comes live is asked for by a worker of the browser's own language
        await page.get_by_role("link", name="呼叫", exact=True).tap()
        await page.get_by_role("link", name=CAMPAIGN, exact=True).tap()
        await page.get_by_role("button", name="会呼叫谁？").tap()
        await page.get_by_text("没有同意记录").first.wait_for()
        await page.get_by_role("link", name=re.compile("^按(这些数字|文件)")).tap()
        await page.get_by_text("这次启动需要第二人").wait_for()
        await page.fill("#reason", "按计划")
        await page.get_by_role("button", name="启动", exact=True).tap()
        await page.get_by_text("等待第二人批准。批准之前不会呼叫任何人。").wait_for()
        await page.get_by_text("the-supervisor").wait_for()
        assert (await page.goto(f"/campaigns/{CAMPAIGN}/approve")).status == 403  # type: ignore[union-attr]
        other = await signed_in(two, "the-supervisor")
        await other.goto("/approvals")
        await other.get_by_role("link", name=CAMPAIGN).tap()
        await other.fill("#secret", "not the password")
        await other.get_by_role("button", name="批准", exact=True).tap()
        await other.get_by_text("被拒绝：").wait_for()
        await other.get_by_role("link", name="返回批准页").tap()
        await other.fill("#secret", PASSWORD)
        await other.get_by_role("button", name="批准", exact=True).tap()
        await other.get_by_text("您已批准：活动正在运行。").wait_for()
        await page.goto(f"/campaigns/{CAMPAIGN}")
        await other.goto(f"/campaigns/{CAMPAIGN}/pause")
        await other.fill("#reason", "线路故障")
        await other.get_by_role("button", name="暂停", exact=True).tap()
        await other.get_by_text("完成。").wait_for()
        await page.locator(".state", has_text="已暂停").first.wait_for()  # it came by itself
        await other.goto(f"/campaigns/{CAMPAIGN}")
        await other.get_by_role("button", name="会呼叫谁？").tap()
        await other.get_by_role("link", name=re.compile("^按")).tap()
        await other.fill("#reason", "再来")
        await other.get_by_role("button", name="启动", exact=True).tap()
        await other.get_by_text("等待第二人批准。批准之前不会呼叫任何人。").wait_for()
        await other.goto(f"/campaigns/{CAMPAIGN}/approve")
        await other.get_by_text("这次启动是您自己请求的").wait_for()


async def test_what_is_planted_in_any_field_does_nothing(chromium: Browser, site: Site) -> None:
    site.run(plant)
    async with somebody(chromium, site, locale="en-GB") as (context, seen):
        page = await signed_in(context, "the-operator")
        for path in PLANTED_PAGES:
            await page.goto(path)
            await page.wait_for_load_state("load")
            done = (
                "[window.ran === undefined, window.violations.length, document.querySelectorAll('img[src=x]').length]"
            )
            assert (path, await page.evaluate(done)) == (path, [True, 0, 0])
        assert seen.faults == []
