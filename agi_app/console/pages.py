"""What a page is: method, path, scope, and what its handler gives. All else is derived from that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import IO, Any

from pydantic import BaseModel, ConfigDict

from agi_app.console.passkey_site import NO_PASSKEYS, PasskeyOffer
from agi_app.installation import Installation
from agi_app.messages import t, template
from agi_app.model.actors import Scope


class PageData(BaseModel):
    """What a page shows; as JSON for who asks for that."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class NoData(PageData):
    """A page that only asks something."""


class Section(Enum):
    """The groups of pages, as the navigation shows them."""

    TODAY = template("Today")
    CALLS = template("Calls")
    PEOPLE = template("People")
    FLOWS = template("Flows")
    GUARD = template("Calls that come in")
    REPORTS = template("Reports")
    RECORDS = template("Records")
    SERVICE = template("Service")

    @property
    def title(self) -> str:
        """In the reader's language."""
        return t(self.value)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that came with a form, in an unnamed one of this process, which is gone when the page is answered."""

    name: str  # as the browser says; never a path
    content: IO[bytes]
    size: int


@dataclass(frozen=True, slots=True)
class PageCall:
    """One request for a page, by somebody who is signed in and may see it: ``inst`` acts as them.

    ``unproved``: why a form of a page with ``proof`` must not be done, for people; None: the password was shown.
    """

    inst: Installation
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    files: Mapping[str, UploadedFile] = field(default_factory=dict)
    unproved: str | None = None
    zone: str = "UTC"  # of who reads
    passkeys: PasskeyOffer = NO_PASSKEYS


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: a template with what it shows. ``command``: the same on the command line."""

    template: str
    data: PageData | BaseModel
    command: str = ""
    status: int = 200
    more: Mapping[str, Any] = field(default_factory=dict)  # for the template alone: what somebody typed, faults


@dataclass(frozen=True, slots=True)
class GoTo:
    """What was asked for is done: the browser is sent on, so that a reload does not do it again."""

    path: str
    said: str = ""  # one of the words that the page there knows


@dataclass(frozen=True, slots=True)
class Download:
    """A file that the browser saves under this name; it is closed when it was sent."""

    file: IO[bytes]
    size: int
    media_type: str
    name: str


Handler = Callable[[PageCall], Awaitable[Shown | GoTo | Download]]


@dataclass(frozen=True, slots=True)
class DeclaredPage:
    """One method of one path. ``proof``: the password is to be shown again; ``upload``: the most bytes of files;
    ``text``: of fields, where they may be long.

    One with a ``section`` is in the navigation, under its ``title``. Who may not see it is sent ``elsewhere``, if it
    says where, and is refused else.
    """

    method: str
    path: str
    scope: Scope | None  # None: everybody who has an account; the page is about that account alone
    handler: Handler
    section: Section | None = None
    title: str = ""
    proof: bool = False
    upload: int = 0
    text: int = 0
    elsewhere: str = ""


class Pages:
    """The pages of one module, in the order in which they are declared."""

    def __init__(self) -> None:
        self.declared: list[DeclaredPage] = []

    def get(
        self,
        path: str,
        scope: Scope | None,
        section: Section | None = None,
        title: str = "",
        *,
        proof: bool = False,
        elsewhere: str = "",
    ) -> Callable[[Handler], Handler]:
        """A page that shows something."""
        return self._page("GET", path, scope, section=section, title=title, proof=proof, elsewhere=elsewhere)

    def post(
        self, path: str, scope: Scope | None, *, proof: bool = False, upload: int = 0, text: int = 0
    ) -> Callable[[Handler], Handler]:
        """What a form does."""
        return self._page("POST", path, scope, proof=proof, upload=upload, text=text)

    def _page(self, method: str, path: str, scope: Scope | None, **more: Any) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            self.declared.append(DeclaredPage(method, path, scope, handler, **more))
            return handler

        return declare
