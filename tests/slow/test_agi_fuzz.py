"""The FastAGI server among hostile peers; ``scripts/fuzz agi`` sends 100,000, these are the first of them."""

from __future__ import annotations

import pytest

from tests.fuzz import agi

pytestmark = pytest.mark.slow

SESSIONS = 2_000


async def test_the_server_outlives_hostile_peers() -> None:
    """A stall of the server's own doing is there each time; one of a virtual machine whose host ran others is not."""
    figures = await agi.attack(range(SESSIONS), 0)
    if figures.stall > agi.STALL_S:
        print(figures)
        figures = await agi.attack(range(SESSIONS), 0)
    assert not figures.faults
    assert figures.answered > SESSIONS / 10


async def test_the_fuzzer_sees_what_it_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers otherwise, and limits that none can keep."""
    monkeypatch.setattr(agi, "COMMANDS", [b"NOOP\n", b"NOOP\n"])
    monkeypatch.setattr(agi, "STALL_S", -1.0)
    monkeypatch.setattr(agi, "GROWTH", 0.0)
    faults = (await agi.attack(range(60), 0, warm_up=20)).faults
    assert len(faults) == 3
