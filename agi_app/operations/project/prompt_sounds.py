"""Another sound or text of a prompt: offered, prepared and listened to; then a worker replaces the present one by it.

The service's user cannot write the project. What is sent is private data of an ask; a worker checks the project with
it, prepares it and lays it beside the prompts (`prompts/.offered`), where nobody is called with it. Calls that go on
hear a replaced prompt from then on. So where a campaign runs with it, another person replaces it than who offered it.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agi_app.atomic_files import cannot_be_written, write_whole
from agi_app.campaigns.project.read_project import Project
from agi_app.errors import AuthorError, ConfigError, InputError
from agi_app.flow.check.graph import prompt_uses
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.campaign import CampaignState
from agi_app.operations.acting import noted, reads, works_alone
from agi_app.operations.project.as_if import read_as_if
from agi_app.operations.project.drafts import sha256_of
from agi_app.operations.project.project_files import ProjectFile
from agi_app.operations.project.prompt_list import FOLDER, PromptOf
from agi_app.prompts import wav
from agi_app.prompts.prepare import Result, prepare
from agi_app.prompts.settings import voice_settings
from agi_app.prompts.sources import PromptSource, find_sources
from agi_app.store.calling.campaigns import load_campaigns
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import Ask, NewAsk, OpenAsk

KIND, OFFER, REPLACE, DISCARD, PREPARE = "prompt", "offer", "replace", "discard", "prepare"
MOST_SOUND = 8 * 1024 * 1024  # bytes
MOST_TEXT = 2000  # characters
OFFERED, REPLACED = ".offered", ".replaced"  # below the folder of prompts; hidden, so no prompt is read from them
ALL = "all"
UNPREPARED = "flow/prompt-format"
GOES_ON = (CampaignState.RUNNING, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class PromptOffer:
    """What waits to be a prompt. ``sound`` False: the recording stays, the text is another.

    ``facts``: what was measured of the sound as calls would hear it; ``notes`` of its preparation. ``base``: SHA-256 of
    what was there when it was offered.
    """

    ask_id: int
    account: str
    sound: bool
    text: str
    sha256: str
    base: str
    facts: Mapping[str, Any]
    notes: Sequence[str]


@noted(Scope.CAMPAIGNS_DRAFT, "prompt offer ask", "of")
async def offer(inst: Installation, project: Project, of: PromptOf, content: bytes | None, text: str) -> int:
    """Ask a worker to prepare a sound, or to keep another text; the ask's id.

    Raises InputError for what is no WAV file, AuthorError for what would be wrong in the project by it, StoreError.
    """
    words = " ".join(text.split())
    if len(words) > MOST_TEXT or not words.isprintable():
        raise InputError(
            t("what the prompt says: at most {most} characters, and no control characters", most=MOST_TEXT)
        )
    if content is not None:
        await asyncio.to_thread(_is_sound, content)
    base = await asyncio.to_thread(_now, project.folder, of)
    if content is None and words in ("", base.text):
        raise InputError(t("nothing is otherwise: choose a recording, or change what it says"))
    await asyncio.to_thread(_checked, project, of, content, words)
    told = {"sha256": sha256_of(content or b""), "sound": content is not None, "text": words, "base": base.sha256}
    private = None if content is None else {"content": base64.b64encode(content).decode()}
    return await asks.add(inst.store, NewAsk(KIND, OFFER, of.name, OFFER, told, private), inst.actor)


@reads(Scope.CAMPAIGNS_DRAFT)
async def offered(inst: Installation, of: PromptOf) -> PromptOffer | None:
    """What is offered for this prompt, None when nothing is. Raises StoreError."""
    ended = set()
    for found in await asks.of_object(inst.store, KIND, of.name):
        if found.verb == OFFER and found.state == "done":
            return None if found.ask_id in ended else _offer(found)
        if found.state == "done" and found.verb in (REPLACE, DISCARD):
            ended.add(found.parameters["offer"])
    return None


@reads(Scope.CAMPAIGNS_DRAFT)
async def waiting(inst: Installation) -> list[PromptOf]:
    """The prompts for which something is offered that was neither taken nor discarded. Raises StoreError."""
    return [PromptOf.named(one) for one in await asks.last_is(inst.store, KIND, (OFFER, REPLACE, DISCARD))]


@noted(Scope.CAMPAIGNS_DRAFT, "prompt replace ask", "of")
async def replace(inst: Installation, project: Project, of: PromptOf, offer: int, *, reason: str) -> int:
    """Ask a worker to replace the prompt by what is offered; the ask's id.

    Raises InputError when that is another offer, or when it takes another person, StoreError.
    """
    found = await _the_offer(inst, of, offer)
    await _another_person(inst, project, of, found.account)
    return await asks.add(inst.store, NewAsk(KIND, REPLACE, of.name, reason, {"offer": offer}), inst.actor)


@noted(Scope.CAMPAIGNS_DRAFT, "prompt discard ask", "of")
async def discard(inst: Installation, of: PromptOf, offer: int) -> int:
    """Ask a worker to forget what is offered. Raises InputError when that is another offer, StoreError."""
    await _the_offer(inst, of, offer)
    return await asks.add(inst.store, NewAsk(KIND, DISCARD, of.name, DISCARD, {"offer": offer}), inst.actor)


@noted(Scope.CAMPAIGNS_DRAFT, "prompts prepare ask")
async def ask_prepare(inst: Installation) -> int:
    """Ask a worker to prepare all prompts, as `agi-app prompts prepare` does; the ask's id. Raises StoreError."""
    return await asks.add(inst.store, NewAsk(KIND, PREPARE, ALL, PREPARE), inst.actor)


