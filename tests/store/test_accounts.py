"""Accounts and the notes of who did what: who may act on the command line, and what an admin cannot do by mistake."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from agi_app.clock import Clock
from agi_app.consent.account_secrets import fits
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import Forbidden, InputError, StoreError
from agi_app.installation import Installation, _acting
from agi_app.model.actors import Actor, Role, Scope
from agi_app.operations.calling import campaigns, pauses
from agi_app.operations.people import stops
from agi_app.operations.service import accounts
from agi_app.operations.service.accounts import NewValues
from agi_app.store.ledger import accounts as table
from agi_app.store.ledger import actions
from tests.store.world import World, campaign, hash_number, installation_for, number

pytestmark = pytest.mark.postgres


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Installation:
    return installation_for(world.store, Journal(tmp_path, Clock()))


async def test_the_first_who_works_is_the_first_account_and_the_second_is_none(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agi_app.installation.os_user", lambda: "wang")
    first = await _acting(world.store, tmp_path)
    assert (first.account, Role.ADMIN in first.roles, Role.COMPLIANCE in first.roles) == ("wang", True, True)
    monkeypatch.setattr("agi_app.installation.os_user", lambda: "li")
    second = await _acting(world.store, tmp_path)
    assert not second.roles
    with pytest.raises(Forbidden, match="the user li has no account that is enabled"):
        second.require(Scope.FIGURES_READ)
    second.require(Scope.STOPS_ENTER)  # a refusal waits for no account
    await table.add(world.store, "li.na", "li", [Role.VIEWER], "zh")
    assert (await _acting(world.store, tmp_path)).account == "li.na"


async def test_who_owns_the_data_is_not_locked_out_by_an_account_of_root(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root worked first; the service's user goes on. Who came by sudo, or owns nothing there, is nobody yet."""
    await table.add(world.store, "root", "root", [Role.ADMIN, Role.OPERATOR], None)
    monkeypatch.setattr("agi_app.installation.os_user", lambda: "agi-app")
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert (await _acting(world.store, tmp_path)).account == "root"
    monkeypatch.setenv("SUDO_UID", "1000")
    assert not (await _acting(world.store, tmp_path)).roles
    monkeypatch.delenv("SUDO_UID")
    others = Path("/proc/1") if os.getuid() else tmp_path / "others"
    if not os.getuid():
        others.mkdir()
        os.chown(others, 65534, 65534)
    assert not (await _acting(world.store, others)).roles


async def test_a_disabled_account_may_nothing(
    desk: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await accounts.add(desk, "root-1", [Role.ADMIN], os_user="a")
    await accounts.add(desk, "li", [Role.VIEWER], os_user="li")
    await accounts.change(desk, "li", NewValues(enabled=False))
    monkeypatch.setattr("agi_app.installation.os_user", lambda: "li")
    with pytest.raises(Forbidden, match="no account that is enabled"):
        (await _acting(desk.store, tmp_path)).require(Scope.FIGURES_READ)


async def test_the_last_admin_stays_one(desk: Installation) -> None:
    await accounts.add(desk, "wang", [Role.ADMIN], os_user="wang")
    for change in (NewValues(enabled=False), NewValues(roles=[Role.VIEWER]), NewValues(os_user="")):
        with pytest.raises(InputError, match="wang is the only admin"):
            await accounts.change(desk, "wang", change)
    await accounts.add(desk, "li", [Role.ADMIN])
    with pytest.raises(InputError, match="wang is the only admin"):  # li could not act on the command line
        await accounts.change(desk, "wang", NewValues(enabled=False))
    await accounts.change(desk, "li", NewValues(os_user="li"))
    assert not (await accounts.change(desk, "wang", NewValues(enabled=False))).enabled


async def test_a_user_of_the_operating_system_has_one_account(desk: Installation) -> None:
    await accounts.add(desk, "wang", [Role.ADMIN], os_user="wang")
    with pytest.raises(InputError, match="is there already"):
        await accounts.add(desk, "another", [Role.VIEWER], os_user="wang")
    await accounts.add(desk, "li", [Role.VIEWER])
    with pytest.raises(InputError, match="mapped to the account wang"):
        await accounts.change(desk, "li", NewValues(os_user="wang"))
    assert await table.of_name(desk.store, "another") is None


async def test_a_change_is_noted_before_and_after(world: World, desk: Installation) -> None:
    wanted = await world.running(campaign(), [1])
    await campaigns.pause(desk, wanted.name)
    (noted,) = await accounts.done(desk)
    assert (noted.account, noted.via, noted.verb, noted.object, noted.done) == (
        "anna", "cli", "campaign pause", wanted.name, True,
    )  # fmt: skip
    assert noted.before
    assert noted.after
    assert noted.before != noted.after
    assert set(noted.roles) == {role.value for role in Role}


async def test_what_failed_or_was_cut_short_is_noted_too(world: World, desk: Installation) -> None:
    with pytest.raises(InputError):
        await campaigns.pause(desk, "nowhere")
    (noted,) = await accounts.done(desk)
    assert (noted.verb, noted.done, noted.fault) == ("campaign pause", False, "NotThere")


async def test_whoever_may_not_changes_nothing_and_nothing_is_noted(world: World, desk: Installation) -> None:
    wanted = await world.running(campaign(), [1])
    viewer = replace(desk, actor=Actor("bo", frozenset({Role.VIEWER}), "cli"))
    with pytest.raises(Forbidden, match="bo may not do this"):
        await campaigns.stop(viewer, wanted.name)
    with pytest.raises(Forbidden):
        await pauses.resume_all(viewer, "")
    assert await world.value("SELECT state FROM campaign") == "running"
    assert await accounts.done(desk) == []


async def test_a_number_is_noted_as_its_keyed_hash_alone(world: World, desk: Installation) -> None:
    """The reason is with the stop, where an erasure empties it."""
    await stops.stop(desk, number(1), "Zhang asked by letter")
    (noted,) = await actions.listed(world.store, before=accounts.NEWEST, limit=9)
    assert (noted.verb, noted.object, noted.reason) == ("stop", f"{hash_number(number(1)).hex()[:8]}…", None)
    assert await world.value("SELECT count(*) FROM action WHERE action::text LIKE '%%86138%%'") == 0


async def test_notes_are_in_the_audit_tree_and_never_changed(world: World, desk: Installation) -> None:
    await pauses.pause_all(desk, "a test")
    kinds = await world.value(
        "SELECT string_agg(kind, ' ' ORDER BY kind) FROM audit_queue WHERE starts_with(kind, 'action')"
    )
    assert kinds == "action action_end"
    for statement in ("UPDATE action SET account = 'x' RETURNING 1", "DELETE FROM action_end RETURNING 1"):
        with pytest.raises(StoreError, match="refused"):
            await world.value(statement)


async def test_a_secret_is_kept_as_a_hash_and_fits_alone(desk: Installation) -> None:
    await accounts.add(desk, "anna", [Role.COMPLIANCE])
    with pytest.raises(InputError, match="12 to 200 characters"):
        await accounts.set_own_secret(desk, "short")
    await accounts.set_own_secret(desk, "correct horse battery")
    kept = await table.credential_of(desk.store, "anna")
    assert kept is not None
    assert "horse" not in kept
    assert kept.startswith("$argon2id$")
    assert fits("correct horse battery", kept)
    assert not fits("correct horse batterz", kept)
