"""A person is out of the bridge before anything else is done with them."""

from __future__ import annotations

from typing import Any, cast

import pytest

from agi_app.errors import RequestFailed
from agi_app.pbx.bridges import part


class FakeAri:
    """Keeps what was asked; refuses some."""

    def __init__(self, *refused: int) -> None:
        self.asked: list[str] = []
        self.refused = list(refused)

    async def request(self, method: str, uri: str, query: dict[str, str] | None = None) -> None:
        self.asked.append(" ".join([method, uri, *(query or {}).values()]))
        if self.refused and self.refused.pop(0):
            raise RequestFailed(uri, 422, "Channel not in this bridge")


@pytest.mark.parametrize("refused", [(), (1,), (1, 1)], ids=["all is well", "gone", "both gone"])
async def test_the_person_leaves_the_bridge_before_it_is_removed(refused: tuple[int, ...]) -> None:
    """To remove the bridge alone only marks them: a prompt meanwhile is never heard, and no event tells of it."""
    ari = FakeAri(*refused)
    await part(cast(Any, ari), "b", "person")
    assert ari.asked == ["POST bridges/b/removeChannel person", "DELETE bridges/b"]