@reads(Scope.CAMPAIGNS_DRAFT)
async def asked(inst: Installation, ask_id: int) -> Ask:
    """An ask about a prompt, and its answer. Raises InputError when there is none, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    if found is None or found.kind != KIND:
        raise InputError(t("there is no ask {number}", number=ask_id))
    return found


@reads(Scope.FIGURES_READ)
async def goes_on_with(inst: Installation, project: Project, of: PromptOf) -> list[str]:
    """The campaigns that run or are paused, and whose calls hear this prompt. Raises StoreError."""
    found = []
    for stored in await load_campaigns(inst.store, GOES_ON):
        source, campaign = project.flows.get(stored.campaign.flow), stored.campaign
        message = campaign.machine_detection.message if campaign.machine_detection is not None else None
        flows = () if source is None else source.parsed.flow.whole
        spoken = source is None or of.language in source.parsed.flow.languages
        if spoken and (
            of.called == message or _heard_in(of, [use.prompt for flow in flows for use in prompt_uses(flow)])
        ):
            found.append(campaign.name)
    return found


@reads(Scope.CAMPAIGNS_DRAFT)  # each of them is noted
async def prepared(inst: Installation, project: Project, given: OpenAsk) -> Mapping[str, Any]:
    """The worker's part of an offer and of a preparation, which takes long.

    Raises AuthorError, InputError, ConfigError.
    """
    if given.verb == PREPARE:
        return await prepare_all(inst)
    of, told = PromptOf.named(given.object), given.parameters
    content = base64.b64decode((given.private or {})["content"]) if told["sound"] else None
    if content is not None and sha256_of(content) != told["sha256"]:
        raise InputError(t("there is no prompt {name}", name=of.name))
    return await keep(inst, project, of, content, str(told["text"]))


@noted(Scope.CAMPAIGNS_DRAFT, "prompts prepare")
async def prepare_all(inst: Installation) -> Mapping[str, Any]:
    """Prepare every prompt; how many are ready, and what is wrong with the others. Raises InputError, ConfigError."""
    from agi_app.operations.project import prompts

    results = await asyncio.to_thread(prompts.prepare, inst.settings.project, progress=lambda *_: None)
    faults = [f"{one.prompt}: {one.error}" for one in results if one.error]
    return {"ready": len(results) - len(faults), "faults": faults[:100]}


@noted(Scope.CAMPAIGNS_DRAFT, "prompt offer", "of")
async def keep(
    inst: Installation, project: Project, of: PromptOf, content: bytes | None, text: str
) -> Mapping[str, Any]:
    """Prepare a sound beside the prompts. Raises AuthorError, InputError for what cannot be prepared, ConfigError."""
    return await asyncio.to_thread(_keep, inst.settings.project, project, of, content, text)


@reads(Scope.CAMPAIGNS_DRAFT)
async def do(inst: Installation, given: OpenAsk, project: Project | None) -> Mapping[str, Any]:
    """The worker's part of what takes no time: replace or forget what is offered. Raises AuthorError, InputError."""
    if project is None or given.verb not in (REPLACE, DISCARD):
        raise InputError(t("there is no prompt {name}", name=given.object))
    of = PromptOf.named(given.object)
    found = await _the_offer(inst, of, int(given.parameters["offer"]))
    if given.verb == DISCARD:
        await asyncio.to_thread(_remove_offered, inst.settings.project, of)
        return {}
    return await write(inst, project, of, found, reason=given.reason)


