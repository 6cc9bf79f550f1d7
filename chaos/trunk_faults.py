"""Faults of the trunk and of the persons behind it, made by the relay."""

from __future__ import annotations

import threading
import time
from typing import ClassVar

from chaos.faults import Fault
from chaos.relay import Mode
from chaos.world import World
from sandbox.errors import SandboxError

RINGS_LONG = "27"  # and answers after 8 s; see sandbox/scenarios/carrier.xml


class TrunkFault(Fault):
    """The relay behaves badly for a while."""

    mode: ClassVar[Mode]
    lasts: ClassVar[tuple[float, float]] = (8.0, 4.0)

    def strike(self, world: World) -> None:
        world.relay.mode = self.mode

    def hold(self, world: World) -> None:
        self.last(*self.lasts)
        self.until_met(lambda: world.relay.met)
        world.relay.mode = "normal"

    def check(self, world: World) -> list[str]:
        if not world.relay.met:
            raise SandboxError("no call met the fault")
        return []


class TrunkStorm(TrunkFault):
    name = "trunk_503_storm"
    text = "every call gets 503 for 8 s"
    mode = "storm"


class TrunkSilent(TrunkFault):
    name = "trunk_silent"
    text = "INVITEs vanish for 8 s: no answer of any kind"
    long = True
    mode = "silent"


class NoMedia(TrunkFault):
    """Three such calls in a row hold the trunk for minutes; its reason says that a restart of the worker ends that."""

    name = "answer_without_media"
    text = "calls are answered by a 200 OK without SDP for 8 s, so there is no media"
    mode = "deaf_media"

    def hold(self, world: World) -> None:
        super().hold(world)
        for node in world.nodes:
            node.worker.terminate()


class LateAnswer(TrunkFault):
    """Persons whose phone rings say stop elsewhere; the CANCEL is lost and they answer all the same."""

    name = "answer_after_cancel"
    text = "the CANCEL of a call vanishes and the person answers it afterwards"
    mode = "late"
    lasts = (1.0, 1.0)

    def prepare(self, world: World) -> None:
        world.relay.late_suffix = RINGS_LONG
        world.relay.mode = self.mode

    def hold(self, world: World) -> None:
        """From the strike on, stop each person whose phone rings long, as soon as it rings."""
        done: set[str] = set()
        threads: list[threading.Thread] = []
        end = time.monotonic() + (25.0 if self.quick else 40.0)
        while time.monotonic() < end and (world.still_to_call() or world.open_attempts()):
            for number in [n for n in world.relay.ringing if n.endswith(RINGS_LONG) and n not in done]:
                done.add(number)
                thread = threading.Thread(target=self._revoke, args=(world, number))
                thread.start()
                threads.append(thread)
            time.sleep(0.1)
        for thread in threads:
            thread.join()
        world.relay.mode = "normal"

    def _revoke(self, world: World, number: str) -> None:
        try:
            world.app().run("stop", number)
        except SandboxError as error:  # it did not end
            self.problems.append(str(error))

    def check(self, world: World) -> list[str]:
        return self.problems + super().check(world)
