"""Our own people whom a campaign calls for, at one moment, and the calls that are made for them."""

from __future__ import annotations

from dataclasses import dataclass

# How long a person who answered a call for agents may wait for one, before the call counts as abandoned.
AGENT_WAIT_S = 2.0  # from the transfer until an agent, or the prompt for a person who finds none, is heard
PROMPT_S = 0.3  # of it: until that prompt is heard
GIVE_UP_S = AGENT_WAIT_S - PROMPT_S  # so long an agent may take


@dataclass(frozen=True, slots=True)
class AgentsNow:
    """The agents of one destination at one look."""

    free: int  # could take a call at once, and no caller waits for them
    busy: int  # in a call, ringing, or in the work after a call
    wrap_up_s: float  # how long the work after a call is
    idle: tuple[str, ...] = ()  # of a list: who is free, by endpoint


@dataclass(frozen=True, slots=True)
class AgentCounts:
    """Calls for some agents now, and what the campaign's calls of 30 days were like; the times are sums."""

    under_way: int  # claimed or dialled, and not answered
    waiting: int  # answered, and not yet with an agent whom the last look could see busy
    ended: int
    answered: int
    abandoned: int
    answer_s: float
    met: int
    talk_s: float
