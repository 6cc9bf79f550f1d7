"""What somebody typed into a form whose session has ended: the page that tells them shows it, and can send it again.

Nothing of it is done or kept here, and no password or code is shown or sent again.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from agi_app.console import forms
from agi_app.messages import t, template

TICKED = "yes"  # what a box sends
_SECRET = re.compile(
    r"pass|secret|token|code|recovery|proof|credential|challenge|signature|attestation|authenticator|client_data"
    r"|user_handle|^(new|otp|pin|key)$|_key$",
    re.IGNORECASE,
)
_PROOF = "proof"  # a page that still wants it asks for it again
_NOT_TYPED = frozenset(
    (
        *("call", "do", "done", "enabled", "event", "format", "next", "nuisance", "of", "offer", "press", "preview"),
        *("request", "seen", "sha256"),
    )
)
_LABELS: Mapping[str, str] = {
    "at_once": template("Calls at once, at most"),
    "campaign": template("Campaign"),
    "countries": template("Countries"),
    "flow": template("Flow"),
    "language": template("Language"),
    "longest": template("Longest call, in seconds"),
    "name": template("Name"),
    "number": template("Number"),
    "other_number": template("Or another number"),
    "per_second": template("New calls a second, at most"),
    "purpose": template("Purpose"),
    "reason": template("Why"),
    "text": template("Text"),
    "trunk": template("Trunk"),
    "url": template("Address"),
    "wording": template("Words"),
}
_SHORT, _MOST_ROWS = 120, 24  # characters; lines


@dataclass(frozen=True, slots=True)
class TypedField:
    """One field of the form, as it was sent."""

    name: str
    value: str

    @property
    def is_hidden(self) -> bool:
        """Whether nobody has typed it: it is sent again, and says nothing to people."""
        return self.name in _NOT_TYPED or not self.value

    @property
    def is_long(self) -> bool:
        """Whether it wants several lines."""
        return len(self.value) > _SHORT or "\n" in self.value or "\r" in self.value

    @property
    def rows(self) -> int:
        """Lines that are shown at once."""
        return min(_MOST_ROWS, max(3, self.value.count("\n") + 1))

    @property
    def label(self) -> str:
        """In the reader's language."""
        known = _LABELS.get(self.name)
        return t("Field {name}", name=self.name) if known is None else t(known)


@dataclass(frozen=True, slots=True)
class TypedForm:
    """A form without its secrets; ``address``: where it was sent, ``files``: each field with the name of its file.

    ``lacks_secret``: a password or code was in it that no page asks for again; ``whole``: all of it came, and
    its page takes as much.
    """

    address: str
    multipart: bool
    fields: tuple[TypedField, ...]
    files: tuple[tuple[str, str], ...]
    lacks_secret: bool
    whole: bool

    @property
    def can_be_sent(self) -> bool:
        """Whether the same fields are the same form; without a password that belongs to it they are not."""
        return self.whole and not self.lacks_secret

    @property
    def is_shown(self) -> bool:
        """Whether anything was typed that may be shown."""
        return bool(self.files) or not all(one.is_hidden for one in self.fields)


def is_secret(name: str, value: str) -> bool:
    """Whether a field may hold a password or a code: a doubt is a yes."""
    return bool(_SECRET.search(name)) or (name == "again" and value != TICKED)


async def typed_of(request: web.Request, upload: int, most_text: int) -> TypedForm:
    """What the form says; ``upload`` and ``most_text`` in bytes, as its page takes them. Files are read and dropped."""
    fields, files, whole = await forms.as_far_as_sent(request, upload, most_text)
    secrets = {name for name, value in fields.items() if is_secret(name, value)}
    return TypedForm(
        address=request.rel_url.path_qs,
        multipart=bool(upload or most_text),
        fields=tuple(TypedField(name, value) for name, value in fields.items() if name not in secrets),
        files=tuple(files.items()),
        lacks_secret=bool(secrets - {_PROOF}),
        whole=whole,
    )


async def page_before(request: web.Request, shown: Container[str]) -> str:
    """The page on which the form was, as the browser says, else the one at its address, else the first one.

    ``shown``: the paths of pages, as they are declared. To be asked before the form is read.
    """
    try:
        said = urlsplit(request.headers.get("Referer", ""))
        here = said.path + (f"?{said.query}" if said.query else "") if said.netloc == request.host else ""
        for path in (here, request.rel_url.path_qs):
            if not path.startswith("/"):
                continue
            match = await request.app.router.resolve(request.clone(method="GET", rel_url=path))
            resource = match.route.resource
            if resource is not None and resource.canonical in shown:
                return path
    except ValueError:  # no address
        pass
    return "/"
