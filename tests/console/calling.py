"""A campaign that can be started by pages: its number is proved, its contacts are more than one person may start."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

import aiohttp

from agi_app.consent.account_secrets import workers_key
from agi_app.installation import Installation
from agi_app.model.actors import Actor, Role
from agi_app.operations.calling import previews
from agi_app.operations.project import project_files
from agi_app.store.calling import approvals
from agi_app.store.people import caller_ids
from tests.api.site import CAMPAIGN, Site, answer_asks
from tests.console.browser import post
from tests.store.world import LONG_AGO, contact, import_contacts

ABOVE = 500  # contacts: what one person may start alone


async def make_startable(inst: Installation) -> None:
    """All but the second person is there."""
    assert inst.key is not None
    await approvals.keep_key(inst.store, workers_key(inst.key).public_key().public_bytes_raw())
    wanted = project_files.read(inst.settings.project).campaigns[CAMPAIGN].parsed.campaign
    now = inst.clock.now()
    proof = caller_ids.CallerIdProof(
        wanted.caller_id, "letter", "letter.pdf", "00", "admin", LONG_AGO, now + dt.timedelta(days=90)
    )
    await caller_ids.add_proof(inst.store, proof, now)
    await import_contacts(inst.store, CAMPAIGN, [contact(n) for n in range(100, 100 + ABOVE)], now)


def previewed(site: Site) -> int:
    """A preview that the operator asked for, made."""
    who = Actor("the-operator", frozenset({Role.OPERATOR}), "api", shown=site.tokens[Role.OPERATOR])
    ask = site.run(lambda inst: previews.ask(dataclasses.replace(inst, actor=who), CAMPAIGN))
    site.run(lambda inst: answer_asks(inst, after=ask - 1))
    return ask


async def asked(http: aiohttp.ClientSession, site: Site, path: str, **fields: str) -> tuple[str, int]:
    """Send a form that asks a worker, and let one answer: the address of the ask's page, and its number."""
    answer = await post(http, path, **fields)
    assert answer.status == 303, await answer.text()
    where = answer.headers["Location"]
    found = re.search(r"/(\d+)$", where)
    assert found is not None, where
    number = int(found[1])
    site.run(lambda inst: answer_asks(inst, after=number - 1))
    return where, number
