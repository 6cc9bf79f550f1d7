"""The part ``agents`` of a campaign file."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from agi_app.authoring.schema import Authored
from agi_app.authoring.suggestions import quote
from agi_app.flow.syntax.names_and_limits import FileName
from agi_app.model.campaign import Agents, Pacing


def _percent(value: object) -> float:
    found = re.fullmatch(r"([0-9]{1,2}(?:\.[0-9]{1,2})?) ?%", value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("campaign/percent", "{found} is not a percentage; write 1%", {"found": quote(value)})
    return float(found[1])


class AgentsFile(Authored):
    """``agents``: calls are made only while these people are free."""

    to: FileName
    pacing: Literal["progressive", "predictive"] = "progressive"
    abandoned_ceiling: Annotated[float, BeforeValidator(_percent)] = 1.0


def judge_dialled_by(agents: AgentsFile | None, dialled_by: str) -> None:
    """Either calls are made for agents who are free, or an agent asks for each."""
    if agents is not None and dialled_by == "agents":
        message = (
            "with `agents` the dialer makes the calls, with `dialled_by: agents` only the agents do: remove one of the"
            " two"
        )
        raise PydanticCustomError("campaign/dialled-by", message, {"at": ("dialled_by",)})


def agents_of(file: AgentsFile | None) -> Agents | None:
    """As the campaign has them."""
    return None if file is None else Agents(file.to, Pacing(file.pacing), file.abandoned_ceiling)
