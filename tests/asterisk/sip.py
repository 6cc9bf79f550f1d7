"""What the carrier saw of one called number, read from the capture while it is being written."""

from __future__ import annotations

import asyncio

from sandbox.capture import Capture, CarrierCall, SipMessage, read_messages


class Sip:
    """Questions about the captured SIP messages, by called number (E.164)."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    async def calls(self, number: str, wait: float = 1.0) -> list[CarrierCall]:
        """The calls to this number, one a Call-ID; waits up to ``wait`` seconds for a first one."""
        for _ in range(max(1, round(wait / 0.05))):
            found = [call for call in self._capture.calls() if call.to_user == number.removeprefix("+")]
            if found:
                return found
            await asyncio.sleep(0.05)
        return []

    def count(self, number: str, method: str) -> int:
        """How many requests of this method there were in calls to this number."""
        wanted = method, number.removeprefix("+")
        return sum((m.method, m.to_user) == wanted for m in read_messages(self._capture.file))

    async def wait_for(self, number: str, method: str, timeout: float) -> SipMessage:
        """The first request of this method in a call to this number; TimeoutError if none comes."""
        async with asyncio.timeout(timeout):
            while True:
                for message in read_messages(self._capture.file):
                    if message.method == method and message.to_user == number.removeprefix("+"):
                        return message
                await asyncio.sleep(0.02)
