"""What is wrong here and how to mend it: settings, project files, database, clocks, Asterisk, trunks, prompts.

It mends nothing (like every command it makes what a new project lacks: data folder, key, embedded database).
A check that cannot be made because an earlier one failed is left out.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from agi_app.campaigns.project import read_project
from agi_app.campaigns.rules import load_ruleset
from agi_app.clock import Clock, SystemClock
from agi_app.config import Settings, load_settings
from agi_app.consent.suppression import load_key
from agi_app.dialer.worker import MAX_CLOCK_DIFFERENCE
from agi_app.errors import AgiAppError
from agi_app.model.campaign import CampaignState
from agi_app.pbx.http import AriSettings, HttpPool, ask_info
from agi_app.pbx.trunks import Ask, endpoint_name, pool_asker, trunk_facts
from agi_app.store import checks, nodes
from agi_app.store.caller_ids import proofs
from agi_app.store.campaigns import load_campaigns
from agi_app.store.migrate import migrate
from agi_app.store.pool import Store


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; ``mend`` is empty when it is well."""

    check: str
    well: bool
    text: str
    mend: str = ""


Findings = list[Finding]
EXPIRES_SOON_DAYS = 30


async def examine(project: Path) -> Findings:
    """Look at everything; the settings first, since all else depends on them."""
    try:
        settings = load_settings(project)
    except AgiAppError as error:
        return [Finding("settings", False, str(error), "correct agi-app.toml, or run `agi-app init DIR`")]
    found = [Finding("settings", True, f"{len(settings.trunks)} trunks")]
    found += await asyncio.to_thread(_files, settings)
    found += await _database(settings)
    found += await _asterisk(settings)
    return found


def _files(settings: Settings) -> Findings:
    project = read_project(settings.project, settings.trunks)
    faults = project.errors
    text = f"{len(project.campaigns)} campaigns, {len(project.flows)} flows, {len(project.prompts)} prompts"
    found = [
        Finding("project files", False, f"{len(faults)} errors; the first: {faults[0]}", "run `agi-app check`")
        if faults
        else Finding("project files", True, text)
    ]
    try:
        load_key(settings.data)
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (AgiAppError, OSError) as error:
        return [*found, Finding("data folder", False, str(error), f"make {settings.data} writable for this user")]
    well = os.access(settings.data, os.W_OK)
    return [*found, Finding("data folder", well, str(settings.data_folder), "" if well else "make it writable")]


async def _database(settings: Settings) -> Findings:
    clock = SystemClock()
    try:
        key = load_key(settings.data)
        url = settings.database_url or None
        store = await Store.open(
            url, settings.data, clock=clock, hash_number=key.hash_number, check_schema=url is not None
        )
    except AgiAppError as error:
        return [Finding("database", False, str(error), "see the message; `agi-app migrate` brings it up to date")]
    try:
        if url is None:
            await migrate(store)
        await checks.confirm_suppression_key(store, key.check_value)
        await checks.assert_durable(store)
        apart = await checks.clock_difference(store)
        agree = abs(apart) <= MAX_CLOCK_DIFFERENCE
        found = [
            Finding("database", True, store.where),
            Finding("clocks", agree, f"host and database are {abs(apart).total_seconds():.3f} s apart",
                    "" if agree else "set both clocks by NTP"),
        ]  # fmt: skip
        return (
            found
            + await _campaigns(store, await checks.rules_clock(store, settings.sandbox.clock))
            + await _workers(store)
        )
    except AgiAppError as error:
        return [Finding("database", False, str(error), "see the message")]
    finally:
        await store.close()


async def _campaigns(store: Store, clock: Clock) -> Findings:
    running = await load_campaigns(store, {CampaignState.RUNNING})
    best = {p.e164: p for p in reversed(await proofs(store))}
    found: Findings = []
    for number in sorted({row.campaign.caller_id for row in running}):
        proof = best.get(number)
        days = (proof.expires_at - clock.now()).days if proof else -1
        if proof is None or days < 0:
            what = "has no proof" if proof is None else f"the proof has expired on {proof.expires_at:%Y-%m-%d}"
            found.append(
                Finding("caller ID", False, f"{number}: {what}", f"agi-app callerid prove {number} --letter FILE")
            )
        elif days < EXPIRES_SOON_DAYS:
            found.append(Finding("caller ID", False, f"{number}: the proof ends in {days} days", "enter a new letter"))
        else:
            found.append(Finding("caller ID", True, f"{number}: {proof.kind}, good for {days} days"))
    return found


async def _workers(store: Store) -> Findings:
    alive = [n for n in await nodes.all_nodes(store) if n.alive]
    if not alive:
        return [Finding("worker", False, "no worker is running", "start `agi-app run`")]
    return [
        Finding(
            "worker", n.holding is None, f"{n.name}: {n.holding or 'dials'}", "" if n.holding is None else "see its log"
        )
        for n in alive
    ]


async def _asterisk(settings: Settings) -> Findings:
    asterisk = settings.asterisk
    try:
        ari = AriSettings(
            asterisk.url, asterisk.username, settings.ari_password(), asterisk.app, asterisk.request_timeout
        )
        async with HttpPool(ari) as pool:
            info = await ask_info(pool, ari)
            found = [Finding("Asterisk", True, f"{info.version} at {asterisk.url}"), *_ruleset()]
            ask = pool_asker(pool, asterisk.request_timeout)
            for name in settings.trunks:
                found.append(await _trunk(settings, name, ask))
            return found
    except AgiAppError as error:
        return [Finding("Asterisk", False, str(error), "see the message")]


def _ruleset() -> Findings:
    rules = load_ruleset()
    return [Finding("calling rules", True, f"version {rules.version}: {', '.join(sorted(rules.jurisdictions))}")]


async def _trunk(settings: Settings, name: str, ask: Ask) -> Finding:
    trunk = settings.trunks[name]
    mend = "see asterisk-docker/etc/asterisk/pjsip_trunk_carrier.conf"
    try:
        facts = await trunk_facts(ask, endpoint_name(name, trunk))
    except AgiAppError as error:
        return Finding(f"trunk {name}", False, str(error), mend)
    if faults := facts.faults(sandbox=trunk.sandbox):
        return Finding(f"trunk {name}", False, "; ".join(faults), mend)
    leads = ", ".join(facts.uris) or "whoever registers"
    return Finding(f"trunk {name}", True, f"leads to {leads}" + (" (sandbox)" if trunk.sandbox else ""))
