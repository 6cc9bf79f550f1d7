"""The description of the database's objects is made anew with each migration."""

from __future__ import annotations

from agi_app.store.database import catalog


def test_it_was_made_from_these_migrations() -> None:
    """Without it no worker of this version would dial."""
    assert f"# {catalog.migrations_hash()}\n" in catalog.FILE.read_text(encoding="utf-8"), "run scripts/catalog"
