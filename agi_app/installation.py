"""What every command works with: the database, the keys and the clock, opened and closed as one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agi_app.audit.stamps import Stamper
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.consent import project_identity
from agi_app.consent.account_secrets import workers_key
from agi_app.consent.evidence import KeptFiles
from agi_app.consent.number_hashes import SuppressionKey
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import ConfigError, StoreError
from agi_app.messages import t
from agi_app.model.actors import Actor, Via
from agi_app.proof.notary import Notary
from agi_app.store.calling import approvals
from agi_app.store.database import checks
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.ledger import accounts
from agi_app.store.people.access_log import os_user


@dataclass(frozen=True, slots=True)
class Installation:
    """What every command works with; ``clock`` tells rules time, ``actor`` is who does it."""

    settings: Settings
    store: Store
    clock: Clock
    key: SuppressionKey | None  # None: of a process that has none: console, exchange
    journal: Journal
    actor: Actor


@asynccontextmanager
async def database(settings: Settings, key: SuppressionKey, *, ready: bool = True) -> AsyncIterator[Store]:
    """The project's database, closed at the end. ``ready``: with today's schema, to which our own one is migrated."""
    url = settings.database_url or None
    store = await Store.open(
        url, settings.data, clock=Clock(), hash_number=key.hash_number, check_schema=ready and url is not None
    )
    try:
        if ready and url is None:
            await migrate(store)
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def installation(settings: Settings, via: Via = "cli") -> AsyncIterator[Installation]:
    """Open the database (our own one is migrated automatically), the key and the clock; close them at the end.

    On the command line the account acts to which the user of the operating system is mapped.
    """
    key = project_identity.key_of(settings)
    files = KeptFiles.of(settings.data)
    for kind in (files.evidence, files.recordings):
        with contextlib.suppress(*(() if via == "worker" else (ConfigError,))):  # a stop needs none: who does, says so
            kind.prepare()
    async with database(settings, key) as store:
        await project_identity.confirm(store, settings)
        store.make_stamper = partial(_stamper, settings, store)
        clock = await checks.rules_clock(store, settings.sandbox.clock)
        if via == "worker":
            await approvals.keep_key(store, workers_key(key).public_key().public_bytes_raw())
        actor = await _acting(store, settings.data) if via == "cli" else Actor("agi-app", frozenset(), via, os_user())
        yield Installation(settings, store, clock, key, Journal(settings.data, clock), actor)


@asynccontextmanager
async def service_installation(settings: Settings) -> AsyncIterator[Installation]:
    """What `agi-app console` works with: the database as its own role, neither journal nor keys; nobody acts yet.

    Raises ConfigError when it was not set up, StoreError, SafetyError when it is another project's database.
    """
    async with _as_role(settings, settings.console_database_url(), "agi-app console") as inst:
        yield inst


@asynccontextmanager
async def exchange_installation(settings: Settings) -> AsyncIterator[Installation]:
    """What `agi-app exchange` works with: the database as its own role, neither journal nor keys; nobody acts.

    Raises ConfigError when it was not set up, StoreError, SafetyError when it is another project's database.
    """
    async with _as_role(settings, settings.exchange_database_url(), "agi-app exchange") as inst:
        yield inst


@asynccontextmanager
async def _as_role(settings: Settings, address: str, name: str) -> AsyncIterator[Installation]:
    store = await Store.open(address, settings.data, clock=Clock(), hash_number=_no_key)
    try:
        await project_identity.confirm_project(store, settings)
        clock = await checks.rules_clock_as_it_is(store, settings.sandbox.clock)
        nobody = Actor(name, frozenset(), "api", os_user())
        yield Installation(settings, store, clock, None, Journal(settings.data, clock), nobody)
    finally:
        await store.close()


def _no_key(_number: str) -> bytes:
    raise StoreError(t("this process has no suppression key: a worker does what needs it"))


async def _acting(store: Store, data: Path) -> Actor:
    """Who works on the command line. The first of all who does is the first account, with every role."""
    user = os_user()
    found = await accounts.of_os_user(store, user)
    if found is None and _owns(data):
        found = await accounts.of_os_user(store, "root")  # who owns the files and keys may what root may
    if found is None:
        await accounts.add_first(store, user)
        found = await accounts.of_os_user(store, user)
    if found is None:
        return Actor(user, frozenset(), "cli", user)
    return Actor(found.name, found.role_set, "cli", user, language=found.language)


def _owns(data: Path) -> bool:
    """Whether this process is of the user to whom the data belong, and nobody else asked for it by sudo."""
    return "SUDO_UID" not in os.environ and data.stat().st_uid == os.getuid()


async def _stamper(settings: Settings, store: Store) -> Stamper:
    """Made when the first fact is entered: a lost audit key must not keep a stop out."""
    return (await Notary.open(settings, store)).stamper


async def migrate_database(settings: Settings) -> list[str]:
    """Bring the database to this version's schema; returns the names of what was applied."""
    async with database(settings, project_identity.key_of(settings), ready=False) as store:
        return await migrate(store)
