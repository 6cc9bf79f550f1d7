"""What callers hear: which prompts are there in which language, how they sound and what they say; and another sound.

What is sent is prepared by a worker and listened to beside the present one before it replaces that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agi_app.api.problems import RequestRefused
from agi_app.api.resources.asks import AskAnswer, ask_answer
from agi_app.console.asked import ended
from agi_app.console.diffs import DiffLine, diff
from agi_app.console.flows.reading import project_of
from agi_app.console.forms import reason_of
from agi_app.console.pages import Download, GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.errors import AuthorError, Forbidden, InputError
from agi_app.messages import t, template
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.operations.project import prompt_list, prompt_sounds
from agi_app.operations.project.prompt_list import PromptLine, PromptOf
from agi_app.operations.project.prompt_sounds import MOST_SOUND, OFFERED, PromptOffer

pages = Pages()
WAV = "audio/wav"


class PromptListed(PageData):
    """A prompt in one language. ``loudness`` in LUFS; ``sound``: where it can be heard."""

    name: str
    language: str
    page: str
    there: bool
    by_engine: bool
    prepared: str | None
    seconds: float
    loudness: float | None
    text: str | None
    error: str | None
    flows: list[str]
    campaigns: list[str]
    sound: str | None


class OfferListed(PageData):
    """A prompt for which another one waits to be listened to."""

    name: str
    language: str
    page: str


class PromptTable(PageData):
    """All of a kind: prompts played whole, or pieces of spoken values. ``offers``: for which another waits."""

    prompts: list[PromptListed]
    offers: list[OfferListed]
    missing: int
    pieces: int
    languages: list[str]


class OfferShown(PageData):
    """What waits to replace a prompt. ``changes``: of its words."""

    ask: int
    account: str
    sound: str | None
    seconds: float | None
    loudness: float | None
    notes: list[str]
    text: str
    changes: list[DiffLine]


class PromptShown(PageData):
    """One prompt, what is offered for it, and the campaigns that go on with it."""

    prompt: PromptListed
    offer: OfferShown | None
    goes_on_with: list[str]


@pages.get("/prompts", Scope.FIGURES_READ, Section.FLOWS, template("Prompts"))
async def show(call: PageCall) -> Shown:
    """The list; ``?pieces=yes``: of the pieces of spoken values."""
    return await _list(call)


async def _list(call: PageCall, fault: str = "") -> Shown:
    project = await project_of(call)
    found = await asyncio.to_thread(prompt_list.listed, project, loud=True)
    pieces = [one for one in found if "/" in one.of.called]
    whole = pieces if call.query.get("pieces") else [one for one in found if "/" not in one.of.called]
    language = call.query.get("language")
    data = PromptTable(
        prompts=[_listed(one) for one in whole if language in (None, "", one.of.language)],
        offers=await _offers(call),
        missing=sum(not one.there for one in whole),
        pieces=len(pieces),
        languages=sorted({one.of.language for one in found}),
    )
    said = {"prepared": t("All prompts were prepared.")}.get(call.query.get("said", ""), "")
    more = {"said": said, "fault": fault, "name": call.form.get("name", ""), "chosen": call.form.get("language", "")}
    return Shown("flows/prompts.html", data, "agi-app prompts list", 422 if fault else 200, more)


async def _offers(call: PageCall) -> list[OfferListed]:
    if not call.inst.actor.may(Scope.CAMPAIGNS_DRAFT):
        return []
    found = await prompt_sounds.waiting(call.inst)
    return [OfferListed(name=one.called, language=one.language, page=page_of(one)) for one in found]


@pages.post("/prompts", Scope.CAMPAIGNS_DRAFT)
async def prepare(call: PageCall) -> Shown | GoTo:
    """Ask a worker to prepare all prompts; or begin a new one, of which nothing is kept before it is sent."""
    if call.form.get("do") != "new":
        return GoTo(f"/prompt-asks/{await prompt_sounds.ask_prepare(call.inst)}")
    name, language = call.form.get("name", "").strip(), call.form.get("language", "")
    try:
        page = page_of(PromptOf.whole(language, name))
    except InputError:
        return await _list(
            call, t("A name has Latin letters, digits, - and _, at most 63, and begins with a letter or digit.")
        )
    return GoTo(f"{page}?new=yes")


@pages.get("/prompts/{language}/{prompt}", Scope.FIGURES_READ)
async def one(call: PageCall) -> Shown:
    """One prompt in one language."""
    return await _one(call)


@pages.post("/prompts/{language}/{prompt}", Scope.CAMPAIGNS_DRAFT, upload=MOST_SOUND)
async def offer(call: PageCall) -> Shown | GoTo:
    """Ask a worker to prepare the sound that was sent; nobody hears it before it replaces the other one."""
    of, project = _of(call), await project_of(call)
    sent = call.files.get("sound")
    content = None if sent is None else await asyncio.to_thread(sent.content.read)
    try:
        ask = await prompt_sounds.offer(call.inst, project, of, content, call.form.get("text", ""))
    except (InputError, AuthorError) as error:
        return await _one(call, str(error))
    return GoTo(f"/prompt-asks/{ask}")


@pages.post("/prompts/{language}/{prompt}/replace", Scope.CAMPAIGNS_DRAFT)
async def replace(call: PageCall) -> Shown | GoTo:
    """Ask a worker to replace the prompt by what is offered."""
    if (reason := reason_of(call.form)) is None:
        return await _one(call, t("Say why: it is kept for good."))
    of, project = _of(call), await project_of(call)
    try:
        ask = await prompt_sounds.replace(call.inst, project, of, _number(call), reason=reason)
    except (InputError, Forbidden) as error:
        return await _one(call, str(error))
    return GoTo(f"/prompt-asks/{ask}")


@pages.post("/prompts/{language}/{prompt}/discard", Scope.CAMPAIGNS_DRAFT)
async def discard(call: PageCall) -> Shown | GoTo:
    """Ask a worker to forget what is offered."""
    try:
        ask = await prompt_sounds.discard(call.inst, _of(call), _number(call))
    except InputError as error:
        return await _one(call, str(error))
    return GoTo(f"/prompt-asks/{ask}")


class PromptAsk(AskAnswer):
    """How an ask about a prompt goes. ``faults``: prompts that cannot be prepared."""

    ready: int | None
    faults: list[str]


@pages.get("/prompt-asks/{ask}", Scope.CAMPAIGNS_DRAFT)
async def asked(call: PageCall) -> Shown | GoTo:
    """The page that waits for a worker; what was offered is shown at the prompt then."""
    number = int(call.path["ask"])
    try:
        found = await ended(call.inst, lambda: prompt_sounds.asked(call.inst, number), lambda it: it.state != "waiting")
    except InputError as error:
        raise RequestRefused("not_found", str(error)) from error
    told: Mapping[str, Any] = found.answer or {}
    page = "/prompts" if found.object == prompt_sounds.ALL else page_of(PromptOf.named(found.object))
    if found.state == "done" and found.verb != prompt_sounds.PREPARE and not told.get("note"):
        return GoTo(page, found.verb)
    note = told.get("note")
    whole = ask_answer(found, None if note is None else retold(note))
    data = PromptAsk(
        **whole.model_dump(), ready=told.get("ready"), faults=[retold(one) for one in told.get("faults", [])]
    )
    return Shown("flows/prompt_ask.html", data, "agi-app prompts prepare", more={"page": page})


@pages.get("/prompts/{language}/{prompt}/sound", Scope.FIGURES_READ)
async def sound(call: PageCall) -> Download:
    """What a call plays of it; with ``?of=offer`` what is offered."""
    of, below = _of(call), prompt_list.FOLDER
    if call.query.get("of") == "offer":
        if await prompt_sounds.offered(call.inst, of) is None:
            raise RequestRefused("not_found")
        below = f"{below}/{OFFERED}"
    try:
        file = await asyncio.to_thread(prompt_list.heard_file, call.inst.settings.project, of, below)
        if file is None:
            raise RequestRefused("no_file")
        return await asyncio.to_thread(_opened, file, of)
    except OSError as error:
        raise RequestRefused("no_file") from error


def page_of(of: PromptOf) -> str:
    """Where a prompt is shown; a piece has a dot in its address."""
    return f"/prompts/{of.language}/{of.called.replace('/', '.')}"


def _opened(file: Path, of: PromptOf) -> Download:
    return Download(file.open("rb"), file.stat().st_size, WAV, f"{of.called.replace('/', '.')}.wav")


def _of(call: PageCall) -> PromptOf:
    return PromptOf(call.path["language"], call.path["prompt"].replace(".", "/"))


def _number(call: PageCall) -> int:
    text = call.form.get("offer", "")
    if not text.isdecimal() or len(text) > 9:
        raise InputError(t("this form is not whole; open the page again"))
    return int(text)


def _listed(line: PromptLine) -> PromptListed:
    page = page_of(line.of)
    return PromptListed(
        name=line.of.called,
        language=line.of.language,
        page=page,
        sound=f"{page}/sound" if line.heard is not None else None,
        flows=list(line.flows),
        campaigns=list(line.campaigns),
        **{
            name: getattr(line, name)
            for name in ("there", "by_engine", "prepared", "seconds", "loudness", "text", "error")
        },
    )


async def _one(call: PageCall, fault: str = "") -> Shown:
    of, project = _of(call), await project_of(call)
    may = call.inst.actor.may(Scope.CAMPAIGNS_DRAFT)
    found = await prompt_sounds.offered(call.inst, of) if may else None
    try:
        line = await asyncio.to_thread(prompt_list.one, project, of, loud=True)
    except InputError as error:
        begun = call.query.get("new") or call.query.get("said") == prompt_sounds.DISCARD
        if not (may and (found is not None or begun)):
            raise RequestRefused("not_found", str(error)) from error
        line = prompt_list.new(of)
    shown = _listed(line)
    running = await prompt_sounds.goes_on_with(call.inst, project, of)
    data = PromptShown(prompt=shown, offer=None if found is None else _offer(found, shown), goes_on_with=running)
    more = {
        "fault": fault,
        "reason": call.form.get("reason", ""),
        "text": call.form.get("text", shown.text or ""),
        "mine": found is not None and found.account == call.inst.actor.account,
        "said": _SAID.get(call.query.get("said", ""), lambda: "")(),
    }
    return Shown("flows/prompt.html", data, "agi-app prompts prepare", 422 if fault else 200, more)


def _offer(found: PromptOffer, now: PromptListed) -> OfferShown:
    return OfferShown(
        ask=found.ask_id,
        account=found.account,
        sound=f"{now.page}/sound?of=offer" if found.sound else None,
        seconds=found.facts.get("seconds"),
        loudness=found.facts.get("loudness"),
        notes=[retold(str(note)) for note in found.notes],
        text=found.text,
        changes=diff(" ".join((now.text or "").split()), found.text),
    )


_SAID = {
    prompt_sounds.OFFER: lambda: t(
        "It is prepared. Listen to both, then replace the one that is there, or discard this."
    ),
    prompt_sounds.REPLACE: lambda: t("It is replaced. What was there is kept in `prompts/.replaced`."),
    prompt_sounds.DISCARD: lambda: t("What was offered is discarded; the prompt is as it was."),
}
