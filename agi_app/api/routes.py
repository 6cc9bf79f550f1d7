"""What a route is: method, path, scope, and the models of what it takes and gives. All else is derived from that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from agi_app.installation import Installation
from agi_app.model.actors import Scope

BASE = "/api/v1"
MOST_ROWS = 1000
SOUND = "audio/wav"
FILE = "application/octet-stream"  # a route that sends a file
Q = TypeVar("Q", bound="Query")
B = TypeVar("B")
A = TypeVar("A")


class ApiAnswer(BaseModel):
    """What a route gives."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Given(BaseModel):
    """A body that a route takes; it may have nothing else in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Query(BaseModel):
    """The parameters behind the path's question mark; there may be no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoQuery(Query):
    """There are none."""


class PageQuery(Query):
    """Which part of a long list."""

    limit: int = Field(50, ge=1, le=MOST_ROWS, description="the most rows of one page")
    after: str | None = Field(
        None, min_length=1, max_length=400, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before"
    )


class Kind(Enum):
    """What a request does."""

    READ = "read"
    EFFECT = "effect"  # it changes something; a repeated Idempotency-Key gets the first answer again
    LOOK = "look"  # a POST that shows something and notes it; each is done anew
    EDIT = "edit"  # it replaces or removes what exists: If-Match must name what was seen


class Limit(Enum):
    """Classes of routes, each with its own rate limit: requests a minute of one token."""

    READ = 1200
    WRITE = 240
    LOOK = 30  # whole numbers
    STOP = 6000  # nothing may keep a stop out


@dataclass(frozen=True, slots=True)
class ApiCall(Generic[Q, B]):
    """One request that may be answered: its installation acts as the token's owner."""

    inst: Installation
    path: Mapping[str, str]
    query: Q
    body: B


@dataclass(frozen=True, slots=True)
class Content:
    """An answer that is no JSON, or has another status than its route's: a refusal after something was done."""

    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None  # None: that of the route


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path below /api/v1."""

    method: str
    path: str
    scope: Scope
    handler: Callable[[ApiCall[Any, Any]], Awaitable[Any]]
    answer: type[BaseModel] | str | None  # a media type when it is no JSON; None: there is no body
    kind: Kind
    query: type[Query] = NoQuery
    body: type[BaseModel] | str | None = None  # a media type when it is no JSON
    status: int = 200
    limit: Limit = Limit.READ
    when_away: str = ""  # the command that works while the database is away
    stream: bool = False
    keeps: Callable[[Any], BaseModel] | None = None  # what of an answer is kept for a repeated request; None: all
    beside: bool = False  # its path is not below /api/v1, where others expect it
    more: tuple[int, ...] = ()  # statuses of problems that others of its kind have not
    after: Callable[[ApiCall[Any, Any]], Awaitable[None]] | None = None  # what follows the commit, repeats included

    @property
    def whole(self) -> str:
        """The path with what is before it; a few routes are beside the rest."""
        return self.path if self.beside else BASE + self.path

    @property
    def name(self) -> str:
        """The operation's id: ``campaigns_figures``."""
        module = self.handler.__module__.rpartition(".")[2]
        return f"{module}_{self.handler.__name__}"

    @property
    def group(self) -> str:
        """The resource that it belongs to, for the document."""
        return self.path.split("/")[1].replace("-", " ")


class Routes:
    """The routes of one module, in the order in which they are declared."""

    def __init__(self) -> None:
        self.declared: list[Route] = []

    def get(self, path: str, scope: Scope, answer: type[BaseModel] | str, **more: Any) -> Callable[[A], A]:
        """A reading route."""
        return self._route("GET", path, scope, answer, Kind.READ, **more)

    def post(
        self, path: str, scope: Scope, answer: type[BaseModel] | str | None, *, status: int = 201, **more: Any
    ) -> Callable[[A], A]:
        """A route with an effect, done once for each Idempotency-Key."""
        return self._route("POST", path, scope, answer, Kind.EFFECT, status=status, **({"limit": Limit.WRITE} | more))

    def look(self, path: str, scope: Scope, answer: type[BaseModel] | str, **more: Any) -> Callable[[A], A]:
        """A POST that only shows something."""
        return self._route("POST", path, scope, answer, Kind.LOOK, **({"limit": Limit.LOOK} | more))

    def edit(
        self, method: str, path: str, scope: Scope, answer: type[BaseModel] | None, *, status: int = 200, **more: Any
    ) -> Callable[[A], A]:
        """A PUT, PATCH or DELETE of what a GET of the same path shows."""
        return self._route(method, path, scope, answer, Kind.EDIT, status=status, **({"limit": Limit.WRITE} | more))

    def _route(
        self, method: str, path: str, scope: Scope, answer: type[BaseModel] | str | None, kind: Kind, **more: Any
    ) -> Callable[[A], A]:
        def declare(handler: A) -> A:
            self.declared.append(Route(method, path, scope, handler, answer, kind, **more))  # type: ignore[arg-type]
            return handler

        return declare


# What is in a path, by its name there: a JSON Schema for the document, and a pattern that is checked.
_NAME = {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"}
_NUMBER = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
PATH_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "agent": _NAME,
    "campaign": _NAME,
    "feed": _NAME,
    "flow": _NAME,
    "target": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"},
    "language": {"type": "string", "pattern": r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
    "prompt": {
        "type": "string",
        "pattern": r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(\.[A-Za-z0-9][A-Za-z0-9_-]{0,63})?$",  # num.20 is num/20
    },
    "line": {"type": "string", "pattern": r"^[A-Za-z0-9+*#_-]{1,40}$"},
    "region": {"type": "string", "pattern": r"^[A-Z]{2}$"},
    "case": _NUMBER,
    "entry": _NUMBER,
    "contact": _NUMBER,
    "person": _NUMBER,
    "ask": _NUMBER,
    "webhook": _NUMBER,
    "job": _NUMBER,
    "recording": _NUMBER,
    "account": {"type": "string", "pattern": r"^[^\u0000-\u0020\u007f-\u00a0/]{1,64}$"},
    "attempt": {"type": "string", "pattern": r"^[A-Za-z0-9_-]{1,64}$"},
    "id": {"type": "string", "pattern": r"^[A-Za-z0-9_-]{1,64}$"},
    "kind": {"type": "string", "enum": ["flow", "campaign"]},
}