@noted(Scope.CAMPAIGNS_DRAFT, "prompt replace", "of")
async def write(
    inst: Installation, project: Project, of: PromptOf, found: PromptOffer, *, reason: str
) -> Mapping[str, Any]:
    """Replace the prompt by what is offered; what was there is kept in `prompts/.replaced`.

    Raises AuthorError, InputError when it takes another person or something changed meanwhile, StoreError.
    """
    del reason  # it is noted
    await _another_person(inst, project, of, found.account)
    return await asyncio.to_thread(_put, inst.settings.project, project, of, found)


async def _another_person(inst: Installation, project: Project, of: PromptOf, offered_by: str) -> None:
    """InputError unless the rule of two persons is kept: where calls go on with the prompt, it takes another one."""
    running = await goes_on_with(inst, project, of)
    if not running or await works_alone(inst):
        return
    inst.actor.require(Scope.CAMPAIGNS_APPROVE)
    if inst.actor.account == offered_by:
        raise InputError(
            t(
                "{campaigns} go on with this prompt: another person than {account}, who offered it, must replace it",
                campaigns=", ".join(running),
                account=offered_by,
            )
        )


async def _the_offer(inst: Installation, of: PromptOf, ask_id: int) -> PromptOffer:
    found = await offered(inst, of)
    if found is None or found.ask_id != ask_id:
        raise InputError(t("this is not what is offered for {name} now; open the page again", name=of.name))
    return found


def _offer(ask: Ask) -> PromptOffer:
    told, answer = ask.parameters, ask.answer or {}
    facts, notes = answer.get("facts", {}), answer.get("notes", [])
    return PromptOffer(ask.ask_id, ask.account, told["sound"], told["text"], told["sha256"], told["base"], facts, notes)


def _heard_in(of: PromptOf, prompts: Sequence[str]) -> bool:
    """A piece of spoken values may be heard in any flow."""
    return of.called in prompts or "/" in of.called


@dataclass(frozen=True, slots=True)
class _Is:
    """What is there of a prompt: its files, its text, and one hash of all of it."""

    source: PromptSource | None
    text: str
    sha256: str


def _now(project: Path, of: PromptOf) -> _Is:
    source = _source(project / FOLDER, of)
    files = [] if source is None else [*source.sounds, *([source.text] if source.text else [])]
    text = source.text.read_text("utf-8-sig", "replace") if source is not None and source.text else ""
    return _Is(source, " ".join(text.split()), sha256_of(b"\0".join(file.read_bytes() for file in files)))


def _source(folder: Path, of: PromptOf) -> PromptSource | None:
    return next((one for one in find_sources(folder) if one.id == of.name), None)


