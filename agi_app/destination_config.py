"""The settings of a destination: somebody of our own to whom a flow may hand over."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Endpoint = Annotated[str, StringConstraints(pattern=r"^\w+/[^{}]+$")]
QUEUE_CONTEXT = "agi-app-queue"  # of dialplan/extensions_agi_app.conf


class DestinationSettings(BaseModel):
    """Somebody of our own to whom a flow may hand over (`transfer`): a desk, a queue of agents, or a list of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: Endpoint | None = Field(None, description="what Asterisk dials: PJSIP/front-desk")
    queue: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][\w-]{0,63}$", description="instead: a queue of queues.conf; needs [ami]"
    )
    agents: tuple[Endpoint, ...] = Field((), max_length=500, description="instead: the agents, one of whom is rung")
    wrap_up: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="seconds that an agent is left alone after a call; of a queue: its wrapuptime, which is not told",
    )
    shared: bool = Field(
        True, description="the same agents take calls of all workers; false: each Asterisk has agents of its own"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> DestinationSettings:
        given = [self.endpoint is not None, self.queue is not None, bool(self.agents)]
        if sum(given) != 1:
            raise ValueError("needs one of endpoint, queue and agents")
        if self.wrap_up and not self.counts_agents:
            raise ValueError("wrap_up is for a queue or agents")
        if len(set(self.agents)) != len(self.agents):
            raise ValueError("agents has somebody twice")
        return self

    @property
    def counts_agents(self) -> bool:
        """Whether it can be known how many of them are free."""
        return self.endpoint is None

    @property
    def dialled(self) -> str | None:
        """What Asterisk dials, if it is always the same; None: one of ``agents``."""
        return f"Local/{self.queue}@{QUEUE_CONTEXT}/n" if self.queue is not None else self.endpoint
