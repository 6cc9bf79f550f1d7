"""Ids that stand twice in a file."""

from __future__ import annotations

from agi_app.contacts.duplicate_ids import SeenIds


def test_an_id_is_found_on_the_line_where_it_stood_first() -> None:
    """Also after the table has grown many times over."""
    seen = SeenIds()
    for line in range(1, 20_001):
        assert seen.line(f"P{line}") is None
        seen.add(f"P{line}", line)
    assert [seen.line(f"P{line}") for line in (1, 777, 20_000)] == [1, 777, 20_000]
    assert seen.line("P20001") is None
