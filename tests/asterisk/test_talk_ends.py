"""However a talk with an agent ends: nobody sits in silence for two seconds, and no leg is left.

``python -m tests.asterisk.talk_ends`` tries each end 500 times; here are a few of each.
"""

from __future__ import annotations

import pytest

from tests.asterisk.stand import Stand
from tests.asterisk.talk_ends import ENDS, summary, tries
from tests.asterisk.test_keys import asterisk, here, sip_port

__all__ = ["asterisk", "here", "sip_port"]  # fixtures
pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize("end", ENDS)
async def test_a_talk_ends_without_silence(here: Stand, end: str) -> None:
    found = await tries(here, end, 20)
    assert summary(found)["faults"] == []
