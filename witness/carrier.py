"""The carrier: its addresses, its people, and callers who come in on the trunk."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
import traceback
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from witness import sip
from witness.book import Book, Record
from witness.leg import ENDED_BY_US, FINAL, Gone, Leg
from witness.media import Ticker
from witness.site import Choose, Script, Site


class Carrier:
    """Everything outside of Asterisk. Use ``async with``; leaving it ends all calls that are still on."""

    def __init__(self, folder: Path) -> None:
        self.book = Book(folder)
        self.ticker = Ticker()
        self.sites: dict[str, Site] = {}
        self.faults: list[str] = []
        # Audio has an address of its own in 127.0.0.0/8: its ports are nobody else's.
        draw = random.SystemRandom()
        self.media_host = f"127.{draw.randrange(70, 120)}.{draw.randrange(1, 250)}.{draw.randrange(1, 250)}"
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Carrier:
        await self._group.__aenter__()
        self.spawn(self.ticker.run())
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        for site in self.sites.values():
            for leg in site.dialogs.values():
                leg.over("end of the run")
        for task in list(self._tasks):
            task.cancel()
        try:
            await self._group.__aexit__(None, None, None)
        finally:
            for site in self.sites.values():
                site.close()
            self.book.close()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def listen(
        self,
        name: str,
        choose: Choose,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        kind: str = "udp",
        tls: ssl.SSLContext | None = None,
    ) -> Site:
        site = Site(self, name, host, choose, transport=kind)
        await site.open(port, tls)
        self.sites[name] = site
        return site

    async def play(self, leg: Leg, script: Script) -> None:
        """Runs a far end's script. A fault of the script is a fault of the witness, and is told at the end."""
        try:
            await script(leg)
        except Gone:
            return
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - one script's fault must not end the others' calls
            self.faults.append(f"{leg.number}: {traceback.format_exc(limit=4)}")
            leg.record.note("the script of the far end failed")
            if not leg.ended.is_set():
                leg.over("fault")

    async def call(
        self,
        site: Site,
        to: tuple[str, int],
        called: str,
        caller: str = "<sip:+999861399990001@carrier.example>",
        *,
        extra: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        uri: str = "",
        limit: float = 30.0,
    ) -> Leg:
        """A call into Asterisk. Returns when it is answered (``record.answered``) or refused (``record.final``)."""
        uri = uri or (f"sip:{called}@[{to[0]}]:{to[1]}" if ":" in to[0] else f"sip:{called}@{to[0]}:{to[1]}")
        tag, call_id = sip.token(5), sip.token(10)
        invite = sip.Message(
            f"INVITE {uri} SIP/2.0",
            [
                ("Via", site.via(sip.branch())),
                ("Max-Forwards", "70"),
                ("From", f"{caller};tag={tag}"),
                ("To", f"<{uri}>"),
                ("Call-ID", call_id),
                ("CSeq", "1 INVITE"),
                ("Contact", f"<sip:caller@{site.where}>"),
                *extra,
                ("Content-Type", "application/sdp"),
            ],
        )
        record = self.book.add(
            Record(number=called, call_id=call_id, port=site.name, invited=time.time(), direction="into Asterisk")
        )
        leg = Leg(site, to, invite, record)
        leg.local, leg.remote, leg.cseq = f"{caller};tag={tag}", f"<{uri}>", 1
        media = leg.open_media()
        invite.body = sip.sdp(media.host, media.port, (0, 8)) if body is None else body
        site.dialogs[call_id] = leg
        async for answer in site.asking(invite, to, limit):
            if answer.status in {180, 183} and not record.rang:
                record.rang = time.time()
            if answer.status >= 200:
                self._taken(leg, invite, answer)
        if not record.final:
            leg.over("no answer")
        return leg

    @staticmethod
    def _taken(leg: Leg, invite: sip.Message, answer: sip.Message) -> None:
        record = leg.record
        record.final = answer.status
        leg.remote = answer.get("to")
        leg._acknowledge(invite, answer)
        if answer.status >= 300:
            leg.over(FINAL)
            return
        record.answered = record.acked = time.time()
        leg.target = sip.address(answer.get("contact")) or leg.target
        leg.offer = answer.sdp
        leg._answered = True
        leg.acked.set()
        leg.open_media().judge_silence(time.time())


__all__ = ["ENDED_BY_US", "Carrier"]
