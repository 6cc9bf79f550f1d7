"""Whoever adds a table, a view or a function says what the service's role may do with it."""

from __future__ import annotations

from agi_app.store.database import catalog, service_rights

NAMED = {name for name in catalog.pinned() if name.startswith(("table ", "view ", "function "))}


def test_every_object_of_the_schema_has_a_line() -> None:
    """Without one it is closed to the service; an operation that needs it would fail there only."""
    named = {name for name in catalog.pinned() if name.startswith(("table ", "view ", "function "))}
    assert set(service_rights.wanted(service_rights.CONSOLE)) == named, (
        "say it in agi_app/store/database/service_rights.txt"
    )
