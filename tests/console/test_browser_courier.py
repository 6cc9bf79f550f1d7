"""The how-to of the courier by the pages alone, in both languages: flow and campaign from templates or from decisions,
the list, a consent, the look ahead, the start, and the parcel that comes another day."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from agi_app.shared_files import shared
from tests.api.site import Site
from tests.api.test_complaints import worker_works
from tests.console.browser import working
from tests.console.calling import make_startable
from tests.console.test_browser import chromium, says, signed_in, somebody

__all__ = ["chromium"]
pytestmark = [pytest.mark.postgres, pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")]
TEMPLATE = shared("agi_app") / "campaigns" / "templates" / "delivery"
ZH: dict[str, str] = json.loads((shared("agi_app") / "messages" / "zh" / "console.json").read_text(encoding="utf-8"))
DAY = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)
Words = Callable[[str], str]


def the_list(folder: Path, ids: str) -> Path:
    """Those of the template, about a delivery in two days."""
    rows = list(csv.DictReader((TEMPLATE / "contacts.csv").read_text(encoding="utf-8").splitlines()))
    out = io.StringIO()
    to = csv.DictWriter(out, rows[0])
    to.writeheader()
    for row in rows:
        own = {"external_id": f"{ids}-{row['external_id']}", "not_before": str(DAY), "not_after": f"{DAY} 18:00"}
        to.writerow(row | own)
    (folder / "contacts.csv").write_text(out.getvalue(), encoding="utf-8")
    return folder / "contacts.csv"


async def press(page: Page, button: str | re.Pattern[str], /, **fields: str) -> None:
    for field, text in fields.items():
        await page.fill(f"#{field}", text)
    await page.get_by_role("button", name=button, exact=isinstance(button, str)).first.click()


async def link(page: Page, name: str) -> None:
    await page.get_by_role("link", name=name, exact=True).first.click()


async def checked_and_published(page: Page, say: Words, reason: str) -> None:
    await page.locator(".gutter").wait_for()
    await says(page, say("The check finds nothing."))
    await press(page, say("Save as a draft"))
    await says(page, say("The draft is saved. No call changes by it before it is published."))
    await press(page, say("Publish"), reason=reason)
    await says(page, say("Done."))


async def build(page: Page, say: Words, name: str, *, of_template: bool) -> None:
    """The flow and the campaign."""
    await link(page, say("Flows"))
    await page.select_option("#template", "delivery")
    await press(page, say("Begin a flow"), name=name)
    await checked_and_published(page, say, "parcels")
    await link(page, say("Calls"))
    await link(page, say("A new campaign …"))
    await page.select_option("#template", "delivery" if of_template else "")
    await page.select_option("#flow", name)
    await press(page, say("Show its text"), name=name, zone="Asia/Shanghai")
    await checked_and_published(page, say, "parcels")


async def fill(page: Page, say: Words, list_: Path) -> None:
    await link(page, say("Import a list …"))
    await page.set_input_files("#list", list_)
    await press(page, say("Check the list"))
    await says(page, say("The list was checked. Nothing of it is stored yet."))
    await press(page, say("Import {number} rows").format(number=4))
    await says(page, say("The list is imported."))


async def consents(page: Page, say: Words) -> None:
    """The words of the template's first person."""
    (row, *_) = csv.DictReader((TEMPLATE / "consent.csv").read_text(encoding="utf-8").splitlines())
    await link(page, say("People"))
    await link(page, say("Enter a consent"))
    told = {name: row[name] for name in ("number", "wording", "language", "method", "source", "time")}
    await press(page, say("Enter the consent"), **told)
    await says(page, say("The consent is recorded and stamped."))


async def start(page: Page, say: Words) -> None:
    await press(page, say("Who would be called?"))
    await says(page, say("too early"))
    await link(page, say("Start with these figures …"))
    await press(page, say("Start"), reason="tomorrow's parcels")
    await says(page, say("Done."))


async def another_day(page: Page, say: Words, name: str, contact: str) -> None:
    await link(page, say("To the campaign {campaign}").format(campaign=name))
    await page.locator(".state.running").first.wait_for()
    await link(page, say("Contacts"))
    await link(page, contact)
    await link(page, say("Give it another time …"))
    later = DAY + dt.timedelta(days=1)
    told = {"not_before": str(later), "not_after": f"{later} 18:00", "reason": "the van broke down"}
    await press(page, say("Give it this time"), **told)
    await says(page, say("Done."))


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
async def test_courier_is_built_and_started_by_clicks(
    chromium: Browser, site: Site, tmp_path: Path, language: str
) -> None:
    def say(text: str) -> str:
        return ZH[text] if language == "zh-CN" else text

    name, project = f"parcels-{language[:2]}", site.inst.settings.project
    site.run(make_startable)
    before = {file: file.read_bytes() for file in project.rglob("*") if file.is_file()}
    async with working(site, worker_works), somebody(chromium, site, locale=language) as (context, _):
        page = await signed_in(context, "the-operator")
        await build(page, say, name, of_template=language == "zh-CN")
        for kind in ("flows", "campaigns"):
            assert (project / kind / f"{name}.yaml").read_text(encoding="utf-8").count(name) >= 1
        await fill(page, say, the_list(tmp_path, language[:2]))
        await start(page, say)
        await another_day(page, say, name, f"{language[:2]}-1")
    async with working(site, worker_works), somebody(chromium, site, locale=language) as (context, _):
        await consents(await signed_in(context, "the-compliance"), say)
    assert [file for file, content in before.items() if file.read_bytes() != content] == []
