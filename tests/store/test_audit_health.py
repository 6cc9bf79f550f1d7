"""What `agi-app doctor` says about the audit, well and unwell."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from agi_app.audit import checkpoint_files
from agi_app.config.settings import AuditSettings, Settings
from agi_app.model.finding import Finding
from agi_app.proof import doctor_check
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.store.calling import nodes
from agi_app.store.database.pool import Store
from tests.store.audit_site import Site

pytestmark = pytest.mark.postgres


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A project with a witness folder that is there."""
    (tmp_path / "share").mkdir()
    return Settings(project=tmp_path, audit=AuditSettings(witness=Path("share")))


@pytest.fixture
async def site(store: Store, database_url: str, settings: Settings) -> Site:
    """Rows of every kind, sealed and signed."""
    made = Site(store, database_url, settings.data.parent)
    await made.people(1)
    assert await Sequencer(store, await Notary.open(settings, store)).once() is not None
    return made


async def said(settings: Settings, site: Site) -> dict[str, Finding]:
    return {look.check: look for look in await doctor_check.look(settings, site.store)}


async def test_all_is_well(settings: Settings, site: Site) -> None:
    found = await said(settings, site)
    assert all(look.well for look in found.values())
    assert "entries signed at" in found["audit"].text


async def test_without_a_witness_it_says_what_that_means_and_is_no_fault(settings: Settings, site: Site) -> None:
    found = await said(settings.model_copy(update={"audit": AuditSettings()}), site)
    assert found["audit witness"].well
    assert found["audit witness"].text.startswith("none")


async def test_a_witness_that_is_not_mounted(settings: Settings, site: Site) -> None:
    (witness,) = (settings.project / "share").iterdir()
    witness.unlink()
    (settings.project / "share").rmdir()
    found = await said(settings, site)
    assert not found["audit witness"].well
    assert "is not there" in found["audit witness"].text


async def test_a_witness_that_was_left_behind(settings: Settings, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    (witness,) = (settings.project / "share").iterdir()
    old = checkpoint_files.read(witness)
    monkeypatch.setattr(doctor_check, "WITNESS_BEHIND", dt.timedelta(0))
    await site.people(2)
    assert await Sequencer(site.store, await Notary.open(settings, site.store)).once() is not None
    checkpoint_files.Writer(witness).replace(old)
    assert not (await said(settings, site))["audit witness"].well


async def test_a_key_that_others_can_read(settings: Settings, site: Site) -> None:
    (settings.data / "audit" / "key.pem").chmod(0o644)
    found = await said(settings, site)
    assert not found["audit"].well
    assert "chmod 600" in found["audit"].text


async def test_a_database_that_was_cut(settings: Settings, site: Site) -> None:
    site.attack("DELETE FROM audit_leaf WHERE leaf > 2")
    found = await said(settings, site)
    assert not found["audit"].well
    assert "only 3" in found["audit"].text


async def test_a_tree_that_does_not_grow_though_a_worker_runs(
    settings: Settings, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_check, "BEHIND", dt.timedelta(0))
    await site.people(2)
    assert (await said(settings, site))["audit"].well  # no worker runs: nobody promised to seal
    await nodes.register_node(site.store, "node-1", "here")
    found = await said(settings, site)
    assert not found["audit"].well
    assert "rows are newer" in found["audit"].text
