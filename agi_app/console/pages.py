"""What a page is: method, path, scope, and what its handler gives. All else is derived from that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from agi_app.installation import Installation
from agi_app.model.actors import Scope


class PageData(BaseModel):
    """What a page shows; as JSON for who asks for that."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


@dataclass(frozen=True, slots=True)
class PageCall:
    """One request for a page, by somebody who is signed in and may see it: ``inst`` acts as them."""

    inst: Installation
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: a template with what it shows. ``command``: the same on the command line."""

    template: str
    data: PageData
    command: str = ""
    status: int = 200
    more: Mapping[str, Any] = field(default_factory=dict)  # for the template alone: what somebody typed, faults


@dataclass(frozen=True, slots=True)
class GoTo:
    """What was asked for is done: the browser is sent on, so that a reload does not do it again."""

    path: str
    said: str = ""  # one of the words that the page there knows


Handler = Callable[[PageCall], Awaitable[Shown | GoTo]]


@dataclass(frozen=True, slots=True)
class DeclaredPage:
    """One method of one path."""

    method: str
    path: str
    scope: Scope | None  # None: everybody who has an account; the page is about that account alone
    handler: Handler


class Pages:
    """The pages of one module, in the order in which they are declared."""

    def __init__(self) -> None:
        self.declared: list[DeclaredPage] = []

    def get(self, path: str, scope: Scope | None) -> Callable[[Handler], Handler]:
        """A page that shows something."""
        return self._page("GET", path, scope)

    def post(self, path: str, scope: Scope | None) -> Callable[[Handler], Handler]:
        """What a form does."""
        return self._page("POST", path, scope)

    def _page(self, method: str, path: str, scope: Scope | None) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            self.declared.append(DeclaredPage(method, path, scope, handler))
            return handler

        return declare
