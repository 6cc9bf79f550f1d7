"""The templates of `agi-app init --template` for a project that is there: their texts, to begin a draft with, and what
their flows play, which a worker lays beside the project's own prompts. Nothing that is there is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agi_app.atomic_files import cannot_be_written, write_whole_new
from agi_app.campaigns.project import project_templates
from agi_app.campaigns.project.new_project import EXAMPLE
from agi_app.campaigns.project.project_templates import TEMPLATES, flow_text
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.project import prompts
from agi_app.operations.project.prompt_list import FOLDER
from agi_app.prompts.sources import find_sources
from agi_app.shared_files import shared
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import Ask, NewAsk, OpenAsk

__all__ = ["KIND", "LAY", "TEMPLATES", "asked", "flow_text", "lacking", "lay", "lay_ask", "lay_files", "take"]
KIND, LAY = "template", "lay"


def lacking(project: Path, template: str) -> list[str]:
    """The prompts of a template that the project has neither a recording nor words of. Blocks. Raises InputError."""
    there = {one.id for one in find_sources(project / FOLDER)}
    return [one for one in project_templates.recordings(template, shared("examples") / EXAMPLE) if one not in there]


@noted(Scope.CAMPAIGNS_DRAFT, "prompts template ask", "template")
async def lay_ask(inst: Installation, template: str, flow: str) -> int:
    """Ask a worker to lay what a template's flow plays beside the prompts; the ask's id. Raises InputError, StoreError.

    ``flow``: for which flow somebody wants it.
    """
    project_templates.known(template)
    return await asks.add(inst.store, NewAsk(KIND, LAY, template, LAY, {"flow": flow}), inst.actor)


@reads(Scope.CAMPAIGNS_DRAFT)
async def asked(inst: Installation, ask_id: int) -> Ask:
    """Such an ask, and how it ended. Raises InputError when there is none, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    if found is None or (found.kind, found.verb) != (KIND, LAY):
        raise InputError(t("there is no ask {number}", number=ask_id))
    return found


@reads(Scope.CAMPAIGNS_DRAFT)  # what it does is noted
async def take(inst: Installation, given: OpenAsk) -> Mapping[str, Any]:
    """The worker's part. Raises InputError, ConfigError."""
    return await lay(inst, given.object)


@noted(Scope.CAMPAIGNS_DRAFT, "prompts template", "template")
async def lay(inst: Installation, template: str) -> Mapping[str, Any]:
    """Lay the prompts of a template that the project has not, and prepare them. Raises InputError, ConfigError."""
    return await asyncio.to_thread(lay_files, inst.settings.project, template)


def lay_files(project: Path, template: str) -> Mapping[str, Any]:
    """Write the prompts that a project lacks for a template, each whole. Blocks. Raises InputError, ConfigError."""
    files, wanted = project_templates.recordings(template, shared("examples") / EXAMPLE), lacking(project, template)
    for one in wanted:
        for file in files[one]:
            to = project / FOLDER / f"{one}{file.suffix}"
            try:
                to.parent.mkdir(parents=True, exist_ok=True)
                write_whole_new(to, file.read_bytes(), 0o644)
            except OSError as error:
                raise cannot_be_written(to, error) from error
    results = prompts.prepare(project, progress=lambda *_: None) if wanted else []
    return {"laid": len(wanted), "faults": [f"{one.prompt}: {one.error}" for one in results if one.error][:100]}