def _is_sound(content: bytes) -> None:
    if len(content) > MOST_SOUND:
        raise InputError(t("a recording has at most {most} MB", most=MOST_SOUND // 2**20))
    try:
        sound = wav.parse(content)
    except wav.BadWav as error:
        raise InputError(t("{error}; save it again as WAV, PCM 16 bit", error=error)) from error
    if not sound.data or sound.missing:
        raise InputError(t("the recording is cut short or empty; record or copy it again"))


def _checked(project: Project, of: PromptOf, content: bytes | None, text: str) -> None:
    """AuthorError for what would be wrong in the project with this sound and text, and is not so far."""
    source = _source(project.folder / FOLDER, of)
    base, sounds = f"{FOLDER}/{of.name}", [] if source is None else source.sounds
    files = [ProjectFile(f"{base}.txt", f"{text}\n".encode())] if text else []
    files += [ProjectFile(f"{base}.wav", content)] if content is not None else []
    gone = [
        one.relative_to(project.folder).as_posix() for one in sounds if content is not None and one.suffix != ".wav"
    ]
    known = {(one.file, one.rule, one.line) for one in project.errors}
    after = read_as_if(project, files, gone)
    found = [one for one in after.errors if one.rule != UNPREPARED]  # it is to be prepared
    if faults := [one for one in found if (one.file, one.rule, one.line) not in known]:
        raise AuthorError(*faults)


def _keep(folder: Path, project: Project, of: PromptOf, content: bytes | None, text: str) -> Mapping[str, Any]:
    if content is None:
        _checked(project, of, None, text)
        return {"facts": {}, "notes": []}
    _is_sound(content)
    _checked(project, of, content, text)
    place = folder / FOLDER / OFFERED
    _write(place / f"{of.name}.wav", content)
    try:
        made = _prepared(folder, place, of)
    except (ConfigError, InputError):
        _remove_offered(folder, of)
        raise
    if made is None or made.error:
        _remove_offered(folder, of)
        raise InputError((made and made.error) or t("the recording cannot be prepared"))
    return {
        "facts": {name: made.facts.get(name) for name in ("seconds", "loudness", "clipped")},
        "notes": list(made.notes),
    }


def _prepared(project: Path, folder: Path, of: PromptOf) -> Result | None:
    """What happened to one prompt when it was prepared."""
    made = prepare(folder, *voice_settings(project), only=folder / f"{of.name}.wav")
    return next((one for one in made if one.prompt == of.name), None)


def _put(folder: Path, project: Project, of: PromptOf, found: PromptOffer) -> Mapping[str, Any]:
    before, place = _now(folder, of), folder / FOLDER / OFFERED / f"{of.name}.wav"
    if before.sha256 != found.base:
        raise InputError(t("{name} was changed since this was offered: discard it, and offer it again", name=of.name))
    content = _content(place, found) if found.sound else None
    _checked(project, of, content, found.text)
    prompts = folder / FOLDER
    if before.source is not None:
        for file in [*(before.source.sounds if content is not None else ()), *filter(None, [before.source.text])]:
            _write(prompts / REPLACED / of.language / file.relative_to(prompts / of.language), file.read_bytes())
    told: dict[str, Any] = {"file": f"{FOLDER}/{of.name}.wav", "note": None}
    if found.text:
        _write(prompts / f"{of.name}.txt", f"{found.text}\n".encode())
    if content is not None:
        _write(prompts / f"{of.name}.wav", content)
        for other in before.source.sounds if before.source is not None else ():
            if other != prompts / f"{of.name}.wav":
                other.unlink(missing_ok=True)
        try:
            _prepared(folder, prompts, of)
        except (ConfigError, InputError) as error:  # it is in its place; what plays it says what it lacks
            told["note"] = str(error)
    _remove_offered(folder, of)
    return told


def _content(place: Path, found: PromptOffer) -> bytes:
    try:
        content = place.read_bytes()
    except OSError:
        content = b""
    if sha256_of(content) != found.sha256:
        raise InputError(t("the sound that was offered is no longer there; offer it again"))
    return content


def _remove_offered(folder: Path, of: PromptOf) -> None:
    (folder / FOLDER / OFFERED / f"{of.name}.wav").unlink(missing_ok=True)


def _write(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, content, 0o644)
    except OSError as error:
        raise cannot_be_written(file, error) from error
