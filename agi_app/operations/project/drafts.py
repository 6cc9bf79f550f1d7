"""Drafts of flows and campaigns: kept by the service, checked, and written into the project by a worker when published.

The service's user cannot write the project. A draft is an ask whose text is its parameter; the newest one counts, until
it is published or discarded. A file that somebody changed meanwhile is not overwritten. Nothing that runs changes by
it: `agi-app campaign start` takes the new text, with the second person that this may need.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agi_app.atomic_files import cannot_be_written, write_whole, write_whole_new
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.project.as_if import read_as_if
from agi_app.operations.project.project_files import Kind, Project, ProjectFile, file_of
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import Ask, NewAsk, OpenAsk

KIND, SAVE, DISCARD, PUBLISH = "draft", "save", "discard", "publish"
LONGEST = 256 * 1024  # bytes
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class DraftOf:
    """What a draft is of."""

    kind: Kind
    called: str

    @property
    def name(self) -> str:
        """In asks and notes."""
        return f"{self.kind} {self.called}"

    @classmethod
    def named(cls, name: str) -> DraftOf:
        """What an ask is about, which the service wrote; InputError for what can be no file of a flow or campaign."""
        kind, _, called = name.partition(" ")
        if not NAME.fullmatch(called):
            raise InputError(t("there is no draft of {name}", name=name))
        return cls("flow" if kind == "flow" else "campaign", called)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft: the ask that it was saved by, its file and text, and the SHA-256 of the file that it began with."""

    ask_id: int
    file: str
    content: bytes
    sha256: str
    base: str | None  # None: there was no file

    @classmethod
    def of(cls, ask: Ask) -> Draft:
        """That of an ask."""
        told = ask.parameters
        return cls(ask.ask_id, told["file"], told["text"].encode(), told["sha256"], told["base"])


def sha256_of(content: bytes) -> str:
    """In hex."""
    return hashlib.sha256(content).hexdigest()


@reads(Scope.CAMPAIGNS_DRAFT)
async def draft(inst: Installation, of: DraftOf) -> Draft | None:
    """The draft of this flow or campaign, None when there is none. Raises StoreError."""
    ended = set()
    for one in await asks.of_object(inst.store, KIND, of.name):
        if one.verb == SAVE and one.state != "refused":
            return None if one.ask_id in ended else Draft.of(one)
        if (one.verb == DISCARD and one.state != "refused") or (one.verb == PUBLISH and one.state == "done"):
            ended.add(one.parameters["draft"])
    return None


@reads(Scope.CAMPAIGNS_DRAFT)
async def shown(inst: Installation, project: Project, of: DraftOf) -> bytes:
    """The draft, else the file as it is, else nothing. Raises InputError for the name of another's file, StoreError."""
    found = await draft(inst, of)
    return found.content if found else (await asyncio.to_thread(file_now, project, of)).content or b""


@noted(Scope.CAMPAIGNS_DRAFT, "draft save", "of")
async def save(inst: Installation, project: Project, of: DraftOf, content: bytes) -> tuple[Draft, list[Problem]]:
    """Keep a draft that is free of faults; returns its warnings, too.

    Raises AuthorError for what is wrong in it or in others by it, InputError for another name in it, StoreError.
    """
    before = await draft(inst, of)
    now = await asyncio.to_thread(file_now, project, of)
    file = before.file if before else now.name
    warnings = await asyncio.to_thread(check, project, of, ProjectFile(file, content))
    base = before.base if before else None if now.content is None else sha256_of(now.content)
    sha256 = sha256_of(content)
    told = {"file": file, "text": content.decode(), "sha256": sha256, "base": base}
    ask = await asks.add(inst.store, NewAsk(KIND, SAVE, of.name, SAVE, told), inst.actor)
    return Draft(ask, file, content, sha256, base), warnings


@noted(Scope.CAMPAIGNS_DRAFT, "draft discard", "of")
async def discard(inst: Installation, of: DraftOf) -> None:
    """Forget the draft. Raises InputError when there is none, StoreError."""
    found = await _the_draft(inst, of)
    told = {"draft": found.ask_id}
    await asks.add(inst.store, NewAsk(KIND, DISCARD, of.name, DISCARD, told), inst.actor)


@noted(Scope.CAMPAIGNS_DRAFT, "draft publish ask", "of")
async def publish(inst: Installation, of: DraftOf, sha256: str, *, reason: str) -> int:
    """Ask a worker to write the draft that has this hash; returns the ask's id, for ``asked``.

    Raises InputError when there is no draft, or another one, StoreError.
    """
    found = await _the_draft(inst, of)
    if found.sha256 != sha256:
        raise InputError(t("the draft has changed since you saw it: its SHA-256 is {sha256}", sha256=found.sha256))
    told = {"draft": found.ask_id, "sha256": sha256}
    return await asks.add(inst.store, NewAsk(KIND, PUBLISH, of.name, reason, told), inst.actor)


