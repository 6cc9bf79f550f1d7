"""Agents of our own: phones that answer by themselves, talk for a while and hang up, and the queue they belong to.

One SIPp process plays all phones. An agent is busy for Asterisk as long as the phone's channel lives.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox import telephone
from sandbox.ports import free_port
from sandbox.supervise import Child

SCENARIO = Path(__file__).resolve().parent / "scenarios" / "agent.xml"
QUEUE = "advisers"


def phone_conf(name: str, contact: str, transport: str = "transport-udp") -> str:
    """An endpoint of pjsip.conf for a phone of our own."""
    return (
        f"[{name}]\ntype = endpoint\ntransport = {transport}\ncontext = agi-app-when-down\n"
        f"disallow = all\nallow = ulaw\nidentify_by = ip\naors = {name}\ndirect_media = no\nmedia_address = 127.0.0.1\n"
        f"bind_rtp_to_media_address = yes\nallow_transfer = no\n\n"
        f"[{name}]\ntype = aor\ncontact = {contact}\nqualify_frequency = 0\n"
    )


class Agents:
    """SIPp on 127.0.0.1: ``count`` phones; each talk lasts between ``talk_s``, drawn evenly.

    Give it to ``Asterisk(agents=…)``, which writes the endpoints and the queue, and enter it before calls are made.
    """

    def __init__(
        self,
        run_dir: Path,
        count: int,
        *,
        talk_s: tuple[float, float] = (2.0, 5.0),
        wrap_up_s: int = 0,
        queue: str = QUEUE,
    ) -> None:
        self.run_dir = run_dir.resolve()
        self.count, self.queue, self.wrap_up_s = count, queue, wrap_up_s
        self._talk_ms = [round(seconds * 1000) for seconds in talk_s]
        self.port = free_port()
        self._media_port = free_port()
        self._child: Child | None = None

    @property
    def endpoints(self) -> list[str]:
        """What Asterisk calls their phones."""
        return [f"PJSIP/agent-{n}" for n in range(1, self.count + 1)]

    def pjsip_conf(self) -> str:
        """An endpoint for each phone; nothing that is dialled there can leave the machine."""
        names = (f"agent-{n}" for n in range(1, self.count + 1))
        return "\n".join(phone_conf(name, f"sip:{name}@127.0.0.1:{self.port}") for name in names)

    def queues_conf(self) -> str:
        """The queue, with every phone as a member."""
        members = "".join(f"member => {endpoint}\n" for endpoint in self.endpoints)
        return (
            f"[{self.queue}]\nstrategy = rrmemory\ntimeout = 5\nretry = 1\nringinuse = no\nautofill = yes\n"
            f"wrapuptime = {self.wrap_up_s}\n{members}"
        )

    def __enter__(self) -> Self:
        self.run_dir.mkdir(parents=True, exist_ok=True)
        text = SCENARIO.read_text("utf-8")
        for name, value in zip(("LEAST_MS", "MOST_MS"), self._talk_ms, strict=True):
            text = text.replace(name, str(value))
        self._child = telephone.start("agents", text, self.run_dir, self.port, self._media_port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.end(2.0)
