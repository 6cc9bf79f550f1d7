"""What the command that asked for a call says when it ended otherwise than wanted, and whose fault it is."""

from __future__ import annotations

import pytest

from agi_app.errors import AgiAppError, AsteriskError, InputError
from agi_app.operations.calling.requested_calls import unwanted_end
from agi_app.store.requested_calls.requests import RequestStatus


@pytest.mark.parametrize(
    ("result", "note", "kind", "words"),
    [
        ("refused", "the person said stop", InputError, "not called: the person said stop"),
        ("busy", None, InputError, "the line was busy"),
        ("rejected", "603", InputError, "the call was declined (603)"),
        ("trunk_silent", "no ringing", AsteriskError, "the call ended with trunk_silent (no ringing)"),
        ("expired", None, AsteriskError, "no worker took the request"),
    ],
)
def test_the_words_and_whose_fault_it_is(result: str, note: str | None, kind: type[AgiAppError], words: str) -> None:
    fault = unwanted_end(RequestStatus("ended", result, note, []))
    assert (type(fault), str(fault).startswith(words)) == (kind, True)


def test_a_call_for_an_agent_has_its_own_words() -> None:
    fault = unwanted_end(RequestStatus("ended", "agent_busy", None, []), {"agent_busy": "not called: desk is busy"})
    assert (type(fault), str(fault)) == (InputError, "not called: desk is busy")