@reads(Scope.CAMPAIGNS_DRAFT)
async def asked(inst: Installation, ask_id: int) -> Ask:
    """An ask about a draft, and its answer. Raises InputError when there is none, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    if found is None or found.kind != KIND:
        raise InputError(t("there is no ask {number}", number=ask_id))
    return found


@reads(Scope.CAMPAIGNS_DRAFT)
async def take(inst: Installation, project: Project, given: OpenAsk) -> Mapping[str, Any]:
    """The worker's part: that a draft is kept or forgotten needs nothing; one that is published is written.

    Raises AuthorError, InputError, StoreError.
    """
    if given.verb != PUBLISH:
        return {}
    ask = await asks.by_id(inst.store, int(given.parameters["draft"]))
    if ask is None or (ask.kind, ask.verb, ask.object) != (KIND, SAVE, given.object) or ask.state != "done":
        raise InputError(t("there is no draft of {name}", name=given.object))
    found = Draft.of(ask)
    if sha256_of(found.content) != given.parameters["sha256"]:
        raise InputError(t("the draft has changed since you saw it: its SHA-256 is {sha256}", sha256=found.sha256))
    return await write(inst, project, DraftOf.named(given.object), found)


@noted(Scope.CAMPAIGNS_DRAFT, "draft publish", "of")
async def write(inst: Installation, project: Project, of: DraftOf, found: Draft) -> Mapping[str, Any]:
    """Write a draft into the project, whole or not at all. Raises AuthorError, InputError, StoreError."""
    now = await asyncio.to_thread(file_now, project, of)
    is_now = None if now.content is None else sha256_of(now.content)
    if now.name != found.file or is_now not in (found.base, found.sha256):
        raise InputError(
            t(
                "{file} was changed since this draft began: discard it, and begin with what is there",
                file=now.name,
            )
        )
    await asyncio.to_thread(check, project, of, ProjectFile(found.file, found.content))
    await asyncio.to_thread(_write, inst.settings.project / found.file, found.content, is_new=is_now is None)
    return {"file": found.file, "sha256": found.sha256, "before": found.base}


def check(project: Project, of: DraftOf, draft: ProjectFile) -> list[Problem]:
    """The warnings of a draft. Blocks. Raises AuthorError for what is wrong in it or elsewhere by it, InputError."""
    after, found = as_drafted(project, draft)
    faults = [one for one in found if one.severity == "error"]
    if faults:  # those of other files may follow from its own
        raise AuthorError(*([one for one in faults if one.file == draft.name] or faults))
    sources = after.flows if of.kind == "flow" else after.campaigns
    if of.called not in sources or sources[of.called].file != draft.name:
        raise InputError(t("{file}: must be of the {name}, as its address says", file=draft.name, name=of.name))
    return found


def as_drafted(project: Project, draft: ProjectFile) -> tuple[Project, list[Problem]]:
    """The project with this text, and what is wrong in the text or elsewhere by it. Blocks. Raises InputError for what
    is no text of a file."""
    if len(draft.content) > LONGEST:
        raise InputError(t("{file}: has more than {most} KiB", file=draft.name, most=LONGEST // 1024))
    try:
        draft.content.decode()
    except UnicodeDecodeError:
        raise InputError(t("{file}: is not UTF-8", file=draft.name)) from None
    known = set(project.problems)
    after = read_as_if(project, [draft])
    return after, [one for one in after.problems if one.file == draft.name or one not in known]


@dataclass(frozen=True, slots=True)
class FileNow:
    """The file of a flow or campaign, which may not be there yet."""

    name: str
    content: bytes | None


def file_now(project: Project, of: DraftOf) -> FileNow:
    """The file of a flow or campaign as it is. Blocks. Raises InputError for the name of another's file."""
    try:
        found = file_of(project, of.kind, of.called)
    except InputError:
        file = f"{of.kind}s/{of.called}.yaml"
        if (project.folder / file).exists():  # of another name
            raise
        return FileNow(file, None)
    return FileNow(found.name, found.content)


def _write(file: Path, content: bytes, *, is_new: bool) -> None:
    try:
        if is_new:
            write_whole_new(file, content, 0o644)
        else:
            write_whole(file, content, file.stat().st_mode & 0o777)
    except OSError as error:
        raise cannot_be_written(file, error) from error


async def _the_draft(inst: Installation, of: DraftOf) -> Draft:
    found = await draft(inst, of)
    if found is None:
        raise InputError(t("there is no draft of {name}", name=of.name))
    return found


@dataclass(frozen=True, slots=True)
class Publication:
    """A text that was published."""

    ask: int
    sha256: str
    account: str
    reason: str
    published_at: dt.datetime


@reads(Scope.FIGURES_READ)
async def published(inst: Installation, of: DraftOf) -> list[Publication]:
    """What was published of a flow or campaign, the newest first, of its 100 newest asks. Raises StoreError."""
    found = await asks.of_object(inst.store, KIND, of.name)
    return [
        Publication(one.ask_id, one.parameters["sha256"], one.account, one.reason, one.answered_at)
        for one in found
        if one.verb == PUBLISH and one.state == "done" and one.answered_at is not None
    ]


@reads(Scope.FIGURES_READ)
async def published_text(inst: Installation, of: DraftOf, ask_id: int) -> bytes:
    """The text that was published by this ask. Raises InputError when there is none, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    wanted = (KIND, PUBLISH, of.name, "done")
    if found is None or (found.kind, found.verb, found.object, found.state) != wanted:
        raise InputError(t("there is no ask {number}", number=ask_id))
    saved = await asks.by_id(inst.store, int(found.parameters["draft"]))
    if saved is None:
        raise InputError(t("there is no ask {number}", number=ask_id))
    return Draft.of(saved).content
