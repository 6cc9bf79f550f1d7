"""What the longer lists share: capped counts, spans of time, and how a page of the operations becomes an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema

from agi_app.api.problems import RequestRefused
from agi_app.api.routes import ApiAnswer, ApiCall, PageQuery
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.model.lists import Page

A = TypeVar("A", bound=ApiAnswer)
T = TypeVar("T")


def _written(value: Any) -> Any:
    """A date and a time, as people write them; a bare number is no time."""
    if (isinstance(value, str) and not value[:1].isdecimal()) or "T" not in str(value).upper():
        raise ValueError(t("is no date-time"))
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_written), WithJsonSchema({"type": "string", "format": "date-time"})]


class CountAnswer(ApiAnswer):
    """How many there are; ``more``: at least so many."""

    number: int
    more: bool


class CountedQuery(PageQuery):
    """Which part of a long list, and whether to count it as far as 10,000."""

    count: Literal["capped"] | None = Field(None, description="also count, as far as 10,000")


def shown(page: Page[T], kind: type[A]) -> dict[str, Any]:
    """The rows of a page and its cursor, for the answer."""
    names = kind.model_fields
    data = [kind.model_validate({name: getattr(row, name) for name in names}) for row in page.rows]
    return {"data": data, "next": page.next}


async def counted(call: ApiCall[Any, Any], count: Callable[[], Awaitable[Any]]) -> CountAnswer | None:
    """The count, if it is asked for."""
    return None if call.query.count is None else CountAnswer.model_validate(await count())


async def there(found: Awaitable[T]) -> T:
    """What the path names; RequestRefused when it is not there."""
    try:
        return await found
    except InputError as error:
        raise RequestRefused("not_found", str(error)) from error
