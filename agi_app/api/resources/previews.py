"""Who would be called, before a campaign starts: figures that a worker makes, and that a start can name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from pydantic import Field

from agi_app.api.lists import there
from agi_app.api.resources.asks import AskAnswer, AskedAnswer, ask_answer
from agi_app.api.routes import ApiAnswer, ApiCall, NoQuery, Routes
from agi_app.model.actors import Scope
from agi_app.operations.calling import previews as operations
from agi_app.operations.calling.previews import Ask

routes = Routes()


class ProjectionAnswer(ApiAnswer):
    """When a campaign would be through; ``end`` null: not within a year, or there is nobody to call."""

    end: dt.datetime | None
    calls: int = Field(description="with retries")
    calls_per_second: float
    assumptions: list[str]


class FiguresShown(ApiAnswer):
    """Of the contacts that wait: allowed now, later_today, later and never add up to waiting."""

    campaign: str
    now: dt.datetime
    note: str | None = Field(description="that the campaign's file is not what is stored")
    waiting: int
    allowed: int
    refused: int
    later_today: int
    later: int
    never: int = Field(description="until somebody fixes the reason")
    left_by_caps: int = Field(
        default=0, description="that nobody can call in time, since the same person has other contacts near to them"
    )
    misspelt_columns: list[str]
    machine_detection: str | None
    by_rule: Mapping[str, int] = Field(description="contacts that are not called now, under each reason")
    projection: ProjectionAnswer | None


class PreviewAnswer(AskAnswer):
    """A preview, once a worker has made it."""

    preview: FiguresShown | None


@routes.post("/campaigns/{campaign}/preview", Scope.CAMPAIGNS_DRAFT, AskedAnswer, status=202)
async def make(call: ApiCall[NoQuery, None]) -> AskedAnswer:
    """Ask a worker who would be called now, later or never. It calls nobody; /previews/{ask} has the figures."""
    return AskedAnswer(ask=await there(operations.ask(call.inst, call.path["campaign"])))


@routes.get("/previews/{ask}", Scope.FIGURES_READ, PreviewAnswer)
async def shown(call: ApiCall[NoQuery, None]) -> PreviewAnswer:
    """The figures of a preview. A start with its number is refused 15 minutes later, or when one is 5 % off by then."""
    found = await operations.asked(call.inst, int(call.path["ask"]))
    return preview_answer(found)


def preview_answer(found: Ask) -> PreviewAnswer:
    """A preview as the API shows it."""
    figures = operations.figures_of(found)
    shown = None if figures is None else FiguresShown.model_validate(figures)
    return PreviewAnswer(**ask_answer(found, None).model_dump(), preview=shown)
