"""The main job for waiting agents: the same faults while people are transferred, and the state of agents lost."""

from __future__ import annotations

import time
from typing import ClassVar

from chaos.faults import Fault
from chaos.people import CAMPAIGNS
from chaos.world import World
from sandbox.agents import QUEUE

TALK_TIMEOUT_S = 15.0
ON_THEIR_WAY_S = 3.0  # calls that were claimed before, by a look that was still good
QUIET_S = 5.0

FLOW = """\
flow: for-agents
languages: [zh-CN, en]
identify: {{business: {{zh-CN: 阳光口腔, en: Sunshine Dental}}}}
opt_out: {{key: "9", confirm: opted_out}}
abandoned: greeting
start: greeting
nodes:
  greeting:
    - play: greeting
    - transfer: {{to: {queue}}}
      on: {{done: bye, failed: bye}}
  bye:
    - hangup
"""
_TALKS = "SELECT count(*) AS n FROM attempt WHERE met_at IS NOT NULL AND parted_at IS NULL AND state <> 'ended'"

# With fewer than a hundred answers one abandoned call is over the ceiling; its result takes a moment to be stored.
_AFTER_CEILING = """
SELECT count(*) AS n
FROM attempt a
JOIN (SELECT campaign, min(ended_at) AS at FROM attempt WHERE outcome = 'abandoned' GROUP BY campaign) AS over
  ON over.campaign = a.campaign AND a.claimed_at > over.at + interval '2 seconds'
"""


class ForAgents(Fault):
    """Everybody of both campaigns is called for the agents of a queue."""

    name = "agents"
    text = "nothing goes wrong while the main job transfers to agents"
    agents: ClassVar[int] = 8
    seeds = 1

    def prepare(self, world: World) -> None:
        """Store the campaigns anew, with agents."""
        for node in world.nodes:
            (node.project / "flows" / "for-agents.yaml").write_text(FLOW.format(queue=QUEUE), "utf-8")
            for name in CAMPAIGNS:
                file = node.project / "campaigns" / f"{name}.yaml"
                text = file.read_text("utf-8").replace("flow: bulk\n", "flow: for-agents\n")
                file.write_text(f"{text}agents: {{to: {QUEUE}}}\n", "utf-8")
        for name in CAMPAIGNS:
            world.app()("campaign", "start", name)

    def await_talk(self, world: World) -> None:
        """Until somebody talks to an agent."""
        deadline = time.monotonic() + TALK_TIMEOUT_S
        while not world.database.query(_TALKS)[0]["n"]:
            if time.monotonic() > deadline:
                self.problems.append("nobody was transferred before the fault")
                return
            time.sleep(0.02)

    def check(self, world: World) -> list[str]:
        """Some people met an agent, else the run has shown nothing; an abandoned one was a campaign's last."""
        met = world.database.query("SELECT count(*) AS n FROM attempt WHERE met_at IS NOT NULL")[0]["n"]
        after = world.database.query(_AFTER_CEILING)[0]["n"]
        if not met:
            self.problems.append("nobody met an agent")
        if after:
            self.problems.append(f"{after} calls were begun after too many people had met no agent")
        return self.problems


class AgentsKillWorker(ForAgents):
    name = "agents_kill_worker"
    text = "kill -9 of the worker while a person talks to an agent"

    def strike(self, world: World) -> None:
        self.await_talk(world)
        self.struck_at = time.time()
        world.node.worker.kill()


class AgentsKillAsterisk(ForAgents):
    name = "agents_kill_asterisk"
    text = "kill -9 of Asterisk, with its queue, while a person talks to an agent"
    asterisk_dies = True

    def strike(self, world: World) -> None:
        self.await_talk(world)
        self.struck_at = time.time()
        world.node.asterisk.kill()

    def hold(self, world: World) -> None:
        self.last(1.0)
        world.node.asterisk.start()


class AgentsAmiClosed(ForAgents):
    """Talks go on; but nobody can say any more which agents are free, so nobody may be called."""

    name = "agents_ami_closed"
    text = "the manager interface closes: nobody is called until the agents are known again"

    def strike(self, world: World) -> None:
        world.node.ami.refuse = True
        world.node.ami.cut()

    def hold(self, world: World) -> None:
        time.sleep(ON_THEIR_WAY_S)
        before = self._calls(world)
        time.sleep(QUIET_S)
        if more := self._calls(world) - before:
            self.problems.append(f"{more} calls were made while nobody knew which agents are free")
        world.node.ami.mend()

    @staticmethod
    def _calls(world: World) -> int:
        """Those of the node that was hit; another one still knows its agents."""
        return sum(call.from_port == world.node.asterisk.sip_port for call in world.sip.calls())
