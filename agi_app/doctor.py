"""What is wrong here and how to fix it: settings, project files, speech, database, clocks, Asterisk, trunks, prompts.

It changes nothing (like every command it makes an embedded database that is not there yet).
A check that cannot be made because an earlier one failed is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
from pathlib import Path

from agi_app.backup import doctor_check as backups
from agi_app.backup.private_files import readable_by_all
from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.changed_files import differs
from agi_app.campaigns.project.read_project import detecting, read_project
from agi_app.clock import Clock
from agi_app.config.settings import Settings, load_settings
from agi_app.consent import known_journal, project_identity
from agi_app.consent.caller_id_proof import LABEL, Standing, standing
from agi_app.consent.evidence import KeptFiles
from agi_app.consent.opt_out_journal import Journal
from agi_app.dialer.probes import routes_out
from agi_app.dialer.probes.amd_probe import try_detection
from agi_app.dialer.worker import trunk_watch
from agi_app.dialer.worker.health import MAX_CLOCK_DIFFERENCE
from agi_app.dialer.worker.prompt_watch import try_prompt
from agi_app.errors import AgiAppError, AsteriskError
from agi_app.exchange import doctor_check as exchange
from agi_app.exchange import feed_doctor as feeds
from agi_app.gate.caller_id_rules import numbers_of
from agi_app.installation import database
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.model.campaign import CampaignState
from agi_app.model.finding import Finding
from agi_app.model.waiting_reason import BREAKER, UNUSABLE
from agi_app.pbx.agi.probe import try_screening
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.http import HttpPool, ask_info
from agi_app.pbx.media.snoop_taps import missing_modules
from agi_app.pbx.trunks import pool_asker
from agi_app.printable import count_of
from agi_app.proof.doctor_check import look
from agi_app.single_sign_on import doctor_check as single_sign_on
from agi_app.speech.doctor_check import try_out
from agi_app.store.calling import nodes, tallies
from agi_app.store.calling.campaigns import load_campaigns
from agi_app.store.database import checks
from agi_app.store.database.pool import Store
from agi_app.store.people.caller_ids import proofs
from agi_app.store.requested_calls import call_backs
from agi_app.store.requested_calls.requests import EXPIRED
from agi_app.webhooks import doctor_check as webhooks

Findings = list[Finding]
NO_WORKER = "no worker is running"
MOST_COMPARED = 1000  # running campaigns; ten thousand would take doctor minutes
PATIENCE, TRIAL = dt.timedelta(seconds=8), dt.timedelta(seconds=3)  # a worker looks twice a second
CALL_BACK_MEND = (
    "include extensions_agi_app.conf in the dialplan and give the trunk's endpoint the context agi-app-from-trunk"
    " (docs/how-to/install-on-asterisk.md)"
)


async def examine(project: Path) -> Findings:
    """Look at everything; the settings first, since all else depends on them."""
    try:
        settings = load_settings(project)
    except AgiAppError as error:
        return [Finding("settings", str(error), t("correct agi-app.toml, or run `agi-app init DIR`"))]
    files = await asyncio.to_thread(_files, settings)
    trial = await try_out(settings.speech, settings.project, Clock())
    stored = await _database(settings)
    idle = any(f.check == "worker" and f.text == t(NO_WORKER) for f in stored)
    return [
        Finding("settings", count_of(len(settings.trunks), "trunk")),
        *files,
        *([trial] if trial else ()),
        *stored,
        *await single_sign_on.look(settings),
        *await _asterisk(settings, idle=idle),
        *await trunk_watch.examine(settings),
    ]


def _files(settings: Settings) -> Findings:
    project = read_project(settings.project, settings.trunks)
    faults = project.errors
    parts = {
        "campaigns": count_of(len(project.campaigns), "campaign"),
        "flows": count_of(len(project.flows), "flow"),
        "prompts": count_of(len(project.prompts), "prompt"),
    }
    shown = {number for source in project.campaigns.values() for number in numbers_of(source.parsed.campaign)}
    bare = sorted(shown - {line.number for line in settings.lines.values()})
    on = t("; calls back to {bare} go on in your dialplan", bare=", ".join(bare)) if bare else ""
    found = [
        Finding(
            "project files",
            t("{faults}; the first: {first}", faults=count_of(len(faults), "error"), first=faults[0]),
            t("run `agi-app check`"),
        )
        if faults
        else Finding("project files", t("{campaigns}, {flows}, {prompts}", **parts)),
        Finding(
            "lines",
            t("{lines} answered by flows{on}", lines=count_of(len(settings.lines), "number is", "numbers are"), on=on),
        ),
    ]
    try:
        project_identity.key_of(settings)
    except AgiAppError as error:
        return [*found, Finding("data folder", str(error), t("see the message; docs/how-to/back-up.md"))]
    if files := readable_by_all(settings):
        told = "note: every user of this machine can read {files}: `chmod o-r` them, unless that is wanted"
        found.append(Finding("private files", t(told, files=", ".join(map(str, files)))))
    well = os.access(settings.data, os.W_OK)
    mend = t("put the right key back, before the last backup that has it is removed (docs/how-to/change-keys.md)")
    return [
        *found,
        Finding("data folder", str(settings.data_folder), "" if well else t("make it writable")),
        *(Finding("keys", fault, mend) for fault in KeptFiles.of(settings.data).faults()),
    ]


async def _database(settings: Settings) -> Findings:
    mend = t("see the message; `agi-app migrate` brings it up to date")
    try:
        async with database(settings, project_identity.key_of(settings)) as store:
            mend = t("see the message")
            return await _stored(settings, store)
    except AgiAppError as error:
        return [Finding("database", str(error), mend)]


async def _stored(settings: Settings, store: Store) -> Findings:
    await project_identity.confirm(store, settings)
    await checks.assert_durable(store)
    apart = abs(await checks.clock_difference(store))
    agree = apart <= MAX_CLOCK_DIFFERENCE
    clock = await checks.rules_clock(store, settings.sandbox.clock)
    return [
        Finding("database", store.where),
        Finding("clocks", t("host and database are {seconds:.3f} s apart", seconds=apart.total_seconds()),
                "" if agree else t("set both clocks by NTP")),
        *await _campaigns(store, clock),
        *await _edited(store, settings),
        *await _figures(store),
        *await webhooks.look(store, clock.real_now()),
        *await exchange.look(store, settings, clock.real_now()),
        *await feeds.look(store, settings, clock),
        *await routes_out.behind_trunks(settings, store, load_ruleset(settings.project), clock),
        *await _workers(store),
        *await known_journal.look(store, Journal(settings.data, clock), settings.asterisk.entityid),
        *await backups.look(store, clock.real_now()),
        *await look(settings, store),
    ]  # fmt: skip


async def _campaigns(store: Store, clock: Clock) -> Findings:
    """The numbers that running campaigns show: each is proved, for a month more at least, and answers."""
    running = await load_campaigns(store, {CampaignState.RUNNING})
    held = await proofs(store)
    shown = sorted({(number, row.campaign.trunk) for row in running for number in numbers_of(row.campaign)})
    found = [_caller_id(number, standing(held, number, clock.now())) for number in dict.fromkeys(n for n, _ in shown)]
    if any(n.alive for n in await nodes.all_nodes(store)):  # only a worker can try it
        found += [await _call_back(store, clock, number, trunk) for number, trunk in shown]
    return found


async def _edited(store: Store, settings: Settings) -> Findings:
    """Running campaigns whose files are not what they run with; nothing is wrong, and somebody may not know."""
    if not (running := await load_campaigns(store, {CampaignState.RUNNING})):
        return []
    project = await asyncio.to_thread(read_project, settings.project, settings.trunks)
    found = [(row.campaign.name, differs(project, row)) for row in running[:MOST_COMPARED]]
    return [Finding(f"campaign {name}", t("note: {text}", text=text)) for name, text in found if text]


async def _figures(store: Store) -> Findings:
    """The kept figures of campaigns against a count of every contact and call."""
    if not (wrong := await tallies.recount(store, correct=False)):
        return [Finding("figures", t("the kept figures of all campaigns agree with their rows"))]
    first, mend = wrong[0], t("a worker corrects them once a day: let `agi-app run` go on")
    text = t(
        "{kind} {name} of campaign {campaign} says {kept}, the rows say {counted}",
        kind=first.kind,
        name=first.name,
        campaign=first.campaign,
        kept=first.kept,
        counted=first.counted,
    )
    return [
        Finding(
            "figures",
            t("{wrong} wrong; the first: {text}", wrong=count_of(len(wrong), "figure is", "figures are"), text=text),
            mend,
        )
    ]


def _caller_id(number: str, held: Standing) -> Finding:
    mend = f"agi-app callerid prove {number}"
    if held.proof is None:
        return Finding("caller ID", t("{number}: has no proof", number=number), mend)
    if not held.valid:
        return Finding(
            "caller ID",
            t(
                "{number}: the proof has expired on {expires_at:%Y-%m-%d}",
                number=number,
                expires_at=held.proof.expires_at,
            ),
            mend,
        )
    kind = t(LABEL[held.proof.kind])
    if held.ends_soon:
        return Finding(
            "caller ID",
            t(
                "{number}: the proof ({kind}) ends in {days_left} days",
                number=number,
                kind=kind,
                days_left=held.days_left,
            ),
            mend,
        )
    return Finding(
        "caller ID",
        t("{number}: {kind}, good for {days_left} days", number=number, kind=kind, days_left=held.days_left),
    )


async def _call_back(store: Store, clock: Clock, number: str, trunk: str) -> Finding:
    """People who call back the number that they saw must reach us."""
    check = f"call back {number}"
    if (asked := await call_backs.request(store, number, trunk)) is None:
        return Finding(check, t("not tried: the number has no proof"), f"agi-app callerid prove {number}")
    fault: str | None = EXPIRED
    with contextlib.suppress(AsteriskError):
        fault = (await call_backs.REQUESTS.follow(store, clock, asked, TRIAL, patience=PATIENCE)).result
    if fault == EXPIRED:
        text = t("no worker tried it in {seconds:.0f} s", seconds=PATIENCE.total_seconds())
        return Finding(check, text, t("is trunk {trunk} in the settings of a worker?", trunk=trunk))
    if fault is not None:
        return Finding(check, fault, CALL_BACK_MEND)
    return Finding(check, t("reaches agi-app from trunk {trunk}", trunk=trunk))


async def _workers(store: Store) -> Findings:
    if not (alive := [n for n in await nodes.all_nodes(store) if n.alive]):
        return [Finding("worker", t(NO_WORKER), t("start `agi-app run`"))]
    found = []
    for n in alive:
        reasons = map(n.waiting_reason_of, n.campaign_waiting_reasons)
        kept = [why.text for why in reasons if why is not None and why.by in (BREAKER, UNUSABLE)]
        faults = list(dict.fromkeys([n.waiting_reason] if n.waiting_reason else kept))
        found.append(
            Finding(
                "worker",
                f"{n.name}: {'; '.join(map(retold, faults)) or t('dials')}",
                t("see its log") if faults else "",
            )
        )
    return found


async def _asterisk(settings: Settings, *, idle: bool) -> Findings:
    """``idle``: no worker runs, who would answer the questions of the dialplan."""
    asterisk = settings.asterisk
    try:
        ari = AriSettings(
            asterisk.url, asterisk.username, settings.ari_password(), asterisk.app, asterisk.request_timeout
        )
        async with HttpPool(ari) as pool:
            info, rules = await ask_info(pool, ari), load_ruleset(settings.project)
            ask = pool_asker(pool, asterisk.request_timeout)
            found = [
                Finding("Asterisk", t("{version} at {url}", version=info.version, url=asterisk.url)),
                Finding(
                    "calling rules",
                    t(
                        "version {version}: {jurisdictions}",
                        version=rules.version,
                        jurisdictions=", ".join(sorted(rules.jurisdictions)),
                    ),
                ),
                await try_screening(settings.agi, settings.agi_token(), pool, idle=idle),
            ]
            if settings.speech.snoop_channels and (lacks := ", ".join(await missing_modules(ask))):
                found.append(
                    Finding("snoop channels", t("Asterisk has not loaded {lacks}", lacks=lacks), t("see modules.conf"))
                )
            found += [*await routes_out.trunks(settings, ask), *await routes_out.phones(settings, ask)]
        if asking := await asyncio.to_thread(detecting, settings.project):
            found.append(await try_detection(ari, Clock(), asking))
        found.append(await try_prompt(settings, ari, Clock()))
        return list(filter(None, found))
    except AgiAppError as error:
        return [Finding("Asterisk", str(error), _mend_asterisk(settings))]


def _mend_asterisk(settings: Settings) -> str:
    """What to do when Asterisk cannot be asked: of a file that is not there, what goes into it."""
    file = settings.asterisk.password_file
    if settings.asterisk.password or file is None or (settings.project / file).exists():
        return t("see the message")
    return t("run `agi-app asterisk setup`, or write the password of ari.conf into the file {file}", file=file)
